//! What systems print, by families. Forms, not words: a text about `/etc/passwd` has none of them.

mod commands;
mod consoles;
mod databases;
mod errors;
mod files;
mod secrets;
mod services;
mod sources;

use super::sign::Sign;

/// Signs that prove the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Family {
    /// passwd(5), shadow(5).
    Accounts,
    Files,
    Sources,
    Commands,
    SqlErrors,
    DatabaseDumps,
    CloudMetadata,
    InternalServices,
    Secrets,
    Consoles,
    Listings,
    StackTraces,
    VerboseErrors,
    WebShells,
    Sessions,
}

impl Family {
    pub(crate) const ALL: [Self; 15] = [
        Self::Accounts,
        Self::Files,
        Self::Sources,
        Self::Commands,
        Self::SqlErrors,
        Self::DatabaseDumps,
        Self::CloudMetadata,
        Self::InternalServices,
        Self::Secrets,
        Self::Consoles,
        Self::Listings,
        Self::StackTraces,
        Self::VerboseErrors,
        Self::WebShells,
        Self::Sessions,
    ];

    pub(crate) const fn bit(self) -> u64 {
        1 << self as u8
    }

    /// As a match names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Files => "file",
            Self::Sources => "source",
            Self::Commands => "command output",
            Self::SqlErrors => "database error",
            Self::DatabaseDumps => "database contents",
            Self::CloudMetadata => "cloud metadata",
            Self::InternalServices => "internal service",
            Self::Secrets => "secret",
            Self::Consoles => "console",
            Self::Listings => "directory listing",
            Self::StackTraces => "stack trace",
            Self::VerboseErrors => "verbose error",
            Self::WebShells => "web shell",
            Self::Sessions => "session",
        }
    }

    pub(super) const fn signs(self) -> &'static [Sign] {
        match self {
            Self::Accounts => files::ACCOUNTS,
            Self::Files => files::FILES,
            Self::Sources => sources::SOURCES,
            Self::Commands => commands::COMMANDS,
            Self::SqlErrors => databases::ERRORS,
            Self::DatabaseDumps => databases::DUMPS,
            Self::CloudMetadata => services::METADATA,
            Self::InternalServices => services::SERVICES,
            Self::Secrets => secrets::SECRETS,
            Self::Consoles => consoles::CONSOLES,
            Self::Listings => consoles::LISTINGS,
            Self::StackTraces => errors::TRACES,
            Self::VerboseErrors => errors::VERBOSE,
            Self::WebShells => consoles::WEB_SHELLS,
            Self::Sessions => secrets::SESSIONS,
        }
    }
}
