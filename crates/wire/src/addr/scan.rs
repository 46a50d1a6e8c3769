//! Networks and ranges as lines of a file have them, read fast: bytes to numbers without an
//! allocation.
//!
//! What the fast path does not know goes to [`text`](super::text), which also says what is wrong;
//! so there is one notion of what an address is.

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;

use ipnet::IpNet;

use super::Mac;
use super::set::{AnySpan, Number, Span};
use super::text::{self, AddressError};

/// What a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// The addresses.
    pub span: AnySpan,
    /// It was written as an address with bits behind its prefix, `10.0.0.1/8`.
    pub has_host_bits: bool,
}

/// Where on a line the network stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Columns {
    /// Nothing else but a comment may stand there; one begins with `#` or `;`.
    #[default]
    Alone,
    /// In this column, from 1; others are ignored. Blanks, commas and semicolons separate
    /// columns, and a comment is a line that begins with `#` or `;`.
    Nth(usize),
}

/// A line that says no network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// The bytes of the line that are wrong; empty where something is missing.
    pub range: Range<usize>,
    /// What is wrong.
    pub problem: LineProblem,
    /// What would be right, for a person.
    pub right: Option<String>,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineProblem {
    /// It is no address or network.
    Address(text::Problem),
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// A range whose ends are of two families.
    TwoFamilies,
    /// A range without its first or its last address.
    OpenRange,
    /// A range that ends before it begins.
    WrongWayRound,
    /// Something stands behind the network.
    More,
    /// It has not so many columns.
    TooFewColumns(usize),
}

impl fmt::Display for LineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LineProblem::Address(problem) => problem.fmt(f),
            LineProblem::NotUtf8 => f.write_str("this is not UTF-8"),
            LineProblem::TwoFamilies => f.write_str("a range is of one family, this has two"),
            LineProblem::OpenRange => f.write_str("a range has two ends, and one is missing here"),
            LineProblem::WrongWayRound => f.write_str("the range ends before it begins"),
            LineProblem::More => f.write_str("something else stands behind the network"),
            LineProblem::TooFewColumns(number) => write!(f, "there is no column {number}"),
        }
    }
}

/// Reads a line, which does not include its `\n`: a network, an address, or a range `A - B`. None
/// if it is blank or a comment.
///
/// # Errors
/// With the place in the line.
///
/// ```
/// use plumb_wire::addr::scan::{self, Columns};
/// let item = scan::line(b"10.0.0.7/8 # office", Columns::Alone)?.unwrap();
/// assert_eq!(item.span.first().to_string(), "10.0.0.0");
/// assert!(item.has_host_bits);
/// assert_eq!(scan::line(b"; nothing", Columns::Alone)?, None);
/// # Ok::<(), scan::LineError>(())
/// ```
#[inline]
pub fn line(line: &[u8], columns: Columns) -> Result<Option<Item>, LineError> {
    match columns {
        Columns::Alone => alone(line),
        Columns::Nth(number) => nth(line, number),
    }
}

#[inline]
fn alone(line: &[u8]) -> Result<Option<Item>, LineError> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let start = behind_blanks(line, 0);
    match line.get(start) {
        None | Some(b'#' | b';') => return Ok(None),
        Some(_) => {}
    }
    if let Some((item, length)) = fast(&line[start..]) {
        let end = behind_blanks(line, start + length);
        if matches!(line.get(end), None | Some(b'#' | b';')) {
            return Ok(Some(item));
        }
    }
    let end = line.iter().position(|byte| matches!(byte, b'#' | b';')).unwrap_or(line.len());
    slow(&line[start..end]).map(Some).map_err(|error| error.behind(start))
}

fn nth(line: &[u8], number: usize) -> Result<Option<Item>, LineError> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line.get(behind_blanks(line, 0)) {
        None | Some(b'#' | b';') => return Ok(None),
        Some(_) => {}
    }
    let Some(place) = column(line, number) else {
        let range = line.len()..line.len();
        let problem = LineProblem::TooFewColumns(number);
        return Err(LineError { range, problem, right: None });
    };
    item(&line[place.clone()]).map(Some).map_err(|error| error.behind(place.start))
}

