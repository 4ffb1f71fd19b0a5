use std::{
    io,
    os::fd::{AsFd as _, AsRawFd as _},
    ptr::NonNull,
    slice,
    sync::atomic::{AtomicU64, Ordering},
};

use aya::maps::MapData;
use ipnet::IpNet;
use portcullis_sensor_common::gate::filter::{V6_HEAD, v4, v6, v6_head, words};

/// The bitmaps of both families, shared with the gate. A bit is set before its entry is there, and may stay set after
/// it has gone: that costs a look into the trie and no wrong verdict.
pub(super) struct Filter {
    v4: Bitmap,
    v6: Bitmap,
    bits: u32,
}

impl Filter {
    /// `bits` as the gate has it for these maps.
    pub(super) fn new(v4: MapData, v6: MapData, bits: u32) -> io::Result<Self> {
        Ok(Self { v4: Bitmap::map(v4, words(bits))?, v6: Bitmap::map(v6, words(bits))?, bits })
    }

    /// To be called before the entry is put in.
    pub(super) fn admit(&self, net: IpNet) {
        let bitmap = self.of(net);
        each_bit(net, self.bits, |bit| bitmap.set(bit));
    }

    /// Makes the bits those of `nets`, which are all that are in the tries.
    pub(super) fn rebuild(&self, nets: impl Iterator<Item = IpNet>) {
        let (mut v4, mut v6) = (vec![0; words(self.bits)], vec![0; words(self.bits)]);
        for net in nets {
            let fresh: &mut Vec<u64> = if net.addr().is_ipv4() { &mut v4 } else { &mut v6 };
            each_bit(net, self.bits, |bit| {
                if let Some(word) = fresh.get_mut((bit / u64::BITS) as usize) {
                    *word |= 1 << (bit % u64::BITS);
                }
            });
        }
        self.v4.copy_from(&v4);
        self.v6.copy_from(&v6);
    }

    fn of(&self, net: IpNet) -> &Bitmap {
        if net.addr().is_ipv4() { &self.v4 } else { &self.v6 }
    }
}

/// Every bit that an address in `net` may have.
fn each_bit(net: IpNet, bits: u32, mut set: impl FnMut(u32)) {
    let len = u32::from(net.prefix_len());
    match net {
        IpNet::V4(net) => {
            let first = v4(net.network().octets(), bits);
            (first..first + (1 << bits.saturating_sub(len))).for_each(set);
        }
        IpNet::V6(net) if len >= V6_HEAD => set(v6(net.network().octets(), bits)),
        // More heads than bits.
        IpNet::V6(_) if V6_HEAD - len >= bits => (0..1 << bits).for_each(set),
        IpNet::V6(net) => {
            let first = (net.network().to_bits() >> (u128::BITS - V6_HEAD)) as u32;
            (first..=first | ((1 << (V6_HEAD - len)) - 1)).for_each(|head| set(v6_head(head, bits)));
        }
    }
}

/// An array map of the kernel's in this process's memory.
struct Bitmap {
    start: NonNull<AtomicU64>,
    words: usize,
    /// The program is loaded by its descriptor.
    _map: MapData,
}

// SAFETY: shared memory that is only accessed atomically.
unsafe impl Send for Bitmap {}

impl Bitmap {
    fn map(map: MapData, words: usize) -> io::Result<Self> {
        // SAFETY: a new mapping, at an address of the kernel's choice.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                words * size_of::<u64>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                map.fd().as_fd().as_raw_fd(),
                0,
            )
        };
        match NonNull::new(start.cast::<AtomicU64>()) {
            Some(mapped) if start != libc::MAP_FAILED => Ok(Self { start: mapped, words, _map: map }),
            _ => Err(io::Error::last_os_error()),
        }
    }

    fn set(&self, bit: u32) {
        if let Some(word) = self.words().get((bit / u64::BITS) as usize) {
            word.fetch_or(1 << (bit % u64::BITS), Ordering::Release);
        }
    }

    fn copy_from(&self, fresh: &[u64]) {
        for (word, fresh) in self.words().iter().zip(fresh) {
            if word.load(Ordering::Relaxed) != *fresh {
                word.store(*fresh, Ordering::Release);
            }
        }
    }

    fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is that long, page-aligned, and lives as long as this value.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.words) }
    }
}

impl Drop for Bitmap {
    fn drop(&mut self) {
        // SAFETY: mapped with this length, and nothing refers to it any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.words * size_of::<u64>()) };
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        net::{Ipv4Addr, Ipv6Addr},
    };

    use super::*;

    fn bits_of(net: &str) -> BTreeSet<u32> {
        let mut bits = BTreeSet::new();
        each_bit(net.parse().unwrap(), 16, |bit| {
            bits.insert(bit);
        });
        bits
    }

    fn bit_of_v6(address: &str) -> u32 {
        v6(address.parse::<Ipv6Addr>().unwrap().octets(), 16)
    }

    #[test]
    fn a_prefix_has_the_bit_of_every_address_in_it() {
        assert_eq!(bits_of("10.1.2.3/32"), BTreeSet::from([0x0a01]));
        assert_eq!(bits_of("10.0.0.0/14"), BTreeSet::from([0x0a00, 0x0a01, 0x0a02, 0x0a03]));
        assert_eq!(v4(Ipv4Addr::new(10, 3, 255, 255).octets(), 16), 0x0a03);
        for address in ["2001:db0::", "2001:db7:ffff::1"] {
            assert!(bits_of("2001:db0::/29").contains(&bit_of_v6(address)), "{address}");
        }
        assert_eq!(bits_of("2001:db8:7::/48"), BTreeSet::from([bit_of_v6("2001:db8::1")]));
    }

    #[test]
    fn the_shortest_prefixes_have_them_all() {
        assert_eq!(bits_of("0.0.0.0/0").len(), 1 << 16);
        assert_eq!(bits_of("::/0").len(), 1 << 16);
        assert_eq!(bits_of("2000::/3").len(), 1 << 16);
    }
}
