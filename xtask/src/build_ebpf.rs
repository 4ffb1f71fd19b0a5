//! `cargo xtask build-ebpf`: two ways lead to the object, and the one that this machine has is taken.

mod linker;
mod toolchain;

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, ensure};
use toolchain::Toolchain;

use crate::workspace;

const TARGET: &str = "bpfel-unknown-none";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The processor whose registers the object may read: x86_64 or aarch64.
    #[arg(long, default_value = std::env::consts::ARCH, value_parser = ["x86_64", "aarch64"])]
    arch: String,
    /// Only say whether this machine has a compiler for it.
    #[arg(long)]
    check: bool,
    /// Lint instead of building; warnings fail.
    #[arg(long)]
    lint: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let toolchain = Toolchain::find()?;
    if args.lint {
        let clippy = toolchain.cargo_clippy()?;
        return if args.check { Ok(()) } else { lint(clippy, args) };
    }
    if args.check {
        return Ok(());
    }
    let linker = linker::ensure(&toolchain)?;
    // A folder of its own: another compiler in the common one would throw away the host's build.
    let target_dir = workspace::root().join("target/portcullis/ebpf");
    let flags = [
        "-Cdebuginfo=2".to_owned(),
        "-Clink-arg=--btf".to_owned(),
        format!("-Clinker={}", linker.display()),
        processor(args),
    ]
    .join("\x1f");
    let mut build = toolchain.cargo_build();
    kernel_programs(&mut build, args)
        .arg("--release")
        // bpf-linker does the link-time optimisation itself.
        .args(["--config", "profile.release.lto=false", "--target-dir"])
        .arg(&target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", flags);
    finish(&mut build).context("the kernel programs do not compile")?;
    install(&target_dir.join(TARGET).join("release/sensor-ebpf"))
}

fn lint(mut clippy: Command, args: &Args) -> anyhow::Result<()> {
    let target_dir = workspace::root().join("target/portcullis/ebpf-lint");
    let flags = [processor(args), "-Dwarnings".to_owned()].join("\x1f");
    kernel_programs(&mut clippy, args)
        .arg("--target-dir")
        .arg(&target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", flags);
    finish(&mut clippy).context("clippy has something to say about the kernel programs")
}

fn kernel_programs<'c>(cargo: &'c mut Command, args: &Args) -> &'c mut Command {
    cargo
        .current_dir(workspace::root())
        .args(["--locked", "--package", "sensor-ebpf", "--target", TARGET])
        // aya-ebpf's build script asks for the processor under this name.
        .env("CARGO_CFG_BPF_TARGET_ARCH", &args.arch)
}

fn processor(args: &Args) -> String {
    format!("--cfg=bpf_target_arch=\"{}\"", args.arch)
}

/// Leaves an unchanged object alone, so that the sensor that embeds it is not built again.
fn install(built: &std::path::Path) -> anyhow::Result<()> {
    let object: PathBuf = workspace::root().join("target/portcullis/sensor-ebpf.o");
    let bytes = fs_err::read(built)?;
    if fs_err::read(&object).ok().as_deref() != Some(&bytes) {
        let fresh = object.with_extension("o.new");
        fs_err::write(&fresh, &bytes)?;
        fs_err::rename(&fresh, &object)?;
    }
    say(&format!("{} ({} bytes)", object.display(), bytes.len()));
    Ok(())
}

fn finish(command: &mut Command) -> anyhow::Result<()> {
    let status =
        command.status().with_context(|| format!("{} does not start", command.get_program().display()))?;
    ensure!(status.success(), "{} ended with {status}", command.get_program().display());
    Ok(())
}

#[expect(clippy::print_stderr, reason = "notes of a command-line tool belong on stderr")]
fn say(note: &str) {
    eprintln!("build-ebpf: {note}");
}
