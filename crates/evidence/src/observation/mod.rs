//! What can be seen, layer by layer.
//!
//! An observation is a fact, never a judgement: "no answer within 5 s", not
//! "filtered". What did not happen is `None`, never 0.

mod base64_bytes;
mod dns;
mod http;
mod local;
mod tls;
mod transport;

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::evidence::Scheme;
use crate::{Layer, Question};

pub use self::dns::*;
pub use self::http::*;
pub use self::local::*;
pub use self::tls::*;
pub use self::transport::*;

/// One fact. Kinds and fields may be added; their meaning never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Observation {
    // -- the walk begins ---------------------------------------------------
    /// A hop of the walk begins: the target itself, or where a redirect led.
    HopBegins {
        scheme: Scheme,
        /// Host name or address literal.
        host: String,
        port: u16,
        /// Without credentials; for `http` and `https`.
        url: Option<String>,
    },
    /// Addresses for a name that were given and not asked for (`--resolve`).
    AddressesGiven { name: String, addresses: Vec<IpAddr> },

    // -- this host ---------------------------------------------------------
    /// The interfaces of this host with their addresses.
    Interfaces { interfaces: Vec<Interface> },
    /// What the kernel would do with a packet to `destination`.
    Route { destination: IpAddr, result: RouteResult },
    /// What the neighbour table says of an address on the own segment.
    Neighbour { address: IpAddr, interface: String, state: NeighbourState, mac: Option<String> },
    /// How this host resolves names.
    ResolverConfig {
        servers: Vec<SocketAddr>,
        search: Vec<String>,
        ndots: u8,
        /// Addresses that the hosts file gives for the name of this hop.
        hosts_file: Vec<IpAddr>,
        /// The `hosts:` line of nsswitch.conf, if there is one.
        nsswitch: Option<String>,
    },
    /// The proxy that the environment or `--proxy` asks for.
    Proxy {
        /// The variable or flag that named it.
        from: String,
        /// Without credentials.
        url: String,
    },

    // -- names -------------------------------------------------------------
    /// What the operating system's resolver (getaddrinfo) answers.
    SystemAnswer { name: String, result: SystemResult, start_ns: u64, duration_ns: u64 },
    /// One question to one name server, with what came back.
    Dns(DnsExchange),

    // -- transport ---------------------------------------------------------
    /// One attempt to open a TCP connection.
    Connect(ConnectAttempt),
    /// One datagram sent, and what came back.
    UdpExchange {
        address: SocketAddr,
        sent_bytes: u32,
        outcome: UdpOutcome,
        icmp: Vec<IcmpError>,
        start_ns: u64,
        duration_ns: u64,
    },
    /// The walk waits in this phase and nothing has come, from these addresses
    /// where they are known; it goes on to wait.
    Waiting { phase: PhaseName, addresses: Vec<SocketAddr>, silent_ns: u64 },
    /// A connection makes no progress, or ended, and this is its state.
    TcpState { connection: u32, during: PhaseName, silent_ns: u64, tcp: TcpInfo },
    /// One probe with a limited time to live, on the real port.
    Hop(HopProbe),
    /// The same exchange with another maximum segment size.
    SegmentSize(SegmentSizeProbe),

    // -- TLS ---------------------------------------------------------------
    /// One handshake of the walk.
    TlsHandshake(TlsHandshake),
    /// One raw ClientHello of the prober, or plain bytes in its place.
    Hello(HelloProbe),
    /// The issuer's certificate was fetched from the address in the certificate.
    IssuerFetch { url: String, result: IssuerResult },

    // -- HTTP --------------------------------------------------------------
    /// A request was sent.
    HttpRequest(HttpRequest),
    /// The head of a response came.
    HttpResponse(HttpResponse),
    /// The body of a response came, or as much of it as did.
    HttpBody(HttpBody),
    /// The exchange ended without a response.
    HttpFailure { connection: u32, during: PhaseName, error: HttpError, text: String },
    /// The response led elsewhere.
    Redirect { from: String, to: String, status: u16, followed: bool, why_not: Option<String> },
    /// A proxy answered CONNECT.
    ProxyConnect { proxy: String, authority: String, status: Option<u16>, error: Option<String> },
    /// A plain HTTP request on a port that was to speak TLS, or on port 80.
    PlainHttp {
        address: SocketAddr,
        status: Option<u16>,
        first_bytes: Vec<u8>,
        error: Option<String>,
    },

    // -- the walk itself ---------------------------------------------------
    /// A phase of a hop began and, perhaps, ended.
    Phase { phase: PhaseName, start_ns: u64, duration_ns: Option<u64>, ok: bool },
    /// The bytes of a connection belong to this use of the address.
    Mapped { from: SocketAddr, to: SocketAddr },
    /// A question was asked; what answers it follows.
    Asked { question: Question },
    /// Something was not looked at, and why.
    NotLookedAt { what: String, why: String },
    /// The walk was tried again after a failure.
    Retry { attempt: u32, wait_ms: u64 },
}

impl Observation {
    /// The layer at which this was seen.
    pub fn layer(&self) -> Layer {
        match self {
            Observation::Interfaces { .. } | Observation::Neighbour { .. } => Layer::Link,
            Observation::Route { .. } | Observation::Hop(_) | Observation::SegmentSize(_) => {
                Layer::Net
            }
            Observation::ResolverConfig { .. }
            | Observation::SystemAnswer { .. }
            | Observation::Dns(_) => Layer::Dns,
            Observation::Connect(_) | Observation::TcpState { .. } | Observation::Mapped { .. } => {
                Layer::Tcp
            }
            Observation::UdpExchange { .. } => Layer::Udp,
            Observation::TlsHandshake(_)
            | Observation::Hello(_)
            | Observation::IssuerFetch { .. } => Layer::Tls,
            Observation::Proxy { .. }
            | Observation::HttpRequest(_)
            | Observation::HttpResponse(_)
            | Observation::HttpBody(_)
            | Observation::HttpFailure { .. }
            | Observation::Redirect { .. }
            | Observation::ProxyConnect { .. }
            | Observation::PlainHttp { .. } => Layer::Http,
            Observation::Phase { phase, .. } | Observation::Waiting { phase, .. } => phase.layer(),
            Observation::Asked { question } => question.layer(),
            Observation::AddressesGiven { .. } => Layer::Dns,
            Observation::HopBegins { .. }
            | Observation::NotLookedAt { .. }
            | Observation::Retry { .. } => Layer::Content,
        }
    }
}

/// The six phases of a hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseName {
    Dns,
    Tcp,
    Tls,
    Request,
    Wait,
    Response,
}

impl PhaseName {
    pub const ALL: [PhaseName; 6] = [
        PhaseName::Dns,
        PhaseName::Tcp,
        PhaseName::Tls,
        PhaseName::Request,
        PhaseName::Wait,
        PhaseName::Response,
    ];

    pub const fn layer(self) -> Layer {
        match self {
            PhaseName::Dns => Layer::Dns,
            PhaseName::Tcp => Layer::Tcp,
            PhaseName::Tls => Layer::Tls,
            PhaseName::Request | PhaseName::Wait | PhaseName::Response => Layer::Http,
        }
    }
}
