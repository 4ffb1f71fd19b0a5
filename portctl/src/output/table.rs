//! Tables that follow the terminal's width: cells that may be cut are cut, columns that still do not fit are left out
//! and named. Without a terminal nothing is cut.

use comfy_table::{Attribute, Cell, ColumnConstraint, ContentArrangement, Row, Width, presets};

use super::{
    escape,
    terminal::{Terminal, Tone},
};

/// Spaces between columns.
const GAP: u16 = 2;

/// A column and how much of it is needed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    /// May be cut down to this many characters; `None` is always whole (what people copy).
    pub(crate) least: Option<u16>,
    /// Left out first where the table does not fit, highest number first; 0 always stays.
    pub(crate) spare: u8,
}

impl Column {
    pub(crate) const fn whole(title: &'static str) -> Self {
        Self { title, least: None, spare: 0 }
    }

    pub(crate) const fn cut(title: &'static str, least: u16) -> Self {
        Self { title, least: Some(least), spare: 0 }
    }

    pub(crate) const fn spare(self, spare: u8) -> Self {
        Self { spare, ..self }
    }
}

/// A cell's text as it came, and what its colour says.
pub(crate) type Field = (String, Option<Tone>);

pub(crate) struct Table {
    columns: &'static [Column],
    rows: Vec<Vec<Field>>,
    /// Lines a row may take; what is longer is cut with `…`.
    height: Option<usize>,
}

impl Table {
    /// One line a row.
    pub(crate) fn new(columns: &'static [Column]) -> Self {
        Self { columns, rows: Vec::new(), height: Some(1) }
    }

    /// Cells may hold several lines, and wrap.
    pub(crate) fn with_tall_rows(columns: &'static [Column]) -> Self {
        Self { height: None, ..Self::new(columns) }
    }

    pub(crate) fn row(&mut self, fields: Vec<Field>) {
        let fields = fields.into_iter().map(|(text, tone)| {
            let safe = if self.height == Some(1) { escape::line(&text) } else { escape::block(&text) };
            (if safe.is_empty() { "-".to_owned() } else { safe.into_owned() }, tone)
        });
        self.rows.push(fields.collect());
    }

    /// The table's text, and the titles of the columns that were left out.
    pub(crate) fn render(&self, terminal: Terminal) -> (String, Vec<&'static str>) {
        let hidden = self.left_out(terminal.width);
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_truncation_indicator("…").force_no_tty();
        if terminal.colour {
            table.enforce_styling();
        }
        if let Some(width) = terminal.width {
            table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
        }
        table.set_header(
            self.columns.iter().map(|column| Cell::new(column.title).add_attribute(Attribute::Bold)),
        );
        for fields in &self.rows {
            table.add_row(self.cells(fields));
        }
        for (index, column) in self.columns.iter().enumerate() {
            let Some(shown) = table.column_mut(index) else { continue };
            shown.set_padding((0, GAP));
            if hidden.contains(&index) {
                shown.set_constraint(ColumnConstraint::Hidden);
            } else if terminal.width.is_some() {
                let least = u16::try_from(self.least_width(index, column)).unwrap_or(u16::MAX);
                shown.set_constraint(match column.least {
                    None => ColumnConstraint::ContentWidth,
                    Some(_) => ColumnConstraint::LowerBoundary(Width::Fixed(least)),
                });
            }
        }
        let text = table.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
        let titles = hidden.iter().filter_map(|&index| self.columns.get(index)).map(|c| c.title).collect();
        (text, titles)
    }

    fn cells(&self, fields: &[Field]) -> Row {
        let cells = fields.iter().map(|(text, tone)| match tone.and_then(colour) {
            Some(colour) => Cell::new(text).fg(colour),
            None => Cell::new(text),
        });
        let mut row = Row::from(cells.collect::<Vec<_>>());
        if let Some(height) = self.height {
            row.max_height(height);
        }
        row
    }

