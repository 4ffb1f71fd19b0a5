//! JSON Web Tokens (RFC 7519) that a careless server takes: unsigned, signed with a key of the sender's choice, or past
//! their end.

use std::ops::Range;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::Subject;
use crate::view::Place;

pub(super) const GATES: &[&str] = &["eyj"];

const MAX_TOKENS: usize = 4;
/// Bytes of a part that are decoded; what is longer is no header.
const MAX_PART: usize = 8 << 10;
/// Clocks differ; RFC 7519 section 4.1.4 allows a small leeway.
const LEEWAY_SECONDS: f64 = 60.0;

struct Token {
    at: Range<usize>,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    is_signed: bool,
}

/// A token without a signature that says whom it stands for (RFC 7515 section 3.6 has `none`).
pub(super) fn unsigned(subject: &Subject<'_>) -> Option<Range<usize>> {
    let token = tokens(subject).find(|token| {
        let algorithm = token.header.get("alg").and_then(Value::as_str).unwrap_or("none");
        algorithm.trim().eq_ignore_ascii_case("none") || !token.is_signed
    })?;
    Some(token.at)
}

/// A header that names, brings or misuses the key: `jku` and `x5u` of the sender's, an embedded key, a `kid` that is a
/// path, a query or a command, or a shared-secret algorithm beside a public key.
pub(super) fn key(subject: &Subject<'_>) -> Option<Range<usize>> {
    tokens(subject).find(|token| brings_key(&token.header) || confuses_algorithm(token)).map(|token| token.at)
}

/// A token whose time is over, or has not come, at the exchange's own time.
pub(super) fn expired(subject: &Subject<'_>) -> Option<Range<usize>> {
    let now = subject.at.seconds_f64();
    let is_credential = match subject.field.place {
        Place::Cookie => true,
        Place::Header => subject.name_is(&["authorization", "x-access-token", "x-auth-token"]),
        _ => false,
    };
    if !is_credential {
        return None;
    }
    let time = |token: &Token, claim: &str| token.claims.get(claim).and_then(Value::as_f64);
    let token = tokens(subject).find(|token| {
        time(token, "exp").is_some_and(|end| end + LEEWAY_SECONDS < now)
            || time(token, "nbf").is_some_and(|start| start - LEEWAY_SECONDS > now)
    })?;
    Some(token.at)
}

fn brings_key(header: &Map<String, Value>) -> bool {
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    // Proofs of possession carry their public key by right (RFC 9449 section 4.2).
    let is_proof = text("typ").is_some_and(|kind| kind.eq_ignore_ascii_case("dpop+jwt"));
    let embedded = header.get("jwk").is_some_and(Value::is_object) && !is_proof;
    embedded
        || text("jku").is_some()
        || text("x5u").is_some()
        || text("kid").is_some_and(|kid| is_injection(&kid.to_ascii_lowercase()))
}

/// Key identifiers are names or digests; what reaches into a file system, a query or a shell is none.
fn is_injection(kid: &str) -> bool {
    const SIGNS: [&str; 14] =
        ["../", "..\\", "/dev/", "/etc/", "/proc/", "'", "\"", ";", "|", "`", "$(", "\0", " union ", "%00"];
    SIGNS.iter().any(|sign| kid.contains(sign))
}

/// A verifier that takes the algorithm from the token uses the public key as a shared secret (RFC 8725 section 2.1).
fn confuses_algorithm(token: &Token) -> bool {
    const PUBLIC_KEY_ISSUERS: [&str; 5] = [
        "https://accounts.google.com",
        "https://securetoken.google.com/",
        "https://cognito-idp.",
        "https://login.microsoftonline.com/",
        "https://sts.windows.net/",
    ];
    let algorithm = token.header.get("alg").and_then(Value::as_str).unwrap_or_default();
    let is_shared =
        algorithm.len() == 5 && algorithm.get(..2).is_some_and(|kind| kind.eq_ignore_ascii_case("hs"));
    let issuer = token.claims.get("iss").and_then(Value::as_str).unwrap_or_default();
    let has_public_key = ["x5c", "x5t", "x5t#S256"].iter().any(|name| token.header.contains_key(*name));
    is_shared && (has_public_key || PUBLIC_KEY_ISSUERS.iter().any(|known| issuer.starts_with(known)))
}

fn tokens(subject: &Subject<'_>) -> impl Iterator<Item = Token> {
    let bytes = subject.bytes();
    memchr::memmem::find_iter(bytes, b"eyJ").take(MAX_TOKENS).filter_map(move |start| token(bytes, start))
}

fn token(bytes: &[u8], start: usize) -> Option<Token> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let part = |from: usize| -> Option<&[u8]> {
        let rest = bytes.get(from..)?;
        rest.get(..rest.iter().take_while(|byte| is_part(byte)).count())
    };
    let header = part(start)?;
    let claims_at = start + header.len() + 1;
    let claims = (bytes.get(claims_at - 1) == Some(&b'.')).then(|| part(claims_at)).flatten()?;
    let signature_at = claims_at + claims.len() + 1;
    let signature = (bytes.get(signature_at - 1) == Some(&b'.')).then(|| part(signature_at)).flatten()?;
    let header = object(header)?;
    // Five parts make an encrypted token (RFC 7516 section 3.1), which has no claims to read.
    let is_token = header.contains_key("alg") || header.contains_key("typ");
    is_token.then(|| Token {
        at: start..signature_at + signature.len(),
        header,
        claims: object(claims).unwrap_or_default(),
        is_signed: !signature.is_empty(),
    })
}

fn object(part: &[u8]) -> Option<Map<String, Value>> {
    let json = URL_SAFE_NO_PAD.decode(part.get(..part.len().min(MAX_PART))?).ok()?;
    serde_json::from_slice(&json).ok()
}
