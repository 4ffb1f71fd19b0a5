//! Disk work that nobody waits for.

use std::io;

use fs_err::File;

use super::{Orders, kept::Snapshot};

/// To be done while the orders are free for the next revision.
pub struct Chores {
    sync: Option<File>,
    snapshot: Option<Snapshot>,
}

pub struct Done {
    synced: io::Result<()>,
    /// Revision and length.
    written: io::Result<Option<(u64, u64)>>,
}

impl Chores {
    pub fn run(self) -> Done {
        let synced = self.sync.map_or(Ok(()), |file| file.sync_data());
        let written = self.snapshot.map(|snapshot| snapshot.write()).transpose();
        Done { synced, written }
    }
}

impl Orders {
    pub fn chores(&mut self) -> Chores {
        let sync = self.kept.unsynced().unwrap_or_else(|error| {
            self.note_not_kept(&error);
            None
        });
        Chores { sync, snapshot: self.kept.is_due().then(|| self.kept.freeze(&self.state)) }
    }

    pub fn done(&mut self, done: Done) {
        let kept = done.synced.and_then(|()| match done.written? {
            Some((revision, len)) => self.kept.written(revision, len),
            None => Ok(()),
        });
        if let Err(error) = kept {
            self.note_not_kept(&error);
        }
    }

    /// Does them now.
    pub(super) fn tidy(&mut self) {
        let done = self.chores().run();
        self.done(done);
    }
}
