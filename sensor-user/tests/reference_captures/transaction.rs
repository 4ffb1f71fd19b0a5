use std::{collections::BTreeMap, fmt};

use serde_json::Value;

/// What a reference and `sensor replay --emit exchanges` both say of a request and its response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Transaction {
    pub(crate) method: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) status: Option<u64>,
    pub(crate) request_body: Option<u64>,
    pub(crate) response_body: Option<u64>,
}

/// Client and server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Connection(pub(crate) String, pub(crate) u64, pub(crate) String, pub(crate) u64);

pub(crate) type Transactions = BTreeMap<Connection, Vec<Transaction>>;

impl Connection {
    /// `keys` name the members for both addresses and ports.
    pub(crate) fn from_json(value: &Value, keys: [&str; 4]) -> Self {
        let [source, source_port, destination, destination_port] = keys.map(|key| value.get(key));
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |value: Option<&Value>| value.and_then(Value::as_u64).unwrap_or_default();
        Self(text(source), number(source_port), text(destination), number(destination_port))
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(source, source_port, destination, destination_port) = self;
        write!(out, "{source} {source_port} > {destination} {destination_port}")
    }
}

impl Transaction {
    /// Names and values in short form, for people who look the packets up.
    pub(crate) fn fields(&self) -> [(&'static str, String); 6] {
        let text =
            |value: &Option<String>| value.as_ref().map_or_else(|| "none".to_owned(), |text| short(text));
        let number =
            |value: Option<u64>| value.map_or_else(|| "none".to_owned(), |number| number.to_string());
        [
            ("method", text(&self.method)),
            ("target", text(&self.target)),
            ("host", text(&self.host)),
            ("status", number(self.status)),
            ("request-body", number(self.request_body)),
            ("response-body", number(self.response_body)),
        ]
    }
}

fn short(text: &str) -> String {
    const SHOWN: usize = 32;
    let shown: String = text.chars().take(SHOWN).flat_map(char::escape_default).collect();
    match text.chars().count() {
        0..=SHOWN => format!("\"{shown}\""),
        all => format!("\"{shown}\"+{}", all - SHOWN),
    }
}
