//! Pinned links, by bpf(2) itself: aya can pin and update them, but has no call that detaches at once.

use std::{
    ffi::CString,
    io,
    os::{
        fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
};

const BPF_OBJ_GET: libc::c_long = 7;
/// Linux 5.9.
const BPF_LINK_DETACH: libc::c_long = 34;

/// Detaches the link that is pinned at `path`, and takes the pin away.
///
/// Taking the pin away would do in the end, but the kernel lets go of the link some time later, and a block must be
/// over when it is said to be over.
pub(crate) fn detach_pinned(path: &Path) -> io::Result<()> {
    #[repr(C)]
    struct Get {
        path: u64,
        fd: u32,
        flags: u32,
    }
    #[repr(C)]
    struct Detach {
        link: u32,
    }
    let name = CString::new(path.as_os_str().as_bytes())?;
    let mut get = Get { path: name.as_ptr() as u64, fd: 0, flags: 0 };
    // SAFETY: BPF_OBJ_GET reads these 16 bytes and the string, which outlives the call.
    let fd = unsafe { bpf(BPF_OBJ_GET, &mut get) }?;
    let fd = libc::c_int::try_from(fd).map_err(io::Error::other)?;
    // SAFETY: the kernel has just made this descriptor for us.
    let link = unsafe { OwnedFd::from_raw_fd(fd) };
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

/// # Safety
/// `attributes` must be what `command` asks for.
unsafe fn bpf<T>(command: libc::c_long, attributes: &mut T) -> io::Result<libc::c_long> {
    // SAFETY: as the caller promises.
    match unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_mut(attributes), size_of::<T>()) } {
        -1 => Err(io::Error::last_os_error()),
        result => Ok(result),
    }
}
