//! The one list of socket options.

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use socket2::SockRef;

use super::{Effective, Linger, Nature, SocketOptions, dscp};
use crate::socket::{integer_option, set_option};

/// What the value of an option is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// On or off.
    Flag,
    /// A number of things.
    Number,
    /// A size in bytes.
    Bytes,
    /// Whole seconds.
    Seconds,
    /// A time-out; none means to wait for ever.
    Timeout,
    /// A time-out of close().
    Linger,
    /// A differentiated services code point, 0 to 63.
    Dscp,
    /// Routers that a packet may pass, 0 to 255.
    Hops,
}

/// The value of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "see Kind")]
pub enum Value {
    Flag(bool),
    Number(u32),
    Bytes(u32),
    Seconds(Duration),
    Timeout(Duration),
    Linger(Linger),
    Dscp(u8),
    Hops(u8),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Flag(true) => f.write_str("on"),
            Value::Flag(false) | Value::Linger(Linger::Off) => f.write_str("off"),
            Value::Number(number) => write!(f, "{number}"),
            Value::Bytes(bytes) => write!(f, "{bytes} bytes"),
            Value::Timeout(Duration::ZERO) => f.write_str("none"),
            Value::Seconds(time) | Value::Timeout(time) | Value::Linger(Linger::For(time)) => {
                match time.subsec_nanos() {
                    0 => write!(f, "{} s", time.as_secs()),
                    _ => write!(f, "{} ms", time.as_millis()),
                }
            }
            Value::Dscp(number) => match dscp::dscp_name(*number) {
                Some(name) => write!(f, "{number} ({name})"),
                None => write!(f, "{number}"),
            },
            Value::Hops(hops) => write!(f, "{hops}"),
        }
    }
}

/// Which sockets have an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applies {
    /// Every socket.
    All,
    /// IP sockets.
    Ip,
    /// IPv6 sockets.
    V6,
    /// TCP sockets.
    Tcp,
    /// UDP sockets.
    Udp,
}

impl Applies {
    pub(crate) fn to(self, nature: Nature) -> bool {
        match self {
            Applies::All => true,
            Applies::Ip => nature.is_ip(),
            Applies::V6 => nature.is_v6(),
            Applies::Tcp => nature.is_ip() && nature.is_stream(),
            Applies::Udp => nature.is_ip() && !nature.is_stream(),
        }
    }
}

/// What an option is called in IPv6, where it has a name of its own there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Twin {
    name: &'static str,
    number: i32,
}

/// An option: its name, its numbers, and what it means.
#[derive(Debug, Clone, Copy)]
pub struct Description {
    /// As its manual page calls it; for what IPv6 calls differently, the name
    /// in IPv4.
    pub name: &'static str,
    /// The level argument of setsockopt(2).
    pub level: i32,
    /// The option argument of setsockopt(2).
    pub number: i32,
    twin: Option<Twin>,
    /// What its value is.
    pub kind: Kind,
    /// Which sockets have it.
    pub applies: Applies,
    /// Whether it has to be set again on a connection that is open.
    pub(crate) again: bool,
    /// The manual page.
    pub page: &'static str,
    /// What it does, in one line that begins with a verb.
    pub meaning: &'static str,
    /// What the options ask for.
    pub asked: fn(&SocketOptions) -> Option<Value>,
    /// Asks for a value of this kind; one of another kind changes nothing.
    pub ask: fn(&mut SocketOptions, Value),
}

