//! What a diagnosis may want to know next.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::Layer;
use crate::observation::{DnsTransport, HelloVariant};

/// A question that a further probe can answer. Diagnosis names it, the loop of
/// `check` has it answered once, and the answer is more evidence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Question {
    /// Look at the neighbour entry of an address on the own segment, and make
    /// the kernel ask for it.
    Neighbour { address: IpAddr },
    /// What would the kernel do with a packet to this address?
    Route { destination: IpAddr },
    /// Which routers answer on the way, with TCP to this port?
    Path { destination: SocketAddr },
    /// Is this other port of a host that failed open, closed, silent?
    /// `address` holds the port to try; the answer is a connection attempt.
    OtherPort { address: SocketAddr },
    /// Does this other address of the same name answer, waited for as long as
    /// any connection? The answer is a connection attempt.
    OtherAddress { address: SocketAddr },
    /// Which is the largest segment that the peer's answer arrives with?
    SegmentSize { address: SocketAddr, server_name: Option<String>, tls: bool },
    /// The same DNS question to this system resolver over this transport.
    Resolver { server: SocketAddr, name: String, rtype: String, transport: DnsTransport },
    /// Every name server from the root down to the name's own.
    Delegation { name: String, rtype: String },
    /// A raw hello, or plain bytes, of this kind.
    Hello { address: SocketAddr, server_name: Option<String>, variant: HelloVariant },
    /// A plain HTTP request on this port.
    PlainHttp { address: SocketAddr, host: String },
    /// Fetch the issuer's certificate from this URL (only with `--aia`).
    Issuer { url: String },
}

impl Question {
    /// The layer that the answer tells about.
    pub fn layer(&self) -> Layer {
        match self {
            Question::Neighbour { .. } => Layer::Link,
            Question::Route { .. } | Question::Path { .. } | Question::SegmentSize { .. } => {
                Layer::Net
            }
            Question::Resolver { .. } | Question::Delegation { .. } => Layer::Dns,
            Question::OtherPort { .. } | Question::OtherAddress { .. } => Layer::Tcp,
            Question::Hello { .. } | Question::Issuer { .. } => Layer::Tls,
            Question::PlainHttp { .. } => Layer::Http,
        }
    }
}
