use std::collections::BTreeMap;
#[cfg(test)]
use std::net::IpAddr;

use ipnet::IpNet;

use super::{Mode, Rule, Rules};

/// Rules as the kernel looks them up: of each prefix all that holds for its addresses, because a lookup finds the longest
/// alone.
pub(crate) struct FlatRules(pub(crate) BTreeMap<IpNet, OfNet>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OfNet {
    /// For all ports; with each mode the length of the prefix that its rule is for.
    pub(crate) any: Option<(Mode, u8)>,
    pub(crate) ports: BTreeMap<u16, (Mode, u8)>,
}

impl FlatRules {
    pub(crate) fn of(rules: &Rules) -> Self {
        let everything = || ["0.0.0.0/0", "::/0"].into_iter().filter_map(|net| net.parse::<IpNet>().ok());
        let nets = rules.iter().filter_map(|rule| rule.net.map(|net| net.trunc()));
        let is_for_all = rules.iter().any(|rule| rule.net.is_none());
        let nets = nets.chain(everything().filter(|_| is_for_all));
        Self(nets.map(|net| (net, OfNet::at(net, rules))).collect())
    }
}

impl FlatRules {
    /// Entries that the kernel has to hold.
    pub(crate) fn len(&self) -> usize {
        self.0.values().map(|of_net| 1 + of_net.ports.len()).sum()
    }
}

impl OfNet {
    /// What holds for addresses of `net` that are in no longer prefix of a rule.
    fn at(net: IpNet, rules: &Rules) -> Self {
        let covers = |rule: &&Rule| rule.net.is_none_or(|outer| outer.contains(&net));
        let mut covering: Vec<&Rule> = rules.iter().filter(covers).collect();
        // The last one stands.
        covering.sort_by_key(|rule| (rule.weight(), std::cmp::Reverse(rule.mode)));
        let mut of_net = Self::default();
        for rule in covering {
            let word = (rule.mode, rule.prefix_len());
            match rule.port {
                Some(port) => {
                    of_net.ports.insert(port, word);
                }
                None => {
                    // A longer prefix for all ports stands over a shorter one for one.
                    of_net.ports.retain(|_, (_, prefix_len)| *prefix_len >= word.1);
                    of_net.any = Some(word);
                }
            }
        }
        of_net
    }

    /// As the kernel does it.
    #[cfg(test)]
    fn word(&self, port: Option<u16>) -> Option<(u8, bool, Mode)> {
        let of_port = port.and_then(|port| self.ports.get(&port)).map(|(mode, len)| (*len, true, *mode));
        of_port.or(self.any.map(|(mode, len)| (len, false, mode)))
    }
}

#[cfg(test)]
impl FlatRules {
    fn mode(&self, ends: [IpAddr; 2], port: Option<u16>) -> Mode {
        let word = |end: IpAddr| {
            let nets = self.0.iter().filter(|(net, _)| net.contains(&end));
            nets.max_by_key(|(net, _)| net.prefix_len()).and_then(|(_, of_net)| of_net.word(port))
        };
        let words = ends.into_iter().filter_map(word);
        let best = words.max_by_key(|(len, names, mode)| (*len, *names, std::cmp::Reverse(*mode)));
        best.map_or(Mode::Full, |(_, _, mode)| mode)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::rule, *};

    #[test]
    fn looked_up_flat_or_one_by_one_rules_say_the_same() {
        let nets =
            ["", "0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "192.0.2.0/24", "2001:db8::/32"];
        let modes = [Mode::Full, Mode::Headers, Mode::Off];
        let addresses = ["10.1.2.3", "10.1.9.9", "10.9.9.9", "192.0.2.1", "203.0.113.1"];
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..2000 {
            let mut pick = || {
                let port = [0, 80, 81][random.usize(..3)];
                rule(nets[random.usize(..nets.len())], port, modes[random.usize(..3)])
            };
            let rules = Rules::new((0..5).map(|_| pick()).collect()).unwrap();
            let flat = FlatRules::of(&rules);
            for ends in addresses.iter().zip(addresses.iter().rev()) {
                let ends = [ends.0.parse().unwrap(), ends.1.parse().unwrap()];
                for port in [None, Some(80), Some(82)] {
                    assert_eq!(flat.mode(ends, port), rules.mode(ends, port), "{rules:?} {ends:?} {port:?}");
                }
            }
        }
    }
}
