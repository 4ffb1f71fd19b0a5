use std::path::PathBuf;

use crate::{
    caller::Caller,
    program::{output, say},
};

/// A program of PyPI's, in a virtual environment of its own.
pub(crate) struct PythonTool {
    name: &'static str,
    version: &'static str,
    why: &'static str,
}

pub(crate) const SCHEMATHESIS: PythonTool = PythonTool {
    name: "schemathesis",
    version: "4.32.5",
    why: "tries every REST call with what the OpenAPI document allows",
};

impl PythonTool {
    /// Installs it into the tools folder once. An error says why that cannot be here; what wants it is skipped then.
    pub(crate) fn ready(&self, caller: &Caller) -> anyhow::Result<PathBuf> {
        let Self { name, version, why } = self;
        let folder = caller.tools()?.join(format!("{name}-{version}"));
        let program = folder.join("bin").join(name);
        if !program.is_file() {
            say(&format!("setup: missing {name}: {why}; installing {version} into {}", folder.display()));
            output(caller.command("python3").args(["-m", "venv"]).arg(&folder))?;
            let mut pip = caller.command(folder.join("bin/pip"));
            output(
                pip.args(["install", "--quiet", "--disable-pip-version-check"])
                    .arg(format!("{name}=={version}")),
            )?;
        }
        Ok(program)
    }
}
