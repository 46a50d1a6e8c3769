//! `X-Request-ID`: one name for a request in every log that it leaves a line in.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName};

/// The header.
pub(in crate::http) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest name that is taken over.
const LENGTH_MAX: usize = 128;

/// Makes names that are not repeated.
#[derive(Debug)]
pub(in crate::http) struct RequestIds {
    seed: u64,
    count: AtomicU64,
}

impl RequestIds {
    pub(in crate::http) fn new() -> Self {
        let mut seed = [0; 8];
        // Without randomness the names of two servers may meet; nothing else.
        let _ = aws_lc_rs::rand::fill(&mut seed);
        RequestIds { seed: u64::from_ne_bytes(seed), count: AtomicU64::new(0) }
    }

    /// The name of a request: the client's or its proxy's, where that can stand
    /// in a log line, else a new one.
    pub(in crate::http) fn name(&self, headers: &HeaderMap, into: &mut String) {
        into.clear();
        let given = headers.get(X_REQUEST_ID).map(|value| value.as_bytes());
        match given.filter(|given| is_sane(given)) {
            Some(given) => into.extend(given.iter().map(|&byte| char::from(byte))),
            None => self.make(into),
        }
    }

    fn make(&self, into: &mut String) {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        // An odd multiplier and a shift are each their own undoing, so that two
        // counts never have one name, and consecutive ones look nothing alike.
        let mut name = self.seed.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        name = (name ^ name >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
        name ^= name >> 32;
        for shift in (0..16).rev() {
            into.push(char::from(b"0123456789abcdef"[(name >> (shift * 4) & 0xf) as usize]));
        }
    }
}

fn is_sane(name: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    (1..=LENGTH_MAX).contains(&name.len()) && name.iter().all(allowed)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use http::HeaderValue;

    use super::*;

    fn named(given: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_str(given).unwrap());
        let mut name = String::from("old");
        RequestIds::new().name(&headers, &mut name);
        name
    }

    #[test]
    fn a_sane_name_is_taken_over() {
        let longest = "x".repeat(LENGTH_MAX);
        for name in ["a", "0-9._Z", longest.as_str()] {
            assert_eq!(named(name), name);
        }
        for name in ["", "a b", "a\"", "a/b", "x".repeat(LENGTH_MAX + 1).as_str()] {
            assert_eq!(named(name).len(), 16, "{name}");
        }
    }

    #[test]
    fn names_are_not_repeated() {
        let ids = RequestIds::new();
        let mut seen = HashSet::new();
        for _ in 0..10_000 {
            let mut name = String::new();
            ids.name(&HeaderMap::new(), &mut name);
            assert!(seen.insert(name));
        }
    }
}
