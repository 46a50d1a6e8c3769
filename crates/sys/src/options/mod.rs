//! Socket options: what may be asked of a socket, and what the kernel made of
//! it.
//!
//! [`TABLE`] is the one list: the options by the names of their manual pages,
//! how each is set and read, and what it means. Flags, explanations and
//! narration come from it.

mod dscp;
mod interface;
mod table;

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::Duration;

use socket2::SockRef;

pub use dscp::{dscp_by_name, dscp_name};
pub use interface::{Membership, index_of_interface};
pub use table::{Applies, Description, Kind, TABLE, Value, describe};

use crate::socket::{Context, integer_option};

/// What is asked of a socket; what is `None` stays as the system has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "TABLE says what each field of an option means")]
pub struct SocketOptions {
    pub reuse_address: Option<bool>,
    pub reuse_port: Option<bool>,
    pub keep_alive: Option<bool>,
    pub keep_idle: Option<Duration>,
    pub keep_interval: Option<Duration>,
    pub keep_count: Option<u32>,
    pub receive_buffer_bytes: Option<u32>,
    pub send_buffer_bytes: Option<u32>,
    pub receive_timeout: Option<Duration>,
    pub send_timeout: Option<Duration>,
    pub linger: Option<Linger>,
    pub broadcast: Option<bool>,
    pub oob_inline: Option<bool>,
    pub no_delay: Option<bool>,
    pub cork: Option<bool>,
    pub quick_ack: Option<bool>,
    pub ttl: Option<u8>,
    pub dscp: Option<u8>,
    pub only_v6: Option<bool>,
    pub multicast_ttl: Option<u8>,
    pub multicast_loop: Option<bool>,
    /// Connections that may wait for accept(); the kernel's somaxconn caps it.
    pub backlog: Option<u32>,
    /// Where a client's socket is bound before it connects; port 0 lets the
    /// system choose one.
    pub source: Option<SocketAddr>,
    /// The one interface that the socket sends and receives through.
    pub interface: Option<String>,
    /// Groups to join.
    pub join: Vec<Membership>,
    /// Permission bits of the file of a Unix socket.
    pub mode: Option<u32>,
}

/// What close() does with data that the peer has not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linger {
    /// close() returns at once and the kernel goes on sending.
    Off,
    /// close() waits for this long; zero throws the data away and sends RST.
    For(Duration),
}

/// An option as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// As its manual page calls it.
    pub name: &'static str,
    /// What was asked for, if anything.
    pub asked: Option<String>,
    /// What getsockopt() says, with its unit.
    pub value: String,
}

/// What a socket is, as far as options care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nature {
    pub(crate) domain: i32,
    pub(crate) kind: i32,
}

impl Nature {
    pub(crate) fn of(socket: &impl AsFd) -> io::Result<Nature> {
        Ok(Nature {
            domain: integer_option(socket, libc::SOL_SOCKET, libc::SO_DOMAIN)?,
            kind: integer_option(socket, libc::SOL_SOCKET, libc::SO_TYPE)?,
        })
    }

    pub(crate) fn is_v6(self) -> bool {
        self.domain == libc::AF_INET6
    }

    pub(crate) fn is_ip(self) -> bool {
        matches!(self.domain, libc::AF_INET | libc::AF_INET6)
    }

    pub(crate) fn is_stream(self) -> bool {
        self.kind == libc::SOCK_STREAM
    }
}

impl SocketOptions {
    /// Sets what is asked for, before the socket is bound or connected; gives
    /// each option with the value that it then had, in the order of the calls.
    ///
    /// Options that this kind of socket does not have are left out: a server
    /// may listen on TCP and UDP with one set of options.
    ///
    /// # Errors
    /// When the kernel refuses one; the error names it.
    pub fn apply_before(&self, socket: &impl AsFd) -> io::Result<Vec<Effective>> {
        let nature = Nature::of(socket).context("ask for the kind of", "a socket")?;
        let mut applied = Vec::new();
        for description in TABLE.iter().filter(|row| row.applies.to(nature)) {
            if let Some(value) = (description.asked)(self) {
                description
                    .set(socket, nature, value)
                    .context("set", description.name_for(nature))?;
                applied.push(description.effective(socket, nature, self));
            }
        }
        if let Some(name) = self.interface.as_deref().filter(|_| nature.is_ip()) {
            applied.extend(interface::confine(socket, nature, name)?);
        }
        Ok(applied.into_iter().chain(self.join_groups(socket, nature)?).collect())
    }