/// Where the column `number` (from 1) stands, without the quotes that may be around it.
pub fn column(line: &[u8], number: usize) -> Option<Range<usize>> {
    let mut start = behind_blanks(line, 0);
    let mut left = number.checked_sub(1)?;
    loop {
        let ends = |byte: &u8| matches!(byte, b' ' | b'\t' | b',' | b';');
        let end = line[start..].iter().position(ends).map_or(line.len(), |length| start + length);
        if left == 0 {
            let quoted = end - start >= 2 && line[start] == b'"' && line[end - 1] == b'"';
            return Some(if quoted { start + 1..end - 1 } else { start..end });
        }
        left -= 1;
        let next = behind_blanks(line, end);
        let separated = matches!(line.get(next), Some(b',' | b';'));
        start = if separated { behind_blanks(line, next + 1) } else { next };
        if start >= line.len() && !separated {
            return None;
        }
    }
}

/// Reads a network, an address or a range that stands alone.
///
/// # Errors
/// With the place.
#[inline]
pub fn item(bytes: &[u8]) -> Result<Item, LineError> {
    match fast(bytes) {
        Some((item, length)) if length == bytes.len() => Ok(item),
        _ => slow(bytes),
    }
}

impl LineError {
    fn new(range: Range<usize>, problem: LineProblem) -> LineError {
        LineError { range, problem, right: None }
    }

    /// The same, where `bytes` stand before the part.
    fn behind(mut self, bytes: usize) -> LineError {
        self.range = self.range.start + bytes..self.range.end + bytes;
        self
    }
}

impl From<AddressError> for LineError {
    fn from(error: AddressError) -> LineError {
        let AddressError { range, problem, right, .. } = error;
        LineError { range, problem: LineProblem::Address(problem), right }
    }
}

/// The first byte from `at` on that is no blank.
#[inline]
fn behind_blanks(bytes: &[u8], at: usize) -> usize {
    let blanks = bytes.get(at..).unwrap_or_default().iter();
    at + blanks.take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// Reads what is not usual, or says what is wrong with it.
#[cold]
fn slow(bytes: &[u8]) -> Result<Item, LineError> {
    let whole = std::str::from_utf8(bytes).map_err(|error| {
        let start = error.valid_up_to();
        let length = error.error_len().unwrap_or(bytes.len() - start);
        LineError::new(start..start + length, LineProblem::NotUtf8)
    })?;
    let blanks: &[char] = &[' ', '\t'];
    let start = whole.len() - whole.trim_start_matches(blanks).len();
    let text = whole.trim_matches(blanks);
    let result = match text.find('-').filter(|_| text.parse::<Mac>().is_err()) {
        Some(dash) => range(text, dash),
        None => network(text),
    };
    result.map_err(|error| error.behind(start))
}

fn network(text: &str) -> Result<Item, LineError> {
    let error = match text::network(text) {
        Ok(network) => return Ok(Item::of(network)),
        Err(error) => LineError::from(error),
    };
    let ends = |c: char| matches!(c, ' ' | '\t' | ',');
    let Some((first, rest)) = text.split_once(ends) else { return Err(error) };
    // The error about a network in front is worth more than that there is more behind it.
    text::network(first)?;
    let rest = rest.trim_start_matches(ends);
    let range = text.len() - rest.len()..text.len();
    Err(LineError { range, problem: LineProblem::More, right: error.right })
}

/// `A - B`, with the dash at the byte `dash`.
fn range(text: &str, dash: usize) -> Result<Item, LineError> {
    let blanks: &[char] = &[' ', '\t'];
    let (before, after) = (text[..dash].trim_end_matches(blanks), &text[dash + 1..]);
    let start = dash + 1 + (after.len() - after.trim_start_matches(blanks).len());
    let after = after.trim_matches(blanks);
    let (first, last) = match (text::address(before), text::address(after)) {
        (Err(_), Err(_)) if !before.is_empty() => return network(text),
        (first, last) => {
            let shorthand = first.as_ref().ok().and_then(|first| last_octet(*first, after));
            let last = last.map_err(|error| LineError::from(error).behind(start));
            let last = last.map_err(|error| match shorthand {
                Some(right) => LineError { right: Some(right), ..error },
                None if after.is_empty() => {
                    LineError { problem: LineProblem::OpenRange, right: None, ..error }
                }
                None => error,
            });
            if before.is_empty() && last.is_ok() {
                return Err(LineError::new(0..dash, LineProblem::OpenRange));
            }
            (first?, last?)
        }
    };
    let all = 0..text.len();
    match AnySpan::between(first, last) {
        Some(span) => Ok(Item { span, has_host_bits: false }),
        None if first.is_ipv4() == last.is_ipv4() => Err(LineError {
            right: Some(format!("write {last}-{first}")),
            ..LineError::new(all, LineProblem::WrongWayRound)
        }),
        None => Err(LineError::new(all, LineProblem::TwoFamilies)),
    }
}

/// What `10.0.0.1-20` is meant as.
fn last_octet(first: IpAddr, after: &str) -> Option<String> {
    let IpAddr::V4(first) = first else { return None };
    let octet: u8 = after.parse().ok()?;
    let [a, b, c, _] = first.octets();
    Some(format!("write {first}-{a}.{b}.{c}.{octet}"))
}

impl Item {
    /// A network with or without host bits.
    pub fn of(network: IpNet) -> Item {
        Item { span: network.into(), has_host_bits: network.addr() != network.network() }
    }

    #[inline]
    fn of_prefix<T: Number>(address: T, length: u8, any: impl Fn(Span<T>) -> AnySpan) -> Item {
        let span = Span::of_network(address, length);
        Item { span: any(span), has_host_bits: span.first != address }
    }
}

/// An address as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// Of IPv4.
    V4(u32),
    /// Of IPv6.
    V6(u128),
}

