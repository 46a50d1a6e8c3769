//! An index over the events of a run: what rules ask of the evidence.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};

use plumb_evidence::evidence::Scheme;
use plumb_evidence::observation::{
    ConnectAttempt, DnsExchange, HelloProbe, HopProbe, HttpBody, HttpError, HttpRequest,
    HttpResponse, Interface, IssuerResult, NeighbourState, PhaseName, RouteResult,
    SegmentSizeProbe, SystemResult, TcpInfo, TlsHandshake, UdpOutcome,
};
use plumb_evidence::{Event, Evidence, Observation, Purpose, Question, Target};

/// Something that was seen, with the number by which it is cited.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<T> {
    pub seq: u32,
    pub hop: u16,
    pub purpose: Purpose,
    pub what: T,
}

/// One request of the redirect chain.
#[derive(Debug, Clone)]
pub(crate) struct Hop {
    pub number: u16,
    pub scheme: Scheme,
    /// Host name or address literal, without brackets.
    pub host: String,
    pub port: u16,
    pub url: Option<String>,
}

impl Hop {
    /// The address, where the host is one.
    pub(crate) fn literal(&self) -> Option<IpAddr> {
        self.host.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }
}

/// How the system resolves names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolvers<'e> {
    pub servers: &'e [SocketAddr],
    pub hosts_file: &'e [IpAddr],
    pub nsswitch: Option<&'e str>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemAnswer<'e> {
    pub name: &'e str,
    pub result: &'e SystemResult,
    pub duration_ns: u64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct RouteSeen<'e> {
    pub destination: IpAddr,
    pub result: &'e RouteResult,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct NeighbourSeen {
    pub address: IpAddr,
    pub state: NeighbourState,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct UdpSeen<'e> {
    pub address: SocketAddr,
    pub outcome: &'e UdpOutcome,
    pub icmp: &'e [plumb_evidence::observation::IcmpError],
    pub duration_ns: u64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct StateSeen<'e> {
    pub connection: u32,
    pub during: PhaseName,
    pub at_ns: u64,
    pub silent_ns: u64,
    pub tcp: &'e TcpInfo,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct HttpFailureSeen<'e> {
    pub connection: u32,
    pub error: &'e HttpError,
    pub text: &'e str,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct RedirectSeen<'e> {
    pub from: &'e str,
    pub to: &'e str,
    pub status: u16,
    pub followed: bool,
    pub why_not: Option<&'e str>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct ProxyAnswer<'e> {
    pub proxy: &'e str,
    pub authority: &'e str,
    pub status: Option<u16>,
    pub error: Option<&'e str>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct PlainSeen<'e> {
    pub address: SocketAddr,
    pub status: Option<u16>,
    pub first_bytes: &'e [u8],
}

/// The evidence, sorted by kind. Walk events that a retry superseded are left
/// out; what is true of this host, and what further probes found, stays.
#[derive(Debug)]
pub(crate) struct Facts<'e> {
    pub target: &'e Target,
    pub started_unix_s: i64,
    pub hops: Vec<Hop>,
    pub interfaces: Option<Seen<&'e [Interface]>>,
    pub routes: Vec<Seen<RouteSeen<'e>>>,
    pub neighbours: Vec<Seen<NeighbourSeen>>,
    pub resolvers: Vec<Seen<Resolvers<'e>>>,
    pub given: Vec<Seen<&'e [IpAddr]>>,
    pub system: Vec<Seen<SystemAnswer<'e>>>,
    pub dns: Vec<Seen<&'e DnsExchange>>,
    pub connects: Vec<Seen<&'e ConnectAttempt>>,
    pub udp: Vec<Seen<UdpSeen<'e>>>,
    pub states: Vec<Seen<StateSeen<'e>>>,
    pub trace: Vec<Seen<&'e HopProbe>>,
    pub segments: Vec<Seen<&'e SegmentSizeProbe>>,
    pub handshakes: Vec<Seen<&'e TlsHandshake>>,
    pub hellos: Vec<Seen<&'e HelloProbe>>,
    pub issuers: Vec<Seen<(&'e str, &'e IssuerResult)>>,
    pub requests: Vec<Seen<&'e HttpRequest>>,
    pub responses: Vec<Seen<&'e HttpResponse>>,
    pub bodies: Vec<Seen<&'e HttpBody>>,
    pub http_failures: Vec<Seen<HttpFailureSeen<'e>>>,
    pub redirects: Vec<Seen<RedirectSeen<'e>>>,
    pub proxies: Vec<Seen<(&'e str, &'e str)>>,
    pub proxy_answers: Vec<Seen<ProxyAnswer<'e>>>,
    pub plain: Vec<Seen<PlainSeen<'e>>>,
    /// Phases in which the walk waited, and to hear from whom.
    pub waiting: Vec<Seen<(PhaseName, &'e [SocketAddr])>>,
    /// Phases that ended: whether well.
    pub phases: Vec<Seen<(PhaseName, bool)>>,
    pub mapped: bool,
    pub asked: HashSet<&'e Question>,
    pub not_looked_at: Vec<Seen<(&'e str, &'e str)>>,
}

impl<'e> Facts<'e> {
    /// Sorts the events.
    pub(crate) fn new(evidence: &'e Evidence) -> Facts<'e> {
        let mut facts = Facts {
            target: &evidence.target,
            started_unix_s: evidence.started_unix_s,
            hops: vec![first_hop(&evidence.target)],
            interfaces: None,
            routes: Vec::new(),
            neighbours: Vec::new(),
            resolvers: Vec::new(),
            given: Vec::new(),
            system: Vec::new(),
            dns: Vec::new(),
            connects: Vec::new(),
            udp: Vec::new(),
            states: Vec::new(),
            trace: Vec::new(),
            segments: Vec::new(),
            handshakes: Vec::new(),
            hellos: Vec::new(),
            issuers: Vec::new(),
            requests: Vec::new(),
            responses: Vec::new(),
            bodies: Vec::new(),
            http_failures: Vec::new(),
            redirects: Vec::new(),
            proxies: Vec::new(),
            proxy_answers: Vec::new(),
            plain: Vec::new(),
            waiting: Vec::new(),
            phases: Vec::new(),
            mapped: false,
            asked: HashSet::new(),
            not_looked_at: Vec::new(),
        };
        for event in standing(&evidence.events) {
            facts.take(event);
        }
        facts
    }

    fn take(&mut self, event: &'e Event) {
        match &event.what {
            Observation::HopBegins { scheme, host, port, url } => {
                self.begin(event.hop, *scheme, host, *port, url.clone());
            }
            Observation::AddressesGiven { addresses, .. } => {
                self.given.push(seen(event, &addresses[..]));
            }
            Observation::Interfaces { interfaces } => {
                self.interfaces = Some(seen(event, &interfaces[..]));
            }
            Observation::Route { destination, result } => {
                self.routes.push(seen(event, RouteSeen { destination: *destination, result }));
            }
            Observation::Neighbour { address, state, .. } => {
                let what = NeighbourSeen { address: *address, state: *state };
                self.neighbours.push(seen(event, what));
            }
            Observation::ResolverConfig { servers, hosts_file, nsswitch, .. } => {
                let nsswitch = nsswitch.as_deref();
                self.resolvers.push(seen(event, Resolvers { servers, hosts_file, nsswitch }));
            }
            // A probe (fetching an issuer) may look up names of its own.
            Observation::SystemAnswer { name, result, duration_ns, .. }
                if event.purpose != Purpose::Probe =>
            {
                let what = SystemAnswer { name, result, duration_ns: *duration_ns };
                self.system.push(seen(event, what));
            }
            Observation::Dns(exchange) => self.dns.push(seen(event, exchange)),
            Observation::Connect(attempt) => self.connects.push(seen(event, attempt)),
            Observation::UdpExchange { address, outcome, icmp, duration_ns, .. } => {
                let what = UdpSeen { address: *address, outcome, icmp, duration_ns: *duration_ns };
                self.udp.push(seen(event, what));
            }
            Observation::TcpState { connection, during, silent_ns, tcp } => {
                let what = StateSeen {
                    connection: *connection,
                    during: *during,
                    at_ns: event.at_ns,
                    silent_ns: *silent_ns,
                    tcp,
                };
                self.states.push(seen(event, what));
            }
            Observation::Hop(probe) => self.trace.push(seen(event, probe)),
            Observation::SegmentSize(probe) => self.segments.push(seen(event, probe)),
            Observation::Mapped { .. } => self.mapped = true,
            Observation::Asked { question } => {
                self.asked.insert(question);
            }
            Observation::NotLookedAt { what, why } => {
                self.not_looked_at.push(seen(event, (what.as_str(), why.as_str())));
            }
            Observation::Phase { phase, duration_ns: Some(_), ok, .. } => {
                self.phases.push(seen(event, (*phase, *ok)));
            }
            Observation::Waiting { phase, addresses, .. } => {
                self.waiting.push(seen(event, (*phase, &addresses[..])));
            }
            _ => self.take_upper(event),
        }
    }

    /// TLS and HTTP.
    fn take_upper(&mut self, event: &'e Event) {
        match &event.what {
            Observation::TlsHandshake(handshake) => self.handshakes.push(seen(event, handshake)),
            Observation::Hello(probe) => self.hellos.push(seen(event, probe)),
            Observation::IssuerFetch { url, result } => {
                self.issuers.push(seen(event, (url.as_str(), result)));
            }
            Observation::HttpRequest(request) => self.requests.push(seen(event, request)),
            Observation::HttpResponse(response) => self.responses.push(seen(event, response)),
            Observation::HttpBody(body) => self.bodies.push(seen(event, body)),
            Observation::HttpFailure { connection, error, text, .. } => {
                let what = HttpFailureSeen { connection: *connection, error, text };
                self.http_failures.push(seen(event, what));
            }
            Observation::Redirect { from, to, status, followed, why_not } => {
                let what = RedirectSeen {
                    from,
                    to,
                    status: *status,
                    followed: *followed,
                    why_not: why_not.as_deref(),
                };
                self.redirects.push(seen(event, what));
            }
            Observation::Proxy { from, url } => {
                self.proxies.push(seen(event, (from.as_str(), url.as_str())));
            }
            Observation::ProxyConnect { proxy, authority, status, error } => {
                let what =
                    ProxyAnswer { proxy, authority, status: *status, error: error.as_deref() };
                self.proxy_answers.push(seen(event, what));
            }
            Observation::PlainHttp { address, status, first_bytes, .. } => {
                let what = PlainSeen { address: *address, status: *status, first_bytes };
                self.plain.push(seen(event, what));
            }
            _ => {}
        }
    }

    fn begin(&mut self, number: u16, scheme: Scheme, host: &str, port: u16, url: Option<String>) {
        let hop = Hop { number, scheme, host: host.to_owned(), port, url };
        match self.hops.iter_mut().find(|known| known.number == number) {
            Some(known) => *known = hop,
            None => self.hops.push(hop),
        }
    }

    /// The last hop that began: only there can the walk have ended.
    pub(crate) fn hop(&self) -> &Hop {
        // There is always the first hop.
        &self.hops[self.hops.len() - 1]
    }

    /// Whether a question was put already.
    pub(crate) fn was_asked(&self, question: &Question) -> bool {
        self.asked.contains(question)
    }

    /// The proxy that this hop goes through: the flag or variable, and its URL.
    pub(crate) fn proxy_of(&self, hop: u16) -> Option<Seen<(&'e str, &'e str)>> {
        self.proxies.iter().rev().find(|seen| seen.hop == hop).copied()
    }

    /// The kernel's last word on the route to an address.
    pub(crate) fn route_to(&self, address: IpAddr) -> Option<Seen<RouteSeen<'e>>> {
        self.routes.iter().rev().find(|seen| seen.what.destination == address).copied()
    }

    /// The last look at a neighbour.
    pub(crate) fn neighbour(&self, address: IpAddr) -> Option<Seen<NeighbourSeen>> {
        self.neighbours.iter().rev().find(|seen| seen.what.address == address).copied()
    }

    /// An interface by name, with the event that lists it.
    pub(crate) fn interface(&self, name: &str) -> Option<(u32, &'e Interface)> {
        let seen = self.interfaces?;
        let found = seen.what.iter().find(|interface| interface.name == name)?;
        Some((seen.seq, found))
    }

    /// The attempts of one hop's walk, asides included.
    pub(crate) fn attempts(&self, hop: u16) -> impl Iterator<Item = Seen<&'e ConnectAttempt>> {
        self.connects
            .iter()
            .filter(move |seen| seen.hop == hop && seen.purpose != Purpose::Probe)
            .copied()
    }

    /// The connection that the hop's walk uses.
    pub(crate) fn chosen(&self, hop: u16) -> Option<Seen<&'e ConnectAttempt>> {
        let connected =
            |seen: &Seen<&'e ConnectAttempt>| crate::contact::is_connected(&seen.what.outcome);
        let walk: Vec<_> = self.attempts(hop).filter(connected).collect();
        walk.iter().rev().find(|seen| seen.what.chosen).or(walk.last()).copied()
    }

    pub(crate) fn handshake(&self, hop: u16) -> Option<Seen<&'e TlsHandshake>> {
        self.handshakes
            .iter()
            .rev()
            .find(|seen| seen.hop == hop && seen.purpose != Purpose::Probe)
            .copied()
    }

    pub(crate) fn response(&self, hop: u16) -> Option<Seen<&'e HttpResponse>> {
        // 1xx responses are interim, but for the one that ends HTTP on the
        // connection (RFC 9110 section 15.2).
        self.responses
            .iter()
            .rev()
            .find(|seen| {
                seen.hop == hop
                    && seen.purpose != Purpose::Probe
                    && (seen.what.status >= 200 || seen.what.status == 101)
            })
            .copied()
    }

    pub(crate) fn request(&self, hop: u16) -> Option<Seen<&'e HttpRequest>> {
        self.requests
            .iter()
            .rev()
            .find(|seen| seen.hop == hop && seen.purpose != Purpose::Probe)
            .copied()
    }

    pub(crate) fn body(&self, hop: u16) -> Option<Seen<&'e HttpBody>> {
        self.bodies
            .iter()
            .rev()
            .find(|seen| seen.hop == hop && seen.purpose != Purpose::Probe)
            .copied()
    }

    pub(crate) fn http_failure(&self, hop: u16) -> Option<Seen<HttpFailureSeen<'e>>> {
        self.http_failures
            .iter()
            .rev()
            .find(|seen| seen.hop == hop && seen.purpose != Purpose::Probe)
            .copied()
    }

    pub(crate) fn redirect(&self, hop: u16) -> Option<Seen<RedirectSeen<'e>>> {
        self.redirects.iter().rev().find(|seen| seen.hop == hop).copied()
    }

    /// The last word on a connection that makes no progress.
    pub(crate) fn state(&self, connection: u32) -> Option<Seen<StateSeen<'e>>> {
        self.states.iter().rev().find(|seen| seen.what.connection == connection).copied()
    }

    /// From whom the hop's walk waits to hear in this phase: it was said to
    /// wait, and the phase has not ended since.
    pub(crate) fn waits_in(&self, hop: u16, phase: PhaseName) -> Option<&'e [SocketAddr]> {
        let waits = |seen: &&Seen<(PhaseName, &'e [SocketAddr])>| {
            seen.hop == hop && seen.what.0 == phase && seen.purpose != Purpose::Probe
        };
        let last = self.waiting.iter().rev().find(waits)?;
        self.phase(hop, phase).is_none().then_some(last.what.1)
    }

    /// Whether the hop's phase ended, and well.
    pub(crate) fn phase(&self, hop: u16, phase: PhaseName) -> Option<bool> {
        let of_hop = self.phases.iter().rev().find(|s| s.hop == hop && s.what.0 == phase)?;
        Some(of_hop.what.1)
    }
}

