//! The running sensor: every room put together, from the interfaces to the control plane and back.

mod excluded;
mod node;
mod origin;
mod overload;
mod shard;
mod share;

use std::{
    net::{SocketAddr, ToSocketAddrs},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};

use ipnet::IpNet;
use portcullis_detection::Mode as PolicyMode;
use portcullis_exchange::{Tags, Timestamp};
use tokio::{
    runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    task::spawn_blocking,
    time::{Instant, MissedTickBehavior, interval, interval_at},
};

use crate::{
    blocking::{self, Blocker, Limits, NodeBlocks, ProxiedHeads},
    capture::{
        CaptureError,
        rules::{KeptRules, KeptRulesError},
    },
    enforce::{self, EnforceError, Lookout, XdpMode},
    interfaces::{Follower, Selection, SelectionError},
    learned::KeptLearned,
    orders::{KeptError, Orders},
    policies::{LivePolicies, Loaded},
    state_dir::{StateDir, StateDirError},
    tag::{ForwardedHeader, Recognition, Tagger},
    uplink::{self, Prepared, Uplink, UplinkError},
    wire::WireConfig,
};

use excluded::Excluded;
use node::RunningNode;
use origin::Origin;
use shard::Shard;

/// How often gateways, resolvers and the control plane's name are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often what was learned is kept.
const KEEP_EVERY: Duration = Duration::from_secs(600);
/// How long the end waits for events to be acknowledged; the rest stays in the spool.
const DRAIN_PATIENCE: Duration = Duration::from_secs(5);

