use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use portcullis_proto::authority::Fingerprint;
use sensor_user::{
    blocking::Limits,
    enforce,
    run::{self, Options},
    uplink::{self, JoinToken},
};

use super::{
    exit::{Exit, Failure},
    parse::{self, ForwardedName},
    policies, terminal,
};

#[derive(Args)]
pub(crate) struct RunArgs {
    /// How packets are captured
    #[arg(long, value_name = "HOW", default_value = "ebpf")]
    capture: Capture,

    /// Interfaces to watch and guard: names, patterns (`veth*`, `!veth9`), or `all` but loopback; later ones too
    #[arg(long, value_name = "NAME", num_args = 1.., default_value = "lo")]
    interface: Vec<String>,

    /// The control plane's gRPC address: https://HOST:PORT, or in plaintext http://HOST:PORT on loopback
    #[arg(
        long,
        value_name = "URL",
        env = "PORTCULLIS_CONTROL_PLANE",
        default_value = "http://127.0.0.1:9090"
    )]
    control_plane: String,

    /// File with a join token; needed once, until the sensor has a certificate of its own in the state folder
    #[arg(long, value_name = "FILE")]
    join_token: Option<PathBuf>,

    /// What the control plane's certificate authority is known by, as `control-plane authority` prints it; needed only
    /// where no join token says so
    #[arg(long, value_name = "SHA256")]
    authority: Option<Fingerprint>,

    /// Certificate and its key, applied revision and events not yet acknowledged
    #[arg(long, value_name = "DIR", default_value = "/var/lib/portcullis")]
    state_dir: PathBuf,

    /// Where maps and links are pinned, so that blocks outlive the sensor
    #[arg(long, value_name = "DIR", default_value = enforce::DEFAULT_PIN_DIR)]
    pin_dir: PathBuf,

    /// Judge by the policies of this folder or file instead of the built-in ones; changes are taken up within two seconds
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,

    /// Account that events are tagged with; the control plane's own where absent
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    account_id: String,

    /// API collection that events are tagged with
    #[arg(long, value_name = "N", default_value_t = 0)]
    collection_id: i64,

    /// Name of this node; the host name where absent
    #[arg(long, value_name = "NAME")]
    node: Option<String>,

    /// A proxy whose forwarded headers may name the actor; repeatable
    #[arg(long, value_name = "CIDR", value_parser = parse::net)]
    trusted_proxy: Vec<IpNet>,

    /// Cut connections of blocked actors behind trusted proxies even where the proxy shares them among its clients;
    /// `false` spares HTTP/2, and HTTP/1 after its first request
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    cut_shared_connections: bool,

    /// Most blocks that policies make by themselves within a minute; past it none are made until it has calmed down.
    /// 0 switches them off
    #[arg(
        long,
        value_name = "N",
        env = "PORTCULLIS_AUTO_BLOCK_PER_MINUTE",
        default_value_t = Limits::default().per_minute
    )]
    auto_block_per_minute: u32,

    /// The same by share: percent of the actors of the last ten minutes, where those are 20 or more
    #[arg(
        long,
        value_name = "PERCENT",
        env = "PORTCULLIS_AUTO_BLOCK_SHARE",
        default_value_t = Limits::default().share,
        value_parser = clap::value_parser!(u8).range(0..=100)
    )]
    auto_block_share: u8,

    /// Which header the trusted proxies append to
    #[arg(long, value_name = "NAME", default_value = "auto")]
    forwarded_header: ForwardedName,

    /// Never block this address or prefix; repeatable
    #[arg(long, value_name = "CIDR", value_parser = parse::net)]
    allow: Vec<IpNet>,

    /// Do not judge traffic to or from this socket, as the control plane's own; repeatable
    #[arg(long, value_name = "ADDR:PORT")]
    exclude: Vec<SocketAddr>,

    /// What drops packets; auto is xdp with ebpf and nftables with pcap
    #[arg(long, value_name = "HOW", default_value = "auto")]
    enforce: Enforce,

    /// How the XDP gate is attached; auto is native where that is faster and the driver has it, else TCX, else generic
    #[arg(long, value_name = "HOW", default_value = "auto")]
    xdp_mode: XdpMode,

    /// Drop nothing: count what blocks would drop, in all and by block
    #[arg(long)]
    monitor: bool,

    /// Threads that reassemble and judge; at most four by default
    #[arg(long, value_name = "N")]
    shards: Option<NonZeroUsize>,

    /// Bytes of each answer's body that are kept and looked at; the tap copies no more of it where it can tell where it
    /// ends
    #[arg(long, value_name = "BYTES", default_value_t = 16 << 10)]
    answer_bytes: u32,

    /// Most disk that events waiting for the control plane may take, in MiB; the oldest go first
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    spool_limit: u64,

    /// Take gate, tap and blocks away at the end; without it blocks stay in force
    #[arg(long)]
    detach_on_exit: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Capture {
    /// The kernel tap
    Ebpf,
    /// libpcap, where eBPF cannot be used
    Pcap,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Enforce {
    Auto,
    Xdp,
    Nftables,
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum XdpMode {
    Auto,
    /// In the driver, or not at all
    Native,
    /// In the network stack, which every interface has
    Generic,
}

pub(crate) fn run(args: RunArgs) -> Result<Exit, Failure> {
    let options = options(args)?;
    match run::run(options, |summary| terminal::note(format_args!("ready: {summary}"))) {
        Ok(()) => Ok(Exit::Done),
        Err(error) if error.is_usage() => Err(Failure::usage(error)),
        Err(error) => Err(anyhow::Error::from(error).into()),
    }
}

fn options(args: RunArgs) -> Result<Options, Failure> {
    let join_token = args.join_token.as_deref().map(JoinToken::read).transpose().map_err(Failure::usage)?;
    let node = match args.node {
        Some(node) => node,
        None => hostname::get()
            .context("the host has no name; give one with --node")?
            .to_string_lossy()
            .into_owned(),
    };
    Ok(Options {
        capture: match args.capture {
            Capture::Ebpf => run::Capture::Ebpf,
            Capture::Pcap => run::Capture::Pcap,
        },
        enforce: match args.enforce {
            Enforce::Auto => run::Enforce::Auto,
            Enforce::Xdp => run::Enforce::Xdp,
            Enforce::Nftables => run::Enforce::Nftables,
            Enforce::Off => run::Enforce::Off,
        },
        xdp_mode: match args.xdp_mode {
            XdpMode::Auto => enforce::XdpMode::Auto,
            XdpMode::Native => enforce::XdpMode::Native,
            XdpMode::Generic => enforce::XdpMode::Generic,
        },
        monitor: args.monitor,
        interfaces: args.interface,
        pin_dir: args.pin_dir,
        state_dir: args.state_dir,
        allow: args.allow,
        trusted_proxies: args.trusted_proxy,
        cut_shared_connections: args.cut_shared_connections,
        limits: Limits { per_minute: args.auto_block_per_minute, share: args.auto_block_share },
        forwarded_header: args.forwarded_header.into(),
        exclude: args.exclude,
        shards: args.shards.map(Into::into),
        answer_bytes: args.answer_bytes,
        account_id: args.account_id,
        collection_id: args.collection_id,
        policies: policies::load_to_follow(args.policies.as_deref())?,
        uplink: uplink::Config {
            control_plane: args.control_plane,
            authority: args.authority,
            node,
            join_token,
            spool_limit: args.spool_limit.saturating_mul(1 << 20),
        },
        detach_on_exit: args.detach_on_exit,
    })
}
