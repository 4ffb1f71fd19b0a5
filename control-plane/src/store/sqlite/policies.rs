use std::collections::HashMap;

use rusqlite::params;

use super::{SqliteStore, revisions::policies, rows::time};
use crate::{
    clock::EpochMillis,
    store::{PolicyStore, PolicyTimes, PolicyVersion, Result, StoredPolicy},
};

impl PolicyStore for SqliteStore {
    fn note_policies(
        &self,
        policies: Vec<(String, [u8; 32])>,
        now: EpochMillis,
    ) -> Result<HashMap<String, PolicyTimes>> {
        self.write(move |connection| {
            let mut note = connection.prepare_cached(
                "INSERT INTO policy (id, digest, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)
                 ON CONFLICT (id) DO UPDATE SET digest = ?2,
                     updated_at = CASE WHEN digest = ?2 THEN updated_at ELSE ?3 END
                 RETURNING created_at, updated_at",
            )?;
            let mut times = HashMap::with_capacity(policies.len());
            for (id, digest) in policies {
                let found = note.query_row(params![id, digest, now.millis()], |row| {
                    Ok(PolicyTimes { created_at: time(row, 0)?, updated_at: time(row, 1)? })
                })?;
                times.insert(id, found);
            }
            Ok(times)
        })
    }

    fn saved_policies(&self) -> Result<Vec<StoredPolicy>> {
        self.read(|view| policies::all(view))
    }

    fn policy_versions(&self, id: &str) -> Result<Vec<PolicyVersion>> {
        self.read(|view| policies::versions(view, id))
    }
}
