//! What a service talks over behind a handshake.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use crate::core::{Events, Io};

/// A connection inside TLS. It tells of the plain bytes where somebody wants
/// such detail: the stream below sees only what is encrypted.
#[derive(Debug)]
pub(super) struct Inner<S> {
    /// Behind a pointer: futures that pass a stream on keep several copies of
    /// it, and the state of TLS is large.
    stream: Box<TlsStream<S>>,
    events: Option<Box<Events>>,
}

impl<S> Inner<S> {
    pub(super) fn new(stream: TlsStream<S>, events: &Events) -> Self {
        let events = events.wants_bytes().then(|| Box::new(events.clone()));
        Inner { stream: Box::new(stream), events }
    }
}

impl<S: Io> Io for Inner<S> {
    fn reset_on_close(&self) -> io::Result<()> {
        self.stream.get_ref().0.reset_on_close()
    }
}

/// Says what a missing close_notify (RFC 8446 section 6.1) means.
fn in_words(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the peer closed without the close_notify of TLS: what it sent may be cut short",
        ),
        _ => error,
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Inner<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (before, room) = (buffer.filled().len(), buffer.remaining());
        ready!(Pin::new(&mut *self.stream).poll_read(cx, buffer)).map_err(in_words)?;
        if let Some(events) = &self.events {
            match &buffer.filled()[before..] {
                [] if room > 0 => events.half_closed(),
                bytes => events.received(bytes),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Inner<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut *self.stream).poll_write(cx, bytes))?;
        if let Some(events) = &self.events {
            events.sent(bytes.get(..count).unwrap_or(bytes));
        }
        Poll::Ready(Ok(count))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.events.is_some() {
            // To tell of what was taken, one part at a time is enough.
            let first = parts.iter().find(|part| !part.is_empty());
            return self.poll_write(cx, first.map_or(&[], |part| part));
        }
        Pin::new(&mut *self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_shutdown(cx)
    }
}
