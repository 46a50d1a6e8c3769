//! Addresses as text in a buffer, without a detour through `fmt`: lists of a million networks
//! are written so.

use std::net::Ipv6Addr;

/// The digits of a number below 256, and how many there are.
const OCTETS: [([u8; 3], u8); 256] = {
    let mut table = [([0; 3], 0); 256];
    let mut i = 0;
    while i < 256 {
        let (hundreds, tens, ones) =
            (b'0' + (i / 100) as u8, b'0' + (i / 10 % 10) as u8, b'0' + (i % 10) as u8);
        table[i] = match i {
            0..10 => ([ones, 0, 0], 1),
            10..100 => ([tens, ones, 0], 2),
            _ => ([hundreds, tens, ones], 3),
        };
        i += 1;
    }
    table
};

/// Adds a number of one to three digits.
#[inline]
pub fn octet(out: &mut Vec<u8>, value: u8) {
    let (digits, length) = OCTETS[usize::from(value)];
    out.extend_from_slice(&digits[..usize::from(length)]);
}

/// Adds an IPv4 address.
pub fn ipv4(out: &mut Vec<u8>, address: u32) {
    let [a, b, c, d] = address.to_be_bytes();
    for value in [a, b, c] {
        octet(out, value);
        out.push(b'.');
    }
    octet(out, d);
}

/// Adds an IPv6 address as RFC 5952 has it; a mapped one with its IPv4 part, section 5.
pub fn ipv6(out: &mut Vec<u8>, address: u128) {
    if address >> 32 == 0xffff {
        out.extend_from_slice(b"::ffff:");
        return ipv4(out, address as u32);
    }
    let groups = Ipv6Addr::from_bits(address).segments();
    let (run, length) = longest_run(&groups);
    let mut at = 0;
    while at < groups.len() {
        if at == run && length > 1 {
            out.extend_from_slice(b"::");
            at += length;
            continue;
        }
        let behind_run = length > 1 && at == run + length;
        if at > 0 && !behind_run {
            out.push(b':');
        }
        group(out, groups[at]);
        at += 1;
    }
}

/// Where the first of the longest runs of zero groups begins, and how long it is.
fn longest_run(groups: &[u16; 8]) -> (usize, usize) {
    let (mut best, mut current) = ((0, 0), (0, 0));
    for (at, group) in groups.iter().enumerate() {
        if *group != 0 {
            current = (at + 1, 0);
            continue;
        }
        current.1 += 1;
        if current.1 > best.1 {
            best = current;
        }
    }
    best
}

/// Adds one to four hexadecimal digits.
#[inline]
fn group(out: &mut Vec<u8>, value: u16) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = [12, 8, 4, 0].map(|shift| DIGITS[usize::from(value >> shift & 0xf)]);
    let blank = usize::from(value.leading_zeros() as u8 / 4).min(3);
    out.extend_from_slice(&digits[blank..]);
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn of(spell: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        spell(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_octet() {
        for value in 0..=255 {
            assert_eq!(of(|out| octet(out, value)), value.to_string());
        }
    }

    #[test]
    fn every_set_of_zero_groups() {
        for zeros in 0..=255u8 {
            for value in [0x1u128, 0xffff, 0xa0, 0x123] {
                let groups = (0..8).filter(|bit| zeros >> bit & 1 == 0);
                let address = groups.fold(0, |address, bit| address | value << (16 * bit));
                let expected = Ipv6Addr::from_bits(address).to_string();
                assert_eq!(of(|out| ipv6(out, address)), expected);
            }
        }
    }

    proptest! {
        #[test]
        fn as_the_standard_library_writes_them(v4: u32, v6: u128, mask in 0..128u32) {
            prop_assert_eq!(of(|out| ipv4(out, v4)), Ipv4Addr::from_bits(v4).to_string());
            for address in [v6, v6 >> mask, v6 << mask, 0xffff << 32 | u128::from(v4)] {
                let expected = Ipv6Addr::from_bits(address).to_string();
                prop_assert_eq!(of(|out| ipv6(out, address)), expected);
            }
        }
    }
}
