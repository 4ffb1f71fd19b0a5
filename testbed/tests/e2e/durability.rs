use std::collections::BTreeMap;

use portcullis_stack::Capture;
use serde_json::{Value, json};

use crate::scene::{self, Scene, TRAVERSAL, wait_for};

#[test]
fn a_control_plane_that_is_killed_loses_and_doubles_nothing() -> anyhow::Result<()> {
    let Some(mut scene) = scene::set(Capture::Ebpf)? else { return Ok(()) };
    attack(&scene, 1..=4)?;
    // In the middle of it: some of these may be on the way, stored but not acknowledged, or not sent at all.
    scene.stage.kill_control_plane()?;
    attack(&scene, 5..=8)?;
    scene.stage.restart_control_plane()?;
    attack(&scene, 9..=12)?;

    wait_for("an event of every attacker", || Ok(events_by_actor(&scene)?.len() == 12))?;
    scene.let_all_arrive()?;
    let mut expected: BTreeMap<String, usize> =
        (1..=12).map(|last| (format!("203.0.113.{last}"), 1)).collect();
    expected.insert("203.0.113.200".to_owned(), 1);
    assert_eq!(events_by_actor(&scene)?, expected);
    Ok(())
}

#[test]
fn a_block_survives_the_end_of_sensor_and_control_plane() -> anyhow::Result<()> {
    let Some(mut scene) = scene::set(Capture::Ebpf)? else { return Ok(()) };
    let attacker = [203, 0, 113, 3];
    scene.set_status(attacker, "blocked")?;
    scene.stage.kill_sensor()?;
    scene.stage.restart_control_plane()?;
    scene.stage.start_sensor()?;
    assert_eq!(scene.get(attacker, "/api/health")?.status(), None, "still blocked");
    let reply = scene.set_status(attacker, "active")?;
    assert_eq!(reply.pointer("/sensors/applied"), Some(&json!(1)), "{reply}");
    assert_eq!(scene.get(attacker, "/api/health")?.status(), Some(200));
    Ok(())
}

/// Each from an address of its own, so that every event can be told from the others.
fn attack(scene: &Scene, last_bytes: std::ops::RangeInclusive<u8>) -> anyhow::Result<()> {
    for last in last_bytes {
        assert_eq!(scene.get([203, 0, 113, last], TRAVERSAL)?.status(), Some(200));
    }
    Ok(())
}

fn events_by_actor(scene: &Scene) -> anyhow::Result<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::new();
    for event in scene.rest.events(&json!({}))? {
        let actor = event.get("actor").and_then(Value::as_str).unwrap_or("nobody").to_owned();
        *counts.entry(actor).or_default() += 1;
    }
    Ok(counts)
}
