//! ICMPv6, RFC 4443, with Neighbor Discovery, RFC 4861.

use std::net::Ipv6Addr;

use serde::{Deserialize, Serialize};

use super::checksum::Ends;
use super::icmp::EXTENDED_ECHO_CODES;
use super::{Protocol, QUOTED};
use crate::addr::Mac;
use crate::code::code_points;
use crate::layout::{DecodeError, Layout};
use crate::wire::Wire;

code_points! {
    /// The kind of a message; below 128 it tells of an error.
    "ICMPv6 type", pub enum Icmp6Type: u8, unknown "type {}" {
        Unreachable = 1 => "destination unreachable",
        PacketTooBig = 2 => "packet too big",
        TimeExceeded = 3 => "time exceeded",
        ParameterProblem = 4 => "parameter problem",
        Experiment100 = 100 => "private experiments (100)",
        Experiment101 = 101 => "private experiments (101)",
        EchoRequest = 128 => "echo request",
        EchoReply = 129 => "echo reply",
        ListenerQuery = 130 => "multicast listener query",
        ListenerReport = 131 => "multicast listener report",
        ListenerDone = 132 => "multicast listener done",
        RouterSolicitation = 133 => "router solicitation",
        RouterAdvertisement = 134 => "router advertisement",
        NeighborSolicitation = 135 => "neighbor solicitation",
        NeighborAdvertisement = 136 => "neighbor advertisement",
        Redirect = 137 => "redirect",
        RouterRenumbering = 138 => "router renumbering",
        NodeInformationQuery = 139 => "node information query",
        NodeInformationResponse = 140 => "node information response",
        InverseNeighborDiscoverySolicitation = 141 => "inverse neighbor discovery solicitation",
        InverseNeighborDiscoveryAdvertisement = 142 => "inverse neighbor discovery advertisement",
        ListenerReport2 = 143 => "multicast listener report v2",
        HomeAgentAddressDiscoveryRequest = 144 => "home agent address discovery request",
        HomeAgentAddressDiscoveryReply = 145 => "home agent address discovery reply",
        MobilePrefixSolicitation = 146 => "mobile prefix solicitation",
        MobilePrefixAdvertisement = 147 => "mobile prefix advertisement",
        CertificationPathSolicitation = 148 => "certification path solicitation",
        CertificationPathAdvertisement = 149 => "certification path advertisement",
        ExperimentalMobility = 150 => "experimental mobility",
        MulticastRouterAdvertisement = 151 => "multicast router advertisement",
        MulticastRouterSolicitation = 152 => "multicast router solicitation",
        MulticastRouterTermination = 153 => "multicast router termination",
        FastHandoversForMobileIpv6 = 154 => "fast handovers for Mobile IPv6",
        RplControl = 155 => "RPL control",
        Ilnpv6LocatorUpdate = 156 => "ILNPv6 locator update",
        DuplicateAddressRequest = 157 => "duplicate address request",
        DuplicateAddressConfirmation = 158 => "duplicate address confirmation",
        MplControl = 159 => "MPL control",
        ExtendedEchoRequest = 160 => "extended echo request",
        ExtendedEchoReply = 161 => "extended echo reply",
        Experiment200 = 200 => "private experiments (200)",
        Experiment201 = 201 => "private experiments (201)",
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Icmp6 {
    /// Which case of the type; see [`Icmp6::code_name`].
    pub code: u8,
    /// Of the message and its pseudo-header; see [`Icmp6::into_packet`].
    pub checksum: u16,
    /// What depends on the type.
    pub body: Icmp6Body,
}

/// What depends on the type of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Icmp6Body {
    /// Please answer with the same data, or the answer.
    Echo {
        /// The answer, not the question.
        reply: bool,
        /// Whose echo it is.
        id: u16,
        /// Which of them.
        sequence: u16,
        /// What comes back unchanged.
        data: Vec<u8>,
    },
    /// A packet did not arrive: types 1 to 4.
    Error {
        /// Which of the four.
        kind: Icmp6Type,
        /// The MTU of the next link in type 2, the place of the problem in type 4, else zero.
        value: u32,
        /// The beginning of the packet.
        quoted: Vec<u8>,
    },
    /// Is there a router?
    RouterSolicitation {
        /// Zero.
        reserved: u32,
        /// More about who asks.
        options: Vec<NeighborOption>,
    },
    /// Here is a router.
    RouterAdvertisement {
        /// What it suggests as hop limit; 0 is nothing.
        hop_limit: u8,
        /// Ask DHCPv6 for addresses.
        managed: bool,
        /// Ask DHCPv6 for other things.
        other: bool,
        /// Six bits: home agent, preference, proxy, reserved.
        flags: u8,
        /// For how many seconds it is a default router; 0 is not at all.
        lifetime_s: u16,
        /// How long a neighbor counts as reachable; 0 is unsaid.
        reachable_ms: u32,
        /// How long to wait between solicitations; 0 is unsaid.
        retransmit_ms: u32,
        /// Prefixes, MTU, resolvers.
        options: Vec<NeighborOption>,
    },
    /// Who has this address?
    NeighborSolicitation {
        /// Zero.
        reserved: u32,
        /// The address asked about.
        target: Ipv6Addr,
        /// More about who asks.
        options: Vec<NeighborOption>,
    },
    /// I have this address.
    NeighborAdvertisement {
        /// The sender is a router.
        router: bool,
        /// It answers a question.
        solicited: bool,
        /// What was known before is void.
        overrides: bool,
        /// Zero: 29 bits.
        reserved: u32,
        /// The address.
        target: Ipv6Addr,
        /// Its hardware address.
        options: Vec<NeighborOption>,
    },
    /// Any other.
    Unknown {
        /// The type's number.
        kind: u8,
        /// What follows the checksum.
        data: Vec<u8>,
    },
}

code_points! {
    /// The kind of an option of Neighbor Discovery.
    "neighbor discovery option", pub enum NeighborOptionType: u8, unknown "option {}" {
        SourceLinkLayer = 1 => "source link-layer address",
        TargetLinkLayer = 2 => "target link-layer address",
        Prefix = 3 => "prefix information",
        Redirected = 4 => "redirected header",
        Mtu = 5 => "MTU",
        Nonce = 14 => "nonce",
        Route = 24 => "route information",
        Resolvers = 25 => "recursive DNS server",
        SearchList = 31 => "DNS search list",
    }
}

/// An option of Neighbor Discovery: type, length in units of 8 bytes, data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NeighborOption {
    /// A hardware address: of the source, or of the target.
    LinkLayer {
        /// Whose.
        kind: NeighborOptionType,
        /// The address.
        address: Mac,
    },
    /// The MTU of the link.
    Mtu {
        /// Zero.
        reserved: u16,
        /// In bytes.
        mtu_bytes: u32,
    },
    /// A prefix of the link, RFC 4861 section 4.6.2.
    Prefix {
        /// How many bits of it count.
        length_bits: u8,
        /// The prefix is on this link.
        on_link: bool,
        /// Hosts may make addresses of it.
        autonomous: bool,
        /// Zero: six bits.
        reserved: u8,
        /// For how many seconds it is valid.
        valid_s: u32,
        /// For how many seconds to prefer it.
        preferred_s: u32,
        /// Zero.
        reserved_too: u32,
        /// The prefix.
        prefix: Ipv6Addr,
    },
    /// Any other, or one that is not as its RFC wants it. The data is filled up with zeros to a
    /// multiple of 8 bytes (the two before it included) as it is encoded.
    Unknown {
        /// The option's number.
        kind: u8,
        /// What follows its length.
        data: Vec<u8>,
    },
}

