//! Addresses that fail while others of the same name work: a dead family, a
//! dead address, a family that this host does not have.

use std::net::SocketAddr;

use plumb_evidence::observation::{ConnectAttempt, ConnectOutcome};
use plumb_evidence::{Finding, FindingId, Purpose, Question, Severity, Where};

use crate::contact::{ECONNRESET, is_connected};
use crate::facts::{Facts, Hop, Seen};
use crate::reach::{Cause, Explained, Role, Subject, explain};
use crate::rules::unreached::blame;
use crate::wording::{list, seconds};

/// An attempt that was cut off unanswered is worth asking again when it had
/// lasted this many times as long as the slowest that was answered ...
const SUSPICIOUS_TIMES: u64 = 4;
/// ... and at least this long: shorter is a scheduler's noise.
const SUSPICIOUS_NS: u64 = 2_000_000;

/// Most addresses that are asked again.
const ASKED_MAX: usize = 4;

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for hop in &facts.hops {
        for finding in of_hop(facts, hop) {
            if !findings.iter().any(|known| known.id == finding.id) {
                findings.push(finding);
            }
        }
    }
    findings.extend(beside_the_root(facts));
    findings
}

/// The addresses whose attempts were cut off although others had long
/// answered.
pub(crate) fn questions(facts: &Facts<'_>) -> Vec<Question> {
    let hop = facts.hop();
    let attempts: Vec<_> = facts.attempts(hop.number).collect();
    let slowest = attempts
        .iter()
        .filter(|seen| is_connected(&seen.what.outcome))
        .map(|seen| seen.what.duration_ns)
        .max();
    let Some(slowest) = slowest else { return Vec::new() };
    let limit = slowest.saturating_mul(SUSPICIOUS_TIMES).max(SUSPICIOUS_NS);
    let states = states(facts, hop);
    attempts
        .iter()
        .filter(|seen| seen.what.outcome == ConnectOutcome::Abandoned)
        .filter(|seen| seen.what.duration_ns >= limit)
        .filter(|seen| !states.iter().any(|state| state.address == seen.what.address))
        .map(|seen| Question::OtherAddress { address: seen.what.address })
        .take(ASKED_MAX)
        .collect()
}

/// Whether an address answered, by the last definite attempt.
struct State<'e> {
    address: SocketAddr,
    attempt: Seen<&'e ConnectAttempt>,
}

impl State<'_> {
    /// A connection that is reset was open: a SYN is refused, not reset. What
    /// then became of it is no matter of the address.
    fn is_alive(&self) -> bool {
        let outcome = &self.attempt.what.outcome;
        let reset = matches!(outcome, ConnectOutcome::Failed { errno: ECONNRESET, .. });
        is_connected(outcome) || reset
    }

    fn refused(&self) -> bool {
        self.attempt.what.outcome == ConnectOutcome::Refused
    }
}

/// The addresses of the hop's name with a definite outcome; one success makes
/// an address alive.
fn states<'e>(facts: &Facts<'e>, hop: &Hop) -> Vec<State<'e>> {
    let tried: Vec<SocketAddr> = facts.attempts(hop.number).map(|s| s.what.address).collect();
    let definite = facts
        .connects
        .iter()
        .filter(|seen| tried.contains(&seen.what.address))
        .filter(|seen| seen.hop == hop.number || seen.purpose == Purpose::Probe)
        .filter(|seen| seen.what.outcome != ConnectOutcome::Abandoned);
    let mut states: Vec<State<'e>> = Vec::new();
    for seen in definite {
        let address = seen.what.address;
        match states.iter_mut().find(|state| state.address == address) {
            Some(state) if state.is_alive() => {}
            Some(state) => state.attempt = *seen,
            None => states.push(State { address, attempt: *seen }),
        }
    }
    states
}

fn of_hop(facts: &Facts<'_>, hop: &Hop) -> Vec<Finding> {
    let states = states(facts, hop);
    if facts.proxy_of(hop.number).is_some() || !states.iter().any(State::is_alive) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for v6 in [true, false] {
        let family: Vec<&State<'_>> =
            states.iter().filter(|state| state.address.is_ipv6() == v6).collect();
        let dead: Vec<&State<'_>> = family.iter().filter(|s| !s.is_alive()).copied().collect();
        if dead.is_empty() {
            continue;
        }
        let whole = dead.len() == family.len();
        if whole && !dead.iter().all(|state| state.refused()) {
            findings.push(dead_family(facts, hop, v6, &dead));
        } else {
            findings.push(dead_addresses(facts, hop, &dead, states.len()));
        }
    }
    findings
}

fn explained(facts: &Facts<'_>, state: &State<'_>) -> Option<Explained> {
    explain(facts, Subject { address: state.address, role: Role::Target })
}

