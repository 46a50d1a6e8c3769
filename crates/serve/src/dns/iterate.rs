//! The way down: from the root servers to the one that has authority.
//!
//! ```text
//! question -> cache? -> closest known delegation -> ask its servers in turn
//!    answer  -> cache, done        alias    -> begin again with its target
//!    referral -> one zone deeper   no/other -> next server, then next round
//! ```

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use plumb_wire::dns::{ExtendedErrorCode, Message, Name, Question, Rcode, Rdata, Record, Rtype};
use tokio::sync::OnceCell;

use super::cache::{Cache, Delegation, Known, NameServer};
use super::upstream::{AskError, SocketFactory, ask};
use crate::core::{EventKind, Events, nanoseconds};

/// The whole resolution: an answer must come before clients ask again (5 s in
/// most stub resolvers), even if it is that there is none.
const RESOLUTION: Duration = Duration::from_secs(4);
/// How long each server is waited for, round by round.
const ROUNDS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];
/// Questions to servers in one resolution; an honest one takes about ten.
const QUERIES_MAX: u32 = 64;
/// Zones from the root down; names have at most 127 labels, real ones about five.
const REFERRALS_MAX: usize = 16;
/// CNAMEs one after the other; BIND follows as many.
const CNAMES_MAX: usize = 12;
/// Names of name servers that must be resolved to resolve a name server's name.
const DEPTH_MAX: u32 = 4;
/// Servers tried for one zone; the root has 13 with two addresses each.
const SERVERS_MAX: usize = 26;
/// A server that did not answer is asked last for this long.
const BAD_SERVER: Duration = Duration::from_secs(30);
/// Servers remembered as bad; a server more is simply not remembered.
const BAD_SERVERS_MAX: usize = 1024;
/// A failed resolution is not repeated for this long, RFC 9520 section 3.2
/// (at least one second). Short, so that what heals is seen to heal.
const FAILURE_KEPT: Duration = Duration::from_secs(1);
/// Failures remembered.
const FAILURES_MAX: usize = 1024;
/// Questions that are being resolved at once.
const FLIGHTS_MAX: usize = 1024;
/// Reasons given with a failure.
const REASONS_MAX: usize = 4;

/// What a question resolves to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) rcode: Rcode,
    /// The aliases on the way and the records at their end.
    pub(super) answers: Vec<Record>,
    /// The SOA of a negative answer.
    pub(super) authorities: Vec<Record>,
}

/// Why a question could not be resolved, for the extended errors of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) reasons: Vec<(ExtendedErrorCode, String)>,
    /// The aliases that were followed before it failed.
    pub(super) answers: Vec<Record>,
}

impl Failure {
    fn because(code: ExtendedErrorCode, text: impl Into<String>) -> Self {
        Failure { reasons: vec![(code, text.into())], answers: Vec::new() }
    }
}

type Flight = Arc<OnceCell<Result<Resolved, Failure>>>;

/// Resolves names, and remembers.
#[derive(Debug)]
pub(super) struct Resolver {
    sockets: SocketFactory,
    roots: Delegation,
    port: u16,
    cache: Mutex<Cache>,
    bad_servers: Mutex<HashMap<IpAddr, Instant>>,
    failures: Mutex<HashMap<(Name, Rtype), (Failure, Instant)>>,
    flights: Mutex<HashMap<(Name, Rtype), Flight>>,
}

/// What one resolution may still spend.
struct Budget<'a> {
    queries: u32,
    events: &'a Events,
}

