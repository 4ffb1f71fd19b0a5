use std::process::ExitCode;

use super::terminal;

/// How a verb ended, in the codes that scripts rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    Partly = 2,
    Usage = 64,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb ended early.
pub(crate) struct Failure {
    exit: Exit,
    error: anyhow::Error,
}

impl Failure {
    /// The user has to change something: a flag, a file, a policy.
    pub(crate) fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Usage, error: error.into() }
    }

    pub(crate) fn report(self) -> Exit {
        terminal::note(format_args!("error: {:#}", self.error));
        self.exit
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { exit: Exit::Failed, error }
    }
}

/// What clap has to say: help and version are no failure, all else is bad usage.
pub(crate) fn usage(error: &clap::Error) -> Exit {
    // A closed terminal leaves nobody to tell.
    error.print().ok();
    if error.use_stderr() { Exit::Usage } else { Exit::Done }
}
