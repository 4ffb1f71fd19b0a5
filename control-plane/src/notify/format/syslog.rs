use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::cef;
use crate::store::Queued;

/// local0 (RFC 5424 §6.2.1).
const FACILITY: u8 = 16;
/// RFC 5424 §6.2.4.
const MAX_HOSTNAME: usize = 255;

/// A message with its length before it: octet counting (RFC 6587 §3.4.1, RFC 5425 §4.3).
pub(super) fn frame(queued: &Queued) -> Vec<u8> {
    let message = message(queued, &hostname());
    format!("{} {message}", message.len()).into_bytes()
}

/// RFC 5424, without structured data; the message is CEF.
fn message(queued: &Queued, hostname: &str) -> String {
    let priority = FACILITY * 8 + severity(&queued.notice.severity);
    let nanos = i128::from(queued.notice.detected_at.millis()) * 1_000_000;
    let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok().and_then(|at| at.format(&Rfc3339).ok());
    let at = at.unwrap_or_else(|| "-".to_owned());
    format!("<{priority}>1 {at} {hostname} portcullis {} threat - {}", std::process::id(), cef::line(queued))
}

fn severity(name: &str) -> u8 {
    match name {
        "CRITICAL" => 2,
        "HIGH" => 3,
        "MEDIUM" => 4,
        _ => 5,
    }
}

/// «-» is nobody knows.
fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name.chars().filter(char::is_ascii_graphic).take(MAX_HOSTNAME).collect();
    if name.is_empty() { "-".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::format::queued;

    #[test]
    fn the_header_is_that_of_rfc_5424() {
        let high = queued(|notice| notice.severity = "HIGH".into());
        let message = message(&high, "plane-1");
        let expected = format!(
            "<131>1 2025-08-04T12:00:00.123Z plane-1 portcullis {} threat - CEF:0|",
            std::process::id()
        );
        assert!(message.starts_with(&expected), "{message}");
    }

    #[test]
    fn a_frame_counts_octets_and_not_letters() {
        let frame = String::from_utf8(frame(&queued(|notice| notice.url = "/é".into()))).unwrap();
        let (length, message) = frame.split_once(' ').unwrap();
        assert_eq!(length.parse::<usize>().unwrap(), message.len());
    }
}