    /// Sets again what does not outlast accept() or connect(), or what the
    /// program's own defaults have overwritten.
    ///
    /// # Errors
    /// When the kernel refuses one; the error names it.
    pub fn apply_after(&self, socket: &impl AsFd) -> io::Result<()> {
        if self.quick_ack.is_none() && self.no_delay.is_none() && self.cork.is_none() {
            return Ok(()); // nothing to ask the kernel for
        }
        let nature = Nature::of(socket)?;
        for row in TABLE.iter().filter(|row| row.again && row.applies.to(nature)) {
            if let Some(value) = (row.asked)(self) {
                row.set(socket, nature, value).context("set", row.name)?;
            }
        }
        Ok(())
    }

    /// Binds a client's socket to [`SocketOptions::source`], if there is one
    /// of its family.
    pub fn bind_source(&self, socket: &impl AsFd) -> io::Result<Option<Effective>> {
        let nature = Nature::of(socket)?;
        let Some(source) = self.source.filter(|source| source.is_ipv6() == nature.is_v6()) else {
            return Ok(None);
        };
        if source.port() == 0 {
            // The port is chosen by connect(), which knows the peer: as many
            // connections per peer as there are ports, not in all (ip(7)).
            let on = 1_i32;
            let _ = crate::socket::set_option(
                socket,
                libc::IPPROTO_IP,
                libc::IP_BIND_ADDRESS_NO_PORT,
                on,
            );
        }
        SockRef::from(socket).bind(&source.into()).context("bind to", source.ip())?;
        let local = SockRef::from(socket).local_addr()?.as_socket();
        Ok(Some(Effective {
            name: "bind",
            asked: Some(source.ip().to_string()),
            value: local.map_or_else(|| source.to_string(), |local| local.to_string()),
        }))
    }

    /// Every option that this socket has, as it is now.
    pub fn effective(&self, socket: &impl AsFd) -> Vec<Effective> {
        let Ok(nature) = Nature::of(socket) else { return Vec::new() };
        let mut all: Vec<Effective> = TABLE
            .iter()
            .filter(|row| row.applies.to(nature))
            .filter_map(|row| row.read(socket, nature).ok().map(|value| (row, value)))
            .map(|(row, value)| Effective {
                name: row.name_for(nature),
                asked: (row.asked)(self).map(|value| value.to_string()),
                value: value.to_string(),
            })
            .collect();
        if nature.is_ip() {
            let asked = self.interface.clone();
            let value = interface::bound_to(socket).unwrap_or_else(|| "any".to_owned());
            all.push(Effective { name: "SO_BINDTODEVICE", asked, value });
        }
        all
    }

    fn join_groups(&self, socket: &impl AsFd, nature: Nature) -> io::Result<Vec<Effective>> {
        if nature.is_stream() || !nature.is_ip() {
            return Ok(Vec::new());
        }
        let family = |group: &&Membership| group.group.is_ipv6() == nature.is_v6();
        self.join.iter().filter(family).map(|group| group.join(socket)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream, UdpSocket};

    fn value_of(all: &[Effective], name: &str) -> String {
        let found = all.iter().find(|option| option.name == name);
        found.unwrap_or_else(|| panic!("{name} in {all:?}")).value.clone()
    }

    #[test]
    fn what_is_asked_is_read_back() {
        let options = SocketOptions {
            reuse_address: Some(true),
            keep_alive: Some(true),
            keep_idle: Some(Duration::from_secs(11)),
            keep_interval: Some(Duration::from_secs(12)),
            keep_count: Some(3),
            receive_buffer_bytes: Some(20_000),
            receive_timeout: Some(Duration::from_millis(1500)),
            linger: Some(Linger::For(Duration::from_secs(7))),
            oob_inline: Some(true),
            no_delay: Some(true),
            cork: Some(true),
            ttl: Some(9),
            dscp: Some(46),
            ..SocketOptions::default()
        };
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let address: SocketAddr = address.parse().expect("an address");
            let socket =
                crate::socket::open(address, socket2::Type::STREAM, socket2::Protocol::TCP)
                    .expect("a socket");
            let applied = options.apply_before(&socket).expect("options");
            assert_eq!(value_of(&applied, "SO_RCVBUF"), "40000 bytes", "the kernel doubles");
            let all = options.effective(&socket);
            for (name, value) in [
                ("SO_REUSEADDR", "on"),
                ("SO_KEEPALIVE", "on"),
                ("TCP_KEEPIDLE", "11 s"),
                ("TCP_KEEPINTVL", "12 s"),
                ("TCP_KEEPCNT", "3"),
                ("SO_RCVTIMEO", "1500 ms"),
                ("SO_SNDTIMEO", "none"),
                ("SO_LINGER", "7 s"),
                ("SO_OOBINLINE", "on"),
                ("TCP_NODELAY", "on"),
                ("TCP_CORK", "on"),
                (if address.is_ipv6() { "IPV6_UNICAST_HOPS" } else { "IP_TTL" }, "9"),
                (if address.is_ipv6() { "IPV6_TCLASS" } else { "IP_TOS" }, "46 (EF)"),
                ("SO_BINDTODEVICE", "any"),
            ] {
                assert_eq!(value_of(&all, name), value, "{name} {address}");
            }
        }
    }

