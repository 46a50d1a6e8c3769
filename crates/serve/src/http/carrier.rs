//! The stream under hyper: closes gently, and can be cut on command.
//!
//! hyper closes right after its last byte. If the client has sent something
//! that was not read, the kernel then sends RST, and the client loses the
//! answer. RFC 9112 section 9.6: close the sending side, read what still
//! comes, then close.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::engine::{Inlet, Journal, Line, Offence};
use crate::core::{Io, LINGER, LINGER_BYTES_MAX};

/// How a connection is to end before its time.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    written_bytes: AtomicU64,
    cut: CancellationToken,
    reset: AtomicBool,
    silent: AtomicBool,
    body: Mutex<Option<Waker>>,
}

impl Cutter {
    /// From now on not even a refusal is sent: the connection is closed when
    /// the time for a request is over.
    pub(super) fn say_no_more(&self) {
        self.silent.store(true, Ordering::Release);
    }

    /// Whether nothing is to be sent any more.
    pub(super) fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Acquire)
    }

    /// What hyper has handed down so far.
    pub(super) fn written_bytes(&self) -> u64 {
        self.written_bytes.load(Ordering::Acquire)
    }

    /// Closes the connection now, with RST instead of FIN where `reset` says so.
    pub(super) fn cut(&self, reset: bool) {
        self.reset.store(reset, Ordering::Release);
        self.cut.cancel();
    }

    /// Closes once `count` bytes were written; until then wakes `cx` after
    /// every write.
    pub(super) fn cut_when_written(&self, count: u64, cx: &Context<'_>) {
        // The waker first: a write between the two would otherwise be missed.
        *self.body.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        if self.written_bytes() >= count {
            self.cut(false);
        }
    }

    /// Waits until the connection is to be closed.
    pub(super) async fn cancelled(&self) {
        self.cut.cancelled().await;
    }

    fn wrote(&self, count: usize) {
        self.written_bytes.fetch_add(count as u64, Ordering::AcqRel);
        let waker = self.body.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A stream that lingers when it is shut down.
#[derive(Debug)]
pub(super) struct Carrier<S> {
    inner: S,
    cutter: Arc<Cutter>,
    journal: Arc<Journal>,
    /// What judges the requests of HTTP/1, and what it has found.
    inlet: Option<(Inlet, Arc<Line>)>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    read_bytes: u64,
    at_end: bool,
    closing: Closing,
}

/// How far the end of a connection has come.
#[derive(Debug)]
enum Closing {
    No,
    /// What is left of a refusal is written.
    Refusing(Bytes),
    /// The sending side is shut down.
    ShuttingDown,
    /// What the client still sends is read away.
    Lingering {
        until: Option<Pin<Box<Sleep>>>,
        bytes_max: u64,
    },
}

impl<S: Io> Carrier<S> {
    pub(super) fn new(inner: S, cutter: Arc<Cutter>, journal: Arc<Journal>) -> Self {
        let cut = Box::pin(cutter.cut.clone().cancelled_owned());
        let (inlet, closing) = (None, Closing::No);
        Carrier { inner, cutter, journal, inlet, cut, read_bytes: 0, at_end: false, closing }
    }

    /// Judges what comes.
    pub(super) fn with_inlet(self, inlet: Inlet, line: Arc<Line>) -> Self {
        Carrier { inlet: Some((inlet, line)), ..self }
    }

    /// Closes as the cutter wants it.
    pub(super) async fn close(mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_cut(cx)).await
    }

    fn poll_cut(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.cutter.reset.load(Ordering::Acquire) {
            self.inner.reset_on_close()?;
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        self.poll_close(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            self.closing = match &mut self.closing {
                Closing::No => {
                    let violation =
                        self.inlet.as_ref().and_then(|(_, line)| line.take_unanswered());
                    // Who was too slow is not waited for once more.
                    self.at_end |= violation.is_some_and(|found| found.what == Offence::TooSlow);
                    Closing::Refusing(
                        violation.map(|found| self.journal.refuse(found)).unwrap_or_default(),
                    )
                }
                Closing::Refusing(rest) if rest.is_empty() => {
                    self.journal.flushed();
                    Closing::ShuttingDown
                }
                Closing::Refusing(rest) => {
                    let count = ready!(Pin::new(&mut self.inner).poll_write(cx, rest))?;
                    rest.advance(count);
                    continue;
                }
                Closing::ShuttingDown => {
                    ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
                    Closing::Lingering {
                        until: None,
                        bytes_max: self.read_bytes + LINGER_BYTES_MAX,
                    }
                }
                Closing::Lingering { until, bytes_max } => {
                    let mut space = [0; 4096];
                    while !self.at_end && self.read_bytes < *bytes_max {
                        let mut buffer = ReadBuf::new(&mut space);
                        let read = Pin::new(&mut self.inner).poll_read(cx, &mut buffer);
                        let Poll::Ready(read) = read else {
                            let new = || Box::pin(tokio::time::sleep(LINGER));
                            ready!(until.get_or_insert_with(new).as_mut().poll(cx));
                            break;
                        };
                        self.read_bytes += buffer.filled().len() as u64;
                        self.at_end = read.is_err() || buffer.filled().is_empty();
                    }
                    return Poll::Ready(Ok(()));
                }
            };
        }
    }
}

impl<S: Io> AsyncRead for Carrier<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.cut.as_mut().poll(cx).is_ready() {
            // hyper is told that the client is gone, and lets go of the connection.
            return this.poll_cut(cx);
        }
        let before = buffer.filled().len();
        let had_room = buffer.remaining() > 0;
        ready!(match &mut this.inlet {
            Some((inlet, _)) => inlet.poll_read(&mut this.inner, cx, buffer),
            None => Pin::new(&mut this.inner).poll_read(cx, buffer),
        })?;
        let count = buffer.filled().len() - before;
        this.read_bytes += count as u64;
        let violated = this.inlet.as_ref().is_some_and(|(_, line)| line.is_violated());
        this.at_end = had_room && count == 0 && !violated;
        Poll::Ready(Ok(()))
    }
}

impl<S: Io> AsyncWrite for Carrier<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes))?;
        self.cutter.wrote(count);
        Poll::Ready(Ok(count))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.inner).poll_write_vectored(cx, parts))?;
        self.cutter.wrote(count);
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        self.journal.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_close(cx)
    }
}