/// What a server's answer means for the question.
enum Step {
    Known(Known),
    Deeper(Delegation, u32),
    Useless(ExtendedErrorCode, String),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Tables of finished values: a panic elsewhere leaves none half-written.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Resolver {
    pub(super) fn new(sockets: SocketFactory, servers: Vec<NameServer>, port: u16) -> Self {
        Resolver {
            sockets,
            roots: Delegation { zone: Name::root(), servers },
            port,
            cache: Mutex::default(),
            bad_servers: Mutex::default(),
            failures: Mutex::default(),
            flights: Mutex::default(),
        }
    }

    pub(super) fn forget(&self) {
        lock(&self.cache).clear();
        lock(&self.bad_servers).clear();
        lock(&self.failures).clear();
    }

    /// The answer, if the cache has all of it.
    pub(super) fn cached(&self, question: &Question) -> Option<Resolved> {
        let (cache, now) = (lock(&self.cache), Instant::now());
        let mut chain = Chain::new(&question.name);
        loop {
            let known = cache.get(&chain.name, question.rtype, now)?;
            if let Some(resolved) = chain.follow(known).ok()? {
                return Some(resolved);
            }
        }
    }

    /// Resolves `question`. Who asks the same at the same time waits for the
    /// same answer.
    pub(super) async fn resolve(
        &self,
        question: &Question,
        events: &Events,
    ) -> Result<Resolved, Failure> {
        if let Some(resolved) = self.cached(question) {
            return Ok(resolved);
        }
        let key = (question.name.clone(), question.rtype);
        if let Some((failure, until)) = lock(&self.failures).get(&key)
            && Instant::now() < *until
        {
            return Err(failure.clone());
        }
        let flight = {
            let mut flights = lock(&self.flights);
            if flights.len() >= FLIGHTS_MAX && !flights.contains_key(&key) {
                let code = ExtendedErrorCode::Other;
                return Err(Failure::because(code, "too many questions at once"));
            }
            Arc::clone(flights.entry(key.clone()).or_default())
        };
        let outcome = flight.get_or_init(|| self.begin(question, events)).await.clone();
        lock(&self.flights).retain(|_, other| !Arc::ptr_eq(other, &flight));
        if let Err(failure) = &outcome {
            self.remember_failure(key, failure);
        }
        outcome
    }

    fn remember_failure(&self, key: (Name, Rtype), failure: &Failure) {
        let (mut failures, now) = (lock(&self.failures), Instant::now());
        if failures.len() >= FAILURES_MAX {
            failures.retain(|_, (_, until)| now < *until);
        }
        if failures.len() < FAILURES_MAX {
            failures.insert(key, (failure.clone(), now + FAILURE_KEPT));
        }
    }

    async fn begin(&self, question: &Question, events: &Events) -> Result<Resolved, Failure> {
        let mut budget = Budget { queries: QUERIES_MAX, events };
        let resolving = self.chase(&question.name, question.rtype, 0, &mut budget);
        tokio::time::timeout(RESOLUTION, resolving).await.unwrap_or_else(|_| {
            let text = format!("{question}: no answer in time");
            Err(Failure::because(ExtendedErrorCode::NoReachableAuthority, text))
        })
    }

    /// Follows aliases until there is an answer.
    async fn chase(
        &self,
        name: &Name,
        rtype: Rtype,
        depth: u32,
        budget: &mut Budget<'_>,
    ) -> Result<Resolved, Failure> {
        let mut chain = Chain::new(name);
        loop {
            let known = lock(&self.cache).get(&chain.name, rtype, Instant::now());
            let known = match known {
                Some(known) => known,
                None => match self.descend(&chain.name, rtype, depth, budget).await {
                    Ok(known) => known,
                    Err(failure) => return Err(Failure { answers: chain.answers, ..failure }),
                },
            };
            if let Some(resolved) = chain.follow(known)? {
                return Ok(resolved);
            }
        }
    }

    /// Asks from the closest known zone down until somebody knows.
    async fn descend(
        &self,
        name: &Name,
        rtype: Rtype,
        depth: u32,
        budget: &mut Budget<'_>,
    ) -> Result<Known, Failure> {
        let closest = lock(&self.cache).closest(name, Instant::now());
        let mut delegation = closest.unwrap_or_else(|| self.roots.clone());
        for _ in 0..REFERRALS_MAX {
            let now = Instant::now();
            match self.ask_zone(&delegation, name, rtype, depth, budget).await? {
                Step::Known(known) => {
                    lock(&self.cache).put(name, rtype, &known, now);
                    return Ok(known);
                }
                Step::Deeper(deeper, ttl_s) => {
                    lock(&self.cache).put_delegation(deeper.clone(), ttl_s, now);
                    delegation = deeper;
                }
                Step::Useless(code, text) => return Err(Failure::because(code, text)),
            }
        }
        Err(Failure::because(ExtendedErrorCode::Other, format!("{name}: too many referrals")))
    }

    /// Asks the servers of one zone in turn, those that time out once more.
    async fn ask_zone(
        &self,
        delegation: &Delegation,
        name: &Name,
        rtype: Rtype,
        depth: u32,
        budget: &mut Budget<'_>,
    ) -> Result<Step, Failure> {
        let mut reasons = Vec::new();
        let mut with_glue = self.order(delegation.servers.iter().flat_map(|s| s.addresses.clone()));
        let mut resolved_names = false;
        for limit in ROUNDS {
            let mut silent = Vec::new();
            loop {
                for server in std::mem::take(&mut with_glue) {
                    match self.ask_server(server, delegation, name, rtype, limit, budget).await? {
                        Ok(step) => return Ok(step),
                        Err((code, text, again)) => {
                            reasons.push((code, text));
                            silent.extend(again.then_some(server));
                        }
                    }
                }
                if resolved_names {
                    break;
                }
                // Names without glue cost questions of their own, so they come last.
                resolved_names = true;
                with_glue = self.addresses_without_glue(delegation, depth, budget).await;
            }
            with_glue = silent;
        }
        reasons.truncate(REASONS_MAX - 1);
        let zone = &delegation.zone;
        let zone = if zone.is_root() { ".".to_owned() } else { format!("{zone}.") };
        let text = format!("at delegation {zone}");
        reasons.insert(0, (ExtendedErrorCode::NoReachableAuthority, text));
        Err(Failure { reasons, answers: Vec::new() })
    }

    /// One question to one server. The inner error says why the server was of
    /// no use, and whether it is worth asking again.
    async fn ask_server(
        &self,
        server: IpAddr,
        delegation: &Delegation,
        name: &Name,
        rtype: Rtype,
        limit: Duration,
        budget: &mut Budget<'_>,
    ) -> Result<Result<Step, (ExtendedErrorCode, String, bool)>, Failure> {
        budget.queries = budget.queries.checked_sub(1).ok_or_else(|| {
            Failure::because(ExtendedErrorCode::Other, format!("{name}: too many questions"))
        })?;
        let (began, server) = (Instant::now(), SocketAddr::from((server, self.port)));
        let outcome = ask(&self.sockets, server, name, rtype, limit).await;
        let step = match &outcome {
            Ok(answer) => match classify(answer, &delegation.zone, name, rtype) {
                Step::Useless(code, text) => {
                    Err((code, format!("{server} {text} for {name} {rtype}"), false))
                }
                step => Ok(step),
            },
            Err(error) => {
                self.mark_bad(server.ip());
                let text = format!("{server} {error} for {name} {rtype}");
                let again = *error == AskError::TimedOut;
                Err((ExtendedErrorCode::NetworkError, text, again))
            }
        };
        budget.events.emit(EventKind::DnsUpstream {
            server,
            question: format!("{name} {rtype}"),
            outcome: match &outcome {
                Ok(answer) => answer.flags.rcode.to_string(),
                Err(error) => error.to_string(),
            },
            duration_ns: nanoseconds(began.elapsed()),
        });
        Ok(step)
    }

    async fn addresses_without_glue(
        &self,
        delegation: &Delegation,
        depth: u32,
        budget: &mut Budget<'_>,
    ) -> Vec<IpAddr> {
        let mut found = Vec::new();
        if depth >= DEPTH_MAX {
            return found;
        }
        for server in delegation.servers.iter().filter(|server| server.addresses.is_empty()) {
            // A server below its own zone could only be found with glue.
            if server.name.is_within(&delegation.zone) && !delegation.zone.is_root() {
                continue;
            }
            for rtype in [Rtype::A, Rtype::Aaaa] {
                let chasing = Box::pin(self.chase(&server.name, rtype, depth + 1, budget));
                let records = chasing.await.map(|resolved| resolved.answers).unwrap_or_default();
                found.extend(records.iter().filter_map(address_of));
            }
        }
        self.order(found.into_iter())
    }

    /// Those that answered lately, or were not asked, first.
    fn order(&self, servers: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
        let (bad, now) = (lock(&self.bad_servers), Instant::now());
        let mut servers: Vec<IpAddr> = servers.take(SERVERS_MAX).collect();
        servers.sort_by_key(|server| bad.get(server).is_some_and(|until| now < *until));
        servers
    }

    fn mark_bad(&self, server: IpAddr) {
        let (mut bad, now) = (lock(&self.bad_servers), Instant::now());
        if bad.len() >= BAD_SERVERS_MAX {
            bad.retain(|_, until| now < *until);
        }
        if bad.len() < BAD_SERVERS_MAX {
            bad.insert(server, now + BAD_SERVER);
        }
    }
}

/// The aliases that lead from the question to its answer.
struct Chain {
    name: Name,
    answers: Vec<Record>,
}

impl Chain {
    fn new(name: &Name) -> Self {
        Chain { name: name.clone(), answers: Vec::new() }
    }

