//! Byte ranges, RFC 9110 section 14.

use std::ops::Range;

/// Parts of one answer. A player asks for one, a PDF reader for a few; whoever
/// asks for more gets the whole, RFC 9110 section 17.15.
pub const RANGES_MAX: usize = 32;

/// What a `Range` field asks of a representation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selected {
    /// Nothing that must be heeded: another unit, malformed, or too much.
    Whole,
    /// These bytes, in this order: never empty, no part empty or beyond the
    /// end, none overlapping another.
    Parts(Vec<Range<u64>>),
    /// Well-formed, and nothing of it is there: 416.
    Nothing,
}

/// What `field` asks of a representation of `size_bytes`.
pub fn select(field: &[u8], size_bytes: u64) -> Selected {
    let Some(specs) = parse(field) else { return Selected::Whole };
    // Clients that put a range into every request mean an empty file, too; and a suffix of
    // nothing is there, but cannot be told in Content-Range.
    if size_bytes == 0 {
        return Selected::Whole;
    }
    let parts: Vec<_> = specs.iter().filter_map(|spec| spec.of(size_bytes)).collect();
    match parts.len() {
        0 => Selected::Nothing,
        1 => Selected::Parts(parts),
        _ => Selected::Parts(apart(parts)),
    }
}

/// The value of `Content-Range` for a part.
pub fn content_range(part: &Range<u64>, size_bytes: u64) -> String {
    format!("bytes {}-{}/{size_bytes}", part.start, part.end.saturating_sub(1))
}

#[derive(Debug, Clone, Copy)]
enum Spec {
    From(u64, Option<u64>),
    Suffix(u64),
}

impl Spec {
    fn of(self, size: u64) -> Option<Range<u64>> {
        let part = match self {
            Spec::From(first, last) => {
                first..last.map_or(size, |last| last.saturating_add(1).min(size))
            }
            Spec::Suffix(count) => size.saturating_sub(count)..size,
        };
        (part.start < part.end).then_some(part)
    }
}

/// `None` where the field is not to be heeded.
fn parse(field: &[u8]) -> Option<Vec<Spec>> {
    let text = std::str::from_utf8(field).ok()?.trim_matches([' ', '\t']);
    let (unit, set) = text.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut specs = Vec::new();
    for element in set.split(',').map(|element| element.trim_matches([' ', '\t'])) {
        // A list may have empty elements, RFC 9110 section 5.6.1.2.
        if element.is_empty() {
            continue;
        }
        if specs.len() == RANGES_MAX {
            return None;
        }
        let (first, last) = element.split_once('-')?;
        specs.push(match (first, last) {
            ("", count) => Spec::Suffix(number(count)?),
            (first, "") => Spec::From(number(first)?, None),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Spec::From(first, Some(last)))?
            }
        });
    }
    (!specs.is_empty()).then_some(specs)
}

/// Digits only; a number larger than any file is as good as the largest.
fn number(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().unwrap_or(u64::MAX))
}

/// Joins parts that overlap or touch, and no others: what was not asked for is
/// not sent. The order is the client's where nothing was joined, else that of
/// the file.
fn apart(asked: Vec<Range<u64>>) -> Vec<Range<u64>> {
    let mut sorted = asked.clone();
    sorted.sort_by_key(|part| part.start);
    let mut joined: Vec<Range<u64>> = Vec::with_capacity(sorted.len());
    for part in sorted {
        match joined.last_mut() {
            Some(last) if part.start <= last.end => {
                last.end = last.end.max(part.end);
            }
            _ => joined.push(part),
        }
    }
    if joined.len() == asked.len() { asked } else { joined }
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "a list of parts may hold one")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(field: &str, size: u64) -> Selected {
        select(field.as_bytes(), size)
    }

    #[test]
    fn single_parts() {
        for (field, expected) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-99", 0..100),
            ("bytes=90-1000", 90..100),
            ("bytes=90-", 90..100),
            ("bytes=-1", 99..100),
            ("bytes=-1000", 0..100),
            ("bytes =0-0", 0..0),
            ("bytes= 5-6 , 200-", 5..7),
            ("bytes=,5-6,", 5..7),
            ("bytes=0-99999999999999999999999", 0..100),
        ] {
            let expected =
                if expected.is_empty() { Selected::Whole } else { Selected::Parts(vec![expected]) };
            assert_eq!(parts(field, 100), expected, "{field}");
        }
    }

    #[test]
    fn what_is_not_there_and_what_is_not_a_range() {
        for field in ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=500-,600-"] {
            assert_eq!(parts(field, 100), Selected::Nothing, "{field}");
        }
        for field in [
            "bytes=5-4",
            "bytes=",
            "bytes",
            "lines=1-2",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=1--2",
            "-5",
        ] {
            assert_eq!(parts(field, 100), Selected::Whole, "{field}");
        }
        assert_eq!(parts("bytes=0-", 0), Selected::Whole);
        assert_eq!(parts("bytes=-5", 0), Selected::Whole);
    }

    #[test]
    fn several_parts_are_bounded_and_joined() {
        assert_eq!(parts("bytes=0-0,500-500", 1000), Selected::Parts(vec![0..1, 500..501]));
        assert_eq!(parts("bytes=500-500,0-0", 1000), Selected::Parts(vec![500..501, 0..1]));
        assert_eq!(parts("bytes=0-10,5-20", 1000), Selected::Parts(vec![0..21]));
        assert_eq!(parts("bytes=0-10,11-99", 1000), Selected::Parts(vec![0..100]));
        assert_eq!(parts("bytes=0-10,12-99", 1000), Selected::Parts(vec![0..11, 12..100]));
        let at = vec!["0-"; RANGES_MAX].join(",");
        assert_eq!(parts(&format!("bytes={at}"), 9), Selected::Parts(vec![0..9]));
        assert_eq!(parts(&format!("bytes={at},0-"), 9), Selected::Whole);
    }

    proptest! {
        #[test]
        fn parts_lie_inside_and_apart(field in "bytes=[0-9,-]{0,40}", size in 0u64..2000) {
            if let Selected::Parts(mut parts) = select(field.as_bytes(), size) {
                prop_assert!(!parts.is_empty());
                prop_assert!(parts.iter().all(|p| p.start < p.end && p.end <= size));
                parts.sort_by_key(|p| p.start);
                prop_assert!(parts.windows(2).all(|w| w[0].end < w[1].start));
            }
        }
    }
}
