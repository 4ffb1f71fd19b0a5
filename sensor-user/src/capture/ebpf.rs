//! The tap in the kernel, and the ring buffers that it writes to.

mod advice;
mod attach;
mod ring;
mod rules;

use std::{path::Path, time::Duration};

use aya::{
    Ebpf, EbpfLoader,
    maps::PerCpuArray,
    programs::{SchedClassifier, TestRun as _, TestRunOptions},
};
use portcullis_sensor_common::{cut, gate, tap};

use self::{advice::Adviser, attach::Taps, rules::InKernel};
pub use self::{
    attach::{Hook, InterfaceTap},
    ring::RingSource,
};
use super::{CaptureError, rules::Rules};
use crate::{
    counters::Counters,
    interfaces::{Interface, Selection},
    kernel::{Lack, explain, load_program, object, requirements},
};

pub use portcullis_sensor_common::tap::MAX_SHARDS;

const PROGRAM: &str = "portcullis_tap";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapOptions {
    /// Ring buffers, each with a source of its own: 1 to [`MAX_SHARDS`]. All segments of a flow go to the same.
    pub shards: usize,
    /// Size of each ring buffer in bytes, rounded up to a power of two of at least 256 KiB.
    pub ring_bytes: u32,
    /// Flows that the kernel keeps in mind.
    pub flows: u32,
    /// UDP ports of VXLAN.
    pub vxlan_ports: [u16; 2],
    /// Bytes of an answer's body that are copied where the tap can tell its end.
    pub answer_keep: u32,
    pub hook: Hook,
}

impl Default for TapOptions {
    fn default() -> Self {
        Self {
            shards: 1,
            ring_bytes: 16 << 20,
            flows: 65_536,
            vxlan_ports: tap::VXLAN_PORTS,
            answer_keep: u32::MAX,
            hook: Hook::Best,
        }
    }
}

/// The tap, loaded. Dropping it takes it off the interfaces; nothing of it is pinned.
pub struct Tap {
    ebpf: Ebpf,
    taps: Taps,
    sources: Vec<RingSource>,
    hook: Hook,
    /// What the flow table holds at most.
    flows: u32,
    rules: InKernel,
}

impl Tap {
    /// Puts the program and its ring buffers into the kernel; it sees nothing before [`Tap::attach`].
    pub fn load(options: &TapOptions) -> Result<Self, CaptureError> {
        let lack = |lack: Lack| failed("eBPF tap", lack);
        requirements::ebpf().map_err(lack)?;
        let object = object::bytes().map_err(lack)?;
        let shards = options.shards.clamp(1, MAX_SHARDS);
        let ring_count = u32::try_from(shards).unwrap_or(1);
        let mut loader = EbpfLoader::new();
        loader
            .override_global("SHARDS", &ring_count, true)
            .override_global("VXLAN", options.vxlan_ports.as_slice(), true)
            .override_global("ANSWER_KEEP", &options.answer_keep, true)
            .map_max_entries("FLOWS", options.flows.max(1));
        // The maps of gate and cuts come with the object; here they stay empty.
        for unused in gate::MAPS.into_iter().chain([cut::FLOWS]) {
            loader.map_max_entries(unused, 1);
        }
        let refused = |what: String| {
            lack(Lack::new(what, "use --capture pcap, or report this with the output of `uname -a`"))
        };
        let mut ebpf = loader.load(object).map_err(|error| refused(explain(&error)))?;
        for name in [PROGRAM, advice::PROGRAM] {
            let program = program(&mut ebpf, name)?;
            load_program(|| program.load()).map_err(|error| refused(explain(&error)))?;
        }
        let adviser = Adviser::of(program(&mut ebpf, advice::PROGRAM)?).map_err(lack)?;
        let sources = ring::create(&mut ebpf, &adviser, ring_count, options.ring_bytes)?;
        Ok(Self {
            ebpf,
            taps: Taps::default(),
            sources,
            hook: options.hook,
            flows: options.flows.max(1),
            rules: InKernel::default(),
        })
    }

