//! Telling the tap what nobody wants, by running its program for that: see `sensor-ebpf/src/advice.rs`.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    os::fd::{AsFd as _, AsRawFd as _, OwnedFd},
    sync::Arc,
};

use aya::programs::SchedClassifier;
use aya_obj::generated::{bpf_attr, bpf_cmd::BPF_PROG_TEST_RUN};
use portcullis_sensor_common::tap::{ADVICE_LEN, MOST_LEFT_OUT, NO_VNI};

use crate::{
    flow::{Advice, Unwanted},
    kernel::{Lack, explain},
};

pub(super) const PROGRAM: &str = "portcullis_tap_advice";

const ETHERNET_LEN: usize = 14;
const LEN: usize = ETHERNET_LEN + ADVICE_LEN;

/// One source's way to the program, which all share.
pub(super) struct Adviser {
    program: Arc<OwnedFd>,
    told: u64,
    failed: u64,
}

impl Adviser {
    pub(super) fn of(program: &SchedClassifier) -> Result<Self, Lack> {
        let lack = |what: String| Lack::new(what, "use --capture pcap");
        let fd = program.fd().map_err(|error| lack(explain(&error)))?;
        let program = fd.as_fd().try_clone_to_owned().map_err(|error| lack(error.to_string()))?;
        Ok(Self { program: Arc::new(program), told: 0, failed: 0 })
    }

    /// For a source that counts for itself.
    pub(super) fn for_source(&self) -> Self {
        Self { program: Arc::clone(&self.program), told: 0, failed: 0 }
    }

    /// What fails is counted and costs no more than copies that nobody needs.
    pub(super) fn tell(&mut self, advice: &Advice) {
        match self.run(&frame(advice)) {
            Ok(()) => self.told += 1,
            Err(_) => self.failed += 1,
        }
    }

    pub(super) fn told(&self) -> u64 {
        self.told
    }

    pub(super) fn failed(&self) -> u64 {
        self.failed
    }

    fn run(&self, frame: &[u8; LEN]) -> io::Result<()> {
        // SAFETY: integers, for which zeros are a value.
        let mut attr: bpf_attr = unsafe { std::mem::zeroed() };
        // SAFETY: the variant of the union that the command reads.
        let test = unsafe { &mut attr.test };
        test.prog_fd = self.program.as_raw_fd().cast_unsigned();
        test.data_in = frame.as_ptr() as u64;
        test.data_size_in = LEN as u32;
        test.repeat = 1;
        // SAFETY: the kernel reads `LEN` bytes of the frame, and the attributes up to their size.
        let done = unsafe {
            libc::syscall(
                libc::SYS_bpf,
                BPF_PROG_TEST_RUN as libc::c_uint,
                &raw const attr,
                size_of::<bpf_attr>(),
            )
        };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

/// Field by field, as `portcullis_sensor_common::tap::Advice` has them.
fn frame(advice: &Advice) -> [u8; LEN] {
    let (sequence, len) = match advice.what {
        Unwanted::Bytes { sequence, len } => {
            (sequence, u32::try_from(len).unwrap_or(u32::MAX).min(MOST_LEFT_OUT))
        }
        Unwanted::Connection => (0, 0),
    };
    let fields: [&[u8]; 8] = [
        &[0; ETHERNET_LEN],
        &address(advice.source),
        &address(advice.destination),
        &advice.vni.unwrap_or(NO_VNI).to_ne_bytes(),
        &sequence.to_ne_bytes(),
        &len.to_ne_bytes(),
        &advice.source.port().to_ne_bytes(),
        &advice.destination.port().to_ne_bytes(),
    ];
    let mut frame = [0; LEN];
    for (to, from) in frame.iter_mut().zip(fields.into_iter().flatten()) {
        *to = *from;
    }
    frame
}

fn address(socket: SocketAddr) -> [u8; 16] {
    match socket.ip() {
        IpAddr::V4(address) => {
            let mut bytes = [0; 16];
            for (to, from) in bytes.iter_mut().zip(address.octets()) {
                *to = from;
            }
            bytes
        }
        IpAddr::V6(address) => address.octets(),
    }
}
