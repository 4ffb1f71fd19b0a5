use serde_json::{Value, json};

use crate::fixture::Server;

const SET: &str = "/api/modifyThreatConfiguration";

fn reply(applied: u64) -> Value {
    json!({
        "revision": 3, "sensors": {"total": 1, "applied": applied}, "refused": [], "behind": [], "tookMs": 2.0,
        "configuration": {"retentionDays": 30},
    })
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn what_get_prints_is_what_set_takes() {
    let configuration =
        json!({"trustedProxies": {"cidrs": ["10.0.0.0/8"], "header": "auto"}, "retentionDays": 30});
    let shown = json!({"configuration": configuration, "author": "ada", "updatedAt": 1, "revision": 2});
    let server =
        Server::start().answer("/api/fetchThreatConfiguration", 200, shown).answer(SET, 200, reply(1));
    let run = server.portctl(&["config", "get"]);
    assert_eq!(serde_json::from_str::<Value>(&run.data).unwrap(), configuration);
    let printed = file(&run.data);
    let set = server.portctl(&["config", "set", printed.path().to_str().unwrap()]);
    assert_eq!((set.code, set.notes.as_str()), (0, "threat configuration: revision 3, sensors 1/1\n"));
    let mut asked = configuration;
    asked["replace"] = json!(false);
    assert_eq!(server.seen()[1].body, asked);
}

#[test]
fn a_file_may_be_yaml_and_a_slip_in_it_is_told_before_anything_is_sent() {
    let server = Server::start().answer(SET, 200, reply(0));
    let yaml = file("retentionDays: 30\nredaction:\n  headers: [x-secret]\n");
    let run = server.portctl(&["config", "set", yaml.path().to_str().unwrap(), "--replace"]);
    assert_eq!(run.code, 2, "{}", run.notes);
    assert_eq!(
        server.seen()[0].body,
        json!({"retentionDays": 30, "redaction": {"headers": ["x-secret"]}, "replace": true})
    );
    for (text, told) in [
        ("retentionDay: 30\n", "\"retentionDay\" is none of trustedProxies"),
        ("- 1\n", "holds no document"),
        ("a: [\n", "neither YAML nor JSON"),
    ] {
        let slip = file(text);
        let run = server.portctl(&["config", "set", slip.path().to_str().unwrap()]);
        assert!(run.code == 64 && run.notes.contains(told), "{text:?}: {} {}", run.code, run.notes);
    }
    assert_eq!(server.seen().len(), 1);
}
