//! The request line and the header section.

use super::{Body, FramingLimits, Rule};

/// The version that a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
}

/// What a header says of its own framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestHead {
    /// The version.
    pub version: Version,
    /// How the body is framed.
    pub body: Body,
    /// Whether the client waits for `100 Continue`, RFC 9110 section 10.1.1.
    pub expects_continue: bool,
}

/// Reads a header line by line, each once.
#[derive(Debug, Clone)]
pub(super) struct HeadReader {
    limits: FramingLimits,
    /// Where the line begins that is not complete yet.
    line: usize,
    /// Up to here there is no line end.
    scanned: usize,
    version: Option<Version>,
    absolute: bool,
    fields: usize,
    hosts: u8,
    length: Option<u64>,
    coding: Option<Coding>,
    expects_continue: bool,
}

/// What the Transfer-Encoding fields add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Chunked,
    /// Chunked is the last of several.
    WithOthers,
}

impl HeadReader {
    pub(super) fn new(limits: FramingLimits) -> Self {
        HeadReader {
            limits,
            line: 0,
            scanned: 0,
            version: None,
            absolute: false,
            fields: 0,
            hosts: 0,
            length: None,
            coding: None,
            expects_continue: false,
        }
    }

    /// The whole header at the front of `input`, and its length in bytes.
    pub(super) fn read(&mut self, input: &[u8]) -> Result<Option<(usize, RequestHead)>, Rule> {
        loop {
            let found = input[self.scanned..].iter().position(|&byte| byte == b'\n');
            let Some(found) = found else {
                self.scanned = input.len();
                return self.within_limits(input.len() + 1).map(|()| None);
            };
            let end = self.scanned + found + 1;
            self.within_limits(end)?;
            let line = match &input[self.line..end - 1] {
                [line @ .., b'\r'] => line,
                _ => return Err(Rule::BareLf),
            };
            (self.line, self.scanned) = (end, end);
            if self.version.is_none() {
                self.request_line(line)?;
            } else if line.is_empty() {
                return self.finish().map(|head| Some((end, head)));
            } else {
                self.field(line)?;
            }
        }
    }

    /// Whether the current line may reach as far as `end`.
    fn within_limits(&self, end: usize) -> Result<(), Rule> {
        if self.version.is_none() && end > self.limits.request_line_bytes_max {
            return Err(Rule::TargetTooLong);
        }
        match end > self.limits.header_bytes_max {
            true => Err(Rule::HeaderTooLarge),
            false => Ok(()),
        }
    }

    fn request_line(&mut self, line: &[u8]) -> Result<(), Rule> {
        if line.contains(&b'\r') {
            return Err(Rule::BareCr);
        }
        let mut words = line.split(|&byte| byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(Rule::RequestLine);
        };
        if !is_token(method) {
            return Err(Rule::Method);
        }
        self.version = Some(read_version(version)?);
        self.absolute = target_is_absolute(method, target)?;
        Ok(())
    }

