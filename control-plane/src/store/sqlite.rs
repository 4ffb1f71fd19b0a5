//! The engine inside the process: SQLite in WAL mode, one writer thread, a pool of readers.

mod access;
mod accounts;
mod alerts;
mod audit;
mod codes;
mod counts;
mod detail;
mod events;
mod inflate;
mod inventory;
mod issues;
mod notify;
mod policies;
mod readers;
mod revisions;
mod rows;
mod schema;
mod sensors;
mod sessions;
mod snapshot;
mod suppressions;
mod tickets;
mod users;
mod writer;

use std::{fs::File, path::Path, sync::Arc, time::Duration};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, config::DbConfig, ffi};

use self::{detail::Dictionaries, readers::Readers, writer::Writer};
use super::{Result, StoreError};
use crate::accounts::AccountId;

const FILE: &str = "control-plane.sqlite";
const READERS: usize = 4;

/// All of the control plane's state in one file of the data folder.
pub struct SqliteStore {
    // Dropped first: its thread commits what is queued and closes the writing connection.
    writer: Writer,
    readers: Readers,
    account: Option<AccountId>,
    dictionaries: Arc<Dictionaries>,
}

impl SqliteStore {
    /// Opens the database in `folder`, making or migrating it as needed. Another process may have it open, too:
    /// that is how `keys create` works beside a running server.
    pub fn open(folder: &Path) -> Result<Self> {
        Self::open_for(folder, None)
    }

    /// As [`Self::open`], for an account that is not the operator's.
    pub fn open_for(folder: &Path, account: Option<AccountId>) -> Result<Self> {
        let path = folder.join(FILE);
        let mut writing = connect(&path, true)?;
        schema::migrate(&mut writing, &path)?;
        let readers = (0..READERS).map(|_| connect(&path, false)).collect::<Result<Vec<_>>>()?;
        let dictionaries = Arc::new(Dictionaries::open(&writing)?);
        Ok(Self { writer: Writer::start(writing)?, readers: Readers::new(readers), account, dictionaries })
    }

    /// Runs on the writer thread inside a transaction; returns once that is committed and synced.
    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.run(work)
    }

    /// Runs on the caller's thread with one consistent view of the database.
    fn read<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.readers.run(work)
    }
}

/// Whether the disk had no room for it: said outright, or by the file that readers and the writer share.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        error.code == ErrorCode::DiskFull || error.extended_code == ffi::SQLITE_IOERR_SHMSIZE
    })
}

fn connect(path: &Path, writes: bool) -> Result<Connection> {
    let shown = path.display().to_string();
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if writes {
        flags |= OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        // SQLite says only «unable to open database file»; the system says why.
        File::options()
            .append(true)
            .create(true)
            .open(path)
            .map_err(|source| StoreError::Folder { path: shown, source })?;
    } else {
        // Not read-only: a reader of a WAL database may have to make the shared-memory file.
        flags |= OpenFlags::SQLITE_OPEN_READ_WRITE;
    }
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    // Else values that are bound may change a plan, and a statement from the cache is planned again each time it is used.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // FULL syncs the log at every commit: what was acknowledged survives a power cut, not only a kill.
    connection.pragma_update(None, "synchronous", "FULL")?;
    if writes {
        // A batch of events changes thousands of pages: what does not fit is written to the log more than once.
        connection.pragma_update(None, "cache_size", -64_000)?;
        // 32 MiB of log: what several batches change goes into the file once.
        connection.pragma_update(None, "wal_autocheckpoint", 8_192)?;
        // What a savepoint copies stays in memory.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
    } else {
        connection.pragma_update(None, "cache_size", -16_000)?;
        connection.pragma_update(None, "query_only", true)?;
    }
    // A partition has statements of its own, and a list may go through a season of them, each time in the same order: where
    // they are not all kept, none is.
    connection.set_prepared_statement_cache_capacity(2_048);
    Ok(connection)
}
