//! ICMP, RFC 792: what became of a packet, and echo.
//!
//! ```text
//! +------+------+----------+
//! | type | code | checksum |
//! | 1    | 1    | 2        |
//! +------+------+----------+
//! | 4 bytes that depend on the type: id and sequence, next-hop MTU, gateway, pointer |
//! | the packet that is told about, or echo data |
//! +-------------------------------------------- +
//! ```

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::checksum;
use crate::code::code_points;
use crate::layout::{DecodeError, Layout};
use crate::wire::Wire;

code_points! {
    /// The kind of a message.
    "ICMP type", pub enum IcmpType: u8, unknown "type {}" {
        EchoReply = 0 => "echo reply",
        Unreachable = 3 => "destination unreachable",
        SourceQuench = 4 => "source quench",
        Redirect = 5 => "redirect",
        AlternateHostAddress = 6 => "alternate host address",
        EchoRequest = 8 => "echo request",
        RouterAdvertisement = 9 => "router advertisement",
        RouterSolicitation = 10 => "router solicitation",
        TimeExceeded = 11 => "time exceeded",
        ParameterProblem = 12 => "parameter problem",
        TimestampRequest = 13 => "timestamp request",
        TimestampReply = 14 => "timestamp reply",
        InformationRequest = 15 => "information request",
        InformationReply = 16 => "information reply",
        AddressMaskRequest = 17 => "address mask request",
        AddressMaskReply = 18 => "address mask reply",
        Traceroute = 30 => "traceroute",
        ConversionError = 31 => "datagram conversion error",
        MobileHostRedirect = 32 => "mobile host redirect",
        WhereAreYou = 33 => "IPv6 where-are-you",
        IAmHere = 34 => "IPv6 I-am-here",
        MobileRegistrationRequest = 35 => "mobile registration request",
        MobileRegistrationReply = 36 => "mobile registration reply",
        DomainNameRequest = 37 => "domain name request",
        DomainNameReply = 38 => "domain name reply",
        Skip = 39 => "SKIP",
        Photuris = 40 => "Photuris",
        ExperimentalMobility = 41 => "experimental mobility",
        ExtendedEchoRequest = 42 => "extended echo request",
        ExtendedEchoReply = 43 => "extended echo reply",
        Experiment253 = 253 => "experiments (253)",
        Experiment254 = 254 => "experiments (254)",
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Icmp {
    /// Which case of the type; see [`Icmp::code_name`].
    pub code: u8,
    /// Of the whole message; see [`Icmp::into_packet`].
    pub checksum: u16,
    /// What depends on the type.
    pub body: IcmpBody,
}

/// What depends on the type of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum IcmpBody {
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
    /// The packet did not arrive: [`IcmpType::Unreachable`].
    Unreachable {
        /// Zero.
        unused: u8,
        /// How many 32-bit words of the packet are quoted when extensions follow (RFC 4884).
        quoted_words: u8,
        /// In code 4, the MTU of the link that the packet did not fit (RFC 1191).
        next_hop_mtu: u16,
        /// The beginning of the packet.
        quoted: Vec<u8>,
    },
    /// The packet was discarded on its way: [`IcmpType::TimeExceeded`].
    TimeExceeded {
        /// Zero.
        unused: u8,
        /// As in `Unreachable`.
        quoted_words: u8,
        /// Zero.
        unused_too: u16,
        /// The beginning of the packet.
        quoted: Vec<u8>,
    },
    /// There is a shorter way: [`IcmpType::Redirect`].
    Redirect {
        /// Over this router.
        gateway: Ipv4Addr,
        /// The beginning of the packet.
        quoted: Vec<u8>,
    },
    /// The packet's header is wrong: [`IcmpType::ParameterProblem`].
    ParameterProblem {
        /// At which byte.
        pointer: u8,
        /// As in `Unreachable`.
        quoted_words: u8,
        /// Zero.
        unused: u16,
        /// The beginning of the packet.
        quoted: Vec<u8>,
    },
    /// Any other.
    Unknown {
        /// The type's number.
        kind: u8,
        /// What follows the checksum.
        data: Vec<u8>,
    },
}

impl Default for IcmpBody {
    fn default() -> IcmpBody {
        IcmpBody::Echo { reply: false, id: 0, sequence: 0, data: Vec::new() }
    }
}

impl Icmp {
    /// The type of the message.
    pub fn kind(&self) -> IcmpType {
        match &self.body {
            IcmpBody::Echo { reply: false, .. } => IcmpType::EchoRequest,
            IcmpBody::Echo { reply: true, .. } => IcmpType::EchoReply,
            IcmpBody::Unreachable { .. } => IcmpType::Unreachable,
            IcmpBody::TimeExceeded { .. } => IcmpType::TimeExceeded,
            IcmpBody::Redirect { .. } => IcmpType::Redirect,
            IcmpBody::ParameterProblem { .. } => IcmpType::ParameterProblem,
            IcmpBody::Unknown { kind, .. } => IcmpType::from(*kind),
        }
    }

    /// What the code says within its type.
    pub fn code_name(kind: IcmpType, code: u8) -> Option<&'static str> {
        let names: &[&str] = match kind {
            IcmpType::Unreachable => &UNREACHABLE_CODES,
            IcmpType::Redirect => &[
                "for the network",
                "for the host",
                "for the service and network",
                "for the service and host",
            ],
            IcmpType::RouterAdvertisement => match code {
                0 => return Some("for all traffic"),
                16 => return Some("not for common traffic"),
                _ => return None,
            },
            IcmpType::ExtendedEchoReply => &EXTENDED_ECHO_CODES,
            IcmpType::TimeExceeded => &["TTL was used up", "a fragment was missing"],
            IcmpType::ParameterProblem => &["at the pointer", "an option is missing", "bad length"],
            _ => return None,
        };
        names.get(usize::from(code)).copied()
    }

    /// The packet that the message tells about, or as much of it as was quoted.
    pub fn quoted(&self) -> Option<&[u8]> {
        match &self.body {
            IcmpBody::Unreachable { quoted, .. }
            | IcmpBody::TimeExceeded { quoted, .. }
            | IcmpBody::Redirect { quoted, .. }
            | IcmpBody::ParameterProblem { quoted, .. } => Some(quoted),
            _ => None,
        }
    }

    /// The message with its checksum set to what is right.
    pub fn into_packet(mut self) -> Vec<u8> {
        self.checksum = 0;
        self.checksum = checksum::of(&self.encode());
        self.encode()
    }
}

