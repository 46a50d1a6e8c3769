//! An open connection that counts what passes and notices silence.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use plumb_evidence::Observation;
use plumb_evidence::observation::{PhaseName, TcpInfo};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::policy::STALL;
use crate::{Deadline, Scope, kernel};

/// First bytes received that are kept, to see what a peer speaks: a ServerHello
/// up to its cipher suite, the first lines of a greeting.
const FIRST_BYTES_MAX: usize = 256;

/// Both directions of a stream.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// An open connection, plain or with TLS.
pub struct Connection {
    /// By which events name it.
    pub id: u32,
    /// The peer as the target's name or a proxy gave it, before any map of
    /// addresses.
    pub address: SocketAddr,
    /// The protocol that ALPN agreed on, if TLS was done and it did.
    pub alpn: Option<String>,
    pub(crate) stream: Box<dyn Duplex>,
    pub(crate) watch: Watch,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("id", &self.id)
            .field("address", &self.address)
            .field("alpn", &self.alpn)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Takes over an open stream.
    pub fn new(id: u32, address: SocketAddr, stream: TcpStream) -> io::Result<Connection> {
        // Requests are single writes that must not wait for an ACK.
        stream.set_nodelay(true)?;
        let socket = Arc::new(stream.as_fd().try_clone_to_owned()?);
        let traffic = Arc::new(Traffic::new());
        let watch = Watch { connection: id, socket, traffic: Arc::clone(&traffic) };
        let stream = Box::new(Meter { inner: stream, traffic });
        Ok(Connection { id, address, alpn: None, stream, watch })
    }

    /// This side's address.
    pub fn local_address(&self) -> Option<SocketAddr> {
        plumb_sys::socket::local_address(&*self.watch.socket)
    }

    /// The kernel's state of the connection.
    pub fn tcp_info(&self) -> Option<TcpInfo> {
        kernel::tcp_info(&*self.watch.socket)
    }
}

/// The socket, for its options; what passes over it belongs to the stream.
impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.watch.socket.as_fd()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

/// Writing to a peer that is gone fails, although what it said before can
/// still be read.
impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if self.watch.traffic.is_broken() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// What is known of a connection without its stream.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    pub(crate) connection: u32,
    pub(crate) socket: Arc<OwnedFd>,
    /// What passed on the wire, below TLS.
    pub(crate) traffic: Arc<Traffic>,
}

/// Why the wait for something ended without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The deadline passed.
    Deadline,
    /// Probes had told enough.
    Stopped,
}

impl Watch {
    pub(crate) fn tcp_info(&self) -> Option<TcpInfo> {
        kernel::tcp_info(&*self.socket)
    }

    /// Waits for `work` of a phase. When nothing passes for [`STALL`], records
    /// the connection's state and says so to whom it concerns, once for each
    /// silence, and once more if the deadline passes in it.
    pub(crate) async fn over<F: Future>(
        &self,
        scope: &Scope,
        phase: impl Fn() -> PhaseName,
        deadline: Deadline,
        work: F,
    ) -> Result<F::Output, Ended> {
        tokio::pin!(work);
        let began = Instant::now();
        let mut said = None;
        loop {
            let last = self.traffic.last().max(began);
            let silence = async {
                match said {
                    Some(at) if at == last => std::future::pending().await,
                    _ => tokio::time::sleep_until(last + STALL).await,
                }
            };
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = scope.stop.asked() => return Err(Ended::Stopped),
                () = tokio::time::sleep_until(deadline.instant()) => {
                    self.record_silence(scope, phase(), last);
                    return Err(Ended::Deadline);
                }
                () = silence => {
                    if self.traffic.last().max(began) == last {
                        said = Some(last);
                        self.record_silence(scope, phase(), last);
                    }
                }
                // What passed ended a silence that was said: the next one counts anew.
                () = self.traffic.changed(), if said.is_some() => {}
            }
        }
    }

    fn record_silence(&self, scope: &Scope, during: PhaseName, last: Instant) {
        let silent_ns = u64::try_from(last.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if let Some(tcp) = self.tcp_info() {
            let connection = self.connection;
            scope.record(Observation::TcpState { connection, during, silent_ns, tcp });
        }
        scope.stalled(during, silent_ns);
    }
}