    /// Columns that do not fit even when all others are cut as far as they may be.
    fn left_out(&self, width: Option<u16>) -> Vec<usize> {
        let mut left_out = Vec::new();
        let Some(width) = width else { return left_out };
        let mut candidates: Vec<_> =
            self.columns.iter().enumerate().filter(|(_, column)| column.spare > 0).collect();
        candidates.sort_by_key(|(_, column)| column.spare);
        while self.least_sum(&left_out) > usize::from(width) {
            let Some((index, _)) = candidates.pop() else { break };
            left_out.push(index);
        }
        left_out
    }

    fn least_sum(&self, left_out: &[usize]) -> usize {
        let shown = self.columns.iter().enumerate().filter(|(index, _)| !left_out.contains(index));
        shown.map(|(index, column)| self.least_width(index, column)).sum()
    }

    /// What a column takes when it is cut as far as it may be, with the gap behind it.
    fn least_width(&self, index: usize, column: &Column) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(index));
        let lines = cells.flat_map(|(text, _)| text.lines()).map(|line| line.chars().count());
        let content = lines.chain([column.title.len()]).max().unwrap_or(0);
        usize::from(GAP) + column.least.map_or(content, |least| content.min(usize::from(least)))
    }
}

fn colour(tone: Tone) -> Option<comfy_table::Color> {
    match tone {
        Tone::Good => Some(comfy_table::Color::DarkGreen),
        Tone::Caution => Some(comfy_table::Color::DarkYellow),
        Tone::Bad | Tone::Match => Some(comfy_table::Color::DarkRed),
        Tone::Heading | Tone::Faint => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[Column::whole("ID"), Column::cut("URL", 8), Column::cut("HOST", 6).spare(1)];

    fn table() -> Table {
        let mut table = Table::new(COLUMNS);
        let field = |text: &str| (text.to_owned(), None);
        table.row(vec![field("0193-a"), field("/a/very/long/path/to/somewhere"), field("shop.test")]);
        table
    }

    fn at(width: u16) -> Terminal {
        Terminal { width: Some(width), colour: false }
    }

    #[test]
    fn without_a_terminal_nothing_is_cut() {
        let (text, left_out) = table().render(Terminal::default());
        assert_eq!(
            text,
            "ID      URL                             HOST\n\
             0193-a  /a/very/long/path/to/somewhere  shop.test\n"
        );
        assert!(left_out.is_empty());
    }

    #[test]
    fn a_narrow_terminal_cuts_what_may_be_cut_and_keeps_the_id() {
        let (text, left_out) = table().render(at(40));
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
        assert!(text.contains("0193-a  /a/very"), "{text}");
        assert!(text.contains('…'), "{text}");
        assert!(left_out.is_empty());
    }

    #[test]
    fn where_cutting_is_not_enough_the_spare_column_is_left_out_and_named() {
        let (text, left_out) = table().render(at(20));
        assert!(text.contains("0193-a"), "{text}");
        assert!(!text.contains("HOST"), "{text}");
        assert_eq!(left_out, ["HOST"]);
    }

    #[test]
    fn colour_appears_only_where_the_terminal_has_it() {
        const COLUMNS: &[Column] = &[Column::whole("SEVERITY")];
        let mut table = Table::new(COLUMNS);
        table.row(vec![("CRITICAL".to_owned(), Some(Tone::Bad))]);
        assert!(!table.render(Terminal { width: None, colour: false }).0.contains('\u{1b}'));
        assert!(table.render(Terminal { width: None, colour: true }).0.contains('\u{1b}'));
    }

    #[test]
    fn a_cell_cannot_act_on_the_terminal_nor_forge_a_row() {
        const COLUMNS: &[Column] = &[Column::cut("URL", 8)];
        let mut table = Table::new(COLUMNS);
        table.row(vec![("/\u{1b}[2J\nforged".to_owned(), None)]);
        assert_eq!(table.render(Terminal::default()).0, "URL\n/\\x1b[2J\\nforged\n");
    }
}
