//! A server: what it serves, and how it stops.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use plumb_sys::listen::{Bound, BoundSocket, SocketFile, Step};

use super::accept::{Door, Reserve, accept};
use super::alarm::Alarm;
use super::gate::Gate;
use super::listener::Listener;
use super::rate::RateTable;
use super::receive::receive;
use super::refuse::FAREWELLS_MAX;
use super::{
    Endpoint, EventKind, EventSink, Events, Io, Ledger, Limits, Policy, Refusal, Transport,
};

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

    /// What a client that is refused is told before the connection is closed,
    /// if the protocol has words for it. It is said at once, without reading.
    fn farewell(&self, refusal: &Refusal) -> Option<Vec<u8>> {
        let _ = refusal;
        None
    }
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
    /// The client's end; behind a proxy that is believed, the one that it named.
    pub peer: Endpoint,
    /// The server's end.
    pub local: Endpoint,
    /// The proxy that named the client.
    pub proxy: Option<Arc<Endpoint>>,
    /// Cancelled when the server wants to stop. The service of a connection is
    /// polled once more then, so it is enough to look.
    pub stop: CancellationToken,
    /// For events about this connection.
    pub events: Events,
    /// The limits of the server.
    pub limits: Arc<Limits>,
    /// What is known of the connection, and goes into the record of its end.
    pub ledger: Arc<Ledger>,
    /// What TLS agreed on.
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
#[error("cannot serve on the {transport:?} socket{}: {source}", local.as_ref().map(|at| format!(" {at}")).unwrap_or_default())]
pub struct ServeError {
    /// What kind of socket it is.
    pub transport: Transport,
    /// Where it is bound, if it could be asked.
    pub local: Option<Endpoint>,
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
    pub(super) policy: Policy,
    pub(super) events: Events,
    pub(super) connection_rates: Option<RateTable>,
    pub(super) farewells: Arc<Semaphore>,
    pub(super) gate: Gate,
    pub(super) connection_permits: Arc<Semaphore>,
    pub(super) datagram_permits: Arc<Semaphore>,
    pub(super) connections_open: AtomicUsize,
    pub(super) connections_cut: AtomicUsize,
    pub(super) last_connection: AtomicU64,
    pub(super) stop: CancellationToken,
    pub(super) cut: CancellationToken,
    pub(super) alarm: Alarm,
    pub(super) loops: TaskTracker,
    pub(super) connections: TaskTracker,
}

impl Server {
    /// A server called `name` that serves nothing yet; anybody may come.
    pub fn new(name: impl Into<Arc<str>>, limits: Limits, sink: impl EventSink) -> Self {
        Server::with_policy(name, limits, Policy::default(), sink)
    }

