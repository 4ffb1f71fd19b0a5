use crate::policy::{
    Place, PolicyError,
    nearest::nearest,
    yaml::{Key, Kind, Node},
};

/// The file being read: makes values of nodes, or errors that say where.
pub(super) struct Source<'a> {
    pub(super) file: &'a str,
}

/// The entries of a mapping whose keys are all known and all different.
pub(super) struct Fields<'n> {
    entries: &'n [(Key, Node)],
    file: String,
    what: String,
}

impl<'n> Fields<'n> {
    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    pub(super) fn required(&self, name: &str, at: Place) -> Result<&'n Node, PolicyError> {
        self.get(name).ok_or_else(|| {
            PolicyError::at(&self.file, at, format!("{}: the key `{name}` is missing", self.what))
        })
    }
}

impl<'a> Source<'a> {
    pub(super) fn error(&self, node: &Node, message: impl Into<String>) -> PolicyError {
        PolicyError::at(self.file, node.at, message)
    }

    pub(super) fn unknown(&self, at: Place, what: &str, written: &str, known: &[&str]) -> PolicyError {
        let suggestion = nearest(written, known.iter().copied());
        let message = match suggestion {
            Some(_) => format!("{what}: unknown key `{written}`"),
            None => format!("{what}: unknown key `{written}`; known are {}", known.join(", ")),
        };
        PolicyError::at(self.file, at, message).suggesting(suggestion)
    }

    pub(super) fn map<'n>(&self, node: &'n Node, what: &str) -> Result<&'n [(Key, Node)], PolicyError> {
        let Kind::Map(entries) = &node.kind else {
            return Err(self.wrong_type(node, what, "a mapping"));
        };
        let mut seen = std::collections::HashSet::new();
        for (key, _) in entries {
            if !seen.insert(key.name.as_str()) {
                let message = format!("{what}: the key `{}` stands twice", key.name);
                return Err(PolicyError::at(self.file, key.at, message));
            }
        }
        Ok(entries)
    }

    pub(super) fn fields<'n>(
        &self,
        node: &'n Node,
        what: &str,
        known: &[&str],
    ) -> Result<Fields<'n>, PolicyError> {
        let entries = self.map(node, what)?;
        match entries.iter().find(|(key, _)| !known.contains(&key.name.as_str())) {
            Some((key, _)) => Err(self.unknown(key.at, what, &key.name, known)),
            None => Ok(Fields { entries, file: self.file.to_owned(), what: what.to_owned() }),
        }
    }

    pub(super) fn list<'n>(&self, node: &'n Node, what: &str) -> Result<&'n [Node], PolicyError> {
        match &node.kind {
            Kind::List(items) => Ok(items),
            _ => Err(self.wrong_type(node, what, "a list")),
        }
    }

    /// The items of a list; anything else is a list of itself.
    pub(super) fn list_or_one<'n>(&self, node: &'n Node) -> &'n [Node] {
        match &node.kind {
            Kind::List(items) => items,
            _ => std::slice::from_ref(node),
        }
    }

    /// Text, or a number or boolean as it was written.
    pub(super) fn text<'n>(&self, node: &'n Node, what: &str) -> Result<&'n str, PolicyError> {
        match &node.kind {
            Kind::Text(text) | Kind::Number { text, .. } | Kind::Bool { text, .. } => Ok(text),
            _ => Err(self.wrong_type(node, what, "text")),
        }
    }

    pub(super) fn number(&self, node: &Node, what: &str) -> Result<f64, PolicyError> {
        match &node.kind {
            Kind::Number { value, .. } if value.is_finite() => Ok(*value),
            Kind::Text(text) => match text.trim().parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(value),
                _ => Err(self.wrong_type(node, what, "a number")),
            },
            _ => Err(self.wrong_type(node, what, "a number")),
        }
    }

    /// A whole number of at least 1.
    pub(super) fn count(&self, node: &Node, what: &str) -> Result<u32, PolicyError> {
        let value = self.number(node, what)?;
        if value.fract() != 0.0 || !(1.0..=f64::from(u32::MAX)).contains(&value) {
            return Err(self.wrong_type(node, what, "a whole number of at least 1"));
        }
        // In range and whole by the test above.
        Ok(value as u32)
    }

    pub(super) fn bool(&self, node: &Node, what: &str) -> Result<bool, PolicyError> {
        match node.kind {
            Kind::Bool { value, .. } => Ok(value),
            _ => Err(self.wrong_type(node, what, "`true` or `false`")),
        }
    }

    /// One of the known words.
    pub(super) fn word<'k>(
        &self,
        node: &Node,
        what: &str,
        known: &[&'k str],
    ) -> Result<&'k str, PolicyError> {
        let written = self.text(node, what)?;
        known.iter().copied().find(|word| *word == written.trim()).ok_or_else(|| {
            let message = format!("{what}: unknown value `{written}`; known are {}", known.join(", "));
            self.error(node, message).suggesting(nearest(written, known.iter().copied()))
        })
    }

    pub(super) fn wrong_type(&self, node: &Node, what: &str, wanted: &str) -> PolicyError {
        let is = match &node.kind {
            Kind::Null => "empty".to_owned(),
            Kind::Bool { text, .. } => format!("the boolean {text}"),
            Kind::Number { text, .. } => format!("the number {text}"),
            Kind::Text(_) => "text".to_owned(),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        };
        self.error(node, format!("{what}: must be {wanted}, but is {is}"))
    }
}
