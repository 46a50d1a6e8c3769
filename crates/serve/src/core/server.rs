//! The accept loops and the graceful stop.

use std::any::Any;
use std::fs::File;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use plumb_evidence::Layer;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::gate::{Admission, Gate};
use super::stream::{Ledger, Stream};
use super::{Closed, Cut, EventKind, EventSink, Events, Io, Limits};

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
    pub peer: SocketAddr,
    /// The server's end.
    pub local: SocketAddr,
    /// Cancelled when the server wants to stop.
    pub stop: CancellationToken,
    /// For events about this connection.
    pub events: Events,
    /// The limits of the server.
    pub limits: Arc<Limits>,
    /// The name that the client asked for in TLS, where it did.
    pub tls: Option<Arc<crate::tls::Session>>,
}

/// What carries the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Connections.
    Tcp,
    /// Datagrams.
    Udp,
}

impl Transport {
    /// The layer of that name.
    pub fn layer(self) -> Layer {
        match self {
            Transport::Tcp => Layer::Tcp,
            Transport::Udp => Layer::Udp,
        }
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

#[derive(Debug)]
struct Shared {
    limits: Arc<Limits>,
    events: Events,
    gate: Arc<Gate>,
    connection_permits: Arc<Semaphore>,
    datagram_permits: Arc<Semaphore>,
    connections_open: AtomicUsize,
    last_connection: AtomicU64,
    stop: CancellationToken,
    cut: CancellationToken,
    loops: TaskTracker,
    connections: TaskTracker,
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
        self.0.events.at(local).emit(EventKind::Listening { transport: Transport::Tcp });
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
        self.0.events.at(local).emit(EventKind::Listening { transport: Transport::Udp });
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
        if !shared.stop.is_cancelled() {
            shared.events.emit(EventKind::Stopping);
        }
        let open = self.connections();
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

/// A connection that passed the limits; dropping it counts it out.
#[derive(Debug)]
struct Admitted {
    shared: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
    _admission: Admission,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.shared.connections_open.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn accept<T: Service>(
    shared: Arc<Shared>,
    listener: tokio::net::TcpListener,
    mut reserve: Reserve,
    local: SocketAddr,
    service: Arc<T>,
) {
    let stop = shared.stop.clone();
    let accepting = async {
        let events = shared.events.at(local);
        loop {
            let permit = connection_permit(&shared, &events).await;
            match listener.accept().await {
                Ok((tcp, peer)) => admit(&shared, &events, permit, tcp, peer, &service),
                Err(error) => {
                    let back_off = back_off(&error);
                    let errno = error.raw_os_error();
                    events.emit(EventKind::AcceptFailed {
                        errno,
                        error: error.to_string(),
                        back_off,
                    });
                    if !back_off.is_zero() {
                        reserve.turn_one_away(&listener).await;
                        tokio::time::sleep(back_off).await;
                    }
                }
            }
        }
    };
    stop.run_until_cancelled(accepting).await;
}

/// Waits for room. Taken before `accept`, so that what waits stays in the
/// kernel's queue and costs nothing here.
async fn connection_permit(shared: &Arc<Shared>, events: &Events) -> OwnedSemaphorePermit {
    let permits = Arc::clone(&shared.connection_permits);
    if let Ok(permit) = Arc::clone(&permits).try_acquire_owned() {
        return permit;
    }
    events.emit(EventKind::AcceptPaused { connections: shared.limits.connections_max });
    match permits.acquire_owned().await {
        Ok(permit) => permit,
        // The semaphore is never closed; were it, waiting for the stop is right.
        Err(_) => std::future::pending().await,
    }
}

fn admit<T: Service>(
    shared: &Arc<Shared>,
    events: &Events,
    permit: OwnedSemaphorePermit,
    tcp: tokio::net::TcpStream,
    peer: SocketAddr,
    service: &Arc<T>,
) {
    let number = shared.last_connection.fetch_add(1, Ordering::Relaxed) + 1;
    // The address that the client connected to; a wildcard socket has no one address.
    let local = tcp.local_addr().ok().or(events.local);
    let events = Events { local, ..events.between(Some(number), peer) };
    let admission = match shared.gate.admit(peer.ip(), shared.limits.connections_per_client_max) {
        Ok(admission) => admission,
        Err(connections) => return events.emit(EventKind::ClientLimit { connections }),
    };
    shared.connections_open.fetch_add(1, Ordering::Relaxed);
    let admitted = Admitted { shared: Arc::clone(shared), _permit: permit, _admission: admission };
    events.emit(EventKind::Accepted);
    // A header and a body are written apart; Nagle would hold the second back
    // until the first is acknowledged, 40 ms later. Fails only if the peer left.
    let _ = tcp.set_nodelay(true);
    let context = Context {
        peer,
        local: local.unwrap_or(peer),
        stop: shared.stop.clone(),
        events,
        limits: Arc::clone(&shared.limits),
        tls: None,
    };
    shared.connections.spawn(converse(admitted, tcp, context, Arc::clone(service)));
}

/// One connection, from the first byte to the record of its end.
async fn converse<T: Service>(
    admitted: Admitted,
    tcp: tokio::net::TcpStream,
    context: Context,
    service: Arc<T>,
) {
    let began = Instant::now();
    let events = context.events.clone();
    let ledger = Arc::new(Ledger::default());
    let stream = Stream::new(tcp, &context.limits, Arc::clone(&ledger));
    let lifetime = context.limits.connection;
    let cut = admitted.shared.cut.clone();
    let serving = catch_panic(async move { service.serve(stream, context).await });
    let how = tokio::select! {
        () = cut.cancelled() => Closed::Cut(Cut::Stop),
        () = lifetime_over(lifetime) => Closed::Cut(Cut::Connection),
        outcome = serving => how_it_ended(outcome, &ledger),
    };
    // Before the event: who sees that a connection closed may count the open ones.
    drop(admitted);
    events.emit(EventKind::Closed {
        how,
        read_bytes: ledger.read_bytes.load(Ordering::Relaxed),
        written_bytes: ledger.written_bytes.load(Ordering::Relaxed),
        duration: began.elapsed(),
    });
}

async fn lifetime_over(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => std::future::pending().await,
    }
}

fn how_it_ended(outcome: Result<io::Result<()>, String>, ledger: &Ledger) -> Closed {
    match outcome {
        Err(message) => Closed::Panicked(message),
        Ok(result) => match (ledger.cut.get(), result) {
            (Some(&cut), _) => Closed::Cut(cut),
            (None, Ok(())) => Closed::Finished,
            (None, Err(error)) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
                Some(&cut) => Closed::Cut(cut),
                None => Closed::Failed(error.to_string()),
            },
        },
    }
}

impl std::error::Error for Cut {}

/// Runs `future`; a panic in it becomes its message.
async fn catch_panic<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        // The future is dropped after a panic and never polled again.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(panic_message(payload.as_ref()))),
        }
    })
    .await
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}

