//! TCP connections as RFC 8305 opens them, every attempt kept.

use std::io;
use std::net::{IpAddr, SocketAddr};

use plumb_evidence::observation::{ConnectAttempt, ConnectOutcome, PhaseName};
use plumb_evidence::{Observation, Purpose};
use plumb_sys::tcp::{self, DialOptions, DialOutcome, DialReport};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::policy::{ATTEMPT_DELAY, STALL};
use crate::{Connection, Deadline, Family, Scope, kernel};

/// Most addresses of one name that are tried: clients give up long before,
/// and a reply of one datagram holds about thirty.
pub const ADDRESSES_MAX: usize = 16;

/// The addresses of a name in the order of RFC 8305 section 4: as the system
/// sorted them, families interleaved, the first one's family first.
pub fn order(addresses: &[IpAddr], port: u16, family: Family) -> Vec<SocketAddr> {
    let usable = addresses.iter().copied().filter(|&address| family.allows(address));
    let usable: Vec<IpAddr> = usable.collect();
    let first_is_v6 = usable.first().is_some_and(IpAddr::is_ipv6);
    let (same, other): (Vec<IpAddr>, Vec<IpAddr>) =
        usable.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let mut ordered = Vec::with_capacity(same.len() + other.len());
    let (mut same, mut other) = (same.into_iter(), other.into_iter());
    loop {
        let pair = [same.next(), other.next()];
        if pair == [None, None] {
            return ordered;
        }
        ordered.extend(pair.into_iter().flatten().map(|ip| SocketAddr::new(ip, port)));
    }
}

/// What became of a dial.
#[derive(Debug)]
pub struct Dial {
    /// The connection that the walk uses, if any address answered.
    pub connection: Option<Connection>,
    /// The attempts of the walk that had ended by then.
    pub attempts: Vec<ConnectAttempt>,
    /// The attempts that go on beside the walk.
    pub aside: Aside,
}

/// Attempts that go on beside the walk.
#[derive(Debug)]
#[must_use = "dropping it abandons the attempts unrecorded"]
pub struct Aside {
    scope: Scope,
    racing: Racing,
}

impl Aside {
    /// Whether there is nothing to wait for.
    pub fn is_empty(&self) -> bool {
        self.racing.open.is_empty()
    }

    /// Waits for the attempts, each recorded with [`Purpose::Aside`]; those
    /// that are open at the deadline are recorded as timed out.
    pub async fn finish(mut self, deadline: Deadline) -> Vec<ConnectAttempt> {
        let mut seen = Vec::new();
        while let Ok(Some(ended)) = deadline.run(self.racing.next()).await {
            seen.push(record(&self.scope, &ended, false));
        }
        seen.extend(self.racing.cut(&self.scope, &ConnectOutcome::TimedOut));
        seen
    }
}

/// An attempt under way.
#[derive(Debug, Clone, Copy)]
struct Open {
    connection: u32,
    address: SocketAddr,
    start_ns: u64,
}

/// An attempt and how it ended.
#[derive(Debug)]
struct Ended {
    open: Open,
    duration_ns: u64,
    report: io::Result<DialReport>,
}

#[derive(Debug, Default)]
struct Racing {
    tasks: JoinSet<Ended>,
    open: Vec<Open>,
}

impl Racing {
    fn start(&mut self, scope: &Scope, address: SocketAddr, deadline: Deadline) {
        let scope = scope.clone();
        let connection = scope.recorder.next_connection();
        let open = Open { connection, address, start_ns: scope.elapsed_ns() };
        self.open.push(open);
        self.tasks.spawn(async move { dial_one(&scope, open, deadline).await });
    }

    /// The next attempt that ends; `None` when none is under way.
    async fn next(&mut self) -> Option<Ended> {
        loop {
            // A task that panicked leaves its entry in `open`, to be recorded
            // as cut.
            if let Ok(ended) = self.tasks.join_next().await? {
                self.open.retain(|open| open.connection != ended.open.connection);
                return Some(ended);
            }
        }
    }

    /// Ends what is under way and records it with this outcome.
    fn cut(&mut self, scope: &Scope, outcome: &ConnectOutcome) -> Vec<ConnectAttempt> {
        self.tasks.abort_all();
        let now = scope.elapsed_ns();
        let cut = self.open.drain(..).map(|open| {
            let attempt = ConnectAttempt {
                connection: open.connection,
                address: open.address,
                local: None,
                outcome: outcome.clone(),
                icmp: Vec::new(),
                tcp: None,
                start_ns: open.start_ns,
                duration_ns: now.saturating_sub(open.start_ns),
                chosen: false,
            };
            scope.record(Observation::Connect(attempt.clone()));
            attempt
        });
        cut.collect()
    }
}

