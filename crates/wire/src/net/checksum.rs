//! The Internet checksum, RFC 1071: the complement of the sum of 16-bit words in one's
//! complement. It is 0 over bytes that hold their own right checksum.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Protocol;

/// A sum that grows part by part.
#[derive(Debug, Clone, Copy, Default)]
pub struct Checksum {
    sum: u64,
    odd: bool,
}

impl Checksum {
    /// The sum of nothing.
    pub fn new() -> Checksum {
        Checksum::default()
    }

    /// The sum with `bytes` after what came before.
    #[must_use]
    pub fn with(mut self, bytes: &[u8]) -> Checksum {
        let mut rest = bytes;
        if self.odd && !rest.is_empty() {
            self.sum += u64::from(rest[0]);
            self.odd = false;
            rest = &rest[1..];
        }
        let mut words = rest.chunks_exact(2);
        self.sum += words
            .by_ref()
            .map(|word| u64::from(u16::from_be_bytes([word[0], word[1]])))
            .sum::<u64>();
        if let [last] = words.remainder() {
            self.sum += u64::from(*last) << 8;
            self.odd = true;
        }
        self
    }

    /// The checksum. 0 says that bytes which hold their own checksum are as they were sent.
    pub fn finish(self) -> u16 {
        let mut sum = self.sum;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !(sum as u16)
    }
}

/// The checksum of `bytes` alone: IPv4 headers, ICMP.
pub fn of(bytes: &[u8]) -> u16 {
    Checksum::new().with(bytes).finish()
}

/// Between whom a packet travels: what TCP, UDP and ICMPv6 sum before their own bytes, so that
/// a packet that strayed is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// RFC 9293 section 3.1.
    V4 {
        /// From.
        source: Ipv4Addr,
        /// To.
        destination: Ipv4Addr,
    },
    /// RFC 8200 section 8.1.
    V6 {
        /// From.
        source: Ipv6Addr,
        /// To; the last hop of a routing header, where there is one.
        destination: Ipv6Addr,
    },
}

impl Ends {
    /// The ends of a packet; `None` when they are of two families.
    pub fn new(source: IpAddr, destination: IpAddr) -> Option<Ends> {
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => Some(Ends::V4 { source, destination }),
            (IpAddr::V6(source), IpAddr::V6(destination)) => Some(Ends::V6 { source, destination }),
            _ => None,
        }
    }

    /// The sum of the pseudo-header for `length_bytes` of `protocol`.
    pub fn pseudo_header(&self, protocol: Protocol, length_bytes: usize) -> Checksum {
        let length = (length_bytes as u32).to_be_bytes();
        let tail = [0, 0, 0, protocol.number()];
        match self {
            Ends::V4 { source, destination } => {
                Checksum::new().with(&source.octets()).with(&destination.octets())
            }
            Ends::V6 { source, destination } => {
                Checksum::new().with(&source.octets()).with(&destination.octets())
            }
        }
        .with(&length)
        .with(&tail)
    }

    /// The checksum of `segment` (header and payload) with its pseudo-header.
    pub fn checksum(&self, protocol: Protocol, segment: &[u8]) -> u16 {
        self.pseudo_header(protocol, segment.len()).with(segment).finish()
    }
}
