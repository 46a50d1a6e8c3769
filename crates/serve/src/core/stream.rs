//! A connection that counts what passes and keeps the server's limits.

use std::fs::File;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use plumb_evidence::observation::TcpInfo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::ledger::{JUDGE, Ledger};
use super::pace::Pacer;
use super::socket::Socket;
use super::{Cut, Events};

/// What a service talks over: a connection, or TLS on top of one.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes closing send RST instead of FIN (SO_LINGER with zero).
    fn reset_on_close(&self) -> io::Result<()>;

    /// Whether [`Io::poll_send_file`] can be used: what is sent is neither
    /// encrypted nor shown to anybody on its way.
    fn sends_files(&self) -> bool {
        false
    }

    /// Sends up to `count` bytes of a file, from `offset` on, without passing
    /// them through this process; gives how many were taken, 0 at the file's
    /// end.
    fn poll_send_file(
        &mut self,
        cx: &mut Context<'_>,
        file: &File,
        offset: u64,
        count: u64,
    ) -> Poll<io::Result<usize>> {
        let _ = (cx, file, offset, count);
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }
}

impl Io for tokio::io::DuplexStream {
    fn reset_on_close(&self) -> io::Result<()> {
        Ok(())
    }
}

/// An accepted connection.
///
/// When a limit has passed, reads fail with [`io::ErrorKind::TimedOut`]; the
/// service then has a moment to say so to the peer. A write that the peer does
/// not take for too long, or takes too slowly, fails in the same way.
#[derive(Debug)]
pub struct Stream(Box<Connection>);

/// Behind one pointer: futures that pass a stream on keep several copies of it.
#[derive(Debug)]
struct Connection {
    socket: Socket,
    ledger: Arc<Ledger>,
    /// What was read before the service began, behind a proxy's header.
    #[allow(clippy::box_collection, reason = "hardly any connection has it: it costs a word")]
    seen: Option<Box<Vec<u8>>>,
    /// There while, or shortly after, the peer did not take what was written.
    blocked: Option<Box<Blocked>>,
}

/// How the peer takes what is written.
#[derive(Debug)]
struct Blocked {
    pacer: Pacer,
    taken_bytes: u64,
    taken_at: Instant,
}

impl Stream {
    pub(super) fn new(socket: Socket, ledger: Arc<Ledger>) -> Self {
        Stream(Box::new(Connection { socket, ledger, seen: None, blocked: None }))
    }

    /// Gives `bytes` to the service before what else comes.
    pub(super) fn give_back(&mut self, mut bytes: Vec<u8>) {
        if !bytes.is_empty() {
            // In the order in which they are taken: from the end.
            bytes.reverse();
            self.0.seen = Some(Box::new(bytes));
        }
    }
}

impl Connection {
    /// Where to tell of reads and writes, if that is wanted.
    fn events(&self) -> Option<&Events> {
        let wanted = |events: &&Events| events.wants_bytes() && !self.ledger.is_encrypted();
        self.ledger.events().filter(wanted)
    }

    fn wrote(&mut self, bytes: &[u8]) {
        self.wrote_count(bytes.len());
        if let Some(events) = self.events() {
            events.sent(bytes);
        }
    }

    fn wrote_count(&mut self, count: usize) {
        self.ledger.wrote(count);
        if let Some(blocked) = &mut self.blocked {
            let now = Instant::now();
            blocked.taken_at = now;
            if now >= blocked.pacer.due() {
                self.blocked = None;
            }
        }
    }

    /// Bytes that the peer's system has acknowledged.
    fn taken_bytes(&self) -> u64 {
        let waiting = self.socket.unsent_bytes().unwrap_or(0);
        self.ledger.written_bytes().saturating_sub(u64::from(waiting))
    }

