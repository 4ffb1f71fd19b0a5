//! Times and durations for people.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::{OffsetDateTime, macros::format_description};

/// Now, in epoch seconds.
pub(crate) fn now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

/// `2026-11-22 00:47:56Z`; empty for 0, which stands for «never».
pub(crate) fn stamp(epoch_seconds: i64) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
    match OffsetDateTime::from_unix_timestamp(epoch_seconds) {
        Ok(_) if epoch_seconds == 0 => String::new(),
        Ok(at) => at.format(format).unwrap_or_else(|_| epoch_seconds.to_string()),
        Err(_) => epoch_seconds.to_string(),
    }
}

/// The two largest units: `3h 59m`, `7d`, `42s`.
pub(crate) fn span(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (size, unit) in units {
        let count = rest / size;
        rest %= size;
        if count > 0 {
            parts.push(format!("{count}{unit}"));
        } else if !parts.is_empty() {
            break;
        }
        if parts.len() == 2 {
            break;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

/// A duration with units, as `30s`, `15m`, `4h`, `7d` or `1h 30m`, of at least a second.
pub(crate) fn parse_span(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text)
        .map_err(|error| format!("{error} (a number with its unit: 30s, 15m, 4h, 7d)"))?;
    if duration < Duration::from_secs(1) {
        return Err("must be at least 1s".to_owned());
    }
    Ok(duration)
}

/// Epoch seconds of a time given as RFC 3339 (`2026-11-22T00:00:00Z`), or as a duration before now (`2h`).
pub(crate) fn parse_since(text: &str) -> Result<i64, String> {
    if let Ok(at) = OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339) {
        return Ok(at.unix_timestamp());
    }
    let ago = parse_span(text).map_err(|_| {
        "neither a duration before now (30s, 15m, 4h, 7d) nor a time (2026-11-22T00:00:00Z)".to_owned()
    })?;
    i64::try_from(ago.as_secs())
        .ok()
        .and_then(|ago| now().checked_sub(ago))
        .filter(|&at| at > 0)
        .ok_or_else(|| "reaches back before 1970".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_has_a_unit() {
        for (text, seconds) in [("30s", 30), ("15m", 900), ("4h", 14_400), ("7d", 604_800), ("1h 30m", 5_400)]
        {
            assert_eq!(parse_span(text).unwrap().as_secs(), seconds, "{text}");
        }
        for text in ["", "4", "4 parsecs", "-4h", "0s", "5ms", "99999999999999999999h"] {
            assert!(parse_span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn since_takes_a_duration_or_a_time() {
        assert_eq!(parse_since("2026-11-22T01:00:00+01:00"), Ok(1_795_305_600));
        let two_hours_ago = parse_since("2h").unwrap();
        assert!((now() - 7_200 - two_hours_ago).abs() <= 1);
        assert!(parse_since("yesterday").unwrap_err().contains("2026-11-22T00:00:00Z"));
        assert!(parse_since("3000y").unwrap_err().contains("1970"));
    }

    #[test]
    fn a_span_is_shown_in_its_two_largest_units() {
        assert_eq!(span(0), "0s");
        assert_eq!(span(59), "59s");
        assert_eq!(span(14_399), "3h 59m");
        assert_eq!(span(86_400), "1d");
        assert_eq!(span(86_405), "1d");
    }

    #[test]
    fn a_stamp_is_utc_and_never_is_empty() {
        assert_eq!(stamp(1_795_308_476), "2026-11-22 00:47:56Z");
        assert_eq!(stamp(0), "");
        assert_eq!(stamp(i64::MAX), i64::MAX.to_string());
    }
}
