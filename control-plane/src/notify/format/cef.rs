//! ArcSight Common Event Format, revision 25 of its guide.

use std::{fmt::Write, net::IpAddr};

use super::summary;
use crate::store::Queued;

/// Of one value. The guide's own bound for `request`.
const MAX_VALUE: usize = 1_023;

pub(super) fn line(queued: &Queued) -> String {
    let notice = &queued.notice;
    let mut line = format!(
        "CEF:0|Portcullis|Portcullis|{}|{}|{}|{}|",
        env!("CARGO_PKG_VERSION"),
        header(&notice.policy),
        header(&format!("{} {}", notice.category, notice.sub_category)),
        severity(&notice.severity),
    );
    let mut field = |key: &str, value: &str| {
        if !value.is_empty() {
            // Writing into text cannot fail.
            let _infallible = write!(line, "{key}={} ", extension(value));
        }
    };
    if notice.coverage.is_some() {
        field("msg", &summary(notice));
    }
    field("rt", &notice.detected_at.millis().to_string());
    field("externalId", &notice.event_id);
    match notice.actor.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => field("src", &address.to_string()),
        Ok(IpAddr::V6(address)) => {
            field("c6a2Label", "Source IPv6 Address");
            field("c6a2", &address.to_string());
        }
        Err(_) => field("suser", &notice.actor),
    }
    field("requestMethod", &notice.method);
    field("dhost", &notice.host);
    field("request", &notice.url);
    field("cat", &notice.category);
    if notice.coverage.is_none() {
        field("outcome", if notice.successful_exploit { "success" } else { "unknown" });
    }
    for (label, key, value) in [
        ("subCategory", "cs1", &notice.sub_category),
        ("country", "cs2", &notice.country),
        ("sensorId", "cs3", &notice.sensor_id),
        ("deliveryId", "cs4", &queued.id.to_string()),
    ] {
        if !value.is_empty() {
            field(&format!("{key}Label"), label);
            field(key, value);
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// 0 to 10.
fn severity(name: &str) -> u8 {
    match name {
        "CRITICAL" => 10,
        "HIGH" => 8,
        "MEDIUM" => 5,
        _ => 3,
    }
}

/// «|» and «\» are escaped; a header has one line.
fn header(text: &str) -> String {
    escaped(text, |letter| match letter {
        '|' => Some("\\|"),
        '\\' => Some("\\\\"),
        '\n' | '\r' => Some(" "),
        _ => None,
    })
}

/// «=» and «\» are escaped, and line ends are written as such.
fn extension(text: &str) -> String {
    escaped(text, |letter| match letter {
        '=' => Some("\\="),
        '\\' => Some("\\\\"),
        '\n' => Some("\\n"),
        '\r' => Some("\\r"),
        _ => None,
    })
}

fn escaped(text: &str, replace: fn(char) -> Option<&'static str>) -> String {
    let text = text.get(..text.floor_char_boundary(MAX_VALUE)).unwrap_or_default();
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match replace(letter) {
            Some(other) => escaped.push_str(other),
            None => escaped.push(if letter.is_control() { ' ' } else { letter }),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::format::queued;

    #[test]
    fn hostile_values_stay_within_their_field() {
        let hostile = queued(|notice| {
            notice.policy = "a|b\\c\nd".into();
            notice.url = "/x=1|2\\3\r\nCEF:0|forged".into();
            notice.host = "h\u{0}\u{1b}[2J".into();
            notice.severity = "CRITICAL".into();
        });
        assert_eq!(
            line(&hostile),
            concat!(
                "CEF:0|Portcullis|Portcullis|",
                env!("CARGO_PKG_VERSION"),
                "|a\\|b\\\\c d|Test TEST|10|rt=1754308800123 externalId=00000000-0000-0000-0000-000000000007 src=192.0.2.1 ",
                "requestMethod=GET dhost=h  [2J request=/x\\=1|2\\\\3\\r\\nCEF:0|forged cat=Test outcome=unknown ",
                "cs1Label=subCategory cs1=TEST cs4Label=deliveryId cs4=00000000-0000-0000-0000-000000000009"
            )
        );
    }

    #[test]
    fn an_ipv6_actor_stands_where_the_guide_has_it() {
        let line = line(&queued(|notice| notice.actor = "2001:db8::1".into()));
        assert!(
            line.contains(" c6a2Label=Source IPv6 Address c6a2=2001:db8::1 ") && !line.contains("src="),
            "{line}"
        );
    }
}
