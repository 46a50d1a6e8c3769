//! The kernel's tables of TCP and UDP sockets, and whether a port can be bound.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Read as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::process::{self, Holder, Protocol};

/// TCP's states as the kernel numbers them (include/net/tcp_states.h).
const TIME_WAIT: u8 = 6;
const CLOSE: u8 = 7;
const LISTEN: u8 = 10;

/// A socket of the calling thread's network namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Socket {
    /// Its transport.
    pub protocol: Protocol,
    /// Where it is bound; an IPv4 connection of an IPv6 socket has its IPv4 address.
    pub local: SocketAddr,
    /// The kernel's number of its state.
    pub state: u8,
    /// The user whose it is; 0 for a connection in TIME-WAIT.
    pub user: u32,
    /// By which descriptors refer to it; 0 when none does.
    pub inode: u64,
}

impl Socket {
    /// Whether it waits for whoever comes: TCP's listeners, and sockets of UDP without a peer.
    pub fn listens(&self) -> bool {
        match self.protocol {
            Protocol::Tcp => self.state == LISTEN,
            // UDP without a peer is kept in this state.
            Protocol::Udp => self.state == CLOSE,
        }
    }

    /// Whether it is what is left of a connection that this side closed first.
    pub fn is_in_time_wait(&self) -> bool {
        self.protocol == Protocol::Tcp && self.state == TIME_WAIT
    }
}

/// All sockets of a transport that have a port; empty where there is no /proc.
pub fn sockets(protocol: Protocol) -> Vec<Socket> {
    // Not /proc/net: that is of the process's first thread.
    let files = match protocol {
        Protocol::Tcp => ["tcp", "tcp6"],
        Protocol::Udp => ["udp", "udp6"],
    };
    let mut sockets = Vec::new();
    for file in files {
        let text = table(&format!("/proc/thread-self/net/{file}")).unwrap_or_default();
        sockets.extend(text.lines().filter_map(|line| socket(line, protocol)));
    }
    sockets
}

/// The text of a table of sockets. For every read the kernel walks all of its hash table, some
/// 2 ms, so there have to be few: the room that is there at once spares the short ones.
fn table(path: &str) -> io::Result<String> {
    const ROOM_BYTES: usize = 64 << 10;
    let mut text = String::with_capacity(ROOM_BYTES);
    fs::File::open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// The process of each socket, as far as this user may see them, by the socket's inode.
pub fn holders(inodes: &HashSet<u64>) -> HashMap<u64, Holder> {
    process::holders_of(inodes)
}

/// Binds a socket there and closes it at once: whether this process may, and could now.
///
/// # Errors
///
/// EACCES without the permission, which the kernel looks at first; EADDRINUSE beside another
/// socket; EADDRNOTAVAIL or EAFNOSUPPORT where the machine has no such address.
pub fn try_bind(protocol: Protocol, address: SocketAddr) -> io::Result<()> {
    let kind = match protocol {
        Protocol::Tcp => socket2::Type::STREAM,
        Protocol::Udp => socket2::Type::DGRAM,
    };
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), kind, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())
}

/// One line of /proc/net/tcp and its kin, proc_net_tcp(5).
fn socket(line: &str, protocol: Protocol) -> Option<Socket> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let (address, port) = fields.next()?.rsplit_once(':')?;
    let state = u8::from_str_radix(fields.nth(1)?, 16).ok()?;
    let user = fields.nth(3)?.parse().ok()?;
    let inode = fields.nth(1)?.parse().ok()?;
    let address = hexadecimal_address(address)?.to_canonical();
    let local = SocketAddr::new(address, u16::from_str_radix(port, 16).ok()?);
    Some(Socket { protocol, local, state, user, inode })
}

/// Words of 32 bits in the machine's order, in hexadecimal.
fn hexadecimal_address(text: &str) -> Option<IpAddr> {
    let mut octets = Vec::with_capacity(16);
    for start in (0..text.len()).step_by(8) {
        let word = u32::from_str_radix(text.get(start..start + 8)?, 16).ok()?;
        octets.extend(word.to_ne_bytes());
    }
    match octets.len() {
        4 => Some(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(octets).ok()?))),
        16 => Some(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_table() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  \
                    1000        0 4026 1 0000000000000000 100 0 0 10 0";
        let socket = socket(line, Protocol::Tcp).expect("a socket");
        assert_eq!((socket.user, socket.inode), (1000, 4026));
        assert!(socket.listens() && !socket.is_in_time_wait());
        if cfg!(target_endian = "little") {
            assert_eq!(socket.local.to_string(), "127.0.0.1:8080");
        }
        for odd in ["", "  sl  local_address rem_address   st", "0: 0100007F 0 0A 0 0 0 0 0 1"] {
            assert_eq!(super::socket(odd, Protocol::Tcp), None, "{odd}");
        }
    }

    #[test]
    fn what_is_bound_is_listed_and_cannot_be_bound_again() {
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
        let udp = std::net::UdpSocket::bind("[::1]:0").expect("bind");
        for (protocol, local) in [
            (Protocol::Tcp, tcp.local_addr().expect("address")),
            (Protocol::Udp, udp.local_addr().expect("address")),
        ] {
            let all = sockets(protocol);
            let socket = all.iter().find(|socket| socket.local == local).expect("it is listed");
            assert!(socket.listens());
            let holders = holders(&HashSet::from([socket.inode]));
            assert_eq!(holders[&socket.inode].pid, std::process::id());
            let error = try_bind(protocol, local).expect_err("it is taken");
            assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        }
        try_bind(Protocol::Tcp, ([127, 0, 0, 1], 0).into()).expect("any port");
    }
}
