//! Several parts of a file in one answer: multipart/byteranges, RFC 9110
//! section 14.6.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use plumb_wire::http::range::content_range;

use super::found::FoundFile;
use crate::http::message::ResponseBody;

/// The parts one after the other, each with its head.
#[derive(Debug)]
pub(super) struct Multipart {
    pieces: VecDeque<ResponseBody>,
    left_bytes: u64,
    /// The value of `Content-Type`.
    pub(super) content_type: String,
}

impl Multipart {
    pub(super) fn new(
        found: &FoundFile,
        parts: &[Range<u64>],
        size_bytes: u64,
        kind: &str,
    ) -> Multipart {
        // Random, so that no file can hold it on purpose.
        let boundary = format!("{:020}", RandomState::new().hash_one(size_bytes));
        let mut multipart = Multipart {
            pieces: VecDeque::new(),
            left_bytes: 0,
            content_type: format!("multipart/byteranges; boundary={boundary}"),
        };
        for part in parts {
            let range = content_range(part, size_bytes);
            multipart.text(format!(
                "\r\n--{boundary}\r\nContent-Type: {kind}\r\nContent-Range: {range}\r\n\r\n"
            ));
            multipart.push(found.part(part));
        }
        multipart.text(format!("\r\n--{boundary}--\r\n"));
        multipart
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.left_bytes
    }

    fn text(&mut self, text: String) {
        self.push(ResponseBody::full(text));
    }

    fn push(&mut self, piece: ResponseBody) {
        self.left_bytes += piece.size_hint().exact().unwrap_or(0);
        self.pieces.push_back(piece);
    }
}

impl Body for Multipart {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        while let Some(piece) = self.pieces.front_mut() {
            match Pin::new(piece).poll_frame(cx) {
                Poll::Ready(None) => {
                    self.pieces.pop_front();
                }
                Poll::Ready(Some(Ok(frame))) => {
                    let count = frame.data_ref().map_or(0, |data| data.len() as u64);
                    self.left_bytes = self.left_bytes.saturating_sub(count);
                    return Poll::Ready(Some(Ok(frame)));
                }
                other => return other,
            }
        }
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left_bytes)
    }
}
