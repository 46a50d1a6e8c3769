//! The accept loop, and the life of one connection.

use std::any::Any;
use std::fs::File;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::gate::Admission;
use super::server::{Context, Service, Shared};
use super::stream::{Ledger, Stream};
use super::{Closed, ConnectionRecord, Cut, Endpoint, EventKind, Events, nanoseconds};

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

/// Accepts until the server stops.
pub(super) async fn accept<T: Service>(
    shared: Arc<Shared>,
    listener: tokio::net::TcpListener,
    mut reserve: Reserve,
    local: SocketAddr,
    service: Arc<T>,
) {
    let stop = shared.stop.clone();
    let accepting = async {
        let events = shared.events.at(local.into());
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
                        back_off_ns: nanoseconds(back_off),
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
    let local = tcp.local_addr().ok().map(Endpoint::from).or_else(|| events.local.clone());
    let peer_end = Endpoint::from(peer);
    let events = Events { local: local.clone(), ..events.between(Some(number), peer_end.clone()) };
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
        local: local.unwrap_or_else(|| peer_end.clone()),
        peer: peer_end,
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
    events.emit(EventKind::Closed(Box::new(ConnectionRecord {
        how,
        read_bytes: ledger.read_bytes.load(Ordering::Relaxed),
        written_bytes: ledger.written_bytes.load(Ordering::Relaxed),
        duration_ns: nanoseconds(began.elapsed()),
        protocol: None,
        requests: 0,
        tls: None,
        user: None,
        tcp: None,
    })));
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

/// Runs `future`; a panic in it becomes its message.
pub(super) async fn catch_panic<F: Future>(future: F) -> Result<F::Output, String> {
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
pub(super) fn back_off(error: &io::Error) -> Duration {
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
pub(super) struct Reserve(Option<File>);

impl Reserve {
    pub(super) fn new() -> Self {
        Reserve(File::open("/dev/null").ok())
    }

    async fn turn_one_away(&mut self, listener: &tokio::net::TcpListener) {
        self.0 = None;
        let _ = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
        *self = Reserve::new();
    }
}
