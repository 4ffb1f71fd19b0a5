use std::path::{Path, PathBuf};

use portcullis_stack::{Capture, ControlPlane, Interrupt, Sensor, SensorOptions, watch};

use super::{Args, binary, control_plane};
use crate::program::{finish, say};

const PIN_DIR: &str = "/sys/fs/bpf/portcullis";

/// From the start of the control plane to the end of both, the sensor first: its last events still find someone.
pub(super) fn run(args: &Args, data_dir: &Path, interrupt: &Interrupt) -> anyhow::Result<()> {
    let options = control_plane(args, data_dir);
    keep_one_older(&options.log)?;
    let mut control_plane = ControlPlane::start(options)?;
    let sensor_options = sensor(args, data_dir);
    keep_one_older(&sensor_options.log)?;
    let mut sensor = start_sensor(&control_plane, sensor_options, data_dir)?;
    introduce(&control_plane, &sensor, args)?;

    let watched = watch(&mut [&mut control_plane.process, &mut sensor.process], interrupt, || Ok(()));
    say("up: stopping");
    let ended = sensor.process.end();
    let detached = if args.keep_blocks { Ok(()) } else { detach() };
    let also_ended = control_plane.process.end();
    watched?;
    ended?;
    detached?;
    also_ended?;
    if args.keep_blocks {
        say(&format!("up: blocks stay in force; to lift them: sudo {} detach", binary("sensor").display()));
    }
    Ok(())
}

fn sensor(args: &Args, data_dir: &Path) -> SensorOptions {
    let interfaces = if args.interface.is_empty() { vec!["lo".to_owned()] } else { args.interface.clone() };
    SensorOptions {
        binary: binary("sensor"),
        namespace: None,
        capture: Capture::Ebpf,
        enforce: "auto",
        interfaces,
        control_plane: format!("http://{}", args.grpc),
        join_token: None,
        node: None,
        exclude: vec![args.http, args.grpc],
        state_dir: data_dir.join("sensor"),
        pin_dir: PathBuf::from(PIN_DIR),
        detach_on_exit: !args.keep_blocks,
        arguments: Vec::new(),
        log: data_dir.join("sensor.log"),
    }
}

/// Enrols it with a token that is good for once and gone afterwards.
fn start_sensor(
    control_plane: &ControlPlane,
    mut options: SensorOptions,
    data_dir: &Path,
) -> anyhow::Result<Sensor> {
    let token = data_dir.join("join-token");
    control_plane.write_join_token(&token)?;
    options.join_token = Some(token.clone());
    let sensor = Sensor::start(&options);
    fs_err::remove_file(token)?;
    sensor
}

/// For a sensor that could not do it itself: a second run finds nothing to do.
fn detach() -> anyhow::Result<()> {
    let mut sensor = std::process::Command::new(binary("sensor"));
    finish(sensor.args(["detach", "--pin-dir", PIN_DIR]))
}

fn introduce(control_plane: &ControlPlane, sensor: &Sensor, args: &Args) -> anyhow::Result<()> {
    say(&format!("\nPortcullis runs. Console: {}", control_plane.url()));
    say(&control_plane.log_in());
    say(&format!("Sensor:  {}", sensor.ready()?));
    if args.interface.is_empty() {
        say(
            "         It watches loopback alone, because it can drop packets. To guard a network card as well:\n         \
             sudo scripts/up --interface lo eth0     (`ip -brief link` lists them; `all` is every one but lo)",
        );
    }
    say(&format!(
        "Logs:    {}, {}\nCtrl-C stops both{}.\n",
        control_plane.process.log().display(),
        sensor.process.log().display(),
        if args.keep_blocks { "; blocks stay" } else { " and lifts all blocks" }
    ));
    Ok(())
}

/// The log of the run before this one is worth keeping; those before it are not.
fn keep_one_older(log: &Path) -> anyhow::Result<()> {
    if log.exists() {
        fs_err::rename(log, log.with_extension("log.1"))?;
    }
    Ok(())
}
