//! The layers, bottom up.

use serde::{Deserialize, Serialize};

/// A layer of the walk. The order of the variants is the order of the stack:
/// `Layer::Link < Layer::Http`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Carrier, interface, neighbours on the own segment.
    Link,
    /// Address, route, path, loss, MTU, rejection of a whole host or network.
    Net,
    /// Names: the resolver, the delegation, the zone.
    Dns,
    /// Refusal, reset, a filter on one port, stalls.
    Tcp,
    /// The same for datagrams.
    Udp,
    /// Handshake, certificate, plaintext where TLS was expected.
    Tls,
    /// Requests, responses, redirects, encodings, proxies.
    Http,
    /// Expectations about what came.
    Content,
}

impl Layer {
    /// Every layer, bottom up.
    pub const ALL: [Layer; 8] = [
        Layer::Link,
        Layer::Net,
        Layer::Dns,
        Layer::Tcp,
        Layer::Udp,
        Layer::Tls,
        Layer::Http,
        Layer::Content,
    ];

    /// The exit code of a check whose root lies in this layer.
    pub const fn exit_code(self) -> u8 {
        match self {
            Layer::Link => 11,
            Layer::Net => 12,
            Layer::Dns => 13,
            Layer::Tcp | Layer::Udp => 14,
            Layer::Tls => 15,
            Layer::Http => 16,
            Layer::Content => 17,
        }
    }

    /// The word that stands first in finding ids and fault names.
    pub const fn name(self) -> &'static str {
        match self {
            Layer::Link => "link",
            Layer::Net => "net",
            Layer::Dns => "dns",
            Layer::Tcp => "tcp",
            Layer::Udp => "udp",
            Layer::Tls => "tls",
            Layer::Http => "http",
            Layer::Content => "content",
        }
    }

    /// The layer with this name, if there is one.
    pub fn from_name(name: &str) -> Option<Layer> {
        Layer::ALL.into_iter().find(|layer| layer.name() == name)
    }
}

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_codes_rise() {
        let mut last_code = 0;
        for layer in Layer::ALL {
            assert_eq!(Layer::from_name(layer.name()), Some(layer));
            assert!(layer.exit_code() >= last_code);
            last_code = layer.exit_code();
        }
    }
}
