//! Addresses and networks as text: read strictly, and refused with the place and a remedy.
//!
//! What programs read differently is refused here: an octet with a leading zero (octal to the C
//! library, decimal to others), fewer than four parts, parts in hexadecimal. [`lax`] says what
//! the C library would have made of it.

mod error;
mod ipv4;
mod ipv6;
mod prefix;

use std::net::IpAddr;

pub use error::{AddressError, Problem};
use ipnet::IpNet;
pub use ipv4::lax;

use super::Mac;

/// Longest text that an error repeats: an IPv6 address with a mask of its own length has 91.
const TEXT_BYTES_MAX: usize = 256;

/// Reads an address: IPv4 as four decimal octets without leading zeros, IPv6 in every form of
/// RFC 4291 section 2.2.
///
/// # Errors
/// With the place and what would be right. A zone such as `%eth0` belongs to one host's
/// interfaces and is refused too.
///
/// ```
/// use plumb_wire::addr::text;
/// assert_eq!(text::address("::ffff:1.2.3.4")?.to_string(), "::ffff:1.2.3.4");
/// let error = text::address("10.0.0.010").unwrap_err();
/// assert_eq!(error.range, 7..10);
/// # Ok::<(), text::AddressError>(())
/// ```
pub fn address(text: &str) -> Result<IpAddr, AddressError> {
    // The standard library's reading is exactly the strict one.
    text.parse().map_err(|_| match text.find('/') {
        Some(slash) if text[..slash].parse::<IpAddr>().is_ok() => {
            let right = format!("write {}", &text[..slash]);
            Fault::new(slash..text.len(), Problem::Network).right(right).of(text)
        }
        Some(slash) if slash > 0 && !text.contains("://") => refuse(&text[..slash]).of(text),
        _ => refuse(text).of(text),
    })
}

/// Reads a network: `ADDRESS/LENGTH`, and for IPv4 `ADDRESS/NETMASK` and `ADDRESS/WILDCARD`. An
/// address alone is the network of that one address. Bits behind the prefix are kept.
///
/// A mask of `0.0.0.0` is the netmask of `/0`, and `255.255.255.255` that of `/32`.
///
/// # Errors
/// As [`address`].
pub fn network(text: &str) -> Result<IpNet, AddressError> {
    let Some(slash) = text.find('/').filter(|_| !text.contains("://")) else {
        return address(text).map(IpNet::from);
    };
    let Ok(address) = text[..slash].parse::<IpAddr>() else {
        return Err(match text[..slash].is_empty() {
            true => Fault::new(0..slash, Problem::NoAddress).right_if(example(text)).of(text),
            false => {
                let fault = abbreviated(text, slash);
                fault.unwrap_or_else(|| refuse(&text[..slash]).with_prefix(&text[slash..])).of(text)
            }
        });
    };
    prefix::length(&text[slash + 1..], address).map_err(|fault| fault.after(slash + 1).of(text))
}

/// What would be right for a prefix that stands alone.
fn example(prefix: &str) -> Option<String> {
    let read = |address| network(&format!("{address}{prefix}")).ok();
    let right = read("192.0.2.0").or_else(|| read("2001:db8::"))?.trunc();
    Some(format!("write the address in front, such as {right}"))
}

/// `10/8`, as routers write it: octets of zero left out at the end. The C library would read 10
/// as 0.0.0.10, so it is refused.
fn abbreviated(text: &str, slash: usize) -> Option<Fault> {
    let octets = text[..slash].split('.').map(|octet| octet.parse::<u8>().ok());
    let mut octets: Vec<u8> = octets.collect::<Option<_>>()?;
    let count = octets.len();
    octets.resize(4, 0);
    let address = IpAddr::from(<[u8; 4]>::try_from(octets).ok()?);
    let right = format!("{address}{}", &text[slash..]);
    let fault = Fault::new(slash..slash, Problem::TooFewOctets(count));
    (count < 4 && network(&right).is_ok()).then(|| fault.right(format!("write {right}")))
}

/// What is wrong with a part of a text, and where in that part.
#[derive(Debug)]
struct Fault {
    range: std::ops::Range<usize>,
    problem: Problem,
    right: Option<String>,
}

impl Fault {
    fn new(range: std::ops::Range<usize>, problem: Problem) -> Fault {
        Fault { range, problem, right: None }
    }

    /// With what would be right.
    fn right(mut self, right: impl Into<String>) -> Fault {
        self.right = Some(right.into());
        self
    }

    /// With what would be right as a network: the address that was advised, and the prefix that
    /// stood behind the wrong one.
    fn with_prefix(mut self, prefix: &str) -> Fault {
        let Some(advice) = self.right.as_deref().and_then(|right| right.strip_prefix("write "))
        else {
            return self;
        };
        let end = advice.find([' ', ';', ',']).unwrap_or(advice.len());
        let right = format!("{}{prefix}", &advice[..end]);
        if network(&right).is_ok() {
            self.right = Some(format!("write {right}{}", &advice[end..]));
        }
        self
    }

    fn right_if(mut self, right: Option<String>) -> Fault {
        self.right = right;
        self
    }

    /// The same, where `bytes` stand before the part.
    fn after(mut self, bytes: usize) -> Fault {
        self.range = self.range.start + bytes..self.range.end + bytes;
        self
    }

    /// As the error of the whole text.
    fn of(self, text: &str) -> AddressError {
        let Fault { range, problem, right } = self;
        if text.len() <= TEXT_BYTES_MAX {
            return AddressError { text: text.to_owned(), range, problem, right };
        }
        let end = text.floor_char_boundary(TEXT_BYTES_MAX);
        let (text, problem) = (text[..end].to_owned(), Problem::Long(text.len()));
        AddressError { range: 0..text.len(), text, problem, right: None }
    }
}

