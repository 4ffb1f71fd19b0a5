//! The XDP gate. Its maps and links are pinned, so that it goes on without an agent and the next one takes it over.

mod allowed;
mod attach;
mod blocks;
mod filter;
mod migrate;
mod pinned;
mod pins;
mod trie;

use std::{collections::BTreeMap, io, os::fd::BorrowedFd, time::Duration};

use ahash::{HashMap, HashMapExt as _};
use aya::{
    Ebpf, EbpfLoader, Pod,
    maps::{Array, Map, MapData},
    programs::{TestRun as _, TestRunOptions},
};
use ipnet::IpNet;
use portcullis_sensor_common::{
    cut,
    gate::{
        COUNTERS, MAPS, MODE_ENFORCE, MODE_MONITOR,
        filter::{ALLOW_BITS, BLOCK_BITS},
    },
};

use self::{
    allowed::Allowed,
    attach::Guards,
    blocks::{Blocks, hits::HitMap},
    filter::Filter,
    migrate::Older,
    pinned::Pinned,
    pins::Pins,
    trie::DualTrie,
};
use super::{
    AllowedAs, Block, BlockHits, Changed, Count, Counted, EnforceError, Enforcer, GateMode, GateOptions,
    InterfaceGuard, Left, Refusal, allow::AllowList, canonical,
};
use crate::{
    counters::Counters,
    interfaces::{Interface, Selection},
    kernel::{Lack, explain, map::KernelMap, object, requirements},
};

pub(super) use self::pins::detach;

/// Of linux/bpf.h.
const XDP_DROP: u32 = 1;

pub struct XdpEnforcer {
    blocks: Blocks,
    allow: AllowList,
    allowed: Allowed,
    counters: KernelMap<u32, u64>,
    mode: Array<MapData, u32>,
    guards: Guards,
    pins: Pins,
    pinned: Pinned,
    refused: u64,
    programs: Ebpf,
}

/// Where the kernel asks the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Native and generic.
    Xdp,
    Tcx,
}

/// What the gate did with a frame that never was on a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    pub dropped: bool,
    /// Of the program alone, on average.
    pub duration: Duration,
}

impl XdpEnforcer {
    /// Loads the gate, or takes over the maps of the one that is there, and attaches it to every interface.
    pub fn open(options: GateOptions) -> Result<Self, EnforceError> {
        let lack = |lack: Lack| EnforceError::lack("XDP gate", lack);
        requirements::ebpf().map_err(lack)?;
        let object = object::bytes().map_err(lack)?;
        let pins = Pins::prepare(&options.pin_dir).map_err(lack)?;
        let mut gate = Self::load(object, pins, &options)?;
        // Before the first packet meets the gate.
        let older = Older::find(&gate.pins)?;
        older.move_blocks(&mut gate.blocks)?;
        // What the control plane allowed before stays, too, until it is known whether it still does.
        gate.allowed.become_these(gate.allowed.with(gate.allow.nets()))?;
        if let Err(error) = gate.attach(&options.interfaces) {
            gate.pins.clear_if_unused()?;
            return Err(error);
        }
        older.move_counts(&mut gate.blocks, &mut gate.counters)?;
        older.forget().map_err(broken)?;
        Ok(gate)
    }

    /// All that are named or, as far as new links go, none. What patterns took may refuse.
    fn attach(&mut self, selection: &Selection) -> Result<(), EnforceError> {
        attach::load(&mut self.programs)?;
        let interfaces = selection.resolve()?;
        let before = self.pins.interfaces()?;
        self.guards.attach(&mut self.programs, &interfaces, &self.pins)?;
        let unguarded = |guard: &&InterfaceGuard| guard.mode == "none" && selection.names(&guard.name);
        let refused = self.guards.states().find(unguarded).cloned();
        if let Some(guard) = refused {
            self.guards.keep_only(&before, &self.pins)?;
            return Err(EnforceError::Refused { interface: guard.name, why: guard.note });
        }
        self.guards.keep_only(&interfaces.iter().map(|interface| interface.index).collect(), &self.pins)
    }