    /// A server to which not everybody may come.
    pub fn with_policy(
        name: impl Into<Arc<str>>,
        limits: Limits,
        policy: Policy,
        sink: impl EventSink,
    ) -> Self {
        let table = |rate| RateTable::new(rate, limits.rate_clients_max);
        Server(Arc::new(Shared {
            connection_permits: Arc::new(Semaphore::new(limits.connections_max)),
            datagram_permits: Arc::new(Semaphore::new(limits.datagrams_in_flight_max)),
            connection_rates: limits.connection_rate.map(table),
            farewells: Arc::new(Semaphore::new(FAREWELLS_MAX)),
            limits: Arc::new(limits),
            policy,
            events: Events::new(name, sink),
            gate: Gate::default(),
            alarm: Alarm::default(),
            connections_open: AtomicUsize::new(0),
            connections_cut: AtomicUsize::new(0),
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
        let at = listener.local_addr();
        let failed = |source| ServeError {
            transport: Transport::Tcp,
            local: at.as_ref().ok().copied().map(Endpoint::Ip),
            source,
        };
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        self.listen(Listener::Tcp(listener), service, None, None).map_err(failed)?;
        Ok(address)
    }

    /// Serves `service` on a listening Unix socket; gives its path, if it has
    /// one. Whoever bound it removes its file.
    ///
    /// # Errors
    /// When the socket cannot be made nonblocking or registered.
    pub fn unix(
        &self,
        listener: UnixListener,
        service: impl Service,
    ) -> Result<Endpoint, ServeError> {
        self.unix_of(listener, service, None, None)
    }

    /// Serves `service` on a socket of whatever kind that
    /// [`plumb_sys::listen`] bound, and tells how it came to be; gives its
    /// address. The file of a Unix socket is removed when the server stops.
    ///
    /// # Errors
    /// When the socket is one for datagrams, or cannot be registered.
    pub fn bound(&self, bound: Bound, service: impl Service) -> Result<Endpoint, ServeError> {
        let backlog = self.tell_steps(&bound);
        let Bound { socket, file, .. } = bound;
        match socket {
            BoundSocket::Tcp(listener) => {
                let failed = |source| ServeError { transport: Transport::Tcp, local: None, source };
                let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
                self.listen(Listener::Tcp(listener), service, backlog, None).map_err(failed)
            }
            BoundSocket::Unix(listener) => self.unix_of(listener, service, backlog, file),
            BoundSocket::Udp(_) | BoundSocket::UnixDatagram(_) => Err(ServeError {
                transport: Transport::Udp,
                local: socket.address().map(Endpoint::Ip),
                source: io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "the service wants connections, and the socket is one for datagrams",
                ),
            }),
        }
    }

    /// The same for datagrams.
    ///
    /// # Errors
    /// When the socket is not a UDP one, or cannot be registered.
    pub fn bound_datagrams(
        &self,
        bound: Bound,
        service: impl DatagramService,
    ) -> Result<SocketAddr, ServeError> {
        self.tell_steps(&bound);
        match bound.socket {
            BoundSocket::Udp(socket) => self.udp(socket, service),
            other => Err(ServeError {
                transport: Transport::Udp,
                local: other.address().map(Endpoint::Ip),
                source: io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "the service wants datagrams, and the socket is none of UDP",
                ),
            }),
        }
    }

    fn unix_of(
        &self,
        listener: UnixListener,
        service: impl Service,
        backlog: Option<u32>,
        file: Option<SocketFile>,
    ) -> Result<Endpoint, ServeError> {
        let failed = |source| ServeError { transport: Transport::Unix, local: None, source };
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = tokio::net::UnixListener::from_std(listener).map_err(failed)?;
        self.listen(Listener::Unix(listener), service, backlog, file).map_err(failed)
    }

    fn listen(
        &self,
        listener: Listener,
        service: impl Service,
        backlog: Option<u32>,
        file: Option<SocketFile>,
    ) -> io::Result<Endpoint> {
        let (local, transport) = (listener.local()?, listener.transport());
        let events = self.0.events.at(Some(local.clone()));
        events.emit(EventKind::Listening { transport, backlog });
        let door = Door { shared: Arc::clone(&self.0), service: Arc::new(service), events };
        let reserve = Reserve::new();
        self.0.loops.spawn(async move {
            accept(door, listener, reserve).await;
            drop(file);
        });
        Ok(local)
    }

    /// Tells how a socket came to be; gives its backlog.
    fn tell_steps(&self, bound: &Bound) -> Option<u32> {
        let local = match (bound.socket.address(), bound.socket.path()) {
            (Some(address), _) => Some(Endpoint::Ip(address)),
            (None, path) => Some(Endpoint::Unix(path)),
        };
        let events = self.0.events.at(local);
        let mut backlog = None;
        for step in &bound.steps {
            match step {
                Step::Socket { family, kind } => events.emit(EventKind::SocketCreated {
                    family: (*family).to_owned(),
                    socket_type: (*kind).to_owned(),
                }),
                Step::Option(option) => events.emit(EventKind::OptionSet {
                    option: option.name.to_owned(),
                    asked: option.asked.clone().unwrap_or_default(),
                    effective: option.value.clone(),
                }),
                Step::Bind { .. } => events.emit(EventKind::Bound),
                Step::Listen { backlog: asked, effective, .. } => {
                    backlog = effective.or(Some(*asked));
                }
                other => events.emit(EventKind::Note {
                    text: format!("{}: {}", other.call(), other.meaning()),
                }),
            }
        }
        backlog
    }

    /// For events about the server as a whole.
    pub fn events(&self) -> &Events {
        &self.0.events
    }

    /// Cancelled when the server begins to stop.
    pub fn stopping(&self) -> CancellationToken {
        self.0.stop.clone()
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
        let at = socket.local_addr().ok().map(Endpoint::Ip);
        let failed = |source| ServeError { transport: Transport::Udp, local: at.clone(), source };
        socket.set_nonblocking(true).map_err(failed)?;
        let socket = tokio::net::UdpSocket::from_std(socket).map_err(failed)?;
        let local = socket.local_addr().map_err(failed)?;
        self.0
            .events
            .at(Some(local.into()))
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
    /// `drain` is over, cuts what is left. [`Server::cut`] ends the wait.
    pub async fn stop(&self, drain: Duration) -> StopReport {
        let shared = &self.0;
        let open = self.connections();
        if !shared.stop.is_cancelled() {
            shared.events.emit(EventKind::Stopping { open });
        }
        shared.stop.cancel();
        // A service need not wait for the token: it is polled once more.
        shared.alarm.sound();
        shared.loops.close();
        shared.loops.wait().await;
        shared.connections.close();
        if tokio::time::timeout(drain, shared.connections.wait()).await.is_err() {
            self.cut();
            shared.connections.wait().await;
        }
        let cut = shared.connections_cut.load(Ordering::Relaxed);
        let report = StopReport { drained: open.saturating_sub(cut), cut };
        shared.events.flush_suppressed();
        shared.events.emit(EventKind::Stopped { drained: report.drained, cut });
        report
    }

    /// Cuts every connection at once: what a second signal asks for. A
    /// [`Server::stop`] that waits then has nothing to wait for any more.
    pub fn cut(&self) {
        self.0.stop.cancel();
        self.0.cut.cancel();
        self.0.alarm.ring();
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

    fn farewell(&self, refusal: &Refusal) -> Option<Vec<u8>> {
        T::farewell(self, refusal)
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
