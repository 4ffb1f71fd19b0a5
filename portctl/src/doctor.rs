//! Is this node fit to run a sensor, and is the control plane there for it? One file per group of checks; each check
//! takes what it looks at as an argument, so that a test can hand it another machine's `/proc`.

mod clock;
mod control_plane;
mod filesystem;
mod fleet;
mod kernel;
mod privileges;
mod tools;

use serde_json::{Value, json};

use crate::{
    cli::{Capture, Connection},
    client::Server,
    failure::Failure,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Ok,
    /// Works, but not as well as it could, or could not be looked at.
    Warning,
    /// Needed for what was asked about.
    Missing,
}

impl Level {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Missing => "missing",
        }
    }
}

/// One finding, and the command that mends it where it is not well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) level: Level,
    pub(crate) finding: String,
    pub(crate) fix: Option<String>,
}

impl Check {
    fn ok(name: &'static str, finding: impl Into<String>) -> Self {
        Self { name, level: Level::Ok, finding: finding.into(), fix: None }
    }

    fn warning(name: &'static str, finding: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, level: Level::Warning, finding: finding.into(), fix: Some(fix.into()) }
    }

    fn missing(name: &'static str, finding: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, level: Level::Missing, finding: finding.into(), fix: Some(fix.into()) }
    }

    /// Missing where the chosen capture needs it, a warning where another one would.
    fn needed(needed: bool, name: &'static str, finding: impl Into<String>, fix: impl Into<String>) -> Self {
        if needed { Self::missing(name, finding, fix) } else { Self::warning(name, finding, fix) }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({"name": self.name, "level": self.level.as_str(), "finding": self.finding, "fix": self.fix})
    }
}

/// All checks, the node's first.
pub(crate) fn examine(connection: &Connection, capture: Capture) -> Result<Vec<Check>, Failure> {
    let server = Server::parse(&connection.server)?;
    let mut checks = kernel::checks(capture);
    checks.extend(privileges::checks(capture));
    checks.extend(filesystem::checks(capture));
    checks.extend(tools::checks(capture));
    let visit = control_plane::visit(&server, connection)?;
    checks.push(clock::check(&visit));
    checks.extend(visit.checks);
    if let Some(fleet) = visit.fleet {
        checks.extend(fleet::checks(&fleet, hostname::get().ok().and_then(|name| name.into_string().ok())));
    }
    Ok(checks)
}
