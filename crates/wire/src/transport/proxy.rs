//! The PROXY protocol, versions 1 and 2: by which a proxy that passes bytes on
//! says for whom, before the first of them (HAProxy's proxy-protocol.txt,
//! sections 2.1 and 2.2).
//!
//! ```text
//! 1: PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n
//!
//!    +-----------+-----------------+------------------+--------+-----------+------+
//! 2: | signature | version|command | family|transport | length | addresses | TLVs |
//!    | 12        | 1               | 1                | 2      | 12 36 216 |      |
//!    +-----------+-----------------+------------------+--------+-----------+------+
//! ```

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use thiserror::Error;

/// The longest header of version 1, its line end included (section 2.1).
pub const VERSION_1_BYTES_MAX: usize = 107;
/// The longest header that is taken. Version 2 could announce 64 KiB; what
/// proxies send is below the smallest MTU, with certificates below this.
pub const HEADER_BYTES_MAX: usize = 4096;

const SIGNATURE_1: &[u8] = b"PROXY ";
const SIGNATURE_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family and transport, length.
const FIXED_2_BYTES: usize = 16;
/// `sun_path` on the wire (section 2.2).
const UNIX_PATH_BYTES: usize = 108;

/// What a proxy says of the connection that it passes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyHeader {
    /// 1 or 2.
    pub version: u8,
    /// Of whom.
    pub ends: Ends,
}

/// Between whom the connection is that a proxy passes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ends {
    /// The proxy speaks for itself (LOCAL), as when it checks that the server
    /// is there.
    Own,
    /// It does not know, or uses a family that is not known here (UNKNOWN,
    /// UNSPEC).
    Unknown,
    /// Over TCP or UDP.
    Ip {
        /// The client.
        source: SocketAddr,
        /// Where the client connected to.
        destination: SocketAddr,
    },
    /// Over a Unix socket; a path ends at its first zero byte.
    Unix {
        /// The client's path, mostly empty.
        source: Vec<u8>,
        /// The path that the client connected to.
        destination: Vec<u8>,
    },
}

/// Why bytes are not a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ProxyError {
    #[error("it does not begin like a PROXY header")]
    NoSignature,
    #[error("a PROXY header of version 1 is longer than 107 bytes")]
    LineTooLong,
    #[error("a PROXY header of version 1 has a wrong {0}")]
    Line(&'static str),
    #[error("a PROXY header says that its version is {0}")]
    Version(u8),
    #[error("a PROXY header has the command {0}, which does not exist")]
    Command(u8),
    #[error("a PROXY header is longer than 4096 bytes")]
    TooLong,
    #[error("a PROXY header is shorter than its addresses")]
    TooShort,
}

impl ProxyHeader {
    /// Reads a header at the beginning of `bytes`; gives it with its length.
    /// `None` if it goes on beyond them.
    ///
    /// # Errors
    /// As soon as these bytes cannot be the beginning of a header.
    pub fn parse(bytes: &[u8]) -> Result<Option<(ProxyHeader, usize)>, ProxyError> {
        let begins = |signature: &[u8]| {
            let common = bytes.len().min(signature.len());
            bytes[..common] == signature[..common]
        };
        match (begins(SIGNATURE_1), begins(SIGNATURE_2)) {
            (true, true) => Ok(None), // nothing is there yet
            (true, false) => version_1(bytes),
            (false, true) => version_2(bytes),
            (false, false) => Err(ProxyError::NoSignature),
        }
    }

    /// The bytes of the header. In version 1 what has no address is UNKNOWN.
    pub fn encode(&self) -> Vec<u8> {
        if self.version == 1 { self.to_string().into_bytes() } else { self.encode_2() }
    }

    fn encode_2(&self) -> Vec<u8> {
        let (command, family, addresses) = match &self.ends {
            Ends::Own => (0, 0, Vec::new()),
            Ends::Unknown => (1, 0, Vec::new()),
            Ends::Ip { source, destination } => match (source.ip(), destination.ip()) {
                (IpAddr::V4(from), IpAddr::V4(to)) => {
                    (1, 0x11, ip_ends(&from.octets(), &to.octets(), source, destination))
                }
                (from, to) => {
                    let octets = |address: IpAddr| match address {
                        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
                        IpAddr::V6(v6) => v6.octets(),
                    };
                    (1, 0x21, ip_ends(&octets(from), &octets(to), source, destination))
                }
            },
            Ends::Unix { source, destination } => {
                let path = |path: &[u8]| {
                    let mut bytes = path.to_vec();
                    bytes.resize(UNIX_PATH_BYTES, 0);
                    bytes
                };
                (1, 0x31, [path(source), path(destination)].concat())
            }
        };
        // 216 at most, see above.
        let length = u16::try_from(addresses.len()).unwrap_or(u16::MAX).to_be_bytes();
        [SIGNATURE_2, &[0x20 | command, family], &length, &addresses].concat()
    }
}

