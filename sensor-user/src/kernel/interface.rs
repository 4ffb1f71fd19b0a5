//! Interfaces of the network namespace that this thread is in. By ioctl and not by sysfs, which shows the namespace
//! it was mounted in.

use std::{
    ffi::CStr,
    mem,
    net::IpAddr,
    os::fd::{AsRawFd as _, OwnedFd},
};

use ipnet::IpNet;
use nix::{
    ifaddrs::getifaddrs,
    net::if_::if_nametoindex,
    sys::socket::{AddressFamily, SockFlag, SockType, socket},
};

use super::Lack;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) name: String,
    pub(crate) index: u32,
    pub(crate) loopback: bool,
    /// As the driver calls itself (`veth`, `ixgbe`); empty where there is none.
    pub(crate) driver: String,
}

impl Interface {
    /// An interface whose frames have an Ethernet header: loopback's have too.
    pub(crate) fn open(name: &str) -> Result<Self, Lack> {
        let index = if_nametoindex(name)
            .map_err(|_| Lack::new("there is no such interface", "see which there are with `ip link`"))?;
        let failed =
            |error: std::io::Error| Lack::new(error.to_string(), format!("look at `ip link show {name}`"));
        let hardware = hardware(name).map_err(failed)?;
        if hardware != libc::ARPHRD_ETHER && hardware != libc::ARPHRD_LOOPBACK {
            return Err(Lack::new(
                format!("its frames have no Ethernet header (type {hardware})"),
                "choose the Ethernet interface that carries this traffic",
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            index,
            loopback: hardware == libc::ARPHRD_LOOPBACK,
            driver: driver(name).unwrap_or_default(),
        })
    }
}

/// Every address of this node, one by one.
pub(crate) fn own_addresses() -> Vec<IpNet> {
    let Ok(addresses) = getifaddrs() else { return Vec::new() };
    let mut own: Vec<IpNet> = addresses
        .filter_map(|entry| {
            let address = entry.address?;
            let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
        })
        .map(IpNet::from)
        .collect();
    own.sort_unstable();
    own.dedup();
    own
}

fn hardware(name: &str) -> std::io::Result<u16> {
    let mut request = request(name);
    // SAFETY: SIOCGIFHWADDR fills an ifreq, which this is.
    unsafe { ioctl(libc::SIOCGIFHWADDR as _, (&raw mut request).cast()) }?;
    // SAFETY: the call that has just succeeded has filled this member.
    Ok(unsafe { request.ifr_ifru.ifru_hwaddr.sa_family })
}

fn driver(name: &str) -> std::io::Result<String> {
    /// `struct ethtool_drvinfo` of linux/ethtool.h.
    #[repr(C)]
    struct DriverInfo {
        command: u32,
        driver: [u8; 32],
        rest: [u8; 160],
    }
    const ETHTOOL_GDRVINFO: u32 = 3;
    let mut info = DriverInfo { command: ETHTOOL_GDRVINFO, driver: [0; 32], rest: [0; 160] };
    let mut request = request(name);
    request.ifr_ifru.ifru_data = (&raw mut info).cast();
    // SAFETY: SIOCETHTOOL with this command fills the 196 bytes of ethtool_drvinfo that `ifru_data` points to.
    unsafe { ioctl(libc::SIOCETHTOOL as _, (&raw mut request).cast()) }?;
    let name = CStr::from_bytes_until_nul(&info.driver).unwrap_or_default();
    Ok(name.to_string_lossy().into_owned())
}

fn request(name: &str) -> libc::ifreq {
    // SAFETY: a C structure of integers and pointers, for which zeros are valid.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes().take(libc::IFNAMSIZ - 1)) {
        *to = from as libc::c_char;
    }
    request
}

/// # Safety
/// `argument` must be what `command` asks for.
unsafe fn ioctl(command: libc::Ioctl, argument: *mut libc::c_void) -> std::io::Result<()> {
    let socket: OwnedFd = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    // SAFETY: as the caller promises.
    match unsafe { libc::ioctl(socket.as_raw_fd(), command, argument) } {
        -1 => Err(std::io::Error::last_os_error()),
        _ => Ok(()),
    }
}
