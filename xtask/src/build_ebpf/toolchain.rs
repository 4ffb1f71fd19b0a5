use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::bail;

use super::TARGET;

/// A compiler that can make BPF code.
pub(super) struct Toolchain {
    way: Way,
    /// Its LLVM writes the bitcode, so the linker's must be at least as new.
    pub(super) llvm_major: u32,
    sysroot: PathBuf,
}

enum Way {
    /// rustup's nightly compiles `core` from rust-src.
    Nightly,
    /// A compiler that comes with `core` built for BPF, as Debian's does.
    Prebuilt { rustc: PathBuf },
}

impl Way {
    fn name(&self) -> String {
        match self {
            Self::Nightly => "rustup's nightly".to_owned(),
            Self::Prebuilt { rustc } => rustc.display().to_string(),
        }
    }

    fn ask(&self, arguments: &[&str]) -> Result<String, String> {
        let mut rustc = match self {
            Self::Nightly => {
                let mut rustup = Command::new("rustup");
                rustup.args(["run", "nightly", "rustc"]);
                rustup
            }
            Self::Prebuilt { rustc } => Command::new(rustc),
        };
        let output = rustc.args(arguments).output().map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
    }
}

impl Toolchain {
    pub(super) fn find() -> anyhow::Result<Self> {
        let debian =
            std::env::var_os("EBPF_RUSTC").map_or_else(|| PathBuf::from("/usr/bin/rustc"), PathBuf::from);
        let mut missing = Vec::new();
        for way in [Way::Nightly, Way::Prebuilt { rustc: debian }] {
            match Self::probe(way) {
                Ok(toolchain) => return Ok(toolchain),
                Err(lack) => missing.push(lack),
            }
        }
        bail!(
            "no compiler for {TARGET}:\n  {}\nEither of these brings one:\n  \
             rustup toolchain install nightly --component rust-src\n  \
             sudo apt-get install -y --no-install-recommends rustc-web libstd-rust-web-dev-bpf    (Debian 12)",
            missing.join("\n  ")
        )
    }

    fn probe(way: Way) -> Result<Self, String> {
        let name = way.name();
        let says = |arguments: &[&str]| way.ask(arguments).map_err(|lack| format!("{name}: {lack}"));
        let sysroot = PathBuf::from(says(&["--print", "sysroot"])?.trim());
        let llvm_major = says(&["-vV"])?
            .lines()
            .find_map(|line| line.strip_prefix("LLVM version: ")?.split('.').next()?.parse().ok())
            .ok_or_else(|| format!("{name}: names no LLVM version"))?;
        match &way {
            Way::Nightly => {
                let source = sysroot.join("lib/rustlib/src/rust/library/core");
                if !source.is_dir() {
                    return Err(format!("{name}: its component rust-src is missing ({})", source.display()));
                }
            }
            Way::Prebuilt { .. } => {
                let folder = sysroot.join("lib/rustlib").join(TARGET).join("lib");
                if first_with_prefix(&folder, "libcore-").is_none() {
                    return Err(format!("{name}: no core library for {TARGET} in {}", folder.display()));
                }
            }
        }
        Ok(Self { way, llvm_major, sysroot })
    }

    /// `cargo build` with this compiler and nothing of the environment that xtask itself was started in.
    pub(super) fn cargo_build(&self) -> Command {
        self.cargo("build")
    }

    /// `cargo clippy` in the same way.
    pub(super) fn cargo_clippy(&self) -> anyhow::Result<Command> {
        match &self.way {
            Way::Nightly => Ok(self.cargo("clippy")),
            Way::Prebuilt { rustc } => {
                let clippy = rustc.with_file_name("clippy-driver");
                if !clippy.is_file() {
                    bail!(
                        "{} is missing: sudo apt-get install -y --no-install-recommends rust-web-clippy",
                        clippy.display()
                    );
                }
                // As `cargo clippy` does, which would take the host compiler's.
                let mut command = self.cargo("check");
                command.env("RUSTC_WORKSPACE_WRAPPER", clippy);
                Ok(command)
            }
        }
    }

    fn cargo(&self, verb: &str) -> Command {
        let mut command = match &self.way {
            Way::Nightly => {
                let mut command = Command::new("rustup");
                command.args(["run", "nightly", "cargo", verb, "-Zbuild-std=core"]);
                command.env_remove("RUSTC");
                command
            }
            Way::Prebuilt { rustc } => {
                let mut command = host_cargo();
                command.arg(verb).env("RUSTC", rustc).env("RUSTC_BOOTSTRAP", "1");
                command
            }
        };
        for inherited in ["RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_TARGET"] {
            command.env_remove(inherited);
        }
        command
    }

    /// The shared library of LLVM that the compiler itself uses.
    pub(super) fn llvm_library(&self) -> Option<PathBuf> {
        let system = Path::new("/usr/lib").join(format!("{}-linux-gnu", std::env::consts::ARCH));
        let prefix = format!("libLLVM.so.{}", self.llvm_major);
        [self.sysroot.join("lib"), system].iter().find_map(|folder| first_with_prefix(folder, &prefix))
    }
}

/// The cargo that runs this xtask.
pub(super) fn host_cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn first_with_prefix(folder: &Path, prefix: &str) -> Option<PathBuf> {
    let entries = fs_err::read_dir(folder).ok()?;
    entries
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
}
