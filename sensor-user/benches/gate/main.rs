//! What the gate costs with a million blocks, beside a program that drops everything and beside nftables:
//! `cargo xtask bench gate`. One JSON object a line; contenders take turns in short rounds, ratios are within a round.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    dead_code,
    reason = "a benchmark fails by panicking and prints what it measured; it needs a part of the tests' support"
)]

mod bare;
mod blocklist;
mod clock;
mod flood;
mod nft;
mod ratios;
mod visits;

/// What the kernel's tests use.
#[path = "../../tests/kernel"]
mod tests {
    pub(crate) mod support;
}

use std::{os::fd::BorrowedFd, time::Instant};

use nix::net::if_::if_nametoindex;
use sensor_user::enforce::{
    Block, Enforcer as _,
    xdp::{Hook, XdpEnforcer},
};
use serde_json::json;

use self::{
    bare::{Attached, Mode},
    blocklist::Blocklist,
    flood::Flood,
    ratios::Ratios,
};
use tests::support::{
    PinDir, options, ready,
    world::{VETH, World, run},
};

fn main() {
    if !ready() {
        return;
    }
    let Asked { rounds, entries, part } = Asked::read();
    let list = Blocklist::new(entries);
    let (world, pins) = (World::new(), PinDir::new());
    // What is for another address never gets to netfilter's input.
    run("ip", &["link", "set", VETH, "address", flood::RECEIVER]);
    if part.is_none_or(|part| part != Part::Nftables) {
        let mut gate = XdpEnforcer::open(options(&[], &pins, &["198.51.100.0/24"])).unwrap();
        load(&mut gate, &list);
        if part.is_none_or(|part| part == Part::Pass) {
            passing(&gate, &world, rounds);
        }
        if part.is_none_or(|part| part == Part::Drop) {
            drops_without_a_wire(&gate, &bare::drop_all(Hook::Xdp), &list, rounds);
            drops(&gate, &world, &list, rounds);
        }
    }
    if part.is_none_or(|part| part == Part::Nftables) && !std::env::args().any(|it| it == "--gate-only") {
        drops_by_nftables(&world, &list, rounds);
    }
}

/// From the environment, since `cargo bench` has arguments of its own.
struct Asked {
    rounds: usize,
    entries: usize,
    part: Option<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Drop,
    Pass,
    Nftables,
}

impl Asked {
    fn read() -> Self {
        let number = |name: &str, unless: usize| {
            std::env::var(name)
                .map_or(unless, |text| text.parse().unwrap_or_else(|_| panic!("{name}: {text}")))
        };
        Self {
            rounds: number("PORTCULLIS_BENCH_ROUNDS", 9),
            entries: number("PORTCULLIS_BENCH_ENTRIES", 1_000_000),
            part: std::env::var("PORTCULLIS_BENCH_PART").ok().map(|name| match name.as_str() {
                "drop" => Part::Drop,
                "pass" => Part::Pass,
                "nftables" => Part::Nftables,
                other => panic!("PORTCULLIS_BENCH_PART: {other}, and not drop, pass or nftables"),
            }),
        }
    }
}

fn drops(gate: &XdpEnforcer, world: &World, list: &Blocklist, rounds: usize) {
    for (sources, traffic) in SOURCES {
        let flood = Flood::new(world, &list.sources(sources));
        for mode in MODES {
            let bare = bare::drop_all(mode.hook());
            drops_on_a_wire([bare.fd(), gate.program(mode.hook()).unwrap()], &flood, traffic, mode, rounds);
        }
    }
}

const MODES: [Mode; 3] = [Mode::Native, Mode::Tcx, Mode::Generic];

/// One attacker, a botnet, and more than any cache holds.
const SOURCES: [(usize, &str); 3] =
    [(1, "veth, 1 source"), (1000, "veth, 1,000 sources"), (65_536, "veth, 65,536 sources")];

