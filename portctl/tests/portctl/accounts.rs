use serde_json::json;

use crate::fixture::Server;

const AT: i64 = 1_795_308_476;

#[test]
fn accounts_are_listed_with_those_that_are_going() {
    let account = |id: &str, removed: serde_json::Value| json!({"id": id, "name": "Tenant", "createdAt": AT, "createdBy": "ada", "removedAt": removed});
    let accounts = [account("north", json!(null)), account("south", json!(AT))];
    let run = Server::start()
        .answer("/api/fetchAccounts", 200, json!({"accounts": accounts, "total": 2}))
        .portctl(&["accounts", "list"]);
    assert_eq!(
        run.data,
        "\
ID     NAME    STATE    MADE BY  SINCE
north  Tenant  active   ada      2026-11-22 00:47:56Z
south  Tenant  removed  ada      2026-11-22 00:47:56Z
"
    );
    assert_eq!(run.code, 0);
}

#[test]
fn the_first_key_of_an_account_stands_alone_on_standard_output() {
    let server = Server::start().answer(
        "/api/addAccount",
        200,
        json!({"id": "north", "name": "Tenant", "key": "pck_north_1"}),
    );
    let run = server.portctl(&["accounts", "add", "north", "--name", "Tenant"]);
    assert_eq!((run.code, run.data.as_str()), (0, "pck_north_1\n"));
    assert!(run.notes.contains("this once") && !run.notes.contains("pck_north"), "{}", run.notes);
    assert_eq!(server.seen()[0].body, json!({"id": "north", "name": "Tenant"}));
}

#[test]
fn nothing_is_removed_without_saying_that_its_data_goes() {
    let server = Server::start().answer("/api/removeAccount", 200, json!({"id": "north"}));
    assert_eq!(server.portctl(&["accounts", "remove", "north"]).code, 64);
    assert!(server.seen().is_empty());
    let run = server.portctl(&["accounts", "remove", "north", "--delete-data"]);
    assert_eq!((run.code, run.notes.as_str()), (0, "north is removed, and its data deleted\n"));
    assert_eq!(server.seen()[0].body, json!({"id": "north", "deleteData": true}));
}

#[test]
fn the_mapping_of_networks_is_printed_as_it_was_written_and_set_from_a_file() {
    let yaml = "accounts:\n  north: [100-199]\n";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), yaml).unwrap();
    let server = Server::start()
        .answer("/api/fetchVniMapping", 200, json!({"yaml": yaml}))
        .answer("/api/modifyVniMapping", 200, json!({"yaml": yaml}))
        .answer(
            "/api/modifyVniMapping",
            403,
            json!({"actionErrors": ["this is for admins of the operator's account"]}),
        );
    assert_eq!(server.portctl(&["accounts", "vni"]).data, yaml);
    let set = ["accounts", "vni", "--set", file.path().to_str().unwrap()];
    assert_eq!(server.portctl(&set).code, 0);
    assert_eq!(server.seen()[1].body, json!({"yaml": yaml}));
    let refused = server.portctl(&set);
    assert!(refused.code == 1 && refused.notes.contains("operator's account"), "{}", refused.notes);
    assert_eq!(server.portctl(&["accounts", "vni", "--set", "/nowhere"]).code, 64);
}
