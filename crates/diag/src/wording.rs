//! How numbers, times and lists read in a claim.

use std::fmt::Display;

use crate::contact::{
    EACCES, EADDRNOTAVAIL, EAFNOSUPPORT, EHOSTUNREACH, EINVAL, EMFILE, ENETDOWN, ENETUNREACH,
    ENFILE, EPERM,
};

/// A time span with two or three significant digits: `3.07 s`, `12 ms`.
pub(crate) fn seconds(ns: u64) -> String {
    let us = ns / 1_000;
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..10_000 => format!("{}.{} ms", us / 1_000, us / 100 % 10),
        10_000..1_000_000 => format!("{} ms", us / 1_000),
        _ => format!("{}.{:02} s", us / 1_000_000, us / 10_000 % 100),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    match items.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// The symbol of an errno value of Linux, for the few that routes and
/// sockets give here.
pub(crate) fn errno_name(errno: i32) -> String {
    let name = match errno {
        EPERM => "EPERM",
        EACCES => "EACCES",
        EINVAL => "EINVAL",
        ENFILE => "ENFILE",
        EMFILE => "EMFILE",
        EAFNOSUPPORT => "EAFNOSUPPORT",
        EADDRNOTAVAIL => "EADDRNOTAVAIL",
        ENETDOWN => "ENETDOWN",
        ENETUNREACH => "ENETUNREACH",
        EHOSTUNREACH => "EHOSTUNREACH",
        other => return format!("errno {other}"),
    };
    name.to_owned()
}

/// Bytes from the network as one short line of printable ASCII.
pub(crate) fn printable(bytes: &[u8]) -> String {
    // As much as identifies a greeting or a status line.
    const SHOWN_MAX: usize = 40;
    bytes
        .iter()
        .take_while(|&&b| b != b'\r' && b != b'\n')
        .take(SHOWN_MAX)
        .map(|&b| if b.is_ascii_graphic() || b == b' ' { char::from(b) } else { '.' })
        .collect()
}

/// A calendar date, UTC: `2024-02-29`.
pub(crate) fn date(unix_s: i64) -> String {
    match time::OffsetDateTime::from_unix_timestamp(unix_s) {
        Ok(at) => {
            format!("{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day())
        }
        Err(_) => format!("{unix_s} s after 1970"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_at_a_glance() {
        assert_eq!(seconds(800), "0 µs");
        assert_eq!(seconds(250_000), "250 µs");
        assert_eq!(seconds(1_250_000), "1.2 ms");
        assert_eq!(seconds(45_000_000), "45 ms");
        assert_eq!(seconds(3_071_000_000), "3.07 s");
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(list(["a"; 0]), "");
        assert_eq!(list(["a"]), "a");
        assert_eq!(list(["a", "b"]), "a and b");
        assert_eq!(list(["a", "b", "c"]), "a, b and c");
    }
}
