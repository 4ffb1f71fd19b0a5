//! What every enforcer promises, on real packets. One suite, over each back end in turn.

mod behaviours;
mod outlives;

use std::fmt;

use sensor_user::enforce::{
    Enforcer, Mode,
    nftables::{Hook, NftablesEnforcer},
};

use crate::support::{PinDir, options, world::VETH};

/// What drops the packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Backend {
    Xdp,
    Ingress,
    Prerouting,
}

impl Backend {
    fn open(self, pins: &PinDir, allow: &[&str]) -> Box<dyn Enforcer> {
        self.open_on(VETH, pins, allow)
    }

    fn open_on(self, interface: &str, pins: &PinDir, allow: &[&str]) -> Box<dyn Enforcer> {
        let options = options(&[interface], pins, allow);
        let opened = match self {
            Self::Xdp => sensor_user::enforce::open(Mode::Xdp, options),
            Self::Ingress => sensor_user::enforce::open(Mode::Nftables, options),
            // Chosen on kernels without the other hook, which this one has.
            Self::Prerouting => NftablesEnforcer::open_at(Hook::Prerouting, options, "")
                .map(|enforcer| Box::new(enforcer) as Box<dyn Enforcer>),
        };
        opened.unwrap_or_else(|error| panic!("{self}: {error}"))
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Xdp => "XDP",
            Self::Ingress => "nftables at ingress",
            Self::Prerouting => "nftables at prerouting",
        })
    }
}

/// A test of each behaviour over each back end, which its name says.
macro_rules! over_all {
    ($($behaviour:ident),+ $(,)?) => {
        over_all!(xdp, crate::blocking::Backend::Xdp, $($behaviour),+);
        over_all!(nftables_ingress, crate::blocking::Backend::Ingress, $($behaviour),+);
        over_all!(nftables_prerouting, crate::blocking::Backend::Prerouting, $($behaviour),+);
    };
    ($module:ident, $backend:expr, $($behaviour:ident),+) => {
        mod $module {
            $(#[test]
            fn $behaviour() {
                if crate::support::ready() {
                    super::$behaviour($backend);
                }
            })+
        }
    };
}
use over_all;
