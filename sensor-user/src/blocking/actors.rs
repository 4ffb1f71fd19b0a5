use std::{
    net::IpAddr,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use ahash::RandomState;
use hashbrown::HashMap;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Every block of this node, for who has an address that is on no packet. Empty costs one look.
pub struct BlockedActors {
    len: AtomicUsize,
    start: Instant,
    nets: RwLock<Nets>,
}

/// When each ends, in seconds since the start; a million of them take about 50 MB.
#[derive(Default)]
struct Nets {
    v4: HashMap<Ipv4Net, u32, RandomState>,
    v6: HashMap<Ipv6Net, u32, RandomState>,
    /// Bit n: a prefix of n bits is, or was, among them. Few lengths are in use, and each costs a look.
    v4_lengths: u64,
    v6_lengths: [u128; 2],
    /// Who is never dropped: as told at the start, and by the control plane.
    allowed: [Vec<IpNet>; 2],
}

const PERMANENT: u32 = u32::MAX;

impl Default for BlockedActors {
    fn default() -> Self {
        Self { len: AtomicUsize::new(0), start: Instant::now(), nets: RwLock::default() }
    }
}

impl BlockedActors {
    pub fn is_empty(&self) -> bool {
        self.len.load(Ordering::Relaxed) == 0
    }

    /// Whether a block that has not ended covers it, and nobody has allowed it.
    pub fn covers(&self, address: IpAddr) -> bool {
        !self.is_empty() && self.read(|nets, now| nets.covers(address, now) && !nets.allows(address))
    }

    /// Whether the control plane lets all of it pass: a block of it counts once it does so no longer.
    pub(super) fn is_allowed_by_order(&self, net: IpNet) -> bool {
        let [_, ordered] = &self.nets.read().unwrap_or_else(PoisonError::into_inner).allowed;
        ordered.iter().any(|allowed| allowed.contains(&net))
    }

    pub(super) fn allow_always(&self, allowed: Vec<IpNet>) {
        self.write(|Nets { allowed: [always, _], .. }| *always = allowed);
    }

    pub(super) fn allow_by_order(&self, allowed: Vec<IpNet>) {
        self.write(|Nets { allowed: [_, ordered], .. }| *ordered = allowed);
    }

    /// How long exactly this prefix is blocked yet; `None` where it is not, `Some(None)` where it is for ever.
    pub fn remaining(&self, net: IpNet) -> Option<Option<Duration>> {
        self.read(|nets, now| match nets.end(net)? {
            PERMANENT => Some(None),
            end => (end > now).then(|| Some(Duration::from_secs((end - now).into()))),
        })
    }

    /// `remaining` of `None` is for ever.
    pub(super) fn insert(&self, net: IpNet, remaining: Option<Duration>) {
        let end = self.end(remaining);
        self.write(|nets| nets.insert(net, end));
    }

    pub(super) fn remove(&self, net: IpNet) {
        self.write(|nets| nets.remove(net));
    }

    pub(super) fn replace(&self, blocks: impl Iterator<Item = (IpNet, Option<Duration>)>) {
        let mut fresh = Nets::default();
        blocks.for_each(|(net, remaining)| fresh.insert(net, self.end(remaining)));
        self.write(|nets| {
            fresh.allowed = std::mem::take(&mut nets.allowed);
            *nets = fresh;
        });
    }

    /// Takes out what has ended. To be called now and then: it looks at all of them.
    pub(super) fn sweep(&self) {
        let now = self.now();
        self.write(|nets| {
            nets.v4.retain(|_, end| *end > now);
            nets.v6.retain(|_, end| *end > now);
        });
    }

    fn now(&self) -> u32 {
        u32::try_from(self.start.elapsed().as_secs()).unwrap_or(PERMANENT - 1)
    }

    /// Rounded up: who is blocked in the kernel is blocked here.
    fn end(&self, remaining: Option<Duration>) -> u32 {
        let Some(remaining) = remaining else { return PERMANENT };
        let end = self.start.elapsed().saturating_add(remaining).as_secs().saturating_add(1);
        u32::try_from(end).map_or(PERMANENT, |end| end.min(PERMANENT - 1))
    }

    fn read<T>(&self, look: impl FnOnce(&Nets, u32) -> T) -> T {
        look(&self.nets.read().unwrap_or_else(PoisonError::into_inner), self.now())
    }

    fn write(&self, change: impl FnOnce(&mut Nets)) {
        let mut nets = self.nets.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut nets);
        self.len.store(nets.v4.len() + nets.v6.len(), Ordering::Relaxed);
    }
}

