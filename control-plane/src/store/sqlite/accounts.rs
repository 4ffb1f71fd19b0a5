use rusqlite::{OptionalExtension as _, Row, params};
use serde_json::{Value, json};

use super::{
    SqliteStore, audit, codes,
    rows::{time, time_or_none},
};
use crate::{
    accounts::AccountId,
    clock::EpochMillis,
    store::{AccountRecord, AccountStore, Act, Owned, Result, StoreError},
};

impl Owned for SqliteStore {
    fn account(&self) -> Option<&AccountId> {
        self.account.as_ref()
    }
}

impl AccountStore for SqliteStore {
    fn accounts(&self) -> Result<Vec<AccountRecord>> {
        self.read(|view| {
            let mut statement = view.prepare_cached(
                "SELECT id, name, created_at, created_by, removed_at FROM account ORDER BY id",
            )?;
            let mut found = statement.query([])?;
            let mut accounts = Vec::new();
            while let Some(row) = found.next()? {
                accounts.push(account(row)?);
            }
            Ok(accounts)
        })
    }

    fn create_account(
        &self,
        act: &Act,
        id: &AccountId,
        name: &str,
        now: EpochMillis,
        most: u64,
    ) -> Result<()> {
        let (act, id, name) = (act.clone(), id.clone(), name.to_owned());
        self.write(move |connection| {
            let known = codes::count(connection.query_row("SELECT count(*) FROM account", [], |row| row.get(0))?);
            if known >= most {
                return Err(StoreError::Full(format!("id: there are {most} accounts, the most there can be")));
            }
            let made = connection
                .prepare_cached(
                    "INSERT INTO account (id, name, created_at, created_by) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                )?
                .execute(params![id.as_str(), name, now.millis(), act.by.name])?;
            if made == 0 {
                return Err(StoreError::Full(format!("id: there is an account {id} already, or its data is still being deleted")));
            }
            audit::append(connection, &act, &object(&id), None, Some(&json!({ "name": name })))
        })
    }

    fn remove_account(&self, act: &Act, id: &AccountId, now: EpochMillis) -> Result<bool> {
        let (act, id) = (act.clone(), id.clone());
        self.write(move |connection| {
            let removed = connection
                .prepare_cached("UPDATE account SET removed_at = ? WHERE id = ? AND removed_at IS NULL")?
                .execute(params![now.millis(), id.as_str()])?;
            if removed == 0 {
                return Ok(false);
            }
            audit::append(
                connection,
                &act,
                &object(&id),
                Some(&json!({ "removed": false })),
                Some(&json!({ "removed": true })),
            )?;
            Ok(true)
        })
    }

    fn vni_mapping(&self) -> Result<Option<String>> {
        self.read(|view| {
            Ok(view
                .prepare_cached("SELECT text FROM vni_mapping")?
                .query_row([], |row| row.get(0))
                .optional()?)
        })
    }

    fn set_vni_mapping(&self, act: &Act, text: &str, now: EpochMillis) -> Result<()> {
        let (act, text) = (act.clone(), text.to_owned());
        self.write(move |connection| {
            let before: Option<String> = connection
                .prepare_cached("SELECT text FROM vni_mapping")?
                .query_row([], |row| row.get(0))
                .optional()?;
            connection
                .prepare_cached(
                    "INSERT INTO vni_mapping (one, text, changed_at) VALUES (1, ?1, ?2)
                     ON CONFLICT DO UPDATE SET text = ?1, changed_at = ?2",
                )?
                .execute(params![text, now.millis()])?;
            let before = before.map(Value::from);
            audit::append(connection, &act, "VNI mapping", before.as_ref(), Some(&Value::from(text)))
        })
    }

    fn forget_account(&self, id: &AccountId) -> Result<()> {
        let id = id.clone();
        self.write(move |connection| {
            connection
                .prepare_cached("DELETE FROM account WHERE id = ? AND removed_at IS NOT NULL")?
                .execute([id.as_str()])?;
            Ok(())
        })
    }
}

fn object(id: &AccountId) -> String {
    format!("account {id}")
}

fn account(row: &Row<'_>) -> Result<AccountRecord> {
    let id: String = row.get(0)?;
    Ok(AccountRecord {
        id: AccountId::parse(&id).map_err(|error| StoreError::Damaged(error.to_string()))?,
        name: row.get(1)?,
        created_at: time(row, 2)?,
        created_by: row.get(3)?,
        removed_at: time_or_none(row, 4)?,
    })
}