    /// Starts capturing on an interface, in the network namespace of the calling thread.
    pub fn attach(&mut self, interface: &str) -> Result<InterfaceTap, CaptureError> {
        let found = Selection::parse(&[interface])?.resolve()?;
        for interface in &found {
            self.taps.see_to(program(&mut self.ebpf, PROGRAM)?, interface, self.hook);
        }
        let state = self.taps.states().find(|state| state.name == interface);
        let refused = |why| CaptureError::Refused { interface: interface.to_owned(), why };
        match state {
            Some(state) if state.mode != "none" => Ok(state.clone()),
            state => Err(refused(state.map_or_else(|| "it is gone".to_owned(), |state| state.note.clone()))),
        }
    }

    /// Notes down below `pin_dir`, a folder on a bpffs, what would stay in the kernel: `sensor detach` looks there.
    pub fn keep_traces(&mut self, pin_dir: &Path) {
        self.taps.keep_traces(pin_dir);
    }

    /// Captures on exactly these from here on, in the network namespace of the calling thread. One that refuses is told
    /// in [`Tap::interfaces`], and tried again with the next call, which should come every few seconds: the tap may be
    /// taken off by others, or others get before it.
    pub fn follow(&mut self, interfaces: &[Interface]) -> Result<(), CaptureError> {
        self.taps.follow(program(&mut self.ebpf, PROGRAM)?, interfaces, self.hook);
        Ok(())
    }

    pub fn interfaces(&self) -> Vec<InterfaceTap> {
        self.taps.states().cloned().collect()
    }

    /// The reading ends, one per shard. A second call gives none.
    pub fn take_sources(&mut self) -> Vec<RingSource> {
        std::mem::take(&mut self.sources)
    }

    /// Shows the tap a frame `repeat` times (`BPF_PROG_TEST_RUN`), for tests and benchmarks. Gives the program's own
    /// time, on average.
    pub fn try_frame(&mut self, frame: &[u8], repeat: u32) -> Result<Duration, CaptureError> {
        let options = TestRunOptions { data_in: Some(frame), repeat, ..TestRunOptions::new() };
        let result = program(&mut self.ebpf, PROGRAM)?.test_run(options).map_err(|error| {
            failed("eBPF tap", Lack::new(explain(&error), "give it a frame of 14 to 3,500 bytes"))
        })?;
        Ok(result.duration)
    }

    /// Looks at traffic as these rules say, from here on: also at connections that are under way.
    pub fn set_rules(&mut self, rules: &Rules) -> Result<(), CaptureError> {
        self.rules.replace(&mut self.ebpf, rules).map_err(|error| {
            failed("capture rules", Lack::new(explain(&error), "they hold in part; set them again"))
        })
    }

    /// What the kernel side counted: what it copied, left alone and lost.
    pub fn counters(&self) -> Counters {
        let Some(Ok(counters)) = self.ebpf.map("TAP_COUNTERS").map(PerCpuArray::<_, u64>::try_from) else {
            return Counters::default();
        };
        let sum = |index| counters.get(&index, 0).map_or(0, |per_cpu| per_cpu.iter().sum());
        let mut counters: Counters =
            (0..).zip(tap::COUNTERS).map(|(index, name)| (name, sum(index))).collect();
        // The kernel throws the least recently used out of a full table without a word. Nothing else takes them out,
        // so what was put in beyond the table's size is gone; it keeps up to 128 places free for each processor, so
        // as many more may be.
        let connections = counters.value("tap_connections_total");
        counters.add("tap_flow_table_recycled_total", connections.saturating_sub(u64::from(self.flows)));
        counters
    }
}

fn program<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut SchedClassifier, CaptureError> {
    ebpf.program_mut(name)
        .and_then(|program| program.try_into().ok())
        .ok_or_else(|| failed("eBPF tap", Lack::new("not in the object", "run `cargo xtask build-ebpf`")))
}

fn failed(place: &str, lack: Lack) -> CaptureError {
    CaptureError::Failed { place: place.to_owned(), what: lack.what, next_step: lack.next_step }
}