    #[test]
    fn options_of_another_kind_of_socket_are_left_out() {
        let options = SocketOptions {
            no_delay: Some(true),
            broadcast: Some(true),
            multicast_ttl: Some(2),
            multicast_loop: Some(false),
            ..SocketOptions::default()
        };
        let udp = UdpSocket::bind("127.0.0.1:0").expect("bind");
        let applied = options.apply_before(&udp).expect("options");
        let names: Vec<_> = applied.iter().map(|option| option.name).collect();
        assert_eq!(names, ["SO_BROADCAST", "IP_MULTICAST_TTL", "IP_MULTICAST_LOOP"]);
        let (unix, _other) = std::os::unix::net::UnixStream::pair().expect("a pair");
        assert_eq!(options.apply_before(&unix).expect("options"), []);
        assert!(options.effective(&unix).iter().any(|option| option.name == "SO_SNDBUF"));
    }

    #[test]
    fn an_accepted_connection_inherits_all_but_quick_ack() {
        let options = SocketOptions {
            keep_alive: Some(true),
            send_buffer_bytes: Some(30_000),
            quick_ack: Some(false),
            ttl: Some(33),
            ..SocketOptions::default()
        };
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        options.apply_before(&listener).expect("options");
        let _client = TcpStream::connect(listener.local_addr().expect("address")).expect("connect");
        let (accepted, _) = listener.accept().expect("accept");
        let all = options.effective(&accepted);
        assert_eq!(value_of(&all, "SO_KEEPALIVE"), "on");
        assert_eq!(value_of(&all, "SO_SNDBUF"), "60000 bytes");
        assert_eq!(value_of(&all, "IP_TTL"), "33");
        options.apply_after(&accepted).expect("options");
        assert_eq!(value_of(&options.effective(&accepted), "TCP_QUICKACK"), "off");
    }

    #[test]
    fn a_group_is_joined_on_an_interface() {
        let mut options = SocketOptions::default();
        options.join.push(Membership {
            group: "224.0.0.251".parse().expect("a group"),
            interface: Some("lo".into()),
        });
        let udp = UdpSocket::bind("0.0.0.0:0").expect("bind");
        let applied = options.apply_before(&udp).expect("joined");
        assert_eq!(applied[0].name, "IP_ADD_MEMBERSHIP");
        assert_eq!(applied[0].value, "224.0.0.251 on lo");
        options.join[0].interface = Some("no-such-if0".into());
        let udp = UdpSocket::bind("0.0.0.0:0").expect("bind");
        let error = options.apply_before(&udp).expect_err("no interface").to_string();
        assert!(error.contains("no-such-if0"), "{error}");
    }

    #[test]
    fn a_source_is_bound_when_it_is_of_the_family() {
        let source = SocketOptions {
            source: Some("127.0.0.2:0".parse().expect("address")),
            ..SocketOptions::default()
        };
        for (peer, bound) in [("127.0.0.1:9", true), ("[::1]:9", false)] {
            let peer: SocketAddr = peer.parse().expect("address");
            let socket = crate::socket::open(peer, socket2::Type::DGRAM, socket2::Protocol::UDP)
                .expect("a socket");
            assert_eq!(source.bind_source(&socket).expect("bind").is_some(), bound);
        }
    }
}
