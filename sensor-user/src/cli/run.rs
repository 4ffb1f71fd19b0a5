use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use clap::{Args, ValueEnum};
use ipnet::IpNet;

use super::{
    exit::{Exit, Failure},
    parse::{self, ForwardedName},
};

#[derive(Args)]
pub(crate) struct RunArgs {
    /// How packets are captured
    #[arg(long, value_name = "HOW", default_value = "ebpf")]
    capture: Capture,

    /// Interfaces to watch and guard, or `all` for every one that is up
    #[arg(long, value_name = "NAME", num_args = 1.., default_value = "lo")]
    interface: Vec<String>,

    /// The control plane's gRPC address
    #[arg(
        long,
        value_name = "URL",
        env = "PORTCULLIS_CONTROL_PLANE",
        default_value = "http://127.0.0.1:9090"
    )]
    control_plane: String,

    /// File with a join token; needed once, until the sensor has a credential of its own in the state folder
    #[arg(long, value_name = "FILE")]
    join_token: Option<PathBuf>,

    /// Credential, applied revision and events not yet acknowledged
    #[arg(long, value_name = "DIR", default_value = "/var/lib/portcullis")]
    state_dir: PathBuf,

    /// Where maps and links are pinned, so that blocks outlive the sensor
    #[arg(long, value_name = "DIR", default_value = "/sys/fs/bpf/portcullis")]
    pin_dir: PathBuf,

    /// Judge by the policies in this folder instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,

    /// Account that events are tagged with
    #[arg(long, value_name = "ID", default_value = "0")]
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

    /// Threads that reassemble and judge; at most four by default
    #[arg(long, value_name = "N")]
    shards: Option<NonZeroUsize>,

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

pub(crate) fn run(args: RunArgs) -> Result<Exit, Failure> {
    Err(anyhow::anyhow!("run on {:?} is not built yet", args.interface).into())
}
