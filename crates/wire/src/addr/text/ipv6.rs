//! Why a text with colons is no IPv6 address, RFC 4291 section 2.2.

use std::net::Ipv6Addr;

use super::{Fault, Problem, ipv4};

/// Why `text`, which is no address, is none.
pub(super) fn refuse(text: &str) -> Fault {
    let fault = digits(text).or_else(|| colons(text)).or_else(|| groups(text));
    fault.unwrap_or_else(|| Fault::new(0..text.len(), Problem::NoAddress))
}

/// The first character that no IPv6 address has.
fn digits(text: &str) -> Option<Fault> {
    let other = |c: &char| !c.is_ascii_hexdigit() && !matches!(c, ':' | '.');
    let (at, c) = text.char_indices().find(|(_, c)| other(c))?;
    let fault = Fault::new(at..at + c.len_utf8(), Problem::GroupDigit(c));
    Some(fault.right("the digits are 0 to 9 and a to f"))
}

/// Colons where none may be.
fn colons(text: &str) -> Option<Fault> {
    let right = |text: String| text.parse::<Ipv6Addr>().ok().map(|_| format!("write {text}"));
    if let Some(at) = text.find(":::") {
        let many = text[at..].bytes().take_while(|&byte| byte == b':').count();
        let fixed = format!("{}::{}", &text[..at], &text[at + many..]);
        return Some(Fault::new(at..at + many, Problem::ThreeColons).right_if(right(fixed)));
    }
    let first = text.find("::");
    if let Some(first) = first
        && let Some(second) = text[first + 2..].find("::").map(|at| first + 2 + at)
    {
        let (before, after) = (&text[..second], &text[second + 2..]);
        let fixed = match after {
            "" => format!("{before}:0"),
            _ => format!("{before}:0:{after}"),
        };
        let right = right(fixed).map(|right| format!("{right}, with the zeros that you mean"));
        return Some(Fault::new(second..second + 2, Problem::TwoRuns).right_if(right));
    }
    if text.starts_with(':') && first != Some(0) {
        let fixed = right(format!(":{text}")).or_else(|| right(text[1..].to_owned()));
        return Some(Fault::new(0..1, Problem::LooseColon("start")).right_if(fixed));
    }
    let end = text.len() - 1;
    if text.ends_with(':') && first.is_none_or(|first| first + 1 != end) {
        let fixed = right(format!("{text}:")).or_else(|| right(text[..end].to_owned()));
        return Some(Fault::new(end..end + 1, Problem::LooseColon("end")).right_if(fixed));
    }
    None
}

/// Groups of the wrong length, or too few or too many of them.
fn groups(text: &str) -> Option<Fault> {
    let run = text.find("::");
    let mut at = 0;
    let mut count = 0;
    let mut ninth = None;
    let last = text.split(':').count() - 1;
    for (i, group) in text.split(':').enumerate() {
        let place = at..at + group.len();
        at += group.len() + 1;
        if group.is_empty() {
            continue;
        }
        if group.contains('.') {
            if i != last {
                return Some(Fault::new(place, Problem::DottedNotLast));
            }
            if let Err(fault) = ipv4::octets(group) {
                return Some(inside(fault, place.start));
            }
            count += 1;
        } else if group.len() > 4 {
            let short = group.trim_start_matches('0');
            let right = (!short.is_empty() && short.len() <= 4).then(|| format!("write {short}"));
            return Some(Fault::new(place, Problem::GroupTooLong).right_if(right));
        }
        count += 1;
        if count > 8 && ninth.is_none() {
            ninth = Some(place.start);
        }
    }
    match (run, ninth) {
        (_, Some(ninth)) => Some(Fault::new(ninth..text.len(), Problem::TooManyGroups(count))),
        (Some(run), None) if count == 8 => {
            let right = match (run, &text[run + 2..]) {
                (0, after) => after.to_owned(),
                (_, "") => text[..run].to_owned(),
                (_, after) => format!("{}:{after}", &text[..run]),
            };
            let fault = Fault::new(run..run + 2, Problem::RunOfNothing);
            Some(fault.right(format!("write {right}")))
        }
        (None, None) if count < 8 => {
            let fault = Fault::new(text.len()..text.len(), Problem::TooFewGroups(count));
            Some(fault.right(format!("write {text}:: if zeros follow")))
        }
        _ => None,
    }
}

/// A fault of the IPv4 part, which no C library reads any other way.
fn inside(fault: Fault, bytes_before: usize) -> Fault {
    Fault { right: None, ..fault }.after(bytes_before)
}
