use portcullis_proto::v1::{DetectionType, EventType, Header, Match, Sample, Severity, ThreatEvent};
use uuid::Uuid;

/// 2025-08-04 12:00:00 UTC, in seconds.
pub const NOON: u64 = 1_754_308_800;

/// A path traversal at [`NOON`] by 203.0.113.9.
pub fn event() -> ThreatEvent {
    event_at(NOON)
}

pub fn event_at(seconds: u64) -> ThreatEvent {
    ThreatEvent {
        event_id: Uuid::now_v7().to_string(),
        ref_id: Uuid::now_v7().to_string(),
        detected_at_ms: seconds * 1000,
        actor: "203.0.113.9".into(),
        policy_id: "PathTraversal".into(),
        category: "LFI".into(),
        sub_category: "PATH_TRAVERSAL".into(),
        severity: Severity::High.into(),
        event_type: EventType::Single.into(),
        detection_type: DetectionType::RuleBased.into(),
        method: "GET".into(),
        url: "/files".into(),
        host: "api.test".into(),
        status_code: 200,
        matched: vec![Match {
            location: "query.name".into(),
            start: 0,
            end: 9,
            phrase: "../../etc".into(),
            detector: "path".into(),
        }],
        samples: vec![sample(seconds)],
        match_count: 1,
        ..ThreatEvent::default()
    }
}

fn sample(seconds: u64) -> Sample {
    let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
    Sample {
        time_ms: seconds * 1000,
        source_ip: "203.0.113.9".into(),
        source_port: 40_000,
        destination_ip: "192.0.2.1".into(),
        destination_port: 80,
        protocol: "HTTP/1.1".into(),
        method: "GET".into(),
        path: "/files?name=../../etc/passwd".into(),
        request_headers: vec![header("Host", "api.test")],
        status_code: 200,
        reason: "OK".into(),
        response_headers: vec![header("Content-Type", "text/plain")],
        response_payload: b"root:x:0:0:root:/root:/bin/bash\n".to_vec(),
        ..Sample::default()
    }
}