/// How long to wait after `accept` failed. Errors of the connection that was
/// to be accepted say nothing about the next one, see accept(2).
fn back_off(error: &io::Error) -> Duration {
    /// Long enough not to spin, short enough that nobody notices.
    const BACK_OFF: Duration = Duration::from_millis(100);
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionAborted
        | Kind::ConnectionReset
        | Kind::Interrupted
        | Kind::HostUnreachable
        | Kind::NetworkUnreachable
        | Kind::NetworkDown => Duration::ZERO,
        _ => BACK_OFF,
    }
}

/// A descriptor held back. When the process has none left, giving it up lets
/// one waiting connection be accepted and closed, so that its client learns of
/// the trouble at once instead of hanging in the queue.
#[derive(Debug)]
struct Reserve(Option<File>);

impl Reserve {
    fn new() -> Self {
        Reserve(File::open("/dev/null").ok())
    }

    async fn turn_one_away(&mut self, listener: &tokio::net::TcpListener) {
        self.0 = None;
        let _ = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
        *self = Reserve::new();
    }
}

async fn receive<T: DatagramService>(
    shared: Arc<Shared>,
    socket: Arc<tokio::net::UdpSocket>,
    local: SocketAddr,
    service: Arc<T>,
) {
    /// The largest UDP payload, RFC 768 (a 16-bit length).
    const DATAGRAM_BYTES_MAX: usize = 65_535;
    let stop = shared.stop.clone();
    let receiving = async {
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        loop {
            let (count, peer) = match socket.recv_from(&mut buffer).await {
                Ok(received) => received,
                Err(error) => {
                    // An ICMP error for an answer that was sent, most likely.
                    tokio::time::sleep(back_off(&error)).await;
                    continue;
                }
            };
            let events = shared.events.at(local).between(None, peer);
            let Ok(permit) = Arc::clone(&shared.datagram_permits).try_acquire_owned() else {
                let in_flight = shared.limits.datagrams_in_flight_max;
                events.emit(EventKind::DatagramLimit { in_flight });
                continue;
            };
            let datagram = Datagram { bytes: buffer[..count].to_vec(), peer };
            let context = Context {
                peer,
                local,
                stop: stop.clone(),
                events,
                limits: Arc::clone(&shared.limits),
                tls: None,
            };
            let (service, socket) = (Arc::clone(&service), Arc::clone(&socket));
            let cut = shared.cut.clone();
            shared.connections.spawn(async move {
                let _permit = permit;
                let answering = async {
                    let answer = catch_panic(service.answer(datagram, context)).await;
                    if let Ok(Some(answer)) = answer {
                        let _ = socket.send_to(&answer, peer).await;
                    }
                };
                cut.run_until_cancelled(answering).await;
            });
        }
    };
    stop.run_until_cancelled(receiving).await;
}
