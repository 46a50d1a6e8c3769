//! Hardware addresses of IEEE 802 networks.

use std::fmt;
use std::str::FromStr;

use crate::code::serde_as_text;

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

/// A text that is no hardware address, and where it goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a hardware address such as 02:00:5e:10:00:01 (at position {})",
    offset_bytes + 1
)]
pub struct MacError {
    /// The text as it was given.
    pub text: String,
    /// Bytes from the start of the text to the place of the problem.
    pub offset_bytes: usize,
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
    pub fn of_ipv4_multicast(address: std::net::Ipv4Addr) -> Mac {
        let [_, b, c, d] = address.octets();
        Mac([0x01, 0x00, 0x5e, b & 0x7f, c, d])
    }

    /// The group that an IPv6 multicast address is sent to, RFC 2464 section 7.
    pub fn of_ipv6_multicast(address: std::net::Ipv6Addr) -> Mac {
        let octets = address.octets();
        Mac([0x33, 0x33, octets[12], octets[13], octets[14], octets[15]])
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

    /// Reads `02:00:5e:10:00:01`, with dashes as Windows has it, `0200.5e10.0001` as Cisco has
    /// it, or the bare twelve digits.
    fn from_str(text: &str) -> Result<Mac, MacError> {
        let error = |offset_bytes| MacError { text: text.to_owned(), offset_bytes };
        let separator = text.chars().find(|c| !c.is_ascii_hexdigit());
        let digits_per_part = match separator {
            Some(':' | '-') => 2,
            Some('.') => 4,
            _ => 12,
        };
        let (mut octets, mut digits) = ([0u8; 6], 0);
        let mut in_part = 0;
        for (at, character) in text.char_indices() {
            if in_part == digits_per_part && digits < 12 && Some(character) == separator {
                in_part = 0;
                continue;
            }
            let digit = character.to_digit(16).ok_or_else(|| error(at))?;
            if digits == 12 || in_part == digits_per_part {
                return Err(error(at));
            }
            octets[digits / 2] = octets[digits / 2] << 4 | digit as u8;
            (digits, in_part) = (digits + 1, in_part + 1);
        }
        if digits == 12 { Ok(Mac(octets)) } else { Err(error(text.len())) }
    }
}

serde_as_text!(Mac);
