//! A list, written in the format asked for while its pages arrive.

use std::io;

use serde_json::Value;

use super::{Format, Output, Table, escape, table::Field};

/// Writes rows as they come: JSON at once, a table at the end, since its widths depend on all of them.
pub(crate) struct Rows<'o, 'w> {
    output: &'o mut Output<'w>,
    table: Table,
    count: usize,
}

impl<'o, 'w> Rows<'o, 'w> {
    pub(crate) fn new(output: &'o mut Output<'w>, table: Table) -> Self {
        Self { output, table, count: 0 }
    }

    /// One row: as the server gave it for JSON, `fields` for a table.
    pub(crate) fn row(&mut self, value: &Value, fields: impl FnOnce() -> Vec<Field>) -> io::Result<()> {
        let separator = if self.count == 0 { "[\n" } else { ",\n" };
        self.count += 1;
        match self.output.format {
            Format::Table => {
                self.table.row(fields());
                Ok(())
            }
            Format::Json => self.output.text(&format!("{separator}{}", escape::json(&format!("{value:#}")))),
            Format::Jsonl => self.output.text(&(escape::json(&value.to_string()) + "\n")),
        }
    }

    /// Closes the list and gives back how many rows it has.
    pub(crate) fn end(self) -> io::Result<usize> {
        match self.output.format {
            Format::Table if self.count == 0 => {}
            Format::Table => {
                let (text, left_out) = self.table.render(self.output.terminal);
                self.output.text(&text)?;
                if !left_out.is_empty() {
                    self.output.note(&format!(
                        "left out for want of width: {} (a wider terminal, or -o json, has all)",
                        left_out.join(", ")
                    ));
                }
            }
            Format::Json => self.output.text(if self.count == 0 { "[]\n" } else { "\n]\n" })?,
            Format::Jsonl => {}
        }
        Ok(self.count)
    }
}
