use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::events::{fill_hours, move_events};
use crate::store::{Result, StoreError};

/// Step n leads from schema n to n + 1. Steps are only ever added.
const MIGRATIONS: [&str; 16] = [
    include_str!("schema/0001_initial.sql"),
    include_str!("schema/0002_blocks.sql"),
    include_str!("schema/0003_lifted.sql"),
    include_str!("schema/0004_inventory.sql"),
    include_str!("schema/0005_people.sql"),
    include_str!("schema/0006_notify.sql"),
    include_str!("schema/0007_sensor_certificates.sql"),
    include_str!("schema/0008_saved_policies.sql"),
    include_str!("schema/0009_accounts.sql"),
    include_str!("schema/0010_coverage.sql"),
    include_str!("schema/0011_suppression_hits.sql"),
    include_str!("schema/0012_external_users.sql"),
    include_str!("schema/0013_event_days.sql"),
    include_str!("schema/0014_issues.sql"),
    include_str!("schema/0015_tickets.sql"),
    include_str!("schema/0016_hour_sets.sql"),
];

/// From this one on, events go over from one table to days.
const EVENT_DAYS: i64 = 13;
/// From this one on, days that have events get the sets of their hours.
const HOUR_SETS: i64 = 16;

pub(super) fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Brings the database to this version's schema, all of it or nothing.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<()> {
    let known = known();
    // Immediate: two processes that start together migrate one after the other.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known {
        return Err(StoreError::Newer { path: path.display().to_string(), found, known });
    }
    for step in MIGRATIONS.into_iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    // Behind all steps, since what writes events writes them as this version does.
    if found < EVENT_DAYS {
        move_events(&transaction)?;
    } else if found < HOUR_SETS {
        fill_hours(&transaction)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}
