use std::sync::LazyLock;

use regex::bytes::Regex;

use super::Case;
use crate::{Match, view::Place};

/// A path or name of a file that servers run.
#[expect(clippy::expect_used, reason = "a constant expression, compiled by a test")]
static RUNNABLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i-u)[\w./\\%-]{0,200}[\w%-]\.(php[0-9]?|phtml|phar|jspx?|aspx?|ashx|asmx|cfm|cgi|war|shtml)\b",
    )
    .expect("a constant expression")
});

/// What an answer says that takes no such file.
const REFUSALS: [&str; 10] = [
    "not allowed",
    "not permitted",
    "invalid",
    "forbidden",
    "denied",
    "error",
    "fail",
    "unsupported",
    "rejected",
    "disallowed",
];

/// The answer to an upload that went well names a stored file of the same kind.
pub(super) fn find(case: &Case<'_, '_>) -> Option<Match> {
    let response = case.answer.response()?;
    if !(200..300).contains(&response.status) {
        return None;
    }
    let kind = |name: &[u8]| {
        let found = RUNNABLE.captures_iter(name).last()?.get(1)?;
        Some(found.as_bytes().to_ascii_lowercase())
    };
    let names = case.values().filter(|(field, _)| field.place == Place::FileName);
    let sent: Vec<Vec<u8>> = names.filter_map(|(_, name)| kind(name)).collect();
    let body = case.answer.body();
    let lower = String::from_utf8_lossy(body).to_ascii_lowercase();
    if sent.is_empty() || REFUSALS.iter().any(|refusal| lower.contains(refusal)) {
        return None;
    }
    let stored = RUNNABLE
        .find_iter(body)
        .find(|found| kind(found.as_bytes()).is_some_and(|kind| sent.contains(&kind)))?;
    Some(case.answer.matched(stored.range(), "stored"))
}
