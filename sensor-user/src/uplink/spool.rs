//! Events that the control plane has not acknowledged, on disk: they outlive its absence and our own end.
//!
//! Append-only files of checksummed records, read again in order, removed once all of a file is acknowledged. The
//! bytes are bounded: past the limit the oldest file goes, counted. A record is written whole or not at all as far as
//! a reader can tell: a torn tail (`kill -9` or a full disk inside a write) is left behind, and nothing is ever
//! appended after it, because every start and every failed write begins a new file. There is no fsync per event: the
//! page cache outlives a killed process, and for a lost node's last second the cost per event would be absurd.

mod mark;
mod record;
mod stored;

use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
};

use crate::state_dir;
use mark::Mark;
use stored::{Cursor, Stored, Writer};

/// The number of an event in this spool, counted up over restarts.
pub type Position = u64;

pub struct Spool {
    folder: PathBuf,
    limit: u64,
    /// Oldest first. The last one is being written where `writer` is there.
    files: VecDeque<Stored>,
    writer: Option<Writer>,
    cursor: Option<Cursor>,
    next: Position,
    mark: Mark,
    losses: Losses,
}

/// What did not get through, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Events removed unsent because the spool was full.
    pub overflowed: u64,
    /// Events that the disk gave back damaged.
    pub damaged: u64,
    /// Bytes of torn tails found at start.
    pub torn_bytes: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    #[error("{0}; check that the state folder can be written and has room")]
    Io(#[from] io::Error),
    #[error("an event of {0} bytes is larger than a record may be")]
    TooLarge(usize),
    #[error(
        "{path} is a spool of version {version}, which this sensor cannot read; start the newer sensor once so that \
         it empties it, or move the file away"
    )]
    Version { path: PathBuf, version: u8 },
}

impl Spool {
    /// Opens the spool in a folder of its own, with what a former run left there.
    pub fn open(folder: &Path, limit: u64) -> Result<Self, SpoolError> {
        state_dir::make_folder(folder)?;
        let mark = Mark::open(folder)?;
        let mut losses = Losses::default();
        let mut files = VecDeque::new();
        for path in stored::list(folder)? {
            let (file, torn) = Stored::scan(path)?;
            losses.torn_bytes += torn;
            files.push_back(file);
        }
        let written = files.back().map_or(0, Stored::end);
        let next = written.max(mark.position());
        let mut spool =
            Self { folder: folder.to_owned(), limit, files, writer: None, cursor: None, next, mark, losses };
        spool.remove_acknowledged()?;
        Ok(spool)
    }

