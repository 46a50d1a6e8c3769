//! Hardware addresses of IEEE 802 networks.

mod eui64;
pub mod known;
mod read;

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::Serialize;

use crate::code::serde_as_text;

pub use eui64::Eui64;
pub use read::{HardwareAddress, MacError, MacProblem};

/// A 48-bit address, EUI-48.
///
/// ```
/// use plumb_wire::addr::Mac;
/// let mac: Mac = "02-00-5E-10-00-01".parse()?;
/// assert_eq!(mac.to_string(), "02:00:5e:10:00:01");
/// assert!(mac.is_local() && !mac.is_multicast());
/// # Ok::<(), plumb_wire::addr::MacError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Mac(pub [u8; 6]);

/// Who hands out the addresses of a part of the local ones, IEEE 802c: the quadrants of the
/// structured local address plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Slap {
    /// Administratively assigned: anybody, at will.
    Aai,
    /// Extended local: the owner of a company id (CID).
    Eli,
    /// Reserved for later standards; until then as [`Slap::Aai`].
    Reserved,
    /// Standard assigned: a protocol such as IEEE 802.1CQ.
    Sai,
}

impl Slap {
    /// The quadrant of an address's first octet; none for a global one.
    pub const fn of(first_octet: u8) -> Option<Slap> {
        if first_octet & 2 == 0 {
            return None;
        }
        Some(match first_octet & 0b1100 {
            0b0000 => Slap::Aai,
            0b1000 => Slap::Eli,
            0b1100 => Slap::Sai,
            _ => Slap::Reserved,
        })
    }

    /// `AAI`.
    pub const fn name(self) -> &'static str {
        match self {
            Slap::Aai => "AAI",
            Slap::Eli => "ELI",
            Slap::Reserved => "reserved",
            Slap::Sai => "SAI",
        }
    }
}

impl Mac {
    /// Everyone on the segment.
    pub const BROADCAST: Mac = Mac([0xff; 6]);
    /// No address: whom one asks for, in an ARP request.
    pub const ZERO: Mac = Mac([0; 6]);

    /// The six octets.
    pub const fn octets(&self) -> [u8; 6] {
        self.0
    }

    /// True for the address of a group, the broadcast included (the I/G bit).
    pub const fn is_multicast(&self) -> bool {
        self.0[0] & 1 != 0
    }

    /// True for an address that nobody bought: made up by an administrator or at random (the
    /// U/L bit).
    pub const fn is_local(&self) -> bool {
        self.0[0] & 2 != 0
    }

    /// The group that an IPv4 multicast address is sent to, RFC 1112 section 6.4.
    pub fn of_ipv4_multicast(address: Ipv4Addr) -> Mac {
        let [_, b, c, d] = address.octets();
        Mac([0x01, 0x00, 0x5e, b & 0x7f, c, d])
    }

    /// The group that an IPv6 multicast address is sent to, RFC 2464 section 7.
    pub fn of_ipv6_multicast(address: Ipv6Addr) -> Mac {
        let octets = address.octets();
        Mac([0x33, 0x33, octets[12], octets[13], octets[14], octets[15]])
    }

    /// The 32 IPv4 groups whose frames go to this address, lowest first: 5 bits of a group are
    /// not in it, RFC 1112 section 6.4. None for any other address.
    pub fn ipv4_groups(&self) -> Option<[Ipv4Addr; 32]> {
        let [0x01, 0x00, 0x5e, b @ 0..=0x7f, c, d] = self.0 else { return None };
        let group = |i: usize| {
            let i = i as u8; // below 32
            Ipv4Addr::new(224 | i >> 1, (i & 1) << 7 | b, c, d)
        };
        Some(std::array::from_fn(group))
    }

    /// The last 32 bits of the IPv6 groups whose frames go to this address, RFC 2464 section 7.
    pub fn ipv6_group_ending(&self) -> Option<u32> {
        let [0x33, 0x33, a, b, c, d] = self.0 else { return None };
        Some(u32::from_be_bytes([a, b, c, d]))
    }

    /// The interface identifier that is made of it, RFC 4291 appendix A: with ff:fe in the middle
    /// and the U/L bit flipped.
    pub fn interface_identifier(&self) -> u64 {
        Eui64::from(*self).interface_identifier()
    }

    /// The link-local address of an interface that makes its identifier of it, RFC 4862 section
    /// 5.3.
    pub fn link_local(&self) -> Ipv6Addr {
        Eui64::from(*self).link_local()
    }
}

impl From<[u8; 6]> for Mac {
    fn from(octets: [u8; 6]) -> Mac {
        Mac(octets)
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        f.pad(&format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}"))
    }
}

impl FromStr for Mac {
    type Err = MacError;

    /// Reads every notation of [`HardwareAddress`] that has 48 bits.
    fn from_str(text: &str) -> Result<Mac, MacError> {
        read::mac(text)
    }
}

serde_as_text!(Mac);
