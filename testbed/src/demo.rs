//! The demo: sets the stage, sends the traffic, and with `--once` checks what became of it.

mod check;
mod client;
mod table;

use std::{
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use portcullis_stack::{Capture, Interrupt, Process, watch};
use portcullis_testbed::{
    SERVICE,
    stage::{Stage, StageOptions},
};

pub(crate) use client::{ClientArgs, client};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder with `sensor` and `control-plane`
    #[arg(long, value_name = "DIR")]
    binaries: PathBuf,
    /// Database, sensor state and logs; with --once a temporary folder inside of it
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Where REST and the console listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    http: SocketAddr,
    /// Send the traffic once, check what was detected and blocked, and end
    #[arg(long)]
    once: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let interrupt = Interrupt::listen()?;
    if args.once {
        // Its own database: what earlier runs saw must not count.
        let folder = tempfile::tempdir_in(&args.data_dir).context(args.data_dir.display().to_string())?;
        let mut stage = set_stage(args, folder.path())?;
        return check::run(&mut stage, &interrupt);
    }
    stay(args, &interrupt)
}

/// Until Ctrl-C: customers all the time, an attacker now and then.
fn stay(args: &Args, interrupt: &Interrupt) -> anyhow::Result<()> {
    let mut stage = set_stage(args, &args.data_dir)?;
    say(&format!("\nPortcullis runs with the demo. Console: {}", stage.control_plane.url()));
    say(&stage.control_plane.log_in());
    say(&format!("Logs: {}\nCtrl-C ends it all and lifts all blocks.\n", args.data_dir.display()));
    let mut clients = start_clients(&stage, &args.data_dir)?;
    let mut processes = stage.processes();
    processes.push(&mut clients);
    watch(&mut processes, interrupt, || Ok(()))
}

fn set_stage(args: &Args, folder: &Path) -> anyhow::Result<Stage> {
    say("demo: making two network namespaces with nginx and an API in one and clients in the other");
    let mut stage = Stage::set(StageOptions {
        binaries: args.binaries.clone(),
        demo: std::env::current_exe().context("where is this program?")?,
        folder: folder.to_owned(),
        http: Some(args.http),
        capture: Capture::Ebpf,
        enforce: "auto",
        interface: SERVICE,
        sensor_arguments: Vec::new(),
    })?;
    let ready = stage.start_sensor()?.ready()?;
    say(&format!("demo: sensor: {ready}"));
    Ok(stage)
}

fn start_clients(stage: &Stage, folder: &Path) -> anyhow::Result<Process> {
    let mut command = stage.site.network.clients.command(std::env::current_exe()?);
    command.args(["client", "--forever"]);
    // What became of each request grows without end, and the console shows it better.
    command.arg("--quiet");
    Process::start("clients", command, &folder.join("clients.log"))
}

/// Notes go to standard error: standard output is for data.
pub(crate) fn say(line: &str) {
    // Nothing is left to tell it to when the terminal is gone.
    let _unheard = writeln!(std::io::stderr(), "{line}");
}
