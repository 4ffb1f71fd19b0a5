//! Enforcement goes on without its agent, and from one agent to the next.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use sensor_user::enforce::GateMode;

use super::{Backend, over_all};
use crate::support::{
    PinDir, lasting, net, permanent, ready,
    world::{VETH, World, ip, run},
};

over_all!(
    a_block_ends_with_nobody_left_to_end_it,
    the_next_agent_knows_the_blocks_and_lifts_them,
    a_killed_agent_leaves_no_gap_and_neither_does_the_next,
    detaching_leaves_nothing,
    foreign_rules_are_not_touched,
);

fn a_block_ends_with_nobody_left_to_end_it(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &[]);
    enforcer.block(&lasting("192.0.2.10/32", Duration::from_secs(2))).unwrap();
    // Nothing is cleaned up, as when the process is killed.
    drop(enforcer);
    assert!(!world.arrives_from("192.0.2.10"), "{backend}");
    thread::sleep(Duration::from_millis(2500));
    assert!(world.arrives_from("192.0.2.10"), "{backend}");
}

fn the_next_agent_knows_the_blocks_and_lifts_them(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut first = backend.open(&pins, &[]);
    first.replace(&[permanent("192.0.2.10/32"), permanent("192.0.2.12/31")]).unwrap();
    drop(first);
    assert!(!world.arrives_from("192.0.2.10"), "{backend}");
    let mut second = backend.open(&pins, &[]);
    let hits = second.hits().unwrap();
    let hit = hits.iter().find(|hit| hit.net == net("192.0.2.10/32"));
    assert_eq!(hit.map(|hit| hit.packets), Some(1), "{backend}: {hits:?}");
    second.unblock(net("192.0.2.10/32")).unwrap();
    assert!(world.arrives_from("192.0.2.10") && !world.arrives_from("192.0.2.12"), "{backend}");
    second.replace(&[permanent("192.0.2.11/32")]).unwrap();
    assert!(world.arrives_from("192.0.2.12") && !world.arrives_from("192.0.2.11"), "{backend}");
}

fn a_killed_agent_leaves_no_gap_and_neither_does_the_next(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut agent = Agent::start(backend, &pins);
    let flood = world.flood("192.0.2.10");
    flood.more(100);
    agent.kill();
    flood.more(100);
    let mut next = backend.open(&pins, &[]);
    flood.more(100);
    next.replace(&[permanent("192.0.2.10/32"), permanent("198.51.100.0/24")]).unwrap();
    flood.more(100);
    assert_eq!(flood.end(), 0, "{backend}: packets came through");
    next.replace(&[]).unwrap();
    assert!(world.arrives_from("192.0.2.10"), "{backend}");
}

fn detaching_leaves_nothing(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    run("nft", &["add", "table", "inet", "somebody"]);
    let mut enforcer = backend.open(&pins, &[]);
    enforcer.block(&permanent("192.0.2.10/32")).unwrap();
    enforcer.detach().unwrap();
    assert!(world.arrives_from("192.0.2.10"), "{backend}");
    assert!(!ip(&["-details", "link", "show", VETH]).contains("xdp"), "{backend}");
    assert!(!pins.path().exists(), "{backend}");
    assert_eq!(run("nft", &["list", "tables"]), "table inet somebody\n", "{backend}");
}

fn foreign_rules_are_not_touched(backend: Backend) {
    // The same names as ours, in tables that are not.
    const FOREIGN: &str = r#"
        table ip portcullis {
            set block_v4_32_1 { type ipv4_addr; flags timeout; elements = { 198.51.100.1 } }
            chain gate { ip saddr @block_v4_32_1 counter packets 7 bytes 9 drop; }
        }
        table netdev somebody {
            set allow_v4 { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 } }
            set hits_v4_32 { type ipv4_addr; size 10; flags dynamic; elements = { 198.51.100.3 } }
            counter dropped_v4 { packets 3 bytes 4 }
            chain gate { ip saddr @allow_v4 accept; }
            chain ingress_2 { type filter hook ingress device "pcknode" priority -500; policy accept; }
        }"#;
    let (_world, pins) = (World::new(), PinDir::new());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), FOREIGN).unwrap();
    run("nft", &["--file", file.path().to_str().unwrap()]);
    let foreign = || {
        let (ip, netdev) = (["list", "table", "ip", "portcullis"], ["list", "table", "netdev", "somebody"]);
        run("nft", &[&["--handle"][..], &ip].concat()) + &run("nft", &[&["--handle"][..], &netdev].concat())
    };
    let before = foreign();
    let mut agent = Agent::start(backend, &pins);
    assert_eq!(foreign(), before, "{backend}: after the start and a block");
    agent.kill();
    assert_eq!(foreign(), before, "{backend}: after the kill");
    let mut next = backend.open(&pins, &[]);
    next.replace(&[permanent("198.51.100.0/24")]).unwrap();
    next.sweep().unwrap();
    assert_eq!(foreign(), before, "{backend}: after the restart");
    next.detach().unwrap();
    assert_eq!(foreign(), before, "{backend}: after the end");
}

