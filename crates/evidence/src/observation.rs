//! What can be seen, layer by layer.
//!
//! An observation is a fact, never a judgement: "no answer within 5 s", not
//! "filtered". What did not happen is `None`, never 0.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::evidence::Scheme;
use crate::{Layer, Question};

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
    PlainHttp { address: SocketAddr, status: Option<u16>, first_bytes: Vec<u8>, error: Option<String> },

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

/// An interface of this host (rtnetlink RTM_GETLINK and RTM_GETADDR).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    pub index: u32,
    pub name: String,
    pub loopback: bool,
    /// IFF_UP: the administrator wants it up.
    pub admin_up: bool,
    /// IFF_LOWER_UP: the other end of the cable is there.
    pub carrier: bool,
    pub mtu_bytes: u32,
    pub mac: Option<String>,
    pub addresses: Vec<InterfaceAddress>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceAddress {
    pub address: IpAddr,
    pub prefix_bits: u8,
    /// Scope global, not link or host.
    pub global: bool,
}

/// What the kernel's route lookup said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "route", rename_all = "snake_case")]
pub enum RouteResult {
    Found {
        interface: String,
        gateway: Option<IpAddr>,
        source: Option<IpAddr>,
        /// Path MTU that the kernel has cached for the destination.
        mtu_bytes: Option<u32>,
    },
    /// The kernel refuses: no route, or a route that says unreachable or
    /// prohibit.
    Refused { errno: i32, errno_name: String },
}

/// States of a neighbour entry, RFC 4861 section 7.3.2 and Linux's additions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeighbourState {
    /// No entry: nobody asked.
    None,
    Incomplete,
    Reachable,
    Stale,
    Delay,
    Probe,
    Failed,
    NoArp,
    Permanent,
}

/// What getaddrinfo said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum SystemResult {
    Addresses { addresses: Vec<IpAddr> },
    /// An EAI_ code with its name and text.
    Failed { eai: i32, eai_name: String, text: String },
    /// No answer within the time-out.
    TimedOut,
    /// The walk had what it needed before the system answered.
    Abandoned,
}

/// One question to one name server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DnsExchange {
    pub server: SocketAddr,
    pub role: DnsRole,
    pub transport: DnsTransport,
    pub name: String,
    /// `A`, `AAAA`, `NS`, ... or `TYPE123`.
    pub rtype: String,
    pub recursion_desired: bool,
    /// How many datagrams were sent.
    pub tries: u32,
    /// Replies that came on this question's socket but did not fit it: another
    /// id, another question.
    #[serde(default)]
    pub mismatched: u32,
    pub outcome: DnsOutcome,
    /// When the first datagram left.
    pub start_ns: u64,
    pub duration_ns: u64,
}

/// Whom the question went to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum DnsRole {
    /// A resolver that this host is configured to use.
    SystemResolver,
    /// A name server met on the walk from the root, asked about `zone`.
    Authority { zone: String, server_name: Option<String> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DnsTransport {
    Udp,
    Tcp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum DnsOutcome {
    Reply(DnsReply),
    /// Nothing came; `icmp` says if the network said why.
    Silence { icmp: Vec<IcmpError> },
    /// The send or connect failed at once, or was refused.
    Refused { errno: i32, errno_name: String, icmp: Vec<IcmpError> },
    /// Bytes came that are no answer to this question.
    Malformed { error: String, size_bytes: u32 },
}

/// The parts of a DNS reply that a diagnosis needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DnsReply {
    /// `noerror`, `nxdomain`, `servfail`, ... or `rcode12`.
    pub rcode: String,
    pub rcode_raw: u16,
    pub authoritative: bool,
    pub truncated: bool,
    pub recursion_available: bool,
    pub answers: Vec<DnsRecord>,
    pub authorities: Vec<DnsRecord>,
    pub additionals: Vec<DnsRecord>,
    /// Extended DNS errors, RFC 8914: code and text.
    pub extended_errors: Vec<(u16, String)>,
    pub size_bytes: u32,
}

/// A resource record in presentation form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsRecord {
    pub name: String,
    pub rtype: String,
    pub ttl_s: u32,
    /// The data as it would stand in a zone file.
    pub data: String,
}

/// An error that the kernel keeps for a socket (MSG_ERRQUEUE), with the
/// address of whoever said no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IcmpError {
    pub origin: IcmpOrigin,
    /// Who sent it; an own address when the kernel itself gave up.
    pub offender: Option<IpAddr>,
    /// Whether `offender` is an address of this host.
    pub offender_is_self: bool,
    pub icmp_type: u8,
    pub icmp_code: u8,
    pub errno: i32,
    /// The next-hop MTU of "fragmentation needed" and "packet too big".
    pub mtu_bytes: Option<u32>,
    /// Time to live with which the message arrived.
    pub reply_ttl: Option<u8>,
    /// Since the probe was sent.
    pub after_ns: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IcmpOrigin {
    Local,
    Icmp,
    Icmp6,
}

