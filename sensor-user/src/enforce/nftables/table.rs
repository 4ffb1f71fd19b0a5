use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use nix::{
    errno::Errno,
    net::if_::{if_indextoname, if_nametoindex},
};

use super::{
    elements::{self, Edits, Listed},
    failed,
    netlink::{Messages, Netlink},
    nft,
    ruleset::{Hook, Ruleset, TABLE},
    sets::{BlockSet, Shape},
    standing::{self, Standing},
};
use crate::{
    counters::Counters,
    enforce::{EnforceError, GateMode},
};

/// Our table in the kernel, and what it is to be.
pub(super) struct Table {
    netlink: Netlink,
    wanted: Ruleset,
    /// As we left it.
    stands: Standing,
    /// Of all nf_tables transactions, as we left it.
    generation: u64,
    /// Somebody else has made a transaction while we made ours.
    others: bool,
}

/// What happened to the table since the last look.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    Nothing,
    /// Somebody changed something, here or elsewhere: our chains, rules and sets are as they were, but elements may
    /// be gone.
    Perhaps,
    /// The table was not as we left it, and is again, but these sets are empty.
    Laid {
        lost: BTreeSet<BlockSet>,
    },
}

impl Table {
    /// Makes the table ours, whoever's it was; sets of blocks that stand go on.
    pub(super) fn open(
        hook: Hook,
        allow: BTreeSet<IpNet>,
        guards: BTreeMap<u32, String>,
    ) -> Result<Self, EnforceError> {
        let mut netlink = Netlink::open().map_err(failed)?;
        let generation = standing::generation(&mut netlink).map_err(failed)?;
        let stands = Standing::read(&mut netlink, hook).map_err(failed)?.unwrap_or_default();
        let sets = stands.sets.keys().filter_map(|name| BlockSet::parse(name)).collect();
        let wanted = Ruleset { hook, mode: Ruleset::mode_of(&stands), allow, guards, sets };
        Ok(Self { netlink, wanted, stands, generation, others: false })
    }

    pub(super) fn wanted(&self) -> &Ruleset {
        &self.wanted
    }