    fn load(object: &[u8], pins: Pins, options: &GateOptions) -> Result<Self, EnforceError> {
        let mut programs = load(object, &pins)?;
        let ebpf = &mut programs;
        Ok(Self {
            blocks: Blocks::adopt(
                map(ebpf, "BLOCK_ADDRESSES")?,
                DualTrie::new(map(ebpf, "BLOCK_V4")?, map(ebpf, "BLOCK_V6")?),
                HitMap::new(per_processor(ebpf, "BLOCK_HITS")?, per_processor(ebpf, "BLOCK_RECENT")?),
                filter(ebpf, "BLOCK_FILTER_V4", "BLOCK_FILTER_V6", BLOCK_BITS)?,
                Array::try_from(taken(ebpf, "BLOCK_CHANGES")?).map_err(|error| unusable(&error))?,
            )
            .map_err(broken)?,
            allow: AllowList::new(&options.allow),
            allowed: Allowed::adopt(
                DualTrie::new(map(ebpf, "ALLOW_V4")?, map(ebpf, "ALLOW_V6")?),
                filter(ebpf, "ALLOW_FILTER_V4", "ALLOW_FILTER_V6", ALLOW_BITS)?,
            )
            .map_err(broken)?,
            counters: per_processor(ebpf, "GATE_COUNTERS")?,
            mode: Array::try_from(taken(ebpf, "GATE_MODE")?).map_err(|error| unusable(&error))?,
            guards: Guards::new(options.xdp_mode),
            pinned: Pinned::hold(&pins)?,
            pins,
            refused: 0,
            programs,
        })
    }

    /// Shows the gate a frame `repeat` times (`BPF_PROG_TEST_RUN`), for tests and benchmarks.
    pub fn try_frame(&mut self, frame: &[u8], repeat: u32) -> Result<Trial, EnforceError> {
        let options = TestRunOptions { data_in: Some(frame), repeat, ..TestRunOptions::new() };
        let result = attach::loaded(&mut self.programs)?.test_run(options).map_err(|error| {
            EnforceError::lack("XDP gate", Lack::new(explain(&error), "give it a frame of 14 to 3,500 bytes"))
        })?;
        Ok(Trial { dropped: result.return_value == XDP_DROP, duration: result.duration })
    }

    /// The program's descriptor, for benchmarks that hand it packets themselves.
    pub fn program(&self, hook: Hook) -> Result<BorrowedFd<'_>, EnforceError> {
        attach::descriptor(&self.programs, hook)
    }

    /// Those that are allowed too: they count once they are not.
    fn set(&mut self, blocks: &[Block]) -> Result<Vec<Refusal>, EnforceError> {
        let (mut wanted, mut refusals) = (Vec::with_capacity(blocks.len()), Vec::new());
        for block in blocks {
            let net = canonical(block.net);
            refusals.extend(self.refuse(net));
            if !AllowList::is_loopback(net) {
                wanted.push((net, block.remaining));
            }
        }
        let full = self.blocks.set(wanted.into_iter())?;
        self.refused += full.len() as u64;
        refusals.extend(full);
        Ok(refusals)
    }

    fn refuse(&mut self, net: IpNet) -> Option<Refusal> {
        let refusal = self.allow.refuse(net)?;
        self.refused += 1;
        Some(refusal)
    }
}

