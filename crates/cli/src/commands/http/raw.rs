//! The bytes as they pass: of HTTP/1 the bytes, of HTTP/2 the frames by name.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Mutex;

use plumb_probe::http::{Tap, Way};
use plumb_report::sanitize;
use plumb_wire::http::frame::{self, FrameNames};

/// Fields whose values are not shown.
const SECRET: [&[u8]; 3] = [b"authorization:", b"proxy-authorization:", b"cookie:"];

/// Shows every byte on `out`.
pub(super) fn tap(out: impl Write + Send + 'static, terminal: bool, secrets: bool) -> Tap {
    let view = Mutex::new(View { out, terminal, secrets, h2: HashMap::new() });
    Tap::new(move |connection, way, bytes| {
        if let Ok(mut view) = view.lock() {
            // A reader that went away is met where the body is written.
            let _ = view.show(connection, way, bytes);
        }
    })
}

struct View<W> {
    out: W,
    terminal: bool,
    secrets: bool,
    /// Connections that speak HTTP/2: what waits in either way.
    h2: HashMap<u32, [FrameNames; 2]>,
}

impl<W: Write> View<W> {
    fn show(&mut self, connection: u32, way: Way, bytes: &[u8]) -> std::io::Result<()> {
        let mut bytes = bytes;
        if way == Way::Sent
            && !self.h2.contains_key(&connection)
            && bytes.starts_with(frame::PREFACE)
        {
            self.h2.insert(connection, Default::default());
            writeln!(self.out, "> the preface of HTTP/2")?;
            bytes = &bytes[frame::PREFACE.len()..];
        }
        let sign = if way == Way::Sent { '>' } else { '<' };
        if let Some(frames) = self.h2.get_mut(&connection) {
            let frames = &mut frames[usize::from(way == Way::Received)];
            for line in frames.take(bytes) {
                writeln!(self.out, "{sign} {line}")?;
            }
            return self.out.flush();
        }
        let shown =
            if way == Way::Sent && !self.secrets { without_secrets(bytes) } else { bytes.to_vec() };
        if self.terminal {
            for line in shown.split_inclusive(|&byte| byte == b'\n') {
                writeln!(self.out, "{sign} {}", sanitize::bytes(line, line.len()))?;
            }
        } else {
            self.out.write_all(&shown)?;
        }
        self.out.flush()
    }
}

/// The bytes of a head with the values of its secrets replaced. What does not
/// begin a request is a body's and stays.
fn without_secrets(bytes: &[u8]) -> Vec<u8> {
    let end =
        bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(bytes.len(), |at| at + 2);
    let first = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    if !first.trim_ascii_end().ends_with(b"HTTP/1.1") {
        return bytes.to_vec();
    }
    let mut shown = Vec::with_capacity(bytes.len());
    for line in bytes[..end].split_inclusive(|&byte| byte == b'\n') {
        let lower = line.to_ascii_lowercase();
        match SECRET.iter().find(|name| lower.starts_with(name)) {
            Some(name) => {
                shown.extend_from_slice(&line[..name.len()]);
                shown.extend_from_slice(b" <redacted>\r\n");
            }
            None => shown.extend_from_slice(line),
        }
    }
    shown.extend_from_slice(&bytes[end..]);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_a_head_are_replaced_and_a_body_stays() {
        let sent =
            b"GET / HTTP/1.1\r\nHost: a\r\nAUTHORIZATION: Basic x\r\nCookie: a=b\r\n\r\nCookie: c";
        let shown = String::from_utf8(without_secrets(sent)).unwrap();
        assert_eq!(
            shown,
            "GET / HTTP/1.1\r\nHost: a\r\nAUTHORIZATION: <redacted>\r\nCookie: <redacted>\r\n\r\nCookie: c"
        );
        assert_eq!(without_secrets(b"Cookie: body"), b"Cookie: body");
    }
}
