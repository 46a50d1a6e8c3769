//! Addresses in the lines of a log.
//!
//! An address stands alone: `10.0.0.1` is one in `from=10.0.0.1:80`, in `[10.0.0.1]` and at the
//! end of a sentence, and none in `v10.0.0.1`, `10.0.0.1.5` and `10.0.0.1.example.com`. A time
//! such as `12:34:56` is no IPv6 address, and `::`, which programs write between names, is taken for
//! one only where nothing else is on the line.

use std::ops::Range;

use super::scan::{self, Address};

/// What a byte may be a part of.
const OTHER: u8 = 0;
/// Hexadecimal digits.
const HEX: u8 = 1;
/// Letters beyond, and `_`.
const WORD: u8 = 2;
/// `.` and `:`.
const JOINT: u8 = 3;

/// The kind of every byte.
const KINDS: [u8; 256] = {
    let mut kinds = [OTHER; 256];
    let mut byte = 0u8;
    loop {
        kinds[byte as usize] = match byte {
            b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' => HEX,
            b'g'..=b'z' | b'G'..=b'Z' | b'_' | 0x80.. => WORD,
            b'.' | b':' => JOINT,
            _ => OTHER,
        };
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    kinds
};

#[inline]
fn kind(byte: u8) -> u8 {
    KINDS[usize::from(byte)]
}

/// The first address from the byte `at` on, and where it stands.
///
/// ```
/// use plumb_wire::addr::find;
/// let line = b"12:34:56 GET / from [2001:db8::1]:443";
/// assert_eq!(find::next(line, 0).map(|(_, place)| place), Some(21..32));
/// ```
#[inline]
pub fn next(line: &[u8], at: usize) -> Option<(Address, Range<usize>)> {
    let mut start = at;
    // Most lines of most logs begin with it.
    if start == 0
        && let Some((address, length)) = scan::leading(line)
        && line.get(length).is_none_or(|byte| kind(*byte) == OTHER)
        && length > "::".len()
    {
        return Some((address, 0..length));
    }
    if line.get(at..)?.trim_ascii() == b"::" {
        let start = at + line[at..].iter().position(|byte| *byte == b':')?;
        return Some((Address::V6(0), start..start + 2));
    }
    loop {
        // Words hold only these; what is between them is passed over fast.
        start += line.get(start..)?.iter().position(|byte| kind(*byte) != OTHER)?;
        let length = line[start..].iter().position(|byte| kind(*byte) == OTHER);
        let end = length.map_or(line.len(), |length| start + length);
        if let Some(found) = in_word(line, start, end) {
            return Some(found);
        }
        start = end;
    }
}

/// The first address in a word: at its start, or behind a colon in it.
#[inline]
fn in_word(line: &[u8], start: usize, end: usize) -> Option<(Address, Range<usize>)> {
    let word = &line[start..end];
    // Full stops and colons that end what is said, but not the `::` of `2001:db8::`.
    let mut length = word.len();
    while length > 0 && word[length - 1] == b'.' {
        length -= 1;
    }
    if let [before, b':'] = word[length.saturating_sub(2)..length]
        && before != b':'
    {
        length -= 1;
    }
    let word = &word[..length];
    if length < "::1".len() || !word.iter().any(|byte| kind(*byte) == JOINT) {
        return None;
    }
    let mut at = 0;
    let mut is_name = false;
    loop {
        if let Some((address, length)) = scan::leading(&word[at..])
            && alone(&address, &word[at..], length)
            && (at == 0 || is_name || matches!(address, Address::V4(_)))
        {
            return Some((address, start + at..start + at + length));
        }
        let colon = word[at..].iter().position(|byte| *byte == b':')?;
        is_name = word[at..at + colon].iter().any(|byte| kind(*byte) == WORD);
        at += colon + 1;
    }
}

/// Whether the address ends where the word does, or with the port behind it.
#[inline]
fn alone(address: &Address, word: &[u8], length: usize) -> bool {
    let rest = &word[length..];
    match address {
        Address::V4(_) => rest.first().is_none_or(|byte| *byte == b':'),
        Address::V6(_) => rest.is_empty() && length > 2,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(line: &str) -> Vec<&str> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some((_, place)) = next(line.as_bytes(), at) {
            found.push(&line[place.clone()]);
            at = place.end;
        }
        found
    }

    #[test]
    fn addresses_that_stand_alone() {
        for (line, expected) in [
            ("10.0.0.1", &["10.0.0.1"][..]),
            ("10.0.0.1 - - [20/Nov/2026:15:00:00 +0000] \"GET /\" 200", &["10.0.0.1"]),
            ("from=10.0.0.1:80, to=10.0.0.2", &["10.0.0.1", "10.0.0.2"]),
            ("client:10.0.0.1 said: no.", &["10.0.0.1"]),
            ("lost 10.0.0.1. Then 10.0.0.2: found", &["10.0.0.1", "10.0.0.2"]),
            ("10.0.0.1-10.0.0.9", &["10.0.0.1", "10.0.0.9"]),
            ("net 10.0.0.0/8", &["10.0.0.0"]),
            ("(10.0.0.1)[10.0.0.2]\"10.0.0.3\"", &["10.0.0.1", "10.0.0.2", "10.0.0.3"]),
            ("[2001:db8::1]:443 and fe80::1%eth0", &["2001:db8::1", "fe80::1"]),
            ("addr:2001:db8::1 src=::1", &["2001:db8::1", "::1"]),
            ("2001:db8::1: gone", &["2001:db8::1"]),
            ("2001:db8::/32", &["2001:db8::"]),
            ("::ffff:10.0.0.1", &["::ffff:10.0.0.1"]),
            ("1:2:3:4:5:6:7:8", &["1:2:3:4:5:6:7:8"]),
            (" :: ", &["::"]),
        ] {
            assert_eq!(all(line), expected, "{line}");
        }
    }

    #[test]
    fn what_looks_like_addresses() {
        for line in [
            "v1.2.3.4",
            "1.2.3.4.5",
            "1.2.3.4.example.com",
            "1.2.3",
            "1.2.3.256",
            "01.2.3.4",
            "12:34:56",
            "00:11:22:33:44:55",
            "std::vector and a :: b",
            "1:2:3:4:5:6:7:8:9",
            "é1.2.3.4",
            "",
        ] {
            assert_eq!(all(line), [""; 0], "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_address_between_blanks(v4: std::net::Ipv4Addr, v6: std::net::Ipv6Addr) {
            let (v4, v6) = (v4.to_string(), v6.to_string());
            let line = format!("a {v4} b {v6}");
            prop_assert_eq!(all(&line), [&v4, &v6]);
        }

        #[test]
        fn no_bytes_panic(line: Vec<u8>, at: usize) {
            if let Some((_, place)) = next(&line, at % (line.len() + 1)) {
                let text = std::str::from_utf8(&line[place]).unwrap();
                prop_assert!(text.parse::<std::net::IpAddr>().is_ok());
            }
        }

        #[test]
        fn what_is_found_is_an_address(line in "[0-9a-fg:. ]{0,40}") {
            for text in all(&line) {
                prop_assert!(text.parse::<std::net::IpAddr>().is_ok(), "{}", text);
            }
        }
    }
}
