//! Addresses of 64 bits.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use super::{HardwareAddress, Mac, MacError, MacProblem};
use crate::code::serde_as_text;

/// What stands in the middle of a 48-bit address that was made one of 64.
const MIDDLE: [u8; 2] = [0xff, 0xfe];
/// The U/L bit of an identifier, which IPv6 has inverted.
const UNIVERSAL: u64 = 1 << 57;
/// fe80::/64.
const LINK_LOCAL: u128 = 0xfe80 << 112;

/// A 64-bit address, as FireWire, ZigBee and InfiniBand have them, and as an interface
/// identifier of IPv6 is made of.
///
/// ```
/// use plumb_wire::addr::{Eui64, Mac};
/// let mac: Mac = "fe:fd:4a:cf:ea:4e".parse()?;
/// assert_eq!(Eui64::from(mac).to_string(), "fe:fd:4a:ff:fe:cf:ea:4e");
/// assert_eq!(mac.link_local().to_string(), "fe80::fcfd:4aff:fecf:ea4e");
/// assert_eq!(Eui64::of_address(mac.link_local()).mac(), Some(mac));
/// # Ok::<(), plumb_wire::addr::MacError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Eui64(pub [u8; 8]);

impl Eui64 {
    /// The eight octets.
    pub const fn octets(&self) -> [u8; 8] {
        self.0
    }

    /// True for the address of a group (the I/G bit).
    pub const fn is_multicast(&self) -> bool {
        self.0[0] & 1 != 0
    }

    /// True for an address that nobody bought (the U/L bit).
    pub const fn is_local(&self) -> bool {
        self.0[0] & 2 != 0
    }

    /// The hardware address that an interface identifier would be made of, if it was made of one:
    /// the last 64 bits with the U/L bit flipped back, RFC 4291 appendix A.
    pub const fn of_address(address: Ipv6Addr) -> Eui64 {
        let identifier = address.to_bits() as u64; // the last 64 bits
        Eui64((identifier ^ UNIVERSAL).to_be_bytes())
    }

    /// The interface identifier that is made of it, with the U/L bit flipped.
    pub const fn interface_identifier(&self) -> u64 {
        u64::from_be_bytes(self.0) ^ UNIVERSAL
    }

    /// The link-local address of an interface that makes its identifier of it.
    pub fn link_local(&self) -> Ipv6Addr {
        Ipv6Addr::from_bits(LINK_LOCAL | u128::from(self.interface_identifier()))
    }

    /// The 48-bit address that it was made of: with ff:fe in the middle.
    pub const fn mac(&self) -> Option<Mac> {
        match self.0 {
            [a, b, c, 0xff, 0xfe, d, e, f] => Some(Mac([a, b, c, d, e, f])),
            _ => None,
        }
    }
}

impl From<Mac> for Eui64 {
    /// With ff:fe in the middle, as IPv6 has it (RFC 4291 appendix A). The IEEE no longer wants
    /// 48-bit addresses to be mapped so.
    fn from(mac: Mac) -> Eui64 {
        let ([a, b, c, d, e, f], [x, y]) = (mac.0, MIDDLE);
        Eui64([a, b, c, x, y, d, e, f])
    }
}

impl fmt::Display for Eui64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(|octet| format!("{octet:02x}")).collect();
        f.pad(&parts.join(":"))
    }
}

impl FromStr for Eui64 {
    type Err = MacError;

    /// Reads every notation of [`HardwareAddress`] that has 64 bits.
    fn from_str(text: &str) -> Result<Eui64, MacError> {
        match text.parse()? {
            HardwareAddress::Eui64(address) => Ok(address),
            HardwareAddress::Eui48(_) => {
                let end = text.len()..text.len();
                Err(MacError::new(text, end, MacProblem::Octets { found: 6, wide: true }))
            }
        }
    }
}

serde_as_text!(Eui64);