/// One attempt to open a TCP connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectAttempt {
    /// By which later events name this connection; unique in a run.
    pub connection: u32,
    pub address: SocketAddr,
    pub local: Option<SocketAddr>,
    pub outcome: ConnectOutcome,
    /// What the error queue held, in order.
    pub icmp: Vec<IcmpError>,
    pub tcp: Option<TcpInfo>,
    pub start_ns: u64,
    pub duration_ns: u64,
    /// The walk uses this connection.
    pub chosen: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum ConnectOutcome {
    Connected,
    /// A RST answered the SYN (ECONNREFUSED without an ICMP message).
    Refused,
    /// The kernel gave up with this error; `icmp` says who caused it.
    Failed { errno: i32, errno_name: String },
    /// No answer within the time-out.
    TimedOut,
    /// Another address was first.
    Abandoned,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum UdpOutcome {
    Reply { size_bytes: u32 },
    Silence,
    Failed { errno: i32, errno_name: String },
}

/// The parts of TCP_INFO that tell a lost packet from a silent peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpInfo {
    /// The state by its RFC 9293 name.
    pub state: String,
    pub rtt_us: u32,
    pub rtt_min_us: Option<u32>,
    pub retransmits: u8,
    pub total_retransmits: u32,
    pub backoff: u8,
    pub unacked_segments: u32,
    pub lost_segments: u32,
    pub path_mtu_bytes: u32,
    pub send_mss_bytes: u32,
    pub receive_mss_bytes: u32,
    pub advertised_mss_bytes: u32,
    pub sent_bytes: Option<u64>,
    pub acked_bytes: Option<u64>,
    pub received_bytes: Option<u64>,
    /// Bytes in the send queue that the peer has not acknowledged (SIOCOUTQ).
    pub send_queue_bytes: Option<u32>,
}

/// One probe with a limited time to live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HopProbe {
    pub destination: SocketAddr,
    pub protocol: HopProtocol,
    pub ttl: u8,
    pub outcome: HopOutcome,
    pub duration_ns: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HopProtocol {
    Tcp,
    Udp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum HopOutcome {
    /// Time exceeded from a router.
    TimeExceeded { router: IpAddr, reply_ttl: Option<u8> },
    /// Another ICMP error.
    Icmp { error: IcmpError },
    /// The destination accepted the connection.
    Connected,
    /// The destination (or somebody in its name) refused it.
    Refused,
    Silent,
}

/// The same exchange with another maximum segment size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentSizeProbe {
    pub address: SocketAddr,
    /// TCP_MAXSEG set before connecting; the peer sends no larger segments.
    pub mss_bytes: u16,
    /// Connected and the peer's answer came whole.
    pub answered: bool,
    pub received_bytes: u32,
    /// Whether the peer's TCP acknowledged all that was sent: a hole on the
    /// way there, not back, leaves it unacknowledged.
    #[serde(default)]
    pub acked: Option<bool>,
    pub duration_ns: u64,
}

/// One handshake of the walk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TlsHandshake {
    pub connection: u32,
    pub server_name: Option<String>,
    pub alpn_offered: Vec<String>,
    pub outcome: TlsOutcome,
    /// `TLSv1.2`, `TLSv1.3`.
    pub version: Option<String>,
    pub cipher_suite: Option<String>,
    pub group: Option<String>,
    pub alpn: Option<String>,
    /// The chain as the server sent it, kept although it may not verify.
    pub chain: Vec<Certificate>,
    pub trust: Option<Trust>,
    /// The server asked for a client certificate.
    pub client_certificate_requested: bool,
    pub client_certificate_sent: bool,
    /// The names of the authorities that the server named, if it did.
    pub client_certificate_authorities: Vec<String>,
    pub hello_bytes: u32,
    pub received_bytes: u64,
    /// The first bytes that came, at most 64: what a plaintext server says.
    pub first_bytes: Vec<u8>,
    pub start_ns: u64,
    pub duration_ns: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum TlsOutcome {
    Done,
    /// The chain did not verify; see `trust`.
    Untrusted,
    /// The peer sent an alert (RFC 8446 section 6).
    Alert { code: u8, name: String },
    /// What came is not TLS.
    NotTls,
    /// The peer broke a rule, or cannot do what we can.
    Protocol { text: String },
    /// End of stream before the handshake was complete.
    Closed,
    Reset,
    /// No (further) answer within the time-out.
    TimedOut,
    /// Ended by plumb when probes had told enough.
    Abandoned,
}

/// Whether the chain verifies against this host's roots at the wall clock of
/// the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    pub result: TrustResult,
    /// Where the roots came from.
    pub store: String,
    pub roots: u32,
    /// The roots hold a certificate whose subject is the issuer of the last
    /// certificate of the chain that was sent.
    pub last_issuer_in_store: bool,
    /// The leaf itself is among the roots.
    pub leaf_in_store: bool,
    /// With the name check left out, the chain verifies.
    pub path_ok: bool,
    /// All that is wrong, each judged as if nothing else were; `result` is the
    /// first of it. Empty where the chain is trusted.
    #[serde(default)]
    pub failures: Vec<TrustResult>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "trust", rename_all = "snake_case")]