impl Default for Icmp6Body {
    fn default() -> Icmp6Body {
        Icmp6Body::Echo { reply: false, id: 0, sequence: 0, data: Vec::new() }
    }
}

impl Default for NeighborOption {
    fn default() -> NeighborOption {
        NeighborOption::Unknown { kind: 0, data: Vec::new() }
    }
}

impl Icmp6 {
    /// The type of the message.
    pub fn kind(&self) -> Icmp6Type {
        match &self.body {
            Icmp6Body::Echo { reply: false, .. } => Icmp6Type::EchoRequest,
            Icmp6Body::Echo { reply: true, .. } => Icmp6Type::EchoReply,
            Icmp6Body::Error { kind, .. } => *kind,
            Icmp6Body::RouterSolicitation { .. } => Icmp6Type::RouterSolicitation,
            Icmp6Body::RouterAdvertisement { .. } => Icmp6Type::RouterAdvertisement,
            Icmp6Body::NeighborSolicitation { .. } => Icmp6Type::NeighborSolicitation,
            Icmp6Body::NeighborAdvertisement { .. } => Icmp6Type::NeighborAdvertisement,
            Icmp6Body::Unknown { kind, .. } => Icmp6Type::from(*kind),
        }
    }

    /// What the code says within its type.
    pub fn code_name(kind: Icmp6Type, code: u8) -> Option<&'static str> {
        let names: &[&str] = match kind {
            Icmp6Type::Unreachable => &[
                "no route",
                "administratively prohibited",
                "beyond the scope of the source",
                "address unreachable",
                "port unreachable",
                "source failed a policy",
                "route rejects",
                "error in the source routing header",
                "headers too long",
            ],
            Icmp6Type::TimeExceeded => &["hop limit was used up", "a fragment was missing"],
            Icmp6Type::ParameterProblem => &PARAMETER_CODES,
            Icmp6Type::RouterRenumbering => match code {
                0 => return Some("command"),
                1 => return Some("result"),
                255 => return Some("sequence number reset"),
                _ => return None,
            },
            Icmp6Type::ExtendedEchoReply => &EXTENDED_ECHO_CODES,
            _ => return None,
        };
        names.get(usize::from(code)).copied()
    }

    /// The packet that the message tells about, or as much of it as was quoted.
    pub fn quoted(&self) -> Option<&[u8]> {
        match &self.body {
            Icmp6Body::Error { quoted, .. } => Some(quoted),
            _ => None,
        }
    }

    /// The message with its checksum set to what is right between these two.
    pub fn into_packet(mut self, source: Ipv6Addr, destination: Ipv6Addr) -> Vec<u8> {
        self.checksum = 0;
        let ends = Ends::V6 { source, destination };
        self.checksum = ends.checksum(Protocol::Icmp6, &self.encode());
        self.encode()
    }
}

