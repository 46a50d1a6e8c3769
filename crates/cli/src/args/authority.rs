//! `host[:port]`, as it stands in every address, checked and pointed at.

use std::net::Ipv6Addr;
use std::ops::Range;

use crate::error::CommandError;

/// Longest name in presentation form, RFC 1035 section 2.3.4 (255 octets on
/// the wire).
pub(crate) const NAME_BYTES_MAX: usize = 253;
/// Longest label, RFC 1035 section 2.3.4.
pub(crate) const LABEL_BYTES_MAX: usize = 63;

/// A host with its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authority {
    /// In ASCII; an IPv6 address without brackets.
    pub(crate) host: String,
    /// The interface of a link-local address.
    pub(crate) zone: Option<String>,
    pub(crate) port: Option<u16>,
}

/// Whose ports are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ports {
    /// Of a peer: 1 to 65535.
    OfPeers,
    /// Of a server that is to be: 0 lets the system choose.
    ToListen,
}

/// The host and the port in `range` of `text`, both checked.
pub(crate) fn parse(
    text: &str,
    range: Range<usize>,
    ports: Ports,
) -> Result<Authority, CommandError> {
    let part = &text[range.clone()];
    if part.is_empty() {
        return Err(CommandError::usage("there is no host").at(text, range));
    }
    if part.starts_with('[') {
        return bracketed(text, range, ports);
    }
    if part.matches(':').count() > 1 {
        let (address, zone) = zoned(part);
        let address: Ipv6Addr = address.parse().map_err(|_| {
            CommandError::usage("this is neither a host with a port nor an IPv6 address")
                .at(text, range.clone())
                .hint("an IPv6 address with a port stands in brackets: [2001:db8::1]:443")
        })?;
        return Ok(Authority { host: address.to_string(), zone, port: None });
    }
    let (host, port) = match part.find(':') {
        None => (range.clone(), None),
        Some(at) => {
            let digits = range.start + at + 1..range.end;
            (range.start..range.start + at, Some(port(text, digits, ports)?))
        }
    };
    Ok(Authority { host: name(text, host)?, zone: None, port })
}

/// `fe80::1%eth0`: the address, and the zone of RFC 4007 section 11.
fn zoned(text: &str) -> (&str, Option<String>) {
    match text.split_once('%') {
        Some((address, zone)) if !zone.is_empty() => (address, Some(zone.to_owned())),
        _ => (text, None),
    }
}

fn bracketed(text: &str, range: Range<usize>, ports: Ports) -> Result<Authority, CommandError> {
    let part = &text[range.clone()];
    let Some(close) = part.find(']') else {
        return Err(
            CommandError::usage("the bracket is not closed").at(text, range.start..range.start + 1)
        );
    };
    let inner = range.start + 1..range.start + close;
    let (address, zone) = zoned(&text[inner.clone()]);
    let address: Ipv6Addr = address
        .parse()
        .map_err(|_| CommandError::usage("this is not an IPv6 address").at(text, inner))?;
    let rest = range.start + close + 1..range.end;
    let port = match text[rest.clone()].strip_prefix(':') {
        Some(_) => Some(port(text, rest.start + 1..rest.end, ports)?),
        None if rest.is_empty() => None,
        None => return Err(CommandError::usage("only :PORT may follow the bracket").at(text, rest)),
    };
    Ok(Authority { host: address.to_string(), zone, port })
}

/// The port in `range` of `text`: 1 to 65535, and 0 where the system may choose.
pub(crate) fn port(text: &str, range: Range<usize>, ports: Ports) -> Result<u16, CommandError> {
    let digits = &text[range.clone()];
    let error = |message: String| Err(CommandError::usage(message).at(text, range.clone()));
    if digits.is_empty() {
        return error("there is no port behind the colon".to_owned());
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return error(format!("the port {digits:?} is not a number"));
    }
    match digits.parse::<u16>() {
        Ok(0) if ports == Ports::OfPeers => error("port 0 cannot be connected to".to_owned()),
        Ok(port) => Ok(port),
        Err(_) => error(format!("the port {digits} is too large: ports end at 65535")),
    }
}

/// The host name in `range` of `text`, in ASCII (RFC 5891), or an IPv4 address.
fn name(text: &str, range: Range<usize>) -> Result<String, CommandError> {
    let given = &text[range.clone()];
    if given.is_empty() {
        return Err(CommandError::usage("there is no host").at(text, range));
    }
    check_labels(text, &range)?;
    let host = url::Host::parse(given).map_err(|error| {
        CommandError::usage(format!("{given:?} is no host name: {error}")).at(text, range.clone())
    })?;
    let host = host.to_string();
    if host.trim_end_matches('.').len() > NAME_BYTES_MAX {
        let message = format!("a name has at most {NAME_BYTES_MAX} bytes, this one {}", host.len());
        return Err(CommandError::usage(message).at(text, range));
    }
    Ok(host)
}

/// Points at the label or the character that no name may have.
fn check_labels(text: &str, range: &Range<usize>) -> Result<(), CommandError> {
    let given = &text[range.clone()];
    let mut start = range.start;
    // One dot at the end names the root, which every name has.
    for label in given.strip_suffix('.').unwrap_or(given).split('.') {
        let end = start + label.len();
        if label.is_empty() {
            return Err(CommandError::usage("a name has no empty label").at(text, start..end + 1));
        }
        if label.is_ascii() && label.len() > LABEL_BYTES_MAX {
            let message =
                format!("a label has at most {LABEL_BYTES_MAX} bytes, this one {}", label.len());
            return Err(CommandError::usage(message).at(text, start..end));
        }
        let allowed = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if let Some((at, c)) = label.char_indices().find(|(_, c)| !allowed(*c)) {
            return Err(CommandError::usage(format!("{c:?} cannot stand in a host name"))
                .at(text, start + at..start + at + c.len_utf8()));
        }
        start = end + 1;
    }
    Ok(())
}