impl Enforcer for XdpEnforcer {
    fn replace(&mut self, blocks: &[Block]) -> Result<Vec<Refusal>, EnforceError> {
        let mut refusals = Vec::new();
        let mut wanted = HashMap::with_capacity(blocks.len());
        for block in blocks {
            let net = canonical(block.net);
            refusals.extend(self.refuse(net));
            if !AllowList::is_loopback(net) {
                wanted.insert(net, block.remaining);
            }
        }
        let over = self.blocks.nets_but(|net| wanted.contains_key(&net));
        let fresh = wanted.keys().filter(|net| !self.blocks.holds(**net)).count();
        // An address may be of a block that goes and of one that comes: where there is room, first the new ones.
        let in_turn = !self.blocks.has_room_for(fresh);
        if in_turn {
            self.blocks.remove(&over)?;
        }
        let full = self.blocks.set(wanted.into_iter())?;
        if !in_turn {
            self.blocks.remove(&over)?;
        }
        self.refused += full.len() as u64;
        refusals.extend(full);
        Ok(refusals)
    }

    fn block(&mut self, block: &Block) -> Result<Option<Refusal>, EnforceError> {
        let net = canonical(block.net);
        if let Some(refusal) = self.refuse(net) {
            return Ok(Some(refusal));
        }
        let refusal = self.blocks.set(std::iter::once((net, block.remaining)))?.pop();
        self.refused += u64::from(refusal.is_some());
        Ok(refusal)
    }

    fn change(&mut self, blocks: &[Block], unblocked: &[IpNet]) -> Changed {
        let unblocked: Vec<IpNet> = unblocked.iter().copied().map(canonical).collect();
        let mut changed = Changed::default();
        match self.blocks.remove(&unblocked) {
            Ok(_) => {}
            Err(error) => changed.failed(unblocked, error),
        }
        match self.set(blocks) {
            Ok(refusals) => changed.refusals.extend(refusals),
            Err(error) => changed.failed(blocks.iter().map(|block| block.net), error),
        }
        changed
    }

    fn allow(&mut self, allowed: &BTreeMap<IpNet, AllowedAs>) -> Result<(), EnforceError> {
        self.allow.tell(allowed);
        self.allowed.become_these(self.allow.nets())
    }

    fn unblock(&mut self, net: IpNet) -> Result<(), EnforceError> {
        self.blocks.remove(&[canonical(net)]).map(drop)
    }

    fn sweep(&mut self) -> Result<(), EnforceError> {
        if self.allow.refresh() {
            self.allowed.become_these(self.allow.nets())?;
        }
        self.pinned.look(&self.pins)?;
        self.blocks.sweep()
    }

    fn set_mode(&mut self, mode: GateMode) -> Result<(), EnforceError> {
        let value = match mode {
            GateMode::Enforce => MODE_ENFORCE,
            GateMode::Monitor => MODE_MONITOR,
        };
        self.mode.set(0, value, 0).map_err(|error| broken(io::Error::other(error)))
    }

    fn gate_mode(&self) -> GateMode {
        match self.mode.get(&0, 0) {
            Ok(MODE_MONITOR) => GateMode::Monitor,
            _ => GateMode::Enforce,
        }
    }

    fn mode(&self) -> &'static str {
        "xdp"
    }

    fn count_hits(&mut self) -> Count {
        let reader = self.blocks.hit_reader();
        Box::new(move || reader.read().map_err(broken))
    }

    fn name_hits(&mut self, counted: Counted) -> Result<Vec<BlockHits>, EnforceError> {
        self.blocks.name_hits(counted)
    }

    fn counters(&mut self) -> Counters {
        let mut counters = Counters::default();
        let read = self.counters.read(|index, each| {
            // Behind ours stand those of an older layout, in the same order.
            if let Some(name) = COUNTERS.get(index as usize % COUNTERS.len()) {
                counters.add(name, each.iter().sum());
            }
        });
        if let Err(error) = read {
            tracing::warn!(%error, "the gate's counters cannot be read");
        }
        counters.add("gate_entries", self.blocks.len() as u64);
        counters.add("enforce_expired_total", self.blocks.expired());
        counters.add("enforce_refused_total", self.refused);
        counters.add("enforce_laid_again_total", self.guards.attached_again() + self.pinned.again());
        counters
    }

    fn follow(&mut self, interfaces: &[Interface]) -> Result<(), EnforceError> {
        self.guards.keep_only(&interfaces.iter().map(|interface| interface.index).collect(), &self.pins)?;
        self.guards.attach(&mut self.programs, interfaces, &self.pins)
    }

    fn interfaces(&self) -> Vec<InterfaceGuard> {
        self.guards.states().cloned().collect()
    }

    fn detach(self: Box<Self>) -> Result<(), EnforceError> {
        detach(self.pins.folder()).map(|_| ())
    }
}