    fn field(&mut self, line: &[u8]) -> Result<(), Rule> {
        self.fields += 1;
        if self.fields > self.limits.fields_max {
            return Err(Rule::FieldsTooMany);
        }
        let (name, value) = split_field(line)?;
        // By the length first: most fields are none of these.
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => {
                self.hosts = self.hosts.saturating_add(1);
                if self.hosts > 1 {
                    return Err(Rule::HostSeveral);
                }
                if !is_host(value) {
                    return Err(Rule::HostInvalid);
                }
            }
            6 if name.eq_ignore_ascii_case(b"expect") => {
                self.expects_continue = value.eq_ignore_ascii_case(b"100-continue");
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                if self.length.is_some() {
                    return Err(Rule::LengthSeveral);
                }
                self.length = Some(read_length(value)?);
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                if self.coding.is_some() {
                    return Err(Rule::TransferEncoding);
                }
                self.coding = Some(read_coding(value)?);
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(&self) -> Result<RequestHead, Rule> {
        let version = self.version.ok_or(Rule::RequestLine)?;
        // "a request without Host in HTTP/1.1": also in absolute form.
        if self.hosts == 0 && version == Version::Http11 {
            return Err(Rule::HostMissing);
        }
        let body = match (self.coding, self.length) {
            (Some(_), Some(_)) => return Err(Rule::LengthAndTransferEncoding),
            (Some(_), None) if version == Version::Http10 => return Err(Rule::TransferEncodingOld),
            (Some(Coding::WithOthers), None) => return Err(Rule::TransferEncodingUnknown),
            (Some(Coding::Chunked), None) => Body::Chunked,
            (None, Some(0) | None) => Body::None,
            (None, Some(length)) => Body::Length(length),
        };
        Ok(RequestHead { version, body, expects_continue: self.expects_continue })
    }
}

/// A field line taken apart: its name, and its value without white space around it.
pub(super) fn split_field(line: &[u8]) -> Result<(&[u8], &[u8]), Rule> {
    if let [b' ' | b'\t', ..] = line {
        return Err(Rule::Folded);
    }
    let colon = line.iter().position(|&byte| !TOKEN[usize::from(byte)]);
    let name = match colon.map(|at| (at, line[at])) {
        Some((at, b':')) if at > 0 => &line[..at],
        Some((_, b' ' | b'\t')) if line.contains(&b':') => return Err(Rule::SpaceBeforeColon),
        Some((_, b'\r')) => return Err(Rule::BareCr),
        _ => return Err(Rule::FieldName),
    };
    let value = &line[name.len() + 1..];
    if let Some(&byte) = value.iter().find(|&&byte| !VALUE[usize::from(byte)]) {
        return Err(if byte == b'\r' { Rule::BareCr } else { Rule::FieldValue });
    }
    Ok((name, value.trim_ascii()))
}

fn read_version(text: &[u8]) -> Result<Version, Rule> {
    match text {
        b"HTTP/1.1" => Ok(Version::Http11),
        b"HTTP/1.0" => Ok(Version::Http10),
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Err(Rule::VersionUnsupported)
        }
        _ => Err(Rule::Version),
    }
}

/// Whether a target is in absolute form; it is an error where it is in no form
/// that the method may have, RFC 9112 section 3.2.
fn target_is_absolute(method: &[u8], target: &[u8]) -> Result<bool, Rule> {
    if method == b"CONNECT" {
        let with_port = is_host(target) && host_and_port(target).is_some_and(|(_, p)| p.is_some());
        return if with_port { Ok(false) } else { Err(Rule::Target) };
    }
    match target {
        b"*" if method == b"OPTIONS" => Ok(false),
        [b'/', ..] if is_path_and_query(target) => Ok(false),
        _ => {
            let rest = after_scheme(target).ok_or(Rule::Target)?;
            let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?'));
            let (authority, path) = rest.split_at(end.unwrap_or(rest.len()));
            match is_host(authority) && is_path_and_query(path) {
                true => Ok(true),
                false => Err(Rule::Target),
            }
        }
    }
}

fn after_scheme(target: &[u8]) -> Option<&[u8]> {
    [&b"http://"[..], b"https://"].into_iter().find_map(|scheme| {
        let (front, rest) = target.split_at_checked(scheme.len())?;
        front.eq_ignore_ascii_case(scheme).then_some(rest)
    })
}

/// Bytes that a path or query may have: those of RFC 3986, those that browsers
/// leave as they are, and UTF-8, which people type.
fn is_path_and_query(text: &[u8]) -> bool {
    let mut query = false;
    for &byte in text {
        let allowed = match byte {
            b'?' => {
                query = true;
                true
            }
            b'"' => !query,
            b'`' => query,
            b'#' | b'<' | b'>' | 0x7f => false,
            0x21.. => true,
            _ => false,
        };
        if !allowed {
            return false;
        }
    }
    text.is_ascii() || std::str::from_utf8(text).is_ok()
}

/// Whether `text` is `uri-host [ ":" port ]` with a host that is not empty,
/// RFC 9110 section 7.2.
pub fn is_host(text: &[u8]) -> bool {
    let Some((host, port)) = host_and_port(text) else { return false };
    let port_ok = port.is_none_or(|port| {
        port.len() <= 5
            && port.iter().all(u8::is_ascii_digit)
            && port.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')) <= 0xffff
    });
    port_ok && is_host_name(host)
}

/// The host, with the brackets of an address, and the port behind the colon.
fn host_and_port(text: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let end = match text {
        [b'[', ..] => text.iter().position(|&byte| byte == b']')? + 1,
        _ => text.iter().position(|&byte| byte == b':').unwrap_or(text.len()),
    };
    match text.split_at(end) {
        (host, []) => Some((host, None)),
        (host, [b':', port @ ..]) => Some((host, Some(port))),
        _ => None,
    }
}

fn is_host_name(host: &[u8]) -> bool {
    if let [b'[', address @ .., b']'] = host {
        let text = std::str::from_utf8(address).unwrap_or_default();
        return text.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let mut rest = host;
    while let [byte, tail @ ..] = rest {
        rest = match (byte, tail) {
            (b'%', [high, low, tail @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                tail
            }
            _ if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(byte) => tail,
            _ => return false,
        };
    }
    !host.is_empty()
}

/// Digits and nothing else: no sign, no list, no more than fits.
fn read_length(value: &[u8]) -> Result<u64, Rule> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Rule::LengthInvalid);
    }
    let length: u64 = std::str::from_utf8(value)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .ok_or(Rule::LengthInvalid)?;
    // The offset of a file, and the largest length that others can count.
    i64::try_from(length).map(|_| length).map_err(|_| Rule::LengthInvalid)
}

fn read_coding(value: &[u8]) -> Result<Coding, Rule> {
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(Coding::Chunked);
    }
    let codings: Vec<&[u8]> = value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).collect();
    let is_chunked = |coding: &&[u8]| coding.eq_ignore_ascii_case(b"chunked");
    let chunked = codings.iter().filter(|coding| is_chunked(coding)).count();
    let is_last = codings.last().is_some_and(is_chunked);
    let well_formed = codings.iter().all(|coding| is_token(coding));
    match is_last && chunked == 1 && well_formed {
        true => Ok(Coding::WithOthers),
        false => Err(Rule::TransferEncoding),
    }
}

/// RFC 9110 section 5.6.2.
pub(super) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&byte| TOKEN[usize::from(byte)])
}

/// Whether a byte may stand in a token.
pub(super) static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"!#$%&'*+-.^_`|~";
    let mut at = 0;
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
};

/// Whether a byte may stand in the value of a field, RFC 9110 section 5.5: no
/// control character but the tab.
static VALUE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0x20;
    while byte < 256 {
        table[byte] = byte != 0x7f;
        byte += 1;
    }
    table[b'\t' as usize] = true;
    table
};
