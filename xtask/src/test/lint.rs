use super::{build, tally::Tally};
use crate::caller::Caller;

pub(super) fn run(caller: &Caller) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    tally.check("rustfmt", caller.cargo().args(["fmt", "--all", "--check"]));
    tally.check("clippy of the kernel programs", caller.xtask("build-ebpf")?.arg("--lint"));
    tally.check("cargo-deny", caller.command("cargo-deny").args(["check", "bans", "licenses", "sources"]));
    tally += build::lint(caller)?;
    Ok(tally)
}
