//! Capture rules: how much of which traffic is looked at.
//!
//! A rule is for a prefix (the client's or the server's), for a port of the server, or for both. Of several that fit, the
//! longer prefix counts, then whoever names a port; of equals, what looks at more. Only a direction's addresses and the
//! server's port decide, nothing that is said.

mod flat;
mod kept;
mod source;

use std::net::IpAddr;

use ipnet::IpNet;
use portcullis_sensor_common::tap::MAX_RULE_ENTRIES;
use serde::{Deserialize, Serialize};

pub(crate) use self::flat::{FlatRules, OfNet};
pub use self::{
    kept::{KeptRules, KeptRulesError},
    source::RuledSource,
};

/// In order of how much is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    #[default]
    Full,
    /// Heads, and of bodies no more than their length.
    Headers,
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub net: Option<IpNet>,
    /// The server's.
    pub port: Option<u16>,
    pub mode: Mode,
}

/// A list of rules, all of which can be kept to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    #[error("{0} capture rules are more than {MAX_RULES}: use wider prefixes")]
    TooMany(usize),
    #[error("port 0 is no server's")]
    NoPort,
    #[error(
        "these capture rules are {0} when each prefix is written out with its ports, and the kernel's maps hold \
         {MAX_RULE_ENTRIES}: name fewer ports"
    )]
    TooWide(usize),
}

/// With the ports of shorter prefixes repeated for longer ones, they fill the kernel's maps at most.
pub const MAX_RULES: usize = 256;

/// How much a rule counts against another one that fits too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Weight(u8, bool);

impl Rules {
    pub fn new(rules: Vec<Rule>) -> Result<Self, RulesError> {
        if rules.len() > MAX_RULES {
            return Err(RulesError::TooMany(rules.len()));
        }
        if rules.iter().any(|rule| rule.port == Some(0)) {
            return Err(RulesError::NoPort);
        }
        let rules = Self(rules);
        match FlatRules::of(&rules).len() {
            entries if entries > MAX_RULE_ENTRIES => Err(RulesError::TooWide(entries)),
            _ => Ok(rules),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.iter()
    }

    /// For traffic between these addresses; no port where it is not known which end is the server.
    pub fn mode(&self, ends: [IpAddr; 2], server_port: Option<u16>) -> Mode {
        let fitting = self.0.iter().filter(|rule| rule.fits(ends, server_port));
        let best = fitting.max_by_key(|rule| (rule.weight(), std::cmp::Reverse(rule.mode)));
        best.map_or(Mode::Full, |rule| rule.mode)
    }
}

impl Rule {
    fn fits(&self, ends: [IpAddr; 2], server_port: Option<u16>) -> bool {
        self.net.is_none_or(|net| ends.iter().any(|end| net.contains(end)))
            && self.port.is_none_or(|port| server_port == Some(port))
    }

    fn weight(&self) -> Weight {
        Weight(self.prefix_len(), self.port.is_some())
    }

    /// A rule for no prefix is one for all addresses.
    fn prefix_len(&self) -> u8 {
        self.net.map_or(0, |net| net.prefix_len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn rule(net: &str, port: u16, mode: Mode) -> Rule {
        Rule { net: net.parse().ok(), port: Some(port).filter(|port| *port > 0), mode }
    }

    fn mode(rules: &[Rule], port: Option<u16>) -> Mode {
        let ends = ["10.1.2.3".parse().unwrap(), "192.0.2.1".parse().unwrap()];
        Rules::new(rules.to_vec()).unwrap().mode(ends, port)
    }

    #[test]
    fn the_longer_prefix_counts_before_the_port_and_the_port_before_nothing() {
        let any = rule("", 80, Mode::Headers);
        let wide = rule("10.0.0.0/8", 0, Mode::Off);
        let narrow = rule("10.1.2.0/24", 0, Mode::Full);
        let both = rule("10.0.0.0/8", 80, Mode::Headers);
        assert_eq!(mode(&[any, wide], Some(80)), Mode::Off);
        assert_eq!(mode(&[wide, narrow, any], Some(80)), Mode::Full);
        assert_eq!(mode(&[wide, both], Some(80)), Mode::Headers);
        assert_eq!(mode(&[wide, both], Some(81)), Mode::Off);
        assert_eq!(mode(&[any], Some(81)), Mode::Full);
    }

    #[test]
    fn of_equal_rules_the_one_that_looks_at_more_counts() {
        let (client, server) = (rule("10.1.2.3/32", 0, Mode::Off), rule("192.0.2.1/32", 0, Mode::Headers));
        assert_eq!(mode(&[client, server], None), Mode::Headers);
        assert_eq!(mode(&[server, client], None), Mode::Headers);
    }

    #[test]
    fn a_port_counts_only_where_it_is_known_to_be_the_servers() {
        assert_eq!(mode(&[rule("", 9100, Mode::Off)], None), Mode::Full);
    }
}
