//! Packet sockets (packet(7)): every frame of an interface, and frames of
//! one's own. Wants CAP_NET_RAW over the network namespace.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::socket::{self, Context, Received, set_option};

/// Longest frame: 64 KiB of a segment that was not cut, and its link header.
pub const FRAME_MAX_BYTES: usize = 65_536 + 64;

/// What the kernel may hold until it is read; it grants at most
/// net.core.rmem_max.
const RECEIVE_BUFFER_BYTES: i32 = 4 * 1024 * 1024;

/// Options of linux/if_packet.h that the libc crate lacks or spells otherwise.
const PACKET_ADD_MEMBERSHIP: i32 = 1;
const PACKET_STATISTICS: i32 = 6;
const PACKET_IGNORE_OUTGOING: i32 = 23;
const PACKET_MR_PROMISC: u16 = 1;
const EVERY_PROTOCOL: u16 = 0x0003; // ETH_P_ALL

/// Which way a frame went (sll_pkttype).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To this host.
    In,
    /// To all.
    Broadcast,
    /// To a group.
    Multicast,
    /// To another host, seen because the interface is promiscuous.
    Other,
    /// From this host.
    Out,
}

/// One captured frame, of which the bytes are in the caller's buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Bytes in the buffer.
    pub captured_bytes: usize,
    /// Bytes on the wire; more than were captured if the buffer was too small.
    pub original_bytes: usize,
    /// When the kernel saw it, nanoseconds since 1970-01-01 UTC.
    pub unix_ns: u64,
    /// The kernel's number of the interface.
    pub interface_index: u32,
    /// Which way it went.
    pub direction: Direction,
}

/// Frames that the socket has seen since statistics were last read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Frames in all, those lost included.
    pub packets: u32,
    /// Frames lost because nobody read them in time.
    pub drops: u32,
}

/// How a packet socket is opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct PacketOptions {
    /// Only this interface, by number; `None` is all of the namespace.
    pub interface_index: Option<u32>,
    /// Do not show what this host sends (a relay would see its own frames).
    pub ignore_outgoing: bool,
    /// Show frames to other hosts too; needs an interface.
    pub promiscuous: bool,
}

/// A packet socket in the network namespace in which it was opened, whole
/// frames with their link headers, non-blocking.
///
/// It is plain until [`PacketSocket::into_async`]: so it can be opened on a
/// thread without a runtime and passed to another process.
#[derive(Debug)]
pub struct PacketSocket {
    fd: OwnedFd,
}

impl From<OwnedFd> for PacketSocket {
    /// Takes a packet socket that another process opened.
    fn from(fd: OwnedFd) -> Self {
        PacketSocket { fd }
    }
}

