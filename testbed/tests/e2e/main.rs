//! The real binaries, nginx, curl and the kernel, in network namespaces: what a user is promised, one test each.
//!
//! They need root and the binaries in `$PORTCULLIS_BIN_DIR`; `cargo xtask test e2e` sees to both. Each has a site,
//! a control plane and pins of its own, so they run side by side.

mod automatic;
mod console;
mod detection;
mod durability;
mod enforcement;
mod losses;
mod need;
mod proxied;
mod scene;
mod site;
