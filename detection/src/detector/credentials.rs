//! Names and passwords that ship with products and that everybody tries first.

use std::ops::Range;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::Subject;
use crate::view::Place;

pub(super) const GATES: &[&str] = &["basic "];

/// Users whose password is empty, their own name, or one of [`PASSWORDS`].
const USERS: [&str; 12] = [
    "admin",
    "root",
    "administrator",
    "test",
    "guest",
    "user",
    "tomcat",
    "manager",
    "postgres",
    "oracle",
    "pi",
    "ubnt",
];
const PASSWORDS: [&str; 14] = [
    "", "admin", "password", "passw0rd", "123456", "12345678", "1234", "12345", "root", "toor", "test",
    "guest", "changeme", "default",
];

/// `Authorization: Basic` (RFC 7617) with such a pair.
pub(super) fn default_pair(subject: &Subject<'_>) -> Option<Range<usize>> {
    let is_field =
        subject.field.place == Place::Header && subject.name_is(&["authorization", "proxy-authorization"]);
    let scheme = subject.lower.get(..6).filter(|scheme| *scheme == b"basic " && is_field)?;
    let encoded = subject.bytes().get(scheme.len()..)?.trim_ascii();
    let pair = STANDARD.decode(encoded.get(..encoded.len().min(256))?).ok()?;
    let pair = String::from_utf8(pair).ok()?.to_ascii_lowercase();
    let (user, password) = pair.split_once(':')?;
    let is_default = USERS.contains(&user) && (password == user || PASSWORDS.contains(&password));
    is_default.then_some(0..subject.lower.len())
}
