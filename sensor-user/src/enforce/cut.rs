//! Cutting connections: where the attacker is behind a proxy, its address is on no packet, but its request is on a
//! connection that can be ended.
//!
//! Nothing of it is pinned: without the agent nobody would say what to cut, and a cut ends by itself.

mod attach;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use aya::{
    Ebpf, EbpfLoader,
    maps::{Array, HashMap, MapData, PerCpuArray},
    programs::{SchedClassifier, TestRun as _, TestRunOptions},
};
use portcullis_sensor_common::{
    cut::{COUNTER_MAP, COUNTERS, CutEntry, CutKey, FLOWS, UNTIL},
    gate,
};

pub use self::attach::{CutHook, CutInterface};
use super::EnforceError;
use crate::{
    capture::ebpf::Hook,
    counters::Counters,
    interfaces::Interface,
    kernel::{Lack, clock::BootTime, explain, load_program, object, requirements},
};

/// How long a connection stays cut: longer than a slow server takes for its answer, which is the next packet where the
/// first one of a request was its last.
pub const CUT_FOR: Duration = Duration::from_secs(120);

const INGRESS: &str = "portcullis_cut_ingress";
const EGRESS: &str = "portcullis_cut_egress";

/// The programs that cut. Dropping it ends all cuts.
pub struct FlowCutter {
    ebpf: Ebpf,
    cuts: Arc<Cuts>,
    interfaces: Vec<CutInterface>,
    has_warned: bool,
    /// Where it is noted down which qdiscs are ours.
    traces: Option<PathBuf>,
}

/// What shards cut with, at once and by themselves.
pub struct Cuts {
    maps: Mutex<Maps>,
    is_monitoring: AtomicBool,
    made: AtomicU64,
    would_be: AtomicU64,
    failed: AtomicU64,
}

struct Maps {
    flows: HashMap<MapData, CutKey, CutEntry>,
    until: Array<MapData, u64>,
}

impl FlowCutter {
    /// Puts the programs into the kernel; they see nothing before [`FlowCutter::follow`].
    pub fn load() -> Result<Self, EnforceError> {
        requirements::ebpf().map_err(lack)?;
        let object = object::bytes().map_err(lack)?;
        let mut loader = EbpfLoader::new();
        // The gate's and the tap's maps come with the object; here they stay empty.
        for unused in gate::MAPS.into_iter().chain(["FLOWS"]) {
            loader.map_max_entries(unused, 1);
        }
        let mut ebpf = loader.load(object).map_err(|error| refused(&error))?;
        for name in [INGRESS, EGRESS] {
            let program = program(&mut ebpf, name)?;
            load_program(|| program.load()).map_err(|error| refused(&error))?;
        }
        let flows = HashMap::try_from(take(&mut ebpf, FLOWS)?).map_err(|error| refused(&error))?;
        let until = Array::try_from(take(&mut ebpf, UNTIL)?).map_err(|error| refused(&error))?;
        let cuts = Cuts {
            maps: Mutex::new(Maps { flows, until }),
            is_monitoring: AtomicBool::new(false),
            made: AtomicU64::new(0),
            would_be: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        };
        Ok(Self { ebpf, cuts: Arc::new(cuts), interfaces: Vec::new(), has_warned: false, traces: None })
    }

    /// Notes down below `pin_dir`, a folder on a bpffs, what would stay in the kernel: `sensor detach` looks there.
    pub fn keep_traces(&mut self, pin_dir: &Path) {
        self.traces = Some(pin_dir.to_owned());
    }

