//! Policies that block by themselves.

use std::{
    fs::File,
    io::Write as _,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    os::fd::AsFd as _,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use nix::sched::{CloneFlags, setns};
use portcullis_testbed::{SERVER_V4, SERVICE, site::Answer};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::scene::{self, ATTACKER, CUSTOMER, Scene, wait_for};

const HEALTH: &str = "/api/health";
const STRIKE: &str = "/strike";
const POLICY: &str =
    "id: Strike\nmode: block\nblock: {ttl: 10m}\nfilter:\n  url: {contains_either: [/strike]}\n";

/// A folder with the one policy.
pub(crate) fn policies() -> anyhow::Result<TempDir> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("strike.yaml"), POLICY)?;
    Ok(folder)
}

pub(crate) fn text(folder: &TempDir) -> anyhow::Result<&str> {
    folder.path().to_str().context("a folder with an odd name")
}

pub(crate) fn block_of(scene: &Scene, actor: &str) -> anyhow::Result<Option<Value>> {
    scene.rest.block(actor)
}

fn outcome(scene: &Scene, actor: [u8; 4]) -> anyhow::Result<Option<Value>> {
    Ok(scene.events_of(actor)?.first().and_then(|event| event.get("automaticBlock").cloned()))
}

#[test]
fn a_policy_blocks_the_actor_at_once_and_the_control_plane_makes_it_a_block_of_the_fleet()
-> anyhow::Result<()> {
    let policies = policies()?;
    let Some(scene) = scene::set_on(SERVICE, &["--policies", text(&policies)?])? else { return Ok(()) };
    assert_eq!(scene.get(ATTACKER, STRIKE)?.status(), Some(404));
    wait_for("it is blocked", || Ok(scene.get(ATTACKER, HEALTH)? == Answer::TimedOut))?;
    assert_eq!(scene.get(CUSTOMER, HEALTH)?.status(), Some(200));
    wait_for("the block is listed", || Ok(block_of(&scene, "203.0.113.7/32")?.is_some()))?;
    let block = block_of(&scene, "203.0.113.7/32")?.unwrap_or_default();
    assert_eq!(block.get("author"), Some(&json!("policy:Strike")), "{block}");
    let lasts = |key: &str| block.get(key).and_then(Value::as_i64).unwrap_or_default();
    assert!((595..=600).contains(&(lasts("expiresAt") - lasts("createdAt"))), "{block}");
    wait_for("its event", || Ok(outcome(&scene, ATTACKER)?.is_some()))?;
    assert_eq!(outcome(&scene, ATTACKER)?, Some(json!({ "decision": "blocked", "reason": "" })));

    // A person lifts it, and that is that until the next attack.
    scene.set_status(ATTACKER, "active")?;
    assert_eq!(scene.get(ATTACKER, HEALTH)?.status(), Some(200));
    Ok(())
}

#[test]
fn a_block_made_while_the_control_plane_was_away_is_told_later_by_the_next_sensor_process_too()
-> anyhow::Result<()> {
    let policies = policies()?;
    let Some(mut scene) = scene::set_on(SERVICE, &["--policies", text(&policies)?])? else { return Ok(()) };
    scene.stage.kill_control_plane()?;
    scene.get(ATTACKER, STRIKE)?;
    wait_for("it is blocked", || Ok(scene.get(ATTACKER, HEALTH)? == Answer::TimedOut))?;
    scene.stage.kill_sensor()?;
    scene.stage.restart_control_plane()?;
    assert!(block_of(&scene, "203.0.113.7/32")?.is_none());
    scene.stage.start_sensor()?;
    wait_for("the block is listed", || Ok(block_of(&scene, "203.0.113.7/32")?.is_some()))?;
    assert_eq!(scene.get(ATTACKER, HEALTH)?, Answer::TimedOut, "all the while");
    Ok(())
}

