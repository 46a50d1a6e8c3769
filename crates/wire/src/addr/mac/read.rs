//! Hardware addresses as people and programs write them.

use std::fmt;
use std::net::Ipv4Addr;
use std::ops::Range;
use std::str::FromStr;

use super::{Eui64, Mac};

/// Octets of an EUI-48 and of an EUI-64.
const SHORT: usize = 6;
const LONG: usize = 8;

/// An address of either length.
///
/// Read are colons, dashes, dots and blanks between octets, of which the first digit may be left
/// out if it is 0 (`0:c:29:1:2:3`, as BSD prints them); between groups of three, four or six
/// digits (`0200.5e10.0001`); and the digits alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HardwareAddress {
    /// Of 48 bits.
    Eui48(Mac),
    /// Of 64 bits.
    Eui64(Eui64),
}

/// A text that is no hardware address, and where it goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a hardware address such as 02:00:5e:10:00:01 (at position {}): {problem}",
    offset_bytes + 1
)]
pub struct MacError {
    /// The text as it was given.
    pub text: String,
    /// Bytes from the start of the text to the place of the problem.
    pub offset_bytes: usize,
    /// Bytes of the text that are wrong; empty where something is missing.
    pub length_bytes: usize,
    /// What is wrong there.
    pub problem: MacProblem,
    /// What would be right, where that can be told.
    pub right: Option<String>,
}

/// What is wrong with a hardware address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacProblem {
    /// There is nothing.
    Empty,
    /// Neither a hexadecimal digit nor a separator.
    Character(char),
    /// Another separator than the first one.
    Mixed {
        /// The first one.
        first: char,
        /// This one.
        then: char,
    },
    /// A separator without digits before or after it.
    EmptyPart,
    /// An octet of more than two digits.
    LongOctet,
    /// Groups that are not of the same length.
    Uneven {
        /// Digits of the first group.
        first: usize,
        /// Digits of this one.
        then: usize,
    },
    /// It is an IPv4 address.
    Ipv4,
    /// Too few or too many octets.
    Octets {
        /// How many there are.
        found: usize,
        /// 8 are wanted and not 6.
        wide: bool,
    },
    /// Too few or too many digits without a separator.
    Digits {
        /// How many there are.
        found: usize,
    },
}

impl fmt::Display for MacProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            MacProblem::Empty => write!(f, "there are no digits"),
            MacProblem::Character(c) => {
                write!(f, "{c:?} is neither a hexadecimal digit nor a separator")
            }
            MacProblem::Mixed { first, then } => {
                write!(f, "{then:?} between the octets, where it was {first:?} before")
            }
            MacProblem::EmptyPart => write!(f, "there are no digits beside the separator"),
            MacProblem::LongOctet => write!(f, "an octet has at most two hexadecimal digits"),
            MacProblem::Uneven { first, then } => {
                write!(f, "a group of {then} digits, where the first has {first}")
            }
            MacProblem::Ipv4 => write!(f, "this is an IPv4 address"),
            MacProblem::Octets { found, wide: true } => {
                write!(f, "{found} octets, where an EUI-64 has 8")
            }
            MacProblem::Octets { found, wide: false } => {
                write!(f, "{found} octets, where a hardware address has 6 (or 8, an EUI-64)")
            }
            MacProblem::Digits { found } => {
                write!(f, "{found} digits, where a hardware address has 12 (or 16, an EUI-64)")
            }
        }
    }
}

impl MacError {
    pub(super) fn new(text: &str, range: Range<usize>, problem: MacProblem) -> MacError {
        MacError {
            text: text.to_owned(),
            offset_bytes: range.start,
            length_bytes: range.len(),
            problem,
            right: None,
        }
    }
}

impl HardwareAddress {
    /// The octets, 6 or 8.
    pub fn octets(&self) -> &[u8] {
        match self {
            HardwareAddress::Eui48(mac) => &mac.0,
            HardwareAddress::Eui64(address) => &address.0,
        }
    }
}

impl fmt::Display for HardwareAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HardwareAddress::Eui48(mac) => mac.fmt(f),
            HardwareAddress::Eui64(address) => address.fmt(f),
        }
    }
}

impl FromStr for HardwareAddress {
    type Err = MacError;

    fn from_str(text: &str) -> Result<HardwareAddress, MacError> {
        read(text, LONG).map_err(|error| with_remedy(error, LONG))
    }
}

/// Reads an address of 48 bits.
pub(super) fn mac(text: &str) -> Result<Mac, MacError> {
    let end = || text.len()..text.len();
    match read(text, SHORT).map_err(|error| with_remedy(error, SHORT))? {
        HardwareAddress::Eui48(mac) => Ok(mac),
        // Not read with this many octets.
        HardwareAddress::Eui64(_) => {
            Err(MacError::new(text, end(), MacProblem::Octets { found: LONG, wide: false }))
        }
    }
}