impl Description {
    /// The name that the option has on such a socket.
    pub(crate) fn name_for(&self, nature: Nature) -> &'static str {
        self.twin.filter(|_| nature.is_v6()).map_or(self.name, |twin| twin.name)
    }

    /// The name in IPv6, where it differs.
    pub fn name_v6(&self) -> Option<&'static str> {
        self.twin.map(|twin| twin.name)
    }

    /// The number in IPv6, where the option has a name of its own there.
    pub fn number_v6(&self) -> Option<i32> {
        self.twin.map(|twin| twin.number)
    }

    /// Level and number on such a socket.
    fn numbers(&self, nature: Nature) -> (i32, i32) {
        match self.twin.filter(|_| nature.is_v6()) {
            Some(twin) => (libc::IPPROTO_IPV6, twin.number),
            None => (self.level, self.number),
        }
    }

    pub(crate) fn set(&self, socket: &impl AsFd, nature: Nature, value: Value) -> io::Result<()> {
        let (level, number) = self.numbers(nature);
        let integer = match value {
            Value::Flag(on) => i32::from(on),
            Value::Number(number) | Value::Bytes(number) => {
                i32::try_from(number).unwrap_or(i32::MAX)
            }
            // Never less than asked for: 0 would be refused.
            Value::Seconds(time) => {
                i32::try_from(time.as_millis().div_ceil(1000)).unwrap_or(i32::MAX)
            }
            // The two low bits are ECN's (RFC 3168); the kernel keeps them.
            Value::Dscp(dscp) => i32::from(dscp) << 2,
            Value::Hops(hops) => i32::from(hops),
            Value::Timeout(time) => return self.set_timeout(socket, time),
            Value::Linger(linger) => {
                return SockRef::from(socket).set_linger(match linger {
                    Linger::Off => None,
                    Linger::For(time) => Some(time),
                });
            }
        };
        set_option(socket, level, number, integer)?;
        if self.twin.is_some() && nature.is_v6() {
            // An IPv6 socket may carry IPv4 too; one that cannot says no.
            let _ = set_option(socket, self.level, self.number, integer);
        }
        Ok(())
    }

    fn set_timeout(&self, socket: &impl AsFd, time: Duration) -> io::Result<()> {
        let time = Some(time).filter(|time| !time.is_zero());
        match self.number {
            libc::SO_RCVTIMEO => SockRef::from(socket).set_read_timeout(time),
            _ => SockRef::from(socket).set_write_timeout(time),
        }
    }

    pub(crate) fn read(&self, socket: &impl AsFd, nature: Nature) -> io::Result<Value> {
        let (level, number) = self.numbers(nature);
        let sock = SockRef::from(socket);
        match self.kind {
            Kind::Timeout => {
                let time = match self.number {
                    libc::SO_RCVTIMEO => sock.read_timeout()?,
                    _ => sock.write_timeout()?,
                };
                return Ok(Value::Timeout(time.unwrap_or_default()));
            }
            Kind::Linger => {
                return Ok(Value::Linger(sock.linger()?.map_or(Linger::Off, Linger::For)));
            }
            _ => {}
        }
        let integer = integer_option(socket, level, number)?;
        let natural = u32::try_from(integer).unwrap_or(0);
        let octet = u8::try_from(natural).unwrap_or(u8::MAX);
        Ok(match self.kind {
            Kind::Flag => Value::Flag(integer != 0),
            Kind::Bytes => Value::Bytes(natural),
            Kind::Seconds => Value::Seconds(Duration::from_secs(u64::from(natural))),
            Kind::Dscp => Value::Dscp(octet >> 2),
            Kind::Hops => Value::Hops(octet),
            Kind::Number | Kind::Timeout | Kind::Linger => Value::Number(natural),
        })
    }

    /// The option with what was asked for and what it is now.
    pub(crate) fn effective(
        &self,
        socket: &impl AsFd,
        nature: Nature,
        options: &SocketOptions,
    ) -> Effective {
        let asked = (self.asked)(options).map(|value| value.to_string());
        let read = self.read(socket, nature).map(|value| value.to_string());
        let value = read.unwrap_or_else(|_| "unknown".to_owned());
        Effective { name: self.name_for(nature), asked, value }
    }
}

/// The option of this name; the names of IPv6 are known too.
pub fn describe(name: &str) -> Option<&'static Description> {
    TABLE.iter().find(|row| row.name == name || row.name_v6() == Some(name))
}

/// Makes the list: name, field of [`SocketOptions`], kind, level, sockets that
/// have it, manual page, meaning.
macro_rules! table {
    ($($name:ident $(/ $six:ident)? $field:ident $kind:ident $level:ident $applies:ident
        $again:literal $page:literal $meaning:literal;)*) => {
        /// Every option of a single value, in the order in which they are set.
        pub const TABLE: &[Description] = &[$(Description {
            name: stringify!($name),
            level: libc::$level,
            number: libc::$name,
            twin: twin!($($six)?),
            kind: Kind::$kind,
            applies: Applies::$applies,
            again: $again,
            page: $page,
            meaning: $meaning,
            asked: |options| options.$field.map(Value::$kind),
            ask: |options, value| if let Value::$kind(value) = value {
                options.$field = Some(value);
            },
        },)*];
    };
}

macro_rules! twin {
    () => {
        None
    };
    ($six:ident) => {
        Some(Twin { name: stringify!($six), number: libc::$six })
    };
}