/// What an earlier agent's gate holds, which goes on meanwhile; `None` where none was pinned.
pub(super) fn left_behind(options: &GateOptions) -> Result<Option<Left>, EnforceError> {
    if !pins::hold_maps(&options.pin_dir) {
        return Ok(None);
    }
    let lack = |lack: Lack| EnforceError::lack("XDP gate", lack);
    requirements::ebpf().map_err(lack)?;
    let object = object::bytes().map_err(lack)?;
    let pins = Pins::prepare(&options.pin_dir).map_err(lack)?;
    let mut gate = XdpEnforcer::load(object, pins, options)?;
    Older::find(&gate.pins)?.move_blocks(&mut gate.blocks)?;
    Ok(Some(Left { mode: gate.gate_mode(), blocks: gate.blocks.standing() }))
}

fn load(object: &[u8], pins: &Pins) -> Result<Ebpf, EnforceError> {
    let mut loader = EbpfLoader::new();
    let paths: Vec<_> = MAPS.into_iter().map(|name| (name, pins.map(name))).collect();
    for (name, path) in &paths {
        loader.map_pin_path(name, path.as_path());
    }
    // The tables of tap and cuts come with the object; here they stay empty.
    for unused in ["FLOWS", cut::FLOWS] {
        loader.map_max_entries(unused, 1);
    }
    loader.load(object).map_err(|error| {
        let next_step = format!("`sensor detach --pin-dir {}` clears the way", pins.folder().display());
        EnforceError::lack("XDP gate", Lack::new(explain(&error), next_step))
    })
}

fn map<K: Pod, V: Pod>(ebpf: &mut Ebpf, name: &str) -> Result<KernelMap<K, V>, EnforceError> {
    KernelMap::new(data(ebpf, name)?).map_err(|lack| EnforceError::lack(name, lack))
}

fn per_processor<K: Pod, V: Pod>(ebpf: &mut Ebpf, name: &str) -> Result<KernelMap<K, V>, EnforceError> {
    KernelMap::per_processor(data(ebpf, name)?).map_err(|lack| EnforceError::lack(name, lack))
}

fn filter(ebpf: &mut Ebpf, v4: &str, v6: &str, bits: u32) -> Result<Filter, EnforceError> {
    Filter::new(data(ebpf, v4)?, data(ebpf, v6)?, bits).map_err(broken)
}

fn data(ebpf: &mut Ebpf, name: &str) -> Result<MapData, EnforceError> {
    match taken(ebpf, name)? {
        Map::Array(data)
        | Map::HashMap(data)
        | Map::LpmTrie(data)
        | Map::PerCpuArray(data)
        | Map::PerCpuHashMap(data) => Ok(data),
        _ => Err(EnforceError::lack(name, Lack::new("map of another kind", "rebuild the sensor"))),
    }
}

fn taken(ebpf: &mut Ebpf, name: &str) -> Result<Map, EnforceError> {
    ebpf.take_map(name).ok_or_else(|| {
        EnforceError::lack("XDP gate", Lack::new(format!("no map {name}"), "rebuild the sensor"))
    })
}

fn unusable(error: &aya::maps::MapError) -> EnforceError {
    let next_step = "the pinned maps are not this version's: run `sensor detach`, then start again";
    EnforceError::lack("XDP gate", Lack::new(explain(error), next_step))
}

fn broken(error: io::Error) -> EnforceError {
    EnforceError::lack(
        "XDP gate",
        Lack::new(explain(&error), "see `dmesg` and `sysctl vm.overcommit_memory`"),
    )
}