/// RFC 4443 section 3.4, RFC 7112, RFC 8883 and RFC 8754.
const PARAMETER_CODES: [&str; 11] = [
    "erroneous field",
    "unknown next header",
    "unknown option",
    "incomplete header chain in the first fragment",
    "SR upper-layer header error",
    "unknown next header at an intermediate node",
    "extension header too big",
    "extension header chain too long",
    "too many extension headers",
    "too many options in an extension header",
    "option too big",
];

impl Layout for Icmp6 {
    const NAME: &'static str = "ICMPv6";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        let mut kind = self.kind();
        wire.u8("type", &mut kind)?;
        if wire.is_reading() {
            self.body = Icmp6Body::blank(kind);
        }
        wire.u8("code", &mut self.code)?;
        if let Some(name) = Icmp6::code_name(kind, self.code) {
            wire.last().meaning(|| name);
        }
        wire.u16("checksum", &mut self.checksum)?;
        self.body.lay(wire)
    }
}

impl Icmp6Body {
    fn blank(kind: Icmp6Type) -> Icmp6Body {
        let (reserved, target, options) = (0, Ipv6Addr::UNSPECIFIED, Vec::new());
        match kind {
            Icmp6Type::EchoRequest => Icmp6Body::default(),
            Icmp6Type::EchoReply => {
                Icmp6Body::Echo { reply: true, id: 0, sequence: 0, data: Vec::new() }
            }
            Icmp6Type::Unreachable
            | Icmp6Type::PacketTooBig
            | Icmp6Type::TimeExceeded
            | Icmp6Type::ParameterProblem => {
                Icmp6Body::Error { kind, value: 0, quoted: Vec::new() }
            }
            Icmp6Type::RouterSolicitation => Icmp6Body::RouterSolicitation { reserved, options },
            Icmp6Type::RouterAdvertisement => Icmp6Body::RouterAdvertisement {
                hop_limit: 0,
                managed: false,
                other: false,
                flags: 0,
                lifetime_s: 0,
                reachable_ms: 0,
                retransmit_ms: 0,
                options,
            },
            Icmp6Type::NeighborSolicitation => {
                Icmp6Body::NeighborSolicitation { reserved, target, options }
            }
            Icmp6Type::NeighborAdvertisement => Icmp6Body::NeighborAdvertisement {
                router: false,
                solicited: false,
                overrides: false,
                reserved,
                target,
                options,
            },
            _ => Icmp6Body::Unknown { kind: kind.number(), data: Vec::new() },
        }
    }

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        match self {
            Icmp6Body::Echo { id, sequence, data, .. } => {
                wire.u16("id", id)?;
                wire.u16("sequence", sequence)?;
                wire.rest("data", data).map(drop)
            }
            Icmp6Body::Error { kind, value, quoted } => {
                wire.u32(error_value_name(*kind), value)?;
                wire.rest(QUOTED, quoted).map(drop)
            }
            Icmp6Body::RouterSolicitation { reserved, options } => {
                wire.u32("reserved", reserved)?;
                lay_options(wire, options)
            }
            Icmp6Body::RouterAdvertisement { .. } => self.lay_router_advertisement(wire),
            Icmp6Body::NeighborSolicitation { reserved, target, options } => {
                wire.u32("reserved", reserved)?;
                wire.ipv6("target", target)?;
                lay_options(wire, options)
            }
            Icmp6Body::NeighborAdvertisement {
                router,
                solicited,
                overrides,
                reserved,
                target,
                options,
            } => {
                wire.bits("router", 1, router)?;
                wire.bits("solicited", 1, solicited)?;
                wire.bits("override", 1, overrides)?;
                wire.bits("reserved", 29, reserved)?;
                wire.ipv6("target", target)?;
                lay_options(wire, options)
            }
            Icmp6Body::Unknown { data, .. } => wire.rest("data", data).map(drop),
        }
    }

    fn lay_router_advertisement(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        let Icmp6Body::RouterAdvertisement {
            hop_limit,
            managed,
            other,
            flags,
            lifetime_s,
            reachable_ms,
            retransmit_ms,
            options,
        } = self
        else {
            return Ok(());
        };
        wire.u8("hop limit", hop_limit)?;
        wire.bits("managed addresses", 1, managed)?;
        wire.bits("other configuration", 1, other)?;
        wire.bits("flags", 6, flags)?;
        wire.u16("router lifetime", lifetime_s)?
            .meaning(|| if *lifetime_s == 0 { "no default router" } else { "seconds" });
        wire.u32("reachable time", reachable_ms)?.meaning(|| "milliseconds");
        wire.u32("retransmit timer", retransmit_ms)?.meaning(|| "milliseconds");
        lay_options(wire, options)
    }
}

