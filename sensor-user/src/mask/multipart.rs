use std::sync::LazyLock;

use regex::bytes::Regex;

use super::HIDDEN;

/// The head of a form-data part (RFC 7578 section 4.2) up to its empty line.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
static PART: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i-u)form-data;[^\r\n]*\bname="?([^"\r\n;]*)[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n"#)
        .unwrap()
});

/// Hides the content of every part whose name is a secret.
pub(super) fn mask(body: &[u8], is_secret: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut masked = Vec::with_capacity(body.len());
    let mut copied = 0;
    for part in PART.captures_iter(body) {
        let (Some(head), Some(name)) = (part.get(0), part.get(1)) else { continue };
        if !is_secret(name.as_bytes()) || head.end() < copied {
            continue;
        }
        masked.extend_from_slice(body.get(copied..head.end()).unwrap_or_default());
        masked.extend_from_slice(HIDDEN.as_bytes());
        copied = head.end() + content_len(body.get(head.end()..).unwrap_or_default());
    }
    masked.extend_from_slice(body.get(copied..).unwrap_or_default());
    masked
}

/// Up to the line that starts the next delimiter.
fn content_len(content: &[u8]) -> usize {
    content.windows(3).position(|three| three == b"\n--").map_or(content.len(), |newline| {
        let carriage_return = newline.checked_sub(1).and_then(|at| content.get(at)) == Some(&b'\r');
        newline - usize::from(carriage_return)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_part_is_hidden_even_where_the_body_is_cut() {
        let body = b"--b\r\ncontent-disposition: form-data; name=\"user\"\r\n\r\nann\r\n--b\r\n\
                     Content-Disposition: form-data; name=\"password\"\r\nContent-Type: text/plain\r\n\r\nhunt";
        let masked = String::from_utf8(mask(body, super::super::names::is_sensitive_field)).unwrap();
        assert!(masked.contains("ann") && masked.ends_with("text/plain\r\n\r\n***"), "{masked}");
    }
}
