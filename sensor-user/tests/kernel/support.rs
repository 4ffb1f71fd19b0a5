pub(crate) mod agent;
pub(crate) mod first_layout;
pub(crate) mod foreign;
pub(crate) mod frame;
pub(crate) mod streams;
pub(crate) mod world;

use std::{
    path::{Path, PathBuf},
    sync::{
        Once,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use ipnet::IpNet;
use nix::unistd::Uid;
use sensor_user::{
    enforce::{Block, GateOptions, XdpMode},
    interfaces::Selection,
};

/// Whether the test can run; says why not, and fails where nothing may be skipped.
pub(crate) fn ready() -> bool {
    if Uid::effective().is_root() {
        static BPFFS: Once = Once::new();
        // By one test, before the others look: two would mount one over the other.
        BPFFS.call_once(|| {
            let folder = PinDir::new();
            sensor_user::enforce::open(sensor_user::enforce::Mode::Xdp, options(&[], &folder, &[]))
                .unwrap_or_else(|error| panic!("{error}"));
        });
        return true;
    }
    assert_ne!(std::env::var("PORTCULLIS_REQUIRE_ALL").as_deref(), Ok("1"), "root is needed");
    println!("skipped: root is needed to load kernel programs");
    false
}

/// A place for pins of this test alone, cleared at its end.
pub(crate) struct PinDir(PathBuf);

impl PinDir {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(format!("/sys/fs/bpf/portcullis-test-{}-{number}", std::process::id()).into())
    }

    /// Another process's.
    pub(crate) fn at(path: &str) -> Self {
        Self(path.into())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PinDir {
    fn drop(&mut self) {
        if let Err(error) = sensor_user::enforce::detach(&self.0) {
            println!("left behind: {}: {error}", self.0.display());
        }
    }
}

pub(crate) fn options(interfaces: &[&str], pins: &PinDir, allow: &[&str]) -> GateOptions {
    GateOptions {
        interfaces: meant(interfaces),
        pin_dir: pins.path().to_owned(),
        allow: allow.iter().map(|text| net(text)).collect(),
        xdp_mode: XdpMode::Auto,
    }
}

/// None where there are none.
pub(crate) fn meant(interfaces: &[&str]) -> Selection {
    if interfaces.is_empty() { Selection::default() } else { Selection::parse(interfaces).unwrap() }
}

pub(crate) fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

pub(crate) fn permanent(text: &str) -> Block {
    Block { net: net(text), remaining: None }
}

pub(crate) fn lasting(text: &str, remaining: Duration) -> Block {
    Block { net: net(text), remaining: Some(remaining) }
}
