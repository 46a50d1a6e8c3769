//! SOCKS 5, RFC 1928, and its user names and passwords, RFC 1929: what a client says and what
//! comes back.

use std::net::{IpAddr, SocketAddr};

/// The method without authentication.
pub const NO_AUTHENTICATION: u8 = 0;
/// User name and password.
pub const USER_PASSWORD: u8 = 2;

/// Longest name, user name and password: their length is one byte.
pub const TEXT_BYTES_MAX: usize = 255;

/// A field longer than its length can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

/// What a server said that is not SOCKS 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotSocks;

/// The greeting: which methods are offered.
pub fn greeting(methods: &[u8]) -> Vec<u8> {
    let count = u8::try_from(methods.len()).unwrap_or(u8::MAX);
    [&[5, count], &methods[..usize::from(count)]].concat()
}

/// The method that the server chose, from its two bytes.
pub fn method(reply: [u8; 2]) -> Result<u8, NotSocks> {
    if reply[0] == 5 { Ok(reply[1]) } else { Err(NotSocks) }
}

/// User name and password.
pub fn credentials(user: &[u8], password: &[u8]) -> Result<Vec<u8>, TooLong> {
    let length = |text: &[u8]| u8::try_from(text.len()).map_err(|_| TooLong);
    Ok([&[1, length(user)?], user, &[length(password)?], password].concat())
}

/// Asks for a connection to an address.
pub fn connect_address(to: SocketAddr) -> Vec<u8> {
    let port = to.port().to_be_bytes();
    match to.ip() {
        IpAddr::V4(ip) => [&[5, 1, 0, 1][..], &ip.octets(), &port].concat(),
        IpAddr::V6(ip) => [&[5, 1, 0, 4][..], &ip.octets(), &port].concat(),
    }
}

/// Asks for a connection to a name that the server resolves.
pub fn connect_name(name: &str, port: u16) -> Result<Vec<u8>, TooLong> {
    let length = u8::try_from(name.len()).map_err(|_| TooLong)?;
    Ok([&[5, 1, 0, 3, length], name.as_bytes(), &port.to_be_bytes()].concat())
}

/// The answer to a request, once all of it is there: its code and how many bytes it took.
pub fn reply(bytes: &[u8]) -> Result<Option<(u8, usize)>, NotSocks> {
    match bytes {
        [] => return Ok(None),
        [5, ..] => {}
        _ => return Err(NotSocks),
    }
    let &[_, code, _, kind, first, ..] = bytes else { return Ok(None) };
    let address = match kind {
        1 => 4,
        3 => 1 + usize::from(first),
        4 => 16,
        _ => return Err(NotSocks),
    };
    let whole = 4 + address + 2;
    Ok((bytes.len() >= whole).then_some((code, whole)))
}

/// What a code means, RFC 1928 section 6.
pub fn reply_text(code: u8) -> &'static str {
    match code {
        0 => "succeeded",
        1 => "general failure",
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "a code that RFC 1928 does not know",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_says() {
        assert_eq!(greeting(&[0, 2]), [5, 2, 0, 2]);
        assert_eq!(credentials(b"me", b"pw").unwrap(), *b"\x01\x02me\x02pw");
        assert_eq!(connect_name("a.b", 80).unwrap(), *b"\x05\x01\x00\x03\x03a.b\x00\x50");
        let to = "192.0.2.1:443".parse().unwrap();
        assert_eq!(connect_address(to), [5, 1, 0, 1, 192, 0, 2, 1, 1, 187]);
        for (extra, ok) in [(0, true), (1, false)] {
            let name = "x".repeat(TEXT_BYTES_MAX + extra);
            assert_eq!(connect_name(&name, 1).is_ok(), ok);
        }
    }

    #[test]
    fn what_a_server_says_wherever_it_is_cut() {
        for (whole, code) in [
            (&[5, 0, 0, 1, 127, 0, 0, 1, 0, 80][..], 0),
            (&[5, 5, 0, 3, 1, b'h', 0, 80], 5),
            (&[5, 4, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 80], 4),
        ] {
            for cut in 0..whole.len() {
                assert_eq!(reply(&whole[..cut]), Ok(None));
            }
            assert_eq!(reply(whole), Ok(Some((code, whole.len()))));
        }
        assert!(reply(b"HTTP/1.1 400").is_err() && reply(&[5, 0, 0, 9, 0]).is_err());
        assert_eq!((method([5, 2]), method([4, 0])), (Ok(2), Err(NotSocks)));
    }
}