pub struct Options {
    pub capture: Capture,
    pub enforce: Enforce,
    pub xdp_mode: XdpMode,
    /// Drop nothing: count what would be.
    pub monitor: bool,
    /// Names, patterns, or `all`; see [`Selection::parse`].
    pub interfaces: Vec<String>,
    pub pin_dir: PathBuf,
    pub state_dir: PathBuf,
    pub allow: Vec<IpNet>,
    pub trusted_proxies: Vec<IpNet>,
    /// Also connections on which a trusted proxy may send requests of others.
    pub cut_shared_connections: bool,
    /// Of automatic blocks.
    pub limits: Limits,
    pub forwarded_header: ForwardedHeader,
    pub exclude: Vec<SocketAddr>,
    pub shards: Option<usize>,
    /// Bytes of each answer's body that are kept.
    pub answer_bytes: u32,
    pub account_id: String,
    pub collection_id: i64,
    pub policies: Loaded,
    pub uplink: uplink::Config,
    pub detach_on_exit: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    Ebpf,
    Pcap,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enforce {
    /// What goes with the capture: XDP with eBPF, nftables with libpcap.
    Auto,
    Xdp,
    Nftables,
    Off,
}

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Interfaces(#[from] SelectionError),
    #[error(transparent)]
    StateDir(#[from] StateDirError),
    #[error(transparent)]
    Uplink(#[from] UplinkError),
    #[error(transparent)]
    Capture(#[from] CaptureError),
    #[error(transparent)]
    Enforce(#[from] EnforceError),
    #[error(transparent)]
    Orders(#[from] KeptError),
    #[error(transparent)]
    CaptureRules(#[from] KeptRulesError),
    #[error(transparent)]
    AutomaticBlocks(#[from] blocking::KeptError),
    #[error("threads cannot be started: {0}")]
    Threads(#[from] std::io::Error),
    #[error("nothing is left to watch: every interface is gone; start again once one is back")]
    NothingLeft,
    #[error("a shard failed; what it said stands above. Start the sensor again, blocks are still in force")]
    ShardFailed,
}

impl RunError {
    /// Whether another command line or configuration would help, and not another try.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Interfaces(
                SelectionError::NoSuchInterface { .. }
                    | SelectionError::Pattern { .. }
                    | SelectionError::Nothing
            ) | Self::Uplink(
                UplinkError::Address(_)
                    | UplinkError::Plaintext(_)
                    | UplinkError::NoToken
                    | UplinkError::NoAuthority
                    | UplinkError::HasCertificate
            )
        )
    }
}

/// Runs until SIGTERM or SIGINT. `ready` is told, once, when capture, enforcement and the line to the control plane
/// stand.
pub fn run(options: Options, ready: impl FnOnce(&str)) -> Result<(), RunError> {
    let follower = Follower::new(Selection::parse(&options.interfaces)?)?;
    let interfaces = follower.selection().clone();
    interfaces.resolve()?;
    let state = StateDir::open(&options.state_dir)?;
    let uplink = Prepared::new(options.uplink.clone(), &state)?;
    let excluded =
        Excluded::new(options.exclude.iter().copied().chain(addresses(&options.uplink.control_plane)));

    let enforcer = origin::enforcer(&options, &interfaces)?;
    let may_policies_block =
        options.policies.set.iter().any(|one| one.enabled && one.mode == PolicyMode::Block);
    let blocks = NodeBlocks::open(blocking::Options {
        // Before the tap, which then goes ahead of it.
        cutter: origin::cutter(&options, &interfaces),
        enforcer,
        limits: options.limits,
        allow: options.allow.iter().chain(&options.trusted_proxies).copied().collect(),
        may_policies_block,
        file: state.file("automatic-blocks.json"),
    })?;
    let mut orders = Orders::open(state.file("orders"), blocks.ordered())?;
    let capture_rules = KeptRules::open(state.file("capture-rules.json"))?;
    let origin = Origin::open(&options, &interfaces, &capture_rules.rules())?;

    let policies = Arc::new(LivePolicies::new(options.policies));
    let learned = KeptLearned::open(state.file("learned"), &policies.engine().learned(), now());
    let suppressions = orders.suppressions();
    let (events, queue) = uplink::bounded();
    // Also where no policy asks for blocks: one that is saved while we run may.
    let blocker = Blocker::start(blocks.clone(), events.clone())?;
    let blocks_dropped = blocker.dropped();
    let following = node::Following::default();
    following.recognition.store(Arc::new(Recognition {
        trusted_proxies: options.trusted_proxies.clone(),
        header: options.forwarded_header,
        identity: None,
    }));
    let heads = blocks.cuts().map(|cuts| {
        let tagger = Tagger::following(Tags::default(), Arc::clone(&following.recognition));
        ProxiedHeads::new(tagger, blocks.actors(), cuts, options.cut_shared_connections)
    });
    let wire = WireConfig {
        answer_keep: options.answer_bytes as usize,
        ..WireConfig::for_shards(origin.sources.len())
    };
    let (mut shards, mut counters) = (Vec::new(), Vec::new());
    for (source, interface) in origin.sources {
        let tags = Tags {
            account_id: options.account_id.clone(),
            collection_id: options.collection_id,
            node: options.uplink.node.clone(),
            interface,
        };
        let published = Arc::default();
        counters.push(Arc::clone(&published));
        shards.push(Shard {
            source,
            wire: wire.clone(),
            tagger: Tagger::following(tags, Arc::clone(&following.recognition)),
            redaction: Arc::clone(&following.redaction),
            policies: Arc::clone(&policies),
            suppressions: Arc::clone(&suppressions),
            events: events.clone(),
            blocker: Some(blocker.clone()),
            heads: heads.clone(),
            excluded: excluded.clone(),
            published,
        });
    }
    drop((events, blocker));
    let summary = format!(
        "capturing on {} ({}), enforcing with {}, control plane {}",
        interfaces.words().join(", "),
        options.capture.name(),
        orders.enforcement(),
        options.uplink.control_plane
    );
    let mut lookout = Lookout::new(&options.uplink.control_plane);
    orders.surround(lookout.look());
    let blocking = node::Blocking { blocks, heads, dropped: Some(blocks_dropped) };
    let node = Arc::new(RunningNode::new(
        orders,
        capture_rules,
        blocking,
        node::Judged { policies, learned, following },
        counters,
        origin.watched,
        node::Role {
            name: options.uplink.node,
            capture: options.capture,
            interfaces: interfaces.named().to_vec(),
            account_id: options.account_id,
            collection_id: options.collection_id,
        },
    ));

    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended = runtime.block_on(async {
        let uplink = uplink.start(Arc::clone(&node) as Arc<dyn uplink::Node>, queue);
        let sweeping = tokio::spawn(sweep(Arc::clone(&node)));
        let learning = tokio::spawn(keep_learned(Arc::clone(&node)));
        let looking = tokio::spawn(look_out(lookout, Arc::clone(&node)));
        let following = follow(follower, Arc::clone(&node))?;
        let ended = watch(shards, uplink, || ready(&summary)).await;
        sweeping.abort();
        learning.abort();
        looking.abort();
        following.end();
        ended
    });
    // The shards have ended: this is all that there is to know.
    node.keep_learned();
    tracing::info!("counted: {}", node.counted());
    if options.detach_on_exit {
        node.detach()?;
        // With the node the tap goes, which may leave a qdisc.
        drop(node);
        enforce::detach(&options.pin_dir)?;
    }
    ended
}

/// Starts the shards and waits for the end; then lets everything out that is under way.
async fn watch(shards: Vec<Shard>, uplink: Uplink, ready: impl FnOnce()) -> Result<(), RunError> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = Arc::new(AtomicBool::new(false));
    let (ended, mut ends) = mpsc::channel(shards.len().max(1));
    let mut running = Vec::new();
    for (number, shard) in shards.into_iter().enumerate() {
        let (stop, ended) = (Arc::clone(&stop), ended.clone());
        let body = move || {
            let end = shard.run(number, &stop);
            // The receiver outlives every shard.
            ended.blocking_send(end).ok();
        };
        running.push(thread::Builder::new().name(format!("shard-{number}")).spawn(body)?);
    }
    drop(ended);

    let result = tokio::select! {
        result = until_ended(&mut ends) => result,
        () = signalled(&mut terminate, &mut interrupt) => Ok(()),
        never = async { uplink.ready().await; ready(); std::future::pending().await } => never,
    };

    stop.store(true, Ordering::Relaxed);
    // A shard that panicked never says how it ended: the channel closes once all are gone.
    while ends.recv().await.is_some() {}
    let panicked = running.into_iter().map(thread::JoinHandle::join).any(|joined| joined.is_err());
    let waiting = uplink.stop(DRAIN_PATIENCE).await;
    if waiting > 0 {
        tracing::info!(
            events_waiting = waiting,
            "kept for the next start: the control plane has not acknowledged them"
        );
    }
    if panicked { Err(RunError::ShardFailed) } else { result }
}

/// Enforcement has chores of its own, apart from the control plane's being there.
async fn sweep(node: Arc<RunningNode>) {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        let node = Arc::clone(&node);
        if spawn_blocking(move || node.sweep()).await.is_err() {
            return;
        }
    }
}

/// What was learned since the last time is what a sensor that is killed forgets.
async fn keep_learned(node: Arc<RunningNode>) {
    let mut ticks = interval_at(Instant::now() + KEEP_EVERY, KEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let node = Arc::clone(&node);
        if spawn_blocking(move || node.keep_learned()).await.is_err() {
            return;
        }
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// Gateways, resolvers and the control plane's addresses change, and must never be dropped. Apart from the sweep, since
/// a name may take seconds to resolve.
async fn look_out(mut lookout: Lookout, node: Arc<RunningNode>) {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let node = Arc::clone(&node);
        let looked = spawn_blocking(move || {
            node.surround(lookout.look());
            lookout
        });
        match looked.await {
            Ok(again) => lookout = again,
            Err(error) => {
                tracing::error!(%error, "nobody looks any more for gateways and resolvers that change");
                return;
            }
        }
    }
}

/// Interfaces come and go on a thread of their own: attaching waits for the kernel, and nobody else should.
fn follow(follower: Follower, node: Arc<RunningNode>) -> Result<Following, RunError> {
    let stop = Arc::new(AtomicBool::new(false));
    let thread = thread::Builder::new().name("interfaces".to_owned()).spawn({
        let stop = Arc::clone(&stop);
        move || follower.run(&stop, |interfaces| node.follow(interfaces))
    })?;
    Ok(Following { stop, thread })
}

struct Following {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Following {
    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        if self.thread.join().is_err() {
            tracing::error!("following interfaces had failed; those that came since were not watched");
        }
    }
}

/// Ends when a shard fails or the last one has nothing left to watch.
async fn until_ended(ends: &mut mpsc::Receiver<Result<(), CaptureError>>) -> Result<(), RunError> {
    while let Some(end) = ends.recv().await {
        end?;
    }
    Err(RunError::NothingLeft)
}

async fn signalled(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// The control plane's own sockets: judging what we say to it would make events about events.
fn addresses(url: &str) -> Vec<SocketAddr> {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/');
    match authority.to_socket_addrs() {
        Ok(addresses) => addresses.collect(),
        Err(error) => {
            tracing::warn!(%error, authority, "its address is not known, so traffic to it is judged like any other");
            Vec::new()
        }
    }
}

impl Capture {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ebpf => "ebpf",
            Self::Pcap => "pcap",
        }
    }
}
