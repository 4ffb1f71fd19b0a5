//! The XDP gate. Its maps and links are pinned, so that it goes on without an agent and the next one takes it over.

mod attach;
mod blocks;
mod pins;
mod trie;

use std::{collections::BTreeSet, time::Duration};

use aya::{
    Ebpf, EbpfLoader, Pod,
    maps::{Array, LpmTrie, MapData, PerCpuArray, PerCpuHashMap},
    programs::{TestRun as _, TestRunOptions},
};
use ipnet::IpNet;
use portcullis_sensor_common::{
    cut,
    gate::{AllowEntry, COUNTERS, MAPS, MODE_ENFORCE, MODE_MONITOR},
};

use self::{attach::Guards, blocks::Blocks, pins::Pins, trie::DualTrie};
use super::{
    Block, BlockHits, EnforceError, Enforcer, GateMode, GateOptions, InterfaceGuard, Refusal,
    allow::AllowList, canonical,
};
use crate::{
    counters::Counters,
    interfaces::{Interface, Selection},
    kernel::{Lack, explain, object, requirements},
};

pub(super) use self::pins::detach;

/// Of linux/bpf.h.
const XDP_DROP: u32 = 1;

const COUNTER_MAP: &str = "GATE_COUNTERS";

pub struct XdpEnforcer {
    blocks: Blocks,
    allow: AllowList,
    allowed: DualTrie<AllowEntry>,
    counters: PerCpuArray<MapData, u64>,
    mode: Array<MapData, u32>,
    guards: Guards,
    pins: Pins,
    refused: u64,
    programs: Ebpf,
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
        gate.apply_allow_list()?;
        if let Err(error) = gate.attach(&options.interfaces) {
            gate.pins.clear_if_unused()?;
            return Err(error);
        }
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
        self.guards.keep_only(&interfaces.iter().map(|interface| interface.index).collect(), &self.pins)?;
        self.pins.forget_other_layouts()
    }

    fn load(object: &[u8], pins: Pins, options: &GateOptions) -> Result<Self, EnforceError> {
        let mut programs = load(object, &pins)?;
        let ebpf = &mut programs;
        Ok(Self {
            blocks: Blocks::adopt(
                DualTrie::new(map(ebpf, "BLOCK_V4")?, map(ebpf, "BLOCK_V6")?),
                PerCpuHashMap::try_from(take(ebpf, "BLOCK_HITS")?).map_err(unusable)?,
            )?,
            allow: AllowList::new(&options.allow),
            allowed: DualTrie::new(map(ebpf, "ALLOW_V4")?, map(ebpf, "ALLOW_V6")?),
            counters: PerCpuArray::try_from(take(ebpf, COUNTER_MAP)?).map_err(unusable)?,
            mode: Array::try_from(take(ebpf, "GATE_MODE")?).map_err(unusable)?,
            guards: Guards::new(options.xdp_mode),
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

    fn apply_allow_list(&mut self) -> Result<(), EnforceError> {
        let wanted = self.allow.nets();
        let there: BTreeSet<IpNet> =
            self.allowed.entries().map_err(broken)?.into_iter().map(|(net, _)| net).collect();
        for net in wanted.difference(&there) {
            self.allowed.insert(*net, 1).map_err(broken)?;
        }
        for net in there.difference(&wanted) {
            self.allowed.remove(*net).map_err(broken)?;
        }
        Ok(())
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
        let mut wanted = BTreeSet::new();
        for block in blocks {
            wanted.insert(canonical(block.net));
            refusals.extend(self.block(block)?);
        }
        for net in self.blocks.nets() {
            if !wanted.contains(&net) {
                self.blocks.remove(net)?;
            }
        }
        Ok(refusals)
    }

    fn block(&mut self, block: &Block) -> Result<Option<Refusal>, EnforceError> {
        let net = canonical(block.net);
        if let Some(refusal) = self.refuse(net) {
            return Ok(Some(refusal));
        }
        let refusal = self.blocks.set(net, block.remaining)?;
        self.refused += u64::from(refusal.is_some());
        Ok(refusal)
    }

    fn unblock(&mut self, net: IpNet) -> Result<(), EnforceError> {
        self.blocks.remove(canonical(net))
    }

    fn sweep(&mut self) -> Result<(), EnforceError> {
        self.allow.refresh();
        self.apply_allow_list()?;
        self.blocks.sweep()
    }

    fn set_mode(&mut self, mode: GateMode) -> Result<(), EnforceError> {
        let value = match mode {
            GateMode::Enforce => MODE_ENFORCE,
            GateMode::Monitor => MODE_MONITOR,
        };
        self.mode.set(0, value, 0).map_err(broken)
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

    fn hits(&mut self) -> Result<Vec<BlockHits>, EnforceError> {
        self.blocks.hits()
    }

    fn counters(&mut self) -> Counters {
        let sum = |index| self.counters.get(&index, 0).map_or(0, |per_cpu| per_cpu.iter().sum());
        let mut counters: Counters = (0..).zip(COUNTERS).map(|(index, name)| (name, sum(index))).collect();
        counters.add("enforce_expired_total", self.blocks.expired());
        counters.add("enforce_refused_total", self.refused);
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

fn load(object: &[u8], pins: &Pins) -> Result<Ebpf, EnforceError> {
    let mut loader = EbpfLoader::new();
    let paths: Vec<_> = MAPS.into_iter().chain([COUNTER_MAP]).map(|name| (name, pins.map(name))).collect();
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

fn map<const N: usize, V: Pod>(
    ebpf: &mut Ebpf,
    name: &str,
) -> Result<LpmTrie<MapData, [u8; N], V>, EnforceError> {
    LpmTrie::try_from(take(ebpf, name)?).map_err(unusable)
}

fn take(ebpf: &mut Ebpf, name: &str) -> Result<aya::maps::Map, EnforceError> {
    ebpf.take_map(name).ok_or_else(|| {
        EnforceError::lack("XDP gate", Lack::new(format!("no map {name}"), "rebuild the sensor"))
    })
}

fn unusable(error: aya::maps::MapError) -> EnforceError {
    let next_step = "the pinned maps are not this version's: run `sensor detach`, then start again";
    EnforceError::lack("XDP gate", Lack::new(explain(&error), next_step))
}

fn broken(error: aya::maps::MapError) -> EnforceError {
    EnforceError::lack(
        "XDP gate",
        Lack::new(explain(&error), "see `dmesg` and `sysctl vm.overcommit_memory`"),
    )
}