    /// The peer does not take what is written. Judged by what its system has
    /// acknowledged: the kernel of this side may hold megabytes, and a write
    /// succeeds only when a good part of them is gone.
    fn judge_reader(&mut self) -> Poll<io::Error> {
        let (now, taken_bytes) = (Instant::now(), self.taken_bytes());
        let pace = self.ledger.limits().reader_pace;
        let blocked = self.blocked.get_or_insert_with(|| {
            let pacer = Pacer::new(pace, now, taken_bytes);
            Box::new(Blocked { pacer, taken_bytes, taken_at: now })
        });
        if taken_bytes > blocked.taken_bytes {
            (blocked.taken_bytes, blocked.taken_at) = (taken_bytes, now);
        }
        let stalled = now >= blocked.taken_at + self.ledger.limits().write_stall;
        if stalled || blocked.pacer.too_slow(now, taken_bytes) {
            self.ledger.set_cut(Cut::SlowReader);
            return Poll::Ready(timed_out(Cut::SlowReader));
        }
        let stalls = blocked.taken_at + self.ledger.limits().write_stall;
        self.ledger.write_waits(stalls.min(blocked.pacer.due()).min(now + JUDGE));
        Poll::Pending
    }

    /// The end of a write that the system did not take at once.
    fn wrote_some(
        &mut self,
        result: Poll<io::Result<usize>>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match result {
            Poll::Ready(Ok(count)) => {
                self.wrote(&bytes[..count.min(bytes.len())]);
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.judge_reader().map(Err),
        }
    }

    /// What limits what may still be written: a slow reader and the end of
    /// all time; after the others a service may say what happened.
    fn refuse_write(&self) -> Option<io::Error> {
        let cut = self.ledger.cut()?;
        matches!(cut, Cut::SlowReader | Cut::Connection).then(|| timed_out(cut))
    }
}

fn timed_out(cut: Cut) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, cut)
}

impl Io for Stream {
    fn reset_on_close(&self) -> io::Result<()> {
        self.0.socket.reset_on_close()
    }

    fn sends_files(&self) -> bool {
        self.0.events().is_none()
    }

    fn poll_send_file(
        &mut self,
        cx: &mut Context<'_>,
        file: &File,
        offset: u64,
        count: u64,
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self.0;
        if let Some(error) = this.refuse_write() {
            return Poll::Ready(Err(error));
        }
        let result = this.socket.poll_send_file(cx, file, offset, count);
        let Poll::Ready(Ok(count)) = result else { return this.wrote_some(result, &[]) };
        this.wrote_count(count);
        Poll::Ready(Ok(count))
    }
}

impl Drop for Connection {
    /// The kernel's state of the connection goes with the socket.
    fn drop(&mut self) {
        if self.ledger.cut() == Some(Cut::SlowReader) {
            // The kernel would go on offering for minutes what nobody takes.
            let _ = self.socket.reset_on_close();
        }
        if let Socket::Tcp(tcp) = &self.socket
            && let Ok(info) = plumb_sys::tcp::tcp_info(tcp)
        {
            self.ledger.set_tcp(TcpInfo::from(&info));
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self.get_mut().0;
        if let Some(seen) = &mut this.seen {
            let rest = seen.len().saturating_sub(buffer.remaining());
            seen.drain(rest..).rev().for_each(|byte| buffer.put_slice(&[byte]));
            if seen.is_empty() {
                this.seen = None;
            }
            return Poll::Ready(Ok(()));
        }
        if let Some(cut) = this.ledger.cut() {
            return Poll::Ready(Err(timed_out(cut)));
        }
        let before = buffer.filled().len();
        let result = Pin::new(&mut this.socket).poll_read(cx, buffer);
        if let Poll::Ready(Ok(())) = result {
            let bytes = &buffer.filled()[before..];
            this.ledger.read(bytes.len());
            if let Some(events) = this.events() {
                if bytes.is_empty() { events.half_closed() } else { events.received(bytes) }
            }
        }
        result
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self.get_mut().0;
        if let Some(error) = this.refuse_write() {
            return Poll::Ready(Err(error));
        }
        let result = Pin::new(&mut this.socket).poll_write(cx, bytes);
        this.wrote_some(result, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self.get_mut().0;
        if let Some(error) = this.refuse_write() {
            return Poll::Ready(Err(error));
        }
        let result = Pin::new(&mut this.socket).poll_write_vectored(cx, parts);
        let Poll::Ready(Ok(count)) = result else { return this.wrote_some(result, &[]) };
        if this.events().is_some() {
            let all: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
            this.wrote(&all[..count.min(all.len())]);
        } else {
            this.wrote_count(count);
        }
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        self.0.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.socket).poll_shutdown(cx)
    }
}