/// Opens a connection to the first address that answers, each attempt 250 ms
/// after the one before unless that failed earlier. Records `Connect` for each
/// and the phase `tcp`. When one has answered, the addresses not yet tried are
/// tried beside the walk.
pub async fn connect(scope: &Scope, addresses: &[SocketAddr], deadline: Deadline) -> Dial {
    let start_ns = scope.elapsed_ns();
    let aside_scope = scope.purpose(Purpose::Aside);
    let mut waiting = limited(scope, addresses).iter().copied();
    let mut racing = Racing::default();
    let mut attempts = Vec::new();
    let mut connection = None;
    let mut next_at = Instant::now();
    let mut stall_at = Some(Instant::now() + STALL);
    // The time-out is each attempt's own, so that its report holds what the
    // kernel knew; the margin is for one that does not keep it.
    let guard = Deadline::after(deadline.remaining().saturating_add(STALL));
    while connection.is_none() {
        if Instant::now() >= next_at || racing.open.is_empty() {
            match waiting.next() {
                Some(address) => racing.start(scope, address, deadline),
                None if racing.open.is_empty() => break,
                None => {}
            }
            next_at = Instant::now() + ATTEMPT_DELAY;
        }
        tokio::select! {
            biased;
            ended = racing.next() => if let Some(mut ended) = ended {
                connection = take(&mut ended);
                attempts.push(record(scope, &ended, connection.is_some()));
                next_at = Instant::now();
            },
            () = scope.stop.asked() => {
                attempts.extend(racing.cut(scope, &ConnectOutcome::Abandoned));
                break;
            }
            () = tokio::time::sleep_until(guard.instant()) => {
                attempts.extend(racing.cut(scope, &ConnectOutcome::TimedOut));
                break;
            }
            () = tokio::time::sleep_until(next_at), if waiting.len() > 0 => {}
            () = until(stall_at), if stall_at.is_some() => {
                stall_at = None;
                let addresses = racing.open.iter().map(|open| open.address).collect();
                let silent_ns = scope.elapsed_ns().saturating_sub(start_ns);
                scope.waiting(PhaseName::Tcp, addresses, silent_ns);
            }
        }
    }
    scope.phase(PhaseName::Tcp, start_ns, connection.is_some());
    if connection.is_some() {
        for address in waiting {
            racing.start(&aside_scope, address, deadline);
        }
    }
    Dial { connection, attempts, aside: Aside { scope: aside_scope, racing } }
}

async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

fn limited<'a>(scope: &Scope, addresses: &'a [SocketAddr]) -> &'a [SocketAddr] {
    if let Some(beyond) = addresses.get(ADDRESSES_MAX..).filter(|beyond| !beyond.is_empty()) {
        scope.record(Observation::NotLookedAt {
            what: format!("{} more addresses of the name", beyond.len()),
            why: format!("at most {ADDRESSES_MAX} are tried"),
        });
    }
    &addresses[..addresses.len().min(ADDRESSES_MAX)]
}

/// Takes the connection out of an attempt that came to be.
fn take(ended: &mut Ended) -> Option<Connection> {
    let report = ended.report.as_mut().ok()?;
    match std::mem::replace(&mut report.outcome, DialOutcome::TimedOut) {
        DialOutcome::Connected(stream) => {
            let opened = Connection::new(ended.open.connection, ended.open.address, stream);
            opened.map_err(|error| report.outcome = DialOutcome::Failed(error)).ok()
        }
        other => {
            report.outcome = other;
            None
        }
    }
}

/// One attempt, recorded, and closed again: is this port or address alive?
pub async fn attempt(scope: &Scope, address: SocketAddr, deadline: Deadline) -> ConnectAttempt {
    let (attempt, _) = single(scope, address, deadline).await;
    attempt
}

/// One attempt, recorded; the connection if it came to be.
pub(crate) async fn single(
    scope: &Scope,
    address: SocketAddr,
    deadline: Deadline,
) -> (ConnectAttempt, Option<Connection>) {
    let connection = scope.recorder.next_connection();
    let open_attempt = Open { connection, address, start_ns: scope.elapsed_ns() };
    let mut ended = dial_one(scope, open_attempt, deadline).await;
    let connection = take(&mut ended);
    (record(scope, &ended, connection.is_some()), connection)
}

async fn dial_one(scope: &Scope, open: Open, deadline: Deadline) -> Ended {
    let began = Instant::now();
    let report = match scope.mapped(open.address) {
        Ok(to) => tcp::dial(to, &options(scope, to, deadline)).await,
        Err(error) => Err(error),
    };
    let duration = report.as_ref().map_or_else(|_| began.elapsed(), |report| report.duration);
    let duration_ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    Ended { open, duration_ns, report }
}

/// The options of every dial of this run.
pub(crate) fn options(scope: &Scope, to: SocketAddr, deadline: Deadline) -> DialOptions {
    let source = scope.network.source.filter(|source| source.is_ipv4() == to.is_ipv4());
    let socket = scope.network.socket.clone();
    DialOptions { source, timeout: deadline.remaining(), socket, ..DialOptions::default() }
}

