//! Live capture through libpcap, where eBPF cannot be used.

mod group;

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::poll::{PollFd, PollFlags, poll};
use pcap::{Active, Capture, Linktype};
use portcullis_exchange::Timestamp;

pub use self::group::{LiveGroup, LiveGroupEntry, MOST_GROUPED, live_group};
use super::{
    CaptureError, Polled, Source,
    decode::{Decoder, Frame, LinkType},
};
use crate::{counters::Counters, segment::Segment};

/// One interface, one shard.
pub struct LiveCapture {
    interface: String,
    capture: Capture<Active>,
    link: LinkType,
    decoder: Decoder,
    losses: Losses,
}

/// What the kernel counted; libpcap's own counts are 32 bits wide and wrap.
#[derive(Default)]
struct Losses {
    /// Nobody read them in time.
    kernel: Total,
    /// The interface or its driver had no room for them.
    interface: Total,
    /// Times that libpcap could not tell.
    unknown: u64,
}

#[derive(Default)]
struct Total {
    last: u32,
    total: u64,
}

/// Segmentation offload hands over packets of 64 KiB and, with BIG TCP (kernel 5.19), more.
const SNAP_LEN: i32 = 256 << 10;
const KERNEL_BUFFER: i32 = 32 << 20;
const WAIT_MILLIS: u8 = 5;
/// How long the kernel fills a block of the buffer before it hands it over. In libpcap's immediate mode there would be
/// no wait, but a slot of [`SNAP_LEN`] for every packet: a buffer of 32 MiB would hold 128 of them.
const FILL_MILLIS: i32 = 1;
/// Packets handed over before the caller gets to look at its clock and its commands.
const BATCH: usize = 1024;

/// TCP, also behind IPv6 extension headers (which `tcp` does not look behind), fragments, and the tunnels that may hold
/// it; each also behind VLAN tags, where the link layer
/// has them. The filter language shifts all that follows `vlan`, so the same terms come again.
fn filter(link: LinkType) -> String {
    let wanted = "tcp or (ip[6:2] & 0x3fff != 0) or ip proto 4 or ip proto 41 or ip proto 47 \
                  or ip6 proto 0 or ip6 proto 4 or ip6 proto 41 or ip6 proto 43 or ip6 proto 44 or ip6 proto 47 \
                  or ip6 proto 51 or ip6 proto 60 or ip6 proto 135 \
                  or (udp and (dst port 4789 or dst port 8472 or dst port 4790 or dst port 6081 or dst port 4754 \
                  or dst port 2152))";
    if link != LinkType::ETHERNET {
        return wanted.to_owned();
    }
    format!("({wanted}) or (vlan and ({wanted})) or (vlan and ({wanted}))")
}

impl LiveCapture {
    /// Opens an interface, packets of both directions.
    pub fn open(interface: &str) -> Result<Self, CaptureError> {
        Self::with_buffer(interface, KERNEL_BUFFER)
    }

    /// The same with another size for what waits in the kernel, in bytes.
    pub fn with_buffer(interface: &str, bytes: i32) -> Result<Self, CaptureError> {
        let failed = |error: pcap::Error| CaptureError::Failed {
            place: format!("interface {interface}"),
            what: error.to_string(),
            next_step: "name an interface of `ip link`, and run as root or with CAP_NET_RAW".into(),
        };
        let mut capture = Capture::from_device(interface)
            .map_err(failed)?
            .promisc(false)
            .snaplen(SNAP_LEN)
            .buffer_size(bytes)
            .timeout(FILL_MILLIS)
            .open()
            .and_then(Capture::setnonblock)
            .map_err(failed)?;
        let Linktype(link) = capture.get_datalink();
        // Where the link layer knows no such terms everything is decoded: slower, and nothing is missed.
        if let Err(error) = capture.filter(&filter(LinkType(link)), true) {
            tracing::warn!(interface, %error, "capturing without a kernel filter");
        }
        Ok(Self {
            interface: interface.to_owned(),
            capture,
            link: LinkType(link),
            decoder: Decoder::default(),
            losses: Losses::default(),
        })
    }

    pub fn interface(&self) -> &str {
        &self.interface
    }

