use std::net::IpAddr;

use ipnet::IpNet;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{
    SqliteStore, codes,
    rows::{time, time_or_none},
};
use crate::{
    clock::EpochMillis,
    store::{
        Block, Change, Combination, Difference, Result, RevisionStore, Snapshot, StoreError, StoredRevision,
        Suppression,
    },
};

/// A sensor further behind gets a snapshot instead: cheaper than so many steps.
const LONGEST_DIFFERENCE: u64 = 1_000;
/// Revisions kept, for late sensors and for the audit of who did what.
const KEPT_REVISIONS: u64 = 100_000;
/// A suppression costs memory on every sensor.
const MAX_SUPPRESSIONS: i64 = 100_000;
/// So does a block in the kernel's tries.
const MAX_BLOCKS: i64 = 100_000;

impl RevisionStore for SqliteStore {
    fn revision(&self) -> Result<u64> {
        self.read(|view| last_number(view))
    }

    fn apply(&self, author: &str, changes: Vec<Change>) -> Result<u64> {
        let author = author.to_owned();
        self.write(move |connection| apply(connection, &author, changes))
    }

    fn difference(&self, after: u64, now: EpochMillis) -> Result<Difference> {
        self.read(|view| difference(view, after, now))
    }

    fn blocks(&self, now: EpochMillis) -> Result<Vec<Block>> {
        self.read(|view| blocks(view, now))
    }

    fn blocked(&self, addresses: &[IpAddr], now: EpochMillis) -> Result<Vec<IpAddr>> {
        self.read(|view| blocked(view, addresses, now))
    }

    fn suppressions(&self, now: EpochMillis) -> Result<Vec<Suppression>> {
        self.read(|view| suppressions(view, now))
    }

    fn suppress(&self, combinations: &[Combination], now: EpochMillis) -> Result<Vec<Option<String>>> {
        let found = self.read(|view| suppressing(view, combinations, now))?;
        let hits: Vec<String> = found.iter().flatten().cloned().collect();
        if !hits.is_empty() {
            self.write(move |connection| {
                let mut count =
                    connection.prepare_cached("UPDATE suppression SET hits = hits + 1 WHERE id = ?")?;
                for id in &hits {
                    count.execute([id])?;
                }
                Ok(())
            })?;
        }
        Ok(found)
    }

    fn expire(&self, now: EpochMillis) -> Result<u64> {
        self.write(move |connection| {
            let mut gone = 0;
            for table in ["block", "suppression"] {
                let sql = format!("DELETE FROM {table} WHERE expires_at IS NOT NULL AND expires_at <= ?");
                gone += connection.prepare_cached(&sql)?.execute([now.millis()])?;
            }
            Ok(gone as u64)
        })
    }
}

fn last_number(connection: &Connection) -> Result<u64> {
    let last: Option<i64> =
        connection.prepare_cached("SELECT max(number) FROM revision")?.query_row([], |row| row.get(0))?;
    Ok(codes::count(last.unwrap_or(0)))
}

fn apply(connection: &Connection, author: &str, changes: Vec<Change>) -> Result<u64> {
    let last = last_number(connection)?;
    let number = last + 1;
    let now = EpochMillis::now();
    let mut effective = Vec::with_capacity(changes.len());
    for change in changes {
        if take_effect(connection, &change, number, now)? {
            effective.push(change);
        }
    }
    if effective.is_empty() {
        return Ok(last);
    }
    within_bound(connection, "block", MAX_BLOCKS)?;
    within_bound(connection, "suppression", MAX_SUPPRESSIONS)?;
    let json = serde_json::to_string(&effective).map_err(|error| StoreError::Damaged(error.to_string()))?;
    connection
        .prepare_cached("INSERT INTO revision (number, author, created_at, changes) VALUES (?, ?, ?, ?)")?
        .execute(params![codes::signed(number), author, now.millis(), json])?;
    connection
        .prepare_cached("DELETE FROM revision WHERE number <= ?")?
        .execute([codes::signed(number.saturating_sub(KEPT_REVISIONS))])?;
    Ok(number)
}

/// Whether it changed anything.
fn take_effect(connection: &Connection, change: &Change, number: u64, now: EpochMillis) -> Result<bool> {
    let changed = match change {
        Change::Block(block) => connection
            .prepare_cached(
                "INSERT INTO block (cidr, prefix_len, reason, author, created_at, expires_at, revision)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (cidr) DO UPDATE SET reason = ?3, author = ?4, created_at = ?5, expires_at = ?6,
                                                  revision = ?7",
            )?
            .execute(params![
                block.cidr.to_string(),
                block.cidr.prefix_len(),
                block.reason,
                block.author,
                block.created_at.millis(),
                block.expires_at.map(EpochMillis::millis),
                codes::signed(number),
            ])?,
        Change::Unblock { cidr } => {
            connection.prepare_cached("DELETE FROM block WHERE cidr = ?")?.execute([cidr.to_string()])?
        }
        Change::Suppress(suppression) => suppress(connection, suppression, now)?,
        Change::LiftSuppression { id } => {
            connection.prepare_cached("DELETE FROM suppression WHERE id = ?")?.execute([id])?
        }
    };
    Ok(changed > 0)
}

fn suppress(connection: &Connection, suppression: &Suppression, now: EpochMillis) -> Result<usize> {
    let id = suppression.combination().suppression_id();
    // One that has run out but is not swept yet must not shadow the new one.
    connection
        .prepare_cached("DELETE FROM suppression WHERE id = ? AND expires_at <= ?")?
        .execute(params![id, now.millis()])?;
    Ok(connection
        .prepare_cached(
            "INSERT INTO suppression (id, actor, policy_id, method, url, host, reason, author, created_at, expires_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            id,
            suppression.actor,
            suppression.policy_id,
            suppression.method,
            suppression.url,
            suppression.host,
            suppression.reason,
            suppression.author,
            suppression.created_at.millis(),
            suppression.expires_at.map(EpochMillis::millis),
        ])?)
}

