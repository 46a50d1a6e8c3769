//! One end of a conversation.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Layer;

/// One end of a conversation: an address with a port, or a Unix socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// TCP and UDP.
    Ip(SocketAddr),
    /// A Unix socket; a client's usually has no path.
    Unix(Option<PathBuf>),
}

impl Endpoint {
    /// The IP address, where there is one; an IPv4-mapped one as IPv4.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Endpoint::Ip(address) => Some(address.ip().to_canonical()),
            Endpoint::Unix(_) => None,
        }
    }

    /// The port, where there is one.
    pub fn port(&self) -> Option<u16> {
        match self {
            Endpoint::Ip(address) => Some(address.port()),
            Endpoint::Unix(_) => None,
        }
    }

    /// The address and port, where there is one.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        match self {
            Endpoint::Ip(address) => Some(*address),
            Endpoint::Unix(_) => None,
        }
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Endpoint::Ip(address)
    }
}

/// `192.0.2.1:80`, `[2001:db8::1]:80`, `unix:/run/x`, `unix:`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Ip(address) => address.fmt(f),
            Endpoint::Unix(Some(path)) => write!(f, "unix:{}", path.display()),
            Endpoint::Unix(None) => f.write_str("unix:"),
        }
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.strip_prefix("unix:") {
            Some("") => Ok(Endpoint::Unix(None)),
            Some(path) => Ok(Endpoint::Unix(Some(path.into()))),
            None => text.parse().map(Endpoint::Ip).map_err(de::Error::custom),
        }
    }
}

/// What carries the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP connections.
    Tcp,
    /// UDP datagrams.
    Udp,
    /// Connections over a Unix socket.
    Unix,
}

impl Transport {
    /// The layer of that name; a Unix socket stands where TCP does.
    pub fn layer(self) -> Layer {
        match self {
            Transport::Tcp | Transport::Unix => Layer::Tcp,
            Transport::Udp => Layer::Udp,
        }
    }

    /// The scheme of an address: `tcp`, `udp`, `unix`.
    pub fn scheme(self) -> &'static str {
        match self {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
            Transport::Unix => "unix",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_its_text() {
        for text in ["192.0.2.1:80", "[2001:db8::1]:443", "unix:/run/x", "unix:"] {
            let json = serde_json::to_string(text).unwrap();
            let endpoint: Endpoint = serde_json::from_str(&json).unwrap();
            assert_eq!(endpoint.to_string(), text);
            assert_eq!(serde_json::to_string(&endpoint).unwrap(), json);
        }
    }
}