    /// Until something is there to read or to be told, but not for long. Not by libpcap's own time-out: on Linux that
    /// one starts over where no packet came, and a quiet interface would hold its shard for ever.
    fn wait(&self) {
        // SAFETY: the descriptor belongs to `capture`, which outlives this borrow.
        let descriptor = unsafe { BorrowedFd::borrow_raw(self.capture.as_raw_fd()) };
        // An interruption or an error shows in the read that follows.
        poll(&mut [PollFd::new(descriptor, PollFlags::POLLIN)], WAIT_MILLIS).ok();
    }
}

impl LiveCapture {
    /// What is there, without waiting.
    fn read(&mut self, each: &mut dyn FnMut(&Segment<'_>)) -> Result<Polled, CaptureError> {
        let mut handed_over = 0;
        let Self { capture, decoder, link, .. } = self;
        let dispatched = capture.dispatch(Some(BATCH), |packet| {
            let frame = Frame {
                time: timestamp(packet.header.ts),
                link: *link,
                bytes: packet.data,
                wire_len: packet.header.len as usize,
            };
            decoder.frame(frame, &mut |segment| {
                handed_over += 1;
                each(segment);
            });
        });
        match dispatched {
            Ok(_) if handed_over > 0 => Ok(Polled::Segments(handed_over)),
            Ok(_) | Err(pcap::Error::TimeoutExpired) => Ok(Polled::Idle),
            Err(pcap::Error::NoMorePackets) => Ok(Polled::Ended),
            Err(pcap::Error::PcapError(message)) if is_gone(&message) => Ok(Polled::Ended),
            Err(error) => Err(CaptureError::Failed {
                place: format!("interface {}", self.interface),
                what: error.to_string(),
                next_step: "check that the interface is still there and up".into(),
            }),
        }
    }
}

impl Source for LiveCapture {
    fn poll(&mut self, each: &mut dyn FnMut(&Segment<'_>)) -> Result<Polled, CaptureError> {
        self.wait();
        self.read(each)
    }

    fn lost(&mut self) -> u64 {
        self.losses.read(&mut self.capture);
        self.losses.kernel.total
    }

    fn counters(&mut self) -> Counters {
        self.losses.read(&mut self.capture);
        let mut counters = self.decoder.counters();
        counters.add("capture_kernel_dropped_total", self.losses.kernel.total);
        counters.add("capture_interface_dropped_total", self.losses.interface.total);
        counters.add("capture_statistics_failed_total", self.losses.unknown);
        counters
    }
}

impl Losses {
    fn read(&mut self, capture: &mut Capture<Active>) {
        match capture.stats() {
            Ok(now) => {
                self.kernel.update(now.dropped);
                self.interface.update(now.if_dropped);
            }
            Err(error) => {
                tracing::debug!(%error, "libpcap cannot tell what was dropped");
                self.unknown += 1;
            }
        }
    }
}

impl Total {
    /// A step of more than half the numbers there are is one backwards: the interface's own statistics begin anew
    /// when its driver is loaded again.
    fn update(&mut self, now: u32) {
        let step = now.wrapping_sub(self.last);
        self.total += u64::from(if step > u32::MAX / 2 { now } else { step });
        self.last = now;
    }
}

/// libpcap has no code of its own for an interface that was taken away or down.
fn is_gone(message: &str) -> bool {
    message.contains("went down") || message.contains("disappeared") || message.contains("No such device")
}

fn timestamp(time: libc::timeval) -> Timestamp {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Timestamp::from_nanos(seconds.saturating_mul(1_000_000_000).saturating_add(micros * 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_go_on_where_the_statistics_wrap_and_where_they_begin_anew() {
        let mut total = Total::default();
        for (now, expected) in [(7, 7), (7, 7), (10, 10), (0, 10), (4, 14)] {
            total.update(now);
            assert_eq!(total.total, expected, "at {now}");
        }
        let mut total = Total { last: u32::MAX - 1, total: 100 };
        total.update(3);
        assert_eq!(total.total, 105);
    }

    #[test]
    fn the_filter_compiles_for_the_link_layers_of_linux() {
        for link in [Linktype::ETHERNET, Linktype(LinkType::LINUX_SLL.0)] {
            let compiled = Capture::dead(link).unwrap().compile(&filter(LinkType(link.0)), true);
            assert!(compiled.is_ok(), "{link:?}: {:?}", compiled.err());
        }
    }
}
