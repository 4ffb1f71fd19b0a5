//! A detection as it leaves the node: named once, cut to a bound, masked.

mod cut;
mod sample;

use portcullis_detection::{Detection, DetectionType, EventType, Match, SensitiveKind, Severity};
use portcullis_exchange::ActorSource;
use portcullis_proto::v1;
use uuid::Uuid;

use crate::mask;

/// Places that a page can still show; a policy that matches everywhere gains nothing from the hundredth.
const MAX_MATCHES: usize = 16;
const MAX_PHRASE: usize = 512;
const MAX_LOCATION: usize = 256;
const MAX_URL: usize = 8 << 10;
const MAX_HOST: usize = 256;
const MAX_SAMPLES: usize = 10;

/// `None` where a detection carries no exchange: there is nobody to name.
pub fn threat_event(detection: &Detection) -> Option<v1::ThreatEvent> {
    let newest = detection.samples.first()?;
    let exchange = &newest.exchange;
    let request = exchange.request.as_ref();
    let budget = match detection.event_type {
        EventType::Single => sample::SINGLE_PAYLOAD,
        EventType::Aggregated => sample::AGGREGATED_PAYLOAD,
    };
    Some(v1::ThreatEvent {
        event_id: Uuid::now_v7().to_string(),
        ref_id: Uuid::now_v7().to_string(),
        detected_at_ms: exchange.completed_at.millis(),
        actor: newest.actor.name(),
        actor_behind_proxy: newest.actor.source == ActorSource::TrustedProxy,
        policy_id: detection.policy_id.to_string(),
        category: detection.info.category.name.clone(),
        sub_category: detection.info.sub_category.clone(),
        severity: severity(detection.severity).into(),
        event_type: event_type(detection.event_type).into(),
        detection_type: detection_type(detection.detection_type).into(),
        method: request.map_or_else(String::new, |request| cut::text(&request.method, MAX_LOCATION)),
        url: request.map_or_else(String::new, |request| cut::text(&mask::target(request.path()), MAX_URL)),
        host: request.and_then(|r| r.host()).map_or_else(String::new, |host| cut::text(&host, MAX_HOST)),
        status_code: exchange.response.as_ref().map_or(0, |response| response.status.into()),
        successful_exploit: detection.successful_exploit.as_ref().map(|evidence| v1::SuccessEvidence {
            kind: evidence.kind.clone(),
            at: Some(match_of(&evidence.at)),
        }),
        matched: detection.matched.iter().take(MAX_MATCHES).map(match_of).collect(),
        samples: detection
            .samples
            .iter()
            .take(MAX_SAMPLES)
            .map(|kept| sample::sample(kept, budget))
            .collect(),
        match_count: detection.match_count,
        api_collection_id: newest.tags.collection_id,
        account_id: newest.tags.account_id.clone(),
        automatic_block: None,
        last_detected_at_ms: 0,
        actor_address: newest.actor.identity.map_or_else(String::new, |_| newest.actor.address.to_string()),
        vni: exchange.vni,
    })
}

fn match_of(found: &Match) -> v1::Match {
    let sensitive = SensitiveKind::ALL.into_iter().find(|kind| kind.name() == found.detector);
    let phrase = match sensitive {
        Some(kind) => mask::sensitive_phrase(kind, &found.phrase),
        None => mask::phrase(&found.location, &found.phrase),
    };
    v1::Match {
        location: cut::text(&found.location, MAX_LOCATION),
        start: u32::try_from(found.start).unwrap_or(u32::MAX),
        end: u32::try_from(found.end).unwrap_or(u32::MAX),
        phrase: cut::text(&phrase, MAX_PHRASE),
        detector: cut::text(&found.detector, MAX_LOCATION),
    }
}

fn severity(severity: Severity) -> v1::Severity {
    match severity {
        Severity::Low => v1::Severity::Low,
        Severity::Medium => v1::Severity::Medium,
        Severity::High => v1::Severity::High,
        Severity::Critical => v1::Severity::Critical,
    }
}

fn event_type(event_type: EventType) -> v1::EventType {
    match event_type {
        EventType::Single => v1::EventType::Single,
        EventType::Aggregated => v1::EventType::Aggregated,
    }
}