/// RFC 8335 section 3; the same in ICMPv6.
pub(super) const EXTENDED_ECHO_CODES: [&str; 5] = [
    "no error",
    "malformed query",
    "no such interface",
    "no such table entry",
    "several interfaces fit",
];

const UNREACHABLE_CODES: [&str; 16] = [
    "network unreachable",
    "host unreachable",
    "protocol unreachable",
    "port unreachable",
    "fragmentation needed, but forbidden",
    "source route failed",
    "network unknown",
    "host unknown",
    "source host isolated",
    "network administratively prohibited",
    "host administratively prohibited",
    "network unreachable for this service",
    "host unreachable for this service",
    "communication administratively prohibited",
    "host precedence violation",
    "precedence cutoff",
];

impl Layout for Icmp {
    const NAME: &'static str = "ICMP";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        let mut kind = self.kind();
        wire.u8("type", &mut kind)?;
        if wire.is_reading() {
            self.body = IcmpBody::blank(kind);
        }
        wire.u8("code", &mut self.code)?;
        if let Some(name) = Icmp::code_name(kind, self.code) {
            wire.last().meaning(|| name);
        }
        wire.u16("checksum", &mut self.checksum)?;
        self.body.lay(wire, self.code)
    }
}

impl IcmpBody {
    fn blank(kind: IcmpType) -> IcmpBody {
        let (unused, quoted_words, quoted) = (0, 0, Vec::new());
        match kind {
            IcmpType::EchoRequest => IcmpBody::default(),
            IcmpType::EchoReply => {
                IcmpBody::Echo { reply: true, id: 0, sequence: 0, data: Vec::new() }
            }
            IcmpType::Unreachable => {
                IcmpBody::Unreachable { unused, quoted_words, next_hop_mtu: 0, quoted }
            }
            IcmpType::TimeExceeded => {
                IcmpBody::TimeExceeded { unused, quoted_words, unused_too: 0, quoted }
            }
            IcmpType::Redirect => IcmpBody::Redirect { gateway: Ipv4Addr::UNSPECIFIED, quoted },
            IcmpType::ParameterProblem => {
                IcmpBody::ParameterProblem { pointer: 0, quoted_words, unused: 0, quoted }
            }
            _ => IcmpBody::Unknown { kind: kind.number(), data: Vec::new() },
        }
    }

    fn lay(&mut self, wire: &mut Wire<'_>, code: u8) -> Result<(), DecodeError> {
        match self {
            IcmpBody::Echo { id, sequence, data, .. } => {
                wire.u16("id", id)?;
                wire.u16("sequence", sequence)?;
                wire.rest("data", data).map(drop)
            }
            IcmpBody::Unreachable { unused, quoted_words, next_hop_mtu, quoted } => {
                wire.u8("unused", unused)?;
                lay_quoted_words(wire, quoted_words)?;
                wire.u16("next-hop MTU", next_hop_mtu)?
                    .meaning_if(code == 4, || format!("{next_hop_mtu} bytes fit"))
                    .anomaly(
                        code == 4 && *next_hop_mtu == 0,
                        || "0: a router from before RFC 1191",
                    );
                lay_quoted(wire, quoted)
            }
            IcmpBody::TimeExceeded { unused, quoted_words, unused_too, quoted } => {
                wire.u8("unused", unused)?;
                lay_quoted_words(wire, quoted_words)?;
                wire.u16("unused", unused_too)?;
                lay_quoted(wire, quoted)
            }
            IcmpBody::Redirect { gateway, quoted } => {
                wire.ipv4("gateway", gateway)?;
                lay_quoted(wire, quoted)
            }
            IcmpBody::ParameterProblem { pointer, quoted_words, unused, quoted } => {
                wire.u8("pointer", pointer)?;
                lay_quoted_words(wire, quoted_words)?;
                wire.u16("unused", unused)?;
                lay_quoted(wire, quoted)
            }
            IcmpBody::Unknown { data, .. } => wire.rest("data", data).map(drop),
        }
    }
}

fn lay_quoted_words(wire: &mut Wire<'_>, words: &mut u8) -> Result<(), DecodeError> {
    wire.u8("length of the quoted packet", words)?
        .meaning_if(*words > 0, || format!("{} bytes, then extensions", u32::from(*words) * 4));
    Ok(())
}

/// The name under which the stack finds the quoted packet.
pub(crate) const QUOTED: &str = "quoted packet";

fn lay_quoted(wire: &mut Wire<'_>, quoted: &mut Vec<u8>) -> Result<(), DecodeError> {
    wire.rest(QUOTED, quoted).map(drop)
}
