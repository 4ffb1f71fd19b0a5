//! Frames put on the visitor's end of the veth as fast as one processor can.

use std::{
    net::IpAddr,
    os::fd::{AsRawFd as _, OwnedFd},
    sync::Arc,
};

use nix::{
    net::if_::if_nametoindex,
    sys::socket::{AddressFamily, SockFlag, SockType, socket},
};

use super::{clock, ratios::Work};
use crate::tests::support::{
    frame::udp,
    world::{NODE_V4, NODE_V6, PEER, World},
};

const PACKETS: usize = 400_000;
/// Handed to the kernel at once.
const BATCH: usize = 64;

pub(crate) struct Flood<'a> {
    world: &'a World,
    frames: Arc<Vec<Vec<u8>>>,
}

impl<'a> Flood<'a> {
    pub(crate) fn new(world: &'a World, sources: &[IpAddr]) -> Self {
        Self { world, frames: Arc::new(sources.iter().map(|source| frame(*source)).collect()) }
    }

    /// Counts the packets that got to the other end, where the contender meets them.
    pub(crate) fn run(&self) -> Work {
        let frames = Arc::clone(&self.frames);
        self.world.as_visitor(move || {
            clock::stay_on(0);
            let socket = bypassing_queues();
            let (packets, before) = (sent(), clock::this_thread());
            for start in (0..PACKETS).step_by(BATCH) {
                send(&socket, (start..start + BATCH).map(|number| &frames[number % frames.len()]));
            }
            Work { units: sent() - packets, cpu: clock::this_thread() - before }
        })
    }
}

/// Whom the frames are for.
pub(crate) const RECEIVER: &str = "04:04:04:04:04:04";

pub(crate) fn frame(source: IpAddr) -> Vec<u8> {
    udp(&source.to_string(), if source.is_ipv4() { NODE_V4 } else { NODE_V6 })
}

fn bypassing_queues() -> OwnedFd {
    let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None).unwrap();
    let on: libc::c_int = 1;
    // SAFETY: the option is an int, and the address is as long as it is said to be.
    let done = unsafe {
        let mut to: libc::sockaddr_ll = std::mem::zeroed();
        to.sll_family = libc::AF_PACKET as u16;
        to.sll_ifindex = i32::try_from(if_nametoindex(PEER).unwrap()).unwrap();
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_QDISC_BYPASS,
            (&raw const on).cast(),
            size_of_val(&on) as libc::socklen_t,
        ) | libc::bind(socket.as_raw_fd(), (&raw const to).cast(), size_of_val(&to) as libc::socklen_t)
    };
    assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
    socket
}

fn send<'f>(socket: &OwnedFd, frames: impl Iterator<Item = &'f Vec<u8>>) {
    let mut pieces: Vec<libc::iovec> = frames
        .map(|frame| libc::iovec { iov_base: frame.as_ptr().cast_mut().cast(), iov_len: frame.len() })
        .collect();
    let mut messages: Vec<libc::mmsghdr> = pieces
        .iter_mut()
        .map(|piece| {
            // SAFETY: a C structure of integers and pointers, for which zeros are valid.
            let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
            message.msg_hdr.msg_iov = piece;
            message.msg_hdr.msg_iovlen = 1;
            message
        })
        .collect();
    let count = u32::try_from(messages.len()).unwrap();
    // What does not get through is not counted as sent.
    // SAFETY: messages, pieces and frames outlive the call, which only reads the frames.
    unsafe { libc::sendmmsg(socket.as_raw_fd(), messages.as_mut_ptr(), count, 0) };
}

/// Packets that the other end took.
fn sent() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
    let line = text.lines().find(|line| line.trim_start().starts_with(PEER)).unwrap();
    line.split_whitespace().nth(10).unwrap().parse().unwrap()
}