/// Records an attempt; `connected` where its stream was taken.
fn record(scope: &Scope, ended: &Ended, connected: bool) -> ConnectAttempt {
    let (outcome, icmp, local, tcp) = match &ended.report {
        Ok(report) => (
            if connected { ConnectOutcome::Connected } else { outcome(report) },
            kernel::icmp_errors(&report.errors),
            report.local,
            report.info.as_ref().map(Into::into),
        ),
        Err(error) => (failed(error), Vec::new(), None, None),
    };
    let attempt = ConnectAttempt {
        connection: ended.open.connection,
        address: ended.open.address,
        local,
        outcome,
        icmp,
        tcp,
        start_ns: ended.open.start_ns,
        duration_ns: ended.duration_ns,
        chosen: connected && scope.purpose == Purpose::Walk,
    };
    scope.record(Observation::Connect(attempt.clone()));
    attempt
}

/// What became of an attempt, in the words of the evidence.
pub(crate) fn outcome(report: &DialReport) -> ConnectOutcome {
    match &report.outcome {
        DialOutcome::Connected(_) => ConnectOutcome::Connected,
        DialOutcome::TimedOut => ConnectOutcome::TimedOut,
        // The same errno comes from "port unreachable"; a RST leaves the
        // error queue empty.
        DialOutcome::Failed(error)
            if error.kind() == io::ErrorKind::ConnectionRefused && report.errors.is_empty() =>
        {
            ConnectOutcome::Refused
        }
        DialOutcome::Failed(error) => failed(error),
    }
}

fn failed(error: &io::Error) -> ConnectOutcome {
    let (errno, errno_name) = kernel::errno(error);
    ConnectOutcome::Failed { errno, errno_name }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::{Network, Recorder};

    fn scope() -> Scope {
        Scope::new(Recorder::new(), Arc::new(Network::default()))
    }

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(20))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn families_are_interleaved_as_the_system_began() {
        let sorted = [ip("2001:db8::1"), ip("2001:db8::2"), ip("192.0.2.1"), ip("192.0.2.2")];
        let expected = ["[2001:db8::1]:80", "192.0.2.1:80", "[2001:db8::2]:80", "192.0.2.2:80"];
        let got: Vec<String> =
            order(&sorted, 80, Family::Any).iter().map(SocketAddr::to_string).collect();
        assert_eq!(got, expected);
        assert_eq!(order(&sorted, 80, Family::V4).len(), 2);
        assert_eq!(order(&[], 80, Family::Any), []);
    }

    #[tokio::test]
    async fn a_refused_address_is_kept_and_the_next_is_used() {
        let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dead = closed.local_addr().unwrap();
        drop(closed);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let live = listener.local_addr().unwrap();
        let scope = scope();
        let dial = connect(&scope, &[dead, live, live], soon()).await;
        assert_eq!(dial.connection.unwrap().address, live);
        assert_eq!(dial.attempts[0].outcome, ConnectOutcome::Refused);
        assert!(dial.attempts[1].chosen && dial.attempts[1].tcp.is_some());
        let aside = dial.aside.finish(soon()).await;
        assert_eq!(aside.len(), 1);
        assert_eq!(aside[0].outcome, ConnectOutcome::Connected);
        assert!(!aside[0].chosen);
        let purposes: Vec<_> = scope.recorder.events().iter().map(|e| e.purpose).collect();
        assert_eq!(purposes, [Purpose::Walk, Purpose::Walk, Purpose::Walk, Purpose::Aside]);
    }

    #[tokio::test]
    async fn nothing_answers_when_there_is_nothing_to_try() {
        let dial = connect(&scope(), &[], soon()).await;
        assert!(dial.connection.is_none() && dial.aside.is_empty());
    }

    #[tokio::test]
    async fn no_more_addresses_are_tried_than_is_said() {
        let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dead = closed.local_addr().unwrap();
        drop(closed);
        for (count, said) in [(ADDRESSES_MAX, 0), (ADDRESSES_MAX + 1, 1)] {
            let scope = scope();
            let dial = connect(&scope, &vec![dead; count], soon()).await;
            assert_eq!(dial.attempts.len(), ADDRESSES_MAX);
            let events = scope.recorder.events();
            let not_looked_at =
                events.iter().filter(|e| matches!(e.what, Observation::NotLookedAt { .. }));
            assert_eq!(not_looked_at.count(), said);
        }
    }

    #[tokio::test]
    async fn the_map_leads_elsewhere_and_the_evidence_keeps_the_name() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = listener.local_addr().unwrap();
        let from: SocketAddr = "192.0.2.1:443".parse().unwrap();
        let map = crate::AddressMap::new([(from, to)]);
        let network = Network { map, ..Network::default() };
        let scope = Scope::new(Recorder::new(), Arc::new(network));
        let attempt = attempt(&scope, from, soon()).await;
        assert_eq!((attempt.address, attempt.outcome), (from, ConnectOutcome::Connected));
    }
}