fn detection_type(detection_type: DetectionType) -> v1::DetectionType {
    match detection_type {
        DetectionType::RuleBased => v1::DetectionType::RuleBased,
        DetectionType::Anomaly => v1::DetectionType::Anomaly,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use portcullis_detection::{Category, Evidence, Info, Mode};
    use portcullis_exchange::{Body, Exchange, Headers, Request, Response, TaggedExchange, Tags, Timestamp};

    use super::*;

    fn detection() -> Detection {
        let exchange = Exchange {
            completed_at: Timestamp::from_seconds(11),
            vni: Some(7),
            request: Some(Request {
                method: "GET".into(),
                target: b"/files?name=../../etc/passwd&token=abc".to_vec(),
                headers: Headers::from_pairs([("Host", "api.test"), ("Authorization", "Bearer abc")]),
                ..Request::default()
            }),
            response: Some(Response {
                status: 200,
                reason: b"OK".to_vec(),
                headers: Headers::from_pairs([("Set-Cookie", "sid=abc; Path=/")]),
                body: Body::plain(vec![b'x'; 100_000]),
                trailers: Headers::default(),
            }),
            ..Exchange::at(Timestamp::from_seconds(10), ([203, 0, 113, 5], 4711), ([192, 0, 2, 80], 80))
        };
        let found = Match {
            location: "query.name".into(),
            start: 0,
            end: 16,
            phrase: "../../etc/passwd".into(),
            detector: "traversal".into(),
        };
        Detection {
            policy_id: "LocalFileInclusion".into(),
            info: Arc::new(Info {
                category: Category { name: "LFI".into(), ..Category::default() },
                sub_category: "Traversal".into(),
                ..Info::default()
            }),
            severity: Severity::High,
            event_type: EventType::Single,
            detection_type: DetectionType::RuleBased,
            matched: vec![found.clone(); 100],
            successful_exploit: Some(Evidence { kind: "file-contents".into(), at: found }),
            match_count: 1,
            mode: Mode::Detect,
            block_ttl: None,
            samples: vec![Arc::new(TaggedExchange {
                tags: Arc::new(Tags { account_id: "42".into(), ..Tags::default() }),
                ..TaggedExchange::untagged(exchange)
            })],
        }
    }

    #[test]
    fn an_event_says_who_what_and_where() {
        let event = threat_event(&detection()).unwrap();
        assert_eq!((event.actor.as_str(), event.actor_behind_proxy), ("203.0.113.5", false));
        assert_eq!((event.url.as_str(), event.host.as_str(), event.status_code), ("/files", "api.test", 200));
        assert_eq!((event.category.as_str(), event.sub_category.as_str()), ("LFI", "Traversal"));
        assert_eq!(event.severity(), v1::Severity::High);
        assert_eq!(event.detected_at_ms, 11_000);
        assert_eq!(event.account_id, "42");
    }

    #[test]
    fn no_secret_is_left_in_a_sample() {
        let event = threat_event(&detection()).unwrap();
        let sample = event.samples.first().unwrap();
        assert_eq!(sample.path, "/files?name=../../etc/passwd&token=***");
        let header = |fields: &[v1::Header], nth: usize| fields.get(nth).map(|field| field.value.clone());
        assert_eq!(header(&sample.request_headers, 1), Some("Bearer ***".into()));
        assert_eq!(header(&sample.response_headers, 0), Some("sid=***; Path=/".into()));
    }

    #[test]
    fn a_leaked_number_leaves_the_node_hidden_in_match_and_sample() {
        let mut detection = detection();
        let leaked = Match {
            location: "response.body".into(),
            start: 8,
            end: 17,
            phrase: "536904399".into(),
            detector: "us-ssn".into(),
        };
        detection.matched = vec![leaked];
        let mut kept = (*detection.samples[0]).clone();
        kept.exchange.response.as_mut().unwrap().body = Body::plain(r#"{"ssn": 536904399}"#);
        detection.samples = vec![Arc::new(kept)];
        let event = threat_event(&detection).unwrap();
        assert_eq!(event.matched[0].phrase, "*******99");
        let sample = String::from_utf8_lossy(&event.samples[0].response_payload).into_owned();
        assert!(!sample.contains("536904399"), "{sample}");
    }

    #[test]
    fn an_event_is_bounded_and_says_how_much_there_was() {
        let event = threat_event(&detection()).unwrap();
        let sample = event.samples.first().unwrap();
        assert_eq!(event.matched.len(), MAX_MATCHES);
        assert_eq!(sample.response_payload.len(), sample::SINGLE_PAYLOAD);
        assert_eq!(sample.response_payload_len, 100_000);
    }

    #[test]
    fn every_event_has_an_id_of_its_own() {
        let detection = detection();
        let id = || threat_event(&detection).unwrap().event_id;
        assert_ne!(id(), id());
    }
}
