//! IPv6 and its extension headers, RFC 8200.
//!
//! ```text
//! +-------+---------------+---------------------------------------+
//! |version| traffic class |              flow label               |
//! +-------+---------------+-------+---------------+---------------+
//! |        payload length         |  next header  |   hop limit   |
//! +-------------------------------+---------------+---------------+
//! |                       source, 16 bytes                        |
//! |                    destination, 16 bytes                      |
//! +---------------------------------------------------------------+
//! ```

use std::net::Ipv6Addr;

use serde::{Deserialize, Serialize};

use super::Protocol;
use super::ipv4::ecn_name;
use crate::layout::{DecodeError, Layout};
use crate::wire::Wire;

/// The header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ipv6 {
    /// 6.
    pub version: u8,
    /// How to treat it: six bits.
    pub dscp: u8,
    /// Congestion on the way: two bits.
    pub ecn: u8,
    /// What the packets of one flow share: 20 bits (RFC 6437).
    pub flow_label: u32,
    /// All that follows this header, in bytes; see [`Ipv6::into_packet`].
    pub payload_length: u16,
    /// What it carries.
    pub next_header: Protocol,
    /// How many routers it may still pass.
    pub hop_limit: u8,
    /// From.
    pub source: Ipv6Addr,
    /// To.
    pub destination: Ipv6Addr,
}

impl Default for Ipv6 {
    fn default() -> Ipv6 {
        Ipv6 {
            version: 6,
            dscp: 0,
            ecn: 0,
            flow_label: 0,
            payload_length: 0,
            next_header: Protocol::NoNext,
            hop_limit: 64,
            source: Ipv6Addr::UNSPECIFIED,
            destination: Ipv6Addr::UNSPECIFIED,
        }
    }
}

impl Ipv6 {
    /// The whole packet, its length set to what is right.
    pub fn into_packet(mut self, payload: &[u8]) -> Vec<u8> {
        self.payload_length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
        [self.encode(), payload.to_vec()].concat()
    }
}

impl Layout for Ipv6 {
    const NAME: &'static str = "IPv6";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        wire.bits("version", 4, &mut self.version)?.anomaly(self.version != 6, || "not version 6");
        wire.bits("DSCP", 6, &mut self.dscp)?.meaning_if(self.dscp == 0, || "best effort");
        wire.bits("ECN", 2, &mut self.ecn)?.meaning(|| ecn_name(self.ecn));
        wire.bits("flow label", 20, &mut self.flow_label)?;
        wire.u16("payload length", &mut self.payload_length)?;
        wire.u8("next header", &mut self.next_header)?;
        wire.u8("hop limit", &mut self.hop_limit)?
            .anomaly(self.hop_limit == 0, || "must not be on any wire");
        wire.ipv6("source", &mut self.source)?
            .anomaly(self.source.is_multicast(), || "a group cannot send");
        wire.ipv6("destination", &mut self.destination)?;
        Ok(())
    }
}

/// A header of options or of routing: next header, length in units of 8 bytes beyond the first
/// 8, data (RFC 8200 sections 4.3, 4.4 and 4.6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ipv6Extension {
    /// What follows.
    pub next_header: Protocol,
    /// What stands after the length. Filled up with zeros to a multiple of 8 bytes (the two
    /// before it included) as it is encoded.
    pub data: Vec<u8>,
}

impl Default for Ipv6Extension {
    fn default() -> Ipv6Extension {
        Ipv6Extension { next_header: Protocol::NoNext, data: vec![0; 6] }
    }
}

impl Layout for Ipv6Extension {
    const NAME: &'static str = "IPv6 extension";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        wire.u8("next header", &mut self.next_header)?;
        let start = wire.position_bytes() - 1;
        let written_bytes = (2 + self.data.len()).next_multiple_of(8).min(256 * 8);
        let mut units = (written_bytes / 8 - 1) as u8;
        wire.u8("length", &mut units)?
            .meaning(|| format!("{} bytes", (usize::from(units) + 1) * 8));
        let end = (usize::from(units) + 1) * 8;
        wire.bytes("data", end - 2, &mut self.data)?;
        wire.end_at(start + end);
        Ok(())
    }
}

/// The fragment header, RFC 8200 section 4.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ipv6Fragment {
    /// What the whole packet carries.
    pub next_header: Protocol,
    /// Zero.
    pub reserved: u8,
    /// Where the fragment belongs, in units of 8 bytes: 13 bits.
    pub offset: u16,
    /// Zero: two bits.
    pub reserved_bits: u8,
    /// More fragments of the packet follow.
    pub more: bool,
    /// What the fragments of one packet share.
    pub identification: u32,
}

impl Default for Ipv6Fragment {
    fn default() -> Ipv6Fragment {
        Ipv6Fragment {
            next_header: Protocol::NoNext,
            reserved: 0,
            offset: 0,
            reserved_bits: 0,
            more: false,
            identification: 0,
        }
    }
}

impl Layout for Ipv6Fragment {
    const NAME: &'static str = "IPv6 fragment";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        wire.u8("next header", &mut self.next_header)?;
        wire.u8("reserved", &mut self.reserved)?;
        wire.bits("fragment offset", 13, &mut self.offset)?
            .meaning(|| format!("{} bytes", u32::from(self.offset) * 8));
        wire.bits("reserved", 2, &mut self.reserved_bits)?;
        wire.bits("more fragments", 1, &mut self.more)?;
        wire.u32("identification", &mut self.identification)?;
        Ok(())
    }
}
