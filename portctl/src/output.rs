//! Everything that reaches the terminal: data on standard output, notes on standard error.
//!
//! Nothing that came over the wire is printed before [`escape`] has seen it.

pub(crate) mod escape;
pub(crate) mod rows;
pub(crate) mod table;
pub(crate) mod terminal;
pub(crate) mod when;

use std::io::{self, Write};

use serde_json::Value;

pub(crate) use self::{
    table::{Column, Table},
    terminal::Terminal,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people: aligned columns, cut to the terminal's width
    Table,
    /// One JSON document
    Json,
    /// One JSON object a line
    Jsonl,
}

/// Where a command writes, and how.
pub(crate) struct Output<'a> {
    pub(crate) format: Format,
    pub(crate) terminal: Terminal,
    data: Box<dyn Write + 'a>,
    notes: Box<dyn Write + 'a>,
}

impl<'a> Output<'a> {
    pub(crate) fn new(
        format: Format,
        terminal: Terminal,
        data: impl Write + 'a,
        notes: impl Write + 'a,
    ) -> Self {
        Self { format, terminal, data: Box::new(io::BufWriter::new(data)), notes: Box::new(notes) }
    }

    /// Writes text that is already safe for a terminal.
    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        self.data.write_all(text.as_bytes())?;
        self.data.flush()
    }

    /// A piece of a file: as it is, unless a terminal would act on it.
    pub(crate) fn file(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.terminal.width.is_none() {
            return self.data.write_all(bytes);
        }
        let text = String::from_utf8_lossy(bytes);
        self.data.write_all(escape::block(&text.replace('\r', "")).as_bytes())
    }

    pub(crate) fn end_file(&mut self) -> io::Result<()> {
        self.data.flush()
    }

    /// One JSON document: indented, or on one line in the `jsonl` format.
    pub(crate) fn document(&mut self, value: &Value) -> io::Result<()> {
        let text = match self.format {
            Format::Jsonl => value.to_string(),
            Format::Table | Format::Json => format!("{value:#}"),
        };
        self.text(&(escape::json(&text) + "\n"))
    }

    /// A line that the next one overwrites; nothing to take it away.
    pub(crate) fn progress(&mut self, text: &str) {
        // As for notes.
        let _ = write!(self.notes, "\r\x1b[K{}", escape::block(text));
        let _ = self.notes.flush();
    }

    /// A line for the person at the terminal. Control characters in it are escaped, line feeds stay.
    pub(crate) fn note(&mut self, note: &str) {
        // Nobody is left to tell when standard error is gone.
        let _ = writeln!(self.notes, "{}", escape::block(note));
    }
}
