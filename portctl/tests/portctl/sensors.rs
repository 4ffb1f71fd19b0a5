use serde_json::{Value, json};

use crate::fixture::Server;

const SENSORS: &str = "/api/fetchSensors";

fn fleet() -> Value {
    let sensor = |id: &str, node: &str, connected: bool, applied: u64, counters: Value| {
        json!({
            "id": id, "node": node, "version": "0.1.0", "captureMode": "ebpf", "enforcementMode": "xdp",
            "interfaces": [
                {"name": "lo", "gate": "generic", "tap": "tcx", "note": ""},
                {"name": "veth0", "gate": "none", "tap": "tcx", "note": "busy"},
            ],
            "connected": connected, "appliedRevision": applied, "lastSeen": 0, "enrolledAt": 1_795_308_476,
            "startedAt": 1_795_308_476, "counters": counters,
        })
    };
    json!({
        "sensors": [
            sensor("s1", "alpha", true, 7, json!({"capture_segments_total": 90, "seen_permille": 1000, "seen_of_late_permille": 1000})),
            sensor("s2", "beta", false, 5, json!({
                "tap_ring_full_total": 3, "tap_shed_flows_total": 12, "gate_dropped_ipv4_total": 9,
                "seen_permille": 998, "seen_of_late_permille": 405,
            })),
            sensor("s3", "gamma", false, 7, json!({})),
        ],
        "revision": 7,
    })
}

#[test]
fn the_table_shows_modes_revisions_the_share_seen_and_losses_by_cause() {
    let server = Server::start().answer(SENSORS, 200, fleet());
    let run = server.portctl(&["sensors"]);
    assert_eq!(
        run.data,
        "\
ID  NODE   VERSION  MODES      INTERFACES                        REVISION     SEEN                    LOST                     LAST SEEN
s1  alpha  0.1.0    ebpf, xdp  lo: gate generic, tap tcx         7            all                     nothing                  connected
                               veth0: gate none, tap tcx (busy)
s2  beta   0.1.0    ebpf, xdp  lo: gate generic, tap tcx         5, 2 behind  99.8 %, of late 40.5 %  tap_ring_full_total 3    never
                               veth0: gate none, tap tcx (busy)                                       tap_shed_flows_total 12
s3  gamma  0.1.0    ebpf, xdp  lo: gate generic, tap tcx         7            unknown                 nothing                  never
                               veth0: gate none, tap tcx (busy)
"
    );
    assert_eq!(run.code, 0);
}

#[test]
fn json_says_how_far_behind_each_is_and_what_it_saw_and_lost() {
    let server = Server::start().answer(SENSORS, 200, fleet());
    let run = server.portctl(&["sensors", "-o", "json"]);
    let sensors: Value = serde_json::from_str(&run.data).unwrap();
    assert_eq!((&sensors[0]["behind"], &sensors[1]["behind"]), (&json!(0), &json!(2)));
    let shares = |sensor: &Value| (sensor["seenPermille"].clone(), sensor["seenOfLatePermille"].clone());
    assert_eq!(shares(&sensors[1]), (json!(998), json!(405)));
    assert_eq!(shares(&sensors[2]), (json!(null), json!(null)));
    assert_eq!(sensors[0]["losses"], json!({}));
    assert_eq!(sensors[1]["losses"], json!({"tap_ring_full_total": 3, "tap_shed_flows_total": 12}));
    assert_eq!(sensors[1]["counters"]["tap_ring_full_total"], 3);
}

#[test]
fn without_any_the_way_to_enrol_one_is_shown() {
    let server = Server::start().answer(SENSORS, 200, json!({"sensors": [], "revision": 0}));
    let run = server.portctl(&["sensors"]);
    assert_eq!((run.data.as_str(), run.code), ("", 0));
    assert!(run.notes.contains("control-plane join-token create"), "{}", run.notes);
}

#[test]
fn limits_of_automatic_blocks_that_have_tripped_are_an_alert() {
    let mut fleet = fleet();
    fleet["sensors"][0]["automaticBlocking"] =
        json!({"mode": "tripped", "reason": "60 automatic blocks within a minute", "trippedSeconds": 5});
    fleet["sensors"][1]["automaticBlocking"] = json!({"mode": "armed", "reason": "", "trippedSeconds": null});
    let run = Server::start().answer(SENSORS, 200, fleet).portctl(&["sensors"]);
    assert_eq!(run.data.matches("auto-block tripped").count(), 1, "{}", run.data);
    assert!(
        run.notes.starts_with("policies block nobody on alpha: 60 automatic blocks within a minute"),
        "{}",
        run.notes
    );
}

#[test]
fn a_sensor_is_revoked_by_its_id_and_shown_so() {
    let mut fleet = fleet();
    fleet["sensors"][1]["revokedAt"] = json!(1_795_308_476);
    let server =
        Server::start().answer(SENSORS, 200, fleet).answer("/api/revokeSensor", 200, json!({"id": "s2"}));
    let run = server.portctl(&["sensors", "revoke", "s2"]);
    assert_eq!((run.code, run.notes.trim()), (0, "s2 is revoked"));
    assert_eq!(server.portctl(&["sensors"]).data.matches("revoked").count(), 1);
}

fn alert(id: u64, closed: Value) -> Value {
    json!({
        "id": id, "sensorId": "s1", "node": "alpha", "kind": "loss", "subject": "eth0", "severity": "MEDIUM",
        "detail": "40 % of packets are not seen", "openedAt": 1_795_308_476, "closedAt": closed,
    })
}

#[test]
fn alerts_are_listed_with_what_is_lost_and_since_when() {
    let alerts = json!({"alerts": [alert(4, json!(null)), alert(3, json!(1_795_308_476))], "open": 1});
    let server = Server::start().answer("/api/fetchCoverageAlerts", 200, alerts).answer(
        "/api/fetchCoverageAlerts",
        200,
        json!({"alerts": [], "open": 0}),
    );
    let run = server.portctl(&["sensors", "alerts", "--closed"]);
    assert_eq!(
        run.data,
        "\
ID  SEVERITY  NODE   KIND  WHAT                          SINCE                 UNTIL
4   MEDIUM    alpha  loss  40 % of packets are not seen  2026-11-22 00:47:56Z  open
3   MEDIUM    alpha  loss  40 % of packets are not seen  2026-11-22 00:47:56Z  2026-11-22 00:47:56Z
"
    );
    let none = server.portctl(&["sensors", "alerts"]);
    assert_eq!((none.code, none.data.as_str()), (0, ""));
    assert!(none.notes.starts_with("no alert"), "{}", none.notes);
    let asked: Vec<_> = server.seen().iter().map(|seen| seen.body["closed"].clone()).collect();
    assert_eq!(asked, [json!(true), json!(false)]);
}

#[test]
fn an_alert_is_accepted_by_its_id() {
    let gone = json!({"actionErrors": ["id: there is no such alert, or it is closed"]});
    let server = Server::start().answer("/api/acceptCoverageAlert", 200, json!({"id": 4})).answer(
        "/api/acceptCoverageAlert",
        422,
        gone,
    );
    let run = server.portctl(&["sensors", "accept", "4"]);
    assert!(run.code == 0 && run.notes.starts_with("alert 4 is closed"), "{}", run.notes);
    assert_eq!(server.seen()[0].body, json!({"id": 4}));
    let again = server.portctl(&["sensors", "accept", "4"]);
    assert!(again.code == 1 && again.notes.contains("no such alert"), "{}", again.notes);
}
