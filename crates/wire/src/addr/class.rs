//! The classes that IPv4 had before prefixes, RFC 791 section 2.3; gone since 1993 (RFC 1519).

use std::net::Ipv4Addr;

use serde::Serialize;

/// A class of addresses, told apart by the first bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Class {
    /// `A` to `E`.
    pub letter: char,
    /// The first octets that it has.
    pub first_octet: u8,
    /// The last of them.
    pub last_octet: u8,
    /// The length of its networks' prefix; none where there were no networks.
    pub prefix_length: Option<u8>,
    /// Networks: two to the bits of the prefix that are not fixed by the class.
    pub networks: Option<u32>,
    /// Hosts in each: the one of all zeros and the one of all ones are none.
    pub hosts: Option<u32>,
    /// What D and E are for.
    pub purpose: Option<&'static str>,
}

impl Class {
    /// Of an address.
    ///
    /// ```
    /// use plumb_wire::addr::Class;
    /// let class = Class::of([192, 168, 1, 1].into());
    /// assert_eq!((class.letter, class.networks, class.hosts), ('C', Some(2_097_152), Some(254)));
    /// ```
    pub fn of(address: Ipv4Addr) -> Class {
        match address.octets()[0] {
            0..=127 => Class::of_networks('A', 0, 127, 8, 1),
            128..=191 => Class::of_networks('B', 128, 191, 16, 2),
            192..=223 => Class::of_networks('C', 192, 223, 24, 3),
            224..=239 => Class::of_purpose('D', 224, 239, "multicast"),
            240..=255 => Class::of_purpose('E', 240, 255, "reserved"),
        }
    }

    fn of_networks(letter: char, first: u8, last: u8, length: u8, fixed_bits: u8) -> Class {
        Class {
            networks: Some(1 << (length - fixed_bits)),
            hosts: Some((1 << (32 - length)) - 2),
            prefix_length: Some(length),
            ..Class::of_purpose(letter, first, last, "")
        }
    }

    fn of_purpose(letter: char, first_octet: u8, last_octet: u8, purpose: &'static str) -> Class {
        Class {
            letter,
            first_octet,
            last_octet,
            prefix_length: None,
            networks: None,
            hosts: None,
            purpose: Some(purpose).filter(|purpose| !purpose.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_at_its_ends() {
        for (octets, letter, networks, hosts) in [
            ([0, 127], 'A', Some(128), Some(16_777_214)),
            ([128, 191], 'B', Some(16_384), Some(65_534)),
            ([192, 223], 'C', Some(2_097_152), Some(254)),
            ([224, 239], 'D', None, None),
            ([240, 255], 'E', None, None),
        ] {
            for octet in octets {
                let class = Class::of([octet, 1, 2, 3].into());
                assert_eq!((class.letter, class.networks, class.hosts), (letter, networks, hosts));
                assert_eq!([class.first_octet, class.last_octet], octets);
                assert_eq!(class.purpose.is_some(), networks.is_none());
            }
        }
    }
}
