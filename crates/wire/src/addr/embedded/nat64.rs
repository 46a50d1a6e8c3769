//! IPv4 addresses within IPv6 ones for translators, RFC 6052.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::Ipv6Net;

use super::{Embedded, KnownBy};

/// The lengths that a translator's prefix may have, RFC 6052 section 2.2.
pub const NAT64_LENGTHS: [u8; 6] = [32, 40, 48, 56, 64, 96];

/// `64:ff9b::`, whose length is 96.
const WELL_KNOWN: u128 = 0x0064_ff9b << 96;
/// `64:ff9b:1::`, whose length is 48, and from which networks take theirs.
const LOCAL_USE: u128 = 0x0064_ff9b_0001 << 80;
/// Bits 64 to 71, which are zero in every prefix and address.
const RESERVED_OCTET: u128 = 0xff << 56;

/// The prefix of a translator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nat64Prefix(Ipv6Net);

/// A network that can be no translator's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Nat64Error {
    /// Its length is none of [`NAT64_LENGTHS`].
    #[error(
        "a translator's prefix is 32, 40, 48, 56, 64 or 96 bits long, not {0} (RFC 6052 section 2.2)"
    )]
    Length(u8),
    /// Bits 64 to 71 are not zero.
    #[error("bits 64 to 71 of a translator's prefix are zero (RFC 6052 section 2.2)")]
    ReservedOctet,
}

impl TryFrom<Ipv6Net> for Nat64Prefix {
    type Error = Nat64Error;

    fn try_from(net: Ipv6Net) -> Result<Nat64Prefix, Nat64Error> {
        if !NAT64_LENGTHS.contains(&net.prefix_len()) {
            return Err(Nat64Error::Length(net.prefix_len()));
        }
        if net.network().to_bits() & RESERVED_OCTET != 0 {
            return Err(Nat64Error::ReservedOctet);
        }
        Ok(Nat64Prefix(net.trunc()))
    }
}

impl fmt::Display for Nat64Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Nat64Prefix {
    /// The prefix that every network may use, and that must not stand for IPv4 addresses that are
    /// not globally reachable (RFC 6052 section 3.1).
    pub fn well_known() -> Nat64Prefix {
        Nat64Prefix(net(Ipv6Addr::from_bits(WELL_KNOWN), 96))
    }

    /// The network.
    pub fn net(&self) -> Ipv6Net {
        self.0
    }

    /// The address that stands for an IPv4 host.
    ///
    /// ```
    /// use plumb_wire::addr::embedded::Nat64Prefix;
    /// let address = Nat64Prefix::well_known().embed([192, 0, 2, 33].into());
    /// assert_eq!(address.to_string(), "64:ff9b::c000:221");
    /// ```
    pub fn embed(&self, ipv4: Ipv4Addr) -> Ipv6Addr {
        let mut octets = self.0.network().octets();
        for (at, octet) in self.places().into_iter().zip(ipv4.octets()) {
            octets[at] = octet;
        }
        octets.into()
    }

    /// The IPv4 host that an address stands for. The bits behind it do not matter (section 2.3).
    pub fn extract(&self, address: Ipv6Addr) -> Option<Ipv4Addr> {
        let octets = address.octets();
        if !self.0.contains(&address) || octets[8] != 0 {
            return None;
        }
        Some(self.places().map(|at| octets[at]).into())
    }

    /// Where the four octets stand: behind the prefix, the octet 8 left out.
    fn places(&self) -> [usize; 4] {
        let start = usize::from(self.0.prefix_len() / 8);
        [0, 1, 2, 3].map(|i| {
            let at = start + i;
            if start < 12 && at >= 8 { at + 1 } else { at }
        })
    }
}

/// The network around an address. The length is at most 128.
pub(super) fn net(address: Ipv6Addr, length: u8) -> Ipv6Net {
    Ipv6Net::new(address, length).map_or_else(|_| Ipv6Net::from(address), |net| net.trunc())
}

/// By the prefixes that are known. In the space for local use the length is not; those are named
/// that leave a host and zeros behind it, the longest first.
pub(super) fn of(address: Ipv6Addr, given: &[Nat64Prefix]) -> Vec<Embedded> {
    let part = |prefix: &Nat64Prefix, known| {
        let ipv4 = prefix.extract(address)?;
        Some(Embedded::Nat64 { prefix: prefix.0, ipv4, known })
    };
    let by_given: Vec<_> = given.iter().filter_map(|prefix| part(prefix, KnownBy::Given)).collect();
    if !by_given.is_empty() {
        return by_given;
    }
    if let Some(found) = part(&Nat64Prefix::well_known(), KnownBy::WellKnown) {
        return vec![found];
    }
    if address.to_bits() >> 80 != LOCAL_USE >> 80 {
        return Vec::new();
    }
    let lengths = NAT64_LENGTHS.iter().rev().filter(|&&length| length >= 48);
    let prefixes = lengths.filter_map(|&length| Nat64Prefix::try_from(net(address, length)).ok());
    let fits = |prefix: &Nat64Prefix| {
        let whole = prefix.extract(address).map(|ipv4| (ipv4, prefix.embed(ipv4)));
        whole.is_some_and(|(ipv4, whole)| whole == address && !ipv4.is_unspecified())
    };
    prefixes.filter(fits).filter_map(|prefix| part(&prefix, KnownBy::LocalUse)).collect()
}
