use std::{
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use fs_err::{File, OpenOptions, os::unix::fs::OpenOptionsExt};

use super::{Position, SpoolError, record};

const MAGIC: [u8; 7] = *b"PCSPOOL";
const VERSION: u8 = 1;
const EXTENSION: &str = "spool";

/// One file of the spool: where it is and which events it holds.
pub(super) struct Stored {
    path: PathBuf,
    first: Position,
    count: u64,
    len: u64,
}

impl Stored {
    /// Reads a file that a former run left: how many whole records it holds, and the bytes of a torn tail.
    pub(super) fn scan(path: PathBuf) -> Result<(Self, u64), SpoolError> {
        let first = position_of(&path).unwrap_or_default();
        let size = fs_err::metadata(&path)?.len();
        let mut reader = BufReader::new(File::open(&path)?);
        let (mut count, mut len) = (0, 0);
        if let Some(head) = read_head(&mut reader, &path)? {
            len = head;
            while let Some(payload) = record::decode(&mut reader)? {
                count += 1;
                len += record::stored_len(&payload);
            }
        }
        Ok((Self { path, first, count, len: size }, size - len))
    }

    pub(super) fn first(&self) -> Position {
        self.first
    }

    pub(super) fn end(&self) -> Position {
        self.first + self.count
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// One more record of so many bytes was written.
    pub(super) fn grow(&mut self, bytes: u64) {
        self.count += 1;
        self.len += bytes;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// What stands from `position` on cannot be read back.
    pub(super) fn cut(&mut self, position: Position) {
        self.count = position.saturating_sub(self.first).min(self.count);
    }

    pub(super) fn remove(self) -> io::Result<()> {
        fs_err::remove_file(self.path)
    }
}

/// The file being written.
pub(super) struct Writer {
    file: File,
    len: u64,
}

impl Writer {
    /// A file left without a whole record by a crash or a failed write has the same name and is begun anew.
    pub(super) fn begin(folder: &Path, first: Position) -> io::Result<(Stored, Self)> {
        let path = folder.join(format!("{first:020}.{EXTENSION}"));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        file.write_all(&MAGIC)?;
        file.write_all(&[VERSION])?;
        let len = MAGIC.len() as u64 + 1;
        Ok((Stored { path, first, count: 0, len }, Self { file, len }))
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn write(&mut self, record: &[u8]) -> io::Result<()> {
        self.file.write_all(record)?;
        self.len += record.len() as u64;
        Ok(())
    }

    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// A place of reading inside a file.
pub(super) struct Cursor {
    reader: BufReader<File>,
    file: Position,
    next: Position,
}

impl Cursor {
    pub(super) fn open(file: &Stored, at: Position) -> Result<Self, SpoolError> {
        let mut reader = BufReader::new(File::open(&file.path)?);
        read_head(&mut reader, &file.path)?;
        let mut cursor = Self { reader, file: file.first, next: file.first };
        while cursor.next < at && cursor.next()?.is_some() {}
        Ok(cursor)
    }

    pub(super) fn is_at(&self, file: &Stored, at: Position) -> bool {
        self.file == file.first && self.next == at
    }

    /// The next payload; `None` where it is damaged. Never asked for past the end of what was written.
    pub(super) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let payload = record::decode(&mut self.reader)?;
        self.next += u64::from(payload.is_some());
        Ok(payload)
    }
}

/// The spool files of a folder in order of position.
pub(super) fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.retain(|path| position_of(path).is_some());
    paths.sort_unstable();
    Ok(paths)
}

fn position_of(path: &Path) -> Option<Position> {
    let named = path.extension().is_some_and(|extension| extension == EXTENSION);
    path.file_stem()?.to_str()?.parse().ok().filter(|_| named)
}

/// Length of the head; `None` where it is not whole, as after a crash at the first write.
fn read_head(reader: &mut impl Read, path: &Path) -> Result<Option<u64>, SpoolError> {
    let mut head = [0; MAGIC.len() + 1];
    match reader.read_exact(&mut head) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    match head {
        [magic @ .., VERSION] if magic == MAGIC => Ok(Some(head.len() as u64)),
        [magic @ .., version] if magic == MAGIC => {
            Err(SpoolError::Version { path: path.to_owned(), version })
        }
        _ => Ok(None),
    }
}
