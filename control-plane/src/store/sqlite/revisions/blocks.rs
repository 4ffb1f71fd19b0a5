use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, Transaction, params};

use super::super::{
    codes,
    rows::{time, time_or_none},
};
use crate::{
    clock::EpochMillis,
    store::{Block, BlockPage, BlockQuery, Result, StoreError},
};

/// What the kernel's tries hold on a sensor.
const MAX_BLOCKS: u64 = 1 << 20;

const COLUMNS: &str = "cidr, reason, author, created_at, expires_at, revision, forced, seq";
const IN_FORCE: &str = "(expires_at IS NULL OR expires_at > :now)";

/// How many blocks of each prefix length came or went in a transaction.
#[derive(Default)]
pub(super) struct Counts(BTreeMap<u8, i64>);

impl Counts {
    fn add(&mut self, cidr: IpNet, by: i64) {
        *self.0.entry(cidr.prefix_len()).or_default() += by;
    }

    /// An error where there are too many then.
    pub(super) fn write(&self, connection: &Connection) -> Result<()> {
        let mut count = connection.prepare_cached(
            "INSERT INTO block_count VALUES (?1, ?2) ON CONFLICT (prefix_len) DO UPDATE SET count = count + ?2",
        )?;
        for (length, by) in self.0.iter().filter(|(_, by)| **by != 0) {
            count.execute(params![length, by])?;
        }
        if self.0.values().sum::<i64>() > 0 && stored(connection)? > MAX_BLOCKS {
            return Err(StoreError::Full(format!(
                "that would be more than {MAX_BLOCKS} blocks, which every sensor has to hold: lift some, or use wider ones"
            )));
        }
        Ok(())
    }
}

pub(super) fn put(connection: &Connection, block: &Block, number: u64, counts: &mut Counts) -> Result<usize> {
    // Taken out first, so that it comes to the front of the list.
    remove(connection, block.cidr, counts)?;
    counts.add(block.cidr, 1);
    Ok(connection
        .prepare_cached(
            "INSERT INTO block (cidr, prefix_len, reason, author, created_at, expires_at, revision, forced)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            block.cidr.to_string(),
            block.cidr.prefix_len(),
            block.reason,
            block.author,
            block.created_at.millis(),
            block.expires_at.map(EpochMillis::millis),
            codes::signed(number),
            block.forced,
        ])?)
}

pub(super) fn remove(connection: &Connection, cidr: IpNet, counts: &mut Counts) -> Result<usize> {
    let gone = connection.prepare_cached("DELETE FROM block WHERE cidr = ?")?.execute([cidr.to_string()])?;
    if gone > 0 {
        counts.add(cidr, -1);
    }
    Ok(gone)
}

/// Forgets at most so many blocks whose time has come.
pub(super) fn expire(connection: &Connection, now: EpochMillis, at_most: u64) -> Result<u64> {
    let mut counts = Counts::default();
    let mut gone = 0;
    let mut statement = connection.prepare_cached(
        "DELETE FROM block WHERE seq IN (SELECT seq FROM block WHERE expires_at IS NOT NULL AND expires_at <= ? LIMIT ?)
         RETURNING prefix_len",
    )?;
    let mut rows = statement.query(params![now.millis(), codes::signed(at_most)])?;
    while let Some(row) = rows.next()? {
        *counts.0.entry(row.get(0)?).or_default() -= 1;
        gone += 1;
    }
    counts.write(connection)?;
    Ok(gone)
}

/// With those whose time has come but which are not swept yet.
fn stored(connection: &Connection) -> Result<u64> {
    let sum: i64 = connection
        .prepare_cached("SELECT coalesce(sum(count), 0) FROM block_count")?
        .query_row([], |row| row.get(0))?;
    Ok(codes::count(sum))
}

pub(super) fn each(view: &Transaction<'_>, now: EpochMillis, take: &mut dyn FnMut(Block)) -> Result<()> {
    let mut statement =
        view.prepare_cached(&format!("SELECT {COLUMNS} FROM block WHERE {IN_FORCE} ORDER BY seq"))?;
    let mut rows = statement.query(&[(":now", &now.millis())])?;
    while let Some(row) = rows.next()? {
        take(block(row)?);
    }
    Ok(())
}

pub(super) fn one(view: &Connection, cidr: IpNet, now: EpochMillis) -> Result<Option<Block>> {
    let mut statement =
        view.prepare_cached(&format!("SELECT {COLUMNS} FROM block WHERE cidr = :cidr AND {IN_FORCE}"))?;
    let mut rows = statement.query(&[(":cidr", &cidr.to_string() as &dyn ToSql), (":now", &now.millis())])?;
    rows.next()?.map(block).transpose()
}