/// The item that `bytes` begin with, and its length, if it is one of the usual ones. What follows
/// is for the caller to judge: perhaps the item only seemed to end there.
#[inline]
fn fast(bytes: &[u8]) -> Option<(Item, usize)> {
    let (first, end) = leading(bytes)?;
    if bytes.get(end) == Some(&b'/') {
        let (length, digits) = length(&bytes[end + 1..])?;
        let item = match first {
            Address::V4(first) if length <= 32 => Item::of_prefix(first, length, AnySpan::V4),
            Address::V6(first) if length <= 128 => Item::of_prefix(first, length, AnySpan::V6),
            _ => return None,
        };
        return Some((item, end + 1 + digits));
    }
    let dash = behind_blanks(bytes, end);
    let (last, end) = match bytes.get(dash) {
        Some(b'-') => {
            let start = behind_blanks(bytes, dash + 1);
            let (last, length) = leading(&bytes[start..])?;
            (last, start + length)
        }
        _ => (first, end),
    };
    let span = match (first, last) {
        (Address::V4(first), Address::V4(last)) if first <= last => {
            AnySpan::V4(Span { first, last })
        }
        (Address::V6(first), Address::V6(last)) if first <= last => {
            AnySpan::V6(Span { first, last })
        }
        _ => return None,
    };
    Some((Item { span, has_host_bits: false }, end))
}

/// The address that `bytes` begin with, and its length. What follows is for the caller to judge:
/// perhaps the address only seemed to end there.
#[inline]
pub fn leading(bytes: &[u8]) -> Option<(Address, usize)> {
    // An octet has at most three digits; a list of IPv6 is spared the attempt.
    let dotted = matches!(bytes, [_, b'.', ..] | [_, _, b'.', ..] | [_, _, _, b'.', ..]);
    if dotted && let Some((address, end)) = ipv4(bytes) {
        return Some((Address::V4(address), end));
    }
    ipv6(bytes).map(|(address, end)| (Address::V6(address), end))
}

/// The value of a digit; more than 9 for anything else.
#[inline]
fn digit(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).map_or(u8::MAX, |byte| byte.wrapping_sub(b'0'))
}

