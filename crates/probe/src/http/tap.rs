//! A look at the bytes of a connection as they pass, above TLS or below it.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use crate::connection::Duplex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Which way bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the peer.
    Sent,
    /// From the peer.
    Received,
}

/// What a look is.
type Look = dyn Fn(u32, Way, &[u8]) + Send + Sync;

/// Told of every piece that passes: the connection's number, the way, the
/// bytes.
#[derive(Clone)]
pub struct Tap(Arc<Look>);

impl Tap {
    /// A tap that calls `look`, which must not wait: the connection waits for it.
    pub fn new(look: impl Fn(u32, Way, &[u8]) + Send + Sync + 'static) -> Tap {
        Tap(Arc::new(look))
    }

    /// A stream that is looked at.
    pub(crate) fn on<S>(&self, connection: u32, inner: S) -> Tapped<S> {
        Tapped { inner, connection, tap: self.clone() }
    }

    /// A stream that is looked at until what is looked for is over.
    pub(crate) fn until_done(
        &self,
        connection: u32,
        inner: Box<dyn Duplex>,
    ) -> (Box<dyn Duplex>, Until) {
        let until = Until::default();
        let (over, look) = (Arc::clone(&until.0), Arc::clone(&self.0));
        let tap = Tap::new(move |connection, way, bytes| {
            if !over.load(Ordering::Relaxed) {
                look(connection, way, bytes);
            }
        });
        (Box::new(tap.on(connection, inner)), until)
    }
}

/// Ends a look.
#[derive(Debug, Default)]
pub(crate) struct Until(Arc<AtomicBool>);

impl Until {
    pub(crate) fn done(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

/// A stream that is looked at.
pub(crate) struct Tapped<S> {
    inner: S,
    connection: u32,
    tap: Tap,
}

impl<S: AsyncRead + Unpin> AsyncRead for Tapped<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        let came = &buf.filled()[before..];
        if polled.is_ready() && !came.is_empty() {
            (self.tap.0)(self.connection, Way::Received, came);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tapped<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, buf);
        if let Poll::Ready(Ok(count)) = &polled {
            (self.tap.0)(self.connection, Way::Sent, &buf[..*count]);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