    /// Cuts on exactly these interfaces from here on, in the network namespace of the calling thread. One that refuses is
    /// told in [`FlowCutter::interfaces`], and tried again with the next call.
    pub fn follow(&mut self, interfaces: &[Interface], hook: Hook) {
        let (kept, gone): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.interfaces).into_iter().partition(|at| {
                at.hook.is_ok() && interfaces.iter().any(|interface| interface.index == at.index)
            });
        gone.into_iter().for_each(|at| attach::release(&mut self.ebpf, at.links));
        self.interfaces = kept;
        for interface in interfaces {
            if self.interfaces.iter().all(|at| at.index != interface.index) {
                let at = attach::attach(&mut self.ebpf, interface, hook, self.traces.as_deref());
                if let (Err(why), false) = (&at.hook, self.has_warned) {
                    self.has_warned = true;
                    tracing::warn!(
                        interface = at.name,
                        why,
                        "connections are not cut here; `portctl sensors` tells where else"
                    );
                }
                self.interfaces.push(at);
            }
        }
    }

    pub fn interfaces(&self) -> &[CutInterface] {
        &self.interfaces
    }

    pub fn cuts(&self) -> Arc<Cuts> {
        Arc::clone(&self.cuts)
    }

    /// Where nothing is cut.
    pub fn no_counters() -> Counters {
        let names =
            ["cut_flows_total", "cut_would_cut_total", "cut_failed_total"].into_iter().chain(COUNTERS);
        names.map(|name| (name, 0)).collect()
    }

    pub fn counters(&self) -> Counters {
        let mut counters = self.cuts.counters();
        if let Some(Ok(map)) = self.ebpf.map(COUNTER_MAP).map(PerCpuArray::<_, u64>::try_from) {
            let sum = |index| map.get(&index, 0).map_or(0, |per_cpu| per_cpu.iter().sum());
            counters.merge(&(0..).zip(COUNTERS).map(|(index, name)| (name, sum(index))).collect());
        }
        counters
    }

    /// What becomes of a frame that never was on a wire (`BPF_PROG_TEST_RUN`), for tests; `None` where it is dropped.
    pub fn try_frame(&mut self, frame: &[u8]) -> Result<Option<Vec<u8>>, EnforceError> {
        const TC_ACT_SHOT: u32 = 2;
        let mut out = vec![0; frame.len() + 64];
        let options =
            TestRunOptions { data_in: Some(frame), data_out: Some(&mut out), ..TestRunOptions::new() };
        let result = program(&mut self.ebpf, INGRESS)?.test_run(options).map_err(|error| refused(&error))?;
        out.truncate(usize::try_from(result.data_size_out).unwrap_or(0));
        Ok((result.return_value != TC_ACT_SHOT).then_some(out))
    }
}

impl Cuts {
    /// From the next packet on, in both directions.
    pub fn cut(&self, one: SocketAddr, other: SocketAddr) {
        if self.is_monitoring.load(Ordering::Relaxed) {
            self.would_be.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let expires = BootTime::now().after(CUT_FOR).0;
        let mut maps = self.maps.lock().unwrap_or_else(PoisonError::into_inner);
        // The time is the latest that any shard has set, give or take the time between two of these lines.
        let done = maps
            .flows
            .insert(CutKey::between(one.into(), other.into()), CutEntry { expires }, 0)
            .and_then(|()| maps.until.set(0, expires, 0));
        let counter = if done.is_ok() { &self.made } else { &self.failed };
        if let Err(error) = done
            && self.failed.load(Ordering::Relaxed) == 0
        {
            tracing::error!(%error, "a connection could not be cut; further ones are counted as cut_failed_total");
        }
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// While on, nothing is cut, and what would be is counted.
    pub fn set_monitoring(&self, on: bool) {
        self.is_monitoring.store(on, Ordering::Relaxed);
    }

    fn counters(&self) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters::from_iter([
            ("cut_flows_total", read(&self.made)),
            ("cut_would_cut_total", read(&self.would_be)),
            ("cut_failed_total", read(&self.failed)),
        ])
    }
}

fn program<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut SchedClassifier, EnforceError> {
    ebpf.program_mut(name).and_then(|program| program.try_into().ok()).ok_or_else(|| {
        lack(Lack::new(format!("{name} is not in the object"), "run `cargo xtask build-ebpf`"))
    })
}

fn take(ebpf: &mut Ebpf, name: &str) -> Result<aya::maps::Map, EnforceError> {
    ebpf.take_map(name).ok_or_else(|| {
        lack(Lack::new(format!("{name} is not in the object"), "run `cargo xtask build-ebpf`"))
    })
}

fn refused(error: &dyn std::error::Error) -> EnforceError {
    lack(Lack::new(explain(error), "report this with the output of `uname -a`"))
}

fn lack(lack: Lack) -> EnforceError {
    EnforceError::lack("cutting connections", lack)
}
