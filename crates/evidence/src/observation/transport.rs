//! What can be seen of the path and of connections.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

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
    Failed {
        errno: i32,
        errno_name: String,
    },
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

impl From<&plumb_wire::transport::TcpInfo> for TcpInfo {
    fn from(info: &plumb_wire::transport::TcpInfo) -> TcpInfo {
        TcpInfo {
            state: info.state.to_owned(),
            rtt_us: info.rtt_us,
            rtt_min_us: info.rtt_min_us,
            retransmits: info.retransmits,
            total_retransmits: info.total_retransmits,
            backoff: info.backoff,
            unacked_segments: info.unacked_segments,
            lost_segments: info.lost_segments,
            path_mtu_bytes: info.path_mtu_bytes,
            send_mss_bytes: info.send_mss_bytes,
            receive_mss_bytes: info.receive_mss_bytes,
            advertised_mss_bytes: info.advertised_mss_bytes,
            sent_bytes: info.sent_bytes,
            acked_bytes: info.acked_bytes,
            received_bytes: info.received_bytes,
            send_queue_bytes: info.send_queue_bytes,
        }
    }
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
    TimeExceeded {
        router: IpAddr,
        reply_ttl: Option<u8>,
    },
    /// Another ICMP error.
    Icmp {
        error: IcmpError,
    },
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