fn dead_family(facts: &Facts<'_>, hop: &Hop, v6: bool, dead: &[&State<'_>]) -> Finding {
    let (name, other) = if v6 { ("IPv6", "IPv4") } else { ("IPv4", "IPv6") };
    let why = dead.iter().find_map(|state| explained(facts, state));
    let seqs = dead.iter().map(|state| state.attempt.seq);
    if why.as_ref().is_some_and(|e| e.cause == Cause::FamilyUnavailable) {
        let id = if v6 { FindingId::NetIpv6Unavailable } else { FindingId::NetIpv4Unavailable };
        let claim = format!("{} has {name} addresses too, but this host has no {name}", hop.host);
        let text = format!("{name} cannot be used here; {other} works");
        return Finding::new(id, Severity::Info, Where::Host, claim).because(text, seqs);
    }
    let id = if v6 { FindingId::NetIpv6Broken } else { FindingId::NetIpv4Broken };
    let cost = cost(facts, hop)
        .map_or(String::new(), |ns| format!("; every new connection waits {} for it", seconds(ns)));
    let claim = format!("{} does not answer over {name}, only over {other}{cost}", hop.host);
    let place = why.as_ref().map_or(Where::Unknown, |e| e.place);
    let mut finding = Finding::new(id, Severity::Warning, place, claim);
    for state in dead {
        finding = finding.because(
            format!("{}: {}", state.address, outcome(state.attempt.what)),
            [state.attempt.seq],
        );
    }
    if let Some(why) = why {
        for cited in why.because {
            if !finding.because.contains(&cited) {
                finding.because.push(cited);
            }
        }
    }
    let finding = alive(facts, hop, finding);
    let record = if v6 { "AAAA" } else { "A" };
    let first = dead[0].address.ip();
    finding
        .try_next(format!(
            "mend {name} to {first}, or take the {record} record of {} out until it works",
            hop.host
        ))
        .try_next(format!("plumb check -{} {}", if v6 { 6 } else { 4 }, facts.target.text))
}

fn dead_addresses(facts: &Facts<'_>, hop: &Hop, dead: &[&State<'_>], of: usize) -> Finding {
    let addresses = list(dead.iter().map(|state| state.address));
    let cost = cost(facts, hop)
        .map_or(String::new(), |ns| format!("; who tries it first loses {}", seconds(ns)));
    let claim = format!(
        "{} of the {of} addresses of {} does not answer: {addresses}{cost}",
        dead.len(),
        hop.host
    );
    let mut finding =
        Finding::new(FindingId::TcpAddressDead, Severity::Warning, Where::Service, claim);
    for state in dead {
        let text = format!("{}: {}", state.address, outcome(state.attempt.what));
        finding = finding.because(text, [state.attempt.seq]);
    }
    let ips = list(dead.iter().map(|state| state.address.ip()));
    alive(facts, hop, finding)
        .try_next(format!("bring {ips} back, or take it out of the DNS records of {}", hop.host))
}

/// That the others answer.
fn alive(facts: &Facts<'_>, hop: &Hop, finding: Finding) -> Finding {
    let states = states(facts, hop);
    let living = states.iter().filter(|state| state.is_alive()).map(|state| state.attempt.seq);
    finding.ruled_out("the service is alive: another address answers", living)
}

/// What the dead addresses cost the walk: from the first attempt to the start
/// of the one that it used.
fn cost(facts: &Facts<'_>, hop: &Hop) -> Option<u64> {
    let chosen = facts.chosen(hop.number)?;
    let walk = facts.attempts(hop.number).filter(|seen| seen.purpose == Purpose::Walk);
    let first = walk.map(|seen| seen.what.start_ns).min()?;
    // What takes less than this was not waited for.
    const WORTH_SAYING_NS: u64 = 10_000_000;
    let lost = chosen.what.start_ns.checked_sub(first)?;
    (lost >= WORTH_SAYING_NS).then_some(lost)
}

fn outcome(attempt: &ConnectAttempt) -> String {
    let after = seconds(attempt.duration_ns);
    match &attempt.outcome {
        ConnectOutcome::Connected => "connected".to_owned(),
        ConnectOutcome::Refused => format!("refused after {after}"),
        ConnectOutcome::Failed { errno_name, .. } => format!("{errno_name} after {after}"),
        ConnectOutcome::TimedOut | ConnectOutcome::Abandoned => {
            format!("no answer within {after}")
        }
    }
}

/// Where every address failed, but not all alike: what is not the root is
/// still worth a warning.
fn beside_the_root(facts: &Facts<'_>) -> Vec<Finding> {
    let blame = blame(facts);
    let Some(root) = blame.group.first() else { return Vec::new() };
    let mut findings: Vec<Finding> = Vec::new();
    for explained in &blame.rest {
        let Subject { address, role } = explained.subject;
        if role != Role::Target || explained.cause == Cause::FamilyUnavailable {
            continue;
        }
        let same_family = root.subject.address.is_ipv4() == address.is_ipv4();
        let id = match (same_family, address.is_ipv6()) {
            (true, _) => FindingId::TcpAddressDead,
            (false, true) => FindingId::NetIpv6Broken,
            (false, false) => FindingId::NetIpv4Broken,
        };
        let claim = format!("{} fails too, but in another way", address);
        let mut finding = Finding::new(id, Severity::Warning, explained.place, claim);
        finding.because.clone_from(&explained.because);
        let option = if address.is_ipv6() { 6 } else { 4 };
        finding = finding
            .try_next(format!("plumb check -{option} {}   # looks at it alone", facts.target.text));
        if !findings.iter().any(|known| known.id == id) {
            findings.push(finding);
        }
    }
    findings
}
