//! A server: what it serves, and how it stops.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accept::{Reserve, accept};
use super::gate::Gate;
use super::receive::receive;
use super::{Endpoint, EventKind, EventSink, Events, Io, Limits, Transport};

/// Speaks one protocol on connections.
pub trait Service: Send + Sync + 'static {
    /// Serves one connection until it is done. An error is recorded as the
    /// way in which the connection ended. When [`Context::stop`] is cancelled
    /// the service should tell the peer and end soon.
    fn serve<S: Io>(
        &self,
        stream: S,
        context: Context,
    ) -> impl Future<Output = io::Result<()>> + Send;
}

/// Answers datagrams.
pub trait DatagramService: Send + Sync + 'static {
    /// The answer to one datagram, if there is one.
    fn answer(
        &self,
        datagram: Datagram,
        context: Context,
    ) -> impl Future<Output = Option<Vec<u8>>> + Send;
}

/// A datagram as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// The payload.
    pub bytes: Vec<u8>,
    /// Who sent it, and who will get the answer.
    pub peer: SocketAddr,
}

/// What a service knows about the connection or datagram that it serves.
#[derive(Debug, Clone)]
pub struct Context {
    /// The client's end.
    pub peer: Endpoint,
    /// The server's end.
    pub local: Endpoint,
    /// Cancelled when the server wants to stop.
    pub stop: CancellationToken,
    /// For events about this connection.
    pub events: Events,
    /// The limits of the server.
    pub limits: Arc<Limits>,
    /// The name that the client asked for in TLS, where it did.
    pub tls: Option<Arc<crate::tls::Session>>,
}

/// A socket in the calling thread's network namespace, not connected yet, from
/// which to ask `server`.
pub fn unconnected(transport: Transport, server: SocketAddr) -> io::Result<OwnedFd> {
    match transport {
        Transport::Udp => plumb_sys::udp::unconnected(server),
        Transport::Tcp | Transport::Unix => plumb_sys::tcp::unconnected(server),
    }
}

/// A socket could not be served.
#[derive(Debug, thiserror::Error)]
#[error("cannot serve on the {transport:?} socket{}: {source}", local.map(|at| format!(" {at}")).unwrap_or_default())]
pub struct ServeError {
    /// What kind of socket it is.
    pub transport: Transport,
    /// Where it is bound, if it could be asked.
    pub local: Option<SocketAddr>,
    /// What the system said.
    pub source: io::Error,
}

/// How a stop went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopReport {
    /// Connections that were open and ended by themselves.
    pub drained: usize,
    /// Connections that had to be cut.
    pub cut: usize,
}

/// A server: any number of sockets under one set of limits.
///
/// Dropping it changes nothing; [`Server::stop`] ends it.
#[derive(Debug, Clone)]
pub struct Server(Arc<Shared>);

/// What the sockets of a server have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) limits: Arc<Limits>,
    pub(super) events: Events,
    pub(super) gate: Arc<Gate>,
    pub(super) connection_permits: Arc<Semaphore>,
    pub(super) datagram_permits: Arc<Semaphore>,
    pub(super) connections_open: AtomicUsize,
    pub(super) last_connection: AtomicU64,
    pub(super) stop: CancellationToken,
    pub(super) cut: CancellationToken,
    pub(super) loops: TaskTracker,
    pub(super) connections: TaskTracker,
}

impl Server {
    /// A server called `name` that serves nothing yet.
    pub fn new(name: impl Into<Arc<str>>, limits: Limits, sink: impl EventSink) -> Self {
        Server(Arc::new(Shared {
            connection_permits: Arc::new(Semaphore::new(limits.connections_max)),
            datagram_permits: Arc::new(Semaphore::new(limits.datagrams_in_flight_max)),
            limits: Arc::new(limits),
            events: Events::new(name, sink),
            gate: Arc::default(),
            connections_open: AtomicUsize::new(0),
            last_connection: AtomicU64::new(0),
            stop: CancellationToken::new(),
            cut: CancellationToken::new(),
            loops: TaskTracker::new(),
            connections: TaskTracker::new(),
        }))
    }

    /// Serves `service` on a listening socket; gives the address.
    ///
    /// Must be called within a tokio runtime. The socket may come from any
    /// network namespace.
    ///
    /// # Errors
    /// When the socket cannot be made nonblocking or registered.
    pub fn tcp(
        &self,
        listener: TcpListener,
        service: impl Service,
    ) -> Result<SocketAddr, ServeError> {
        let local = listener.local_addr().ok();
        let failed = |source| ServeError { transport: Transport::Tcp, local, source };
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        self.0
            .events
            .at(local.into())
            .emit(EventKind::Listening { transport: Transport::Tcp, backlog: None });
        let reserve = Reserve::new();
        let accepting = accept(Arc::clone(&self.0), listener, reserve, local, Arc::new(service));
        self.0.loops.spawn(accepting);
        Ok(local)
    }

    /// Serves `service` on a datagram socket; gives the address.
    ///
    /// Answers leave from the address that the socket is bound to; on a machine
    /// with several addresses bind one socket to each.
    ///
    /// # Errors
    /// When the socket cannot be made nonblocking or registered.
    pub fn udp(
        &self,
        socket: UdpSocket,
        service: impl DatagramService,
    ) -> Result<SocketAddr, ServeError> {
        let local = socket.local_addr().ok();
        let failed = |source| ServeError { transport: Transport::Udp, local, source };
        socket.set_nonblocking(true).map_err(failed)?;
        let socket = tokio::net::UdpSocket::from_std(socket).map_err(failed)?;
        let local = socket.local_addr().map_err(failed)?;
        self.0
            .events
            .at(local.into())
            .emit(EventKind::Listening { transport: Transport::Udp, backlog: None });
        self.0.loops.spawn(receive(
            Arc::clone(&self.0),
            Arc::new(socket),
            local,
            Arc::new(service),
        ));
        Ok(local)
    }

    /// Connections that are open now.
    pub fn connections(&self) -> usize {
        self.0.connections_open.load(Ordering::Relaxed)
    }

    /// Stops: closes the listening sockets, tells the services, waits until
    /// `drain` is over, cuts what is left.
    pub async fn stop(&self, drain: Duration) -> StopReport {
        let shared = &self.0;
        let open = self.connections();
        if !shared.stop.is_cancelled() {
            shared.events.emit(EventKind::Stopping { open });
        }
        shared.stop.cancel();
        shared.loops.close();
        shared.loops.wait().await;
        shared.connections.close();
        let mut cut = 0;
        if tokio::time::timeout(drain, shared.connections.wait()).await.is_err() {
            cut = self.connections();
            shared.cut.cancel();
            shared.connections.wait().await;
        }
        let report = StopReport { drained: open.saturating_sub(cut), cut };
        shared.events.emit(EventKind::Stopped { drained: report.drained, cut });
        report
    }
}

impl<T: Service> Service for Arc<T> {
    fn serve<S: Io>(
        &self,
        stream: S,
        context: Context,
    ) -> impl Future<Output = io::Result<()>> + Send {
        T::serve(self, stream, context)
    }
}

impl<T: DatagramService> DatagramService for Arc<T> {
    fn answer(
        &self,
        datagram: Datagram,
        context: Context,
    ) -> impl Future<Output = Option<Vec<u8>>> + Send {
        T::answer(self, datagram, context)
    }
}