/// What passed through a stream.
#[derive(Debug)]
pub(crate) struct Traffic {
    state: Mutex<Passed>,
    changed: tokio::sync::Notify,
}

#[derive(Debug, Clone)]
pub(crate) struct Passed {
    pub(crate) received_bytes: u64,
    pub(crate) sent_bytes: u64,
    /// What was sent before anything was received, and when the last of it was.
    pub(crate) first_flight_bytes: u64,
    pub(crate) first_flight_at: Instant,
    pub(crate) first_received_at: Option<Instant>,
    pub(crate) first_received: Vec<u8>,
    /// The peer ended its direction.
    pub(crate) ended: bool,
    /// A write failed: what the peer said before is still to be read.
    pub(crate) broken: bool,
    /// When bytes last passed either way.
    last: Instant,
}

impl Passed {
    fn nothing() -> Passed {
        let now = Instant::now();
        Passed {
            received_bytes: 0,
            sent_bytes: 0,
            first_flight_bytes: 0,
            first_flight_at: now,
            first_received_at: None,
            first_received: Vec::new(),
            ended: false,
            broken: false,
            last: now,
        }
    }
}

impl Traffic {
    pub(crate) fn new() -> Traffic {
        Traffic { state: Mutex::new(Passed::nothing()), changed: tokio::sync::Notify::new() }
    }

    /// Counts from here on: another peer speaks behind a tunnel.
    pub(crate) fn begin_anew(&self) {
        *self.state() = Passed::nothing();
    }

    fn state(&self) -> MutexGuard<'_, Passed> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn passed(&self) -> Passed {
        self.state().clone()
    }

    fn last(&self) -> Instant {
        self.state().last
    }

    fn is_broken(&self) -> bool {
        self.state().broken
    }

    async fn changed(&self) {
        self.changed.notified().await;
    }

    fn received(&self, bytes: &[u8]) {
        let mut state = self.state();
        if bytes.is_empty() {
            state.ended = true;
        }
        let room = FIRST_BYTES_MAX - state.first_received.len();
        state.first_received.extend_from_slice(&bytes[..bytes.len().min(room)]);
        let now = Instant::now();
        state.first_received_at.get_or_insert(now);
        state.received_bytes += bytes.len() as u64;
        state.last = now;
        drop(state);
        self.changed.notify_waiters();
    }

    fn sent(&self, count: usize) {
        let mut state = self.state();
        state.sent_bytes += count as u64;
        state.last = Instant::now();
        if state.received_bytes == 0 {
            state.first_flight_bytes = state.sent_bytes;
            state.first_flight_at = state.last;
        }
        drop(state);
        self.changed.notify_waiters();
    }
}

/// A stream that counts.
#[derive(Debug)]
pub(crate) struct Meter<S> {
    pub(crate) inner: S,
    pub(crate) traffic: Arc<Traffic>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Meter<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let room = buf.remaining();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if matches!(polled, Poll::Ready(Ok(()))) && room > 0 {
            self.traffic.received(&buf.filled()[before..]);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Meter<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.inner).poll_write(cx, buf) {
            Poll::Ready(Ok(count)) => {
                self.traffic.sent(count);
                Poll::Ready(Ok(count))
            }
            // The peer is gone, but what it said before it went (an alert, an
            // early response) may wait to be read. Let the reader find it:
            // it meets either those bytes, the end, or the same error.
            Poll::Ready(Err(error)) if is_gone(&error) => {
                self.traffic.state().broken = true;
                Poll::Ready(Ok(buf.len()))
            }
            other => other,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_flush(cx) {
            Poll::Ready(Err(error)) if is_gone(&error) => Poll::Ready(Ok(())),
            other => other,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}
