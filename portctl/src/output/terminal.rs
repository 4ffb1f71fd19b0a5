//! What standard output is: how wide, and whether it may be coloured.

use std::io::{self, IsTerminal};

use anstyle::{AnsiColor, Style};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terminal {
    /// Columns; `None` where standard output is no terminal, so that a pipe gets whole values.
    pub(crate) width: Option<u16>,
    pub(crate) colour: bool,
}

/// What a colour says, not which one it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Caution,
    Bad,
    Match,
    Heading,
    Faint,
}

impl Terminal {
    /// Colour only on a terminal that has it, and not where `NO_COLOR` (no-color.org) is set.
    pub(crate) fn detect() -> Self {
        if !io::stdout().is_terminal() {
            return Self::default();
        }
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { width: comfy_table::Table::new().width(), colour: !refused && !dumb }
    }

    /// `text`, which must be escaped already, in the colour of `tone` where there is colour.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let style = tone.style();
        format!("{style}{text}{style:#}")
    }
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Caution => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Match => AnsiColor::Red.on_default().bold().underline(),
            Self::Heading => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
        }
    }
}
