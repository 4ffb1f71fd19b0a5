//! The control plane and the sensor as processes: started, watched and ended together.
//!
//! `cargo xtask up`, the demo and the end-to-end tests all run the same two binaries; how they are started and how
//! they end is said here once. Nothing here builds anything and nothing here knows the network they run in.

mod control_plane;
mod interrupt;
mod process;
mod sensor;
mod watch;

pub use control_plane::{ControlPlane, ControlPlaneOptions};
pub use interrupt::Interrupt;
pub use process::{Process, in_namespace};
pub use sensor::{Capture, Sensor, SensorOptions};
pub use watch::watch;