fn changing_over(from: Backend, to: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut first = from.open(&pins, &[]);
    let (start, end) = (Instant::now(), Duration::from_secs(5));
    let ending = lasting("192.0.2.11/32", end);
    first.replace(&[permanent("192.0.2.10/31"), ending, permanent("2001:db8::10/128")]).unwrap();
    first.unblock(net("192.0.2.10/31")).unwrap();
    first.block(&permanent("192.0.2.10/32")).unwrap();
    drop(first);
    let flood = world.flood("192.0.2.10");
    let mut second = to.open(&pins, &[]);
    flood.more(100);
    assert_eq!(flood.end(), 0, "packets came through");
    assert!(!world.arrives_from("192.0.2.11") && !world.arrives_from("2001:db8::10"));
    thread::sleep((end + Duration::from_millis(100)).saturating_sub(start.elapsed()));
    assert!(world.arrives_from("192.0.2.11"), "its end came along");
    second.unblock(net("192.0.2.10/32")).unwrap();
    assert!(world.arrives_from("192.0.2.10"), "nothing of the first one drops it");
    second.replace(&[permanent("192.0.2.10/32")]).unwrap();
    drop(second);
    let mut back = from.open(&pins, &[]);
    assert!(!world.arrives_from("192.0.2.10"));
    back.set_mode(GateMode::Monitor).unwrap();
    drop(back);
    let third = to.open(&pins, &[]);
    assert_eq!(third.gate_mode(), GateMode::Monitor);
    assert!(world.arrives_from("192.0.2.10"));
    third.detach().unwrap();
    assert!(!pins.path().exists());
    assert_eq!(run("nft", &["list", "tables"]), "");
}

#[test]
fn changing_over_from_xdp_to_nftables_and_back_leaves_no_gap() {
    if ready() {
        changing_over(Backend::Xdp, Backend::Ingress);
    }
}

#[test]
fn changing_over_from_nftables_to_xdp_and_back_leaves_no_gap() {
    if ready() {
        changing_over(Backend::Ingress, Backend::Xdp);
    }
}

#[test]
fn going_from_one_hook_of_nftables_to_the_other_leaves_no_gap() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let mut first = Backend::Prerouting.open(&pins, &[]);
    first.block(&permanent("192.0.2.10/32")).unwrap();
    drop(first);
    let flood = world.flood("192.0.2.10");
    let mut second = Backend::Ingress.open(&pins, &[]);
    flood.more(100);
    assert_eq!(flood.end(), 0, "packets came through");
    assert_eq!(run("nft", &["list", "tables"]), "table netdev portcullis\n");
    second.unblock(net("192.0.2.10/32")).unwrap();
    assert!(world.arrives_from("192.0.2.10"));
}

/// A process that blocks 192.0.2.10 and then waits to be killed.
struct Agent(Child);

const AGENT: &str = "PORTCULLIS_TEST_AGENT";

impl Agent {
    fn start(backend: Backend, pins: &PinDir) -> Self {
        let itself = std::env::current_exe().unwrap();
        let mut agent = Command::new(itself)
            .args(["--ignored", "--exact", "--nocapture", "blocking::outlives::agent"])
            .env(AGENT, format!("{backend:?} {}", pins.path().display()))
            .stdout(Stdio::piped())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(agent.stdout.as_mut().unwrap());
        let ready = stdout.lines().map_while(Result::ok).any(|line| line.contains("ready"));
        assert!(ready, "{backend}: the agent did not start");
        Self(agent)
    }

    fn kill(&mut self) {
        // SIGKILL.
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
#[ignore = "the process that other tests start and kill"]
fn agent() {
    let Ok(agent) = std::env::var(AGENT) else { return };
    let (backend, pins) = agent.split_once(' ').unwrap();
    let backends = [Backend::Xdp, Backend::Ingress, Backend::Prerouting];
    let backend = backends.into_iter().find(|known| format!("{known:?}") == backend).unwrap();
    let pins = PinDir::at(pins);
    let mut enforcer = backend.open(&pins, &[]);
    enforcer.replace(&[permanent("192.0.2.10/32"), permanent("192.0.2.0/29")]).unwrap();
    println!("ready");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
