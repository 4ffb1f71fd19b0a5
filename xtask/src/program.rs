//! Running other programs, and saying so: every verb starts some.

use std::process::{Command, Output};

use anyhow::{Context as _, bail, ensure};

/// Runs it with our terminal; a failure names the command, so that it can be run again by hand.
pub(crate) fn finish(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", shown(command)))?;
    ensure!(status.success(), "{}: {status}", shown(command));
    Ok(())
}

/// Runs it in silence and gives what it printed; its errors are shown when it fails.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<Output> {
    let output = command.output().with_context(|| format!("cannot start {}", shown(command)))?;
    if !output.status.success() {
        let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        bail!("{}: {}\n{}", shown(command), output.status, String::from_utf8_lossy(&said).trim_end());
    }
    Ok(output)
}

pub(crate) fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A note for the person at the terminal.
#[expect(clippy::print_stderr, reason = "notes of a command-line tool belong on stderr")]
pub(crate) fn say(note: &str) {
    eprintln!("{note}");
}
