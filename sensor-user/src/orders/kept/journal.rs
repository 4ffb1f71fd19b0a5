use std::{
    io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::PathBuf,
};

use fs_err::{File, OpenOptions, os::unix::fs::OpenOptionsExt as _};

use super::{
    KeptError,
    frame::{self, MAGIC, Record},
};

/// Revisions since the snapshot, one record each.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    len: u64,
    is_synced: bool,
}

impl Journal {
    /// Gives every whole record to `take`, until that says no; what comes after the last one that counts is cut off.
    pub(super) fn open(path: PathBuf, take: &mut impl FnMut(Record) -> bool) -> Result<Self, KeptError> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        let size = file.metadata()?.len();
        let mut reader = BufReader::new(&file);
        let mut magic = [0; MAGIC.len()];
        let mut len = 0;
        if frame::fill(&mut reader, &mut magic)? {
            if magic != MAGIC {
                return Err(KeptError::Version { path });
            }
            len = MAGIC.len() as u64;
            while let Some((record, bytes)) = frame::read(&mut reader)? {
                if !take(record) {
                    break;
                }
                len += bytes;
            }
        }
        if len < size {
            tracing::warn!(
                file = %path.display(),
                bytes = size - len,
                "the journal's end is torn and left out; the control plane sends what it held again"
            );
        }
        let mut journal = Self { path, file, len, is_synced: false };
        journal.cut_to(len)?;
        Ok(journal)
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn append(&mut self, record: &Record) -> io::Result<()> {
        match frame::write(&mut self.file, record) {
            Ok(bytes) => self.len += bytes,
            Err(error) => {
                // A half record would hide all that come after it.
                self.cut_to(self.len)?;
                return Err(error);
            }
        }
        self.is_synced = false;
        Ok(())
    }

    /// Another handle, so that whoever syncs need not hold up the next record.
    pub(super) fn unsynced(&mut self) -> io::Result<Option<File>> {
        let file = (!self.is_synced).then(|| self.file.try_clone()).transpose()?;
        self.is_synced = true;
        Ok(file)
    }

    /// Drops what a snapshot of this revision holds: the records after it, few, move into a new file.
    pub(super) fn begin_after(&mut self, revision: u64) -> io::Result<()> {
        let draft = self.path.with_extension("journal-new");
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(&MAGIC)?;
        let mut len = MAGIC.len() as u64;
        self.file.seek(SeekFrom::Start(MAGIC.len() as u64))?;
        let mut reader = BufReader::new((&self.file).take(self.len - MAGIC.len() as u64));
        while let Some((record, _)) = frame::read(&mut reader)? {
            if record.revision > revision {
                len += frame::write(&mut file, &record)?;
            }
        }
        file.sync_data()?;
        fs_err::rename(draft, &self.path)?;
        (self.file, self.len, self.is_synced) = (file, len, true);
        Ok(())
    }

    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.cut_to(0)
    }

    fn cut_to(&mut self, len: u64) -> io::Result<()> {
        self.is_synced = false;
        self.file.set_len(len)?;
        self.file.seek(SeekFrom::Start(len))?;
        self.len = len;
        if len == 0 {
            self.file.write_all(&MAGIC)?;
            self.len = MAGIC.len() as u64;
        }
        Ok(())
    }
}
