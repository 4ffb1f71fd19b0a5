//! The sensors as the control plane sees them.

use super::Check;
use crate::{
    losses,
    output::when,
    reply::{Fleet, Sensor},
};

const START: &str = "sensor run --interface NAME --control-plane URL --join-token FILE";

pub(super) fn checks(fleet: &Fleet, node: Option<String>) -> Vec<Check> {
    let parsed = fleet.sensors.iter().map(|row| serde_json::from_value::<Sensor>(row.clone()));
    let sensors = match parsed.collect::<Result<Vec<_>, _>>() {
        Ok(sensors) => sensors,
        Err(error) => {
            return vec![Check::warning(
                "sensors",
                format!("the control plane describes them in a way unknown here: {error}"),
                "use a portctl of the control plane's version",
            )];
        }
    };
    if sensors.is_empty() {
        return vec![Check::warning(
            "sensors",
            "none has enrolled",
            format!("control-plane join-token create --data-dir DIR > FILE; then on each node: {START}"),
        )];
    }
    let mut checks = vec![connected(&sensors), applied(&sensors, fleet.revision)];
    checks.extend(node.and_then(|node| here(&sensors, &node)));
    checks.extend(sensors.iter().filter(|sensor| sensor.connected).flat_map(interfaces));
    checks.push(lost(&sensors));
    checks
}

fn connected(sensors: &[Sensor]) -> Check {
    let away: Vec<_> = sensors.iter().filter(|sensor| !sensor.connected).map(name).collect();
    if away.is_empty() {
        return Check::ok("sensors: connected", format!("all {}", sensors.len()));
    }
    let finding = format!("{} of {} are away: {}", away.len(), sensors.len(), some(&away));
    Check::warning("sensors: connected", finding, "look at the sensor on its node, or start it again")
}

fn applied(sensors: &[Sensor], revision: u64) -> Check {
    let behind: Vec<_> = sensors
        .iter()
        .filter(|sensor| sensor.connected && sensor.behind(revision) > 0)
        .map(|sensor| format!("{} by {}", name(sensor), sensor.behind(revision)))
        .collect();
    if behind.is_empty() {
        return Check::ok("sensors: revision", format!("every connected sensor has applied {revision}"));
    }
    Check::warning(
        "sensors: revision",
        format!("behind revision {revision}: {}", some(&behind)),
        "wait some seconds and look with: portctl sensors; if it stays, read that sensor's log",
    )
}

/// Whether this node itself has one; a control plane's host need not.
fn here(sensors: &[Sensor], node: &str) -> Option<Check> {
    let mine: Vec<_> = sensors.iter().filter(|sensor| sensor.node == node).collect();
    if mine.iter().any(|sensor| sensor.connected) {
        return Some(Check::ok("sensors: this node", format!("{node} has one, connected")));
    }
    let seen = mine.iter().filter_map(|sensor| sensor.last_seen).max().filter(|&seen| seen > 0);
    let finding = match seen {
        Some(seen) => format!("{node} has one, last seen {}", when::stamp(seen)),
        None => format!("{node} has none"),
    };
    Some(Check::warning("sensors: this node", finding, START))
}

fn interfaces(sensor: &Sensor) -> Vec<Check> {
    if sensor.capture_mode.as_deref().unwrap_or_default().is_empty() {
        return vec![Check::warning(
            "sensors: interfaces",
            format!("{} has not reported yet", name(sensor)),
            "wait some seconds and look with: portctl sensors",
        )];
    }
    if sensor.interfaces.is_empty() {
        return vec![Check::warning(
            "sensors: interfaces",
            format!("{} watches none", name(sensor)),
            "give it one: sensor run --interface NAME …",
        )];
    }
    let bare = sensor.interfaces.iter().filter_map(|interface| {
        let lacks = match (interface.gate.as_str(), interface.tap.as_str()) {
            ("none", "none") => "neither gate nor tap: nothing is seen, nothing blocked",
            ("none", _) => "no gate: attacks are seen, not blocked",
            (_, "none") => "no tap: nothing is seen",
            _ => return None,
        };
        let note = if interface.note.is_empty() { String::new() } else { format!(" ({})", interface.note) };
        Some(Check::warning(
            "sensors: interfaces",
            format!("{} {}: {lacks}{note}", name(sensor), interface.name),
            "on that node: sudo portctl doctor; and read that sensor's log",
        ))
    });
    let bare: Vec<_> = bare.collect();
    if bare.is_empty() {
        let finding = format!("{}: {} with gate and tap", name(sensor), sensor.interfaces.len());
        return vec![Check::ok("sensors: interfaces", finding)];
    }
    bare
}

