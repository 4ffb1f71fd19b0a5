use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::events::move_events;
use crate::store::{Result, StoreError};

/// Step n leads from schema n to n + 1. Steps are only ever added.
const MIGRATIONS: [&str; 15] = [
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
];

/// After this one, events go over from one table to days.
const EVENT_DAYS: usize = 13;

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
    for (number, step) in (1..).zip(MIGRATIONS).skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(step)?;
        if number == EVENT_DAYS {
            move_events(&transaction)?;
        }
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}