fn load(gate: &mut XdpEnforcer, list: &Blocklist) {
    let blocks: Vec<Block> = list.nets().iter().map(|net| Block { net: *net, remaining: None }).collect();
    let before = bare::unreclaimable();
    let resident = clock::resident();
    let start = Instant::now();
    assert_eq!(gate.replace(&blocks).unwrap(), []);
    let replaced = start.elapsed();
    let (kernel, resident) = (bare::unreclaimable() - before, clock::resident() - resident);
    let timed = |what: &mut dyn FnMut()| {
        let start = Instant::now();
        what();
        start.elapsed().as_secs_f64()
    };
    let again = timed(&mut || assert_eq!(gate.replace(&blocks).unwrap(), []));
    let sweep = timed(&mut || gate.sweep().unwrap());
    let hits = timed(&mut || drop(gate.hits().unwrap()));
    println!(
        "{}",
        json!({"bench": "gate", "what": "load", "entries": blocks.len(), "replace_seconds": replaced.as_secs_f64(),
               "kernel_bytes": kernel, "resident_bytes": resident, "replace_again_seconds": again,
               "sweep_seconds": sweep, "hits_seconds": hits})
    );
}

/// The programs alone, and what hands them packets: the same frame over and over, so everything is in the cache.
fn drops_without_a_wire(gate: &XdpEnforcer, bare: &bare::Program, list: &Blocklist, rounds: usize) {
    let mut ratios = Ratios::new("drop", "test run of live frames, 1 source", "native", ["bare", "gate"]);
    let frame = flood::frame(list.sources(1)[0]);
    for _ in 0..rounds {
        ratios.round([
            bare::live(bare.fd(), &frame, 2_000_000),
            bare::live(gate.program(Hook::Xdp).unwrap(), &frame, 2_000_000),
        ]);
    }
    ratios.print();
}

/// From a veth's other end, every packet from another blocked source.
fn drops_on_a_wire(
    programs: [BorrowedFd<'_>; 2],
    flood: &Flood<'_>,
    traffic: &'static str,
    mode: Mode,
    rounds: usize,
) {
    let index = if_nametoindex(VETH).unwrap();
    let mut ratios = Ratios::new("drop", traffic, mode.name(), ["bare", "gate"]);
    for _ in 0..rounds {
        let measured = programs.map(|program| {
            let _attached = Attached::new(program, index, mode);
            flood.run()
        });
        ratios.round(measured);
    }
    ratios.print();
}

/// Beside a program at TCX, since generic XDP copies what netfilter does not.
fn drops_by_nftables(world: &World, list: &Blocklist, rounds: usize) {
    let (index, bare) = (if_nametoindex(VETH).unwrap(), bare::drop_all(Hook::Tcx));
    let Some(tables) = nft::Tables::load(list.nets()) else { return };
    for (sources, traffic) in SOURCES {
        let flood = Flood::new(world, &list.sources(sources));
        let contenders = ["bare", "nftables-ingress", "nftables-input"];
        let mut ratios = Ratios::new("drop", traffic, "tcx", contenders);
        for _ in 0..rounds {
            let alone = {
                let _attached = Attached::new(bare.fd(), index, Mode::Tcx);
                flood.run()
            };
            let ingress = tables.while_hooked(nft::Hook::Ingress, || flood.run());
            let input = tables.while_hooked(nft::Hook::Input, || flood.run());
            ratios.round([alone, ingress, input]);
        }
        ratios.print();
    }
}

fn passing(gate: &XdpEnforcer, world: &World, rounds: usize) {
    let index = if_nametoindex(VETH).unwrap();
    for visit in [visits::Visit::Requests, visits::Visit::Uploads] {
        for mode in MODES {
            let mut ratios = Ratios::new("pass", visit.name(), mode.name(), ["off", "on"]);
            for _ in 0..rounds {
                let off = visit.run(world);
                let _attached = Attached::new(gate.program(mode.hook()).unwrap(), index, mode);
                ratios.round([off, visit.run(world)]);
            }
            ratios.print();
        }
    }
}
