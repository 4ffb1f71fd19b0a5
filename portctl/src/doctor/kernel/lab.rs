//! Tries what the sensor's programs need, by bpf(2): maps nobody fills, programs of a few instructions, links on the
//! loopback of a network namespace that nobody else is in. All of it is gone with the descriptors.

use std::{
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
    ptr, thread,
};

const BPF_MAP_CREATE: libc::c_long = 0;
const BPF_PROG_LOAD: libc::c_long = 5;
const BPF_MAP_LOOKUP_BATCH: libc::c_long = 24;
const BPF_LINK_CREATE: libc::c_long = 28;

/// `enum bpf_map_type`.
#[derive(Clone, Copy)]
pub(super) enum Map {
    PerCpuHash = 5,
    LruHash = 9,
    LpmTrie = 11,
    RingBuffer = 27,
}

/// `enum bpf_prog_type`.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Classifier = 3,
    Xdp = 6,
}

/// `enum bpf_func_id`, of helpers that the verifier takes without an argument or with the context alone.
#[derive(Clone, Copy)]
pub(super) enum Helper {
    KtimeGetBootNs = 125,
    XdpGetBuffLen = 188,
}

/// `enum bpf_attach_type`.
#[derive(Clone, Copy)]
pub(super) enum Hook {
    Xdp = 37,
    TcxIngress = 46,
}

/// `BPF_F_XDP_HAS_FRAGS`.
const FRAGS: u32 = 1 << 5;

pub(super) fn map(map: Map) -> io::Result<OwnedFd> {
    const BPF_F_NO_PREALLOC: u32 = 1;
    let (key, value, entries, flags) = match map {
        // Its size alone, at least a page.
        Map::RingBuffer => (0, 0, 256 << 10, 0),
        Map::LpmTrie => (8, 8, 1, BPF_F_NO_PREALLOC),
        Map::PerCpuHash => (8, 8, 1, BPF_F_NO_PREALLOC),
        Map::LruHash => (8, 8, 1, 0),
    };
    let mut attributes = words([map as u32, key, value, entries, flags]);
    descriptor(BPF_MAP_CREATE, &mut attributes)
}

/// Many entries of a prefix trie at a time.
pub(super) fn trie_batches() -> io::Result<()> {
    let trie = map(Map::LpmTrie)?;
    let (mut batch, mut keys, mut values) = ([0_u8; 8], [0_u8; 8], [0_u8; 8]);
    let mut attributes = [0_u8; 56];
    put(&mut attributes, 8, &(batch.as_mut_ptr() as u64).to_ne_bytes());
    put(&mut attributes, 16, &(keys.as_mut_ptr() as u64).to_ne_bytes());
    put(&mut attributes, 24, &(values.as_mut_ptr() as u64).to_ne_bytes());
    put(&mut attributes, 32, &1_u32.to_ne_bytes());
    put(&mut attributes, 36, &trie.as_raw_fd().to_ne_bytes());
    match bpf(BPF_MAP_LOOKUP_BATCH, &mut attributes) {
        // There is nothing in it, and the kernel has looked.
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(()),
        result => result.map(|_| ()),
    }
}

/// A program that asks this helper, or nobody, and passes every packet.
pub(super) fn program(kind: Kind, helper: Option<Helper>) -> io::Result<OwnedFd> {
    load(kind, helper, 0)
}

pub(super) fn program_for_fragments() -> io::Result<OwnedFd> {
    load(Kind::Xdp, Some(Helper::XdpGetBuffLen), FRAGS)
}

/// Links a program to the loopback of a namespace of its own.
pub(super) fn link(kind: Kind, hook: Hook) -> io::Result<()> {
    const XDP_FLAGS_SKB_MODE: u32 = 2;
    /// Loopback, in every namespace.
    const LOOPBACK: u32 = 1;
    let program = program(kind, None)?;
    let flags = if matches!(hook, Hook::Xdp) { XDP_FLAGS_SKB_MODE } else { 0 };
    let tried = thread::spawn(move || {
        // SAFETY: a system call without pointers; it moves this thread alone.
        if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let numbers = [program.as_raw_fd().unsigned_abs(), LOOPBACK, hook as u32, flags];
        let mut attributes = [words(numbers).as_slice(), &[0; 16]].concat();
        descriptor(BPF_LINK_CREATE, &mut attributes).map(drop)
    });
    tried.join().unwrap_or_else(|_| Err(io::Error::other("the thread that tried it failed")))
}

fn load(kind: Kind, helper: Option<Helper>, flags: u32) -> io::Result<OwnedFd> {
    const CALL: u8 = 0x85;
    const MOVE_TO_R0: u8 = 0xb7;
    const EXIT: u8 = 0x95;
    // `XDP_PASS`, and for a classifier `TC_ACT_UNSPEC`, which lets others decide.
    let verdict = match kind {
        Kind::Xdp => 2_i32,
        Kind::Classifier => -1,
    };
    let instruction =
        |opcode: u8, immediate: i32| [&[opcode, 0, 0, 0][..], &immediate.to_ne_bytes()].concat();
    let mut code = Vec::new();
    if let Some(helper) = helper {
        code.extend(instruction(CALL, helper as i32));
    }
    code.extend(instruction(MOVE_TO_R0, verdict));
    code.extend(instruction(EXIT, 0));
    let licence = c"Apache-2.0";
    let mut attributes = [0_u8; 72];
    put(&mut attributes, 0, &(kind as u32).to_ne_bytes());
    put(&mut attributes, 4, &u32::try_from(code.len() / 8).unwrap_or(0).to_ne_bytes());
    put(&mut attributes, 8, &(code.as_ptr() as u64).to_ne_bytes());
    put(&mut attributes, 16, &(licence.as_ptr() as u64).to_ne_bytes());
    put(&mut attributes, 44, &flags.to_ne_bytes());
    put(&mut attributes, 48, b"portctl_doctor");
    if matches!(kind, Kind::Xdp) {
        put(&mut attributes, 68, &(Hook::Xdp as u32).to_ne_bytes());
    }
    descriptor(BPF_PROG_LOAD, &mut attributes)
}

fn words<const N: usize>(numbers: [u32; N]) -> Vec<u8> {
    numbers.into_iter().flat_map(u32::to_ne_bytes).collect()
}

fn put(attributes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = attributes.get_mut(at..at + value.len()) {
        place.copy_from_slice(value);
    }
}

fn descriptor(command: libc::c_long, attributes: &mut [u8]) -> io::Result<OwnedFd> {
    let fd = libc::c_int::try_from(bpf(command, attributes)?).map_err(io::Error::other)?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn bpf(command: libc::c_long, attributes: &mut [u8]) -> io::Result<libc::c_long> {
    let at = ptr::from_mut(attributes).cast::<u8>();
    // SAFETY: the attributes are as long as is said, and what they point to outlives the call.
    match unsafe { libc::syscall(libc::SYS_bpf, command, at, attributes.len()) } {
        -1 => Err(io::Error::last_os_error()),
        result => Ok(result),
    }
}