    /// Takes what is known about the present name: the end, or the next name.
    fn follow(&mut self, known: Known) -> Result<Option<Resolved>, Failure> {
        let (rcode, authorities) = match known {
            Known::Cname(record, target) => {
                let looped = self.answers.contains(&record);
                let long = self.answers.len() >= CNAMES_MAX;
                self.answers.push(record);
                self.name = target;
                return match looped || long {
                    true => Err(Failure {
                        answers: std::mem::take(&mut self.answers),
                        ..Failure::because(
                            ExtendedErrorCode::Other,
                            "the aliases (CNAME) do not end",
                        )
                    }),
                    false => Ok(None),
                };
            }
            Known::Records(records) => {
                self.answers.extend(records);
                (Rcode::NoError, Vec::new())
            }
            Known::NoData(soa) => (Rcode::NoError, soa),
            Known::NxDomain(soa) => (Rcode::NxDomain, soa),
        };
        let answers = std::mem::take(&mut self.answers);
        Ok(Some(Resolved { rcode, answers, authorities }))
    }
}

/// What `answer`, from a server of `zone`, means for the question. Only what
/// the server can have authority for is believed.
fn classify(answer: &Message, zone: &Name, name: &Name, rtype: Rtype) -> Step {
    let rcode = answer.flags.rcode;
    let negative = |make: fn(Vec<Record>) -> Known| {
        let soa = answer.authorities.iter().filter(|record| record.rtype() == Rtype::Soa);
        Step::Known(make(soa.filter(|soa| soa.name.is_within(zone)).cloned().collect()))
    };
    let useless = |what: String| Step::Useless(ExtendedErrorCode::NotAuthoritative, what);
    if rcode != Rcode::NoError && rcode != Rcode::NxDomain {
        let refused = [Rcode::Refused, Rcode::NotAuth].contains(&rcode);
        let code = match refused {
            true => ExtendedErrorCode::NotAuthoritative,
            false => ExtendedErrorCode::NetworkError,
        };
        return Step::Useless(code, format!("answered {rcode}"));
    }
    if !answer.flags.authoritative {
        return referral(answer, zone, name)
            .unwrap_or_else(|| useless("has no authority".to_owned()));
    }
    let own = answer.answers.iter().filter(|record| record.name == *name);
    let wanted: Vec<Record> = own
        .clone()
        .filter(|record| rtype == Rtype::Any || record.rtype() == rtype)
        .cloned()
        .collect();
    if !wanted.is_empty() {
        return Step::Known(Known::Records(wanted));
    }
    let alias = own.into_iter().find_map(|record| match &record.data {
        Rdata::Cname(target) => Some(Known::Cname(record.clone(), target.clone())),
        _ => None,
    });
    match alias {
        Some(alias) => Step::Known(alias),
        None if rcode == Rcode::NxDomain => negative(Known::NxDomain),
        None => negative(Known::NoData),
    }
}

/// A referral to a zone between the present one and the name, with the glue
/// that the present zone may give.
fn referral(answer: &Message, zone: &Name, name: &Name) -> Option<Step> {
    let deeper = |owner: &Name| owner != zone && owner.is_within(zone) && name.is_within(owner);
    let ns = |record: &Record| match &record.data {
        Rdata::Ns(host) if deeper(&record.name) => Some((record.name.clone(), host.clone())),
        _ => None,
    };
    let (cut, _) = answer.authorities.iter().find_map(ns)?;
    let records = answer.authorities.iter().filter(|record| record.name == cut);
    let ttl_s = records.map(|record| record.ttl_s).min()?;
    let hosts = answer.authorities.iter().filter_map(ns).filter(|(owner, _)| *owner == cut);
    let servers = hosts.map(|(_, host)| {
        let glue = answer.additionals.iter().filter(|record| record.name == host);
        let addresses = glue.filter(|record| record.name.is_within(zone)).filter_map(address_of);
        NameServer { addresses: addresses.collect(), name: host }
    });
    Some(Step::Deeper(Delegation { servers: servers.collect(), zone: cut }, ttl_s))
}

fn address_of(record: &Record) -> Option<IpAddr> {
    match &record.data {
        Rdata::A(address) => Some((*address).into()),
        Rdata::Aaaa(address) => Some((*address).into()),
        _ => None,
    }
}
