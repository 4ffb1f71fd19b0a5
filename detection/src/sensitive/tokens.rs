use std::sync::LazyLock;

use regex::bytes::Regex;

use super::{Sensitive, SensitiveKind};

/// Forms that issuers document, by their fixed beginnings.
#[expect(clippy::expect_used, reason = "a constant expression, compiled by a test")]
static TOKENS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?-u)(-----BEGIN (?:RSA |DSA |EC |OPENSSH |ENCRYPTED |PGP )?PRIVATE KEY)",
        r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_[A-Za-z0-9_]{40,}",
        r"|\bglpat-[A-Za-z0-9_-]{20}|\bxox[baprs]-[0-9]{6,}-[0-9A-Za-z-]{10,}|\b[sr]k_live_[0-9A-Za-z]{16,}",
        r"|\bAIza[0-9A-Za-z_-]{35}|\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}|\bnpm_[A-Za-z0-9]{36}\b",
        r"|\bshpat_[a-f0-9]{32}\b|\bya29\.[A-Za-z0-9_-]{20,}|\bdop_v1_[a-f0-9]{64}\b|\bsk-ant-[A-Za-z0-9_-]{24,}",
        r"|\bpypi-AgE[A-Za-z0-9_-]{50,}|\bhf_[A-Za-z0-9]{34}\b|\bglsa_[A-Za-z0-9]{32}_[a-f0-9]{8}\b",
    ))
    .expect("a constant expression")
});

#[expect(clippy::expect_used, reason = "a constant expression, compiled by a test")]
static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?-u)[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,4}\.[A-Za-z]{2,24}\b",
    )
    .expect("a constant expression")
});

pub(super) fn find(text: &[u8]) -> impl Iterator<Item = Sensitive> + '_ {
    let tokens = TOKENS.captures_iter(text).filter_map(|found| {
        let kind =
            if found.get(1).is_some() { SensitiveKind::PrivateKey } else { SensitiveKind::AccessToken };
        let whole = found.get(0)?;
        // Documentation writes its keys so.
        (!whole.as_bytes().ends_with(b"EXAMPLE")).then(|| Sensitive { kind, range: whole.range() })
    });
    let has_at = memchr::memchr(b'@', text).is_some();
    let emails = has_at.then(|| EMAIL.find_iter(text)).into_iter().flatten();
    tokens.chain(emails.map(|found| Sensitive { kind: SensitiveKind::Email, range: found.range() }))
}
