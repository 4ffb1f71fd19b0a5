//! Every documented request is accepted, and every documented key is in its reply.

mod access;
mod event;
mod notifications;
mod orders;
mod threats;
mod tickets;

use serde_json::Value;

pub(crate) use self::{
    access::access, notifications::notifications, orders::orders, threats::threats, tickets::tickets,
};
use crate::harness::Person;

/// `(endpoint, example body, keys of the reply, list in the reply, keys of its rows)`.
pub(crate) type Documented = (&'static str, Value, Vec<&'static str>, &'static str, Vec<&'static str>);

/// Asks one after the other, and looks for every key.
async fn are_answered(calls: Vec<Documented>, by: &Person) {
    for (name, body, keys, list, row_keys) in calls {
        let reply = by.ask(name, body).await;
        for key in keys {
            assert!(reply.get(key).is_some(), "{name}: no {key} in {reply}");
        }
        for key in row_keys {
            assert!(reply[list][0].get(key).is_some(), "{name}: no {key} in {}", reply[list][0]);
        }
    }
}

fn is_documented(calls: Vec<Documented>, file: &str, document: &str) {
    for (name, body, keys, _, row_keys) in calls {
        let line = document.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let line = line.unwrap_or_else(|| panic!("{file} has no line for {name}"));
        let asked = body.as_object().unwrap().keys().map(String::as_str);
        for key in asked.filter(|key| *key != "waitSeconds") {
            assert!(line.contains(&format!("`{key}`")), "{name}: {file} does not name {key}");
        }
        for key in keys.iter().chain(&row_keys) {
            assert!(document.contains(&format!("`{key}`")), "{name}: {file} does not name {key}");
        }
    }
}
