use super::*;

fn event(id: &str) -> ThreatEvent {
    use portcullis_proto::v1::Sample;
    let samples = vec![Sample { path: id.to_owned(), ..Sample::default() }];
    ThreatEvent {
        event_id: id.to_owned(),
        match_count: 1,
        detected_at_ms: 1000,
        samples,
        ..ThreatEvent::default()
    }
}

fn key(nth: u64) -> StormKey {
    StormKey::test(nth)
}

/// As a shard does it.
fn offer(storms: &Storms, nth: u64, id: &str, now: Instant) -> Vec<ThreatEvent> {
    if storms.count(key(nth), now) { Vec::new() } else { storms.take(key(nth), event(id), now) }
}

#[test]
fn the_first_goes_out_at_once_and_the_rest_as_one_count_with_few_samples() {
    let (storms, start) = (Storms::default(), Instant::now());
    let first = offer(&storms, 1, "0", start);
    assert_eq!((first.len(), first[0].match_count), (1, 1));
    for n in 1..1000_u64 {
        let now = start + Duration::from_millis(n);
        assert_eq!(offer(&storms, 1, &n.to_string(), now), []);
        assert_eq!(storms.due(now), []);
    }
    let [told] = <[_; 1]>::try_from(storms.due(start + Duration::from_secs(5))).unwrap();
    assert_eq!((told.event_id.as_str(), told.match_count), ("0", 1000));
    assert_eq!(told.last_detected_at_ms, 1999);
    let samples: Vec<_> = told.samples.iter().map(|sample| sample.path.as_str()).collect();
    assert_eq!(samples, ["0", "63", "127", "255", "511"]);
    assert_eq!(storms.due(start + Duration::from_secs(60)), [], "nothing new to tell");
}

#[test]
fn after_a_silence_and_after_an_hour_it_is_another_event() {
    let (storms, start) = (Storms::default(), Instant::now());
    assert_eq!(offer(&storms, 1, "a", start).len(), 1);
    assert_eq!(offer(&storms, 1, "x", start + SILENCE / 2), []);
    let then = offer(&storms, 1, "b", start + SILENCE * 2);
    let told: Vec<_> = then.iter().map(|event| (event.event_id.as_str(), event.match_count)).collect();
    assert_eq!(told, [("a", 2), ("b", 1)]);
    let begun = start + SILENCE * 2;
    let ids: Vec<_> = (1..=40)
        .flat_map(|n| offer(&storms, 1, "c", begun + Duration::from_secs(n * 100)))
        .map(|event| (event.event_id, event.match_count))
        .collect();
    assert_eq!(ids, [("b".to_owned(), 36), ("c".to_owned(), 1)]);
}

#[test]
fn counts_that_grow_go_out_ever_less_often() {
    let (storms, start) = (Storms::default(), Instant::now());
    let mut told = Vec::new();
    for second in 0..600 {
        let now = start + Duration::from_secs(second);
        offer(&storms, 1, "a", now);
        told.extend(storms.due(now).into_iter().map(|_| second));
    }
    assert_eq!(told, [5, 15, 35, 75, 155, 315]);
}

#[test]
fn too_many_push_the_quietest_out_which_is_told_and_counted() {
    let (storms, start) = (Storms::default(), Instant::now());
    let most = MAX_FOLDS as u64;
    let mut out = 0;
    for nth in 0..=most {
        out += offer(&storms, nth, "a", start).len() as u64;
        out += offer(&storms, nth, "b", start).len() as u64;
    }
    // The one that was pushed out had a count to tell.
    assert_eq!(out, most + 2);
    assert_eq!(storms.counters().value("storm_evicted_total"), 1);
    assert_eq!(storms.counters().value("storm_detections_folded_total"), most + 1);
    assert_eq!(storms.flush(start).len() as u64, most);
    assert_eq!(storms.flush(start), []);
}

#[test]
fn they_are_bounded_in_bytes() {
    let (storms, start) = (Storms::default(), Instant::now());
    for nth in 0..200 {
        let large = ThreatEvent { url: "x".repeat(1 << 20), ..event("a") };
        storms.take(key(nth), large, start);
    }
    assert!(storms.folds().bytes <= MAX_BYTES);
    assert!(storms.counters().value("storm_evicted_total") >= 168);
}

#[test]
fn what_became_of_the_block_is_the_latest() {
    use portcullis_proto::v1::{BlockDecision, BlockOutcome};
    let outcome =
        |decision: BlockDecision| Some(BlockOutcome { decision: decision.into(), reason: String::new() });
    let (storms, start) = (Storms::default(), Instant::now());
    let held = ThreatEvent { automatic_block: outcome(BlockDecision::HeldBack), ..event("a") };
    let blocked = ThreatEvent { automatic_block: outcome(BlockDecision::Blocked), ..event("b") };
    storms.take(key(1), held, start);
    storms.take(key(1), blocked.clone(), start);
    let told = storms.flush(start);
    assert_eq!(told[0].automatic_block, blocked.automatic_block);
}
