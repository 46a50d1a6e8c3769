//! A resolver that is not there, or not over the transport that is needed.

use plumb_evidence::observation::{DnsOutcome, DnsTransport, PhaseName, SystemResult};
use plumb_evidence::{Finding, FindingId, Question, Severity, Where};

use crate::facts::{Facts, Hop};
use crate::names::{Names, Says, same_name};
use crate::reach::{Cause, Explained, Role, Subject, explain};
use crate::rules::unreached::{blame, finding};
use crate::walk::{Trouble, trouble};
use crate::wording::{list, seconds};

/// Silence shorter than this may be an exchange that was cut short.
const SILENCE_NS: u64 = 800_000_000;

/// Most resolvers that are asked further.
const SERVERS_MAX: usize = 2;

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    if trouble(facts) != Some(Trouble::Names) {
        let in_passing = facts.hops.iter().find_map(|hop| in_passing(facts, hop));
        return in_passing.into_iter().collect();
    }
    let names = Names::new(facts, facts.hop());
    let broken = none(facts, &names)
        .or_else(|| udp_blocked(&names))
        .or_else(|| tcp_blocked(&names))
        .or_else(|| unreached(facts))
        .or_else(|| alive_but_silent(facts, &names))
        .or_else(|| kept_waiting(facts));
    broken.into_iter().collect()
}

/// Over TCP; and whether it answers anything.
pub(crate) fn questions(facts: &Facts<'_>) -> Vec<Question> {
    let waits = facts.waits_in(facts.hop().number, PhaseName::Dns).is_some();
    if trouble(facts) != Some(Trouble::Names) && !waits {
        return Vec::new();
    }
    let names = Names::new(facts, facts.hop());
    let near = blame(facts).group.first().is_some_and(|e| e.cause.is_near());
    if near {
        return Vec::new();
    }
    let rtype = "A".to_owned();
    let mut wanted = Vec::new();
    let mut servers = names.servers.clone();
    if let Some(config) = facts.resolvers.last().filter(|_| waits && servers.is_empty()) {
        servers.extend(config.what.servers);
    }
    for &server in servers.iter().take(SERVERS_MAX) {
        let name = names.name.clone();
        let over = |transport| names.with(server).any(|seen| seen.what.transport == transport);
        let truncated = names
            .answers
            .iter()
            .any(|answer| answer.says == Says::Truncated && answer.seen.what.server == server);
        let silent = !names.spoke(server);
        if (silent || truncated) && !over(DnsTransport::Tcp) {
            let transport = DnsTransport::Tcp;
            wanted.push(Question::Resolver { server, name, rtype: rtype.clone(), transport });
        }
        if silent && (waits || over(DnsTransport::Udp)) {
            // The root's name servers: what every resolver knows.
            wanted.push(Question::Resolver {
                server,
                name: ".".to_owned(),
                rtype: "NS".to_owned(),
                transport: DnsTransport::Udp,
            });
        }
    }
    wanted
}

/// No resolver is configured.
fn none(facts: &Facts<'_>, names: &Names<'_>) -> Option<Finding> {
    let config = facts.resolvers.last()?;
    if !config.what.servers.is_empty() || !names.servers.is_empty() {
        return None;
    }
    let claim = format!("this host has no name server configured to ask for {}", names.name);
    Some(
        Finding::new(FindingId::DnsResolverNone, Severity::Error, Where::Host, claim)
            .because("the resolver's configuration names no server", [config.seq])
            .try_next("add a line 'nameserver ADDRESS' to /etc/resolv.conf, or start systemd-resolved or the DHCP client"),
    )
}