fn ip_ends(from: &[u8], to: &[u8], source: &SocketAddr, destination: &SocketAddr) -> Vec<u8> {
    let ports = [source.port().to_be_bytes(), destination.port().to_be_bytes()].concat();
    [from, to, &ports].concat()
}

/// Version 1, whatever [`ProxyHeader::version`] says.
impl fmt::Display for ProxyHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.ends {
            Ends::Ip { source, destination } if source.is_ipv4() == destination.is_ipv4() => {
                let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
                let (from, to) = (source.ip(), destination.ip());
                write!(f, "PROXY {family} {from} {to} {} {}\r\n", source.port(), destination.port())
            }
            _ => f.write_str("PROXY UNKNOWN\r\n"),
        }
    }
}

type Parsed = Result<Option<(ProxyHeader, usize)>, ProxyError>;

fn version_1(bytes: &[u8]) -> Parsed {
    let within = &bytes[..bytes.len().min(VERSION_1_BYTES_MAX)];
    let Some(end) = within.windows(2).position(|pair| pair == b"\r\n") else {
        let is_over = bytes.len() >= VERSION_1_BYTES_MAX;
        return if is_over { Err(ProxyError::LineTooLong) } else { Ok(None) };
    };
    let line = std::str::from_utf8(&within[..end]).map_err(|_| ProxyError::Line("character"))?;
    let mut words = line.split(' ').skip(1);
    let ends = match words.next() {
        // What follows is to be ignored (section 2.1).
        Some("UNKNOWN") => Ends::Unknown,
        Some("TCP4") => line_ends::<Ipv4Addr>(words)?,
        Some("TCP6") => line_ends::<Ipv6Addr>(words)?,
        _ => return Err(ProxyError::Line("family")),
    };
    Ok(Some((ProxyHeader { version: 1, ends }, end + 2)))
}

fn line_ends<'a, A: FromStr + Into<IpAddr>>(
    mut words: impl Iterator<Item = &'a str>,
) -> Result<Ends, ProxyError> {
    let mut address = |what| {
        let word = words.next().ok_or(ProxyError::Line(what))?;
        word.parse::<A>().map(Into::into).map_err(|_| ProxyError::Line(what))
    };
    let (from, to): (IpAddr, IpAddr) = (address("source")?, address("destination")?);
    let mut port = |what| port(words.next().unwrap_or_default()).ok_or(ProxyError::Line(what));
    let source = SocketAddr::new(from, port("source port")?);
    let destination = SocketAddr::new(to, port("destination port")?);
    match words.next() {
        None => Ok(Ends::Ip { source, destination }),
        Some(_) => Err(ProxyError::Line("end")),
    }
}

/// Digits only, and no zero before another.
fn port(word: &str) -> Option<u16> {
    let plain = word.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = word == "0" || !word.starts_with('0');
    (plain && canonical).then(|| word.parse().ok()).flatten()
}

fn version_2(bytes: &[u8]) -> Parsed {
    let Some((fixed, rest)) = bytes.split_at_checked(FIXED_2_BYTES) else { return Ok(None) };
    let (version, command) = (fixed[12] >> 4, fixed[12] & 0xf);
    if version != 2 {
        return Err(ProxyError::Version(version));
    }
    if command > 1 {
        return Err(ProxyError::Command(command));
    }
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if FIXED_2_BYTES + length > HEADER_BYTES_MAX {
        return Err(ProxyError::TooLong);
    }
    let Some(rest) = rest.get(..length) else { return Ok(None) };
    let ends = match (command, fixed[13]) {
        (0, _) => Ends::Own,
        (_, 0x11 | 0x12) => ip_at::<4>(rest)?,
        (_, 0x21 | 0x22) => ip_at::<16>(rest)?,
        (_, 0x31 | 0x32) => {
            let paths = rest.get(..2 * UNIX_PATH_BYTES).ok_or(ProxyError::TooShort)?;
            let (source, destination) = paths.split_at(UNIX_PATH_BYTES);
            let path = |bytes: &[u8]| {
                bytes.iter().copied().take_while(|&byte| byte != 0).collect::<Vec<_>>()
            };
            Ends::Unix { source: path(source), destination: path(destination) }
        }
        _ => Ends::Unknown,
    };
    Ok(Some((ProxyHeader { version: 2, ends }, FIXED_2_BYTES + length)))
}