impl Nets {
    fn covers(&self, address: IpAddr, now: u32) -> bool {
        let is_ahead = |end: Option<&u32>| end.is_some_and(|end| *end > now);
        match address.to_canonical() {
            IpAddr::V4(v4) => (0..=32)
                .rev()
                .filter(|length| self.v4_lengths >> length & 1 == 1)
                .any(|length| Ipv4Net::new(v4, length).is_ok_and(|net| is_ahead(self.v4.get(&net.trunc())))),
            IpAddr::V6(v6) => (0..=128)
                .rev()
                .filter(|length| self.has_v6_length(*length))
                .any(|length| Ipv6Net::new(v6, length).is_ok_and(|net| is_ahead(self.v6.get(&net.trunc())))),
        }
    }

    fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed.iter().flatten().any(|allowed| allowed.contains(&address))
    }

    fn end(&self, net: IpNet) -> Option<u32> {
        match net {
            IpNet::V4(net) => self.v4.get(&net).copied(),
            IpNet::V6(net) => self.v6.get(&net).copied(),
        }
    }

    fn insert(&mut self, net: IpNet, end: u32) {
        match net {
            IpNet::V4(net) => {
                self.v4_lengths |= 1 << net.prefix_len();
                self.v4.insert(net, end);
            }
            IpNet::V6(net) => {
                let [low, high] = &mut self.v6_lengths;
                // 128 has no room beside 0 to 127.
                match net.prefix_len() {
                    128 => *high |= 1,
                    length => *low |= 1 << length,
                }
                self.v6.insert(net, end);
            }
        }
    }

    fn remove(&mut self, net: IpNet) {
        match net {
            IpNet::V4(net) => drop(self.v4.remove(&net)),
            IpNet::V6(net) => drop(self.v6.remove(&net)),
        }
    }

    fn has_v6_length(&self, length: u8) -> bool {
        let [low, high] = self.v6_lengths;
        if length == 128 { high & 1 == 1 } else { low >> length & 1 == 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_covered_by_prefixes_of_any_length_until_they_end() {
        let actors = BlockedActors::default();
        assert!(actors.is_empty());
        actors.insert(net("203.0.113.0/24"), None);
        actors.insert(net("198.51.100.7/32"), Some(Duration::from_secs(60)));
        actors.insert(net("2001:db8::/32"), None);
        actors.insert(net("2001:db9::7/128"), None);
        let covered = |text: &str| actors.covers(text.parse().unwrap());
        for blocked in ["203.0.113.200", "::ffff:203.0.113.9", "198.51.100.7", "2001:db8::1", "2001:db9::7"] {
            assert!(covered(blocked), "{blocked}");
        }
        for free in ["203.0.114.1", "198.51.100.8", "2001:db9::8", "127.0.0.1"] {
            assert!(!covered(free), "{free}");
        }
        actors.remove(net("203.0.113.0/24"));
        assert!(!covered("203.0.113.200"));
        actors.replace([(net("192.0.2.0/25"), None)].into_iter());
        assert!(covered("192.0.2.1") && !covered("198.51.100.7"));
    }

    #[test]
    fn who_is_allowed_is_not_covered_however_wide_a_block_is() {
        let actors = BlockedActors::default();
        actors.insert(net("203.0.113.0/24"), None);
        actors.allow_always(vec![net("203.0.113.7/32")]);
        actors.allow_by_order(vec![net("203.0.113.8/32")]);
        actors.replace([(net("203.0.113.0/24"), None)].into_iter());
        let covered = |last: u8| actors.covers([203, 0, 113, last].into());
        assert_eq!([covered(7), covered(8), covered(9)], [false, false, true]);
        assert!(actors.is_allowed_by_order(net("203.0.113.8/32")));
        actors.allow_by_order(Vec::new());
        assert_eq!([covered(7), covered(8)], [false, true]);
    }

    #[test]
    fn what_has_ended_covers_nobody_and_is_swept() {
        let actors = BlockedActors::default();
        actors.insert(net("198.51.100.7/32"), Some(Duration::ZERO));
        actors.insert(net("198.51.100.8/32"), Some(Duration::from_secs(60)));
        std::thread::sleep(Duration::from_millis(1_100));
        assert!(!actors.covers("198.51.100.7".parse().unwrap()));
        assert_eq!(actors.remaining(net("198.51.100.7/32")), None);
        assert!(actors.remaining(net("198.51.100.8/32")).flatten().is_some());
        actors.sweep();
        assert_eq!(actors.len.load(Ordering::Relaxed), 1);
    }
}
