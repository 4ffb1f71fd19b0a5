use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    process::Command,
};

use portcullis_stack::Capture;

use crate::{
    need,
    scene::{self, ATTACKER, CUSTOMER},
};

/// What it clicks and expects is in console/e2e; what it sees are events of this minute.
#[test]
fn the_console_shows_an_attack_and_blocks_its_actor() -> anyhow::Result<()> {
    let console = Path::new(env!("CARGO_MANIFEST_DIR")).join("../console");
    if !need::program("chromium") || !need::program("npm") || !need::folder(&console.join("node_modules")) {
        return Ok(());
    }
    // A browser trusts loopback more than any other plain HTTP, and that is where users have it.
    let Some(scene) = scene::set_with(Capture::Ebpf, Some(own_loopback_address()))? else { return Ok(()) };
    assert_eq!(scene.get(CUSTOMER, "/api/users/1")?.status(), Some(200));
    // Markup, because what an attacker sends must never become a part of the page.
    let body = ["--json", r#"{"username": "<script>alert(1)</script>", "password": "x"}"#];
    let answer = scene.stage.site.curl(IpAddr::from(ATTACKER)).with(&body).get("/api/login")?;
    assert_eq!(answer.status(), Some(401));
    scene.let_all_arrive()?;

    let browser = Command::new("npm")
        .current_dir(console)
        .args(["run", "--silent", "e2e"])
        .env("PORTCULLIS_URL", scene.rest.url())
        .env("PORTCULLIS_API_KEY", scene.rest.key())
        .output()?;
    let said = [browser.stdout, browser.stderr].concat();
    assert!(browser.status.success(), "{}\n{}", browser.status, String::from_utf8_lossy(&said));
    Ok(())
}

/// A loopback address of this process's own: a port of 127.0.0.1 that was free a moment ago may have become that of
/// somebody's outgoing connection.
fn own_loopback_address() -> SocketAddr {
    let [.., high, low] = std::process::id().to_be_bytes();
    (Ipv4Addr::new(127, high | 1, low, 1), 8080).into()
}
