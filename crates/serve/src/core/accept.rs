//! The accept loop: who is let in.

use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use plumb_evidence::server::EventKind;
use tokio::sync::OwnedSemaphorePermit;

use super::connection::{Admitted, Conversation};
use super::ledger::Ledger;
use super::listener::Listener;
use super::policy::Expectation;
use super::proxied::{OpeningError, named_ends, read_opening};
use super::rate::ClientKey;
use super::refuse::{Refusal, refuse};
use super::server::{Context, Service, Shared};
use super::socket::Socket;
use super::stream::Stream;
use super::{Endpoint, Events, Phase, Rule, WhenFull, nanoseconds};

/// What the accept loop of one socket works with.
pub(super) struct Door<T> {
    pub(super) shared: Arc<Shared>,
    pub(super) service: Arc<T>,
    pub(super) events: Events,
}

/// A connection that is not let in yet.
struct Caller {
    socket: Socket,
    peer: Endpoint,
    local: Option<Endpoint>,
}

/// Accepts until the server stops.
pub(super) async fn accept<T: Service>(door: Door<T>, listener: Listener, mut reserve: Reserve) {
    let stop = door.shared.stop.clone();
    let door = Arc::new(door);
    let accepting = async {
        loop {
            let permit = door.permit().await;
            match listener.accept().await {
                Ok((socket, peer)) => {
                    reserve.recovered();
                    let caller = Caller { local: socket.local(), socket, peer };
                    match permit {
                        Some(permit) => door.answer(permit, caller),
                        None => door.turn_away(caller, Refusal::Full),
                    }
                }
                Err(error) => reserve.accept_failed(&error, &listener, &door.events).await,
            }
        }
    };
    stop.run_until_cancelled(accepting).await;
}