fn ip_at<const N: usize>(bytes: &[u8]) -> Result<Ends, ProxyError>
where
    IpAddr: From<[u8; N]>,
{
    let address = |at: usize| -> Option<IpAddr> {
        let octets: [u8; N] = bytes.get(at..at + N)?.try_into().ok()?;
        Some(octets.into())
    };
    let port = |at: usize| -> Option<u16> {
        Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
    };
    let ends = || {
        let source = SocketAddr::new(address(0)?, port(2 * N)?);
        let destination = SocketAddr::new(address(N)?, port(2 * N + 2)?);
        Some(Ends::Ip { source, destination })
    };
    ends().ok_or(ProxyError::TooShort)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ip(source: &str, destination: &str) -> Ends {
        Ends::Ip { source: source.parse().unwrap(), destination: destination.parse().unwrap() }
    }

    #[test]
    fn each_form_is_read_and_written_and_every_prefix_waits() {
        let forms = [
            ip("192.0.2.1:56324", "198.51.100.1:443"),
            ip("[2001:db8::1]:1", "[2001:db8::2]:65535"),
            Ends::Unknown,
            Ends::Own,
            Ends::Unix { source: Vec::new(), destination: b"/run/x".to_vec() },
        ];
        for (ends, version) in forms.into_iter().flat_map(|ends| [(ends.clone(), 1), (ends, 2)]) {
            let header = ProxyHeader { version, ends };
            let bytes = header.encode();
            for end in 0..bytes.len() {
                assert_eq!(ProxyHeader::parse(&bytes[..end]), Ok(None), "{header:?} {end}");
            }
            let with_more = [&bytes, &b"GET /"[..]].concat();
            let (parsed, used_bytes) = ProxyHeader::parse(&with_more).unwrap().unwrap();
            assert_eq!(used_bytes, bytes.len());
            if version == 2 || matches!(header.ends, Ends::Ip { .. }) {
                assert_eq!(parsed, header);
            } else {
                assert_eq!(parsed.ends, Ends::Unknown);
            }
        }
    }

    #[test]
    fn the_line_of_the_specification() {
        let line = b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n";
        let (header, used_bytes) = ProxyHeader::parse(line).unwrap().unwrap();
        assert_eq!(used_bytes, 56);
        assert_eq!(header.encode(), line);
    }

    #[test]
    fn wrong_lines_say_what_is_wrong() {
        for (line, error) in [
            ("GET / HTTP/1.1\r\n", ProxyError::NoSignature),
            ("PROXY TCP5 1 2 3 4\r\n", ProxyError::Line("family")),
            ("PROXY TCP4 ::1 ::1 1 2\r\n", ProxyError::Line("source")),
            ("PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n", ProxyError::Line("destination")),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n", ProxyError::Line("source port")),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 1 +2\r\n", ProxyError::Line("destination port")),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n", ProxyError::Line("destination port")),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n", ProxyError::Line("end")),
        ] {
            assert_eq!(ProxyHeader::parse(line.as_bytes()), Err(error), "{line}");
        }
    }

    #[test]
    fn the_longest_line_and_one_byte_more() {
        let line = |filler: usize| format!("PROXY UNKNOWN {}\r\n", "x".repeat(filler));
        let longest = line(VERSION_1_BYTES_MAX - 16);
        assert_eq!(longest.len(), VERSION_1_BYTES_MAX);
        assert!(ProxyHeader::parse(longest.as_bytes()).unwrap().is_some());
        let longer = line(VERSION_1_BYTES_MAX - 15);
        assert_eq!(ProxyHeader::parse(longer.as_bytes()), Err(ProxyError::LineTooLong));
    }

    #[test]
    fn wrong_frames_say_what_is_wrong() {
        let good = ProxyHeader { version: 2, ends: ip("192.0.2.1:1", "192.0.2.2:2") }.encode();
        let changed = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            ProxyHeader::parse(&bytes)
        };
        assert_eq!(changed(12, 0x31), Err(ProxyError::Version(3)));
        assert_eq!(changed(12, 0x22), Err(ProxyError::Command(2)));
        assert_eq!(changed(15, 11), Err(ProxyError::TooShort));
        assert_eq!(changed(14, 0x10), Err(ProxyError::TooLong));
        assert_eq!(changed(14, 0x0f), Ok(None), "4096 bytes in all are taken");
        assert!(matches!(
            changed(13, 0x41),
            Ok(Some((ProxyHeader { ends: Ends::Unknown, .. }, _)))
        ));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = ProxyHeader::parse(&bytes);
            let framed = [SIGNATURE_2, &bytes].concat();
            let _ = ProxyHeader::parse(&framed);
            let line = [SIGNATURE_1, &bytes, b"\r\n"].concat();
            let _ = ProxyHeader::parse(&line);
        }
    }
}
