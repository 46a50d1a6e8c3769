//! The combined log format: one line per request, as Apache's and nginx's
//! `combined` write it, for the tools that read theirs.

use std::io::Write as _;

use plumb_evidence::server::{EventKind, HttpExchange, ServerEvent};

use super::{View, WallClock};

/// `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`.
#[derive(Debug)]
pub struct Combined {
    clock: WallClock,
}

impl Combined {
    /// Lines whose times are of this clock, see [`WallClock::apache`].
    pub fn new(clock: WallClock) -> Combined {
        Combined { clock }
    }
}

impl View for Combined {
    fn only_requests(&self) -> bool {
        true
    }

    fn event(&mut self, event: &ServerEvent, out: &mut Vec<u8>) {
        let EventKind::HttpRequest(exchange) = &event.kind else { return };
        host(event, exchange, out);
        out.extend_from_slice(b" - ");
        match &exchange.user {
            Some(user) => word(user, out),
            None => out.push(b'-'),
        }
        out.extend_from_slice(b" [");
        out.extend_from_slice(self.clock.second(event.unix_ns).as_bytes());
        out.extend_from_slice(b"] \"");
        request_line(exchange, out);
        // Writing to a Vec cannot fail. `%b` is a dash where no body went.
        let _ = match exchange.response_body_bytes {
            0 => write!(out, "\" {} - ", exchange.status),
            bytes => write!(out, "\" {} {bytes} ", exchange.status),
        };
        quoted(exchange.referer.as_deref(), out);
        out.push(b' ');
        quoted(exchange.user_agent.as_deref(), out);
        out.push(b'\n');
    }
}

/// The client: behind believed proxies the one that they speak for.
fn host(event: &ServerEvent, exchange: &HttpExchange, out: &mut Vec<u8>) {
    if let Some(client) = &exchange.forwarded_for {
        return word(client, out);
    }
    // Writing to a Vec cannot fail.
    let _ = match event.peer.as_ref().and_then(|peer| peer.ip()) {
        Some(address) => write!(out, "{address}"),
        None => write!(out, "unix:"),
    };
}

/// As it came; HTTP/2 has no request line, and Apache writes one all the same.
fn request_line(exchange: &HttpExchange, out: &mut Vec<u8>) {
    if exchange.method.is_empty() && exchange.target.is_empty() {
        return out.push(b'-');
    }
    escape(&exchange.method, out);
    out.push(b' ');
    escape(&exchange.target, out);
    out.push(b' ');
    let version = if exchange.version == "HTTP/2" { "HTTP/2.0" } else { &exchange.version };
    escape(version, out);
}

fn quoted(field: Option<&str>, out: &mut Vec<u8>) {
    out.push(b'"');
    match field {
        Some(text) => escape(text, out),
        None => out.push(b'-'),
    }
    out.push(b'"');
}

/// A field that stands without quotes: what would split it is escaped too.
fn word(text: &str, out: &mut Vec<u8>) {
    for (i, part) in text.split(' ').enumerate() {
        if i > 0 {
            out.extend_from_slice(b"\\x20");
        }
        escape(part, out);
    }
}

/// As Apache's `ap_escape_logitem`: quotes and backslashes get a backslash,
/// the usual controls their C escapes, every other control and every byte
/// above ASCII becomes `\xhh`.
fn escape(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    // Mostly there is nothing to escape.
    while let Some(at) = rest.iter().position(|&byte| !stands_as_it_is(byte)) {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            byte @ (b'"' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0b => out.extend_from_slice(b"\\v"),
            byte => {
                // Writing to a Vec cannot fail.
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

fn stands_as_it_is(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e) && !matches!(byte, b'"' | b'\\')
}