pub enum TrustResult {
    Trusted,
    Expired,
    NotYetValid,
    WrongName,
    UnknownIssuer,
    WrongPurpose,
    Revoked,
    BadSignature,
    Other { text: String },
}

/// What a certificate says (RFC 5280), with its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    pub subject: String,
    pub issuer: String,
    /// Subject alternative names: `dns:www.example.com`, `ip:10.0.0.1`.
    pub names: Vec<String>,
    pub common_name: Option<String>,
    pub serial: String,
    pub not_before_unix_s: i64,
    pub not_after_unix_s: i64,
    pub key: String,
    pub signature_algorithm: String,
    pub is_authority: bool,
    /// Subject equals issuer and the signature verifies with its own key.
    pub self_signed: bool,
    pub subject_key_id: Option<String>,
    pub authority_key_id: Option<String>,
    pub extended_key_usage: Vec<String>,
    /// Authority information access: where the issuer's certificate lies.
    pub issuer_urls: Vec<String>,
    pub sha256: String,
    #[serde(with = "base64_bytes")]
    pub der: Vec<u8>,
}

/// One raw ClientHello of the prober, or other bytes in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloProbe {
    pub address: SocketAddr,
    pub variant: HelloVariant,
    pub sent_bytes: u32,
    pub outcome: HelloOutcome,
    /// Whether the peer's TCP acknowledged all that was sent.
    pub acked: Option<bool>,
    pub duration_ns: u64,
}

/// The rungs of the ladder: what differs from the hello of the walk.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "hello", rename_all = "snake_case")]
pub enum HelloVariant {
    /// A hello like the walk's.
    Same,
    /// Below 300 bytes: no post-quantum key share.
    Small,
    /// Without a server name.
    NoServerName,
    /// With another server name.
    OtherServerName { name: String },
    /// Offers this version at most (`TLSv1.0` to `TLSv1.3`) with every suite
    /// known for it.
    MaxVersion { version: String },
    /// Plain bytes, no TLS at all: a line of HTTP.
    PlainBytes,
    /// Connects and sends nothing: does the peer end the connection by itself?
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum HelloOutcome {
    ServerHello { version: String, cipher_suite: String },
    Alert { code: u8, name: String },
    /// Something came that is not TLS.
    OtherBytes { first_bytes: Vec<u8> },
    Closed,
    Reset,
    Silent,
    ConnectFailed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum IssuerResult {
    /// The certificate came; with it the chain verifies, or not.
    Fetched { certificate: Box<Certificate>, completes_chain: bool },
    Failed { text: String },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    pub connection: u32,
    pub method: String,
    pub url: String,
    /// `HTTP/1.1`, `HTTP/2`.
    pub version: String,
    /// Secrets replaced.
    pub headers: Vec<(String, String)>,
    pub body_bytes: u64,
    pub start_ns: u64,
    pub duration_ns: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpResponse {
    pub connection: u32,
    pub version: String,
    pub status: u16,
    /// Secrets (cookies) replaced.
    pub headers: Vec<(String, String)>,
    /// When the wait for the first byte began: the request had been sent.
    pub start_ns: u64,
    pub duration_ns: u64,
    pub tcp: Option<TcpInfo>,
}

impl HttpResponse {
    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpBody {
    pub connection: u32,
    /// As it came, before decoding.
    pub received_bytes: u64,
    /// Content-Length, if the response had one.
    pub declared_bytes: Option<u64>,
    pub decoded_bytes: Option<u64>,
    pub ended: BodyEnd,
    /// Content-Encoding, and whether the body really is that.
    pub encoding: Option<String>,
    pub encoding_error: Option<String>,
    pub start_ns: u64,
    pub duration_ns: u64,
    /// The first bytes, at most 256, for a look at what it is.
    #[serde(with = "base64_bytes")]
    pub first_bytes: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum BodyEnd {
    Complete,
    /// The connection ended before the declared length or the last chunk.
    Short,
    Reset,
    /// Nothing more came within the time-out.
    Stalled,
    /// The framing was wrong.
    Malformed { text: String },
    /// plumb stopped reading at its limit.
    Limit,
}

/// How an exchange ended without a response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum HttpError {
    /// No first byte within the time-out.
    TimedOut,
    /// End of stream before any byte of a response.
    EmptyReply,
    Reset,
    /// A TLS alert came in place of a response.
    Alert { code: u8, name: String },
    /// What came is not HTTP.
    NotHttp { first_bytes: Vec<u8> },
    /// Too large a head, bad framing, an HTTP/2 error.
    Protocol { text: String },
    Abandoned,
}

/// Bytes as base64 text, as RFC 4648 section 4 writes them.
mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(d)?;
        STANDARD.decode(text).map_err(serde::de::Error::custom)
    }
}
