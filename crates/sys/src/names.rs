//! Names: what the C library answers for a host name, and what its numbers
//! are called.

use std::ffi::{CStr, CString};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ptr;

/// Addresses kept of one answer: no honest name has more, and the list comes
/// from the network.
pub const ADDRESSES_MAX: usize = 256;

/// Which address families to ask for and to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    /// Both, in the order of RFC 6724 as the C library sorts them.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Family {
    /// Whether an address is of this family.
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        }
    }
}

/// Why the C library has no address, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("getaddrinfo {host}: {text} ({name})")]
pub struct GaiError {
    /// The host name that was asked for.
    pub host: String,
    /// The EAI_ code, negative in glibc.
    pub code: i32,
    /// The code's name, such as `EAI_NONAME`.
    pub name: &'static str,
    /// What gai_strerror says.
    pub text: String,
    /// errno where the code is EAI_SYSTEM.
    pub errno: Option<i32>,
}

/// Asks the C library for the addresses of `name`, as most programs do.
///
/// Blocks until the library gives up by its own rules, so an async caller
/// wants a blocking thread. No AI_ADDRCONFIG: both families are asked for even
/// where the host has one, as curl does.
pub fn getaddrinfo(name: &str, family: Family) -> Result<Vec<IpAddr>, GaiError> {
    let host = CString::new(name).map_err(|_| gai_error(name, libc::EAI_NONAME, None))?;
    // SAFETY: addrinfo is a C struct of integers and pointers, for which all
    // zeroes is the documented "no hints".
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_socktype = libc::SOCK_STREAM; // one entry per address, not per protocol
    hints.ai_family = match family {
        Family::Any => libc::AF_UNSPEC,
        Family::V4 => libc::AF_INET,
        Family::V6 => libc::AF_INET6,
    };
    let mut list: *mut libc::addrinfo = ptr::null_mut();
    // SAFETY: host is NUL-terminated, hints is valid, list is a valid out
    // pointer; all outlive the call.
    let code = unsafe { libc::getaddrinfo(host.as_ptr(), ptr::null(), &hints, &mut list) };
    if code != 0 {
        let errno = (code == libc::EAI_SYSTEM)
            .then(io::Error::last_os_error)
            .and_then(|e| e.raw_os_error());
        return Err(gai_error(name, code, errno));
    }
    let mut addresses = Vec::new();
    let mut entry = list;
    while !entry.is_null() && addresses.len() < ADDRESSES_MAX {
        // SAFETY: entry is a node of the list that getaddrinfo made and that
        // is not freed before the loop ends.
        let node = unsafe { &*entry };
        // SAFETY: ai_addr points at ai_addrlen bytes of a socket address.
        if let Some(address) = unsafe { ip_of(node.ai_addr) }
            && !addresses.contains(&address)
        {
            addresses.push(address);
        }
        entry = node.ai_next;
    }
    // SAFETY: list came from getaddrinfo and is freed once.
    unsafe { libc::freeaddrinfo(list) };
    Ok(addresses)
}

/// # Safety
/// `address` is null or points at a socket address of its own family's size.
unsafe fn ip_of(address: *const libc::sockaddr) -> Option<IpAddr> {
    if address.is_null() {
        return None;
    }
    // SAFETY: the caller vouches for the pointer; the family says the type.
    unsafe {
        match i32::from((*address).sa_family) {
            libc::AF_INET => {
                let v4 = ptr::read_unaligned(address.cast::<libc::sockaddr_in>());
                Some(IpAddr::V4(Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes())))
            }
            libc::AF_INET6 => {
                let v6 = ptr::read_unaligned(address.cast::<libc::sockaddr_in6>());
                Some(IpAddr::V6(Ipv6Addr::from(v6.sin6_addr.s6_addr)))
            }
            _ => None,
        }
    }
}

fn gai_error(host: &str, code: i32, errno: Option<i32>) -> GaiError {
    // SAFETY: gai_strerror returns a static NUL-terminated string for any code.
    let text = unsafe { CStr::from_ptr(libc::gai_strerror(code)) }.to_string_lossy().into_owned();
    GaiError { host: host.to_owned(), code, name: gai_name(code), text, errno }
}

/// The name of a getaddrinfo code, RFC 3493 section 6.1.
pub fn gai_name(code: i32) -> &'static str {
    match code {
        libc::EAI_BADFLAGS => "EAI_BADFLAGS",
        libc::EAI_NONAME => "EAI_NONAME",
        libc::EAI_AGAIN => "EAI_AGAIN",
        libc::EAI_FAIL => "EAI_FAIL",
        libc::EAI_NODATA => "EAI_NODATA",
        libc::EAI_FAMILY => "EAI_FAMILY",
        libc::EAI_SOCKTYPE => "EAI_SOCKTYPE",
        libc::EAI_SERVICE => "EAI_SERVICE",
        libc::EAI_MEMORY => "EAI_MEMORY",
        libc::EAI_SYSTEM => "EAI_SYSTEM",
        libc::EAI_OVERFLOW => "EAI_OVERFLOW",
        -9 => "EAI_ADDRFAMILY", // glibc, not in the libc crate
        _ => "EAI_UNKNOWN",
    }
}

/// The host name of the calling thread's UTS namespace.
pub fn hostname() -> io::Result<String> {
    Ok(nix::unistd::gethostname()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_literal_needs_no_resolver() {
        assert_eq!(getaddrinfo("192.0.2.7", Family::Any), Ok(vec![IpAddr::from([192, 0, 2, 7])]));
        let error = getaddrinfo("192.0.2.7", Family::V6).expect_err("not of this family");
        assert_eq!(error.name, "EAI_ADDRFAMILY");
    }

    #[test]
    fn a_name_with_nul_is_refused_before_the_library() {
        let error = getaddrinfo("a\0b", Family::Any).expect_err("NUL");
        assert_eq!((error.code, error.name), (libc::EAI_NONAME, "EAI_NONAME"));
    }
}
