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

/// Lower-case literals of which one stands in every token.
pub(crate) const GATES: [&str; 22] = [
    "private key",
    "akia",
    "asia",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xox",
    "k_live_",
    "aiza",
    "sg.",
    "npm_",
    "shpat_",
    "ya29.",
    "dop_v1_",
    "sk-ant-",
    "pypi-age",
    "hf_",
    "glsa_",
];

#[expect(clippy::expect_used, reason = "a constant expression, compiled by a test")]
static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?-u)[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,4}\.[A-Za-z]{2,24}\b",
    )
    .expect("a constant expression")
});

/// `tokens` may be false only where no [`GATES`] occur.
pub(super) fn find(text: &[u8], tokens: bool) -> impl Iterator<Item = Sensitive> + '_ {
    let tokens = tokens.then(|| TOKENS.captures_iter(text)).into_iter().flatten().filter_map(|found| {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_has_a_gate() {
        let run = |length: usize| "0123456789abcdef".repeat(9).get(..length).unwrap().to_owned();
        let upper = run(16).to_uppercase();
        let mut tokens = vec![
            "-----BEGIN PGP PRIVATE KEY".to_owned(),
            format!("AKIA{upper}"),
            format!("ASIA{upper}"),
            format!("github_pat_{}", run(40)),
            format!("glpat-{}", run(20)),
            format!("AIza{}", run(35)),
            format!("SG.{}.{}", run(22), run(43)),
            format!("npm_{}", run(36)),
            format!("shpat_{}", run(32)),
            format!("ya29.{}", run(20)),
            format!("dop_v1_{}", run(64)),
            format!("sk-ant-{}", run(24)),
            format!("pypi-AgE{}", run(50)),
            format!("hf_{}", run(34)),
            format!("glsa_{}_{}", run(32), run(8)),
        ];
        tokens.extend(["p", "o", "u", "s", "r"].map(|kind| format!("gh{kind}_{}", run(36))));
        tokens.extend(["b", "a", "p", "r", "s"].map(|kind| format!("xox{kind}-012345-{}", run(10))));
        tokens.extend(["s", "r"].map(|kind| format!("{kind}k_live_{}", run(16))));
        for token in tokens {
            assert!(TOKENS.is_match(token.as_bytes()), "{token}");
            let lower = token.to_ascii_lowercase();
            assert!(GATES.iter().any(|gate| lower.contains(gate)), "{token}");
        }
    }
}
