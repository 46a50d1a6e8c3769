//! The header of an HTTP/2 frame, RFC 9113 section 4.1: nine bytes that say what follows.

/// Bytes of a frame's header.
pub const HEADER_BYTES: usize = 9;

/// What a client sends before its first frame, RFC 9113 section 3.4.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes of a frame's payload that are kept to say what it means.
const PAYLOAD_KEPT_BYTES: usize = 256;

/// What stands in front of every frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// Bytes that follow, at most 2^24 - 1.
    pub length_bytes: u32,
    /// By number: unknown ones are kept.
    pub kind: u8,
    /// Bits, whose meaning depends on the kind.
    pub flags: u8,
    /// 31 bits; 0 is the connection itself.
    pub stream: u32,
}

impl FrameHeader {
    /// Reads the header at the front of `bytes`; `None` when more is needed.
    pub fn read(bytes: &[u8]) -> Option<FrameHeader> {
        let &[a, b, c, kind, flags, s1, s2, s3, s4] = bytes.first_chunk::<HEADER_BYTES>()?;
        Some(FrameHeader {
            length_bytes: u32::from_be_bytes([0, a, b, c]),
            kind,
            flags,
            stream: u32::from_be_bytes([s1, s2, s3, s4]) & 0x7fff_ffff,
        })
    }

    /// The kind by the name of RFC 9113 section 6.
    pub fn name(&self) -> &'static str {
        match self.kind {
            0 => "DATA",
            1 => "HEADERS",
            2 => "PRIORITY",
            3 => "RST_STREAM",
            4 => "SETTINGS",
            5 => "PUSH_PROMISE",
            6 => "PING",
            7 => "GOAWAY",
            8 => "WINDOW_UPDATE",
            9 => "CONTINUATION",
            _ => "unknown",
        }
    }

    /// The flags that are set, by name.
    pub fn flag_names(&self) -> Vec<&'static str> {
        let known: &[(u8, &str)] = match self.kind {
            0 => &[(0x1, "END_STREAM"), (0x8, "PADDED")],
            1 => &[(0x1, "END_STREAM"), (0x4, "END_HEADERS"), (0x8, "PADDED"), (0x20, "PRIORITY")],
            4 | 6 => &[(0x1, "ACK")],
            5 => &[(0x4, "END_HEADERS"), (0x8, "PADDED")],
            9 => &[(0x4, "END_HEADERS")],
            _ => &[],
        };
        known.iter().filter(|(bit, _)| self.flags & bit != 0).map(|(_, name)| *name).collect()
    }
}

/// What one parameter of SETTINGS means, RFC 9113 section 6.5.2.
pub fn setting_name(id: u16) -> &'static str {
    match id {
        1 => "HEADER_TABLE_SIZE",
        2 => "ENABLE_PUSH",
        3 => "MAX_CONCURRENT_STREAMS",
        4 => "INITIAL_WINDOW_SIZE",
        5 => "MAX_FRAME_SIZE",
        6 => "MAX_HEADER_LIST_SIZE",
        8 => "ENABLE_CONNECT_PROTOCOL",
        9 => "NO_RFC7540_PRIORITIES",
        _ => "unknown",
    }
}

/// An error code of RST_STREAM and GOAWAY, RFC 9113 section 7.
pub fn error_name(code: u32) -> &'static str {
    match code {
        0 => "NO_ERROR",
        1 => "PROTOCOL_ERROR",
        2 => "INTERNAL_ERROR",
        3 => "FLOW_CONTROL_ERROR",
        4 => "SETTINGS_TIMEOUT",
        5 => "STREAM_CLOSED",
        6 => "FRAME_SIZE_ERROR",
        7 => "REFUSED_STREAM",
        8 => "CANCEL",
        9 => "COMPRESSION_ERROR",
        10 => "CONNECT_ERROR",
        11 => "ENHANCE_YOUR_CALM",
        12 => "INADEQUATE_SECURITY",
        13 => "HTTP_1_1_REQUIRED",
        _ => "unknown",
    }
}

