use std::{ops::AddAssign, process::Command};

use crate::program::{self, say};

/// What was run and what became of it. A check (rustfmt, clippy, …) counts as one test.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: usize,
    pub(super) failures: Vec<String>,
    pub(super) skips: Vec<String>,
}

impl Tally {
    pub(super) fn failed(&self) -> usize {
        self.failures.len()
    }

    /// One check: a program that says by its exit code whether all is well.
    pub(super) fn check(&mut self, name: &str, command: &mut Command) {
        say(&format!("-- {name}"));
        match program::finish(command) {
            Ok(()) => self.passed += 1,
            Err(error) => self.failures.push(format!("{name}: {error:#}")),
        }
    }

    /// Ends with the line that scripts read: `N passed, N failed, N skipped`.
    pub(super) fn show(&self) {
        say("");
        for skip in &self.skips {
            say(&format!("skipped: {skip}"));
        }
        for failure in &self.failures {
            say(&format!("failed: {failure}"));
        }
        say(&format!("{} passed, {} failed, {} skipped", self.passed, self.failed(), self.skips.len()));
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failures.extend(other.failures);
        self.skips.extend(other.skips);
    }
}
