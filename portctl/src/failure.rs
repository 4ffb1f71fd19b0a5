//! What can go wrong, each with the place and the next step, and the exit code it ends in.

use std::{io, process::ExitCode};

/// Exit code of bad usage or configuration (`EX_USAGE` of sysexits.h).
pub(crate) const USAGE: u8 = 64;

/// How a command that ran to its end turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Failed,
    /// Some of what was asked was done; the notes say what was not.
    Partly,
}

impl Outcome {
    /// Of `done` things out of `asked`.
    pub(crate) fn of(done: usize, asked: usize) -> Self {
        match done {
            _ if done == asked => Self::Done,
            0 => Self::Failed,
            _ => Self::Partly,
        }
    }

    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Self::Done => ExitCode::SUCCESS,
            Self::Failed => ExitCode::from(1),
            Self::Partly => ExitCode::from(2),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error("cannot reach the control plane at {server}: {cause}\n  {next_step}")]
    Unreachable { server: String, cause: String, next_step: String },
    #[error(
        "{server} refused the API key (401): {endpoint}\n  \
         make one where the control plane runs: control-plane keys create --data-dir DIR --role analyst\n  \
         and pass it in PORTCTL_API_KEY or with --api-key-file FILE"
    )]
    Unauthorized { server: String, endpoint: &'static str },
    #[error(
        "this API key may not do that (403): {endpoint} on {server}: {reason}\n  \
         make one that may, where the control plane runs: \
         control-plane keys create --data-dir DIR --role analyst (or admin)"
    )]
    Forbidden { server: String, endpoint: &'static str, reason: String },
    #[error("{server} did not accept the request (422): {endpoint}{}", list(.errors))]
    Rejected { server: String, endpoint: &'static str, errors: Vec<String> },
    #[error("{server} answered {status}: {endpoint}: {body}\n  {next_step}")]
    Status { server: String, endpoint: &'static str, status: u16, body: String, next_step: &'static str },
    #[error(
        "cannot read the answer of {server}: {endpoint}: {cause}\n  \
         is this a Portcullis control plane of this version? try: curl -i {server}/healthz"
    )]
    BadReply { server: String, endpoint: &'static str, cause: String },
    #[error("no event {id} on {server}\n  list them with: portctl events")]
    NoSuchEvent { id: String, server: String },
    #[error("{path}: {problem}")]
    File { path: String, problem: io::Error },
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(USAGE),
            _ => ExitCode::from(1),
        }
    }
}

fn list(errors: &[String]) -> String {
    errors.iter().map(|error| format!("\n  {error}")).collect()
}
