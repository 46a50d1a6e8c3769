//! How far the walk came.

use std::net::SocketAddr;

use plumb_evidence::Purpose;
use plumb_evidence::evidence::Scheme;
use plumb_evidence::observation::{
    BodyEnd, PhaseName, SystemResult, TlsOutcome, TrustResult, UdpOutcome,
};

use crate::contact::is_connected;
use crate::facts::{Facts, Hop};
use crate::reach::{Role, Subject};

/// In which part of the last hop the walk is stuck or has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// No address for the name.
    Names,
    /// No connection to any address.
    Connect,
    Tls,
    Http,
    Udp,
}

/// The trouble, if there is any; `None` while all goes well and when all went
/// well.
pub(crate) fn trouble(facts: &Facts<'_>) -> Option<Trouble> {
    let hop = facts.hop();
    if names_failed(facts, hop) {
        Some(Trouble::Names)
    } else if hop.scheme == Scheme::Udp {
        udp_failed(facts, hop).then_some(Trouble::Udp)
    } else if connect_failed(facts, hop) {
        Some(Trouble::Connect)
    } else if tls_failed(facts, hop) {
        Some(Trouble::Tls)
    } else if http_failed(facts, hop) {
        Some(Trouble::Http)
    } else {
        None
    }
}

/// Whether the walk got what it came for.
pub(crate) fn succeeded(facts: &Facts<'_>) -> bool {
    let hop = facts.hop();
    if trouble(facts).is_some() {
        return false;
    }
    match hop.scheme {
        Scheme::Tcp => facts.chosen(hop.number).is_some(),
        Scheme::Udp => facts.udp.iter().any(|seen| {
            seen.purpose != Purpose::Probe && matches!(seen.what.outcome, UdpOutcome::Reply { .. })
        }),
        Scheme::Tls => handshake_passed(facts, hop),
        Scheme::Http | Scheme::Https => page_came(facts, hop),
    }
}

/// The response came, with its body, and does not lead elsewhere.
fn page_came(facts: &Facts<'_>, hop: &Hop) -> bool {
    let Some(response) = facts.response(hop.number) else { return false };
    if let Some(redirect) = facts.redirect(hop.number) {
        // A redirect that is not followed because none was to be followed is
        // what was asked for; one that was begun has a hop of its own.
        return !redirect.what.followed;
    }
    let bodiless = matches!(response.what.status, 204 | 304)
        || facts.request(hop.number).is_some_and(|request| request.what.method == "HEAD");
    let body = facts.body(hop.number).is_some();
    bodiless || body || facts.phase(hop.number, PhaseName::Response) == Some(true)
}

/// Addresses that the walk may have used were found for the hop's host.
fn has_addresses(facts: &Facts<'_>, hop: &Hop) -> bool {
    let n = hop.number;
    let given = facts.given.iter().any(|seen| seen.hop == n && !seen.what.is_empty());
    let system = facts.system.iter().rev().find(|seen| seen.hop == n);
    let system = system.is_some_and(|seen| {
        matches!(seen.what.result, SystemResult::Addresses { addresses } if !addresses.is_empty())
    });
    let connects = facts.attempts(n).next().is_some();
    let udp = facts.udp.iter().any(|seen| seen.hop == n && seen.purpose != Purpose::Probe);
    given || system || connects || udp
}

/// The system gave no address; or it has not answered yet, and what DNS itself
/// says gives none either.
fn names_failed(facts: &Facts<'_>, hop: &Hop) -> bool {
    if hop.literal().is_some() || has_addresses(facts, hop) {
        return false;
    }
    let system = facts.system.iter().rev().find(|seen| seen.hop == hop.number);
    match system.map(|seen| seen.what.result) {
        Some(SystemResult::Addresses { .. } | SystemResult::Failed { .. })
        | Some(SystemResult::TimedOut) => true,
        Some(SystemResult::Abandoned) | None => {
            let ended_badly = facts.phase(hop.number, PhaseName::Dns) == Some(false);
            ended_badly || crate::names::Names::new(facts, hop).all_unhappy()
        }
    }
}

