//! Takes secrets out of what leaves the node: credentials, sessions, card numbers.
//!
//! What remains keeps its shape (`Bearer ***`, `sid=***`, `"password":"***"`), so that a person still reads what kind
//! of request it was. Every function is linear in its input, which is cut to a bound before it comes here; a cut or
//! damaged document is masked as far as it goes.

mod form;
mod headers;
mod json;
mod multipart;
mod names;
mod redaction;
mod sensitive;
mod text;

use portcullis_detection::SensitiveKind;

pub use self::redaction::Redaction;

/// What stands where a secret stood.
const HIDDEN: &str = "***";

/// A header value as it may leave the node.
pub fn header(name: &[u8], value: &[u8]) -> String {
    let value = String::from_utf8_lossy(value);
    headers::mask(name, &value).unwrap_or_else(|| lossy(&text::mask(value.as_bytes())))
}

/// A request target: the query by its fields, the path only where it carries what looks like a secret by itself.
pub fn target(target: &[u8]) -> String {
    let question = target.iter().position(|byte| *byte == b'?').unwrap_or(target.len());
    let (path, query) = target.split_at_checked(question).unwrap_or((target, &[]));
    let mut masked = text::mask_values(path).into_owned();
    if let Some(query) = query.strip_prefix(b"?") {
        masked.push(b'?');
        masked.extend_from_slice(&text::mask_values(&form::mask(query, names::is_sensitive_field)));
    }
    lossy(&masked)
}

/// A body, by what it is; the content type is a hint only, because attackers write it.
pub fn body(content_type: Option<&str>, body: &[u8]) -> Vec<u8> {
    let named = |part: &str| content_type.is_some_and(|name| name.to_ascii_lowercase().contains(part));
    let fields = match body.trim_ascii_start().first() {
        Some(b'{' | b'[') => json::mask(body, names::is_sensitive_field),
        _ if named("multipart/") => multipart::mask(body, names::is_sensitive_field),
        _ if named("x-www-form-urlencoded") => form::mask(body, names::is_sensitive_field),
        _ => body.to_vec(),
    };
    text::mask(&fields)
}

/// What matched at a location such as `query.password` or `request.header.cookie`: hidden whole where the location
/// names a secret.
pub fn phrase(location: &str, phrase: &str) -> String {
    let secret = location.split(['.', '[', ']']).any(|part| {
        names::is_sensitive_field(part.as_bytes()) || names::is_sensitive_header(part.as_bytes())
    });
    if secret { HIDDEN.to_owned() } else { lossy(&text::mask(phrase.as_bytes())) }
}

/// What a detector of sensitive data matched: hidden whatever stands around it.
pub fn sensitive_phrase(kind: SensitiveKind, phrase: &str) -> String {
    lossy(&sensitive::value_of(kind, phrase.as_bytes()))
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body_text(content_type: &str, text: &str) -> String {
        String::from_utf8(body(Some(content_type), text.as_bytes())).unwrap()
    }

    #[test]
    fn a_target_keeps_names_and_loses_secret_values() {
        assert_eq!(target(b"/login?user=ann&password=hunter2&x=1"), "/login?user=ann&password=***&x=1");
        assert_eq!(target(b"/a?%70assword=hunter2"), "/a?%70assword=***");
        assert_eq!(target(b"/pay/4111111111111111"), "/pay/************1111");
        assert_eq!(target(b"/plain/token=1"), "/plain/token=1");
    }

    #[test]
    fn a_json_body_is_masked_at_any_depth_whatever_its_type_says() {
        assert_eq!(
            body_text("text/plain", r#"{"user":{"name":"ann","apiKey":"k-1"},"otp":123456}"#),
            r#"{"user":{"name":"ann","apiKey":"***"},"otp":"***"}"#
        );
    }

    #[test]
    fn form_and_multipart_bodies_are_masked_by_field() {
        assert_eq!(body_text("application/x-www-form-urlencoded", "a=1&passwd=x%20y"), "a=1&passwd=***");
        let part = "--b\r\nContent-Disposition: form-data; name=\"secret\"\r\n\r\nhush\r\n--b--";
        let masked = "--b\r\nContent-Disposition: form-data; name=\"secret\"\r\n\r\n***\r\n--b--";
        assert_eq!(body_text("multipart/form-data; boundary=b", part), masked);
    }

    #[test]
    fn a_phrase_at_a_secret_place_is_hidden_whole() {
        assert_eq!(phrase("query.password", "' or 1=1--"), "***");
        assert_eq!(phrase("request.header.authorization", "Basic abc"), "***");
        assert_eq!(phrase("query.id", "' or 1=1--"), "' or 1=1--");
        assert_eq!(
            phrase("response.body", "root:x:0:0:root:/root:/bin/bash"),
            "root:x:0:0:root:/root:/bin/bash"
        );
    }

    #[test]
    fn bytes_that_are_no_text_pass_without_harm() {
        assert_eq!(body(None, &[0xff, 0x00, 0xfe]), [0xff, 0x00, 0xfe]);
    }
}
