//! A database as it stands at one moment, for a backup.

use std::{ffi::OsStr, path::Path};

use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};

use super::{FILE, SqliteStore, connect, schema};
use crate::store::{Result, StoreError};

/// 8 MiB of the usual page size between two words of progress.
const PAGES: i32 = 2_048;
const EXTENSION: &str = "sqlite";

impl SqliteStore {
    /// The number of the newest schema that this version knows.
    pub fn schema() -> i64 {
        schema::known()
    }

    /// Whether a control plane keeps its data in this folder.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(FILE).is_file()
    }

    /// The database that every data folder has.
    pub fn is_main(path: &Path) -> bool {
        path == Path::new(FILE)
    }

    pub fn is_database(path: &Path) -> bool {
        path.extension() == Some(OsStr::new(EXTENSION))
    }

    /// Files beside a database that mean nothing without the process that wrote them: a copy holds what is in them.
    pub fn is_transient(path: &Path) -> bool {
        let name = path.to_string_lossy();
        ["-wal", "-shm", "-journal"]
            .iter()
            .any(|end| name.strip_suffix(end).is_some_and(|database| Self::is_database(Path::new(database))))
    }

    /// Copies the database at `from`, which others may be writing to, to the new file `to`. Gives the schema's number.
    /// `progress` is told bytes done and bytes in all.
    pub fn copy(from: &Path, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<i64> {
        let source = connect(from, false)?;
        // Held while pages are copied: nobody's writes make it begin again, and none of them waits for it.
        source.execute_batch("BEGIN")?;
        let schema = source.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let page: i64 = source.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let mut copy = Connection::open(to)?;
        // What breaks off is thrown away whole.
        copy.pragma_update(None, "synchronous", "OFF")?;
        let backup = Backup::new(&source, &mut copy)?;
        loop {
            let step = backup.step(PAGES)?;
            let pages = |count: i32| u64::try_from(i64::from(count) * page).unwrap_or_default();
            let (left, all) = (pages(backup.progress().remaining), pages(backup.progress().pagecount));
            progress(all.saturating_sub(left), all);
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => return Err(StoreError::Damaged("the copy's file is in use".to_owned())),
            }
        }
        drop(backup);
        copy.close().map_err(|(_, error)| error)?;
        Ok(schema)
    }
}
