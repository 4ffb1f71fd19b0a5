use std::{
    sync::mpsc::{self, Receiver, SyncSender},
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, TransactionBehavior};

use super::is_full;
use crate::store::{Result, StoreError};

/// Writers wait when so many are queued: back-pressure instead of memory.
const QUEUE: usize = 256;
/// Commits that share one sync of the disk.
const BATCH: usize = 64;

/// The one thread that writes. What queues up while the disk syncs goes into the next transaction together.
pub(super) struct Writer {
    jobs: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Self> {
        let (jobs, queue) = mpsc::sync_channel(QUEUE);
        let thread = thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write_all(connection, &queue))
            .map_err(|source| StoreError::Folder { path: "the writer thread".into(), source })?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Waits until the work is committed.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = mpsc::sync_channel(1);
        let job = Typed { work: Some(work), outcome: None, reply };
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.send(Box::new(job)).map_err(|_| StoreError::Closed)?;
        answer.recv().map_err(|_| StoreError::Closed)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer thread panicked");
        }
    }
}

fn write_all(mut connection: Connection, queue: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = queue.recv() {
        let mut jobs = vec![first];
        jobs.extend(queue.try_iter().take(BATCH - 1));
        let committed = write_together(&mut connection, &mut jobs);
        if let Err(error) = &committed {
            tracing::error!(%error, jobs = jobs.len(), "a transaction could not be committed");
        }
        for job in jobs {
            job.finish(&committed);
        }
    }
    // Folds the log into the database, so that the next start finds one file.
    if let Err(error) = connection.pragma_update(None, "wal_checkpoint", "TRUNCATE") {
        tracing::debug!(%error, "the log stays for the next start");
    }
}

fn write_together(connection: &mut Connection, jobs: &mut [Box<dyn Job>]) -> Result<(), rusqlite::Error> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let [job] = jobs {
        // Alone it needs no savepoint, for which every page that it changes is copied first.
        return match job.work(&transaction) {
            true => transaction.commit(),
            false => transaction.rollback(),
        };
    }
    for job in jobs {
        // A savepoint each: one that fails takes back its own writes and nobody else's.
        let savepoint = transaction.savepoint()?;
        if job.work(&savepoint) {
            savepoint.commit()?;
        }
    }
    transaction.commit()
}

trait Job: Send {
    /// False where its writes must be taken back.
    fn work(&mut self, connection: &Connection) -> bool;
    fn finish(self: Box<Self>, committed: &Result<(), rusqlite::Error>);
}

struct Typed<T, F> {
    work: Option<F>,
    outcome: Option<Result<T>>,
    reply: SyncSender<Result<T>>,
}

impl<T: Send, F: FnOnce(&Connection) -> Result<T> + Send> Job for Typed<T, F> {
    fn work(&mut self, connection: &Connection) -> bool {
        self.outcome = self.work.take().map(|work| work(connection));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn finish(self: Box<Self>, committed: &Result<(), rusqlite::Error>) {
        let answer = match (self.outcome, committed) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) if is_full(error) => Err(StoreError::DiskFull),
            _ => Err(StoreError::NotCommitted),
        };
        // Nobody waits any more where the caller went away: the write stands all the same.
        let _gone = self.reply.send(answer);
    }
}
