//! The limits of a server.

use std::time::Duration;

/// Every limit that the core keeps. [`Limits::default`] suits an HTTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once. At the limit nothing more is accepted: the
    /// kernel's queue holds what waits.
    pub connections_max: usize,
    /// Connections of one client at once (an IPv4 address, an IPv6 /64). What
    /// is more is closed at once.
    pub connections_per_client_max: usize,
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
    /// From accept until the connection is cut, whatever happens on it.
    pub connection: Option<Duration>,
    /// Datagrams that are being answered at once; what is more is dropped.
    pub datagrams_in_flight_max: usize,
}

/// A lab machine serves a classroom, not the world; the default descriptor
/// limit of 1024 must leave room for other servers in the process.
const CONNECTIONS_MAX: usize = 512;
/// A browser opens six per name; a whole home sits behind one NAT address.
const CONNECTIONS_PER_CLIENT_MAX: usize = 128;
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
/// A recursive resolver waits for others; this many may wait with it.
const DATAGRAMS_IN_FLIGHT_MAX: usize = 1024;

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections_max: CONNECTIONS_MAX,
            connections_per_client_max: CONNECTIONS_PER_CLIENT_MAX,
            first_byte: FIRST_BYTE,
            handshake: HANDSHAKE,
            header: HEADER,
            request: REQUEST,
            idle: IDLE,
            connection: None,
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