/// No datagram is answered, but TCP is.
fn udp_blocked(names: &Names<'_>) -> Option<Finding> {
    let (server, tcp) = names
        .servers
        .iter()
        .find_map(|&server| Some((server, names.replied(server, DnsTransport::Tcp)?)))?;
    let over_udp = || names.with(server).filter(|seen| seen.what.transport == DnsTransport::Udp);
    let lost: Vec<u32> = over_udp()
        .filter(|seen| {
            matches!(seen.what.outcome, DnsOutcome::Silence { .. } | DnsOutcome::Refused { .. })
        })
        .map(|seen| seen.seq)
        .collect();
    if lost.is_empty() || lost.len() != over_udp().count() {
        return None;
    }
    let claim = format!("{} answers DNS over TCP, but nothing comes back over UDP", server.ip());
    Some(
        Finding::new(FindingId::DnsResolverUdpBlocked, Severity::Error, Where::Network, claim)
            .because(format!("no answer from {server} over UDP"), lost)
            .ruled_out(format!("{server} is alive and answers over TCP"), [tcp])
            .try_next(format!("allow UDP port 53 to and from {} in the firewalls on the way; until then: echo 'options use-vc' >> /etc/resolv.conf", server.ip())),
    )
}

/// The answer does not fit a datagram, and TCP is not open.
fn tcp_blocked(names: &Names<'_>) -> Option<Finding> {
    let truncated = names.saying(Says::Truncated);
    let server = truncated.first()?.seen.what.server;
    let whole = names.answers.iter().any(|a| !matches!(a.says, Says::Truncated | Says::Malformed));
    let tcp: Vec<_> =
        names.with(server).filter(|seen| seen.what.transport == DnsTransport::Tcp).collect();
    let failed = tcp.iter().all(|seen| {
        matches!(seen.what.outcome, DnsOutcome::Silence { .. } | DnsOutcome::Refused { .. })
    });
    if whole || tcp.is_empty() || !failed {
        return None;
    }
    let claim = format!(
        "{} cuts its answers short over UDP, and TCP port 53, where the rest would be, does not open",
        server.ip()
    );
    Some(
        Finding::new(FindingId::DnsTcpBlocked, Severity::Error, Where::Network, claim)
            .because("the reply over UDP is truncated (TC)", truncated.iter().map(|a| a.seen.seq))
            .because("the same question over TCP fails", tcp.iter().map(|seen| seen.seq))
            .ruled_out("the resolver is alive: it answers over UDP", [truncated[0].seen.seq])
            .try_next(format!(
                "open TCP port 53 of {} (RFC 7766 requires it), in its firewall and on the way",
                server.ip()
            )),
    )
}

/// The port of the resolver is closed, rejected or silent.
fn unreached(facts: &Facts<'_>) -> Option<Finding> {
    let group = blame(facts).group;
    let first = group.first()?;
    (first.subject.role == Role::Resolver).then(|| of_port(&group)).flatten()
}

fn of_port(group: &[Explained]) -> Option<Finding> {
    let servers = list(group.iter().map(|e| e.subject.address.ip()));
    let (id, claim, remedy) = match &group[0].cause {
        Cause::PortClosed => (
            FindingId::DnsResolverPortClosed,
            format!(
                "no name server listens at {servers}: the host is there, its port 53 is closed"
            ),
            format!("start the name server on {servers}, or name another in /etc/resolv.conf"),
        ),
        Cause::PortRejected { by, says } => (
            FindingId::DnsResolverRejected,
            format!("{by} rejects questions to the resolver {servers}: {}", says.words()),
            format!(
                "allow port 53 to {servers} in the firewall of {by}, or name another resolver in /etc/resolv.conf"
            ),
        ),
        Cause::PortSilent { .. } => (
            FindingId::DnsResolverSilent,
            format!("the resolver {servers} is alive but does not answer questions"),
            format!(
                "restart the name server on {servers} (or open its port 53), or name another in /etc/resolv.conf"
            ),
        ),
        _ => return None,
    };
    Some(finding(id, group, claim).try_next(remedy))
}

/// It answers other questions, but not this one, and nobody says why.
fn alive_but_silent(facts: &Facts<'_>, names: &Names<'_>) -> Option<Finding> {
    if !names.answers.is_empty() {
        return None;
    }
    let (server, other) = names
        .servers
        .iter()
        .find_map(|&server| Some((server, names.replied(server, DnsTransport::Udp)?)))?;
    // The walk down from the root tells more.
    if super::failure::authorities_tell(facts) {
        return None;
    }
    let silent: Vec<u32> = names
        .with(server)
        .filter(|seen| same_name(&seen.what.name, &names.name))
        .map(|seen| seen.seq)
        .collect();
    let claim = format!(
        "the resolver {} answers other questions, but is silent about {}",
        server.ip(),
        names.name
    );
    Some(
        Finding::new(FindingId::DnsResolverSilent, Severity::Error, Where::Unknown, claim)
            .because(format!("no answer about {}", names.name), silent)
            .ruled_out("the resolver is alive: it answers about the root", [other])
            .try_next(format!(
                "see in the log of the name server on {} why it drops this name",
                server.ip()
            )),
    )
}