fn error_value_name(kind: Icmp6Type) -> &'static str {
    match kind {
        Icmp6Type::PacketTooBig => "MTU",
        Icmp6Type::ParameterProblem => "pointer",
        _ => "unused",
    }
}

fn lay_options(wire: &mut Wire<'_>, options: &mut Vec<NeighborOption>) -> Result<(), DecodeError> {
    wire.each(options, |wire, option| wire.group("option", |wire| option.lay(wire)))
}

impl NeighborOption {
    /// Which option it is.
    pub fn kind(&self) -> NeighborOptionType {
        match self {
            NeighborOption::LinkLayer { kind, .. } => *kind,
            NeighborOption::Mtu { .. } => NeighborOptionType::Mtu,
            NeighborOption::Prefix { .. } => NeighborOptionType::Prefix,
            NeighborOption::Unknown { kind, .. } => NeighborOptionType::from(*kind),
        }
    }

    /// In units of 8 bytes, type and length included.
    fn units(&self) -> u8 {
        match self {
            NeighborOption::LinkLayer { .. } | NeighborOption::Mtu { .. } => 1,
            NeighborOption::Prefix { .. } => 4,
            NeighborOption::Unknown { data, .. } => (data.len() + 2).div_ceil(8).min(255) as u8,
        }
    }

