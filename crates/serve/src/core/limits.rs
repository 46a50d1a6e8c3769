//! The limits of a server.

use std::time::Duration;

use super::pace::Pace;
use super::rate::Rate;

/// Every limit that a server keeps. [`Limits::default`] suits an HTTP server.
///
/// The core keeps those of connections, time and rates. The sizes are kept by
/// the services, which know what a header or a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once; see [`Limits::when_full`].
    pub connections_max: usize,
    /// What happens to one more.
    pub when_full: WhenFull,
    /// Connections of one client at once (an IPv4 address, an IPv6 /64). What
    /// is more is refused.
    pub connections_per_client_max: usize,
    /// New connections of one client in a time. What is more is refused.
    pub connection_rate: Option<Rate>,
    /// Requests of one client in a time. What is more is answered 429.
    pub request_rate: Option<Rate>,
    /// Clients whose rate is remembered at once: the size of the tables.
    pub rate_clients_max: usize,
    /// From accept until a proxy's header is complete.
    pub proxy_header: Duration,
    /// From accept until the first byte of the peer.
    pub first_byte: Duration,
    /// From accept until the TLS handshake is done.
    pub handshake: Duration,
    /// From the first byte of a request until its header is complete.
    pub header: Duration,
    /// From the header of a request until its response begins.
    pub request: Duration,
    /// Without a byte in either direction.
    pub idle: Duration,
    /// Without the peer taking a byte of what waits to be sent to it.
    pub write_stall: Duration,
    /// How fast a peer must take what waits to be sent to it.
    pub reader_pace: Pace,
    /// How fast a peer must send a body that it announced.
    pub body_pace: Pace,
    /// From accept until the connection is cut, whatever happens on it.
    pub connection: Option<Duration>,
    /// Requests on one connection; then it is closed after the answer.
    pub requests_per_connection_max: u64,
    /// The request line or target.
    pub target_bytes_max: usize,
    /// All fields of a request's header together.
    pub header_bytes_max: usize,
    /// Fields of a request's header.
    pub headers_max: usize,
    /// The body of a request.
    pub body_bytes_max: u64,
    /// A line of a protocol of lines, its end included.
    pub line_bytes_max: usize,
    /// A message of a protocol of messages.
    pub message_bytes_max: usize,
    /// Datagrams of one peer (an address and a port) in a time. A peer that
    /// sends more is not answered until it has been silent for a second, so
    /// that two servers that answer each other come to an end.
    pub datagram_rate: Option<Rate>,
    /// Datagrams that are being answered at once; what is more is dropped.
    pub datagrams_in_flight_max: usize,
}

/// What happens to a connection beyond the most that may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenFull {
    /// It stays in the kernel's queue until another ends: costs nothing here,
    /// and the client waits.
    #[default]
    Wait,
    /// It is accepted, told so where the protocol has words for it, and closed.
    Refuse,
}

/// The default descriptor limit of 1024 must leave room for files and for
/// other servers in the process.
const CONNECTIONS_MAX: usize = 512;
/// A browser opens six per name; a whole home sits behind one NAT address.
const CONNECTIONS_PER_CLIENT_MAX: usize = 128;
/// 16 bytes each: a quarter of a megabyte.
const RATE_CLIENTS_MAX: usize = 16 * 1024;
/// A proxy sends its header with the first packet (PROXY protocol, section 2);
/// HAProxy gives it as long as a TLS handshake.
const PROXY_HEADER: Duration = Duration::from_secs(5);
/// Long enough for a person who types the request, as nginx waits.
const FIRST_BYTE: Duration = Duration::from_secs(60);
/// Several round trips of the slowest path, with retransmissions.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// A person may type a header by hand; a drip of bytes may not hold a socket.
const HEADER: Duration = Duration::from_secs(60);
/// More than the slowest endpoint takes.
const REQUEST: Duration = Duration::from_secs(120);
/// As nginx keeps an idle connection.
const IDLE: Duration = Duration::from_secs(75);
/// Two retransmission time-outs of a path that has just lost everything, and
/// half of what nginx waits.
const WRITE_STALL: Duration = Duration::from_secs(30);
/// A modem of 1990 carries more than this; the window forgives an outage.
const READER_PACE: Pace = Pace { bytes_per_second_min: 256, window: Duration::from_secs(60) };
/// The same in the other direction; as Apache's mod_reqtimeout sets out to
/// keep, at half its rate.
const BODY_PACE: Pace = Pace { bytes_per_second_min: 256, window: Duration::from_secs(30) };
/// As nginx; it bounds what one connection may accumulate.
const REQUESTS_PER_CONNECTION_MAX: u64 = 1000;
/// RFC 9112 section 3 recommends 8000 at least.
const TARGET_BYTES_MAX: usize = 8 * 1024;
/// Room for two cookies of the largest size that browsers keep, four times.
const HEADER_BYTES_MAX: usize = 32 * 1024;
/// As Apache; a browser sends some twenty.
const HEADERS_MAX: usize = 100;
/// A form with a photograph in it; uploads are allowed more where they are on.
const BODY_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// Four pages: more than any line that a person or a log writes.
const LINE_BYTES_MAX: usize = 16 * 1024;
/// As a chat or a record needs; a file goes over HTTP.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// A recursive resolver waits for others; this many may wait with it.
const DATAGRAMS_IN_FLIGHT_MAX: usize = 1024;
/// More than people, sensors, games and calls send from one port.
const DATAGRAMS_PER_SECOND: u32 = 1000;
/// A measurement sends more for as long as it takes: at full speed on loopback
/// half a minute. Two servers that answer each other never stop by themselves,
/// and come to this in minutes.
const DATAGRAMS_BURST: u32 = 1_000_000;

impl Default for Limits {
    fn default() -> Self {
        let datagram_rate = Rate::new(DATAGRAMS_PER_SECOND, Duration::from_secs(1));
        Limits {
            connections_max: CONNECTIONS_MAX,
            when_full: WhenFull::Wait,
            connections_per_client_max: CONNECTIONS_PER_CLIENT_MAX,
            connection_rate: None,
            request_rate: None,
            rate_clients_max: RATE_CLIENTS_MAX,
            proxy_header: PROXY_HEADER,
            first_byte: FIRST_BYTE,
            handshake: HANDSHAKE,
            header: HEADER,
            request: REQUEST,
            idle: IDLE,
            write_stall: WRITE_STALL,
            reader_pace: READER_PACE,
            body_pace: BODY_PACE,
            connection: None,
            requests_per_connection_max: REQUESTS_PER_CONNECTION_MAX,
            target_bytes_max: TARGET_BYTES_MAX,
            header_bytes_max: HEADER_BYTES_MAX,
            headers_max: HEADERS_MAX,
            body_bytes_max: BODY_BYTES_MAX,
            line_bytes_max: LINE_BYTES_MAX,
            message_bytes_max: MESSAGE_BYTES_MAX,
            datagram_rate: datagram_rate.map(|rate| rate.with_burst(DATAGRAMS_BURST)),
            datagrams_in_flight_max: DATAGRAMS_IN_FLIGHT_MAX,
        }
    }
}

impl Limits {
    /// For services on which a person may think for a while: echo, greetings.
    pub fn conversation() -> Self {
        /// RFC 5321 section 4.5.3.2.7 gives a mail client five minutes.
        const THINKING: Duration = Duration::from_secs(5 * 60);
        Limits { first_byte: THINKING, idle: THINKING, ..Limits::default() }
    }
}
