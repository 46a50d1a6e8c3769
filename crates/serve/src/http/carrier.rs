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

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::core::{Io, LINGER, LINGER_BYTES_MAX};

/// How a connection is to end before its time.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    written_bytes: AtomicU64,
    cut: CancellationToken,
    reset: AtomicBool,
    body: Mutex<Option<Waker>>,
}

impl Cutter {
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
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    read_bytes: u64,
    at_end: bool,
    linger: Option<Linger>,
}

#[derive(Debug)]
struct Linger {
    shut_down: bool,
    until: Pin<Box<Sleep>>,
    bytes_max: u64,
}

impl<S: Io> Carrier<S> {
    pub(super) fn new(inner: S, cutter: Arc<Cutter>) -> Self {
        let cut = Box::pin(cutter.cut.clone().cancelled_owned());
        Carrier { inner, cutter, cut, read_bytes: 0, at_end: false, linger: None }
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
        let read_bytes = self.read_bytes;
        let linger = self.linger.get_or_insert_with(|| Linger {
            shut_down: false,
            until: Box::pin(tokio::time::sleep(LINGER)),
            bytes_max: read_bytes + LINGER_BYTES_MAX,
        });
        if !linger.shut_down {
            ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
            linger.shut_down = true;
        }
        let mut space = [0; 4096];
        while !self.at_end && self.read_bytes < linger.bytes_max {
            if linger.until.as_mut().poll(cx).is_ready() {
                break;
            }
            let mut buffer = ReadBuf::new(&mut space);
            let end = ready!(Pin::new(&mut self.inner).poll_read(cx, &mut buffer)).is_err();
            self.read_bytes += buffer.filled().len() as u64;
            self.at_end = end || buffer.filled().is_empty();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Io> AsyncRead for Carrier<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.cut.as_mut().poll(cx).is_ready() {
            // hyper is told that the client is gone, and lets go of the connection.
            return self.poll_cut(cx);
        }
        let before = buffer.filled().len();
        let had_room = buffer.remaining() > 0;
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        let count = buffer.filled().len() - before;
        self.read_bytes += count as u64;
        self.at_end = had_room && count == 0;
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
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_close(cx)
    }
}
