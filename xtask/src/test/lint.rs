use super::tally::Tally;
use crate::caller::Caller;

pub(super) fn run(caller: &Caller) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    tally.check("rustfmt", caller.cargo().args(["fmt", "--all", "--check"]));
    // Not --workspace: the kernel programs compile for their own target alone, and with the compiler of build-ebpf.
    tally.check(
        "clippy",
        caller.cargo().args([
            "clippy",
            "--quiet",
            "--locked",
            "--all-targets",
            // The fuzz targets, without the fuzzer's C++ runtime.
            "--features=portcullis-fuzz/targets",
            "--",
            "-D",
            "warnings",
        ]),
    );
    tally.check("clippy of the kernel programs", caller.xtask("build-ebpf")?.arg("--lint"));
    tally.check("cargo-deny", caller.command("cargo-deny").args(["check", "bans", "licenses", "sources"]));
    Ok(tally)
}
