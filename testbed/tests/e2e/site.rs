//! The site by itself: what the tests after this rely on.

use std::{net::IpAddr, path::Path};

use portcullis_testbed::{
    CLIENT_V6,
    site::{Answer, Site},
};

use crate::need;

fn open(folder: &Path) -> anyhow::Result<Site> {
    Site::open(Path::new(env!("CARGO_BIN_EXE_portcullis-demo")), folder.join("site"))
}

#[test]
fn clients_are_served_from_addresses_of_both_families() {
    if !need::root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let site = open(folder.path()).unwrap();
    for actor in [IpAddr::from([198, 51, 100, 10]), IpAddr::from([203, 0, 113, 7]), IpAddr::V6(CLIENT_V6)] {
        let answer = site.curl(actor).get("/api/users/1").unwrap();
        assert!(matches!(&answer, Answer::Status(200, body) if body.contains("ada")), "{actor}: {answer:?}");
    }
}

#[test]
fn the_api_does_not_run_as_root() {
    if !need::root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let site = open(folder.path()).unwrap();
    let body = ["--json", r#"{"host": "x; id -u"}"#];
    let answer = site.curl(IpAddr::from([203, 0, 113, 7])).with(&body).get("/api/diagnostics").unwrap();
    assert!(matches!(&answer, Answer::Status(200, body) if body.contains("65534")), "{answer:?}");
}

#[test]
fn nothing_is_left_when_the_site_is_closed() {
    if !need::root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let site = open(folder.path()).unwrap();
    let (server, clients) = (site.network.server.path(), site.network.clients.path());
    let host = site.network.host.to_string();
    assert!(server.exists() && clients.exists());
    drop(site);
    assert!(!server.exists() && !clients.exists());
    let addresses = std::process::Command::new("ip").args(["-4", "addr"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&addresses.stdout).contains(&format!("{host}/")));
}
