//! The bytes as they pass: of HTTP/1 the bytes, of HTTP/2 the frames by name.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Mutex;

use plumb_probe::http::{Tap, Way};
use plumb_report::sanitize;
use plumb_wire::http::frame::{self, FrameHeader};

/// Bytes of a frame's payload that are kept to say what it means.
const PAYLOAD_KEPT_BYTES: usize = 256;

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
    h2: HashMap<u32, [Frames; 2]>,
}

/// A frame that is still coming.
#[derive(Default)]
struct Frames {
    waiting: Vec<u8>,
    /// Bytes of the payload that are passed over.
    skipped: u64,
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

impl Frames {
    /// A line for each frame whose payload is here, as far as it is looked at.
    fn take(&mut self, mut bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            if self.skipped > 0 {
                let count =
                    usize::try_from(self.skipped).map_or(bytes.len(), |left| left.min(bytes.len()));
                self.skipped -= count as u64;
                bytes = &bytes[count..];
                if bytes.is_empty() {
                    return lines;
                }
            }
            let header = FrameHeader::read(&self.waiting);
            let wanted = header.map_or(frame::HEADER_BYTES, |header| {
                let payload = usize::try_from(header.length_bytes).unwrap_or(usize::MAX);
                frame::HEADER_BYTES + payload.min(PAYLOAD_KEPT_BYTES)
            });
            let count = (wanted - self.waiting.len()).min(bytes.len());
            self.waiting.extend_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            match header {
                Some(header) if self.waiting.len() == wanted => {
                    lines.push(frame::describe(&header, &self.waiting[frame::HEADER_BYTES..]));
                    let kept = (wanted - frame::HEADER_BYTES) as u64;
                    self.skipped = u64::from(header.length_bytes) - kept;
                    self.waiting.clear();
                }
                _ if bytes.is_empty() && self.waiting.len() < frame::HEADER_BYTES => return lines,
                Some(_) if bytes.is_empty() => return lines,
                _ => {}
            }
        }
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

    #[test]
    fn frames_are_named_wherever_they_are_cut() {
        let mut wire = vec![0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0];
        wire.extend([0, 1, 44, 0, 1, 0, 0, 0, 1]);
        wire.extend(vec![b'x'; 300]);
        wire.extend([0, 0, 0, 4, 1, 0, 0, 0, 0]);
        let whole = Frames::default().take(&wire);
        assert_eq!(whole.len(), 3, "{whole:?}");
        assert!(whole[1].starts_with("DATA END_STREAM stream 1 300"));
        for step in [1, 2, 10, 100] {
            let mut frames = Frames::default();
            let cut: Vec<String> = wire.chunks(step).flat_map(|piece| frames.take(piece)).collect();
            assert_eq!(cut, whole, "{step}");
        }
    }
}