#[test]
fn past_its_limit_a_policy_blocks_nobody_and_everybody_sees_it() -> anyhow::Result<()> {
    let policies = policies()?;
    let arguments = ["--policies", text(&policies)?, "--auto-block-per-minute", "2"];
    let Some(scene) = scene::set_on(SERVICE, &arguments)? else { return Ok(()) };
    for last in 1..=4 {
        scene.get([203, 0, 113, last], STRIKE)?;
    }
    let is_blocked =
        |last| Ok::<_, anyhow::Error>(scene.get([203, 0, 113, last], HEALTH)? == Answer::TimedOut);
    assert_eq!([is_blocked(1)?, is_blocked(2)?, is_blocked(3)?, is_blocked(4)?], [true, true, false, false]);
    wait_for("the event of the third", || Ok(outcome(&scene, [203, 0, 113, 3])?.is_some()))?;
    let held_back = json!({ "decision": "held back", "reason": "2 automatic blocks within a minute" });
    assert_eq!(outcome(&scene, [203, 0, 113, 3])?, Some(held_back));
    let tripped = || {
        let sensors = scene.rest.call("fetchSensors", &json!({}))?;
        Ok(sensors.pointer("/sensors/0/automaticBlocking/mode") == Some(&json!("tripped")))
    };
    wait_for("the alert", tripped)
}

/// From the attack's last byte to the first packet that is dropped: what detection and the kernel take together, the
/// answer's way included, since that is part of what is judged.
#[test]
fn the_first_packet_is_dropped_within_a_tenth_of_a_second() -> anyhow::Result<()> {
    const EVERY: Duration = Duration::from_micros(100);
    let policies = policies()?;
    let Some(scene) = scene::set_on(SERVICE, &["--policies", text(&policies)?])? else { return Ok(()) };
    let (clients, server) = (scene.stage.site.network.clients.path(), scene.stage.site.network.server.path());
    let mut took = Vec::new();
    for last in 101..=109 {
        let actor = Ipv4Addr::new(203, 0, 113, last);
        let inbox = inside(&server, || UdpSocket::bind((SERVER_V4, 0)))??;
        let to = inbox.local_addr()?;
        inbox.set_read_timeout(Some(Duration::from_millis(300)))?;
        let receiving = thread::spawn(move || {
            let (mut newest, mut buffer) = (0_u64, [0; 8]);
            while inbox.recv(&mut buffer).is_ok() {
                newest = newest.max(u64::from_be_bytes(buffer));
            }
            newest
        });
        let start = Instant::now();
        let asked = inside(&clients, move || attack(actor, to, start, EVERY))??;
        let newest = Duration::from_nanos(receiving.join().map_err(|_| anyhow::anyhow!("the receiver"))?);
        took.push((newest + EVERY).saturating_sub(asked));
    }
    took.sort_unstable();
    println!("last byte of the attack → first packet dropped: {took:?}");
    let median = took.get(took.len() / 2).copied().unwrap_or_default();
    assert!(median < Duration::from_millis(100), "{took:?}");
    Ok(())
}

/// Attacks and knocks from the same address, until well after it must be blocked. Gives when the last byte was sent.
fn attack(actor: Ipv4Addr, to: SocketAddr, start: Instant, every: Duration) -> std::io::Result<Duration> {
    let knocking = UdpSocket::bind((actor, 0))?;
    let socket = nix::sys::socket::socket(
        nix::sys::socket::AddressFamily::Inet,
        nix::sys::socket::SockType::Stream,
        nix::sys::socket::SockFlag::empty(),
        None,
    )?;
    let raw = std::os::fd::AsRawFd::as_raw_fd(&socket.as_fd());
    nix::sys::socket::bind(raw, &nix::sys::socket::SockaddrIn::from(std::net::SocketAddrV4::new(actor, 0)))?;
    nix::sys::socket::connect(
        raw,
        &nix::sys::socket::SockaddrIn::from(std::net::SocketAddrV4::new(SERVER_V4, 80)),
    )?;
    let mut stream = std::net::TcpStream::from(socket);
    stream.write_all(b"GET /strike HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n")?;
    let asked = start.elapsed();
    while start.elapsed() < asked + Duration::from_millis(400) {
        let now = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        knocking.send_to(&now.to_be_bytes(), to)?;
        thread::sleep(every);
    }
    Ok(asked)
}

/// Does something in another network namespace, on a thread of its own.
fn inside<T: Send>(namespace: &Path, errand: impl FnOnce() -> T + Send) -> anyhow::Result<T> {
    let namespace = File::open(namespace)?;
    thread::scope(|scope| {
        let done = scope.spawn(move || {
            setns(namespace.as_fd(), CloneFlags::CLONE_NEWNET)?;
            Ok(errand())
        });
        done.join().map_err(|_| anyhow::anyhow!("the errand panicked"))?
    })
}
