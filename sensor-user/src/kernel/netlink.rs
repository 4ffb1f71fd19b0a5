//! rtnetlink(7), as far as it is needed here: ask, walk through the answer, be woken when interfaces change.
//!
//! By hand, because a few fields are all there is to read, and a parser of everything gives up on a message as soon as
//! a newer kernel puts something into it that it does not know.

use std::{
    io,
    os::fd::{AsFd as _, AsRawFd as _, OwnedFd},
    time::Duration,
};

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::socket::{
        AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send, socket,
    },
};

const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_ACK: u16 = 0x4;
const NLM_F_DUMP_INTR: u16 = 0x10;
const NLM_F_DUMP: u16 = 0x300;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// `struct nlmsghdr`.
const HEADER: usize = 16;
/// `struct nlattr`.
const ATTRIBUTE: usize = 4;
const ALIGN: usize = 4;
/// The kernel puts at most so much into one datagram of a dump.
const DATAGRAM: usize = 64 << 10;
/// How often a list is asked for that changes while it is given.
const DUMPS: usize = 5;

/// All that `body` asks for, each message without its header. A list that would not hold still after five tries comes
/// as it is: whoever follows changes asks again.
pub(crate) fn dump(kind: u16, body: &[u8]) -> io::Result<Vec<Vec<u8>>> {
    let mut last = Vec::new();
    for _ in 0..DUMPS {
        let answer = ask(kind, NLM_F_DUMP, body)?;
        last = answer.messages;
        if !answer.interrupted {
            break;
        }
    }
    Ok(last)
}

/// The one that `body` asks for; nothing where a change was asked for.
pub(crate) fn get(kind: u16, body: &[u8]) -> io::Result<Option<Vec<u8>>> {
    ask(kind, NLM_F_ACK, body).map(|answer| answer.messages.into_iter().next())
}

/// The attributes after the first `skip` bytes, by their kind. Ends at one that is cut short.
pub(crate) fn attributes(message: &[u8], skip: usize) -> impl Iterator<Item = (u16, &[u8])> {
    /// `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER` are no part of it.
    const KIND: u16 = 0x3fff;
    let mut rest = message.get(skip..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (len, kind) = (usize::from(u16_at(rest, 0)?), u16_at(rest, 2)?);
        let value = rest.get(ATTRIBUTE..len)?;
        rest = rest.get(len.next_multiple_of(ALIGN)..).unwrap_or_default();
        Some((kind & KIND, value))
    })
}

/// One attribute, padded.
pub(crate) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(ATTRIBUTE + value.len()).unwrap_or(u16::MAX);
    let mut bytes = [len.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend_from_slice(value);
    bytes.resize(bytes.len().next_multiple_of(ALIGN), 0);
    bytes
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_ne_bytes)
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_ne_bytes)
}

/// A string that ends with a zero byte.
pub(crate) fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
}

/// Says that interfaces of this network namespace came, went or changed. What changed is asked for afterwards: a full
/// socket buffer then loses nothing.
#[derive(Debug)]
pub(crate) struct LinkChanges(OwnedFd);

impl LinkChanges {
    pub(crate) fn subscribe() -> io::Result<Self> {
        const RTMGRP_LINK: u32 = 1;
        Ok(Self(open(RTMGRP_LINK, SockFlag::SOCK_NONBLOCK)?))
    }

    /// Whether something changed within that time.
    pub(crate) fn wait(&self, patience: Duration) -> io::Result<bool> {
        let patience = PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)], patience) {
            Ok(0) | Err(Errno::EINTR) => return Ok(false),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let mut buffer = vec![0; DATAGRAM];
        loop {
            match recv(self.0.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                // More came than there was room for; more may wait.
                Ok(_) | Err(Errno::ENOBUFS | Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Ok(true),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

struct Answer {
    messages: Vec<Vec<u8>>,
    interrupted: bool,
}

fn ask(kind: u16, flags: u16, body: &[u8]) -> io::Result<Answer> {
    let socket = open(0, SockFlag::empty())?;
    let len = u32::try_from(HEADER + body.len()).unwrap_or(u32::MAX);
    let mut request = len.to_ne_bytes().to_vec();
    request.extend(kind.to_ne_bytes());
    request.extend((NLM_F_REQUEST | flags).to_ne_bytes());
    // Sequence and port: the socket asks once and is closed.
    request.extend([0; 8]);
    request.extend_from_slice(body);
    send(socket.as_raw_fd(), &request, MsgFlags::empty())?;
    let mut answer = Answer { messages: Vec::new(), interrupted: false };
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let read = match recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
            Err(Errno::EINTR) => continue,
            read => read?,
        };
        if answer.read(buffer.get(..read).unwrap_or_default())? {
            return Ok(answer);
        }
    }
}

impl Answer {
    /// Takes up one datagram; whether it was the last.
    fn read(&mut self, mut datagram: &[u8]) -> io::Result<bool> {
        while let (Some(len), Some(kind), Some(flags)) =
            (u32_at(datagram, 0), u16_at(datagram, 4), u16_at(datagram, 6))
        {
            let len = usize::try_from(len).map_err(io::Error::other)?;
            let message = datagram.get(HEADER..len).ok_or(io::ErrorKind::InvalidData)?;
            self.interrupted |= flags & NLM_F_DUMP_INTR != 0;
            match kind {
                NLMSG_DONE | NLMSG_ERROR => {
                    let code = u32_at(message, 0).map_or(0, u32::cast_signed);
                    return if code < 0 { Err(io::Error::from_raw_os_error(-code)) } else { Ok(true) };
                }
                _ => self.messages.push(message.to_vec()),
            }
            datagram = datagram.get(len.next_multiple_of(ALIGN)..).unwrap_or_default();
        }
        Ok(false)
    }
}

fn open(groups: u32, flags: SockFlag) -> io::Result<OwnedFd> {
    let flags = flags | SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)?;
    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_back_as_they_were_written_and_one_cut_short_ends_them() {
        let mut message = vec![9; 16];
        message.extend(attribute(3, b"eth0\0"));
        message.extend(attribute(0x8000 | 18, &7_u32.to_ne_bytes()));
        message.extend([200, 0, 1, 0]);
        let read: Vec<_> = attributes(&message, 16).collect();
        assert_eq!(read, [(3, b"eth0\0".as_slice()), (18, &7_u32.to_ne_bytes())]);
        assert_eq!(text(read[0].1), "eth0");
        assert_eq!(attributes(&[3, 0, 1, 0], 0).count(), 0);
    }

    #[test]
    fn an_error_of_the_kernel_is_that_error() {
        const RTM_GETLINK: u16 = 18;
        let mut body = vec![0; 16];
        body[4..8].copy_from_slice(&i32::MAX.to_ne_bytes());
        assert_eq!(get(RTM_GETLINK, &body).unwrap_err().raw_os_error(), Some(libc::ENODEV));
    }
}
