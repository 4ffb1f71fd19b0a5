//! Programs of others, instruction by instruction: what else a node's interfaces carry.

use std::{
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
    path::Path,
    time::Duration,
};

const BPF_PROG_LOAD: libc::c_long = 5;
const BPF_OBJ_PIN: libc::c_long = 6;
const BPF_OBJ_GET_INFO_BY_FD: libc::c_long = 15;
const BPF_LINK_CREATE: libc::c_long = 28;

/// A BPF instruction (RFC 9669 section 3): opcode, registers, offset, immediate.
type Instruction = (u8, u8, i16, i32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `BPF_PROG_TYPE_SCHED_CLS`.
    Classifier = 3,
    /// `BPF_PROG_TYPE_XDP`.
    Xdp = 6,
}

/// Where a program hangs (`enum bpf_attach_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Xdp = 37,
    TcxIngress = 46,
}

pub(crate) struct Program {
    fd: OwnedFd,
    pub(crate) id: u32,
}

/// `TC_ACT_OK`: as far as traffic control goes the packet is through, and nobody else is asked.
pub(crate) const OK: i32 = 0;
/// `TC_ACT_SHOT`.
pub(crate) const DROP: i32 = 2;
/// `XDP_PASS`.
pub(crate) const XDP_PASS: i32 = 2;

impl Program {
    /// One that says the same of every packet.
    pub(crate) fn returning(kind: Kind, name: &str, verdict: i32) -> Self {
        Self::load(kind, name, &[(0xb7, 0, 0, verdict), (0x95, 0, 0, 0)])
    }

    /// One that sends every packet out on another interface (`bpf_redirect`), as Cilium's do.
    pub(crate) fn redirecting(name: &str, interface: u32) -> Self {
        const BPF_REDIRECT: i32 = 23;
        let interface = interface.cast_signed();
        let code = [(0xb7, 1, 0, interface), (0xb7, 2, 0, 0), (0x85, 0, 0, BPF_REDIRECT), (0x95, 0, 0, 0)];
        Self::load(Kind::Classifier, name, &code)
    }

    fn load(kind: Kind, name: &str, code: &[Instruction]) -> Self {
        let code: Vec<u8> = code
            .iter()
            .flat_map(|(opcode, registers, offset, immediate)| {
                [&[*opcode, *registers], &offset.to_ne_bytes()[..], &immediate.to_ne_bytes()].concat()
            })
            .collect();
        let licence = c"Apache-2.0";
        let mut attributes = [0_u8; 72];
        put(&mut attributes, 0, &(kind as u32).to_ne_bytes());
        put(&mut attributes, 4, &u32::try_from(code.len() / 8).unwrap().to_ne_bytes());
        put(&mut attributes, 8, &(code.as_ptr() as u64).to_ne_bytes());
        put(&mut attributes, 16, &(licence.as_ptr() as u64).to_ne_bytes());
        put(&mut attributes, 48, &name.as_bytes()[..name.len().min(15)]);
        let fd = bpf_fd(BPF_PROG_LOAD, &mut attributes);
        let mut info = [0_u8; 8];
        let mut ask = [0_u8; 16];
        put(&mut ask, 0, &fd.as_raw_fd().to_ne_bytes());
        put(&mut ask, 4, &8_u32.to_ne_bytes());
        put(&mut ask, 8, &(info.as_mut_ptr() as u64).to_ne_bytes());
        bpf(BPF_OBJ_GET_INFO_BY_FD, &mut ask).unwrap();
        Self { fd, id: u32::from_ne_bytes(info[4..].try_into().unwrap()) }
    }

    /// Behind everybody who is there; until the link is dropped.
    pub(crate) fn attach(&self, interface: u32, place: Place) -> OwnedFd {
        let generic = 2;
        self.link(interface, place, if place == Place::Xdp { generic } else { 0 })
    }

    /// Before everybody who is there.
    pub(crate) fn attach_first(&self, interface: u32) -> OwnedFd {
        const BPF_F_BEFORE: u32 = 1 << 3;
        self.link(interface, Place::TcxIngress, BPF_F_BEFORE)
    }

    fn link(&self, interface: u32, place: Place, flags: u32) -> OwnedFd {
        let mut attributes = [0_u8; 32];
        let numbers = [self.fd.as_raw_fd().unsigned_abs(), interface, place as u32, flags];
        for (at, number) in (0..).step_by(4).zip(numbers) {
            put(&mut attributes, at, &number.to_ne_bytes());
        }
        // A link that was dropped stays for as long as somebody else, who lists all links of the host, has it open.
        let fd = retrying(libc::EEXIST, || bpf(BPF_LINK_CREATE, &mut attributes)).unwrap();
        // SAFETY: the kernel has just made this descriptor for us.
        unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).unwrap()) }
    }

    /// For `tc`, which takes programs from there.
    pub(crate) fn pin(&self, path: &Path) {
        let path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
        let mut attributes = [0_u8; 16];
        put(&mut attributes, 0, &(path.as_ptr() as u64).to_ne_bytes());
        put(&mut attributes, 8, &self.fd.as_raw_fd().to_ne_bytes());
        bpf(BPF_OBJ_PIN, &mut attributes).unwrap();
    }
}

fn put(attributes: &mut [u8], at: usize, value: &[u8]) {
    attributes[at..at + value.len()].copy_from_slice(value);
}

fn retrying<T>(code: i32, mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..100 {
        match attempt() {
            Err(error) if error.raw_os_error() == Some(code) => {
                std::thread::sleep(Duration::from_millis(10));
            }
            outcome => return outcome,
        }
    }
    attempt()
}

fn bpf_fd(command: libc::c_long, attributes: &mut [u8]) -> OwnedFd {
    let fd = bpf(command, attributes).unwrap();
    // SAFETY: the kernel has just made this descriptor for us.
    unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).unwrap()) }
}

fn bpf(command: libc::c_long, attributes: &mut [u8]) -> io::Result<libc::c_long> {
    // SAFETY: the attributes are as long as is said, and what they point to outlives the call.
    match unsafe { libc::syscall(libc::SYS_bpf, command, attributes.as_mut_ptr(), attributes.len()) } {
        -1 => Err(io::Error::last_os_error()),
        result => Ok(result),
    }
}
