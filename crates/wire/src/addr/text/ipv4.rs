//! Four decimal octets, and what the C library takes for them.

use std::net::Ipv4Addr;

use super::{Fault, Problem};

/// Reads as `inet_aton(3)` of the C library does: one to four parts, each decimal, octal (`0`) or
/// hexadecimal (`0x`), the last of which fills all the octets that are left. None for what it
/// refuses too. (The library also ignores whatever follows a blank; that is not repeated here.)
///
/// ```
/// use plumb_wire::addr::text::lax;
/// assert_eq!(lax("0x7f.1"), Some([127, 0, 0, 1].into()));
/// assert_eq!(lax("010.0.0.1"), Some([8, 0, 0, 1].into()));
/// assert_eq!(lax("1.2.3.08"), None);
/// ```
pub fn lax(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u32> = text.split('.').map(lax_part).collect::<Option<_>>()?;
    let (&last, octets) = parts.split_last()?;
    let left_bits = 32 - 8 * u32::try_from(octets.len()).ok().filter(|&many| many < 4)?;
    if octets.iter().any(|&octet| octet > 255) || u64::from(last) >> left_bits != 0 {
        return None;
    }
    let upper = octets.iter().enumerate().map(|(i, octet)| octet << (24 - 8 * i)).sum::<u32>();
    Some(Ipv4Addr::from(upper | last))
}

/// A part as `strtoul(3)` with base 0 reads it, without blanks and signs.
fn lax_part(part: &str) -> Option<u32> {
    let (digits, radix) = match part.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&part[2..], 16),
        [b'0', _, ..] => (&part[1..], 8),
        _ => (part, 10),
    };
    // A sign is the one thing that from_str_radix would take beside digits.
    let digits = Some(digits).filter(|digits| digits.starts_with(|c: char| c.is_digit(radix)))?;
    u32::from_str_radix(digits, radix).ok()
}

/// Reads strictly, or says why not.
pub(super) fn octets(text: &str) -> Result<Ipv4Addr, Fault> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let parts: Vec<&str> = text.split('.').collect();
    let mut at = 0;
    for part in &parts {
        let too_few = (2..4).contains(&parts.len()) && lax(text).is_some();
        if let Some(fault) = octet(part, too_few) {
            return Err(fault.after(at).right_if(remedy(text, &parts)));
        }
        at += part.len() + 1;
    }
    let count = parts.len();
    if count > 4 {
        let four: usize = parts[..4].iter().map(|part| part.len() + 1).sum::<usize>() - 1;
        let fault = Fault::new(four..text.len(), Problem::TooManyOctets(count));
        return Err(fault.right(format!("write {}", &text[..four])));
    }
    let fault = Fault::new(text.len()..text.len(), Problem::TooFewOctets(count));
    Err(fault.right_if(remedy(text, &parts)))
}

/// What is wrong with one octet. The last of `too_few` fills more than eight bits.
fn octet(part: &str, too_few: bool) -> Option<Fault> {
    let all = 0..part.len();
    let bytes = part.as_bytes();
    if part.is_empty() {
        return Some(Fault::new(all, Problem::OctetMissing));
    }
    if let [b'0', b'x' | b'X', ..] = bytes {
        return Some(Fault::new(all, Problem::OctetHexadecimal));
    }
    if let Some((at, c)) = part.char_indices().find(|(_, c)| !c.is_ascii_digit()) {
        return Some(Fault::new(at..at + c.len_utf8(), Problem::OctetDigit(c)));
    }
    if part.len() > 1 && part.starts_with('0') {
        return Some(Fault::new(all, Problem::OctetLeadingZero));
    }
    let small = part.parse::<u8>().is_ok();
    (!small && !too_few).then(|| Fault::new(all, Problem::OctetTooLarge))
}

/// What would be right, and how the C library reads it.
fn remedy(text: &str, parts: &[&str]) -> Option<String> {
    // Two dots in a row, or one at an end: what is left may be an address.
    let present: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    if present.len() < parts.len() {
        let joined = present.join(".");
        return joined.parse::<Ipv4Addr>().ok().map(|right| format!("write {right}"));
    }
    // 10.0.0.*, as address lists of other programs write it.
    let fixed = parts.iter().take_while(|part| part.parse::<u8>().is_ok()).count();
    if fixed < parts.len() && parts.len() <= 4 && parts[fixed..].iter().all(|part| *part == "*") {
        let mut octets = parts[..fixed].to_vec();
        octets.resize(4, "0");
        return Some(format!("write {}/{}", octets.join("."), fixed * 8));
    }
    let decimal: Option<Vec<u8>> = parts.iter().map(|part| part.parse().ok()).collect();
    let decimal = decimal.and_then(|octets| <[u8; 4]>::try_from(octets).ok()).map(Ipv4Addr::from);
    let python = "Python refuses it since 3.9.5";
    match (decimal, lax(text)) {
        (Some(right), Some(read)) if right == read => {
            Some(format!("write {right}; the C library reads it so, {python}"))
        }
        (Some(right), Some(read)) => {
            Some(format!("write {right}, or {read}, which the C library reads (octal); {python}"))
        }
        (Some(right), None) => {
            Some(format!("write {right}; the C library refuses it, for octal digits end at 7"))
        }
        (None, Some(read)) => Some(format!("write {read} if you mean what the C library reads")),
        (None, None) => None,
    }
}
