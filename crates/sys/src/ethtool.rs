//! Switching off what a network card would do in the kernel's place, so that
//! captures show what a wire would carry.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use crate::netlink::interface_request;
use crate::socket::Context;

/// Commands of linux/ethtool.h that take one value.
const SET_TX_CHECKSUM: u32 = 0x17;
const SET_TSO: u32 = 0x1f;
const SET_GSO: u32 = 0x24;
const SET_GRO: u32 = 0x2c;

const SIOCETHTOOL: libc::c_ulong = 0x8946;

#[repr(C)]
struct Value {
    command: u32,
    data: u32,
}

/// Interfaces of the network namespace in which it was opened.
#[derive(Debug)]
pub struct Ethtool {
    socket: OwnedFd,
}

impl Ethtool {
    /// Opens in the calling thread's network namespace.
    pub fn open() -> io::Result<Self> {
        let socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)
            .map_err(io::Error::from)
            .context("open a socket for", "ethtool")?;
        Ok(Ethtool { socket })
    }

    /// Transmit checksums are computed in software and segments are cut before
    /// the interface: what leaves is what a wire would carry. Wants
    /// CAP_NET_ADMIN.
    pub fn offloads_off(&self, interface: &str) -> io::Result<()> {
        // Checksums first: TSO depends on them and goes with them.
        self.set(interface, SET_TX_CHECKSUM, "switch off transmit checksums of")?;
        self.set(interface, SET_TSO, "switch off TSO of")?;
        self.set(interface, SET_GSO, "switch off GSO of")?;
        self.set(interface, SET_GRO, "switch off GRO of")
    }

    fn set(&self, interface: &str, command: u32, operation: &'static str) -> io::Result<()> {
        let mut value = Value { command, data: 0 };
        let mut request = interface_request(interface).context(operation, interface)?;
        request.ifr_ifru.ifru_data = (&raw mut value).cast();
        // SAFETY: these commands read the name and one ethtool_value, whose
        // layout Value has; both live until the call returns.
        let result = unsafe { libc::ioctl(self.socket.as_raw_fd(), SIOCETHTOOL, &raw mut request) };
        if result < 0 {
            return Err(io::Error::last_os_error()).context(operation, interface);
        }
        Ok(())
    }
}