fn within_bound(connection: &Connection, table: &str, bound: i64) -> Result<()> {
    let count: i64 = connection
        .prepare_cached(&format!("SELECT count(*) FROM {table}"))?
        .query_row([], |row| row.get(0))?;
    if count > bound {
        return Err(StoreError::Full(format!(
            "that would be more than {bound} {table}s, which every sensor has to hold: lift some, or use wider ones"
        )));
    }
    Ok(())
}

fn difference(view: &Transaction<'_>, after: u64, now: EpochMillis) -> Result<Difference> {
    let last = last_number(view)?;
    // A new sensor is told even that there is nothing: what it adopted from a pinned map may be stale.
    if after == last && after > 0 {
        return Ok(Difference::Revisions(Vec::new()));
    }
    let steps = if after == 0 || after > last || last - after > LONGEST_DIFFERENCE {
        Vec::new()
    } else {
        revisions_after(view, after)?
    };
    // Empty, or with a hole at its start where the log was cut: the whole state instead.
    if steps.first().is_none_or(|first| first.number != after + 1) {
        let (blocks, suppressions) = (blocks(view, now)?, suppressions(view, now)?);
        return Ok(Difference::Snapshot(Snapshot { revision: last, blocks, suppressions }));
    }
    Ok(Difference::Revisions(steps))
}

fn revisions_after(view: &Transaction<'_>, after: u64) -> Result<Vec<StoredRevision>> {
    let mut statement = view.prepare_cached(
        "SELECT number, author, created_at, changes FROM revision WHERE number > ? ORDER BY number",
    )?;
    let mut found = statement.query([codes::signed(after)])?;
    let mut revisions = Vec::new();
    while let Some(row) = found.next()? {
        let number = codes::count(row.get(0)?);
        let changes = serde_json::from_str(row.get_ref(3)?.as_str().unwrap_or_default())
            .map_err(|error| StoreError::Damaged(format!("revision {number}: {error}")))?;
        revisions.push(StoredRevision { number, author: row.get(1)?, created_at: time(row, 2)?, changes });
    }
    Ok(revisions)
}

fn blocks(view: &Transaction<'_>, now: EpochMillis) -> Result<Vec<Block>> {
    let mut statement = view.prepare_cached(
        "SELECT cidr, reason, author, created_at, expires_at, revision FROM block
         WHERE expires_at IS NULL OR expires_at > ? ORDER BY created_at DESC, cidr",
    )?;
    let mut found = statement.query([now.millis()])?;
    let mut blocks = Vec::new();
    while let Some(row) = found.next()? {
        let cidr: String = row.get(0)?;
        blocks.push(Block {
            cidr: cidr.parse().map_err(|_| StoreError::Damaged(format!("block {cidr:?}")))?,
            reason: row.get(1)?,
            author: row.get(2)?,
            created_at: time(row, 3)?,
            expires_at: time_or_none(row, 4)?,
            revision: codes::count(row.get(5)?),
        });
    }
    Ok(blocks)
}

/// Looks up the prefixes that could cover an address, of the lengths in use only: few, whatever the list's size.
fn blocked(view: &Transaction<'_>, addresses: &[IpAddr], now: EpochMillis) -> Result<Vec<IpAddr>> {
    let lengths = view
        .prepare_cached("SELECT DISTINCT prefix_len FROM block")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<u8>>>()?;
    let mut in_force =
        view.prepare_cached("SELECT 1 FROM block WHERE cidr = ? AND (expires_at IS NULL OR expires_at > ?)")?;
    let mut covered = Vec::new();
    for address in addresses {
        for length in &lengths {
            // A length of IPv6 has no meaning for IPv4.
            let Ok(prefix) = IpNet::new(*address, *length) else { continue };
            if in_force.exists(params![prefix.trunc().to_string(), now.millis()])? {
                covered.push(*address);
                break;
            }
        }
    }
    Ok(covered)
}

fn suppressions(view: &Transaction<'_>, now: EpochMillis) -> Result<Vec<Suppression>> {
    let mut statement = view.prepare_cached(
        "SELECT actor, policy_id, method, url, host, reason, author, created_at, expires_at, hits FROM suppression
         WHERE expires_at IS NULL OR expires_at > ? ORDER BY created_at DESC, id",
    )?;
    let found = statement.query_map([now.millis()], suppression)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn suppression(row: &Row<'_>) -> rusqlite::Result<Suppression> {
    Ok(Suppression {
        actor: row.get(0)?,
        policy_id: row.get(1)?,
        method: row.get(2)?,
        url: row.get(3)?,
        host: row.get(4)?,
        reason: row.get(5)?,
        author: row.get(6)?,
        created_at: time(row, 7)?,
        expires_at: time_or_none(row, 8)?,
        hits: codes::count(row.get(9)?),
    })
}

fn suppressing(
    view: &Transaction<'_>,
    combinations: &[Combination],
    now: EpochMillis,
) -> Result<Vec<Option<String>>> {
    let mut statement = view.prepare_cached(
        "SELECT id FROM suppression
         WHERE policy_id IN ('', ?1) AND actor IN ('', ?2) AND url IN ('', ?3) AND method IN ('', ?4)
           AND host IN ('', ?5) AND (expires_at IS NULL OR expires_at > ?6) LIMIT 1",
    )?;
    combinations
        .iter()
        .map(|one| {
            let values = params![one.policy_id, one.actor, one.url, one.method, one.host, now.millis()];
            Ok(statement.query_row(values, |row| row.get(0)).optional()?)
        })
        .collect()
}