/// Why `text`, which is no address, is none.
fn refuse(text: &str) -> Fault {
    let all = 0..text.len();
    if text.is_empty() {
        let right = "write 0.0.0.0 or :: for every address of this host";
        return Fault::new(all, Problem::Empty).right(right);
    }
    if text.len() > TEXT_BYTES_MAX {
        return Fault::new(all, Problem::Long(text.len()));
    }
    if let Some(at) = text.find("://") {
        return Fault::new(0..at + 3, Problem::Url);
    }
    if let Some(fault) = foreign(text).or_else(|| wrapped(text)) {
        return fault;
    }
    if text.parse::<Mac>().is_ok() {
        return Fault::new(all, Problem::Mac);
    }
    if let Some((first, last)) = text.split_once('-')
        && first.parse::<IpAddr>().is_ok()
        && last.parse::<IpAddr>().is_ok()
    {
        return Fault::new(first.len()..first.len() + 1, Problem::Range);
    }
    if let Some((before, after)) = text.split_once(':')
        && (before.contains('.') || before.bytes().any(|byte| byte.is_ascii_alphabetic()))
        && !after.contains(':')
        && !before.is_empty()
    {
        let at = before.len();
        return match ipv4::octets(before) {
            Err(_) if before.bytes().any(|byte| byte.is_ascii_alphabetic()) => {
                Fault::new(0..text.len(), Problem::Name)
            }
            Ok(_) => Fault::new(at..text.len(), Problem::Port).right(format!("write {before}")),
            Err(fault) => fault,
        };
    }
    if text.contains(':') { ipv6::refuse(text) } else { number_or_name(text) }
}

/// The first character that no address has.
fn foreign(text: &str) -> Option<Fault> {
    let (at, c) = text.char_indices().find(|(_, c)| {
        c.is_whitespace() || c.is_control() || !c.is_ascii() || matches!(c, '"' | '\'' | ',' | ';')
    })?;
    let place = at..at + c.len_utf8();
    // The range and the full stop of fullwidth forms, which input methods write.
    let plain: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '\'' | ',' | ';'))
        .map(|c| match u32::from(c) {
            wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(c),
            0x3002 | 0xff61 => '.',
            _ => c,
        })
        .collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    let right = match words[..] {
        [first, second] => {
            let slash = if second.starts_with('/') { "" } else { "/" };
            let joined = format!("{first}{slash}{second}");
            (first.contains('.') && network(&joined).is_ok()).then_some(joined)
        }
        _ => (plain.is_ascii() && network(&plain).is_ok()).then_some(plain),
    };
    let problem = if c.is_whitespace() && c != '\u{3000}' {
        Problem::Space
    } else if c.is_ascii() && !c.is_control() {
        Problem::Character(c)
    } else if ('\u{ff10}'..='\u{ff19}').contains(&c) {
        Problem::Fullwidth(c)
    } else {
        Problem::Foreign(c)
    };
    Some(Fault::new(place, problem).right_if(right.map(|right| format!("write {right}"))))
}

/// What URLs and hosts put around an address: brackets and a zone.
fn wrapped(text: &str) -> Option<Fault> {
    let right = |inner: &str| {
        let inner = inner.split('%').next().unwrap_or(inner);
        inner.parse::<IpAddr>().ok().map(|_| format!("write {inner}"))
    };
    if let Some(inner) = text.strip_prefix('[') {
        let close = inner.find(']').map(|at| at + 1);
        let range = if close == Some(text.len() - 1) { 0..text.len() } else { 0..1 };
        let inner = &text[1..close.unwrap_or(text.len())];
        return Some(Fault::new(range, Problem::Brackets).right_if(right(inner)));
    }
    let percent = text.find('%')?;
    Some(Fault::new(percent..text.len(), Problem::Zone).right_if(right(&text[..percent])))
}

/// A text without a colon: IPv4, a number, or a name.
fn number_or_name(text: &str) -> Fault {
    let all = 0..text.len();
    let has = |text: &str| Some(format!("{text} has this value"));
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let right = match (text.parse::<u32>(), text.parse::<u128>()) {
            (Ok(value), _) => has(&std::net::Ipv4Addr::from(value).to_string()),
            (_, Ok(value)) => has(&std::net::Ipv6Addr::from(value).to_string()),
            _ => None,
        };
        return Fault::new(all, Problem::Integer).right_if(right);
    }
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let bare = digits.unwrap_or(text);
    let is_hex = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && (digits.is_some() || matches!(bare.len(), 8 | 32)) {
        let right = match (u32::from_str_radix(bare, 16), u128::from_str_radix(bare, 16)) {
            (Ok(value), _) if bare.len() <= 8 => has(&std::net::Ipv4Addr::from(value).to_string()),
            (_, Ok(value)) => has(&std::net::Ipv6Addr::from(value).to_string()),
            _ => None,
        };
        return Fault::new(all, Problem::Hexadecimal).right_if(right);
    }
    // As in URLs: what ends in a number is meant as an address.
    let last = text.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let ends_in_a_number = last.starts_with(|c: char| c.is_ascii_digit()) || last.is_empty();
    let begins_with_one = text.contains('.')
        && text.split('.').take(2).all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    if !text.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        return Fault::new(all, Problem::NoAddress);
    }
    if !ends_in_a_number && !begins_with_one {
        return Fault::new(all, Problem::Name);
    }
    match ipv4::octets(text) {
        Err(fault) => fault,
        Ok(_) => Fault::new(all, Problem::NoAddress),
    }
}

#[cfg(test)]
mod tests;
