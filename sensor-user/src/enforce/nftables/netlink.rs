//! Just enough of nf_tables' netlink (linux/netfilter/nf_tables.h, nfnetlink.h) for elements and for looking what
//! stands. `nft` builds the table; a million elements, and one element within microseconds, are not for a process
//! that is started for each change and reads whole sets to list them.

mod message;

use std::{
    io::IoSlice,
    os::fd::{AsRawFd as _, OwnedFd},
};

use nix::{
    errno::Errno,
    sys::{
        socket::{
            AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, connect, recv, sendmsg,
            setsockopt, socket,
            sockopt::{RcvBufForce, ReceiveTimeout, SndBufForce},
        },
        time::TimeVal,
    },
};

pub(super) use self::message::{Messages, attribute, attributes, number, text};

/// A transaction has to fit into the sending buffer as a whole.
const SENDING: usize = 8 << 20;
const RECEIVING: usize = 4 << 20;
/// The kernel fills no more than 32 KiB of what it is given for a dump.
const DATAGRAM: usize = 64 << 10;
/// The kernel answers within the call that asks; only a dump can take longer, a message at a time.
const ANSWER_SECONDS: i64 = 10;

pub(super) struct Netlink {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

/// What the kernel said to one message, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) message: u32,
    pub(super) error: Errno,
}

impl Netlink {
    /// For the network namespace of the calling thread.
    pub(super) fn open() -> Result<Self, Errno> {
        let socket = socket(
            AddressFamily::Netlink,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC,
            SockProtocol::NetlinkNetFilter,
        )?;
        // Connected to the kernel: nobody else's messages come in.
        connect(socket.as_raw_fd(), &NetlinkAddr::new(0, 0))?;
        setsockopt(&socket, SndBufForce, &SENDING)?;
        setsockopt(&socket, RcvBufForce, &RECEIVING)?;
        setsockopt(&socket, ReceiveTimeout, &TimeVal::new(ANSWER_SECONDS, 0))?;
        Ok(Self { socket, buffer: vec![0; DATAGRAM] })
    }

    /// Carries the messages out as one transaction: all of them, or none and why not, message by message.
    pub(super) fn transact(&mut self, messages: Messages) -> Result<Vec<Refused>, Errno> {
        let messages = messages.into_transaction();
        self.send(&messages)?;
        self.answers(messages.last_asked(), |_| ()).map(|(refused, _)| refused)
    }

    /// Asks one thing after another, and says what could not be answered.
    pub(super) fn ask(&mut self, messages: Messages, each: impl FnMut(&[u8])) -> Result<Vec<Refused>, Errno> {
        let messages = messages.finished();
        self.send(&messages)?;
        self.answers(messages.last_asked(), each).map(|(refused, _)| refused)
    }

    /// Everything of one kind; `each` sees the attributes of every message. Whether it is of one moment: where not,
    /// something may have been seen twice or not at all.
    pub(super) fn dump(&mut self, message: Messages, each: impl FnMut(&[u8])) -> Result<bool, Errno> {
        let message = message.finished();
        self.send(&message)?;
        match self.answers(message.last_asked(), each)? {
            (refused, _) if !refused.is_empty() => {
                Err(refused.first().map_or(Errno::EPROTO, |refused| refused.error))
            }
            (_, of_one_moment) => Ok(of_one_moment),
        }
    }

    fn send(&mut self, messages: &Messages) -> Result<(), Errno> {
        // What an earlier question, given up, may have left.
        while recv(self.socket.as_raw_fd(), &mut self.buffer, MsgFlags::MSG_DONTWAIT).is_ok() {}
        let parts = [IoSlice::new(messages.as_bytes())];
        loop {
            match sendmsg::<NetlinkAddr>(self.socket.as_raw_fd(), &parts, &[], MsgFlags::empty(), None) {
                Err(Errno::EINTR) => {}
                result => return result.map(|_| ()),
            }
        }
    }

    /// Until `last` is answered, or the whole is refused.
    fn answers(&mut self, last: u32, mut each: impl FnMut(&[u8])) -> Result<(Vec<Refused>, bool), Errno> {
        let (mut refused, mut of_one_moment) = (Vec::new(), true);
        loop {
            let len = match recv(self.socket.as_raw_fd(), &mut self.buffer, MsgFlags::empty()) {
                Ok(len) => len,
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error),
            };
            for answer in message::answers(self.buffer.get(..len).unwrap_or_default()) {
                of_one_moment &= !answer.interrupted;
                match answer.is {
                    message::Kind::Content(attributes) => each(attributes),
                    message::Kind::Done(0) => return Ok((refused, of_one_moment)),
                    message::Kind::Done(error) => return Err(Errno::from_raw(error)),
                    message::Kind::Status(0) if answer.to == last => return Ok((refused, of_one_moment)),
                    message::Kind::Status(0) => {}
                    message::Kind::Status(error) => {
                        let error = Errno::from_raw(error);
                        // The frame of a transaction stands for all of it.
                        if answer.to == message::FRAME {
                            return Err(error);
                        }
                        refused.push(Refused { message: answer.to, error });
                        if answer.to == last {
                            return Ok((refused, of_one_moment));
                        }
                    }
                }
            }
        }
    }
}