fn first_hop(target: &Target) -> Hop {
    Hop {
        number: 0,
        scheme: target.scheme,
        host: target.host.clone(),
        port: target.port,
        url: target.scheme.is_http().then(|| target.text.clone()),
    }
}

fn seen<T>(event: &Event, what: T) -> Seen<T> {
    Seen { seq: event.seq, hop: event.hop, purpose: event.purpose, what }
}

/// The events that still count: a retry supersedes what the walk saw before it
/// on that hop and later ones, but not what is true of this host.
pub(crate) fn standing(events: &[Event]) -> impl Iterator<Item = &Event> {
    let retry = events
        .iter()
        .rposition(|event| matches!(event.what, Observation::Retry { .. }))
        .map(|at| (at, events[at].hop));
    events.iter().enumerate().filter_map(move |(at, event)| match retry {
        Some((retry_at, hop)) if at < retry_at && event.hop >= hop && is_superseded(event) => None,
        _ => Some(event),
    })
}

fn is_superseded(event: &Event) -> bool {
    event.purpose != Purpose::Probe
        && matches!(
            event.what,
            Observation::SystemAnswer { .. }
                | Observation::Dns(_)
                | Observation::Connect(_)
                | Observation::UdpExchange { .. }
                | Observation::TcpState { .. }
                | Observation::TlsHandshake(_)
                | Observation::HttpRequest(_)
                | Observation::HttpResponse(_)
                | Observation::HttpBody(_)
                | Observation::HttpFailure { .. }
                | Observation::Redirect { .. }
                | Observation::ProxyConnect { .. }
                | Observation::Phase { .. }
                | Observation::Waiting { .. }
        )
}