    fn blank(kind: NeighborOptionType, units: u8) -> NeighborOption {
        match (kind, units) {
            (NeighborOptionType::SourceLinkLayer | NeighborOptionType::TargetLinkLayer, 1) => {
                NeighborOption::LinkLayer { kind, address: Mac::ZERO }
            }
            (NeighborOptionType::Mtu, 1) => NeighborOption::Mtu { reserved: 0, mtu_bytes: 0 },
            (NeighborOptionType::Prefix, 4) => NeighborOption::Prefix {
                length_bits: 64,
                on_link: false,
                autonomous: false,
                reserved: 0,
                valid_s: 0,
                preferred_s: 0,
                reserved_too: 0,
                prefix: Ipv6Addr::UNSPECIFIED,
            },
            _ => NeighborOption::Unknown { kind: kind.number(), data: Vec::new() },
        }
    }

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        let start = wire.position_bytes();
        let (mut kind, mut units) = (self.kind(), self.units());
        wire.u8("type", &mut kind)?;
        wire.u8("length", &mut units)?
            .meaning(|| format!("{} bytes", u32::from(units) * 8))
            .anomaly(units == 0, || "must not be 0, RFC 4861 section 4.6");
        if wire.is_reading() {
            *self = NeighborOption::blank(kind, units);
        }
        let Some(data_bytes) = (usize::from(units) * 8).checked_sub(2) else {
            return Err(wire.malformed("length", "an option of no length"));
        };
        wire.region("option", data_bytes, |wire| self.lay_data(wire))?;
        wire.end_at(start + 2 + data_bytes);
        Ok(())
    }

    fn lay_data(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        match self {
            NeighborOption::LinkLayer { address, .. } => {
                wire.address("address", address, Mac::octets)?;
            }
            NeighborOption::Mtu { reserved, mtu_bytes } => {
                wire.u16("reserved", reserved)?;
                wire.u32("MTU", mtu_bytes)?.meaning(|| "bytes");
            }
            NeighborOption::Prefix {
                length_bits,
                on_link,
                autonomous,
                reserved,
                valid_s,
                preferred_s,
                reserved_too,
                prefix,
            } => {
                wire.u8("prefix length", length_bits)?
                    .anomaly(*length_bits > 128, || "more bits than an address has");
                wire.bits("on link", 1, on_link)?;
                wire.bits("autonomous", 1, autonomous)?;
                wire.bits("reserved", 6, reserved)?;
                wire.u32("valid lifetime", valid_s)?.meaning(|| "seconds");
                wire.u32("preferred lifetime", preferred_s)?.meaning(|| "seconds");
                wire.u32("reserved", reserved_too)?;
                wire.ipv6("prefix", prefix)?;
            }
            NeighborOption::Unknown { data, .. } => {
                wire.rest("data", data)?;
            }
        }
        Ok(())
    }
}