/// Reads an address of at most so many octets, 6 or 8.
fn read(text: &str, most: usize) -> Result<HardwareAddress, MacError> {
    let error = |range, problem| Err(MacError::new(text, range, problem));
    if text.is_empty() {
        return error(0..0, MacProblem::Empty);
    }
    let Some(separator) = separator(text)? else {
        let found = text.len();
        let range = match found {
            _ if found > 2 * most => 2 * most..found,
            _ if found > 2 * SHORT => 2 * SHORT..found,
            _ => found..found,
        };
        let problem = MacProblem::Digits { found };
        return address(text.bytes(), most).ok_or_else(|| MacError::new(text, range, problem));
    };
    let parts = parts(text, separator);
    let width = parts[0].len();
    // 192.168.100.200 has groups of three digits, too.
    if text.parse::<Ipv4Addr>().is_ok() {
        return error(0..text.len(), MacProblem::Ipv4);
    }
    if matches!(width, 3 | 4 | 6 | 8) && parts.iter().all(|part| part.len() == width) {
        let digits = text.bytes().filter(|byte| byte.is_ascii_hexdigit());
        if let Some(address) = address(digits, most) {
            return Ok(address);
        }
    }
    // Dots are for groups, unless there are too many of them.
    if separator == '.' && parts.len() < SHORT {
        return groups(text, &parts);
    }
    octets(text, &parts, most)
}

/// The separator, if there is one: every character is one, or a digit.
fn separator(text: &str) -> Result<Option<char>, MacError> {
    let mut separator = None;
    for (at, character) in text.char_indices().filter(|(_, c)| !c.is_ascii_hexdigit()) {
        let range = at..at + character.len_utf8();
        if !matches!(character, ':' | '-' | '.' | ' ') {
            return Err(MacError::new(text, range, MacProblem::Character(character)));
        }
        let first = *separator.get_or_insert(character);
        if first != character {
            let problem = MacProblem::Mixed { first, then: character };
            return Err(MacError::new(text, range, problem));
        }
    }
    Ok(separator)
}

/// What stands between the separators, at least one part.
fn parts(text: &str, separator: char) -> Vec<Range<usize>> {
    let mut start = 0;
    let part = |part: &str| {
        let range = start..start + part.len();
        start = range.end + 1; // every separator is ASCII
        range
    };
    text.split(separator).map(part).collect()
}

/// Octets with or without their leading 0.
fn octets(text: &str, parts: &[Range<usize>], most: usize) -> Result<HardwareAddress, MacError> {
    let error = |range, problem| Err(MacError::new(text, range, problem));
    for (i, part) in parts.iter().enumerate() {
        let is_last = i + 1 == parts.len();
        if i == most {
            let found = parts.len() - usize::from(part.is_empty() && is_last);
            let problem = MacProblem::Octets { found, wide: false };
            return match found > most {
                true => error(part.start - 1..text.len(), problem),
                false => error(part.start - 1..part.start, MacProblem::EmptyPart),
            };
        }
        match part.len() {
            // The separator that is too much: this one, or the last one.
            0 if is_last => return error(part.start.max(1) - 1..part.start, MacProblem::EmptyPart),
            0 => return error(part.start..part.start + 1, MacProblem::EmptyPart),
            1 | 2 => {}
            _ => return error(part.start + 2..part.end, MacProblem::LongOctet),
        }
    }
    let values = parts.iter().map(|part| u8::from_str_radix(&text[part.clone()], 16).unwrap_or(0));
    let values: Vec<u8> = values.collect();
    if let Ok(octets) = <[u8; SHORT]>::try_from(values.as_slice()) {
        return Ok(HardwareAddress::Eui48(Mac(octets)));
    }
    if let Ok(octets) = <[u8; LONG]>::try_from(values.as_slice()) {
        return Ok(HardwareAddress::Eui64(Eui64(octets)));
    }
    let problem = MacProblem::Octets { found: parts.len(), wide: false };
    error(text.len()..text.len(), problem)
}

/// Why groups between dots are none.
fn groups(text: &str, parts: &[Range<usize>]) -> Result<HardwareAddress, MacError> {
    let error = |range, problem| Err(MacError::new(text, range, problem));
    let width = parts[0].len();
    for part in parts {
        if part.is_empty() {
            let at = part.start.min(text.len() - 1);
            return error(at..at + 1, MacProblem::EmptyPart);
        }
        if part.len() != width {
            return error(part.clone(), MacProblem::Uneven { first: width, then: part.len() });
        }
    }
    let digits: usize = parts.iter().map(Range::len).sum();
    error(text.len()..text.len(), MacProblem::Digits { found: digits })
}

/// The address of 12 or 16 digits, if it has no more octets than that.
fn address(digits: impl Iterator<Item = u8>, most: usize) -> Option<HardwareAddress> {
    let digits = digits.map(|digit| Some(char::from(digit).to_digit(16)? as u8));
    let digits: Vec<u8> = digits.collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let octets: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    match octets.len() {
        SHORT if rest.is_empty() => {
            Some(HardwareAddress::Eui48(Mac(octets.as_slice().try_into().ok()?)))
        }
        LONG if rest.is_empty() && most == LONG => {
            Some(HardwareAddress::Eui64(Eui64(octets.as_slice().try_into().ok()?)))
        }
        _ => None,
    }
}

