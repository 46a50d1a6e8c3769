//! What passes on a stream, by the names of its messages: TLS as far as it is in the clear, and
//! the frames of HTTP/2.

use crate::http::frame::{self, FrameNames};
use crate::tls::RecordNames;

/// Which way bytes went on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// From who opened the stream.
    Client,
    /// From who accepted it.
    Server,
}

/// Names the messages of one stream. What the protocol is, the first bytes tell.
#[derive(Debug, Default)]
pub struct Conversation {
    spoken: Spoken,
}

#[derive(Debug, Default)]
enum Spoken {
    /// Nothing has passed.
    #[default]
    Unknown,
    Tls {
        names: [RecordNames; 2],
        is_tls13: bool,
    },
    Http2 {
        names: [FrameNames; 2],
        /// Bytes of the client's preface that are still to come.
        preface_bytes: usize,
    },
    /// No protocol whose messages have names.
    Other,
}

impl Conversation {
    /// A stream on which nothing has passed.
    pub fn new() -> Conversation {
        Conversation::default()
    }

    /// A stream that carries HTTP/2, as ALPN agreed on.
    pub fn http2() -> Conversation {
        Conversation { spoken: Spoken::http2() }
    }

    /// What these bytes complete, a line per message; `None` where the protocol has no names.
    pub fn passed(&mut self, side: Side, bytes: &[u8]) -> Option<Vec<String>> {
        if matches!(self.spoken, Spoken::Unknown) && !bytes.is_empty() {
            self.spoken = Spoken::of(side, bytes);
        }
        let way = usize::from(side == Side::Server);
        match &mut self.spoken {
            Spoken::Unknown | Spoken::Other => None,
            Spoken::Tls { names, is_tls13 } => Some(names[way].take(bytes, is_tls13)),
            Spoken::Http2 { names, preface_bytes } => {
                let mut lines = Vec::new();
                let mut frames = bytes;
                if side == Side::Client && *preface_bytes > 0 {
                    let count = bytes.len().min(*preface_bytes);
                    *preface_bytes -= count;
                    frames = &bytes[count..];
                    if *preface_bytes == 0 {
                        lines.push("the preface of HTTP/2".to_owned());
                    }
                }
                lines.extend(names[way].take(frames));
                Some(lines)
            }
        }
    }
}

impl Spoken {
    fn http2() -> Spoken {
        Spoken::Http2 { names: Default::default(), preface_bytes: frame::PREFACE.len() }
    }

    fn of(side: Side, bytes: &[u8]) -> Spoken {
        match bytes {
            // A handshake record of any version of TLS.
            [22, 3, ..] | [22] => Spoken::Tls { names: Default::default(), is_tls13: false },
            _ if side == Side::Client && bytes.starts_with(frame::PREFACE) => Spoken::http2(),
            _ => Spoken::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{
        Alert, AlertDescription, CipherSuite, ClientHello, ContentType, Extension, Handshake,
        ServerHello, Version, into_records,
    };

    /// A handshake of TLS 1.3 and one of TLS 1.2, up to where they are encrypted.
    fn handshake(version: Version) -> Vec<(Side, Vec<u8>)> {
        let hello = ClientHello {
            cipher_suites: vec![CipherSuite::default()],
            extensions: vec![
                Extension::server_name("www.example.com"),
                Extension::alpn(&["h2", "http/1.1"]),
                Extension::SupportedVersions(vec![Version::Tls13, Version::Tls12]),
            ],
            ..ClientHello::default()
        };
        let selected = (version == Version::Tls13).then_some(Extension::SelectedVersion(version));
        let chosen =
            ServerHello { extensions: selected.into_iter().collect(), ..ServerHello::default() };
        let record = |kind, payload: &[u8]| into_records(kind, Version::Tls12, payload);
        vec![
            (Side::Client, hello.into_record()),
            (Side::Server, Handshake::ServerHello(chosen).into_record(Version::Tls12)),
            (Side::Server, record(ContentType::ChangeCipherSpec, &[1])),
            (Side::Server, record(ContentType::Handshake, &[20, 0, 0, 1, 7])),
            (Side::Server, record(ContentType::ApplicationData, &[0; 40])),
            (Side::Client, Alert::fatal(AlertDescription::UnknownCa).into_record(Version::Tls12)),
        ]
    }

    fn told(pieces: &[(Side, Vec<u8>)], step: usize) -> Vec<String> {
        let mut conversation = Conversation::new();
        let mut lines = Vec::new();
        for (side, bytes) in pieces {
            for piece in bytes.chunks(step) {
                lines.extend(conversation.passed(*side, piece).unwrap());
            }
        }
        lines
    }

    #[test]
    fn a_handshake_is_told_by_its_messages_wherever_it_is_cut() {
        let pieces = handshake(Version::Tls13);
        let whole = told(&pieces, usize::MAX);
        let hello = "ClientHello: for www.example.com, TLS 1.3 or TLS 1.2, 1 cipher suites, ALPN h2 \
                     http/1.1";
        assert_eq!(whole[0], hello);
        assert!(whole[1].starts_with("ServerHello: TLS 1.3, "), "{whole:?}");
        assert!(whole[2].starts_with("ChangeCipherSpec"), "{whole:?}");
        assert_eq!(whole[4], "handshake or data, encrypted, 40 bytes");
        assert_eq!(whole[5], "Alert: fatal unknown_ca");
        for step in [1, 3, 50] {
            assert_eq!(told(&pieces, step), whole, "{step}");
        }
        let older = told(&handshake(Version::Tls12), usize::MAX);
        assert!(older[1].starts_with("ServerHello: TLS 1.2, "), "{older:?}");
        assert_eq!(older[3], "handshake, encrypted, 5 bytes");
        assert_eq!(older[4], "application data, encrypted, 40 bytes");
    }

    #[test]
    fn frames_stand_behind_the_preface_and_what_has_no_names_has_none() {
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        let mut conversation = Conversation::http2();
        let first = conversation.passed(Side::Server, &settings).unwrap();
        assert_eq!(first, ["SETTINGS stream 0 0 bytes"]);
        let both = [frame::PREFACE, &settings].concat();
        let lines = ["the preface of HTTP/2", "SETTINGS stream 0 0 bytes"];
        assert_eq!(conversation.passed(Side::Client, &both).unwrap(), lines);
        assert_eq!(Conversation::new().passed(Side::Client, &both).unwrap(), lines);
        let mut plain = Conversation::new();
        assert_eq!(plain.passed(Side::Client, b"GET / HTTP/1.1\r\n\r\n"), None);
        assert_eq!(plain.passed(Side::Server, &handshake(Version::Tls13)[0].1), None);
    }

    #[test]
    fn what_stops_being_tls_is_said_once() {
        let mut conversation = Conversation::new();
        conversation.passed(Side::Client, &handshake(Version::Tls13)[0].1);
        let lines = conversation.passed(Side::Client, b"GET /").unwrap();
        assert!(lines[0].starts_with("no TLS record"), "{lines:?}");
        assert_eq!(conversation.passed(Side::Client, b"GET /").unwrap(), [""; 0]);
    }
}