/// A frame in words: its header and, where it is short, what it says.
pub fn describe(header: &FrameHeader, payload: &[u8]) -> String {
    let flags = header.flag_names();
    let flags = if flags.is_empty() { String::new() } else { format!(" {}", flags.join(" ")) };
    let name = match header.name() {
        "unknown" => format!("type {}", header.kind),
        name => name.to_owned(),
    };
    let mut text = format!("{name}{flags} stream {} {} bytes", header.stream, header.length_bytes);
    let number = |at: usize| -> Option<u32> {
        Some(u32::from_be_bytes(*payload.get(at..)?.first_chunk::<4>()?))
    };
    match header.kind {
        3 => text += &number(0).map_or(String::new(), |code| format!(": {}", error_name(code))),
        4 => {
            let all = payload.as_chunks::<6>().0.iter().map(|&[i1, i2, v1, v2, v3, v4]| {
                let id = u16::from_be_bytes([i1, i2]);
                format!("{}={}", setting_name(id), u32::from_be_bytes([v1, v2, v3, v4]))
            });
            let all: Vec<String> = all.collect();
            if !all.is_empty() {
                text += &format!(": {}", all.join(" "));
            }
        }
        7 => {
            if let (Some(last), Some(code)) = (number(0), number(4)) {
                text += &format!(": last stream {}, {}", last & 0x7fff_ffff, error_name(code));
            }
        }
        8 => text += &number(0).map_or(String::new(), |more| format!(": {}", more & 0x7fff_ffff)),
        _ => {}
    }
    text
}

/// Names the frames of one direction, behind the preface, as they come.
#[derive(Debug, Default)]
pub struct FrameNames {
    /// A header and the beginning of a payload that are still coming.
    waiting: Vec<u8>,
    /// Bytes of the payload that are passed over.
    skipped: u64,
}

impl FrameNames {
    /// A line for each frame whose payload is here, as far as it is looked at.
    pub fn take(&mut self, mut bytes: &[u8]) -> Vec<String> {
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
            let wanted = header.map_or(HEADER_BYTES, |header| {
                let payload = usize::try_from(header.length_bytes).unwrap_or(usize::MAX);
                HEADER_BYTES + payload.min(PAYLOAD_KEPT_BYTES)
            });
            let count = (wanted - self.waiting.len()).min(bytes.len());
            self.waiting.extend_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            match header {
                Some(header) if self.waiting.len() == wanted => {
                    lines.push(describe(&header, &self.waiting[HEADER_BYTES..]));
                    let kept = (wanted - HEADER_BYTES) as u64;
                    self.skipped = u64::from(header.length_bytes) - kept;
                    self.waiting.clear();
                }
                _ if bytes.is_empty() && self.waiting.len() < HEADER_BYTES => return lines,
                Some(_) if bytes.is_empty() => return lines,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_said_by_its_names() {
        let settings = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0];
        let header = FrameHeader::read(&settings).unwrap();
        assert_eq!(
            describe(&header, &settings[9..]),
            "SETTINGS stream 0 6 bytes: INITIAL_WINDOW_SIZE=65536"
        );
        let headers = FrameHeader::read(&[0, 0, 40, 1, 5, 0x80, 0, 0, 1]).unwrap();
        assert_eq!(describe(&headers, &[]), "HEADERS END_STREAM END_HEADERS stream 1 40 bytes");
        let goaway = FrameHeader::read(&[0, 0, 8, 7, 0, 0, 0, 0, 0]).unwrap();
        let said = describe(&goaway, &[0, 0, 0, 3, 0, 0, 0, 11]);
        assert_eq!(said, "GOAWAY stream 0 8 bytes: last stream 3, ENHANCE_YOUR_CALM");
        assert!(describe(&goaway, &[0]).starts_with("GOAWAY"));
        for cut in 0..HEADER_BYTES {
            assert_eq!(FrameHeader::read(&settings[..cut]), None);
        }
    }

    #[test]
    fn frames_are_named_wherever_they_are_cut() {
        let mut wire = vec![0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0];
        wire.extend([0, 1, 44, 0, 1, 0, 0, 0, 1]);
        wire.extend(vec![b'x'; 300]);
        wire.extend([0, 0, 0, 4, 1, 0, 0, 0, 0]);
        let whole = FrameNames::default().take(&wire);
        assert_eq!(whole.len(), 3, "{whole:?}");
        assert!(whole[1].starts_with("DATA END_STREAM stream 1 300"));
        for step in [1, 2, 10, 100] {
            let mut frames = FrameNames::default();
            let cut: Vec<String> = wire.chunks(step).flat_map(|piece| frames.take(piece)).collect();
            assert_eq!(cut, whole, "{step}");
        }
    }
}
