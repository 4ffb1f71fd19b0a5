/// Header fields whose value is a credential, a session, or carries one.
const HEADERS: [&str; 16] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "api-key",
    "apikey",
    "x-auth-token",
    "x-access-token",
    "x-csrf-token",
    "x-xsrf-token",
    "x-amz-security-token",
    "x-goog-api-key",
    "x-vault-token",
    "x-session-id",
    "authentication-info",
];

/// Field names that are a secret only when they are the whole name.
const WHOLE: [&str; 15] = [
    "pass", "pwd", "pin", "otp", "totp", "cvv", "cvv2", "cvc", "ssn", "sid", "auth", "jwt", "bearer",
    "session", "cookie",
];

/// Endings that make a name a secret: `access_token`, `csrfToken`.
const ENDINGS: [&str; 5] = ["token", "credential", "credentials", "authorization", "sessid"];

/// Parts that make a name a secret wherever they stand: `newPassword2`, `client_secret_id`.
const PARTS: [&str; 10] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "apikey",
    "accesskey",
    "privatekey",
    "sessionid",
    "cardnumber",
    "creditcard",
];

/// A name longer than this is no name.
const MAX_NAME: usize = 128;

pub(super) fn is_sensitive_header(name: &[u8]) -> bool {
    HEADERS.iter().any(|header| name.eq_ignore_ascii_case(header.as_bytes()))
}

/// Compares letters and digits alone, so that `api_key`, `API-Key` and `apiKey` are one name.
pub(super) fn is_sensitive_field(name: &[u8]) -> bool {
    if name.len() > MAX_NAME {
        return false;
    }
    let name: String = name
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(|byte| byte.to_ascii_lowercase() as char)
        .collect();
    WHOLE.contains(&name.as_str())
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || PARTS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_secret_name_are_one() {
        for name in [
            "password",
            "newPassword2",
            "API_KEY",
            "x-api-key",
            "csrfToken",
            "user[pwd]".trim_start_matches("user"),
        ] {
            assert!(is_sensitive_field(name.as_bytes()), "{name}");
        }
        for name in ["user", "maxTokens", "spinner", "author", "sidebar", "compass"] {
            assert!(!is_sensitive_field(name.as_bytes()), "{name}");
        }
    }
}
