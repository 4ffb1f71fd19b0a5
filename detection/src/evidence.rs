//! What in a response shows that an attack worked. The status alone never does.

mod signs;

use portcullis_exchange::{Exchange, Response};
use regex::bytes::Regex;

use crate::{Evidence, Match};

/// Evidence stands near the start or nowhere a person would look for it; the rest of a long answer is not searched.
const MAX_SEARCHED: usize = 512 << 10;

/// A kind of evidence: `evidence:` in a policy names those that its attack would leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EvidenceKind {
    FileContents,
    CommandOutput,
    SqlError,
    DatabaseDump,
    ScriptReflected,
    CloudMetadata,
    SecretsDisclosed,
    TemplateEvaluated,
    HeaderInjected,
    StackTrace,
}

impl EvidenceKind {
    pub const ALL: [Self; 10] = [
        Self::FileContents,
        Self::CommandOutput,
        Self::SqlError,
        Self::DatabaseDump,
        Self::ScriptReflected,
        Self::CloudMetadata,
        Self::SecretsDisclosed,
        Self::TemplateEvaluated,
        Self::HeaderInjected,
        Self::StackTrace,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::FileContents => "file-contents",
            Self::CommandOutput => "command-output",
            Self::SqlError => "sql-error",
            Self::DatabaseDump => "database-dump",
            Self::ScriptReflected => "script-reflected",
            Self::CloudMetadata => "cloud-metadata",
            Self::SecretsDisclosed => "secrets-disclosed",
            Self::TemplateEvaluated => "template-evaluated",
            Self::HeaderInjected => "header-injected",
            Self::StackTrace => "stack-trace",
        }
    }
}

/// Looks for one kind of evidence in the response of an exchange in which `matches` were found.
pub(crate) fn find(kind: EvidenceKind, exchange: &Exchange, matches: &[Match]) -> Option<Evidence> {
    let response = exchange.response.as_ref()?;
    let at = match kind {
        EvidenceKind::ScriptReflected => reflected(response, matches),
        EvidenceKind::HeaderInjected => injected_header(response, matches),
        EvidenceKind::TemplateEvaluated => evaluated(response, matches),
        _ => in_body(response, signs::of(kind)),
    }?;
    Some(Evidence { kind: kind.name().to_owned(), at })
}

fn in_body(response: &Response, signs: &[Regex]) -> Option<Match> {
    let body = searched(response);
    let found = signs.iter().find_map(|sign| sign.find(body))?;
    Some(body_match(body, found.start(), found.end()))
}

/// The very text that was sent, unescaped, in an answer that a browser renders.
fn reflected(response: &Response, matches: &[Match]) -> Option<Match> {
    let html = response.headers.text("content-type").is_none_or(|kind| {
        let kind = kind.to_ascii_lowercase();
        kind.contains("html") || kind.contains("xml") || kind.contains("svg")
    });
    if !html {
        return None;
    }
    let body = searched(response);
    matches.iter().find_map(|sent| {
        let phrase = sent.phrase.as_bytes();
        let telling =
            phrase.len() >= 6 && phrase.iter().any(|byte| matches!(byte, b'<' | b'"' | b'\'' | b'(' | b'`'));
        let start = memchr::memmem::find(body, phrase).filter(|_| telling)?;
        Some(body_match(body, start, start + phrase.len()))
    })
}

/// A header line that was sent as a value and came back as a header.
fn injected_header(response: &Response, matches: &[Match]) -> Option<Match> {
    matches.iter().find_map(|sent| {
        let line = sent.phrase.trim_start_matches(['\r', '\n', ' ', '\t']);
        let (name, _) = line.split_once(':')?;
        let name = name.trim();
        let value = response.headers.get(name)?;
        // The phrase ends at the name's colon: a header that servers send anyway proves nothing.
        let usual =
            ["location", "content-type", "content-length", "set-cookie", "date", "server", "connection"];
        if usual.iter().any(|usual| name.eq_ignore_ascii_case(usual)) {
            return None;
        }
        Some(Match {
            location: format!("response.header.{}", name.to_ascii_lowercase()),
            start: 0,
            end: value.len(),
            phrase: String::from_utf8_lossy(value).chars().take(160).collect(),
            detector: "evidence".to_owned(),
        })
    })
}

/// The product of an arithmetic probe (`{{7*191}}`), where the probe itself did not come back.
fn evaluated(response: &Response, matches: &[Match]) -> Option<Match> {
    let body = searched(response);
    matches.iter().find_map(|sent| {
        let (left, right) = signs::product(&sent.phrase)?;
        let product = left.checked_mul(right).filter(|product| *product >= 1000)?.to_string();
        let start = memchr::memmem::find(body, product.as_bytes())?;
        let probe = memchr::memmem::find(body, sent.phrase.as_bytes());
        probe.is_none().then(|| body_match(body, start, start + product.len()))
    })
}

fn searched(response: &Response) -> &[u8] {
    let body = &response.body.bytes;
    body.get(..body.len().min(MAX_SEARCHED)).unwrap_or_default()
}

fn body_match(body: &[u8], start: usize, end: usize) -> Match {
    const MAX_PHRASE: usize = 160;
    let shown = body.get(start..end.min(start + MAX_PHRASE)).unwrap_or_default();
    Match {
        location: "response.body".to_owned(),
        start,
        end,
        phrase: String::from_utf8_lossy(shown).into_owned(),
        detector: "evidence".to_owned(),
    }
}
