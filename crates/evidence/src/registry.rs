//! The closed list of finding ids, each with its page.
//!
//! Adding a finding: one line here and one file `findings/<id>.md`. An id,
//! once released, is never renamed.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Layer;

macro_rules! registry {
    ($($variant:ident = $id:literal,)*) => {
        /// The id of a finding: `layer.subject.cause`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FindingId { $(#[doc = $id] $variant,)* }

        impl FindingId {
            /// Every id, bottom layer first.
            pub const ALL: &[FindingId] = &[$(FindingId::$variant,)*];

            /// The id as users see it.
            pub const fn as_str(self) -> &'static str {
                match self { $(FindingId::$variant => $id,)* }
            }

            const fn source(self) -> &'static str {
                match self {
                    $(FindingId::$variant => include_str!(concat!("../findings/", $id, ".md")),)*
                }
            }
        }
    };
}

registry! {
    LinkInterfaceDown = "link.interface.down",
    LinkCarrierLost = "link.carrier.lost",
    LinkGatewaySilent = "link.gateway.silent",
    LinkNeighbourSilent = "link.neighbour.silent",

    NetAddressMissing = "net.address.missing",
    NetRouteMissing = "net.route.missing",
    NetRouteLocalReject = "net.route.local-reject",
    NetGatewayNotForwarding = "net.gateway.not-forwarding",
    NetHostUnreachable = "net.host.unreachable",
    NetRouteUnreachable = "net.route.unreachable",
    NetRouteProhibited = "net.route.prohibited",
    NetRouteBlackhole = "net.route.blackhole",
    NetRouteLoop = "net.route.loop",
    NetReturnRouteMissing = "net.return-route.missing",
    NetReturnPathAsymmetric = "net.return-path.asymmetric",
    NetHostFiltered = "net.host.filtered",
    NetHostRejected = "net.host.rejected",
    NetPathSilent = "net.path.silent",
    NetPathLossy = "net.path.lossy",
    NetMtuBlackhole = "net.mtu.blackhole",
    NetMtuReduced = "net.mtu.reduced",
    NetIpv6Broken = "net.ipv6.broken",
    NetIpv6Unavailable = "net.ipv6.unavailable",
    NetIpv4Broken = "net.ipv4.broken",
    NetIpv4Unavailable = "net.ipv4.unavailable",

    DnsNameInvalid = "dns.name.invalid",
    DnsNameNonexistent = "dns.name.nonexistent",
    DnsNameNoAddress = "dns.name.no-address",
    DnsAnswerUnusable = "dns.answer.unusable",
    DnsCnameDangling = "dns.cname.dangling",
    DnsCnameLoop = "dns.cname.loop",
    DnsResolverNone = "dns.resolver.none",
    DnsResolverSilent = "dns.resolver.silent",
    DnsResolverPortClosed = "dns.resolver.port-closed",
    DnsResolverUdpBlocked = "dns.resolver.udp-blocked",
    DnsResolverServfail = "dns.resolver.servfail",
    DnsResolverRefuses = "dns.resolver.refuses",
    DnsResolverMalformed = "dns.resolver.malformed",
    DnsResolverSlow = "dns.resolver.slow",
    DnsResolverRejected = "dns.resolver.rejected",
    DnsResolverError = "dns.resolver.error",
    DnsResolverAaaaDropped = "dns.resolver.aaaa-dropped",
    DnsTcpBlocked = "dns.tcp.blocked",
    DnsDelegationLame = "dns.delegation.lame",
    DnsAuthoritySilent = "dns.authority.silent",
    DnsAuthoritySlow = "dns.authority.slow",
    DnsDnssecBogus = "dns.dnssec.bogus",
    DnsHostsOverride = "dns.hosts.override",
    DnsSystemDisagrees = "dns.system.disagrees",

    TcpConnectRefused = "tcp.connect.refused",
    TcpPortClosed = "tcp.port.closed",
    TcpResetFirewall = "tcp.reset.firewall",
    TcpRejectedPortUnreachable = "tcp.rejected.port-unreachable",
    TcpRejectedAdminProhibited = "tcp.rejected.admin-prohibited",
    TcpRejectedHostUnreachable = "tcp.rejected.host-unreachable",
    TcpPortSilent = "tcp.port.silent",
    TcpSynFiltered = "tcp.syn.filtered",
    TcpSynAckFiltered = "tcp.syn-ack.filtered",
    TcpBacklogFull = "tcp.backlog.full",
    TcpAddressDead = "tcp.address.dead",
    TcpResetAfterAccept = "tcp.reset.after-accept",
    TcpClosedAfterAccept = "tcp.closed.after-accept",
    TcpPayloadDropped = "tcp.payload.dropped",
    TcpStalled = "tcp.stalled.mid-stream",
    TcpLocalFirewall = "tcp.local.firewall",
    TcpLocalExhausted = "tcp.local.exhausted",

    UdpPortUnreachable = "udp.port.unreachable",

    TlsCertExpired = "tls.cert.expired",
    TlsCertNotYetValid = "tls.cert.not-yet-valid",
    TlsCertWrongName = "tls.cert.wrong-name",
    TlsCertSelfSigned = "tls.cert.self-signed",
    TlsCertUnknownRoot = "tls.cert.unknown-root",
    TlsCertMissingIntermediate = "tls.cert.missing-intermediate",
    TlsCertUntrusted = "tls.cert.untrusted",
    TlsCertWrongPurpose = "tls.cert.wrong-purpose",
    TlsCertExpiresSoon = "tls.cert.expires-soon",
    TlsServerPlaintext = "tls.server.plaintext",
    TlsVersionTooOld = "tls.version.too-old",
    TlsCipherMismatch = "tls.cipher.mismatch",
    TlsClientCertRequired = "tls.client-cert.required",
    TlsNameUnrecognized = "tls.name.unrecognized",
    TlsHelloDropped = "tls.hello.dropped",
    TlsHelloBigDropped = "tls.hello.big-dropped",
    TlsHelloNameFiltered = "tls.hello.name-filtered",
    TlsHandshakeSilent = "tls.handshake.silent",
    TlsHandshakeCut = "tls.handshake.cut",
    TlsAlert = "tls.alert.received",
    TlsProtocolError = "tls.protocol.error",

    HttpStatusClientError = "http.status.client-error",
    HttpStatusServerError = "http.status.server-error",
    HttpStatusGatewayError = "http.status.gateway-error",
    HttpRedirectLoop = "http.redirect.loop",
    HttpRedirectTooMany = "http.redirect.too-many",
    HttpRedirectDeadName = "http.redirect.dead-name",
    HttpRedirectInvalid = "http.redirect.invalid",
    HttpResponseSilent = "http.response.silent",
    HttpResponseSlow = "http.response.slow",
    HttpResponseEmpty = "http.response.empty",
    HttpResponseReset = "http.response.reset",
    HttpResponseNotHttp = "http.response.not-http",
    HttpProtocolError = "http.protocol.error",
    HttpBodyTruncated = "http.body.truncated",
    HttpBodyStalled = "http.body.stalled",
    HttpEncodingCorrupt = "http.encoding.corrupt",
    HttpToTlsPort = "http.port.expects-tls",
    HttpProxyUnreachable = "http.proxy.unreachable",
    HttpProxyRefused = "http.proxy.refused",
    HttpProxyUsed = "http.proxy.used",
}