/// DNS has the answer, but the system waited for what a resolver never said
/// until the time was over.
pub(super) fn kept_waiting(facts: &Facts<'_>) -> Option<Finding> {
    let hop = facts.hop();
    let system = facts.system.iter().rev().find(|seen| seen.hop == hop.number)?;
    if !matches!(system.what.result, SystemResult::TimedOut | SystemResult::Abandoned) {
        return None;
    }
    let mut finding = in_passing(facts, hop)?;
    finding.severity = Severity::Error;
    Some(finding.because("getaddrinfo waits for it and has no answer in time", [system.seq]))
}

/// The walk went on, but not thanks to this resolver.
fn in_passing(facts: &Facts<'_>, hop: &Hop) -> Option<Finding> {
    let names = Names::new(facts, hop);
    if !names.any(Says::Addresses) {
        return None;
    }
    let silent = names.servers.iter().copied().find_map(|server| {
        let lost: Vec<u32> = names
            .with(server)
            .filter(|seen| match &seen.what.outcome {
                DnsOutcome::Silence { .. } => seen.what.duration_ns >= SILENCE_NS,
                DnsOutcome::Refused { .. } => true,
                _ => false,
            })
            .map(|seen| seen.seq)
            .collect();
        (!names.spoke(server) && !lost.is_empty()).then_some((server, lost))
    });
    let Some((server, lost)) = silent else { return aaaa_dropped(&names) };
    let explained = explain(facts, Subject { address: server, role: Role::Resolver });
    if explained.as_ref().is_some_and(|e| e.cause == Cause::FamilyUnavailable) {
        return None;
    }
    let waited = names.with(server).map(|seen| seen.what.duration_ns).max().unwrap_or(0);
    let good: Vec<u32> = names.saying(Says::Addresses).iter().map(|a| a.seen.seq).collect();
    let claim = format!(
        "the configured resolver {} does not answer; another does, after {}",
        server.ip(),
        seconds(waited)
    );
    Some(
        Finding::new(FindingId::DnsResolverSilent, Severity::Warning, Where::Network, claim)
            .because(format!("no answer from {server}"), lost)
            .ruled_out("the name resolves: another resolver answers", good)
            .try_next(format!(
                "take 'nameserver {}' out of /etc/resolv.conf, or bring it back",
                server.ip()
            )),
    )
}

/// A is answered and AAAA never.
fn aaaa_dropped(names: &Names<'_>) -> Option<Finding> {
    let good = names.saying(Says::Addresses).into_iter().find(|a| a.seen.what.rtype == "A")?;
    let server = good.seen.what.server;
    let about_aaaa = || {
        names
            .with(server)
            .filter(|seen| seen.what.rtype == "AAAA" && same_name(&seen.what.name, &names.name))
    };
    let silent: Vec<u32> = about_aaaa()
        .filter(|seen| {
            matches!(seen.what.outcome, DnsOutcome::Silence { .. })
                && seen.what.duration_ns >= SILENCE_NS
        })
        .map(|seen| seen.seq)
        .collect();
    if silent.is_empty() || silent.len() != about_aaaa().count() {
        return None;
    }
    let claim = format!(
        "{} answers for A but not for AAAA: programs that ask for both wait until they give up",
        server.ip()
    );
    Some(
        Finding::new(FindingId::DnsResolverAaaaDropped, Severity::Warning, Where::Network, claim)
            .because("no answer for AAAA", silent)
            .ruled_out("the resolver is alive: it answers for A", [good.seen.seq])
            .try_next(format!("mend {} so that it answers AAAA too (an empty answer is enough); until then: options single-request-reopen in /etc/resolv.conf", server.ip())),
    )
}
