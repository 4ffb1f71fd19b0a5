//! Who calls the API and what they want: customers, and attackers each with a way of their own.
//!
//! The same seed gives the same visits in the same order.

mod attacks;
mod customers;
mod send;

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

pub use attacks::{burst, every_attack};
pub use customers::errand;
pub use send::Sender;

/// One request and who makes it.
#[derive(Clone, Debug)]
pub struct Visit {
    pub actor: IpAddr,
    pub method: &'static str,
    /// Path and query, encoded.
    pub target: String,
    pub body: Option<serde_json::Value>,
    pub agent: &'static str,
    /// `None`: an ordinary request.
    pub attack: Option<Attack>,
}

/// What an attack is and whether it works here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attack {
    /// In people's words, for tables.
    pub name: &'static str,
    /// The built-in policy that is to find it.
    pub policy: &'static str,
    pub succeeds: bool,
}

/// What became of a visit, as the client saw it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    pub actor: IpAddr,
    pub method: String,
    pub target: String,
    /// The attack's name.
    pub attack: Option<String>,
    pub status: Option<u16>,
    /// Why there is no status.
    pub error: Option<String>,
}

impl Visit {
    /// The path without the query, as events name it.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }
}

const fn customer(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(198, 51, 100, last))
}

const fn attacker(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, last))
}

/// A query value, encoded as a browser would.
fn encoded(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
}
