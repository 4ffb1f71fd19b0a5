use std::{os::unix::process::CommandExt as _, path::Path};

use anyhow::Context as _;

use super::{Args, binary};
use crate::caller::Caller;

/// Becomes `portcullis-demo`, which makes the namespaces and runs everything in them.
pub(super) fn run(caller: &Caller, args: &Args, data_dir: &Path) -> anyhow::Result<()> {
    let mut demo = caller.root_command(binary("portcullis-demo"));
    demo.arg("run").arg("--binaries").arg(binary("")).arg("--data-dir").arg(data_dir);
    demo.arg("--http").arg(args.http.to_string());
    if args.once {
        demo.arg("--once");
    }
    Err(demo.exec()).context("portcullis-demo cannot be started")
}
