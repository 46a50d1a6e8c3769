//! What this machine does with its ports.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::SocketAddr;

use plumb_sys::namespace::capability;
use plumb_sys::ports::{self, Socket};
use plumb_sys::process::{Holder, Protocol};
use plumb_sys::sysctl;
use serde::Serialize;

use super::read::Asked;

/// IANA's ranges, RFC 6335 section 6.
pub(super) const CLASSES: [Class; 3] = [
    Class { name: "well-known", first: 0, last: 1023 },
    Class { name: "registered", first: 1024, last: 49151 },
    Class { name: "dynamic", first: 49152, last: 65535 },
];

/// A range of ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Class {
    pub name: &'static str,
    pub first: u16,
    pub last: u16,
}

impl Class {
    pub(super) fn of(port: u16) -> Class {
        let [well_known, registered, dynamic] = CLASSES;
        match port {
            _ if port <= well_known.last => well_known,
            _ if port <= registered.last => registered,
            _ => dynamic,
        }
    }
}

/// A span of ports, both ends in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Span {
    pub first: u16,
    pub last: u16,
}

impl Span {
    pub(super) fn has(self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }

    pub(super) fn ports(self) -> u32 {
        u32::from(self.last) - u32::from(self.first) + 1
    }
}

/// The data of a `port_ranges` record.
#[derive(Debug, Serialize)]
pub(super) struct Ranges {
    pub classes: [Class; 3],
    /// From here on everybody may bind, net.ipv4.ip_unprivileged_port_start.
    pub unprivileged_from: Option<u16>,
    /// This process may bind those before too (CAP_NET_BIND_SERVICE).
    pub may_bind_all: bool,
    /// The ports that the kernel gives to who asks for none,
    /// net.ipv4.ip_local_port_range.
    pub ephemeral: Option<Span>,
    /// Those that it leaves out, net.ipv4.ip_local_reserved_ports.
    pub reserved: Vec<Span>,
    pub ephemeral_use: Option<Use>,
    pub listeners: Vec<Listener>,
}

/// How many of the ephemeral ports are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Use {
    /// How many there are, without the reserved ones.
    pub ports: u32,
    /// Ports with a socket of TCP that is not in TIME-WAIT.
    pub tcp: u32,
    pub udp: u32,
    /// Ports with connections in TIME-WAIT and nothing else.
    pub time_wait: u32,
}

/// A socket that waits for whoever comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Listener {
    /// `tcp` or `udp`.
    pub transport: &'static str,
    pub address: SocketAddr,
    pub user: u32,
    /// Null where this user may not see it.
    pub pid: Option<u32>,
    pub program: Option<String>,
}

/// Everything that was read.
#[derive(Debug)]
pub(super) struct Machine {
    pub ranges: Ranges,
    sockets: Vec<Socket>,
}

impl Machine {
    /// Reads the tables of the kernel. Processes are looked for only where a
    /// port is shown on which somebody listens: that takes longest.
    pub(super) fn read(asked: &[Asked]) -> Machine {
        let mut sockets = ports::sockets(Protocol::Tcp);
        sockets.extend(ports::sockets(Protocol::Udp));
        let shown = |socket: &&Socket| {
            let port = socket.local.port();
            let at = asked.binary_search_by_key(&port, |asked| asked.port);
            socket.listens() && (asked.is_empty() || at.is_ok())
        };
        let listening: Vec<&Socket> = sockets.iter().filter(shown).collect();
        let inodes: HashSet<u64> =
            listening.iter().map(|socket| socket.inode).filter(|inode| *inode != 0).collect();
        let holders = if inodes.is_empty() { HashMap::new() } else { ports::holders(&inodes) };
        let mut listeners: Vec<Listener> = listening
            .iter()
            .map(|socket| Listener::of(socket, holders.get(&socket.inode)))
            .collect();
        listeners.sort_by_key(|it| (it.address.port(), it.transport, it.address));
        listeners.dedup();
        let ephemeral = sysctl::read("net/ipv4/ip_local_port_range").ok();
        let ephemeral = ephemeral.and_then(|text| span(&text, char::is_whitespace));
        let reserved = sysctl::read("net/ipv4/ip_local_reserved_ports").unwrap_or_default();
        let reserved: Vec<Span> =
            reserved.split(',').filter_map(|part| span(part, |c| c == '-')).collect();
        let unprivileged_from = sysctl::read("net/ipv4/ip_unprivileged_port_start").ok();
        let ranges = Ranges {
            classes: CLASSES,
            unprivileged_from: unprivileged_from.and_then(|text| text.parse().ok()),
            may_bind_all: capability::holds(capability::NET_BIND_SERVICE),
            ephemeral,
            ephemeral_use: ephemeral.map(|span| Use::of(span, &reserved, &sockets)),
            reserved,
            listeners,
        };
        Machine { ranges, sockets }
    }

    /// Sockets with this local port that do not listen: connections.
    pub(super) fn connections(&self, port: u16) -> usize {
        let of_port = self.sockets.iter().filter(|socket| socket.local.port() == port);
        of_port.filter(|socket| !socket.listens()).count()
    }

    /// Ports that any socket has.
    pub(super) fn in_use(&self) -> impl Iterator<Item = u16> {
        self.sockets.iter().map(|socket| socket.local.port())
    }
}

impl Ranges {
    pub(super) fn is_reserved(&self, port: u16) -> bool {
        self.reserved.iter().any(|span| span.has(port))
    }
}

impl Use {
    fn of(ephemeral: Span, reserved: &[Span], sockets: &[Socket]) -> Use {
        let left_out = reserved.iter().map(|span| {
            let (first, last) = (span.first.max(ephemeral.first), span.last.min(ephemeral.last));
            if first > last { 0 } else { Span { first, last }.ports() }
        });
        let mut sets: [BTreeSet<u16>; 3] = Default::default();
        for socket in sockets.iter().filter(|socket| ephemeral.has(socket.local.port())) {
            let set = match socket.protocol {
                Protocol::Tcp if socket.is_in_time_wait() => 2,
                Protocol::Tcp => 0,
                Protocol::Udp => 1,
            };
            sets[set].insert(socket.local.port());
        }
        let [tcp, udp, time_wait] = &sets;
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        Use {
            ports: ephemeral.ports().saturating_sub(left_out.sum()),
            tcp: count(tcp.len()),
            udp: count(udp.len()),
            time_wait: count(time_wait.difference(tcp).count()),
        }
    }
}

impl Listener {
    fn of(socket: &Socket, holder: Option<&Holder>) -> Listener {
        Listener {
            transport: name_of(socket.protocol),
            address: socket.local,
            user: socket.user,
            pid: holder.map(|holder| holder.pid),
            program: holder.map(|holder| holder.name.clone()),
        }
    }

    /// `nginx (1234)`.
    pub(super) fn whose(&self) -> String {
        match (&self.program, self.pid) {
            (Some(program), Some(pid)) => format!("{program} ({pid})"),
            _ => format!("a process of user {}, not to be seen", self.user),
        }
    }
}

pub(super) fn name_of(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    }
}

/// `32768 60999`, `9148-9200`, `8080`.
fn span(text: &str, separates: impl Fn(char) -> bool) -> Option<Span> {
    let mut ends = text.split(separates).filter(|end| !end.is_empty()).map(|end| end.parse().ok());
    let first = ends.next()??;
    let last = ends.next().unwrap_or(Some(first))?;
    Some(Span { first, last })
}