    /// Keeps an event. An error means that it is not kept.
    pub fn append(&mut self, payload: &[u8]) -> Result<Position, SpoolError> {
        let record = record::encode(payload).ok_or(SpoolError::TooLarge(payload.len()))?;
        let file_limit = self.file_limit();
        self.writer.take_if(|writer| writer.len() + record.len() as u64 > file_limit);
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => self.begin_file()?,
        };
        writer.write(&record)?;
        if let Some(file) = self.files.back_mut() {
            file.grow(record.len() as u64);
        }
        self.writer = Some(writer);
        let position = self.next;
        self.next += 1;
        self.shrink_to_limit()?;
        Ok(position)
    }

    /// The first events at or after `from` that are not acknowledged, within both bounds, but at least one where
    /// there is one.
    pub fn read(
        &mut self,
        from: Position,
        max_events: usize,
        max_bytes: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, SpoolError> {
        let mut at = from.max(self.mark.position());
        let mut events = Vec::new();
        let mut bytes = 0;
        while events.len() < max_events && bytes < max_bytes {
            let Some(file) = self.files.iter_mut().find(|file| at < file.end()) else { break };
            at = at.max(file.first());
            let mut cursor = match self.cursor.take() {
                Some(cursor) if cursor.is_at(file, at) => cursor,
                _ => Cursor::open(file, at)?,
            };
            match cursor.next()? {
                Some(payload) => {
                    bytes += payload.len();
                    events.push((at, payload));
                    at += 1;
                    self.cursor = Some(cursor);
                }
                // What follows a damaged record cannot be found again: its length is what is damaged.
                None => {
                    self.losses.damaged += file.end() - at;
                    file.cut(at);
                    self.writer = None;
                }
            }
        }
        Ok(events)
    }

    /// Everything before `position` is stored elsewhere.
    pub fn acknowledge(&mut self, position: Position) -> Result<(), SpoolError> {
        self.mark.advance(position.min(self.next))?;
        self.remove_acknowledged()
    }

    /// Events that wait to be acknowledged.
    pub fn waiting(&self) -> u64 {
        let unacknowledged =
            |file: &Stored| file.end() - file.first().max(self.mark.position()).min(file.end());
        self.files.iter().map(unacknowledged).sum()
    }

    pub fn bytes(&self) -> u64 {
        self.files.iter().map(Stored::len).sum()
    }

    pub fn losses(&self) -> Losses {
        self.losses
    }

    /// Brings what is written onto the disk itself.
    pub fn sync(&mut self) -> Result<(), SpoolError> {
        Ok(self.writer.as_mut().map_or(Ok(()), Writer::sync)?)
    }

    fn begin_file(&mut self) -> Result<Writer, SpoolError> {
        let (file, writer) = Writer::begin(&self.folder, self.next)?;
        // A failed first write leaves a file without records under the same name.
        self.files.retain(|known| known.first() != file.first());
        self.files.push_back(file);
        Ok(writer)
    }

    /// Small enough that dropping the oldest file is no landslide.
    fn file_limit(&self) -> u64 {
        (self.limit / 8).clamp(4 << 10, 8 << 20)
    }

    fn shrink_to_limit(&mut self) -> Result<(), SpoolError> {
        while self.bytes() > self.limit && self.files.len() > 1 {
            let Some(oldest) = self.files.pop_front() else { break };
            self.losses.overflowed +=
                oldest.end() - oldest.first().max(self.mark.position()).min(oldest.end());
            oldest.remove()?;
        }
        Ok(())
    }

    /// A file without a record, as a crash leaves it, is as good as acknowledged.
    fn remove_acknowledged(&mut self) -> Result<(), SpoolError> {
        let written = self.writer.is_some().then(|| self.files.pop_back()).flatten();
        let mark = self.mark.position();
        let (done, kept): (VecDeque<_>, _) =
            self.files.drain(..).partition(|file| file.is_empty() || file.end() <= mark);
        self.files = kept;
        self.files.extend(written);
        done.into_iter().try_for_each(Stored::remove)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(spool: &mut Spool, from: Position) -> Vec<String> {
        let events = spool.read(from, 1000, 1 << 20).unwrap();
        events.into_iter().map(|(_, payload)| String::from_utf8(payload).unwrap()).collect()
    }

    fn only_file(folder: &Path) -> PathBuf {
        let [path] = stored::list(folder).unwrap().try_into().unwrap();
        path
    }

    #[test]
    fn events_come_back_in_order_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        spool.append(b"one").unwrap();
        spool.append(b"two").unwrap();
        drop(spool);
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        spool.append(b"three").unwrap();
        assert_eq!(texts(&mut spool, 0), ["one", "two", "three"]);
        assert_eq!(spool.waiting(), 3);
    }

    #[test]
    fn what_is_acknowledged_is_not_sent_again_and_leaves_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        for text in ["one", "two", "three"] {
            spool.append(text.as_bytes()).unwrap();
        }
        spool.acknowledge(2).unwrap();
        assert_eq!((texts(&mut spool, 0), spool.waiting()), (vec!["three".to_owned()], 1));
        drop(spool);
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        assert_eq!(texts(&mut spool, 0), ["three"]);
        spool.acknowledge(3).unwrap();
        assert_eq!((spool.waiting(), spool.bytes()), (0, 0));
        assert_eq!(spool.append(b"four").unwrap(), 3, "positions go on after all files are gone");
    }

    #[test]
    fn reading_goes_on_where_it_ended_and_can_start_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        spool.append(b"one").unwrap();
        assert_eq!(texts(&mut spool, 0), ["one"]);
        assert_eq!(texts(&mut spool, 1), Vec::<String>::new());
        spool.append(b"two").unwrap();
        assert_eq!(texts(&mut spool, 1), ["two"]);
        assert_eq!(texts(&mut spool, 0), ["one", "two"]);
    }

    #[test]
    fn a_crash_in_the_middle_of_a_record_costs_that_record_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        spool.append(b"one").unwrap();
        spool.append(b"two, which is torn").unwrap();
        drop(spool);
        let path = only_file(folder.path());
        let bytes = fs_err::read(&path).unwrap();
        let whole = bytes.len();
        for cut in 1..(8 + 18) {
            fs_err::write(&path, &bytes[..whole - cut]).unwrap();
            let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
            assert_eq!(texts(&mut spool, 0), ["one"], "cut by {cut}");
            assert_eq!(spool.losses().torn_bytes, (26 - cut) as u64);
            assert_eq!(spool.append(b"three").unwrap(), 1);
            assert_eq!(texts(&mut spool, 0), ["one", "three"]);
            let newest = stored::list(folder.path()).unwrap().pop().unwrap();
            drop(spool);
            fs_err::remove_file(newest).unwrap();
        }
    }

    #[test]
    fn a_damaged_record_is_counted_and_what_came_before_it_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        for text in ["one", "two", "three"] {
            spool.append(text.as_bytes()).unwrap();
        }
        let path = only_file(folder.path());
        let mut bytes = fs_err::read(&path).unwrap();
        let two = bytes.windows(3).position(|three| three == b"two").unwrap();
        bytes[two] ^= 1;
        fs_err::write(&path, &bytes).unwrap();
        assert_eq!(texts(&mut spool, 0), ["one"]);
        assert_eq!(spool.losses().damaged, 2);
    }

    #[test]
    fn past_the_limit_the_oldest_go_and_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let limit = 64 << 10;
        let mut spool = Spool::open(folder.path(), limit).unwrap();
        for nth in 0..1000_u32 {
            spool.append(format!("{nth:0>200}").as_bytes()).unwrap();
        }
        assert!(spool.bytes() <= limit, "{}", spool.bytes());
        assert_eq!(spool.waiting() + spool.losses().overflowed, 1000);
        let kept = texts(&mut spool, 0);
        assert_eq!(kept.len() as u64, spool.waiting());
        assert!(kept.last().unwrap().ends_with("999"));
    }

    #[test]
    fn a_read_is_bounded_but_never_empty_while_something_waits() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        for _ in 0..3 {
            spool.append(&[b'x'; 1000]).unwrap();
        }
        assert_eq!(spool.read(0, 1000, 1).unwrap().len(), 1);
        assert_eq!(spool.read(0, 2, 1 << 20).unwrap().len(), 2);
    }

    #[test]
    fn a_spool_of_a_newer_version_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        Spool::open(folder.path(), 1 << 20).unwrap().append(b"one").unwrap();
        let path = only_file(folder.path());
        let mut bytes = fs_err::read(&path).unwrap();
        bytes[7] = 2;
        fs_err::write(&path, &bytes).unwrap();
        assert!(matches!(Spool::open(folder.path(), 1 << 20), Err(SpoolError::Version { version: 2, .. })));
        assert_eq!(fs_err::read(&path).unwrap(), bytes);
    }
}
