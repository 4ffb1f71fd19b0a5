use portcullis_proto::v1::{EventType, Severity, ThreatEvent};
use serde_json::{Value, json};

/// One line of `sensor replay --emit events`.
pub fn event_json(event: &ThreatEvent) -> Value {
    let matched = event.matched.iter().map(|found| {
        json!({
            "location": found.location,
            "start": found.start,
            "end": found.end,
            "phrase": found.phrase,
            "detector": found.detector,
        })
    });
    json!({
        "actor": event.actor,
        "policy": event.policy_id,
        "category": event.category,
        "sub_category": event.sub_category,
        "severity": short(event.severity().as_str_name(), Severity::Unspecified.as_str_name()),
        "method": event.method,
        "url": event.url,
        "host": event.host,
        "status": (event.status_code != 0).then_some(event.status_code),
        "successful_exploit": event.successful_exploit.is_some(),
        "event_type": short(event.event_type().as_str_name(), EventType::Unspecified.as_str_name()),
        "matched": matched.collect::<Vec<_>>(),
    })
}

/// `SEVERITY_HIGH` → `HIGH`: protobuf repeats the type in every value's name.
fn short<'a>(name: &'a str, unspecified: &str) -> &'a str {
    let prefix = unspecified.trim_end_matches("UNSPECIFIED");
    name.strip_prefix(prefix).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use portcullis_proto::v1::Match;

    use super::*;

    #[test]
    fn a_line_has_the_documented_keys() {
        let event = ThreatEvent {
            actor: "203.0.113.5".into(),
            policy_id: "SQLInjection".into(),
            category: "SQLI".into(),
            sub_category: "Union".into(),
            severity: Severity::Critical.into(),
            method: "GET".into(),
            url: "/users".into(),
            host: "api.test".into(),
            event_type: EventType::Single.into(),
            matched: vec![Match { location: "query.id".into(), end: 3, ..Match::default() }],
            ..ThreatEvent::default()
        };
        let expected = json!({
            "actor": "203.0.113.5", "policy": "SQLInjection", "category": "SQLI", "sub_category": "Union",
            "severity": "CRITICAL", "method": "GET", "url": "/users", "host": "api.test", "status": null,
            "successful_exploit": false, "event_type": "SINGLE",
            "matched": [{"location": "query.id", "start": 0, "end": 3, "phrase": "", "detector": ""}],
        });
        assert_eq!(event_json(&event), expected);
    }
}
