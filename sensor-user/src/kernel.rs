//! What the tap and the gate both need of the kernel: the programs, the right to load them, its clock, its
//! interfaces.

pub(crate) mod bpffs;
pub(crate) mod clock;
pub(crate) mod clsact;
pub(crate) mod filters;
pub(crate) mod interface;
pub(crate) mod link;
pub(crate) mod map;
pub(crate) mod namespace;
pub(crate) mod netlink;
pub(crate) mod object;
pub(crate) mod requirements;
pub(crate) mod traces;

use std::io::ErrorKind;

use aya::programs::ProgramError;

/// Something is not there. Carries the next step, so that whoever reports it cannot forget it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lack {
    pub(crate) what: String,
    pub(crate) next_step: String,
}

impl Lack {
    pub(crate) fn new(what: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { what: what.into(), next_step: next_step.into() }
    }
}

/// Loads a program, again where a signal interrupted the verifier, which answers EAGAIN then.
pub(crate) fn load_program(mut load: impl FnMut() -> Result<(), ProgramError>) -> Result<(), ProgramError> {
    const ATTEMPTS: usize = 5;
    for _ in 1..ATTEMPTS {
        match load() {
            Err(ProgramError::LoadError { io_error, .. }) if io_error.kind() == ErrorKind::WouldBlock => {}
            result => return result,
        }
    }
    load()
}

/// An error with its causes in one line. Of a long one, as the verifier's log makes it, the beginning and the end:
/// what failed stands first, and why stands last.
pub(crate) fn explain(error: &dyn std::error::Error) -> String {
    const HEAD: usize = 200;
    const TAIL: usize = 500;
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    let text: Vec<char> = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect();
    match (text.get(..HEAD), text.len().checked_sub(TAIL).filter(|start| *start > HEAD)) {
        (Some(head), Some(start)) => {
            head.iter().chain([&'…']).chain(text.get(start..).unwrap_or_default()).collect()
        }
        _ => text.into_iter().collect(),
    }
}
