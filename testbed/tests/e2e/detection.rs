use anyhow::Context as _;
use portcullis_stack::Capture;
use serde_json::{Value, json};

use crate::scene::{self, ATTACKER, CUSTOMER, TRAVERSAL};

#[test]
fn an_honest_request_raises_no_event() -> anyhow::Result<()> {
    honest_requests_raise_no_event(Capture::Ebpf)
}

#[test]
fn an_honest_request_raises_no_event_with_libpcap() -> anyhow::Result<()> {
    honest_requests_raise_no_event(Capture::Pcap)
}

#[test]
fn a_traversal_that_worked_raises_one_event_with_its_evidence() -> anyhow::Result<()> {
    traversal_raises_one_event(Capture::Ebpf)
}

#[test]
fn a_traversal_that_worked_raises_one_event_with_libpcap() -> anyhow::Result<()> {
    traversal_raises_one_event(Capture::Pcap)
}

fn honest_requests_raise_no_event(capture: Capture) -> anyhow::Result<()> {
    let Some(scene) = scene::set(capture)? else { return Ok(()) };
    for target in
        ["/api/users/1", "/api/products?search=lantern%2C%20brass", "/api/invoices?name=2026-0001.txt"]
    {
        assert_eq!(scene.get(CUSTOMER, target)?.status(), Some(200), "{target}");
    }
    scene.let_all_arrive()?;
    assert_eq!(scene.events_of(CUSTOMER)?, Vec::<Value>::new());
    Ok(())
}

fn traversal_raises_one_event(capture: Capture) -> anyhow::Result<()> {
    let Some(scene) = scene::set(capture)? else { return Ok(()) };
    assert_eq!(scene.get(ATTACKER, TRAVERSAL)?.status(), Some(200));
    scene.let_all_arrive()?;
    let events = scene.events_of(ATTACKER)?;
    let [event] = events.as_slice() else { anyhow::bail!("not one event but {}: {events:#?}", events.len()) };
    assert_eq!(event.get("successfulExploit"), Some(&json!(true)), "{event:#}");
    assert_eq!(event.get("url"), Some(&json!("/api/invoices")), "{event:#}");
    assert_eq!(event.get("eventType"), Some(&json!("SINGLE")), "{event:#}");

    let samples = scene.rest.call(
        "fetchAggregateMaliciousRequests",
        &json!({
            "refId": event.get("refId"),
            "eventType": event.get("eventType"),
            "actor": event.get("actor"),
            "filterId": event.get("filterId"),
        }),
    )?;
    let original = samples
        .pointer("/maliciousPayloadsResponses/0/orig")
        .and_then(Value::as_str)
        .with_context(|| format!("no sample in {samples}"))?;
    let original: Value = serde_json::from_str(original).context("orig is no JSON")?;
    let text = |key: &str| original.get(key).and_then(Value::as_str).unwrap_or_default();
    assert!(text("responsePayload").contains("root:x:0:0:"), "{original:#}");
    assert!(text("path").contains("etc/passwd"), "{original:#}");
    assert_eq!(text("ip"), "203.0.113.7", "{original:#}");
    Ok(())
}
