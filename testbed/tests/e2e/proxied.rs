//! Attackers behind a trusted proxy: nginx, which asks the API over loopback.

use std::net::IpAddr;

use portcullis_testbed::{CLIENT_V6, site::Answer};
use serde_json::{Value, json};

use crate::{
    automatic::{block_of, policies, text},
    scene::{self, ATTACKER, CUSTOMER, Scene, wait_for},
};

const HEALTH: &str = "/api/health";
const TRUSTED: [&str; 2] = ["--trusted-proxy", "127.0.0.0/8"];

/// Takes the API a second, so that the answer cannot come before the agent has looked.
fn slow_request(scene: &Scene, actor: IpAddr) -> anyhow::Result<Answer> {
    let body = ["--json", r#"{"host": "x; sleep 1"}"#];
    scene.stage.site.curl(actor).with(&body).get("/api/diagnostics")
}

fn counter(scene: &Scene, name: &str) -> anyhow::Result<u64> {
    let sensors = scene.rest.call("fetchSensors", &json!({}))?;
    Ok(sensors.pointer(&format!("/sensors/0/counters/{name}")).and_then(Value::as_u64).unwrap_or_default())
}

#[test]
fn a_blocked_actors_request_is_cut_off_and_others_are_served() -> anyhow::Result<()> {
    let Some(scene) = scene::set_on("lo", &TRUSTED)? else { return Ok(()) };
    let attackers = [IpAddr::from(ATTACKER), IpAddr::V6(CLIENT_V6)];
    for attacker in attackers {
        assert_eq!(slow_request(&scene, attacker)?.status(), Some(200), "not blocked yet");
        let block = json!({ "actorIp": attacker, "status": "blocked", "reason": "test" });
        let reply = scene.rest.call("modifyThreatActorStatus", &block)?;
        assert_eq!(reply.pointer("/sensors/applied"), Some(&json!(1)), "{reply}");
        assert_eq!(slow_request(&scene, attacker)?.status(), Some(502), "{attacker}");
        assert_eq!(scene.get(CUSTOMER, HEALTH)?.status(), Some(200));
        assert_eq!(slow_request(&scene, CUSTOMER.into())?.status(), Some(200));
    }
    wait_for("the cuts are counted", || {
        Ok(counter(&scene, "cut_flows_total")? >= 2 && counter(&scene, "cut_resets_total")? >= 2)
    })?;

    // Lifted, and served.
    scene.set_status(ATTACKER, "active")?;
    assert_eq!(slow_request(&scene, ATTACKER.into())?.status(), Some(200));
    Ok(())
}

#[test]
fn a_policy_that_blocks_cuts_the_next_request_of_who_is_behind_the_proxy() -> anyhow::Result<()> {
    let policies = policies()?;
    let arguments = [TRUSTED[0], TRUSTED[1], "--policies", text(&policies)?];
    let Some(scene) = scene::set_on("lo", &arguments)? else { return Ok(()) };
    assert_eq!(scene.get(ATTACKER, "/strike")?.status(), Some(404));
    wait_for("the block is listed", || Ok(block_of(&scene, "203.0.113.7/32")?.is_some()))?;
    assert_eq!(slow_request(&scene, ATTACKER.into())?.status(), Some(502));
    assert_eq!(
        slow_request(&scene, CUSTOMER.into())?.status(),
        Some(200),
        "the proxy itself is never blocked"
    );
    Ok(())
}

/// Neither what a client writes before a trusted proxy, nor what one writes who is no trusted proxy.
#[test]
fn a_header_that_nobody_trusts_cuts_and_blocks_nobody() -> anyhow::Result<()> {
    let policies = policies()?;
    let spoofed = ["--header", "X-Forwarded-For: 203.0.113.7"];
    let arguments = [TRUSTED[0], TRUSTED[1], "--policies", text(&policies)?];
    let Some(scene) = scene::set_on("lo", &arguments)? else { return Ok(()) };
    scene.set_status(ATTACKER, "blocked")?;
    let customer = || scene.stage.site.curl(CUSTOMER.into()).with(&spoofed);
    let slow = ["--json", r#"{"host": "x; sleep 1"}"#];
    assert_eq!(customer().with(&slow).get("/api/diagnostics")?.status(), Some(200));
    assert_eq!(customer().get("/strike")?.status(), Some(404));
    wait_for("the one who did it is blocked", || Ok(block_of(&scene, "198.51.100.10/32")?.is_some()))?;
    assert_eq!(counter(&scene, "cut_flows_total")?, 0);

    let Some(untrusting) = scene::set_on("lo", &["--policies", text(&policies)?])? else { return Ok(()) };
    untrusting.set_status(ATTACKER, "blocked")?;
    assert_eq!(slow_request(&untrusting, ATTACKER.into())?.status(), Some(200));
    assert_eq!(untrusting.get(ATTACKER, "/strike")?.status(), Some(404));
    let refused =
        json!({ "decision": "refused", "reason": "127.0.0.0/8 is loopback, which is never dropped" });
    let outcome = || {
        let events = untrusting.rest.events(&json!({ "ips": ["127.0.0.1"] }))?;
        Ok::<_, anyhow::Error>(events.first().and_then(|event| event.get("automaticBlock").cloned()))
    };
    wait_for("its event", || Ok(outcome()?.is_some()))?;
    assert_eq!(outcome()?, Some(refused));
    Ok(())
}
