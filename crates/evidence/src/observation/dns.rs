//! What can be seen of names: what the system answers, and what DNS says.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::transport::IcmpError;

/// What getaddrinfo said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum SystemResult {
    Addresses {
        addresses: Vec<IpAddr>,
    },
    /// An EAI_ code with its name and text.
    Failed {
        eai: i32,
        eai_name: String,
        text: String,
    },
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
    Silence {
        icmp: Vec<IcmpError>,
    },
    /// The send or connect failed at once, or was refused.
    Refused {
        errno: i32,
        errno_name: String,
        icmp: Vec<IcmpError>,
    },
    /// Bytes came that are no answer to this question.
    Malformed {
        error: String,
        size_bytes: u32,
    },
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