/// Four octets.
#[inline]
fn ipv4(bytes: &[u8]) -> Option<(u32, usize)> {
    let (mut address, mut at) = (0u32, 0);
    for octet in 0..4 {
        if octet > 0 {
            if bytes.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
        let mut value = u32::from(digit(bytes, at));
        at += 1;
        // No digit follows a zero in front.
        let more = if value == 0 { 0 } else { 2 };
        if value > 9 {
            return None;
        }
        for _ in 0..more {
            let next = digit(bytes, at);
            if next > 9 {
                break;
            }
            value = value * 10 + u32::from(next);
            at += 1;
        }
        if value > 255 {
            return None;
        }
        address = address << 8 | value;
    }
    Some((address, at))
}

/// Groups of hexadecimal digits, one run of zeros left out perhaps, and perhaps four octets at
/// the end.
#[inline]
fn ipv6(bytes: &[u8]) -> Option<(u128, usize)> {
    const GROUPS: usize = 8;
    let (mut value, mut count, mut run) = (0u128, 0, None);
    let mut at = 0;
    if bytes.starts_with(b"::") {
        (run, at) = (Some(0), 2);
    }
    loop {
        let start = at;
        let (group, length) = group(&bytes[at..]);
        at += length;
        if at == start {
            // Nothing may follow a run of zeros, and something must follow a colon.
            if run == Some(count) {
                break;
            }
            return None;
        }
        if bytes.get(at) == Some(&b'.') {
            let (octets, length) = ipv4(&bytes[start..])?;
            (value, count, at) = (value << 32 | u128::from(octets), count + 2, start + length);
            break;
        }
        (value, count) = (value << 16 | u128::from(group), count + 1);
        if bytes.get(at) != Some(&b':') || count == GROUPS {
            break;
        }
        at += 1;
        if bytes.get(at) == Some(&b':') {
            if run.is_some() {
                return None;
            }
            (run, at) = (Some(count), at + 1);
        }
    }
    match run {
        None if count == GROUPS => Some((value, at)),
        Some(run) if count < GROUPS => Some((spread(value, count, run), at)),
        _ => None,
    }
}

/// Moves the first `run` of `count` groups to the front of eight.
#[inline]
fn spread(value: u128, count: usize, run: usize) -> u128 {
    if run == 0 {
        return value;
    }
    let behind = 16 * (count - run);
    let head = value >> behind;
    head << (16 * (8 - run)) | value & u128::ones(behind as u8)
}

/// What is no digit.
const NO_DIGIT: u8 = 0xff;

/// The value of each byte as a hexadecimal digit.
const HEX: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        let digit = b"0123456789abcdef"[value as usize];
        table[digit as usize] = value;
        table[digit.to_ascii_uppercase() as usize] = value;
        value += 1;
    }
    table
};

/// Up to four hexadecimal digits, and how many there are.
#[inline]
fn group(bytes: &[u8]) -> (u16, usize) {
    // Most groups have four.
    if let [a, b, c, d, ..] = *bytes {
        let digit = |byte: u8| u16::from(HEX[usize::from(byte)]);
        let (a, b, c, d) = (digit(a), digit(b), digit(c), digit(d));
        if a | b | c | d < 16 {
            return (a << 12 | b << 8 | c << 4 | d, 4);
        }
    }
    let digits = bytes.iter().take(4).map(|byte| HEX[usize::from(*byte)]);
    let digits = digits.take_while(|digit| *digit != NO_DIGIT);
    digits.fold((0, 0), |(value, length), digit| (value << 4 | u16::from(digit), length + 1))
}

/// One to three digits, the first of which is no zero unless it is the only one.
#[inline]
fn length(bytes: &[u8]) -> Option<(u8, usize)> {
    let first = digit(bytes, 0);
    match first {
        0 => return Some((0, 1)),
        1..=9 => {}
        _ => return None,
    }
    let mut value = u16::from(first);
    let mut at = 1;
    while at < 3 && digit(bytes, at) <= 9 {
        value = value * 10 + u16::from(digit(bytes, at));
        at += 1;
    }
    u8::try_from(value).ok().map(|value| (value, at))
}

#[cfg(test)]
mod tests;
