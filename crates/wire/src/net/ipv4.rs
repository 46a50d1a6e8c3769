//! IPv4, RFC 791, with DSCP and ECN (RFC 2474, RFC 3168).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-------+-------+-----------+---+-------------------------------+
//! |version|  IHL  |   DSCP    |ECN|         total length          |
//! +-------+-------+-----------+---+-+-+-+-------------------------+
//! |         identification        |0|D|M|     fragment offset     |
//! +---------------+---------------+-+-+-+-------------------------+
//! |      TTL      |   protocol    |        header checksum        |
//! +---------------+---------------+-------------------------------+
//! |                            source                             |
//! |                          destination                          |
//! |                     options (IHL > 5)                         |
//! +---------------------------------------------------------------+
//! ```

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::{Protocol, checksum};
use crate::code::code_points;
use crate::layout::{DecodeError, Layout};
use crate::wire::Wire;

/// The header without options.
const HEADER_BYTES_MIN: usize = 20;
/// IHL has four bits and counts words of four bytes.
const HEADER_BYTES_MAX: usize = 60;

/// The header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ipv4 {
    /// 4.
    pub version: u8,
    /// How to treat it: six bits.
    pub dscp: u8,
    /// Congestion on the way: two bits.
    pub ecn: u8,
    /// Header and payload, in bytes; see [`Ipv4::into_packet`].
    pub total_length: u16,
    /// What the fragments of one packet share.
    pub identification: u16,
    /// Must be zero (RFC 3514 is a joke).
    pub reserved: bool,
    /// Must not be cut into fragments.
    pub dont_fragment: bool,
    /// More fragments of the packet follow.
    pub more_fragments: bool,
    /// Where the fragment belongs, in units of 8 bytes: 13 bits.
    pub fragment_offset: u16,
    /// How many routers it may still pass.
    pub ttl: u8,
    /// What it carries.
    pub protocol: Protocol,
    /// Of the header; see [`Ipv4::into_packet`].
    pub checksum: u16,
    /// From.
    pub source: Ipv4Addr,
    /// To.
    pub destination: Ipv4Addr,
    /// The options, at most 40 bytes in all.
    pub options: Vec<Ipv4Option>,
    /// What follows [`Ipv4Option::End`]. The header is filled up with zeros to a multiple of
    /// four bytes as it is encoded.
    pub padding: Vec<u8>,
}

code_points! {
    /// The type of an option, with its copy bit and class.
    "IPv4 option", pub enum Ipv4OptionType: u8, unknown "option {}" {
        End = 0 => "end of options",
        Nop = 1 => "no operation",
        RecordRoute = 7 => "record route",
        Timestamp = 68 => "timestamp",
        Security = 130 => "security",
        LooseSourceRoute = 131 => "loose source route",
        StreamId = 136 => "stream id",
        StrictSourceRoute = 137 => "strict source route",
        RouterAlert = 148 => "router alert",
    }
}

/// An option.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Ipv4Option {
    /// Nothing more follows but padding.
    End,
    /// One byte to align what follows.
    #[default]
    Nop,
    /// A list of addresses: record route, loose or strict source route.
    Route {
        /// Which of the three.
        kind: Ipv4OptionType,
        /// Which byte of the option is next, counted from 1; 4 is the first address.
        pointer: u8,
        /// The addresses, or zeros where there is still room.
        addresses: Vec<Ipv4Addr>,
    },
    /// Routers, look at this (RFC 2113).
    RouterAlert(u16),
    /// Any other, or one that is not as its RFC wants it.
    Unknown {
        /// The option's number.
        kind: u8,
        /// What follows its length.
        data: Vec<u8>,
    },
}

impl Default for Ipv4 {
    fn default() -> Ipv4 {
        Ipv4 {
            version: 4,
            dscp: 0,
            ecn: 0,
            total_length: HEADER_BYTES_MIN as u16,
            identification: 0,
            reserved: false,
            dont_fragment: true,
            more_fragments: false,
            fragment_offset: 0,
            ttl: 64,
            protocol: Protocol::Unknown(255),
            checksum: 0,
            source: Ipv4Addr::UNSPECIFIED,
            destination: Ipv4Addr::UNSPECIFIED,
            options: Vec::new(),
            padding: Vec::new(),
        }
    }
}

impl Ipv4 {
    /// The whole packet, its length and checksum set to what is right.
    pub fn into_packet(mut self, payload: &[u8]) -> Vec<u8> {
        let header_bytes = self.encode().len();
        self.total_length = u16::try_from(header_bytes + payload.len()).unwrap_or(u16::MAX);
        self.checksum = 0;
        self.checksum = checksum::of(&self.encode());
        [self.encode(), payload.to_vec()].concat()
    }

    /// True for any fragment but the first: no header of the transport follows.
    pub fn is_later_fragment(&self) -> bool {
        self.fragment_offset > 0
    }

    /// Length of header and options when written, in bytes.
    fn header_bytes(&self) -> usize {
        let mut wire = Wire::writing();
        let _ = self.clone().lay_options(&mut wire);
        let options = wire.position_bytes().next_multiple_of(4);
        (HEADER_BYTES_MIN + options).min(HEADER_BYTES_MAX)
    }

    fn lay_options(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        wire.each_while(
            &mut self.options,
            Ipv4Option::default,
            |wire, option| wire.group("option", |wire| option.lay(wire)),
            |_, last| last != Some(&Ipv4Option::End),
        )?;
        wire.rest("padding", &mut self.padding)?
            .anomaly(self.padding.iter().any(|byte| *byte != 0), || "not zero");
        Ok(())
    }

