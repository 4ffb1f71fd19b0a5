//! `cargo xtask up`: builds everything, then runs the control plane and a sensor on this machine until Ctrl-C.

mod demo;
mod session;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use portcullis_stack::{ControlPlaneOptions, Interrupt};

use crate::{
    caller::{Caller, is_root},
    program::{finish, say},
    setup::{self, Purpose},
    workspace,
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Interfaces to watch and guard, or `all`; loopback alone unless given, because the sensor can drop packets.
    #[arg(long, value_name = "NAME", num_args = 1.., conflicts_with = "demo")]
    interface: Vec<String>,
    /// Make two network namespaces with an API behind nginx and clients that use and attack it.
    #[arg(long)]
    demo: bool,
    /// Run the demo's traffic once, check what became of it, and end.
    #[arg(long, requires = "demo")]
    once: bool,
    /// Leave blocks in force at the end; `target/release/sensor detach` lifts them.
    #[arg(long, conflicts_with = "demo")]
    keep_blocks: bool,
    /// Database, sensor state and logs; `data/` or `data/demo` in the checkout where absent.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where REST and the console listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    http: SocketAddr,
    /// Where sensors connect; the demo takes an address of its own.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9090")]
    grpc: SocketAddr,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if !is_root() {
        bail!("loading kernel programs needs root: sudo scripts/up {}", arguments());
    }
    let mut caller = Caller::find()?;
    setup::ready(&mut caller, if args.demo { Purpose::Demo } else { Purpose::Up })?;
    build(&caller, args.demo)?;
    let data_dir = data_dir(args)?;
    if args.demo {
        return demo::run(&caller, args, &data_dir);
    }
    session::run(args, &data_dir, &Interrupt::listen()?)
}

fn build(caller: &Caller, demo: bool) -> anyhow::Result<()> {
    finish(&mut caller.xtask("build-ebpf")?)?;
    finish(&mut caller.xtask("console")?)?;
    say("up: building the release binaries (the first time takes minutes)");
    let mut cargo = caller.cargo();
    cargo.args(["build", "--release", "--locked"]);
    cargo.args(["--package", "control-plane", "--package", "sensor-user", "--package", "portctl"]);
    if demo {
        cargo.args(["--package", "portcullis-testbed"]);
    }
    finish(&mut cargo)
}

/// The database holds what attackers and customers sent: nobody but root looks into the folder.
fn data_dir(args: &Args) -> anyhow::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt as _;
    let default = if args.demo { "data/demo" } else { "data/up" };
    let folder =
        std::path::absolute(args.data_dir.clone().unwrap_or_else(|| workspace::root().join(default)))?;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .with_context(|| folder.display().to_string())?;
    Ok(folder)
}

/// A binary of the release build.
fn binary(name: &str) -> PathBuf {
    workspace::target().join("release").join(name)
}

fn control_plane(args: &Args, data_dir: &Path) -> ControlPlaneOptions {
    ControlPlaneOptions {
        binary: binary("control-plane"),
        data_dir: data_dir.join("control-plane"),
        http: args.http,
        grpc: args.grpc,
        log: data_dir.join("control-plane.log"),
    }
}

fn arguments() -> String {
    std::env::args().skip(2).collect::<Vec<_>>().join(" ")
}
