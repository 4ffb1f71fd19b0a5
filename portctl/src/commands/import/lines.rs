use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read},
    path::Path,
};

use crate::failure::Failure;

/// Longer lines are none of ours.
const MAX_LINE: usize = 64 << 10;

/// Numbered lines of a file or of standard input, each of a bounded length.
pub(super) struct Lines {
    reader: BufReader<Box<dyn Read>>,
    number: u64,
    read: u64,
    size: Option<u64>,
}

/// A line, or what is wrong with it.
type Line = Result<String, String>;

impl Lines {
    /// With the first bytes, by which the format may be told.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<u8>), Failure> {
        let (source, size): (Box<dyn Read>, _) = if path == Path::new("-") {
            (Box::new(io::stdin()), None)
        } else {
            let file = File::open(path)
                .map_err(|error| Failure::Usage(format!("cannot read {}: {error}", path.display())))?;
            let size = file.metadata().ok().filter(|data| data.is_file()).map(|data| data.len());
            (Box::new(file), size)
        };
        let mut reader = BufReader::with_capacity(1 << 20, source);
        let first = reader.fill_buf().map_err(unreadable)?.to_vec();
        Ok((Self { reader, number: 0, read: 0, size }, first))
    }

    pub(super) fn next(&mut self) -> Result<Option<(u64, Line)>, Failure> {
        let mut line = Vec::new();
        let limit = MAX_LINE as u64 + 1;
        let length = self.reader.by_ref().take(limit).read_until(b'\n', &mut line).map_err(unreadable)?;
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.read += length as u64;
        if length as u64 == limit && !line.ends_with(b"\n") {
            self.read += self.reader.skip_until(b'\n').map_err(unreadable)? as u64;
            return Ok(Some((self.number, Err(format!("longer than {} KiB", MAX_LINE >> 10)))));
        }
        Ok(Some((self.number, String::from_utf8(line).map_err(|_| "not UTF-8".to_owned()))))
    }

    /// How much of the file that was, where it has a size.
    pub(super) fn share(&self) -> String {
        match self.size {
            Some(size) if size > 0 => format!(", {} % of the file", self.read.saturating_mul(100) / size),
            _ => String::new(),
        }
    }
}

fn unreadable(error: io::Error) -> Failure {
    Failure::Usage(format!("cannot read on: {error}"))
}
