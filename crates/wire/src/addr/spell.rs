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
#[inline]
pub fn ipv4(out: &mut Vec<u8>, address: u32) {
    // Whole octets are copied, the end of which the next one overwrites.
    let mut text = [0; 16];
    let mut end = 0;
    for (i, value) in address.to_be_bytes().into_iter().enumerate() {
        if i > 0 {
            text[end] = b'.';
            end += 1;
        }
        let (digits, length) = OCTETS[usize::from(value)];
        text[end..end + 3].copy_from_slice(&digits);
        end += usize::from(length);
    }
    out.extend_from_slice(&text[..end]);
}

/// Adds an IPv6 address as RFC 5952 has it; a mapped one with its IPv4 part, section 5.
pub fn ipv6(out: &mut Vec<u8>, address: u128) {
    if address >> 32 == 0xffff {
        out.extend_from_slice(b"::ffff:");
        return ipv4(out, address as u32);
    }
    let groups = Ipv6Addr::from_bits(address).segments();
    let (run, length) = longest_run(&groups);
    let run = if length > 1 { run..run + length } else { 0..0 };
    // Eight groups with their colons, and what the copy of the last writes too much.
    let mut text = [0; 48];
    let mut end = 0;
    for (at, group) in groups.into_iter().enumerate() {
        if run.contains(&at) {
            if at == run.start {
                text[end..end + 2].copy_from_slice(b"::");
                end += 2;
            }
            continue;
        }
        if at > 0 && (at != run.end || run.is_empty()) {
            text[end] = b':';
            end += 1;
        }
        let (digits, length) = hexadecimal(group);
        text[end..end + 4].copy_from_slice(&digits);
        end += length;
    }
    out.extend_from_slice(&text[..end]);
}

/// Where the first of the longest runs of zero groups begins, and how long it is.
#[inline]
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

/// The one to four digits of a group, in front, and how many there are.
#[inline]
fn hexadecimal(value: u16) -> ([u8; 4], usize) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let blank = (value.leading_zeros() / 4).min(3);
    let value = value << (4 * blank);
    let digit = |shift: u32| DIGITS[usize::from(value >> shift & 0xf)];
    ([digit(12), digit(8), digit(4), digit(0)], 4 - blank as usize)
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
