//! Links, programs and their places by bpf(2) itself, where aya has no call or none that takes what we have.

use std::{
    ffi::CString,
    io,
    os::{
        fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
};

use super::netlink::{text, u32_at};

const BPF_OBJ_GET: libc::c_long = 7;
const BPF_PROG_GET_FD_BY_ID: libc::c_long = 13;
const BPF_OBJ_GET_INFO_BY_FD: libc::c_long = 15;
/// Linux 5.8.
const BPF_LINK_GET_FD_BY_ID: libc::c_long = 30;
/// Linux 5.9.
const BPF_LINK_DETACH: libc::c_long = 34;

/// Detaches the link that is pinned at `path`, and takes the pin away.
///
/// Taking the pin away would do in the end, but the kernel lets go of the link some time later, and a block must be
/// over when it is said to be over.
pub(crate) fn detach_pinned(path: &Path) -> io::Result<()> {
    #[repr(C)]
    struct Detach {
        link: u32,
    }
    let link = pinned(path)?;
    let mut detach = Detach { link: link.as_raw_fd().unsigned_abs() };
    // SAFETY: BPF_LINK_DETACH reads these 4 bytes.
    match unsafe { bpf(BPF_LINK_DETACH, &mut detach) } {
        // The interface has gone, and the link with it.
        Err(error) if error.raw_os_error() == Some(libc::ENOLINK) => {}
        result => {
            result?;
        }
    }
    fs_err::remove_file(path)
}

/// The object that is pinned there.
pub(crate) fn pinned(path: &Path) -> io::Result<OwnedFd> {
    #[repr(C)]
    struct Get {
        path: u64,
        fd: u32,
        flags: u32,
    }
    let name = CString::new(path.as_os_str().as_bytes())?;
    let mut get = Get { path: name.as_ptr() as u64, fd: 0, flags: 0 };
    // SAFETY: BPF_OBJ_GET reads these 16 bytes and the string, which outlives the call.
    owned(unsafe { bpf(BPF_OBJ_GET, &mut get) }?)
}

/// The interface that an XDP or TCX link is on; 0 once that is gone, or once somebody detached the link.
pub(crate) fn interface_of(link: BorrowedFd<'_>) -> io::Result<u32> {
    /// In `struct bpf_link_info`, both kinds of link: behind type, id and program.
    const INTERFACE: usize = 16;
    let info = info::<24>(link)?;
    Ok(u32_at(&info, INTERFACE).unwrap_or(0))
}

/// The link of that number.
pub(crate) fn by_id(id: u32) -> io::Result<OwnedFd> {
    open_by_id(BPF_LINK_GET_FD_BY_ID, id)
}

/// As its author called it, cut to 15 bytes by the kernel.
pub(crate) fn program_name(id: u32) -> io::Result<String> {
    /// In `struct bpf_prog_info`.
    const NAME: usize = 64;
    let program = open_by_id(BPF_PROG_GET_FD_BY_ID, id)?;
    let info = info::<80>(program.as_fd())?;
    Ok(text(info.get(NAME..).unwrap_or_default()))
}

/// A program so that people find it: `xdp_dispatcher (id 12)`.
pub(crate) fn describe_program(id: u32) -> String {
    match program_name(id) {
        Ok(name) if !name.is_empty() => format!("{name} (id {id})"),
        _ => format!("a program without a name (id {id})"),
    }
}

/// The first `N` bytes that the kernel has to say of this object.
fn info<const N: usize>(object: BorrowedFd<'_>) -> io::Result<[u8; N]> {
    #[repr(C)]
    struct Info {
        object: u32,
        len: u32,
        info: u64,
    }
    let mut bytes = [0_u8; N];
    let mut ask = Info {
        object: object.as_raw_fd().unsigned_abs(),
        len: u32::try_from(N).unwrap_or(0),
        info: bytes.as_mut_ptr() as u64,
    };
    // SAFETY: BPF_OBJ_GET_INFO_BY_FD reads these 16 bytes and writes at most `len` bytes where `info` points.
    unsafe { bpf(BPF_OBJ_GET_INFO_BY_FD, &mut ask) }?;
    Ok(bytes)
}

fn open_by_id(command: libc::c_long, id: u32) -> io::Result<OwnedFd> {
    #[repr(C)]
    struct ById {
        id: u32,
        next: u32,
        flags: u32,
    }
    let mut by_id = ById { id, next: 0, flags: 0 };
    // SAFETY: both commands read these 12 bytes.
    owned(unsafe { bpf(command, &mut by_id) }?)
}

fn owned(fd: libc::c_long) -> io::Result<OwnedFd> {
    let fd = libc::c_int::try_from(fd).map_err(io::Error::other)?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// # Safety
/// `attributes` must be what `command` asks for.
unsafe fn bpf<T>(command: libc::c_long, attributes: &mut T) -> io::Result<libc::c_long> {
    // SAFETY: as the caller promises.
    match unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_mut(attributes), size_of::<T>()) } {
        -1 => Err(io::Error::last_os_error()),
        result => Ok(result),
    }
}
