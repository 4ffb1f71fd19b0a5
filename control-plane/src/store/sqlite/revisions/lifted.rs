use std::time::Duration;

use ipnet::IpNet;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use crate::{clock::EpochMillis, store::Result};

/// A sensor that was away for longer has no automatic block left that anybody remembers lifting.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

pub(super) fn note(connection: &Connection, cidr: IpNet, author: &str, now: EpochMillis) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO lifted (cidr, author, at) VALUES (?, ?, ?)
             ON CONFLICT (cidr) DO UPDATE SET author = excluded.author, at = excluded.at",
        )?
        .execute(params![cidr.to_string(), author, now.millis()])?;
    Ok(())
}

/// Who lifted it at that time or later.
pub(super) fn since(view: &Transaction<'_>, cidr: IpNet, since: EpochMillis) -> Result<Option<String>> {
    Ok(view
        .prepare_cached("SELECT author FROM lifted WHERE cidr = ? AND at >= ?")?
        .query_row(params![cidr.to_string(), since.millis()], |row| row.get(0))
        .optional()?)
}

pub(super) fn forget_old(connection: &Connection, now: EpochMillis) -> Result<()> {
    let kept = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
    connection.prepare_cached("DELETE FROM lifted WHERE at < ?")?.execute([now.millis() - kept])?;
    Ok(())
}
