use std::collections::BTreeSet;

use super::{Document, compile};

/// As many as sensors look at for each exchange without being noticed.
const MAX_PROXIES: usize = 1_000;
const MAX_RULES: usize = 16;
const MAX_LIMITS: usize = 50;
const MAX_REDACTIONS: usize = 100;
const MAX_NAME: usize = 100;
const MAX_PATTERN: usize = 500;
const MAX_REQUESTS: u32 = 100_000;
const MAX_WINDOW: u32 = 24 * 60;
const MAX_RETENTION_DAYS: u32 = 3_650;

/// `<field>: <what is wrong>`, one line each.
pub(crate) fn check(document: &Document) -> Result<(), Vec<String>> {
    let mut problems = Vec::new();
    let mut wrong = |field: String, problem: &str| problems.push(format!("{field}: {problem}"));
    if let Some(proxies) = &document.trusted_proxies {
        if proxies.cidrs.len() > MAX_PROXIES {
            wrong("trustedProxies.cidrs".into(), &format!("are at most {MAX_PROXIES}"));
        }
        for (index, cidr) in proxies.cidrs.iter().enumerate().filter(|(_, cidr)| cidr.prefix_len() == 0) {
            wrong(
                format!("trustedProxies.cidrs[{index}]"),
                &format!("{cidr} is everybody: whoever writes a header could then call itself anybody"),
            );
        }
    }
    if document.actor_identity.len() > MAX_RULES {
        wrong("actorIdentity".into(), &format!("has at most {MAX_RULES} rules"));
    }
    for (index, rule) in document.actor_identity.iter().enumerate() {
        if !is_name(&rule.name) {
            wrong(format!("actorIdentity[{index}].name"), NAME);
        }
    }
    if document.rate_limits.len() > MAX_LIMITS {
        wrong("rateLimits".into(), &format!("are at most {MAX_LIMITS}"));
    }
    let mut names = BTreeSet::new();
    for (index, limit) in document.rate_limits.iter().enumerate() {
        let field = |name: &str| format!("rateLimits[{index}].{name}");
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if limit.name.is_empty() || limit.name.len() > 50 || !limit.name.bytes().all(is_word) {
            wrong(field("name"), "has 1 to 50 letters, digits, - and _ (ASCII)");
        }
        if !names.insert(&limit.name) {
            wrong(field("name"), "is another one's already");
        }
        if !limit.path.is_empty() && (!limit.path.starts_with('/') || limit.path.len() > MAX_PATTERN) {
            wrong(field("path"), "begins with /, and is at most 500 bytes");
        }
        if limit.methods.len() > 20 || !limit.methods.iter().all(|method| is_name(method)) {
            wrong(field("methods"), "are at most 20 names");
        }
        if !(2..=MAX_REQUESTS).contains(&limit.requests) {
            wrong(field("requests"), &format!("is between 2 and {MAX_REQUESTS}"));
        }
        if !(1..=MAX_WINDOW).contains(&limit.window_minutes) {
            wrong(field("windowMinutes"), &format!("is between 1 and {MAX_WINDOW}"));
        }
    }
    if let Some(enumeration) = document.enumeration {
        if !(2..=MAX_REQUESTS).contains(&enumeration.distinct) {
            wrong("enumeration.distinct".into(), &format!("is between 2 and {MAX_REQUESTS}"));
        }
        if !(1..=MAX_WINDOW).contains(&enumeration.window_minutes) {
            wrong("enumeration.windowMinutes".into(), &format!("is between 1 and {MAX_WINDOW}"));
        }
    }
    if document.retention_days.is_some_and(|days| !(1..=MAX_RETENTION_DAYS).contains(&days)) {
        wrong("retentionDays".into(), &format!("is between 1 and {MAX_RETENTION_DAYS}"));
    }
    let redaction = &document.redaction;
    for (list, names) in [("headers", &redaction.headers), ("fields", &redaction.fields)] {
        if names.len() > MAX_REDACTIONS {
            wrong(format!("redaction.{list}"), &format!("are at most {MAX_REDACTIONS}"));
        }
        for index in names.iter().enumerate().filter(|(_, name)| !is_name(name)).map(|(index, _)| index) {
            wrong(format!("redaction.{list}[{index}]"), NAME);
        }
    }
    if redaction.patterns.len() > MAX_REDACTIONS {
        wrong("redaction.patterns".into(), &format!("are at most {MAX_REDACTIONS}"));
    }
    for (index, pattern) in redaction.patterns.iter().enumerate() {
        let field = format!("redaction.patterns[{index}]");
        if pattern.is_empty() || pattern.len() > MAX_PATTERN {
            wrong(field, &format!("has 1 to {MAX_PATTERN} bytes"));
        } else if let Err(problem) = compile::pattern(pattern) {
            wrong(field, &problem);
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    compile::policies(document).map(drop).map_err(|problem| vec![problem])
}

const NAME: &str = "has 1 to 100 characters of a header's, cookie's or field's name, without white space";

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && name.chars().all(|c| !c.is_whitespace() && !c.is_control())
}