impl<T: Service> Door<T> {
    /// Waits for room. Taken before `accept`, so that what waits stays in the
    /// kernel's queue and costs nothing here. `None`: there is none, and who
    /// comes is to be told so.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        let permits = Arc::clone(&self.shared.connection_permits);
        if let Ok(permit) = Arc::clone(&permits).try_acquire_owned() {
            return Some(permit);
        }
        if self.shared.limits.when_full == WhenFull::Refuse {
            return None;
        }
        let connections = self.shared.limits.connections_max;
        self.events.emit(EventKind::AcceptPaused { connections });
        match permits.acquire_owned().await {
            Ok(permit) => Some(permit),
            // The semaphore is never closed; were it, waiting for the stop is right.
            Err(_) => std::future::pending().await,
        }
    }

    /// Takes up one connection.
    fn answer(self: &Arc<Self>, permit: OwnedSemaphorePermit, caller: Caller) {
        let policy = &self.shared.policy;
        caller.socket.set_up(&policy.socket);
        match policy.proxies.expectation(caller.peer.ip()) {
            Expectation::None => {
                if let Some((stream, context, admitted)) = self.admit(permit, caller, None) {
                    self.converse(stream, context, admitted);
                }
            }
            Expectation::Stranger => {
                let events = self.about(None, &caller);
                let detail = "only proxies that were named may connect";
                events.security(Rule::ProxyHeader, Phase::Accept, detail);
            }
            expectation @ (Expectation::Optional | Expectation::Required) => {
                let door = Arc::clone(self);
                let optional = expectation == Expectation::Optional;
                self.shared.connections.spawn(door.hear_proxy(permit, caller, optional));
            }
        }
    }

    /// Hears for whom a proxy speaks, and takes up the connection for that
    /// client.
    async fn hear_proxy(
        self: Arc<Self>,
        permit: OwnedSemaphorePermit,
        mut caller: Caller,
        optional: bool,
    ) {
        let limit = self.shared.limits.proxy_header;
        let hearing = tokio::time::timeout(limit, read_opening(&mut caller.socket, optional));
        let heard = tokio::select! {
            heard = hearing => heard,
            () = self.shared.stop.cancelled() => return,
        };
        let opening = match heard {
            Ok(Ok(opening)) => opening,
            // A connection that ends at once is how a port is looked at.
            Ok(Err(OpeningError::Io(_))) => return,
            failed => {
                let detail = match failed {
                    Ok(Err(error)) => error.to_string(),
                    _ => format!("the PROXY header took longer than {limit:?}"),
                };
                self.about(None, &caller).security(Rule::ProxyHeader, Phase::Proxy, detail);
                return;
            }
        };
        let proxy = opening.header.is_some().then(|| Arc::new(caller.peer.clone()));
        if let Some(header) = &opening.header {
            let (client, destination) = named_ends(header);
            self.about(None, &caller).emit(EventKind::ProxyHeader {
                version: header.version,
                client: client.clone(),
                destination: destination.clone(),
            });
            caller.peer = client.unwrap_or(caller.peer);
            caller.local = destination.or(caller.local);
        }
        if let Some((mut stream, context, admitted)) = self.admit(permit, caller, proxy) {
            stream.give_back(opening.rest);
            self.converse(stream, context, admitted);
        }
    }

    /// Lets a connection in, if the rules allow it.
    fn admit(
        self: &Arc<Self>,
        permit: OwnedSemaphorePermit,
        caller: Caller,
        proxy: Option<Arc<Endpoint>>,
    ) -> Option<(Stream, Context, Admitted)> {
        let shared = &self.shared;
        let client = match caller.peer.ip().map(|client| self.check(client)) {
            None => None,
            Some(Ok(client)) => Some(client),
            Some(Err(refusal)) => {
                drop(permit);
                self.turn_away(caller, refusal);
                return None;
            }
        };
        let number = shared.last_connection.fetch_add(1, Ordering::Relaxed) + 1;
        let events = self.about(Some(number), &caller);
        let admitted = Admitted::new(shared, permit, client);
        events.emit(EventKind::Accepted);
        let Caller { socket, peer, local } = caller;
        let limits = Arc::clone(&shared.limits);
        let ledger = Arc::new(Ledger::new(Arc::clone(&limits)).telling(events.clone()));
        let stream = Stream::new(socket, Arc::clone(&ledger));
        let local = local.or_else(|| events.local().cloned()).unwrap_or(Endpoint::Unix(None));
        let stop = shared.stop.clone();
        let context = Context { peer, local, proxy, stop, events, limits, ledger, tls: None };
        Some((stream, context, admitted))
    }

    /// The rules of who may come, and how often.
    fn check(&self, client: IpAddr) -> Result<ClientKey, Refusal> {
        if !self.shared.policy.access.permits(client) {
            return Err(Refusal::Access);
        }
        if let Some(rates) = &self.shared.connection_rates {
            rates.check(client).map_err(|after| Refusal::Rate { retry_after: after.0 })?;
        }
        let limit = self.shared.limits.connections_per_client_max;
        let admitted = self.shared.gate.admit(client, limit);
        admitted.map_err(|connections| Refusal::ClientFull { connections })
    }

    fn converse(self: &Arc<Self>, stream: Stream, context: Context, admitted: Admitted) {
        let ledger = Arc::clone(&context.ledger);
        let service = Arc::clone(&self.service);
        // In a box until the service takes it over: what the future of a
        // connection holds it holds for as long as the connection waits.
        let context = Box::new(context);
        let serving = async move { service.serve(stream, *context).await };
        self.shared.connections.spawn(Conversation::new(admitted, serving, ledger));
    }

    fn turn_away(&self, caller: Caller, refusal: Refusal) {
        let events = self.about(None, &caller);
        events.security(refusal.rule(), Phase::Accept, refusal.to_string());
        if let Some(farewell) = self.service.farewell(&refusal) {
            refuse(&self.shared, caller.socket, farewell);
        }
    }

    fn about(&self, connection: Option<u64>, caller: &Caller) -> Events {
        let local = caller.local.clone().or_else(|| self.events.local().cloned());
        self.events.between(connection, local, caller.peer.clone())
    }
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
/// waiting connections be accepted and closed one by one, so that their
/// clients learn of the trouble at once instead of hanging in the queue.
#[derive(Debug)]
pub(super) struct Reserve {
    file: Option<File>,
    /// Whether it was told that `accept` fails, since it last succeeded.
    told: bool,
}

impl Reserve {
    pub(super) fn new() -> Self {
        Reserve { file: File::open("/dev/null").ok(), told: false }
    }

    fn recovered(&mut self) {
        self.told = false;
    }

    /// Tells of the failure, once for each time that it lasts, and waits.
    async fn accept_failed(&mut self, error: &io::Error, listener: &Listener, events: &Events) {
        let back_off = back_off(error);
        if !self.told || back_off.is_zero() {
            events.emit(EventKind::AcceptFailed {
                errno: error.raw_os_error(),
                error: error.to_string(),
                back_off_ns: nanoseconds(back_off),
            });
        }
        if back_off.is_zero() {
            return;
        }
        let first = !std::mem::replace(&mut self.told, true);
        let turned_away = self.turn_away(listener).await;
        if first && turned_away > 0 {
            let detail = format!("{error}; who waits is turned away");
            events.security(Rule::Descriptors, Phase::Accept, detail);
        }
        tokio::time::sleep(back_off).await;
    }

    /// Accepts and closes what waits, as long as nothing else can be done with
    /// it; gives how many that were.
    async fn turn_away(&mut self, listener: &Listener) -> usize {
        /// What is more waits for the next round: others want this thread too.
        const ROUND_MAX: usize = 256;
        let mut count = 0;
        while count < ROUND_MAX {
            self.file = None;
            let accepted = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
            let turned_away = matches!(accepted, Ok(Ok(_)));
            drop(accepted);
            self.file = File::open("/dev/null").ok();
            count += usize::from(turned_away);
            // One more than the reserve: there are descriptors again.
            if !turned_away || File::open("/dev/null").is_ok() {
                break;
            }
        }
        count
    }
}
