//! What an agent leaves whose gate has maps of the first layout. `data/gate-layout-1.o` is that gate, built from its
//! source without the tap and stripped of debug information (`llvm-strip -g`).

use std::{path::Path, time::Duration};

use aya::{
    EbpfLoader, Pod,
    maps::{LpmTrie, Map, MapData, PerCpuArray, PerCpuHashMap, PerCpuValues, lpm_trie::Key},
    programs::{Xdp, XdpMode, links::FdLink},
    util::nr_cpus,
};
use ipnet::IpNet;
use nix::{
    net::if_::if_nametoindex,
    time::{ClockId, clock_gettime},
};
use portcullis_sensor_common::gate::Hits;

const GATE: &[u8] = aya::include_bytes_aligned!("../data/gate-layout-1.o");
const MAPS: [&str; 6] = ["ALLOW_V4", "ALLOW_V6", "BLOCK_V4", "BLOCK_V6", "BLOCK_HITS", "GATE_COUNTERS"];
/// Index into its `GATE_COUNTERS`.
const DROPPED_V4: u32 = 2;

#[repr(C, packed(4))]
#[derive(Clone, Copy)]
struct BlockEntry {
    expires: u64,
    id: u32,
    prefix_len: u32,
}

// SAFETY: `repr(C)`, only integers, no padding.
unsafe impl Pod for BlockEntry {}

/// Attached to the interface and pinned, with these blocks and their ends in boot time.
pub(crate) fn leave(interface: &str, pin_dir: &Path, blocks: &[(&str, Option<Duration>)]) {
    let (maps, links) = (pin_dir.join("gate-v1"), pin_dir.join("links"));
    std::fs::create_dir_all(&maps).unwrap();
    std::fs::create_dir_all(&links).unwrap();
    let paths = MAPS.map(|name| (name, maps.join(name)));
    let mut loader = EbpfLoader::new();
    for (name, path) in &paths {
        loader.map_pin_path(name, path);
    }
    let mut ebpf = loader.load(GATE).unwrap();
    let mut v4: LpmTrie<_, [u8; 4], BlockEntry> = ebpf.take_map("BLOCK_V4").unwrap().try_into().unwrap();
    let mut v6: LpmTrie<_, [u8; 16], BlockEntry> = ebpf.take_map("BLOCK_V6").unwrap().try_into().unwrap();
    let mut hits: PerCpuHashMap<_, u32, Hits> = ebpf.take_map("BLOCK_HITS").unwrap().try_into().unwrap();
    for (id, (net, end)) in (0..).zip(blocks) {
        let net: IpNet = net.parse().unwrap();
        let prefix_len = net.prefix_len().into();
        let expires = end.map_or(0, |end| u64::try_from(end.as_nanos()).unwrap());
        let entry = BlockEntry { expires, id, prefix_len };
        let none = PerCpuValues::try_from(vec![Hits::default(); nr_cpus().unwrap()]).unwrap();
        hits.insert(id, none, 0).unwrap();
        match net {
            IpNet::V4(net) => v4.insert(&Key::new(prefix_len, net.network().octets()), entry, 0),
            IpNet::V6(net) => v6.insert(&Key::new(prefix_len, net.network().octets()), entry, 0),
        }
        .unwrap();
    }
    let index = if_nametoindex(interface).unwrap();
    let gate: &mut Xdp = ebpf.program_mut("portcullis_gate_frags").unwrap().try_into().unwrap();
    gate.load().unwrap();
    let link = gate.attach_to_if_index(index, XdpMode::Skb).unwrap();
    let link: FdLink = gate.take_link(link).unwrap().try_into().unwrap();
    let namespace = std::fs::metadata("/proc/thread-self/ns/net").unwrap();
    let name = format!("{}-{index}-generic", std::os::unix::fs::MetadataExt::ino(&namespace));
    link.pin(links.join(name)).unwrap();
}

/// IPv4 packets that it dropped.
pub(crate) fn dropped(pin_dir: &Path) -> u64 {
    let map = MapData::from_pin(pin_dir.join("gate-v1/GATE_COUNTERS")).unwrap();
    let counters: PerCpuArray<_, u64> = Map::PerCpuArray(map).try_into().unwrap();
    counters.get(&DROPPED_V4, 0).unwrap().iter().sum()
}

/// The clock of blocks' ends.
pub(crate) fn boot_time() -> Duration {
    clock_gettime(ClockId::CLOCK_BOOTTIME).unwrap().into()
}