pub(super) fn page(view: &Transaction<'_>, query: &BlockQuery, now: EpochMillis) -> Result<BlockPage> {
    if let Some(address) = query.covers {
        return covering(view, address, query, now);
    }
    let pattern = format!("%{}%", query.search.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
    let found = match query.search.is_empty() {
        true => IN_FORCE.to_owned(),
        false => format!(
            "{IN_FORCE} AND (cidr LIKE :search ESCAPE '\\' OR reason LIKE :search ESCAPE '\\' \
             OR author LIKE :search ESCAPE '\\')"
        ),
    };
    let search = (!query.search.is_empty()).then_some((":search", &pattern as &dyn ToSql));
    let now = now.millis();
    let total = match query.search.is_empty() {
        true => in_force(view, now)?,
        false => {
            let mut values: Vec<(&str, &dyn ToSql)> = vec![(":now", &now)];
            values.extend(search);
            let count: i64 = view
                .prepare_cached(&format!("SELECT count(*) FROM block WHERE {found}"))?
                .query_row(values.as_slice(), |row| row.get(0))?;
            codes::count(count)
        }
    };
    let (before, limit, skip) = (
        query.cursor.map_or(i64::MAX, codes::signed),
        codes::signed(query.limit.saturating_add(1)),
        codes::signed(query.skip),
    );
    let mut values: Vec<(&str, &dyn ToSql)> =
        vec![(":now", &now), (":before", &before), (":limit", &limit), (":skip", &skip)];
    values.extend(search);
    let mut statement = view.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM block WHERE seq < :before AND {found} ORDER BY seq DESC LIMIT :limit OFFSET :skip"
    ))?;
    let mut rows = statement.query(values.as_slice())?;
    let (mut blocks, mut last, mut next) = (Vec::new(), 0_i64, None);
    while let Some(row) = rows.next()? {
        if blocks.len() as u64 == query.limit {
            // Who wants no rows wants the count.
            next = (query.limit > 0).then(|| codes::count(last));
            break;
        }
        last = row.get(7)?;
        blocks.push(block(row)?);
    }
    Ok(BlockPage { blocks, total, next })
}

/// The few that cover an address, found by their prefixes.
fn covering(
    view: &Transaction<'_>,
    address: IpAddr,
    query: &BlockQuery,
    now: EpochMillis,
) -> Result<BlockPage> {
    let search = query.search.to_lowercase();
    let mut found = Vec::new();
    for length in lengths(view)? {
        let Ok(prefix) = IpNet::new(address, length) else { continue };
        found.extend(one(view, prefix.trunc(), now)?.filter(|block| {
            [&block.cidr.to_string(), &block.reason, &block.author]
                .iter()
                .any(|text| text.to_lowercase().contains(&search))
        }));
    }
    found.sort_by_key(|block| std::cmp::Reverse((block.revision, block.cidr)));
    let total = found.len() as u64;
    let skip = usize::try_from(query.skip).unwrap_or(usize::MAX);
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    Ok(BlockPage { blocks: found.into_iter().skip(skip).take(limit).collect(), total, next: None })
}

/// Looks up the prefixes that could cover an address, of the lengths in use only: few, whatever the list's size.
pub(super) fn blocked(view: &Transaction<'_>, addresses: &[IpAddr], now: EpochMillis) -> Result<Vec<IpAddr>> {
    let lengths = lengths(view)?;
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

fn lengths(view: &Transaction<'_>) -> Result<Vec<u8>> {
    Ok(view
        .prepare_cached("SELECT prefix_len FROM block_count WHERE count > 0")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}

fn in_force(view: &Transaction<'_>, now: i64) -> Result<u64> {
    let over: Option<i64> = view
        .prepare_cached("SELECT count(*) FROM block WHERE expires_at IS NOT NULL AND expires_at <= ?")?
        .query_row([now], |row| row.get(0))
        .optional()?;
    Ok(stored(view)?.saturating_sub(codes::count(over.unwrap_or(0))))
}

fn block(row: &Row<'_>) -> Result<Block> {
    let cidr: String = row.get(0)?;
    Ok(Block {
        cidr: cidr.parse().map_err(|_| StoreError::Damaged(format!("block {cidr:?}")))?,
        reason: row.get(1)?,
        author: row.get(2)?,
        created_at: time(row, 3)?,
        expires_at: time_or_none(row, 4)?,
        revision: codes::count(row.get(5)?),
        forced: row.get(6)?,
    })
}
