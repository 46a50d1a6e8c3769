//! Bodies that hyper sends.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::body::{Body, Frame};
use tokio::time::Sleep;

use super::carrier::Cutter;

/// The body of every response of the site.
pub(super) type SiteBody = UnsyncBoxBody<Bytes, Infallible>;

/// A body that is there.
pub(super) fn full(bytes: impl Into<Bytes>) -> SiteBody {
    Full::new(bytes.into()).boxed_unsync()
}

/// A body whose parts come one by one, with a pause before each but the first.
pub(super) struct Paced<I> {
    parts: I,
    pause: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    begun: bool,
}

impl<I: Iterator<Item = Bytes> + Send + Unpin + 'static> Paced<I> {
    pub(super) fn body(parts: I, pause: Duration) -> SiteBody {
        Paced { parts, pause, sleep: None, begun: false }.boxed_unsync()
    }
}

impl<I: Iterator<Item = Bytes> + Unpin> Body for Paced<I> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.begun && !self.pause.is_zero() {
            let pause = self.pause;
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
            ready!(sleep.as_mut().poll(cx));
            self.sleep = None;
        }
        self.begun = true;
        Poll::Ready(self.parts.next().map(|part| Ok(Frame::data(part))))
    }
}

/// A body that announces more than it sends: half of it comes, then nothing,
/// and the connection is closed.
pub(super) struct Broken {
    part: Option<Bytes>,
    cutter: Arc<Cutter>,
    /// When so much was written, the part is on its way.
    written_with_part: u64,
    /// The connection is closed when this is over; without it, at once.
    stall: Option<Pin<Box<Sleep>>>,
}

/// What is sent must fit into any socket buffer and HTTP/2 window, so that it
/// arrives before the end does.
const PART_BYTES_MAX: usize = 16 * 1024;

impl Broken {
    /// The first half of `whole`, then nothing for as long as `stall` says,
    /// then the end of the connection.
    pub(super) fn body(whole: &Bytes, cutter: Arc<Cutter>, stall: Option<Duration>) -> SiteBody {
        let part = whole.slice(..(whole.len() / 2).min(PART_BYTES_MAX));
        let stall = stall.map(|stall| Box::pin(tokio::time::sleep(stall)));
        Broken { part: Some(part), cutter, written_with_part: 0, stall }.boxed_unsync()
    }
}

impl Body for Broken {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(part) = self.part.take() {
            self.written_with_part = self.cutter.written_bytes() + part.len() as u64;
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        if let Some(stall) = &mut self.stall {
            ready!(stall.as_mut().poll(cx));
            self.stall = None;
        }
        self.cutter.cut_when_written(self.written_with_part, cx);
        Poll::Pending
    }
}
