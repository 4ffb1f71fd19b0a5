//! The orders on disk: a snapshot, and beside it a journal of the revisions since.
//!
//! A revision costs an append, however many blocks there are. Whatever instant a crash chooses, what is read back is the
//! state at some revision: a torn tail of the journal is cut off, and records that the snapshot holds already are passed
//! over. What is lost the control plane sends again, since it is told the revision that was read.

mod frame;
mod journal;
mod snapshot;

use std::{
    io,
    path::{Path, PathBuf},
};

use fs_err::File;
use portcullis_proto::v1;

pub(super) use self::snapshot::Snapshot;
use self::{frame::Record, journal::Journal};
use super::state::State;

/// Below this a journal is not worth a new snapshot.
const SMALL: u64 = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{path} is damaged: {what}; remove it, and the control plane sends everything again")]
    Damaged { path: PathBuf, what: String },
    #[error("{path} is not of this version; start the newer sensor, or remove it")]
    Version { path: PathBuf },
}

pub(super) struct Kept {
    path: PathBuf,
    journal: Journal,
    snapshot_len: u64,
    /// The state took a leap that the journal does not tell. A snapshot is due, whatever the journal's size.
    leapt: bool,
}

impl Kept {
    /// Takes up what is in `path` with the extensions `snapshot` and `journal`; nothing where there is nothing yet.
    pub(super) fn open(path: &Path) -> Result<(Self, State), KeptError> {
        let (mut state, snapshot_len) = snapshot::read(&path.with_extension("snapshot"))?;
        let mut take = |record: Record| {
            if record.revision == state.revision + 1 {
                state.take(&record.changes, record.at_ms);
                state.revision = record.revision;
            }
            // An older one the snapshot holds; after a hole nothing counts.
            record.revision <= state.revision
        };
        let journal = Journal::open(path.with_extension("journal"), &mut take)?;
        state.blocks.expire(super::ends::now_ms());
        Ok((Self { path: path.to_owned(), journal, snapshot_len, leapt: false }, state))
    }

    /// Notes one revision. It outlives the process at once, and the machine after the next [`Self::unsynced`].
    pub(super) fn append(&mut self, revision: u64, at_ms: u64, changes: Vec<v1::Change>) -> io::Result<()> {
        self.journal.append(&Record { revision, at_ms, changes, last: false })
    }

    /// The state is another one, and not by a next step: what the journal holds does not lead there.
    pub(super) fn leap(&mut self) -> io::Result<()> {
        self.leapt = true;
        self.journal.clear()
    }

    /// The journal, if something in it is not synced yet.
    pub(super) fn unsynced(&mut self) -> io::Result<Option<File>> {
        self.journal.unsynced()
    }

    /// Whether a snapshot is due: one is written for as many bytes as the journal has grown, so that both together are
    /// read fast and written rarely.
    pub(super) fn is_due(&self) -> bool {
        self.leapt || self.journal.len() > SMALL.max(self.snapshot_len)
    }

    pub(super) fn freeze(&self, state: &State) -> Snapshot {
        Snapshot::of(self.path.with_extension("snapshot"), state)
    }

    /// A snapshot of this revision stands: the journal begins after it.
    pub(super) fn written(&mut self, revision: u64, len: u64) -> io::Result<()> {
        self.snapshot_len = len;
        self.leapt = false;
        self.journal.begin_after(revision)
    }
}
