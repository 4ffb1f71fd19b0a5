//! The log that sensors follow, and the state it leads to.

mod allowed;
mod blocks;
mod lifted;
mod log;
mod packing;
pub(super) mod policies;
pub(super) mod suppressions;
mod told;

use std::net::IpAddr;

use ipnet::IpNet;
use rusqlite::{Connection, params};

use self::told::Told;
use super::{SqliteStore, codes};
use crate::{
    clock::EpochMillis,
    configuration::Configuration,
    store::{
        Act, Allowed, Block, BlockPage, BlockQuery, CaptureRule, Change, Combination, Difference, GateMode,
        Result, RevisionStore, Snapshot, StoreError, Suppression,
    },
};

/// A suppression costs memory on every sensor.
const MAX_SUPPRESSIONS: u64 = 100_000;
/// Rows that one transaction forgets: a block that somebody orders must not wait for a million that have run out.
const EXPIRE_AT_ONCE: u64 = 10_000;

impl RevisionStore for SqliteStore {
    fn revision(&self) -> Result<u64> {
        self.read(|view| log::last_number(view))
    }

    fn apply(&self, act: &Act, changes: Vec<Change>) -> Result<u64> {
        let act = act.clone();
        self.write(move |connection| apply(connection, &act, changes))
    }

    fn difference(&self, after: u64) -> Result<Difference> {
        self.read(|view| log::difference(view, after))
    }

    fn snapshot(&self, now: EpochMillis, take: &mut dyn FnMut(Block)) -> Result<Snapshot> {
        self.read(|view| {
            blocks::each(view, now, take)?;
            Ok(Snapshot {
                revision: log::last_number(view)?,
                suppressions: suppressions::in_force(view, now)?,
                allowed: allowed::all(view)?,
                gate_mode: allowed::gate_mode(view)?,
                capture_rules: allowed::capture_rules(view)?,
                configuration: allowed::configuration(view)?,
                policies: policies::all(view)?.into_iter().map(|stored| stored.saved).collect(),
            })
        })
    }

    fn blocks(&self, query: &BlockQuery, now: EpochMillis) -> Result<BlockPage> {
        self.read(|view| blocks::page(view, query, now))
    }

    fn block(&self, cidr: IpNet, now: EpochMillis) -> Result<Option<Block>> {
        self.read(|view| blocks::one(view, cidr, now))
    }

    fn blocked(&self, addresses: &[IpAddr], now: EpochMillis) -> Result<Vec<IpAddr>> {
        self.read(|view| blocks::blocked(view, addresses, now))
    }

    fn lifted_since(&self, cidr: IpNet, since: EpochMillis) -> Result<Option<String>> {
        self.read(|view| lifted::since(view, cidr, since))
    }

    fn allowed(&self) -> Result<Vec<Allowed>> {
        self.read(|view| allowed::all(view))
    }

    fn gate_mode(&self) -> Result<Option<GateMode>> {
        self.read(|view| allowed::gate_mode(view))
    }

    fn threat_configuration(&self) -> Result<Option<Configuration>> {
        self.read(|view| allowed::configuration(view))
    }

    fn capture_rules(&self) -> Result<Vec<CaptureRule>> {
        self.read(|view| allowed::capture_rules(view))
    }

    fn suppressions(&self, now: EpochMillis) -> Result<Vec<Suppression>> {
        self.read(|view| suppressions::in_force(view, now))
    }

    fn suppress(&self, combinations: &[Combination], now: EpochMillis) -> Result<Vec<Option<String>>> {
        let found = self.read(|view| suppressions::swallowing(view, combinations, now))?;
        let hits: Vec<String> = found.iter().flatten().cloned().collect();
        if !hits.is_empty() {
            self.write(move |connection| suppressions::count_hits(connection, &hits, now))?;
        }
        Ok(found)
    }

    fn expire(&self, now: EpochMillis) -> Result<u64> {
        let mut gone = self.write(move |connection| {
            let sql = "DELETE FROM suppression WHERE expires_at IS NOT NULL AND expires_at <= ?";
            let gone = connection.prepare_cached(sql)?.execute([now.millis()])? as u64;
            lifted::forget_old(connection, now)?;
            Ok(gone)
        })?;
        loop {
            let some = self.write(move |connection| blocks::expire(connection, now, EXPIRE_AT_ONCE))?;
            gone += some;
            if some < EXPIRE_AT_ONCE {
                return Ok(gone);
            }
        }
    }
}

pub(super) fn apply(connection: &Connection, act: &Act, changes: Vec<Change>) -> Result<u64> {
    let last = log::last_number(connection)?;
    let number = last + 1;
    let now = EpochMillis::now();
    let mut counts = blocks::Counts::default();
    let mut effective = Vec::with_capacity(changes.len());
    let mut told = Told::of(&changes);
    for change in changes {
        let before = told.before(connection, &change, now)?;
        if take_effect(connection, &change, number, now, &mut counts)? {
            if let Change::Unblock { cidr } = &change {
                lifted::note(connection, *cidr, &act.by.name, now)?;
            }
            told.took_effect(&change, before);
            effective.push(change);
        }
    }
    if effective.is_empty() {
        return Ok(last);
    }
    counts.write(connection)?;
    if effective.iter().any(|change| matches!(change, Change::Suppress(_))) {
        within_bound(connection, "suppression", MAX_SUPPRESSIONS)?;
    }
    if effective.iter().any(|change| matches!(change, Change::Allow(_))) {
        within_bound(connection, "allowed", allowed::MAX_ALLOWED)?;
    }
    if effective.iter().any(|change| matches!(change, Change::SavePolicy(_))) {
        policies::within_bounds(connection)?;
    }
    log::append(connection, number, &act.by.name, now, &effective)?;
    told.append(connection, act, number)?;
    Ok(number)
}

/// Whether it changed anything.
fn take_effect(
    connection: &Connection,
    change: &Change,
    number: u64,
    now: EpochMillis,
    counts: &mut blocks::Counts,
) -> Result<bool> {
    let changed = match change {
        Change::Block(block) => blocks::put(connection, block, number, counts)?,
        Change::Unblock { cidr } => blocks::remove(connection, *cidr, counts)?,
        Change::Suppress(suppression) => suppressions::insert(connection, suppression, now)?,
        Change::LiftSuppression { id } => {
            connection.prepare_cached("DELETE FROM suppression WHERE id = ?")?.execute([id])?
        }
        Change::Allow(allowed) => allowed::put(connection, allowed, number)?,
        Change::Disallow { cidr } => {
            connection.prepare_cached("DELETE FROM allowed WHERE cidr = ?")?.execute([cidr.to_string()])?
        }
        Change::GateMode(mode) => allowed::set_gate_mode(connection, *mode)?,
        Change::CaptureRules(rules) => allowed::set_capture_rules(connection, rules)?,
        Change::Configure(wanted) => allowed::configure(connection, wanted, number)?,
        Change::SavePolicy(saved) => policies::save(connection, saved, number)?,
        Change::RestorePolicy { id, author, at } => policies::restore(connection, id, author, *at, number)?,
        Change::ArmAutomaticBlocking { .. } => 1,
    };
    Ok(changed > 0)
}

fn within_bound(connection: &Connection, table: &str, bound: u64) -> Result<()> {
    let count: i64 = connection
        .prepare_cached(&format!("SELECT count(*) FROM {table}"))?
        .query_row(params![], |row| row.get(0))?;
    if codes::count(count) > bound {
        return Err(StoreError::Full(format!(
            "that would be more than {bound} entries ({table}), which every sensor has to hold: lift some, or use wider ones"
        )));
    }
    Ok(())
}
