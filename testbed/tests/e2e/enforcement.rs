use std::time::{Duration, Instant};

use portcullis_stack::Capture;
use portcullis_testbed::site::Answer;
use serde_json::{Value, json};

use crate::scene::{self, ATTACKER, CUSTOMER, wait_for};

const HEALTH: &str = "/api/health";

#[test]
fn block_ip_drops_an_actor_and_lifting_it_lets_them_in() -> anyhow::Result<()> {
    block_and_lift(Capture::Ebpf)
}

/// libpcap captures, nftables drops.
#[test]
fn block_ip_drops_an_actor_and_lifting_it_lets_them_in_with_nftables() -> anyhow::Result<()> {
    block_and_lift(Capture::Pcap)
}

#[test]
fn a_block_holds_and_ends_on_time_without_the_agent() -> anyhow::Result<()> {
    ends_without_agent(Capture::Ebpf)
}

#[test]
fn a_block_holds_and_ends_on_time_without_the_agent_with_nftables() -> anyhow::Result<()> {
    ends_without_agent(Capture::Pcap)
}

fn block_and_lift(capture: Capture) -> anyhow::Result<()> {
    let Some(scene) = scene::set(capture)? else { return Ok(()) };
    assert_eq!(scene.get(ATTACKER, HEALTH)?.status(), Some(200));

    let reply = scene.set_status(ATTACKER, "blocked")?;
    assert_eq!(reply.pointer("/sensors/applied"), Some(&json!(1)), "{reply}");
    let before = scene.dropped(ATTACKER)?;
    assert_eq!(scene.get(ATTACKER, HEALTH)?, Answer::TimedOut);
    assert_eq!(scene.get(CUSTOMER, HEALTH)?.status(), Some(200), "others are served");
    wait_for("the drop counter rises", || Ok(scene.dropped(ATTACKER)? > before))?;

    let reply = scene.set_status(ATTACKER, "active")?;
    assert_eq!(reply.get("blocked"), Some(&Value::Bool(false)), "{reply}");
    assert_eq!(scene.get(ATTACKER, HEALTH)?.status(), Some(200));
    Ok(())
}

fn ends_without_agent(capture: Capture) -> anyhow::Result<()> {
    const TTL: Duration = Duration::from_secs(8);
    let Some(mut scene) = scene::set(capture)? else { return Ok(()) };
    let start = Instant::now();
    let body = json!({ "cidr": "203.0.113.0/28", "ttlSeconds": TTL.as_secs(), "reason": "test" });
    let reply = scene.rest.call("addBlock", &body)?;
    assert_eq!(reply.pointer("/sensors/applied"), Some(&json!(1)), "{reply}");
    scene.stage.kill_sensor()?;

    // Whatever curl needs to give up: it must do so while the block is in force.
    assert_eq!(scene.get(ATTACKER, HEALTH)?, Answer::TimedOut);
    assert_eq!(scene.get(ATTACKER, HEALTH)?, Answer::TimedOut);
    assert!(start.elapsed() < TTL, "this machine is too slow to tell");

    let limit = TTL + Duration::from_secs(5);
    while scene.get(ATTACKER, HEALTH)? == Answer::TimedOut {
        assert!(start.elapsed() < limit, "still blocked after {:?}", start.elapsed());
    }
    let ended = start.elapsed();
    assert!(ended >= TTL - Duration::from_secs(1), "it ended after {ended:?}, too early");
    Ok(())
}
