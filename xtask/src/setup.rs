//! `cargo xtask setup`: finds out what this machine lacks and installs it, saying what and why.

mod apt;
mod cargo_tool;
mod node;
mod python_tool;

use std::path::Path;

use cargo_tool::{CARGO_DENY, CARGO_FUZZ};
use clap::ValueEnum;
pub(crate) use python_tool::SCHEMATHESIS;

use crate::{caller::Caller, program::say};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What the machine is to be ready for; each includes the one before.
    #[arg(long = "for", value_enum, default_value_t = Purpose::Up)]
    purpose: Purpose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Purpose {
    /// Build and run.
    Up,
    /// Also the demo: nginx.
    Demo,
    /// Also the tests: curl, a browser, cargo-deny.
    Test,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut caller = Caller::find()?;
    ready(&mut caller, args.purpose)?;
    say("setup: nothing is missing");
    Ok(())
}

/// Brings what is missing and puts it on the PATH of `caller`.
pub(crate) fn ready(caller: &mut Caller, purpose: Purpose) -> anyhow::Result<()> {
    let mut missing: Vec<&Need> =
        NEEDS.iter().filter(|need| need.purpose <= purpose && !need.probe.holds(caller)).collect();
    if !node::is_ready(caller)? && !python_venv().probe.holds(caller) {
        missing.push(python_venv());
    }
    apt::install(caller, &missing)?;
    node::ready(caller)?;
    if purpose == Purpose::Test {
        CARGO_DENY.ready(caller)?;
    }
    Ok(())
}

/// What `cargo xtask console` needs: Node.js alone.
pub(crate) fn ready_for_console(caller: &mut Caller) -> anyhow::Result<()> {
    if !node::is_ready(caller)? && !python_venv().probe.holds(caller) {
        apt::install(caller, &[python_venv()])?;
    }
    node::ready(caller)
}

/// What `cargo xtask fuzz` needs besides a compiler.
pub(crate) fn ready_for_fuzzing(caller: &mut Caller) -> anyhow::Result<()> {
    CARGO_FUZZ.ready(caller)
}

/// Something of Debian's that we use.
struct Need {
    purpose: Purpose,
    packages: &'static [&'static str],
    why: &'static str,
    probe: Probe,
}

/// How to tell that it is there: by what is used of it, so that other distributions and hand-made installations count.
enum Probe {
    Program(&'static str),
    File(&'static str),
    BpfCompiler,
    BpfLinter,
    PythonVenv,
}

impl Probe {
    fn holds(&self, caller: &Caller) -> bool {
        match self {
            Self::Program(name) => caller.which(name).is_some(),
            Self::File(path) => Path::new(path).exists(),
            // Debian's python3 has the module venv without what it needs to work.
            Self::PythonVenv => caller
                .command("python3")
                .args(["-c", "import venv, ensurepip"])
                .output()
                .is_ok_and(|output| output.status.success()),
            Self::BpfCompiler => can(caller, &["--check"]),
            Self::BpfLinter => can(caller, &["--lint", "--check"]),
        }
    }
}

fn can(caller: &Caller, build_ebpf: &[&str]) -> bool {
    caller
        .xtask("build-ebpf")
        .is_ok_and(|mut xtask| xtask.args(build_ebpf).output().is_ok_and(|output| output.status.success()))
}

const NEEDS: &[Need] = &[
    Need {
        purpose: Purpose::Up,
        packages: &["build-essential"],
        why: "links Rust programs and compiles SQLite",
        probe: Probe::File("/usr/include/stdio.h"),
    },
    Need {
        purpose: Purpose::Up,
        packages: &["pkg-config"],
        why: "finds libpcap at build time",
        probe: Probe::Program("pkg-config"),
    },
    Need {
        purpose: Purpose::Up,
        packages: &["libpcap-dev"],
        why: "captures where eBPF cannot",
        probe: Probe::File("/usr/include/pcap/pcap.h"),
    },
    Need {
        purpose: Purpose::Up,
        packages: &["rustc-web", "libstd-rust-web-dev-bpf"],
        why: "compiles the kernel programs (a rustup nightly with rust-src would do too)",
        probe: Probe::BpfCompiler,
    },
    Need {
        purpose: Purpose::Up,
        packages: &["nftables"],
        why: "blocks where XDP cannot",
        probe: Probe::Program("nft"),
    },
    Need {
        purpose: Purpose::Up,
        packages: &["iproute2"],
        why: "makes network namespaces",
        probe: Probe::Program("ip"),
    },
    Need {
        purpose: Purpose::Demo,
        packages: &["nginx-light"],
        why: "serves the demo API, in a namespace of its own",
        probe: Probe::Program("nginx"),
    },
    Need {
        purpose: Purpose::Test,
        packages: &["rust-web-clippy"],
        why: "lints the kernel programs (clippy of a rustup nightly would do too)",
        probe: Probe::BpfLinter,
    },
    Need {
        purpose: Purpose::Test,
        packages: &["curl"],
        why: "is the client in the tests",
        probe: Probe::Program("curl"),
    },
    Need {
        purpose: Purpose::Test,
        packages: &["openssl"],
        why: "makes certificates for the tests",
        probe: Probe::Program("openssl"),
    },
    Need {
        purpose: Purpose::Test,
        packages: &["tcpdump"],
        why: "records captures for the tests",
        probe: Probe::Program("tcpdump"),
    },
    Need {
        purpose: Purpose::Test,
        packages: &["chromium"],
        why: "opens the console in the tests",
        probe: Probe::Program("chromium"),
    },
    Need {
        purpose: Purpose::Test,
        packages: &["fonts-dejavu-core"],
        why: "gives that browser letters to draw",
        probe: Probe::File("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    },
];

/// Only where Node.js has to come from a wheel.
fn python_venv() -> &'static Need {
    const NEED: Need = Need {
        purpose: Purpose::Up,
        packages: &["python3-venv"],
        why: "brings a Node.js that is new enough for the console (Debian 12 has 18)",
        probe: Probe::PythonVenv,
    };
    const { &NEED }
}