fn lost(sensors: &[Sensor]) -> Check {
    let lost: Vec<_> = sensors
        .iter()
        .flat_map(|sensor| {
            let losses = losses::of(sensor);
            losses
                .into_iter()
                .map(|(counter, count)| format!("{} {counter} {count}", name(sensor)))
                .collect::<Vec<_>>()
        })
        .collect();
    if lost.is_empty() {
        return Check::ok("sensors: losses", "no sensor has lost anything since its start");
    }
    Check::warning(
        "sensors: losses",
        some(&lost),
        "portctl sensors shows all; watch fewer interfaces, or give that node more CPU",
    )
}

fn name(sensor: &Sensor) -> String {
    if sensor.node.is_empty() { sensor.id.clone() } else { sensor.node.clone() }
}

/// The first few, and how many more.
fn some(items: &[String]) -> String {
    const FEW: usize = 5;
    let shown = items.iter().take(FEW).cloned().collect::<Vec<_>>().join(", ");
    match items.len().checked_sub(FEW) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::doctor::Level;

    fn sensor(change: Value) -> Value {
        let mut sensor = json!({
            "id": "s1", "node": "alpha", "version": "0.1.0", "captureMode": "ebpf", "enforcementMode": "xdp",
            "interfaces": [{"name": "lo", "gate": "generic", "tap": "tcx", "note": ""}], "connected": true,
            "appliedRevision": 7, "lastSeen": 1_795_308_476, "counters": {"gate_dropped_ipv4_total": 9},
        });
        sensor.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        sensor
    }

    fn level_of(name: &str, sensors: Vec<Value>) -> Level {
        let checks = checks(&Fleet { sensors, revision: 7 }, Some("alpha".into()));
        checks.iter().find(|check| check.name == name).unwrap().level
    }

    #[test]
    fn a_sound_fleet_is_ok_throughout_and_what_the_gate_drops_is_no_loss() {
        let checks = checks(&Fleet { sensors: vec![sensor(json!({}))], revision: 7 }, Some("alpha".into()));
        assert!(checks.iter().all(|check| check.level == Level::Ok), "{checks:?}");
        assert_eq!(checks.len(), 5);
    }

    #[test]
    fn each_way_of_not_being_well_is_a_warning_of_its_own() {
        for (name, change) in [
            ("sensors: connected", json!({"connected": false})),
            ("sensors: revision", json!({"appliedRevision": 5})),
            ("sensors: this node", json!({"node": "beta"})),
            ("sensors: interfaces", json!({"interfaces": [{"name": "lo", "gate": "none", "tap": "tcx"}]})),
            ("sensors: interfaces", json!({"interfaces": []})),
            ("sensors: interfaces", json!({"captureMode": "", "interfaces": []})),
            ("sensors: losses", json!({"ingest": {"rejected": 1}})),
            ("sensors: losses", json!({"counters": {"tap_ring_full_total": 3}})),
        ] {
            assert_eq!(level_of(name, vec![sensor(change.clone())]), Level::Warning, "{name} {change}");
        }
    }

    #[test]
    fn no_sensor_at_all_names_how_to_enrol_one() {
        let checks = checks(&Fleet { sensors: vec![], revision: 0 }, None);
        assert!(checks[0].fix.as_deref().unwrap().contains("join-token create"), "{checks:?}");
    }
}