impl FindingId {
    /// The layer that the id begins with.
    pub fn layer(self) -> Layer {
        let head = self.as_str().split('.').next().unwrap_or_default();
        Layer::from_name(head).unwrap_or(Layer::Content)
    }

    /// The finding with this id, if there is one.
    pub fn from_id(id: &str) -> Option<FindingId> {
        FindingId::ALL.iter().copied().find(|known| known.as_str() == id)
    }

    /// The page of this finding.
    pub fn page(self) -> Page {
        Page::parse(self.source())
    }
}

impl std::fmt::Display for FindingId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for FindingId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for FindingId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let id = String::deserialize(d)?;
        FindingId::from_id(&id)
            .ok_or_else(|| serde::de::Error::custom(format!("no finding has the id {id:?}")))
    }
}

/// A finding's page: a title, a few facts, and the text in Markdown.
///
/// The file begins with `key: value` lines (`title`, `nel`, `curl`, `fault`),
/// then a blank line, then the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// One line: what is so.
    pub title: &'static str,
    /// The type of W3C Network Error Logging that fits, if one does.
    pub nel: Option<&'static str>,
    /// The exit code of curl that users meet with this, if one fits.
    pub curl: Option<&'static str>,
    /// The fault with which `lab break` reproduces it, if there is one.
    pub fault: Option<&'static str>,
    /// What it means, how it looks on the wire, what to do, how to reproduce.
    pub text: &'static str,
}

impl Page {
    fn parse(source: &'static str) -> Page {
        let (head, text) = source.split_once("\n\n").unwrap_or((source, ""));
        let value = |key: &str| {
            head.lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))
                .map(str::trim)
                .filter(|value| !value.is_empty())
        };
        Page {
            title: value("title").unwrap_or_default(),
            nel: value("nel"),
            curl: value("curl"),
            fault: value("fault"),
            text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_has_the_form_and_a_page() {
        for &id in FindingId::ALL {
            let parts: Vec<&str> = id.as_str().split('.').collect();
            assert_eq!(parts.len(), 3, "{id}");
            assert!(Layer::from_name(parts[0]).is_some(), "{id}");
            for part in parts {
                assert!(
                    part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                    "{id}"
                );
            }
            assert!(!id.page().title.is_empty(), "{id} has no title");
            assert_eq!(FindingId::from_id(id.as_str()), Some(id));
        }
    }

    #[test]
    fn ids_stand_bottom_layer_first() {
        assert!(FindingId::ALL.windows(2).all(|pair| pair[0].layer() <= pair[1].layer()));
    }
}