/// The error with what would be right, if changing the place alone makes it so.
fn with_remedy(mut error: MacError, most: usize) -> MacError {
    let range = error.offset_bytes..error.offset_bytes + error.length_bytes;
    let put = |with: &str| {
        let mut text = error.text.clone();
        text.replace_range(range.clone(), with);
        text
    };
    let candidate = match error.problem {
        MacProblem::Character(c) => match alike(c) {
            Some(digit) => error.text.replace(c, digit),
            None if !c.is_alphanumeric() => put(""),
            None => return error,
        },
        MacProblem::Mixed { first, then } => error.text.replace(then, &first.to_string()),
        MacProblem::EmptyPart => put(""),
        // What is too much or missing, only who wrote it knows.
        _ => return error,
    };
    error.right = match read(&candidate, most) {
        Ok(address) => Some(address.to_string()),
        Err(_) => None,
    };
    error
}

/// What a character was probably meant as.
fn alike(c: char) -> Option<&'static str> {
    Some(match c {
        'o' | 'O' => "0",
        'l' | 'I' | 'i' => "1",
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '_' => "-",
        '\u{ff1a}' | ';' => ":",
        ',' => ".",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> String {
        text.parse::<HardwareAddress>().unwrap_or_else(|error| panic!("{error}")).to_string()
    }

    #[test]
    fn every_notation() {
        for text in [
            "00:0c:29:01:02:03",
            "00-0C-29-01-02-03",
            "0:c:29:1:2:3",
            "0-C-29-1-2-3",
            "00 0c 29 01 02 03",
            "00.0c.29.01.02.03",
            "000c.2901.0203",
            "000c-2901-0203",
            "000c:2901:0203",
            "000.c29.010.203",
            "000c29:010203",
            "000c29-010203",
            "000c29010203",
            "000C29010203",
        ] {
            assert_eq!(whole(text), "00:0c:29:01:02:03", "{text}");
        }
        for text in [
            "00:0c:29:ff:fe:01:02:03",
            "0:c:29:ff:fe:1:2:3",
            "000c.29ff.fe01.0203",
            "000c29ff-fe010203",
            "000c29fffe010203",
        ] {
            assert_eq!(whole(text), "00:0c:29:ff:fe:01:02:03", "{text}");
            assert!(text.parse::<Mac>().is_err(), "{text}");
        }
    }

    /// What is wrong, where, and what would be right.
    #[test]
    fn the_place_and_the_remedy() {
        for (text, range, right) in [
            ("", 0..0, None),
            ("00:0c:29:01:02:0g", 16..17, None),
            ("O0:0c:29:0l:02:03", 0..1, None),
            ("00:0c:29:01:02:O3", 15..16, Some("00:0c:29:01:02:03")),
            ("00–0c–29–01–02–03", 2..5, Some("00:0c:29:01:02:03")),
            ("00:0c-29:01:02:03", 5..6, Some("00:0c:29:01:02:03")),
            ("00:0c:29::01:02:03", 9..10, Some("00:0c:29:01:02:03")),
            ("00:0c:29:01:02:03:", 17..18, Some("00:0c:29:01:02:03")),
            (":00:0c:29:01:02:03", 0..1, Some("00:0c:29:01:02:03")),
            ("00:0c:29:01:02", 14..14, None),
            ("00:0c:29:01:02:03:04", 20..20, None),
            ("00:0c:29:01:02:03:04:05:06", 23..26, None),
            ("00:0c:291:01:02:03", 8..9, None),
            ("000c.2901.020", 10..13, None),
            ("000c.2901", 9..9, None),
            ("000c..2901", 5..6, None),
            ("000c290102", 10..10, None),
            ("000c290102030", 12..13, None),
            ("000c29010203040506", 16..18, None),
            ("00:0c:29:01:02:03/24", 17..18, None),
            ("00:0c:29:01:02:03\n", 17..18, Some("00:0c:29:01:02:03")),
            ("192.168.1.1", 0..11, None),
            ("239.255.255.250", 0..15, None),
        ] {
            let error = text.parse::<HardwareAddress>().unwrap_err();
            let place = error.offset_bytes..error.offset_bytes + error.length_bytes;
            assert_eq!((place, error.right.as_deref()), (range, right), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_an_address_or_has_a_place(text in "[0-9a-fg:. –-]{0,24}|.{0,20}") {
            match text.parse::<HardwareAddress>() {
                Ok(address) => assert_eq!(address.to_string().parse(), Ok(address)),
                Err(error) => {
                    let end = error.offset_bytes + error.length_bytes;
                    assert!(text.get(error.offset_bytes..end).is_some(), "{text:?}: {error:?}");
                }
            }
        }
    }
}
