use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use super::terminal;

/// Logs go to standard error; `PORTCULLIS_LOG` takes the directives of `tracing` (`debug`, `sensor_user::uplink=trace`).
pub(crate) fn init() {
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .with_env_var("PORTCULLIS_LOG")
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| terminal::Log)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
}
