use rusqlite::types::Value;

use super::codes;
use crate::{clock::TimeRange, store::EventFilter};

/// A WHERE clause over `event e` that names only the conditions there are, so that the planner picks an index.
#[derive(Default)]
pub(super) struct Selection {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Selection {
    pub(super) fn of(filter: &EventFilter) -> Self {
        let mut selection = Self::default();
        selection.range(filter.range);
        if let Some(ids) = &filter.ids {
            let ids: Vec<_> = ids.iter().map(|id| Value::Blob(id.as_bytes().to_vec())).collect();
            selection.any_of("e.id", ids);
        }
        selection.texts("e.actor", &filter.actors);
        selection.texts("e.url", &filter.urls);
        selection.texts("e.host", &filter.hosts);
        selection.texts("e.method", &filter.methods);
        selection.texts("e.policy_id", &filter.policy_ids);
        selection.codes("e.collection_id", filter.collection_ids.iter().copied());
        selection.codes("e.detection_type", filter.detection_types.iter().map(|t| codes::detection_type(*t)));
        selection.codes("e.severity", filter.severities.iter().map(|s| codes::severity(*s)));
        selection.sub_categories(&filter.sub_categories);
        // A code, no text from outside: spelled out, so that the partial index on it can serve. So below.
        if let Some(status) = filter.status {
            selection.conditions.push(format!("e.status = {}", codes::status(status)));
        }
        if let Some(successful) = filter.successful {
            selection.conditions.push(format!("e.successful = {}", u8::from(successful)));
        }
        if let Some(search) = filter.search.as_deref().filter(|search| !search.is_empty()) {
            selection.search(search);
        }
        selection
    }

    pub(super) fn range(&mut self, range: TimeRange) {
        if range.from > TimeRange::ALL.from {
            self.push("e.detected_at >= ?", Value::Integer(range.from.millis()));
        }
        if range.until < TimeRange::ALL.until {
            self.push("e.detected_at < ?", Value::Integer(range.until.millis()));
        }
    }

    pub(super) fn texts(&mut self, column: &str, texts: &[String]) {
        if !texts.is_empty() {
            self.any_of(column, texts.iter().cloned().map(Value::Text).collect());
        }
    }

    pub(super) fn push(&mut self, condition: &str, value: Value) {
        self.conditions.push(condition.to_owned());
        self.values.push(value);
    }

    /// ` WHERE …`, or nothing.
    pub(super) fn clause(&self) -> String {
        match self.conditions.as_slice() {
            [] => String::new(),
            conditions => format!(" WHERE {}", conditions.join(" AND ")),
        }
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        self.values.iter()
    }

    fn codes(&mut self, column: &str, codes: impl Iterator<Item = i64>) {
        let codes: Vec<_> = codes.map(Value::Integer).collect();
        if !codes.is_empty() {
            self.any_of(column, codes);
        }
    }

    fn any_of(&mut self, column: &str, values: Vec<Value>) {
        self.conditions.push(format!("{column} IN ({})", marks(values.len())));
        self.values.extend(values);
    }

    fn sub_categories(&mut self, names: &[String]) {
        if names.is_empty() {
            return;
        }
        let marks = marks(names.len());
        self.conditions.push(format!("(e.sub_category IN ({marks}) OR e.policy_id IN ({marks}))"));
        for _ in 0..2 {
            self.values.extend(names.iter().cloned().map(Value::Text));
        }
    }

    fn search(&mut self, text: &str) {
        let columns = ["e.policy_id", "e.host", "e.actor", "e.url"];
        let any = columns.map(|column| format!("{column} LIKE ? ESCAPE '\\'"));
        self.conditions.push(format!("({})", any.join(" OR ")));
        let pattern = format!("%{}%", escape_like(text));
        self.values.extend(columns.map(|_| Value::Text(pattern.clone())));
    }
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// `%` and `_` are letters like any other to who types them.
fn escape_like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
