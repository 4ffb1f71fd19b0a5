//! Numbered datagrams in quick succession: the first one that does not arrive any more tells since when a block works, to
//! within the time between two.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, UdpSocket},
    os::fd::AsFd as _,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle, sleep},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use nix::{
    sched::{CloneFlags, setns},
    sys::{
        prctl,
        socket::{setsockopt, sockopt::RcvBufForce},
    },
};
use portcullis_testbed::{Namespace, Network, SERVER_V4};

/// Less would take the processor from those that are measured.
const PAUSE: Duration = Duration::from_micros(50);
/// What is under way on a veth takes less.
const QUIET: Duration = Duration::from_millis(20);
/// Some hundred thousand datagrams.
const RECEIVE_BUFFER: usize = 128 << 20;
const PORT: u16 = 9;

pub(super) struct Probe<'a> {
    network: &'a Network,
    receiver: UdpSocket,
}

/// One that sends until it is told to end.
pub(super) struct Sending<'a> {
    receiver: &'a UdpSocket,
    is_over: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
    sender: JoinHandle<anyhow::Result<Vec<Instant>>>,
}

/// When which datagram was sent, and how many arrived: all up to the first that did not.
pub(super) struct Run {
    sent: Vec<Instant>,
    arrived: usize,
}

impl<'a> Probe<'a> {
    pub(super) fn between(network: &'a Network) -> anyhow::Result<Self> {
        let receiver = socket_in(&network.server, SERVER_V4, PORT)?;
        receiver.set_read_timeout(Some(QUIET))?;
        // They are read when all is over.
        setsockopt(&receiver, RcvBufForce, &RECEIVE_BUFFER)?;
        Ok(Self { network, receiver })
    }

    pub(super) fn send_from(&mut self, address: Ipv4Addr) -> anyhow::Result<Sending<'_>> {
        let socket = socket_in(&self.network.clients, address, 0)?;
        socket.connect((SERVER_V4, PORT))?;
        let is_over = Arc::new(AtomicBool::new(false));
        let count = Arc::new(AtomicU64::new(0));
        let (until, counted) = (is_over.clone(), count.clone());
        let sender = thread::spawn(move || send(&socket, &until, &counted));
        Ok(Sending { receiver: &self.receiver, is_over, count, sender })
    }
}

impl Sending<'_> {
    /// Returns when so many more were sent: on a busy machine the sender may not run for a while.
    pub(super) fn more(&self, datagrams: u64) -> anyhow::Result<()> {
        let until = self.count.load(Ordering::Relaxed) + datagrams;
        while self.count.load(Ordering::Relaxed) < until {
            ensure!(!self.sender.is_finished(), "the sender has ended");
            sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    pub(super) fn end(self) -> anyhow::Result<Run> {
        self.is_over.store(true, Ordering::Relaxed);
        let sent = self.sender.join().map_err(|_| anyhow::anyhow!("the sender panicked"))??;
        let mut arrived = 0;
        loop {
            let mut number = [0; 8];
            match self.receiver.recv(&mut number) {
                Ok(8) => {}
                Ok(_) => bail!("a datagram of somebody else"),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
            ensure!(
                usize::from_be_bytes(number) == arrived,
                "datagram {arrived} was lost before a later one arrived"
            );
            arrived += 1;
        }
        Ok(Run { sent, arrived })
    }
}

impl Run {
    pub(super) fn first_lost(&self) -> anyhow::Result<Instant> {
        ensure!(self.arrived > 0, "nothing arrived, even before the block");
        self.sent.get(self.arrived).copied().context("everything arrived: the block does not work")
    }

    /// Between each and the next, which is how exactly the first lost one is known.
    pub(super) fn gaps(&self) -> impl Iterator<Item = Duration> {
        self.sent.iter().zip(self.sent.iter().skip(1)).map(|(one, next)| next.duration_since(*one))
    }
}

fn send(socket: &UdpSocket, until: &AtomicBool, count: &AtomicU64) -> anyhow::Result<Vec<Instant>> {
    // The kernel's usual slack is 50 µs.
    prctl::set_timerslack(1)?;
    let mut sent = Vec::new();
    while !until.load(Ordering::Relaxed) {
        sent.push(Instant::now());
        let number = sent.len() - 1;
        socket.send(&number.to_be_bytes())?;
        count.fetch_add(1, Ordering::Relaxed);
        sleep(PAUSE);
    }
    Ok(sent)
}

/// A socket stays in the namespace where it was made, whoever uses it.
fn socket_in(namespace: &Namespace, address: Ipv4Addr, port: u16) -> anyhow::Result<UdpSocket> {
    let path = namespace.path();
    let made = thread::spawn(move || -> anyhow::Result<UdpSocket> {
        let file = std::fs::File::open(path)?;
        setns(file.as_fd(), CloneFlags::CLONE_NEWNET)?;
        UdpSocket::bind((address, port)).with_context(|| format!("{address}:{port} cannot be bound"))
    });
    made.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?
}