    /// Changes what the table is to be, and makes it so in one transaction.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Ruleset)) -> Result<(), EnforceError> {
        let before = self.wanted.clone();
        change(&mut self.wanted);
        self.lay().inspect_err(|_| self.wanted = before)
    }

    pub(super) fn set_allow(&mut self, allow: BTreeSet<IpNet>) -> Result<(), EnforceError> {
        let before = std::mem::replace(&mut self.wanted.allow, allow);
        let commands = self.wanted.set_allow();
        self.nft(&commands).inspect_err(|_| self.wanted.allow = before)
    }

    /// Adds sets that no rule looks at yet.
    pub(super) fn prepare(&mut self, sets: &BTreeSet<BlockSet>) -> Result<(), EnforceError> {
        let commands = self.wanted.prepare(sets.iter().copied(), &self.stands);
        self.nft(&commands)
    }

    pub(super) fn apply(&mut self, edits: Edits) -> Result<(), Errno> {
        let hook = self.wanted.hook;
        self.watched(|netlink| elements::apply(netlink, hook, edits))
    }

    pub(super) fn missing(&mut self, set: BlockSet, nets: &[IpNet]) -> Result<Vec<IpNet>, Errno> {
        elements::missing(&mut self.netlink, self.wanted.hook, &set.name(), nets)
    }

    pub(super) fn hits(&mut self, shape: Shape) -> Result<Vec<Listed>, Errno> {
        elements::list(&mut self.netlink, self.wanted.hook, &shape.hits(), shape)
    }

    pub(super) fn counters(&mut self) -> Result<Counters, Errno> {
        standing::counters(&mut self.netlink, self.wanted.hook)
    }

    /// Finds out whether somebody else has changed the table, and lays it again where they have.
    pub(super) fn look(&mut self) -> Result<Look, EnforceError> {
        let generation = standing::generation(&mut self.netlink).map_err(failed)?;
        if generation == self.generation && !self.others {
            return Ok(Look::Nothing);
        }
        let gone = |index| if_indextoname(index).is_err();
        let mut stands =
            Standing::read(&mut self.netlink, self.wanted.hook).map_err(failed)?.unwrap_or_default();
        stands.forget(gone);
        self.stands.forget(gone);
        self.generation = generation;
        self.others = false;
        if stands == self.stands {
            return Ok(Look::Perhaps);
        }
        let lost = self.wanted.sets.iter().copied().filter(|set| {
            let name = set.name();
            stands.table != self.stands.table || stands.sets.get(&name) != self.stands.sets.get(&name)
        });
        let lost = lost.collect();
        self.lay_again().inspect_err(|_| self.others = true)?;
        Ok(Look::Laid { lost })
    }

    fn lay_again(&mut self) -> Result<(), EnforceError> {
        let Err(error) = self.lay() else { return Ok(()) };
        tracing::warn!(%error, "the table is beyond repair and is made anew");
        remove(&mut self.netlink, self.wanted.hook).map_err(failed)?;
        self.lay()
    }

    fn lay(&mut self) -> Result<(), EnforceError> {
        let hook = self.wanted.hook;
        let stands = Standing::read(&mut self.netlink, hook).map_err(failed)?.unwrap_or_default();
        let mut possible = self.wanted.clone();
        possible.guards.retain(|index, name| if_nametoindex(name.as_str()) == Ok(*index));
        self.nft(&possible.lay(&stands))
    }

    fn nft(&mut self, commands: &str) -> Result<(), EnforceError> {
        self.watched(|_| nft::run(commands)).map_err(|lack| EnforceError::lack("nftables", lack))?;
        self.stands =
            Standing::read(&mut self.netlink, self.wanted.hook).map_err(failed)?.unwrap_or_default();
        Ok(())
    }

    /// Ours is one transaction; what else was made meanwhile is somebody else's.
    fn watched<T>(&mut self, work: impl FnOnce(&mut Netlink) -> T) -> T {
        let before = standing::generation(&mut self.netlink);
        let done = work(&mut self.netlink);
        match (before, standing::generation(&mut self.netlink)) {
            (Ok(before), Ok(after)) => {
                self.others |= before != self.generation || after > before + 1;
                self.generation = after;
            }
            _ => self.others = true,
        }
        done
    }
}

pub(super) fn is_there(netlink: &mut Netlink, hook: Hook) -> Result<bool, Errno> {
    Ok(Standing::read(netlink, hook)?.is_some_and(|stands| stands.is_ours()))
}

/// The blocks of a table that an agent left, with what is left of their time; `None` where there is no such table.
pub(super) fn left_behind(
    netlink: &mut Netlink,
    hook: Hook,
) -> Result<Option<(GateMode, Vec<Listed>)>, Errno> {
    let Some(stands) = Standing::read(netlink, hook)?.filter(Standing::is_ours) else { return Ok(None) };
    let mut blocks = Vec::new();
    for (name, set) in stands.sets.keys().filter_map(|name| Some((name, BlockSet::parse(name)?))) {
        blocks.extend(elements::list(netlink, hook, name, set.shape)?);
    }
    Ok(Some((Ruleset::mode_of(&stands), blocks)))
}

/// Without `nft`, so that nothing is left behind where that was taken away.
pub(super) fn remove(netlink: &mut Netlink, hook: Hook) -> Result<(), Errno> {
    const NAME: u16 = 1;
    let mut message = Messages::new(hook.family_number());
    message.begin(libc::NFT_MSG_DELTABLE, 0);
    message.text(NAME, TABLE);
    match netlink.transact(message)?.first() {
        Some(refused) if refused.error != Errno::ENOENT => Err(refused.error),
        _ => Ok(()),
    }
}
