use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::json;

use crate::fixture::Server;

#[test]
fn a_backup_is_a_file_for_its_owner_and_overwrites_none() {
    let server = Server::start().answer("/api/exportBackup", 200, json!("all of it"));
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("one");
    let made = server.portctl(&["backup", "--to", to.to_str().unwrap()]);
    assert_eq!((made.code, made.data.as_str()), (0, ""), "{}", made.notes);
    assert!(made.notes.contains("9 bytes") && made.notes.contains("control-plane restore"), "{}", made.notes);
    assert_eq!(fs::read_to_string(&to).unwrap(), "all of it");
    assert_eq!(to.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let again = server.portctl(&["backup", "--to", to.to_str().unwrap()]);
    assert_eq!(again.code, 1);
    assert!(again.notes.contains("is there already"), "{}", again.notes);
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_refused_backup_leaves_no_file() {
    let refusal = json!({"actionErrors": ["this needs the role admin, and yours is viewer"]});
    let server = Server::start().answer("/api/exportBackup", 403, refusal);
    let folder = tempfile::tempdir().unwrap();
    let refused = server.portctl(&["backup", "--to", folder.path().join("one").to_str().unwrap()]);
    assert_eq!(refused.code, 1);
    assert!(refused.notes.contains("needs the role admin"), "{}", refused.notes);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
