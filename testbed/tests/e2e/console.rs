use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::atomic::{AtomicU8, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::ensure;
use portcullis_stack::Capture;
use portcullis_testbed::SERVER_V4;

use crate::{
    need,
    scene::{self, ATTACKER, CUSTOMER, Scene},
};

/// What it clicks and expects is in console/e2e; what it sees are events of this minute.
#[test]
fn the_console_shows_an_attack_and_blocks_its_actor() -> anyhow::Result<()> {
    let Some(scene) = set()? else { return Ok(()) };
    assert_eq!(scene.get(CUSTOMER, "/api/users/1")?.status(), Some(200));
    // Markup, because what an attacker sends must never become a part of the page.
    let body = ["--json", r#"{"username": "<script>alert(1)</script>", "password": "x"}"#];
    let answer = scene.stage.site.curl(IpAddr::from(ATTACKER)).with(&body).get("/api/login")?;
    assert_eq!(answer.status(), Some(401));
    scene.let_all_arrive()?;
    look(&scene, "e2e", &[])?;
    // On what the steps above left: issues, an event, blocks.
    look(&scene, "e2e:axe", &[])
}

/// Some of the labelled attacks besides our own; all of them take minutes.
const FROM_CORPUS: &str = "40";

#[test]
fn attacks_on_whoever_looks_at_them_stay_text() -> anyhow::Result<()> {
    let Some(scene) = set()? else { return Ok(()) };
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let clients = &scene.stage.site.network.clients;
    let sent = clients
        .command("node")
        .arg(folder().join("e2e/attack.mjs"))
        .env("PORTCULLIS_TARGET", format!("http://{SERVER_V4}"))
        .env("PORTCULLIS_XSS", FROM_CORPUS)
        .output()?;
    told(&sent)?;
    scene.let_all_arrive()?;
    look(&scene, "e2e:xss", &[("PORTCULLIS_SINCE", &since.to_string())])
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../console")
}

fn set() -> anyhow::Result<Option<Scene>> {
    if !need::program("chromium") || !need::program("npm") || !need::folder(&folder().join("node_modules")) {
        return Ok(None);
    }
    // A browser trusts loopback more than any other plain HTTP, and that is where users have it.
    scene::set_with(Capture::Ebpf, Some(own_loopback_address()))
}

/// Runs one of the console's scripts in a browser.
fn look(scene: &Scene, script: &str, more: &[(&str, &str)]) -> anyhow::Result<()> {
    let mut npm = Command::new("npm");
    npm.current_dir(folder()).args(["run", "--silent", script]).envs(more.iter().copied());
    told(&npm.env("PORTCULLIS_URL", scene.rest.url()).env("PORTCULLIS_API_KEY", scene.rest.key()).output()?)
}

/// What it said, for whoever reads why a test failed.
#[expect(clippy::print_stdout, reason = "libtest keeps it and shows it with a failure")]
fn told(output: &Output) -> anyhow::Result<()> {
    println!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{}", output.status);
    Ok(())
}

/// A loopback address of this test's own: a port of 127.0.0.1 that was free a moment ago may have become that of
/// somebody's outgoing connection.
fn own_loopback_address() -> SocketAddr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    (Ipv4Addr::new(127, high | 1, low, NEXT.fetch_add(1, Ordering::Relaxed)), 8080).into()
}
