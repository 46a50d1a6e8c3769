//! What every kind of socket needs: options that no library wraps, and errors
//! that say what was tried.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};

use socket2::{Domain, Protocol, Socket, Type};

/// A socket could not be prepared: plumb could not measure. It travels inside
/// an [`io::Error`] of the same kind.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {target}: {source}")]
pub struct SetupError {
    /// What was tried, such as `set TCP_MAXSEG for`.
    pub operation: &'static str,
    /// For which address, interface or namespace.
    pub target: String,
    /// What the kernel said.
    pub source: io::Error,
}

pub(crate) trait Context<T> {
    fn context(self, operation: &'static str, target: impl ToString) -> io::Result<T>;
}

impl<T> Context<T> for io::Result<T> {
    fn context(self, operation: &'static str, target: impl ToString) -> io::Result<T> {
        self.map_err(|source| {
            let kind = source.kind();
            io::Error::new(kind, SetupError { operation, target: target.to_string(), source })
        })
    }
}

/// The errno of an error, also where [`SetupError`] or
/// [`InUse`](crate::listen::InUse) wraps it.
pub fn errno_of(error: &io::Error) -> Option<i32> {
    error.raw_os_error().or_else(|| {
        let inner = error.get_ref()?;
        if inner.is::<crate::listen::InUse>() {
            return Some(libc::EADDRINUSE);
        }
        inner.downcast_ref::<SetupError>().and_then(|inner| errno_of(&inner.source))
    })
}

/// The address of a socket's own end, if it is one of IP.
pub fn local_address(socket: &impl AsFd) -> Option<SocketAddr> {
    socket2::SockRef::from(socket).local_addr().ok()?.as_socket()
}

/// A socket of the family of `address` in the calling thread's network
/// namespace, non-blocking.
pub(crate) fn open(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    Socket::new(Domain::for_address(address), kind.nonblocking().cloexec(), Some(protocol))
        .context("open a socket for", address)
}

/// Binds a server's socket; one of IPv6 takes IPv6 only, so that both families
/// can be bound side by side.
pub(crate) fn bind(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    if address.is_ipv6() {
        socket.set_only_v6(true).context("set IPV6_V6ONLY for", address)?;
    }
    socket.bind(&address.into()).context("bind to", address)
}

/// Registers a descriptor with tokio's reactor.
pub(crate) fn register<T: AsFd + AsRawFd>(
    descriptor: T,
    interest: tokio::io::Interest,
) -> io::Result<tokio::io::unix::AsyncFd<T>> {
    // SAFETY: T is one of std's, socket2's or our own owning or borrowing
    // types, which keep the same descriptor open for as long as they live.
    let registered =
        unsafe { tokio::io::unix::AsyncFd::register_with_interest(descriptor, interest) };
    registered.map_err(io::Error::from)
}

/// Sets an option whose value is a C struct or integer without padding that
/// matters.
pub(crate) fn set_option<T: Copy>(
    socket: &impl AsFd,
    level: i32,
    name: i32,
    value: T,
) -> io::Result<()> {
    // SAFETY: value lives until the call returns and its size is passed.
    let result = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            name,
            (&raw const value).cast(),
            size_of::<T>() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Reads an option whose value is a plain integer.
pub(crate) fn integer_option(socket: &impl AsFd, level: i32, name: i32) -> io::Result<i32> {
    let mut value = [0_u8; size_of::<i32>()];
    let length = option_bytes(socket, level, name, &mut value)?;
    if length == value.len() {
        Ok(i32::from_ne_bytes(value))
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "socket option of another size"))
    }
}

/// Reads an option into `buffer`; returns how many bytes the kernel wrote.
pub(crate) fn option_bytes(
    socket: &impl AsFd,
    level: i32,
    name: i32,
    buffer: &mut [u8],
) -> io::Result<usize> {
    let mut length = buffer.len() as libc::socklen_t;
    // SAFETY: buffer is valid for length bytes and the kernel writes no more.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            name,
            buffer.as_mut_ptr().cast(),
            &mut length,
        )
    };
    if result == 0 {
        Ok((length as usize).min(buffer.len()))
    } else {
        Err(io::Error::last_os_error())
    }
}

/// An ancillary message: level, type, data.
pub(crate) struct Ancillary {
    pub(crate) level: i32,
    pub(crate) kind: i32,
    pub(crate) data: Vec<u8>,
}

/// What one recvmsg brought.
pub(crate) struct Received {
    pub(crate) size: usize,
    pub(crate) ancillary: Vec<Ancillary>,
    /// The sender's raw socket address, as many bytes as the kernel gave.
    pub(crate) name: Vec<u8>,
}

/// Room for ancillary data: an extended error with its IPv6 offender, a TTL, a
/// time stamp and packet auxiliary data, with room to spare.
const ANCILLARY_MAX_BYTES: usize = 512;

/// One recvmsg with ancillary data, without file descriptors (see `fdpass`).
pub(crate) fn receive_message(
    socket: &impl AsFd,
    buffer: &mut [u8],
    flags: i32,
) -> io::Result<Received> {
    #[repr(align(8))] // cmsghdr wants the alignment of a size_t
    struct Control([u8; ANCILLARY_MAX_BYTES]);
    let mut control = Control([0; ANCILLARY_MAX_BYTES]);
    let mut name = MaybeUninit::<libc::sockaddr_storage>::zeroed();
    let mut parts = [libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() }];
    // SAFETY: msghdr is a C struct for which all zeroes is valid.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_name = name.as_mut_ptr().cast();
    message.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    message.msg_iov = parts.as_mut_ptr();
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = ANCILLARY_MAX_BYTES;
    // SAFETY: every pointer in message is valid for the length beside it.
    let size = unsafe { libc::recvmsg(socket.as_fd().as_raw_fd(), &mut message, flags) };
    if size < 0 {
        return Err(io::Error::last_os_error());
    }
    let name_length = (message.msg_namelen as usize).min(size_of::<libc::sockaddr_storage>());
    // SAFETY: the storage was zeroed, so all its bytes are initialised.
    let name_bytes =
        unsafe { std::slice::from_raw_parts(name.as_ptr().cast::<u8>(), name_length) }.to_vec();
    Ok(Received { size: size as usize, ancillary: ancillary_of(&message), name: name_bytes })
}

fn ancillary_of(message: &libc::msghdr) -> Vec<Ancillary> {
    let mut found = Vec::new();
    // SAFETY: message was filled by recvmsg and its control buffer still lives.
    let mut header = unsafe { libc::CMSG_FIRSTHDR(message) };
    while !header.is_null() {
        // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR only return headers that lie
        // wholly inside the control buffer; cmsg_len covers header and data.
        unsafe {
            let length = ((*header).cmsg_len as usize).saturating_sub(libc::CMSG_LEN(0) as usize);
            found.push(Ancillary {
                level: (*header).cmsg_level,
                kind: (*header).cmsg_type,
                data: std::slice::from_raw_parts(libc::CMSG_DATA(header), length).to_vec(),
            });
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
    found
}

/// The IP address and port in raw socket address bytes, if there is one.
pub(crate) fn socket_address(bytes: &[u8]) -> Option<SocketAddr> {
    let family = u16::from_ne_bytes([*bytes.first()?, *bytes.get(1)?]);
    let port = u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]);
    match i32::from(family) {
        libc::AF_INET => {
            let octets: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
            Some((octets, port).into())
        }
        libc::AF_INET6 => {
            let octets: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
            Some((octets, port).into())
        }
        _ => None,
    }
}
