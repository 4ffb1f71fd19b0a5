use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
    time::{Duration, SystemTime},
};

use ipnet::IpNet;
use nix::net::if_::if_nametoindex;
use portcullis_sensor_common::gate::MAX_ENTRIES;

use super::{
    NftablesEnforcer, TRANSACTION, by_index, detach,
    elements::Edits,
    failed, full,
    sets::{BlockSet, Shape},
};
use crate::{
    counters::Counters,
    enforce::{
        AllowedAs, Block, BlockHits, Changed, Count, Counted, EnforceError, Enforcer, GateMode,
        InterfaceGuard, Refusal, canonical,
    },
    interfaces::Interface,
    kernel::{
        clock::BootTime,
        traces::{self, Trace},
    },
};

impl Enforcer for NftablesEnforcer {
    fn replace(&mut self, blocks: &[Block]) -> Result<Vec<Refusal>, EnforceError> {
        let (mut wanted, mut refusals) = self.judge(blocks);
        while wanted.len() > MAX_ENTRIES {
            refusals.extend(wanted.pop_last().map(|(net, _)| full(net)));
        }
        self.refused += refusals.len() as u64;
        if self.inherited {
            self.take_over(wanted.into_iter().collect())?;
            return Ok(refusals);
        }
        let gone: Vec<IpNet> =
            self.entries.iter().map(|(net, _)| net).filter(|net| !wanted.contains_key(net)).collect();
        let now = BootTime::now();
        wanted.retain(|net, remaining| !self.same_end(*net, *remaining, now));
        self.put(wanted.into_iter().collect())?;
        self.remove(&gone)?;
        Ok(refusals)
    }

    fn block(&mut self, block: &Block) -> Result<Option<Refusal>, EnforceError> {
        let net = canonical(block.net);
        let refusal = match self.allow.refuse(net) {
            None if self.entries.len() >= MAX_ENTRIES && !self.entries.contains(net) => Some(full(net)),
            refusal => refusal,
        };
        if refusal.is_some() {
            self.refused += 1;
        } else if block.remaining == Some(Duration::ZERO) {
            self.remove(&[net])?;
        } else if !self.same_end(net, block.remaining, BootTime::now()) {
            self.put(vec![(net, block.remaining)])?;
        }
        Ok(refusal)
    }

    fn unblock(&mut self, net: IpNet) -> Result<(), EnforceError> {
        self.remove(&[canonical(net)])
    }

    fn change(&mut self, blocks: &[Block], unblocked: &[IpNet]) -> Changed {
        let (mut wanted, refusals) = self.judge(blocks);
        let mut changed = Changed { refusals, errors: Vec::new() };
        let unblocked: Vec<IpNet> = unblocked.iter().copied().map(canonical).collect();
        if let Err(error) = self.remove(&unblocked) {
            changed.failed(unblocked, error);
        }
        let (mut room, now) = (MAX_ENTRIES.saturating_sub(self.entries.len()), BootTime::now());
        wanted.retain(|net, remaining| {
            if self.entries.contains(*net) {
                return !self.same_end(*net, *remaining, now);
            }
            let fits = room > 0;
            room = room.saturating_sub(1);
            changed.refusals.extend((!fits).then(|| full(*net)));
            fits
        });
        let nets: Vec<IpNet> = wanted.keys().copied().collect();
        if let Err(error) = self.put(wanted.into_iter().collect()) {
            changed.failed(nets, error);
        }
        self.refused += changed.refusals.len() as u64;
        changed
    }

    fn allow(&mut self, allowed: &BTreeMap<IpNet, AllowedAs>) -> Result<(), EnforceError> {
        self.allow.tell(allowed);
        self.apply_allow_list()
    }

    fn sweep(&mut self) -> Result<(), EnforceError> {
        self.look()?;
        self.check_some()?;
        if self.allow.refresh() {
            self.apply_allow_list()?;
        }
        let over = self.entries.take_over(BootTime::now());
        self.expired += over.len() as u64;
        for over in over.chunks(TRANSACTION) {
            // The kernel has ended them; their clock stands still while the machine sleeps, ours does not.
            let mut edits = Edits::default();
            for net in over {
                let shape = Shape::of(*net);
                edits.removed.push((BlockSet { shape, generation: self.generation }.name(), *net));
                edits.removed.push((shape.hits(), *net));
            }
            self.apply(edits)?;
        }
        Ok(())
    }

    fn set_mode(&mut self, mode: GateMode) -> Result<(), EnforceError> {
        if mode == self.gate_mode() {
            return Ok(());
        }
        self.table.change(|wanted| wanted.mode = mode)
    }

    fn gate_mode(&self) -> GateMode {
        self.table.wanted().mode
    }

    fn mode(&self) -> &'static str {
        "nftables"
    }

    fn count_hits(&mut self) -> Count {
        let (reader, shapes) = (Arc::clone(&self.hits), self.table.wanted().shapes());
        Box::new(move || {
            let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(Counted { by_net: reader.read(shapes).map_err(failed)?, ..Counted::default() })
        })
    }

    fn name_hits(&mut self, counted: Counted) -> Result<Vec<BlockHits>, EnforceError> {
        let mut hits = counted.by_net;
        hits.retain(|hit| self.inherited || self.entries.contains(hit.net));
        Ok(hits)
    }

    fn counters(&mut self) -> Counters {
        match self.table.counters() {
            Ok(now) => {
                for (name, value) in self.counted.iter() {
                    if now.value(name) < value {
                        self.counted_before.add(name, value);
                    }
                }
                self.counted = now;
            }
            Err(error) => tracing::warn!(%error, "nftables counters cannot be read"),
        }
        let mut counters = self.counted.clone();
        counters.merge(&self.counted_before);
        counters.add("gate_entries", self.entries.len() as u64);
        counters.add("enforce_expired_total", self.expired);
        counters.add("enforce_refused_total", self.refused);
        counters.add("enforce_laid_again_total", self.laid_again);
        counters.add("enforce_restored_total", self.restored);
        counters
    }

    fn follow(&mut self, interfaces: &[Interface]) -> Result<(), EnforceError> {
        let guards = by_index(interfaces);
        if guards == self.table.wanted().guards {
            return Ok(());
        }
        self.since.retain(|index, _| guards.get(index) == self.table.wanted().guards.get(index));
        self.table.change(|wanted| wanted.guards = guards)?;
        for index in self.table.wanted().guards.keys() {
            self.since.entry(*index).or_insert_with(SystemTime::now);
        }
        Ok(())
    }

    fn interfaces(&self) -> Vec<InterfaceGuard> {
        let guard = |(index, name): (&u32, &String)| {
            let there = if_nametoindex(name.as_str()) == Ok(*index);
            let mut note = if there { self.note.clone() } else { "the interface is gone".to_owned() };
            if self.laid_again > 0 {
                note = format!("{note}; somebody else changed the table {} times", self.laid_again);
            }
            InterfaceGuard {
                name: name.clone(),
                index: *index,
                mode: if there { "nftables" } else { "none" },
                note,
                since: self.since.get(index).copied().unwrap_or_else(SystemTime::now),
                failures: 0,
            }
        };
        self.table.wanted().guards.iter().map(guard).collect()
    }

    fn detach(self: Box<Self>) -> Result<(), EnforceError> {
        detach()?;
        traces::forget(&self.pin_dir, Trace::Nftables).map_err(|lack| EnforceError::lack("nftables", lack))
    }
}
