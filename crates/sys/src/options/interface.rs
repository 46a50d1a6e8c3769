//! One interface for a socket, and membership of multicast groups.

use std::ffi::CString;
use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;

use super::{Effective, Nature};
use crate::socket::{Context, option_bytes, set_option};

/// A multicast group, and the interface on which it is joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The group's address.
    pub group: IpAddr,
    /// The interface's name; without one the routing table chooses.
    pub interface: Option<String>,
}

/// Longest name of an interface with its NUL (IFNAMSIZ).
const NAME_BYTES_MAX: usize = libc::IFNAMSIZ;

/// The number of an interface in the calling thread's network namespace.
pub fn index_of_interface(name: &str) -> io::Result<u32> {
    let text = CString::new(name)
        .map_err(|_| io::ErrorKind::InvalidInput.into())
        .context("find the interface", name)?;
    // SAFETY: text is NUL-terminated and outlives the call.
    match unsafe { libc::if_nametoindex(text.as_ptr()) } {
        0 => Err(io::Error::last_os_error()).context("find the interface", name),
        index => Ok(index),
    }
}

impl Membership {
    pub(super) fn join(&self, socket: &impl AsFd) -> io::Result<Effective> {
        let index = self.interface.as_deref().map_or(Ok(0), index_of_interface)?;
        let name = match self.group {
            IpAddr::V4(group) => {
                let request = libc::ip_mreqn {
                    imr_multiaddr: libc::in_addr { s_addr: u32::from(group).to_be() },
                    imr_address: libc::in_addr { s_addr: 0 },
                    imr_ifindex: i32::try_from(index).unwrap_or(0),
                };
                let name = libc::IP_ADD_MEMBERSHIP;
                set_option(socket, libc::IPPROTO_IP, name, request).context("join", self)?;
                "IP_ADD_MEMBERSHIP"
            }
            IpAddr::V6(group) => {
                let request = libc::ipv6_mreq {
                    ipv6mr_multiaddr: libc::in6_addr { s6_addr: group.octets() },
                    ipv6mr_interface: index,
                };
                let name = libc::IPV6_ADD_MEMBERSHIP;
                set_option(socket, libc::IPPROTO_IPV6, name, request).context("join", self)?;
                "IPV6_ADD_MEMBERSHIP"
            }
        };
        Ok(Effective { name, asked: Some(self.to_string()), value: self.to_string() })
    }
}

impl std::fmt::Display for Membership {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.interface {
            Some(interface) => write!(f, "{} on {interface}", self.group),
            None => write!(f, "{}", self.group),
        }
    }
}

/// Lets a socket use this interface only (SO_BINDTODEVICE, allowed to ordinary
/// users since Linux 5.7); where the kernel forbids that, at least what it
/// sends leaves through it (IP_UNICAST_IF). Multicast leaves through it too.
pub(super) fn confine(
    socket: &impl AsFd,
    nature: Nature,
    name: &str,
) -> io::Result<Vec<Effective>> {
    let index = index_of_interface(name)?;
    let mut done = Vec::new();
    match socket2::SockRef::from(socket).bind_device(Some(name.as_bytes())) {
        Ok(()) => done.push("SO_BINDTODEVICE"),
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => {
            let (level, number, called) = if nature.is_v6() {
                (libc::IPPROTO_IPV6, libc::IPV6_UNICAST_IF, "IPV6_UNICAST_IF")
            } else {
                (libc::IPPROTO_IP, libc::IP_UNICAST_IF, "IP_UNICAST_IF")
            };
            // In network byte order, as both manual pages say.
            set_option(socket, level, number, index.to_be())
                .context("bind to the interface", name)?;
            done.push(called);
        }
        Err(error) => return Err(error).context("bind to the interface", name),
    }
    if !nature.is_stream() {
        let sock = socket2::SockRef::from(socket);
        if nature.is_v6() {
            sock.set_multicast_if_v6(index).context("set IPV6_MULTICAST_IF to", name)?;
            done.push("IPV6_MULTICAST_IF");
        } else {
            let request = libc::ip_mreqn {
                imr_multiaddr: libc::in_addr { s_addr: 0 },
                imr_address: libc::in_addr { s_addr: 0 },
                imr_ifindex: i32::try_from(index).unwrap_or(0),
            };
            set_option(socket, libc::IPPROTO_IP, libc::IP_MULTICAST_IF, request)
                .context("set IP_MULTICAST_IF to", name)?;
            done.push("IP_MULTICAST_IF");
        }
    }
    let effective =
        |called| Effective { name: called, asked: Some(name.to_owned()), value: name.to_owned() };
    Ok(done.into_iter().map(effective).collect())
}

/// The interface that a socket is bound to.
pub(super) fn bound_to(socket: &impl AsFd) -> Option<String> {
    let mut name = [0_u8; NAME_BYTES_MAX];
    let length = option_bytes(socket, libc::SOL_SOCKET, libc::SO_BINDTODEVICE, &mut name).ok()?;
    let name = name[..length].split(|&byte| byte == 0).next()?;
    (!name.is_empty()).then(|| String::from_utf8_lossy(name).into_owned())
}
