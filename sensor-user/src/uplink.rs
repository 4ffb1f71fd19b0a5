//! The line to the control plane: events up, commands down.

pub mod spool;
