use std::fmt;

/// Where in a policy file something stands, both counted from 1; 0 where the place is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub line: u32,
    /// In characters.
    pub column: u32,
}

/// Why a policy was not loaded. Shows as `file:line:column: message`, without a place that is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct PolicyError {
    file: String,
    place: Place,
    message: String,
    /// The nearest word that would have been valid there.
    suggestion: Option<String>,
}

impl PolicyError {
    pub(crate) fn at(file: &str, place: Place, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), place, message: message.into(), suggestion: None }
    }

    pub(crate) fn suggesting(mut self, suggestion: Option<&str>) -> Self {
        self.suggestion = suggestion.map(str::to_owned);
        self
    }

    pub fn file(&self) -> &str {
        &self.file
    }

    pub fn place(&self) -> Place {
        self.place
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, place, message, suggestion } = self;
        match place.line {
            0 => write!(formatter, "{file}: {message}")?,
            line => write!(formatter, "{file}:{line}:{}: {message}", place.column)?,
        }
        match suggestion {
            Some(word) => write!(formatter, " (did you mean `{word}`?)"),
            None => Ok(()),
        }
    }
}
