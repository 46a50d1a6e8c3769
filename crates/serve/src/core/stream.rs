//! A connection whose reads and writes keep the server's deadlines.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::{Cut, Limits};

/// What a service talks over: a TCP connection, or TLS on top of one.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes closing send RST instead of FIN (SO_LINGER with zero).
    fn reset_on_close(&self) -> io::Result<()>;
}

/// An accepted TCP connection with deadlines and counters.
///
/// A read that waits past a deadline fails with [`io::ErrorKind::TimedOut`],
/// and so does a write that the peer does not take.
#[derive(Debug)]
pub struct Stream {
    tcp: TcpStream,
    first_byte: Duration,
    idle: Duration,
    last_activity: Instant,
    read_timer: Option<Pin<Box<Sleep>>>,
    write_timer: Option<Pin<Box<Sleep>>>,
    ledger: Arc<Ledger>,
}

/// What passed over a connection, kept where the core sees it after the
/// service has dropped the stream.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) read_bytes: AtomicU64,
    pub(super) written_bytes: AtomicU64,
    pub(super) cut: OnceLock<Cut>,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, limits: &Limits, ledger: Arc<Ledger>) -> Self {
        Stream {
            tcp,
            first_byte: limits.first_byte,
            idle: limits.idle,
            last_activity: Instant::now(),
            read_timer: None,
            write_timer: None,
            ledger,
        }
    }

    fn deadline(&self) -> (Instant, Cut) {
        // Until the first byte, last_activity is the time of the accept or of
        // the greeting that the peer ought to answer.
        if self.ledger.read_bytes.load(Ordering::Relaxed) == 0 {
            (self.last_activity + self.first_byte, Cut::FirstByte)
        } else {
            (self.last_activity + self.idle, Cut::Idle)
        }
    }

    /// Pending while the deadline is ahead; the timer is set only when
    /// something waits, and moved only when it fires too early.
    fn poll_deadline(&mut self, cx: &mut Context<'_>, reading: bool) -> Poll<io::Error> {
        let (deadline, cut) = self.deadline();
        let timer = if reading { &mut self.read_timer } else { &mut self.write_timer };
        let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        loop {
            ready!(timer.as_mut().poll(cx));
            if timer.deadline() >= deadline {
                let _ = self.ledger.cut.set(cut);
                return Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, cut));
            }
            timer.as_mut().reset(deadline);
        }
    }

    fn wrote(&mut self, count: usize) {
        self.last_activity = Instant::now();
        self.ledger.written_bytes.fetch_add(count as u64, Ordering::Relaxed);
    }
}

impl Io for Stream {
    fn reset_on_close(&self) -> io::Result<()> {
        plumb_sys::tcp::reset_on_close(&self.tcp)
    }
}

impl Io for tokio::io::DuplexStream {
    fn reset_on_close(&self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.tcp).poll_read(cx, buffer) {
            Poll::Ready(result) => {
                let count = buffer.filled().len() - before;
                self.last_activity = Instant::now();
                self.ledger.read_bytes.fetch_add(count as u64, Ordering::Relaxed);
                Poll::Ready(result)
            }
            Poll::Pending => self.poll_deadline(cx, true).map(Err),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.tcp).poll_write(cx, bytes) {
            Poll::Ready(result) => {
                self.wrote(*result.as_ref().unwrap_or(&0));
                Poll::Ready(result)
            }
            Poll::Pending => self.poll_deadline(cx, false).map(Err),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.tcp).poll_write_vectored(cx, parts) {
            Poll::Ready(result) => {
                self.wrote(*result.as_ref().unwrap_or(&0));
                Poll::Ready(result)
            }
            Poll::Pending => self.poll_deadline(cx, false).map(Err),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

/// A stream of which the first bytes were already read, to see what they are.
#[derive(Debug)]
pub struct Rewind<S> {
    seen: Vec<u8>,
    given: usize,
    inner: S,
}

impl<S> Rewind<S> {
    /// Gives `seen` first, then what `inner` has.
    pub fn new(seen: Vec<u8>, inner: S) -> Self {
        Rewind { seen, given: 0, inner }
    }
}

impl<S: Io> Io for Rewind<S> {
    fn reset_on_close(&self) -> io::Result<()> {
        self.inner.reset_on_close()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Rewind<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let rest = &self.seen[self.given..];
        if rest.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buffer);
        }
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..count]);
        self.given += count;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Rewind<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// The peer has this long to see the FIN and close.
pub(crate) const LINGER: Duration = Duration::from_secs(2);
/// A peer that sends more than this while it should close does not listen anyway.
pub(crate) const LINGER_BYTES_MAX: u64 = 256 * 1024;

/// Closes as RFC 9112 section 9.6 advises: FIN first, then what the peer still
/// sends is read away. Closing with unread bytes would send RST, and RST makes
/// the peer forget what it has not read yet.
pub(crate) async fn close_gently<S: Io>(mut stream: S) {
    let away = async {
        stream.shutdown().await?;
        let mut buffer = [0; 4096];
        let mut total: u64 = 0;
        while total < LINGER_BYTES_MAX {
            match stream.read(&mut buffer).await? {
                0 => break,
                count => total += count as u64,
            }
        }
        io::Result::Ok(())
    };
    let _ = tokio::time::timeout(LINGER, away).await;
}
