use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Milliseconds since the Unix epoch by the wall clock, which is the only one that means something to the next start.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// When a block ends; half as large as an optional time, and there are a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct End(u64);

impl End {
    pub(super) const NEVER: Self = Self(u64::MAX);

    /// Zero is for ever; so is an end that no clock can express.
    pub(super) fn after(at_ms: u64, remaining_ms: u64) -> Self {
        if remaining_ms == 0 { Self::NEVER } else { Self(at_ms.saturating_add(remaining_ms)) }
    }

    pub(super) fn is_over(self, now_ms: u64) -> bool {
        self.0 <= now_ms
    }

    /// As orders say it: 0 is for ever.
    pub(super) fn remaining_ms(self, now_ms: u64) -> u64 {
        if self == Self::NEVER { 0 } else { self.0.saturating_sub(now_ms) }
    }

    pub(super) fn remaining(self, now_ms: u64) -> Option<Duration> {
        (self != Self::NEVER).then(|| Duration::from_millis(self.0.saturating_sub(now_ms)))
    }

    /// The first whole second at which it is over.
    fn second(self) -> u64 {
        self.0.div_ceil(1_000)
    }
}

/// The blocks with their ends. A million IPv4 addresses take 29 to 35 MB (random or ascending order, resident), and only
/// those that end are looked at when they do.
#[derive(Default)]
pub(super) struct Ends {
    v4: Family<Ipv4Net>,
    v6: Family<Ipv6Net>,
}

impl Ends {
    pub(super) fn len(&self) -> usize {
        self.v4.ends.len() + self.v6.ends.len()
    }

    pub(super) fn get(&self, net: IpNet) -> Option<End> {
        match net {
            IpNet::V4(net) => self.v4.ends.get(&net).copied(),
            IpNet::V6(net) => self.v6.ends.get(&net).copied(),
        }
    }

    pub(super) fn insert(&mut self, net: IpNet, end: End) {
        match net {
            IpNet::V4(net) => self.v4.insert(net, end),
            IpNet::V6(net) => self.v6.insert(net, end),
        }
    }

    pub(super) fn remove(&mut self, net: IpNet) {
        match net {
            IpNet::V4(net) => drop(self.v4.ends.remove(&net)),
            IpNet::V6(net) => drop(self.v6.ends.remove(&net)),
        }
    }

    pub(super) fn expire(&mut self, now_ms: u64) {
        self.v4.expire(now_ms);
        self.v6.expire(now_ms);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (IpNet, End)> {
        let v4 = self.v4.ends.iter().map(|(net, end)| (IpNet::V4(*net), *end));
        v4.chain(self.v6.ends.iter().map(|(net, end)| (IpNet::V6(*net), *end)))
    }
}

struct Family<N> {
    ends: BTreeMap<N, End>,
    /// What may be over by which second; what was blocked anew meanwhile stands in several.
    due: BTreeMap<u64, Vec<N>>,
    queued: usize,
}

impl<N> Default for Family<N> {
    fn default() -> Self {
        Self { ends: BTreeMap::new(), due: BTreeMap::new(), queued: 0 }
    }
}

impl<N: Copy + Ord> Family<N> {
    fn insert(&mut self, net: N, end: End) {
        if self.ends.insert(net, end) != Some(end) && end != End::NEVER {
            self.due.entry(end.second()).or_default().push(net);
            self.queued += 1;
            if self.queued > 2 * self.ends.len() + 4_096 {
                self.queue_anew();
            }
        }
    }

    fn expire(&mut self, now_ms: u64) {
        while let Some(entry) = self.due.first_entry()
            && *entry.key() <= now_ms / 1_000
        {
            let nets = entry.remove();
            self.queued -= nets.len();
            for net in nets {
                if self.ends.get(&net).is_some_and(|end| end.is_over(now_ms)) {
                    self.ends.remove(&net);
                }
            }
        }
    }

    fn queue_anew(&mut self) {
        self.due.clear();
        self.queued = 0;
        for (net, end) in self.ends.iter().filter(|(_, end)| **end != End::NEVER) {
            self.due.entry(end.second()).or_default().push(*net);
            self.queued += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(n: u32) -> IpNet {
        IpNet::from(std::net::IpAddr::from(n.to_be_bytes()))
    }

    #[test]
    fn what_is_over_goes_and_what_was_prolonged_stays() {
        let mut ends = Ends::default();
        ends.insert(net(1), End::after(0, 1_500));
        ends.insert(net(2), End::after(0, 1_500));
        ends.insert(net(3), End::NEVER);
        ends.insert("2001:db8::/32".parse().unwrap(), End::after(0, 9_000));
        ends.insert(net(2), End::after(0, 5_000));
        ends.expire(1_999);
        assert_eq!(ends.len(), 4);
        ends.expire(2_000);
        assert_eq!(ends.iter().map(|(net, _)| net).collect::<Vec<_>>().len(), 3);
        assert_eq!(ends.get(net(1)), None);
        ends.expire(u64::MAX - 1);
        assert_eq!(ends.iter().collect::<Vec<_>>(), [(net(3), End::NEVER)]);
    }

    #[test]
    fn a_block_that_is_said_again_and_again_costs_no_more_memory() {
        let mut ends = Ends::default();
        for second in 0..100_000 {
            ends.insert(net(1), End::after(second * 1_000, 14_400_000));
        }
        assert!(ends.v4.queued < 5_000, "{}", ends.v4.queued);
        ends.expire(100_000_000 + 14_400_000);
        assert_eq!(ends.len(), 0);
    }
}