impl From<PacketSocket> for OwnedFd {
    fn from(socket: PacketSocket) -> Self {
        socket.fd
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for PacketSocket {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.fd.as_raw_fd()
    }
}

impl PacketSocket {
    /// Opens one in the calling thread's network namespace.
    pub fn open(options: PacketOptions) -> io::Result<Self> {
        let index = options.interface_index.unwrap_or(0);
        let target = format!("interface {index}");
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // Protocol 0: nothing arrives before bind() has said from where.
        // SAFETY: integers only; the result is checked before it is owned.
        let fd = unsafe { libc::socket(libc::AF_PACKET, kind, 0) };
        if fd < 0 {
            return Err(io::Error::last_os_error()).context("open a packet socket for", target);
        }
        // SAFETY: fd is a fresh descriptor that nobody else knows of.
        let socket = PacketSocket { fd: unsafe { OwnedFd::from_raw_fd(fd) } };
        set_option(&socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)
            .context("set SO_TIMESTAMPNS for", &target)?;
        // The first wants CAP_NET_ADMIN over the initial namespace; with the
        // second the kernel gives what it has. A smaller buffer still works.
        let buffer = RECEIVE_BUFFER_BYTES;
        let _ = set_option(&socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, buffer)
            .or_else(|_| set_option(&socket, libc::SOL_SOCKET, libc::SO_RCVBUF, buffer));
        if options.ignore_outgoing {
            set_option(&socket, libc::SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
                .context("set PACKET_IGNORE_OUTGOING for", &target)?;
        }
        if options.promiscuous && index != 0 {
            let request = libc::packet_mreq {
                mr_ifindex: i32::try_from(index).unwrap_or(0),
                mr_type: PACKET_MR_PROMISC,
                mr_alen: 0,
                mr_address: [0; 8],
            };
            set_option(&socket, libc::SOL_PACKET, PACKET_ADD_MEMBERSHIP, request)
                .context("make promiscuous", &target)?;
        }
        socket.bind(index).context("bind a packet socket to", &target)?;
        Ok(socket)
    }

    fn bind(&self, index: u32) -> io::Result<()> {
        // SAFETY: sockaddr_ll is a C struct of integers; zero is valid.
        let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        address.sll_family = libc::AF_PACKET as libc::c_ushort;
        address.sll_protocol = EVERY_PROTOCOL.to_be();
        address.sll_ifindex = i32::try_from(index).unwrap_or(0);
        // SAFETY: address lives until the call returns and its size is passed.
        let result = unsafe {
            libc::bind(
                self.fd.as_raw_fd(),
                (&raw const address).cast(),
                size_of::<libc::sockaddr_ll>() as libc::socklen_t,
            )
        };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Takes one frame into `buffer`; WouldBlock when there is none.
    pub fn try_receive(&self, buffer: &mut [u8]) -> io::Result<Frame> {
        let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
        let received = socket::receive_message(self, buffer, flags)?;
        frame_of(&received, buffer.len())
    }

    /// Sends one whole frame out of the interface that the socket is bound to.
    pub fn try_send(&self, frame: &[u8]) -> io::Result<usize> {
        // SAFETY: frame is valid for its length.
        let sent = unsafe {
            libc::send(
                self.fd.as_raw_fd(),
                frame.as_ptr().cast(),
                frame.len(),
                libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
            )
        };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(sent as usize) }
    }

    /// What was seen and lost since this was last asked.
    pub fn statistics(&self) -> io::Result<Statistics> {
        let mut bytes = [0_u8; 8];
        let length = socket::option_bytes(self, libc::SOL_PACKET, PACKET_STATISTICS, &mut bytes)?;
        let word = |at: usize| {
            bytes[..length]
                .get(at..at + 4)
                .and_then(|word| word.try_into().ok())
                .map_or(0, u32::from_ne_bytes)
        };
        Ok(Statistics { packets: word(0), drops: word(4) })
    }

    /// Registers with the current tokio runtime.
    pub fn into_async(self) -> io::Result<AsyncPacketSocket> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        Ok(AsyncPacketSocket { socket: socket::register(self, interest)? })
    }
}

/// A packet socket in a tokio runtime.
#[derive(Debug)]
pub struct AsyncPacketSocket {
    socket: AsyncFd<PacketSocket>,
}

impl AsyncPacketSocket {
    /// Waits for a frame. Cancel-safe. An interface that goes down gives
    /// ENETDOWN once, and frames again when it is up.
    pub async fn receive(&self, buffer: &mut [u8]) -> io::Result<Frame> {
        self.socket.async_io(Interest::READABLE, |socket| socket.try_receive(buffer)).await
    }

    /// Sends one whole frame.
    pub async fn send(&self, frame: &[u8]) -> io::Result<usize> {
        self.socket.async_io(Interest::WRITABLE, |socket| socket.try_send(frame)).await
    }

    /// The socket itself, for what does not wait.
    pub fn get_ref(&self) -> &PacketSocket {
        self.socket.get_ref()
    }
}

fn frame_of(received: &Received, room: usize) -> io::Result<Frame> {
    // struct sockaddr_ll: family 2, protocol 2, index 4, hardware type 2,
    // packet type 1, address length 1, address 8.
    let name = &received.name;
    let index = name.get(4..8).and_then(|bytes| bytes.try_into().ok()).map(u32::from_ne_bytes);
    let direction = match name.get(10) {
        Some(0) => Direction::In,
        Some(1) => Direction::Broadcast,
        Some(2) => Direction::Multicast,
        Some(4) => Direction::Out,
        _ => Direction::Other,
    };
    let interface_index =
        index.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no link address"))?;
    Ok(Frame {
        captured_bytes: received.size.min(room),
        original_bytes: received.size,
        unix_ns: timestamp_of(received).unwrap_or_else(crate::clock::unix_ns),
        interface_index,
        direction,
    })
}

fn timestamp_of(received: &Received) -> Option<u64> {
    let data = received
        .ancillary
        .iter()
        .find(|m| m.level == libc::SOL_SOCKET && m.kind == libc::SO_TIMESTAMPNS)
        .map(|message| message.data.as_slice())?;
    // struct timespec, two words of the machine's size.
    let half = data.len() / 2;
    let word = |bytes: &[u8]| -> Option<u64> {
        match bytes.len() {
            8 => Some(u64::from_ne_bytes(bytes.try_into().ok()?)),
            4 => Some(u64::from(u32::from_ne_bytes(bytes.try_into().ok()?))),
            _ => None,
        }
    };
    word(&data[..half])?.checked_mul(1_000_000_000)?.checked_add(word(&data[half..])?)
}
