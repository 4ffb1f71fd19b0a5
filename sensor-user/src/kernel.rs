//! What the tap and the gate both need of the kernel: the programs, the right to load them, its clock, its
//! interfaces.

pub(crate) mod bpffs;
pub(crate) mod clock;
pub(crate) mod interface;
pub(crate) mod object;
pub(crate) mod requirements;

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

/// An error with its causes in one line. The verifier's log is cut to its end, where the reason stands.
pub(crate) fn explain(error: &dyn std::error::Error) -> String {
    const MOST: usize = 600;
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().rev().nth(MOST) {
        Some((start, _)) => format!("…{}", text.get(start..).unwrap_or_default()),
        None => text,
    }
}
