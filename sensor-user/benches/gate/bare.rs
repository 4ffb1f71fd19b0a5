//! By bpf(2) itself: a program of two instructions, and the ways to hand it packets.

use std::{
    fs, io,
    os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
};

use sensor_user::enforce::xdp::Hook;

use super::{clock, ratios::Work};

const BPF_PROG_LOAD: libc::c_long = 5;
const BPF_PROG_TEST_RUN: libc::c_long = 10;
const BPF_LINK_CREATE: libc::c_long = 28;
const BPF_PROG_TYPE_SCHED_CLS: u32 = 3;
const BPF_PROG_TYPE_XDP: u32 = 6;
const BPF_ATTACH_XDP: u32 = 37;
const BPF_ATTACH_TCX_INGRESS: u32 = 46;
const BPF_F_XDP_HAS_FRAGS: u32 = 1 << 5;
const BPF_F_TEST_XDP_LIVE_FRAMES: u32 = 1 << 1;
const XDP_DROP: u64 = 1;
const TC_ACT_SHOT: u64 = 2;

pub(crate) struct Program(OwnedFd);

impl Program {
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// `r0 = XDP_DROP; exit`, or `r0 = TC_ACT_SHOT`.
pub(crate) fn drop_all(hook: Hook) -> Program {
    #[repr(C)]
    struct Load {
        kind: u32,
        instruction_count: u32,
        instructions: u64,
        license: u64,
        log: [u32; 2],
        log_buffer: u64,
        kernel_version: u32,
        flags: u32,
    }
    let (kind, flags, verdict) = match hook {
        Hook::Xdp => (BPF_PROG_TYPE_XDP, BPF_F_XDP_HAS_FRAGS, XDP_DROP),
        Hook::Tcx => (BPF_PROG_TYPE_SCHED_CLS, 0, TC_ACT_SHOT),
    };
    let instructions = [verdict << 32 | 0xb7, 0x95];
    let mut load = Load {
        kind,
        instruction_count: 2,
        instructions: instructions.as_ptr() as u64,
        license: c"Apache-2.0".as_ptr() as u64,
        log: [0; 2],
        log_buffer: 0,
        kernel_version: 0,
        flags,
    };
    Program(descriptor(bpf(BPF_PROG_LOAD, &mut load).unwrap()))
}

#[derive(Clone, Copy)]
pub(crate) enum Mode {
    Native,
    Tcx,
    Generic,
}

impl Mode {
    pub(crate) fn hook(self) -> Hook {
        match self {
            Self::Tcx => Hook::Tcx,
            Self::Native | Self::Generic => Hook::Xdp,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Tcx => "tcx",
            Self::Generic => "generic",
        }
    }
}

/// Ends with the value.
pub(crate) struct Attached(OwnedFd);

impl Attached {
    pub(crate) fn new(program: BorrowedFd<'_>, interface: u32, mode: Mode) -> Self {
        #[repr(C)]
        struct Create {
            program: u32,
            interface: u32,
            attach: u32,
            flags: u32,
            relative: u32,
            padding: u32,
            expected_revision: u64,
        }
        let (attach, flags) = match mode {
            Mode::Generic => (BPF_ATTACH_XDP, 1 << 1),
            Mode::Native => (BPF_ATTACH_XDP, 1 << 2),
            Mode::Tcx => (BPF_ATTACH_TCX_INGRESS, 0),
        };
        let program = program.as_raw_fd().unsigned_abs();
        let mut create =
            Create { program, interface, attach, flags, relative: 0, padding: 0, expected_revision: 0 };
        Self(descriptor(bpf(BPF_LINK_CREATE, &mut create).unwrap()))
    }
}

/// Hands the program a frame `times` times in the kernel's own loop, from a page pool as a driver would.
pub(crate) fn live(program: BorrowedFd<'_>, frame: &[u8], times: u32) -> Work {
    #[repr(C)]
    #[derive(Default)]
    struct TestRun {
        program: u32,
        returned: u32,
        data_in_size: u32,
        data_out_size: u32,
        data_in: u64,
        data_out: u64,
        repeat: u32,
        duration: u32,
        context_in_size: u32,
        context_out_size: u32,
        context_in: u64,
        context_out: u64,
        flags: u32,
        processor: u32,
        batch_size: u32,
        padding: u32,
    }
    let mut run = TestRun {
        program: program.as_raw_fd().unsigned_abs(),
        data_in_size: u32::try_from(frame.len()).unwrap(),
        data_in: frame.as_ptr() as u64,
        repeat: times,
        flags: BPF_F_TEST_XDP_LIVE_FRAMES,
        ..TestRun::default()
    };
    let before = clock::this_thread();
    bpf(BPF_PROG_TEST_RUN, &mut run).unwrap();
    Work { units: times.into(), cpu: clock::this_thread() - before }
}

/// Memory that the kernel holds for itself, maps included.
pub(crate) fn unreclaimable() -> i64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap();
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|number| number.parse::<i64>().ok()).unwrap_or(0) * 1024
    };
    field("SUnreclaim:") + field("VmallocUsed:") + field("Percpu:")
}

fn descriptor(fd: libc::c_long) -> OwnedFd {
    // SAFETY: the kernel has just made this descriptor for us.
    unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).unwrap()) }
}

fn bpf<T>(command: libc::c_long, attributes: &mut T) -> io::Result<libc::c_long> {
    // SAFETY: the callers' attributes are laid out as linux/bpf.h has them for their command.
    match unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_mut(attributes), size_of::<T>()) } {
        -1 => Err(io::Error::last_os_error()),
        result => Ok(result),
    }
}
