use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{Mutex, PoisonError},
};

use anyhow::Context as _;
use serde::Serialize;

use crate::cli::terminal;

/// Standard output, shared by the shards: whole lines only, so that none is torn.
pub(super) struct Output {
    is_terminal: bool,
    /// The first error ends the writing and is told at the end.
    error: Mutex<Option<io::Error>>,
}

/// One shard's JSON lines on their way to standard output.
pub(super) struct Lines<'a> {
    output: &'a Output,
    buffer: Vec<u8>,
}

/// What is collected before it is written.
const BUFFER: usize = 64 << 10;

impl Output {
    pub(super) fn new() -> Self {
        Self { is_terminal: io::stdout().is_terminal(), error: Mutex::default() }
    }

    pub(super) fn lines(&self) -> Lines<'_> {
        Lines { output: self, buffer: Vec::with_capacity(BUFFER + (BUFFER >> 2)) }
    }

    pub(super) fn finish(self) -> anyhow::Result<()> {
        match self.error.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error).context("cannot write to standard output"),
            None => Ok(()),
        }
    }

    fn write(&self, lines: &[u8]) {
        let mut error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        if error.is_some() {
            return;
        }
        let write = || {
            let mut out = io::stdout().lock();
            out.write_all(lines).and_then(|()| out.flush())
        };
        let written = if self.is_terminal { terminal::aside_of_progress(write) } else { write() };
        if let Err(failed) = written {
            // `… | head` has had enough: reading on would only keep it waiting.
            if terminal::is_broken_pipe(&failed) {
                std::process::exit(0);
            }
            *error = Some(failed);
        }
    }
}

impl Lines<'_> {
    pub(super) fn print(&mut self, line: &impl Serialize) {
        let before = self.buffer.len();
        if let Err(error) = serde_json::to_writer(&mut self.buffer, line) {
            self.buffer.truncate(before);
            let mut first = self.output.error.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert(error.into());
            return;
        }
        self.buffer.push(b'\n');
        if self.buffer.len() >= BUFFER {
            self.flush();
        }
    }

    pub(super) fn flush(&mut self) {
        self.output.write(&self.buffer);
        self.buffer.clear();
    }
}