/// Every address was tried, and none answered.
fn connect_failed(facts: &Facts<'_>, hop: &Hop) -> bool {
    let mut attempts = facts.attempts(hop.number).peekable();
    if attempts.peek().is_none() || attempts.any(|seen| is_connected(&seen.what.outcome)) {
        return false;
    }
    if facts.phase(hop.number, PhaseName::Tcp) == Some(false) {
        return true;
    }
    // Without the end of the phase: when each known address has its answer.
    let finished = finished_addresses(facts, hop);
    let known: Vec<_> = facts
        .system
        .iter()
        .rev()
        .find(|seen| seen.hop == hop.number)
        .map(|seen| match seen.what.result {
            SystemResult::Addresses { addresses } => addresses.clone(),
            _ => Vec::new(),
        })
        .unwrap_or_default();
    !finished.is_empty()
        && (facts.proxy_of(hop.number).is_some()
            || known.iter().all(|ip| finished.iter().any(|address| address.ip() == *ip)))
}

fn finished_addresses(facts: &Facts<'_>, hop: &Hop) -> Vec<SocketAddr> {
    use plumb_evidence::observation::ConnectOutcome;
    let mut addresses: Vec<SocketAddr> = facts
        .attempts(hop.number)
        .filter(|seen| seen.what.outcome != ConnectOutcome::Abandoned)
        .map(|seen| seen.what.address)
        .collect();
    addresses.dedup();
    addresses
}

/// The subjects of a failed connect: each address once, in the order tried.
pub(crate) fn connect_subjects(facts: &Facts<'_>) -> Vec<Subject> {
    let hop = facts.hop();
    let role = if facts.proxy_of(hop.number).is_some() { Role::Proxy } else { Role::Target };
    let mut subjects: Vec<Subject> = Vec::new();
    for address in finished_addresses(facts, hop) {
        let subject = Subject { address, role };
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    subjects
}

fn udp_failed(facts: &Facts<'_>, hop: &Hop) -> bool {
    facts.udp.iter().any(|seen| {
        seen.hop == hop.number
            && (matches!(seen.what.outcome, UdpOutcome::Failed { .. })
                || matches!(seen.what.outcome, UdpOutcome::Silence) && !seen.what.icmp.is_empty())
    })
}

/// The chain does not verify, which the user did not choose to accept.
pub(crate) fn is_refused_certificate(facts: &Facts<'_>, hop: &Hop) -> bool {
    facts.handshake(hop.number).is_some_and(|seen| {
        let bad = seen.what.trust.as_ref().is_some_and(|t| t.result != TrustResult::Trusted);
        let untrusted = seen.what.outcome == TlsOutcome::Untrusted;
        (untrusted || bad) && !facts.target.insecure
    })
}

fn handshake_passed(facts: &Facts<'_>, hop: &Hop) -> bool {
    facts.handshake(hop.number).is_some_and(|seen| match seen.what.outcome {
        TlsOutcome::Done => !is_refused_certificate(facts, hop),
        TlsOutcome::Untrusted => facts.target.insecure,
        _ => false,
    })
}

fn tls_failed(facts: &Facts<'_>, hop: &Hop) -> bool {
    if !hop.scheme.is_tls() {
        return false;
    }
    match facts.handshake(hop.number) {
        Some(_) => !handshake_passed(facts, hop),
        None => is_stalled(facts, hop, &[PhaseName::Tls]),
    }
}

/// The hop's connection makes no progress in one of these phases.
pub(crate) fn is_stalled(facts: &Facts<'_>, hop: &Hop, phases: &[PhaseName]) -> bool {
    facts.states.iter().any(|seen| {
        seen.hop == hop.number
            && seen.purpose != Purpose::Probe
            && phases.contains(&seen.what.during)
    })
}

fn http_failed(facts: &Facts<'_>, hop: &Hop) -> bool {
    if !hop.scheme.is_http() {
        return false;
    }
    let n = hop.number;
    if facts.http_failure(n).is_some() {
        return true;
    }
    if let Some(answer) = facts.proxy_answers.iter().rev().find(|seen| seen.hop == n) {
        let refused = answer.what.status.is_none_or(|status| !(200..300).contains(&status));
        if refused {
            return true;
        }
    }
    let Some(response) = facts.response(n) else {
        return is_stalled(facts, hop, &[PhaseName::Request, PhaseName::Wait]);
    };
    let switched = crate::rules::http::status::unasked_switch(facts, hop).is_some();
    if response.what.status >= 400 || switched {
        return true;
    }
    if let Some(redirect) = facts.redirect(n) {
        return !redirect.what.followed && crate::rules::http::redirect::is_fault(facts, redirect);
    }
    match facts.body(n) {
        Some(body) => {
            body.what.encoding_error.is_some()
                || !matches!(body.what.ended, BodyEnd::Complete | BodyEnd::Limit)
        }
        None => is_stalled(facts, hop, &[PhaseName::Response]),
    }
}
