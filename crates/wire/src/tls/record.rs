//! The record layer, RFC 8446 section 5.1.
//!
//! ```text
//! +------+-----------+-----------+-------------------+
//! | type |  version  |  length   |  payload          |
//! | 1    |  2        |  2        |  length bytes     |
//! +------+-----------+-----------+-------------------+
//! ```

use serde::{Deserialize, Serialize};

use super::alert::Alert;
use super::handshake::Handshake;
use super::registry::{ContentType, Version};
use crate::layout::{DecodeError, Layout};
use crate::wire::Wire;

/// RFC 8446 section 5.1: what is in the clear is at most 2^14 bytes.
pub const PLAINTEXT_BYTES_MAX: usize = 1 << 14;
/// RFC 5246 section 6.2.3: what is encrypted may be 2048 bytes longer (TLS 1.3: 256).
pub const RECORD_PAYLOAD_BYTES_MAX: usize = PLAINTEXT_BYTES_MAX + 2048;
/// Type, version and length.
pub const RECORD_HEADER_BYTES: usize = 5;
/// What a reader keeps: eight records of the greatest size. Who takes out what is complete
/// after each read of a socket never comes near it.
pub const PENDING_BYTES_MAX: usize = 8 * (RECORD_HEADER_BYTES + RECORD_PAYLOAD_BYTES_MAX);

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Record {
    /// What the payload is.
    pub content_type: ContentType,
    /// A relic since TLS 1.3, which writes TLS 1.2 here.
    pub version: Version,
    /// The payload, encrypted or not; longer ones are cut when encoded.
    pub payload: Vec<u8>,
}

impl Layout for Record {
    const NAME: &'static str = "TLS record";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        lay_head(wire, &mut self.content_type, &mut self.version)?;
        wire.vector("payload", 2, |wire| {
            let length = wire.remaining_bytes();
            wire.rest("data", &mut self.payload)?
                .anomaly(length > RECORD_PAYLOAD_BYTES_MAX, || "longer than a record may be");
            Ok(())
        })
    }
}

fn lay_head(
    wire: &mut Wire<'_>,
    content_type: &mut ContentType,
    version: &mut Version,
) -> Result<(), DecodeError> {
    wire.u8("content type", content_type)?
        .anomaly(content_type.name().is_none(), || "no content type of TLS");
    wire.u16("legacy version", version)?
        .anomaly(version.number() >> 8 != 3, || "no version of TLS");
    Ok(())
}

/// A record whose payload is taken apart where it is in the clear.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plaintext {
    /// What the payload is.
    pub content_type: ContentType,
    /// As in [`Record`].
    pub version: Version,
    /// The payload.
    pub content: Content,
}

/// The payload of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// Whole handshake messages.
    Handshake(Vec<Handshake>),
    /// An alert.
    Alert(Alert),
    /// What is encrypted, or goes on in the next record, or has no structure.
    Opaque(Vec<u8>),
}

impl Default for Content {
    fn default() -> Content {
        Content::Opaque(Vec::new())
    }
}

impl Layout for Plaintext {
    const NAME: &'static str = "TLS record";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        lay_head(wire, &mut self.content_type, &mut self.version)?;
        let content_type = self.content_type;
        wire.vector("payload", 2, |wire| {
            if wire.is_reading() {
                self.content = Content::blank(content_type);
            }
            wire.strict_or(&mut self.content, Content::lay, |content, wire, _| {
                let mut data = Vec::new();
                wire.rest("data", &mut data)?
                    .meaning(|| "encrypted, or not a whole number of messages");
                *content = Content::Opaque(data);
                Ok(())
            })
        })
    }
}

impl Content {
    fn blank(content_type: ContentType) -> Content {
        match content_type {
            ContentType::Handshake => Content::Handshake(Vec::new()),
            ContentType::Alert => Content::Alert(Alert::default()),
            _ => Content::default(),
        }
    }

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        match self {
            Content::Handshake(messages) => wire.each(messages, |wire, message| {
                wire.group("handshake message", |wire| message.lay(wire))
            }),
            Content::Alert(alert) => alert.lay(wire),
            Content::Opaque(data) => wire.rest("data", data).map(drop),
        }
    }
}

/// `payload` in as many records as it takes.
pub fn into_records(content_type: ContentType, version: Version, payload: &[u8]) -> Vec<u8> {
    let record = |part: &[u8]| Record { content_type, version, payload: part.to_vec() }.encode();
    if payload.is_empty() {
        return record(payload);
    }
    payload.chunks(PLAINTEXT_BYTES_MAX).flat_map(record).collect()
}

/// Why no record can be read from a stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// What came does not begin as a record does.
    #[error("no TLS record: it begins with {head:02x?}")]
    NotTls {
        /// The first bytes, at most [`RECORD_HEADER_BYTES`].
        head: Vec<u8>,
    },
    /// A record says that it is longer than a record may be.
    #[error("a TLS record of {length_bytes} bytes, at most {RECORD_PAYLOAD_BYTES_MAX} are allowed")]
    TooLong {
        /// What its length field says.
        length_bytes: usize,
    },
    /// More was pushed than a reader keeps.
    #[error("more than {PENDING_BYTES_MAX} bytes wait to be read")]
    Overflow,
}

/// Takes records out of a stream of bytes that comes in pieces.
#[derive(Debug, Default)]
pub struct RecordReader {
    pending: Vec<u8>,
    overflow: bool,
}

impl RecordReader {
    /// A reader at the start of a stream.
    pub fn new() -> RecordReader {
        RecordReader::default()
    }

    /// Adds what came next. Beyond [`PENDING_BYTES_MAX`] it is dropped, and [`Self::next`] ends
    /// in [`RecordError::Overflow`] after the records before that.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = PENDING_BYTES_MAX.saturating_sub(self.pending.len());
        self.overflow |= bytes.len() > room;
        self.pending.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// The next record that is complete; `None` when more bytes are needed. An error is final.
    #[allow(clippy::should_implement_trait)] // a Result of an Option, as a stream needs it
    pub fn next(&mut self) -> Result<Option<Record>, RecordError> {
        // Judge by as little as there is: a peer that speaks another protocol may send less
        // than a header.
        let type_is_odd = self.pending.first().is_some_and(|first| !(20..=24).contains(first));
        let version_is_odd = self.pending.get(1).is_some_and(|major| *major != 3);
        if type_is_odd || version_is_odd {
            let head = self.pending.iter().copied().take(RECORD_HEADER_BYTES).collect();
            return Err(RecordError::NotTls { head });
        }
        if let Some(&[_, _, _, high, low]) = self.pending.first_chunk() {
            let length_bytes = usize::from(u16::from_be_bytes([high, low]));
            if length_bytes > RECORD_PAYLOAD_BYTES_MAX {
                return Err(RecordError::TooLong { length_bytes });
            }
        }
        match Record::decode_prefix(&self.pending) {
            Ok((record, used_bytes)) => {
                self.pending.drain(..used_bytes);
                Ok(Some(record))
            }
            Err(_) if self.overflow => Err(RecordError::Overflow),
            Err(_) => Ok(None),
        }
    }

    /// What came and is not yet a whole record.
    pub fn pending(&self) -> &[u8] {
        &self.pending
    }
}