table! {
    SO_REUSEADDR reuse_address Flag SOL_SOCKET Ip false "socket(7)"
        "Bind although connections of an earlier server are in TIME-WAIT";
    SO_REUSEPORT reuse_port Flag SOL_SOCKET Ip false "socket(7)"
        "Let several sockets of one user share a port; the kernel spreads what comes";
    SO_KEEPALIVE keep_alive Flag SOL_SOCKET Tcp false "socket(7)"
        "Probe a silent connection to learn whether its peer still lives";
    TCP_KEEPIDLE keep_idle Seconds IPPROTO_TCP Tcp false "tcp(7)"
        "Wait this long in silence before the first keep-alive probe";
    TCP_KEEPINTVL keep_interval Seconds IPPROTO_TCP Tcp false "tcp(7)"
        "Wait this long between keep-alive probes";
    TCP_KEEPCNT keep_count Number IPPROTO_TCP Tcp false "tcp(7)"
        "End the connection after this many unanswered probes";
    SO_RCVBUF receive_buffer_bytes Bytes SOL_SOCKET All false "socket(7)"
        "Size the receive buffer; the kernel doubles it, up to twice rmem_max";
    SO_SNDBUF send_buffer_bytes Bytes SOL_SOCKET All false "socket(7)"
        "Size the send buffer; the kernel doubles it, up to twice wmem_max";
    SO_RCVTIMEO receive_timeout Timeout SOL_SOCKET All false "socket(7)"
        "Let a blocking receive fail after this long";
    SO_SNDTIMEO send_timeout Timeout SOL_SOCKET All false "socket(7)"
        "Let a blocking send fail after this long";
    SO_LINGER linger Linger SOL_SOCKET Tcp false "socket(7)"
        "Let close() wait for data to be acknowledged; 0 sends RST instead of FIN";
    SO_BROADCAST broadcast Flag SOL_SOCKET Udp false "socket(7)"
        "Allow datagrams to broadcast addresses";
    SO_OOBINLINE oob_inline Flag SOL_SOCKET Tcp false "socket(7)"
        "Leave urgent data within the stream";
    TCP_NODELAY no_delay Flag IPPROTO_TCP Tcp true "tcp(7)"
        "Send small segments at once, without Nagle's algorithm";
    TCP_CORK cork Flag IPPROTO_TCP Tcp true "tcp(7)"
        "Hold partial segments back, up to 200 ms, until more is written";
    TCP_QUICKACK quick_ack Flag IPPROTO_TCP Tcp true "tcp(7)"
        "Acknowledge at once; the kernel turns it off again by itself";
    IP_TTL / IPV6_UNICAST_HOPS ttl Hops IPPROTO_IP Ip false "ip(7)"
        "Let packets pass this many routers (time to live, hop limit)";
    IP_TOS / IPV6_TCLASS dscp Dscp IPPROTO_IP Ip false "ip(7)"
        "Mark packets with this differentiated services code point";
    IPV6_V6ONLY only_v6 Flag IPPROTO_IPV6 V6 false "ipv6(7)"
        "Take IPv6 only, where [::] would take IPv4 too";
    IP_MULTICAST_TTL / IPV6_MULTICAST_HOPS multicast_ttl Hops IPPROTO_IP Udp false "ip(7)"
        "Let multicast packets pass this many routers; 1 stays on the link";
    IP_MULTICAST_LOOP / IPV6_MULTICAST_LOOP multicast_loop Flag IPPROTO_IP Udp false "ip(7)"
        "Deliver own multicast packets to members on this host too";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_asks_for_its_own_field() {
        for row in TABLE {
            let mut options = SocketOptions::default();
            let value = match row.kind {
                Kind::Flag => Value::Flag(true),
                Kind::Number => Value::Number(3),
                Kind::Bytes => Value::Bytes(3),
                Kind::Seconds => Value::Seconds(Duration::from_secs(3)),
                Kind::Timeout => Value::Timeout(Duration::from_secs(3)),
                Kind::Linger => Value::Linger(Linger::Off),
                Kind::Dscp => Value::Dscp(3),
                Kind::Hops => Value::Hops(3),
            };
            (row.ask)(&mut options, value);
            let asking: Vec<_> =
                TABLE.iter().filter(|other| (other.asked)(&options).is_some()).collect();
            assert_eq!(asking.len(), 1, "{}", row.name);
            assert_eq!((asking[0].name, (row.asked)(&options)), (row.name, Some(value)));
            assert_eq!(describe(row.name).map(|found| found.name), Some(row.name));
        }
        assert_eq!(describe("IPV6_TCLASS").map(|row| row.name), Some("IP_TOS"));
        assert!(describe("SO_NOTHING").is_none());
    }

    #[test]
    fn seconds_are_rounded_up() {
        let udp = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
        let nature = Nature::of(&udp).expect("nature");
        let row = describe("TCP_KEEPIDLE").expect("a row");
        row.set(&udp, nature, Value::Seconds(Duration::from_millis(1001))).expect("set");
        assert_eq!(row.read(&udp, nature).expect("read"), Value::Seconds(Duration::from_secs(2)));
    }
}