    /// Options that cannot be told apart, kept as padding.
    fn lay_broken_options(
        &mut self,
        wire: &mut Wire<'_>,
        error: DecodeError,
    ) -> Result<(), DecodeError> {
        self.options.clear();
        wire.rest("options", &mut self.padding)?.anomaly(true, || error.to_string());
        Ok(())
    }
}

impl Layout for Ipv4 {
    const NAME: &'static str = "IPv4";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        let start = wire.position_bytes();
        let ahead = wire.ahead();
        wire.bits("version", 4, &mut self.version)?.anomaly(self.version != 4, || "not version 4");
        let mut words = if wire.is_reading() { 0 } else { (self.header_bytes() / 4) as u8 };
        wire.bits("header length", 4, &mut words)?
            .meaning(|| format!("{} bytes", usize::from(words) * 4))
            .anomaly(words < 5, || "shorter than a header is");
        let header_bytes = usize::from(words) * 4;
        if header_bytes < HEADER_BYTES_MIN {
            return Err(wire.malformed("header length", "below the 20 bytes of a header"));
        }
        wire.bits("DSCP", 6, &mut self.dscp)?.meaning_if(self.dscp == 0, || "best effort");
        wire.bits("ECN", 2, &mut self.ecn)?.meaning(|| ecn_name(self.ecn));
        wire.u16("total length", &mut self.total_length)?
            .anomaly(usize::from(self.total_length) < header_bytes, || "below the header length");
        wire.u16("identification", &mut self.identification)?;
        wire.bits("reserved", 1, &mut self.reserved)?.anomaly(self.reserved, || "must be zero");
        wire.bits("don't fragment", 1, &mut self.dont_fragment)?;
        wire.bits("more fragments", 1, &mut self.more_fragments)?;
        wire.bits("fragment offset", 13, &mut self.fragment_offset)?
            .meaning(|| format!("{} bytes", u32::from(self.fragment_offset) * 8));
        wire.u8("TTL", &mut self.ttl)?.anomaly(self.ttl == 0, || "must not be on any wire");
        wire.u8("protocol", &mut self.protocol)?;
        let right = ahead.get(..header_bytes).map(|header| checksum::of(header) == 0);
        wire.u16("header checksum", &mut self.checksum)?
            .meaning_if(right == Some(true), || "right")
            .anomaly(right == Some(false), || "wrong");
        wire.ipv4("source", &mut self.source)?
            .anomaly(self.source.is_multicast(), || "a group cannot send")
            .anomaly(self.source.is_broadcast(), || "everyone cannot send");
        wire.ipv4("destination", &mut self.destination)?;
        if header_bytes > HEADER_BYTES_MIN {
            let length = header_bytes - HEADER_BYTES_MIN;
            wire.group("options", |wire| {
                wire.region("options", length, |wire| {
                    wire.strict_or(self, Ipv4::lay_options, Ipv4::lay_broken_options)
                })
            })?;
        }
        wire.end_at(start + header_bytes);
        Ok(())
    }
}

/// RFC 3168 section 5.
pub(super) fn ecn_name(ecn: u8) -> &'static str {
    match ecn {
        0 => "not ECN-capable",
        1 => "ECN-capable (1)",
        2 => "ECN-capable (0)",
        _ => "congestion experienced",
    }
}

impl Ipv4Option {
    /// Which option it is.
    pub fn kind(&self) -> Ipv4OptionType {
        match self {
            Ipv4Option::End => Ipv4OptionType::End,
            Ipv4Option::Nop => Ipv4OptionType::Nop,
            Ipv4Option::Route { kind, .. } => *kind,
            Ipv4Option::RouterAlert(_) => Ipv4OptionType::RouterAlert,
            Ipv4Option::Unknown { kind, .. } => Ipv4OptionType::from(*kind),
        }
    }

    fn blank(kind: Ipv4OptionType) -> Ipv4Option {
        match kind {
            Ipv4OptionType::End => Ipv4Option::End,
            Ipv4OptionType::Nop => Ipv4Option::Nop,
            Ipv4OptionType::RecordRoute
            | Ipv4OptionType::LooseSourceRoute
            | Ipv4OptionType::StrictSourceRoute => {
                Ipv4Option::Route { kind, pointer: 4, addresses: Vec::new() }
            }
            Ipv4OptionType::RouterAlert => Ipv4Option::RouterAlert(0),
            _ => Ipv4Option::Unknown { kind: kind.number(), data: Vec::new() },
        }
    }

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        let mut kind = self.kind();
        wire.u8("type", &mut kind)?;
        if wire.is_reading() {
            *self = Ipv4Option::blank(kind);
        }
        if matches!(self, Ipv4Option::End | Ipv4Option::Nop) {
            return Ok(());
        }
        wire.counted("length", 1, 2, |wire| {
            wire.strict_or(self, Ipv4Option::lay_data, |option, wire, error| {
                wire.here().anomaly(true, || error.to_string());
                let mut data = Vec::new();
                wire.rest("data", &mut data)?;
                *option = Ipv4Option::Unknown { kind: kind.number(), data };
                Ok(())
            })
        })
    }

    fn lay_data(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        match self {
            Ipv4Option::End | Ipv4Option::Nop => Ok(()),
            Ipv4Option::Route { pointer, addresses, .. } => {
                wire.u8("pointer", pointer)?;
                let next = usize::from(*pointer);
                let mut at = 4;
                wire.each_of(
                    addresses,
                    || Ipv4Addr::UNSPECIFIED,
                    |wire, address| {
                        wire.ipv4("address", address)?.meaning_if(at >= next, || "still free");
                        at += 4;
                        Ok(())
                    },
                )
            }
            Ipv4Option::RouterAlert(value) => wire.u16("value", value).map(drop),
            Ipv4Option::Unknown { data, .. } => wire.rest("data", data).map(drop),
        }
    }
}
