//! Two network namespaces with a veth between them: the test's own thread is in the node's, a second thread in the
//! visitor's. Both end with their threads, and the veth with them.

use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    os::fd::AsRawFd as _,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use nix::{
    net::if_::if_nametoindex,
    sched::{CloneFlags, unshare},
    sys::socket::{AddressFamily, SockFlag, SockType, socket},
    unistd::gettid,
};

/// The node's end of the veth.
pub(crate) const VETH: &str = "pcknode";
/// The visitor's end.
pub(crate) const PEER: &str = "pckvisitor";
pub(crate) const NODE_V4: &str = "192.0.2.1";
pub(crate) const NODE_V6: &str = "2001:db8::1";

type Errand = Box<dyn FnOnce() + Send>;

pub(crate) struct World {
    visitor: Option<mpsc::Sender<Errand>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl World {
    /// The calling thread is in a namespace of its own from here on; threads that it starts are too.
    pub(crate) fn new() -> Self {
        alone();
        let (errands, inbox) = mpsc::channel::<Errand>();
        let (say, tid) = mpsc::channel();
        let thread = thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            say.send(gettid()).unwrap();
            inbox.into_iter().for_each(|errand| errand());
        });
        let tid = tid.recv().unwrap().to_string();
        ip(&["link", "add", VETH, "type", "veth", "peer", "name", PEER, "netns", &tid]);
        for (address, prefix) in [(NODE_V4, "24"), (NODE_V6, "64")] {
            address_on(VETH, &format!("{address}/{prefix}"));
        }
        ip(&["link", "set", VETH, "up"]);
        let world = Self { visitor: Some(errands), thread: Some(thread) };
        world.as_visitor(|| {
            for last in ["10", "11", "12"] {
                address_on(PEER, &format!("192.0.2.{last}/24"));
                address_on(PEER, &format!("2001:db8::{last}/64"));
            }
            ip(&["link", "set", PEER, "up"]);
        });
        world.await_link();
        world
    }

    /// Does something in the visitor's namespace.
    pub(crate) fn as_visitor<T: Send + 'static>(&self, errand: impl FnOnce() -> T + Send + 'static) -> T {
        let (answer, result) = mpsc::channel();
        let errand = Box::new(move || answer.send(errand()).unwrap());
        self.visitor.as_ref().unwrap().send(errand).unwrap();
        result.recv().unwrap()
    }

    /// Whether a datagram from this address of the visitor's gets to the node.
    pub(crate) fn arrives_from(&self, from: &str) -> bool {
        let from: IpAddr = from.parse().unwrap();
        let node: IpAddr = if from.is_ipv4() { NODE_V4 } else { NODE_V6 }.parse().unwrap();
        let inbox = UdpSocket::bind(SocketAddr::new(node, 0)).unwrap();
        let to = inbox.local_addr().unwrap();
        self.as_visitor(move || {
            let outbox = UdpSocket::bind(SocketAddr::new(from, 0)).unwrap();
            outbox.send_to(b"knock", to).unwrap();
        });
        inbox.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        inbox.recv(&mut [0; 16]).is_ok()
    }

    /// Knocks from this address of the visitor's without a pause.
    pub(crate) fn flood(&self, from: &str) -> Flood {
        let from: IpAddr = from.parse().unwrap();
        let node: IpAddr = if from.is_ipv4() { NODE_V4 } else { NODE_V6 }.parse().unwrap();
        let inbox = UdpSocket::bind(SocketAddr::new(node, 0)).unwrap();
        let to = inbox.local_addr().unwrap();
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let thread = self.as_visitor({
            let (stop, sent) = (stop.clone(), sent.clone());
            move || {
                thread::spawn(move || {
                    let outbox = UdpSocket::bind(SocketAddr::new(from, 0)).unwrap();
                    while !stop.load(Ordering::Relaxed) {
                        outbox.send_to(b"knock", to).ok();
                        sent.fetch_add(1, Ordering::Relaxed);
                    }
                })
            }
        });
        Flood { inbox, stop, sent, thread }
    }

    /// Puts a frame on the visitor's end of the wire as it is.
    pub(crate) fn send_frame(&self, frame: Vec<u8>) {
        self.as_visitor(move || send_on(PEER, &frame));
    }

    fn await_link(&self) {
        for _ in 0..50 {
            if self.arrives_from("192.0.2.10") && self.arrives_from("2001:db8::10") {
                return;
            }
        }
        panic!("the veth does not come up");
    }
}

pub(crate) struct Flood {
    inbox: UdpSocket,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: thread::JoinHandle<()>,
}

impl Flood {
    /// Returns when so many more were sent.
    pub(crate) fn more(&self, packets: u64) {
        let before = self.sent.load(Ordering::Relaxed);
        while self.sent.load(Ordering::Relaxed) < before + packets {
            thread::yield_now();
        }
    }

    /// Stops, and says how many came through, as far as the inbox could hold them.
    pub(crate) fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.inbox.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        std::iter::from_fn(|| self.inbox.recv(&mut [0; 16]).ok()).count()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.visitor = None;
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// Puts a frame on an interface of the calling thread's namespace as it is.
pub(crate) fn send_on(interface: &str, frame: &[u8]) {
    let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None).unwrap();
    // SAFETY: a C structure of integers, for which zeros are valid.
    let mut to: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    to.sll_family = libc::AF_PACKET as u16;
    to.sll_ifindex = i32::try_from(if_nametoindex(interface).unwrap()).unwrap();
    // SAFETY: the frame and the address are as long as they are said to be.
    let sent = unsafe {
        libc::sendto(
            socket.as_raw_fd(),
            frame.as_ptr().cast(),
            frame.len(),
            0,
            (&raw const to).cast(),
            size_of_val(&to) as libc::socklen_t,
        )
    };
    assert_eq!(usize::try_from(sent), Ok(frame.len()));
}

/// A namespace with loopback alone.
pub(crate) fn alone() {
    unshare(CloneFlags::CLONE_NEWNET).unwrap();
    ip(&["link", "set", "lo", "up"]);
}

pub(crate) fn ip(arguments: &[&str]) -> String {
    run("ip", arguments)
}

pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Without duplicate address detection, which takes a second.
fn address_on(interface: &str, address: &str) {
    let mut arguments = vec!["address", "add", address, "dev", interface];
    if address.contains(':') {
        arguments.push("nodad");
    }
    ip(&arguments);
}
