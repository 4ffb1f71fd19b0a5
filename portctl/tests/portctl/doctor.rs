use serde_json::{Value, json};

use crate::fixture::{KEY, Run, Server, portctl, run};

const SENSORS: &str = "/api/fetchSensors";

fn level(run: &Run, name: &str) -> Option<(String, Option<String>)> {
    let report: Value = serde_json::from_str(&run.data).unwrap();
    let checks = report["checks"].as_array().unwrap().clone();
    let check = checks.into_iter().find(|check| check["name"] == name)?;
    Some((check["level"].as_str().unwrap().to_owned(), check["fix"].as_str().map(str::to_owned)))
}

#[test]
fn a_control_plane_with_a_valid_key_is_ok_and_its_fleet_is_looked_at() {
    let server = Server::start().answer(SENSORS, 200, json!({"sensors": [], "revision": 0}));
    let run = server.portctl(&["doctor", "-o", "json"]);
    assert_eq!(level(&run, "control plane"), Some(("ok".into(), None)));
    let first = &server.seen()[0];
    assert_eq!((first.path.as_str(), &first.key), ("/healthz", &None), "who asks for health shows no key");
    assert_eq!(level(&run, "API key"), Some(("ok".into(), None)));
    let (sensors, fix) = level(&run, "sensors").unwrap();
    assert_eq!(sensors, "warning");
    assert!(fix.unwrap().contains("join-token create"));
}

#[test]
fn a_control_plane_that_is_away_is_missing_and_makes_the_doctor_fail() {
    let run =
        run(portctl(&["--server", "http://127.0.0.1:9", "doctor", "-o", "json"]).env("PORTCTL_API_KEY", KEY));
    assert_eq!(run.code, 1);
    let (control_plane, fix) = level(&run, "control plane").unwrap();
    assert_eq!(control_plane, "missing");
    assert!(fix.unwrap().contains("control-plane --data-dir DIR"));
    assert_eq!(level(&run, "API key"), None);
}

#[test]
fn a_key_that_is_not_known_is_missing_with_the_way_to_make_one() {
    let server = Server::start().answer(SENSORS, 401, json!({}));
    let run = server.portctl(&["doctor", "-o", "json"]);
    assert_eq!(run.code, 1);
    let (key, fix) = level(&run, "API key").unwrap();
    assert_eq!(key, "missing");
    assert!(fix.unwrap().contains("keys create"));
}

#[test]
fn the_node_is_looked_at_even_without_a_control_plane() {
    let run = run(&mut portctl(&["--server", "http://127.0.0.1:9", "doctor", "-o", "jsonl"]));
    let names: Vec<_> = run
        .data
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["name"].as_str().unwrap().to_owned())
        .collect();
    for name in [
        "kernel: gate",
        "kernel: ring buffer",
        "kernel: tap",
        "kernel: BTF",
        "privileges",
        "bpffs",
        "libpcap",
        "nft",
        "clock",
    ] {
        assert!(names.iter().any(|found| found == name), "{name} of {names:?}");
    }
}

#[test]
fn the_text_names_the_fix_below_each_finding_that_is_not_well() {
    let run = run(&mut portctl(&["--server", "http://127.0.0.1:9", "doctor"]));
    let lines: Vec<_> = run.data.lines().collect();
    let at = lines.iter().position(|line| line.starts_with("missing  control plane")).unwrap();
    assert!(lines[at + 1].contains("→ start it with: control-plane"), "{}", run.data);
    assert!(run.notes.contains("missing"), "{}", run.notes);
}
