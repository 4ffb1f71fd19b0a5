//! Masks what opens doors: evidence is shown to everybody who may look at issues.

use std::sync::LazyLock;

use regex::Regex;

/// Values of headers, of JSON fields and of parameters that are named like a secret, and JSON Web Tokens anywhere.
const SECRETS: [(&str, &str); 4] = [
    (
        r"(?im)^([a-z0-9-]*(?:authorization|cookie|token|api-?key|secret|session|signature)[a-z0-9-]*[ \t]*:[ \t]*)\S.*?(\r?)$",
        "${1}***${2}",
    ),
    (
        r#"(?i)("[^"\\]{0,64}(?:passw|secret|token|api_?key|session|credential)[^"\\]{0,64}"\s*:\s*")(?:[^"\\]|\\.)+""#,
        "${1}***\"",
    ),
    (
        r"(?i)((?:^|[?&;\s])[a-z0-9_.-]{0,64}(?:passw|secret|token|api_?key|session|signature|credential)[a-z0-9_.-]{0,64}=)[^&;\s]+",
        "${1}***",
    ),
    (r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*", "***"),
];

#[expect(clippy::expect_used, reason = "constant patterns, which a test compiles")]
static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let compile = |(pattern, mask)| (Regex::new(pattern).expect("a pattern of our own"), mask);
    SECRETS.into_iter().map(compile).collect()
});

pub(crate) fn redacted(text: &str) -> String {
    PATTERNS
        .iter()
        .fold(text.to_owned(), |text, (pattern, mask)| pattern.replace_all(&text, *mask).into_owned())
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn what_opens_doors_is_masked_and_the_rest_stays() {
        for (text, masked) in [
            (
                "GET /a?access_token=x1&page=2 HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Basic YTpi\r\n\r\n",
                "GET /a?access_token=***&page=2 HTTP/1.1\r\nHost: shop.example\r\nAuthorization: ***\r\n\r\n",
            ),
            (
                "Set-Cookie: sid=1; Secure\nX-Api-Key: k\nVary: Origin",
                "Set-Cookie: ***\nX-Api-Key: ***\nVary: Origin",
            ),
            (r#"{"user":"ann","password": "a\"b","n":1}"#, r#"{"user":"ann","password": "***","n":1}"#),
            ("said eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP here", "said *** here"),
            ("the token is missing; see the docs", "the token is missing; see the docs"),
        ] {
            assert_eq!(redacted(text), masked);
        }
    }
}
