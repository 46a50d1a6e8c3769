//! The resolver answers, but could not find out: the fault is its own, or lies
//! with the name servers of the zone.

use plumb_evidence::observation::{DnsExchange, DnsOutcome, DnsReply, DnsRole, DnsTransport};
use plumb_evidence::{Finding, FindingId, Question, Severity, Where};

use crate::contact::{
    EADDRNOTAVAIL, EAFNOSUPPORT, EHOSTUNREACH, ENETUNREACH, Says as IcmpSays, is_own, says,
};
use crate::facts::{Facts, Seen};
use crate::names::{Answer, Names, Says};
use crate::walk::{Trouble, trouble};
use crate::wording::list;

/// Extended DNS errors by which a resolver says that DNSSEC validation failed
/// (RFC 8914 sections 4.6 to 4.13: bogus, expired, not yet valid, missing).
const EDE_DNSSEC: std::ops::RangeInclusive<u16> = 5..=12;
/// "No reachable authority" and "network error" (RFC 8914 4.23 and 4.24).
const EDE_UNREACHABLE: std::ops::RangeInclusive<u16> = 22..=23;

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    if trouble(facts) != Some(Trouble::Names) {
        return Vec::new();
    }
    let names = Names::new(facts, facts.hop());
    let Some(failed) = failed(&names) else { return Vec::new() };
    let finding = dnssec(&names, &failed)
        .or_else(|| authorities(facts, &failed))
        .unwrap_or_else(|| resolver(facts, &names, &failed));
    vec![finding]
}

/// The walk down from the root, once a resolver failed.
pub(crate) fn questions(facts: &Facts<'_>) -> Vec<Question> {
    if trouble(facts) != Some(Trouble::Names) {
        return Vec::new();
    }
    let names = Names::new(facts, facts.hop());
    if failed(&names).is_none() {
        return Vec::new();
    }
    vec![Question::Delegation { name: names.name.clone(), rtype: "A".to_owned() }]
}

/// What the resolvers made of the name.
struct Failed<'e> {
    /// `None`: silent about this name, although alive.
    says: Option<Says>,
    answers: Vec<Answer<'e>>,
    /// The events to cite.
    seqs: Vec<u32>,
    /// The server, for claims.
    server: std::net::IpAddr,
}

/// Whether resolvers failed in a way that the authorities may explain, and no
/// resolver gave a definite answer.
fn failed<'e>(names: &Names<'e>) -> Option<Failed<'e>> {
    let definite = [Says::Addresses, Says::Nonexistent, Says::Truncated];
    if names.answers.iter().any(|answer| definite.contains(&answer.says)) {
        return None;
    }
    for says in [Says::ServFail, Says::Refused, Says::Error, Says::Malformed] {
        let answers = names.saying(says);
        if let Some(first) = answers.first() {
            let server = first.seen.what.server.ip();
            let seqs = answers.iter().map(|answer| answer.seen.seq).collect();
            return Some(Failed { says: Some(says), answers, seqs, server });
        }
    }
    if !names.answers.is_empty() {
        return None;
    }
    // Alive over UDP (it answers about the root) but silent about the name.
    let server =
        names.servers.iter().find(|server| names.replied(**server, DnsTransport::Udp).is_some())?;
    let silent =
        names.with(*server).filter(|seen| matches!(seen.what.outcome, DnsOutcome::Silence { .. }));
    let seqs = silent.map(|seen| seen.seq).collect();
    Some(Failed { says: None, answers: Vec::new(), seqs, server: server.ip() })
}

/// What the servers of one zone do with the question.
#[derive(Debug, Default)]
struct Zone<'e> {
    name: String,
    /// Answer it, or refer further down.
    good: Vec<Seen<&'e DnsExchange>>,
    /// Are there but will not answer for the zone.
    lame: Vec<(Seen<&'e DnsExchange>, String)>,
    silent: Vec<Seen<&'e DnsExchange>>,
}

/// The zones that were walked through, the root first.
fn zones<'e>(facts: &Facts<'e>) -> Vec<Zone<'e>> {
    let mut zones: Vec<Zone<'e>> = Vec::new();
    for seen in facts.dns.iter().filter(|seen| seen.hop == facts.hop().number) {
        let DnsRole::Authority { zone, .. } = &seen.what.role else { continue };
        if !zones.iter().any(|known| known.name == *zone) {
            zones.push(Zone { name: zone.clone(), ..Zone::default() });
        }
        let Some(known) = zones.iter_mut().find(|known| known.name == *zone) else { continue };
        match &seen.what.outcome {
            DnsOutcome::Reply(reply) => match lameness(reply, zone) {
                None => known.good.push(*seen),
                Some(why) => known.lame.push((*seen, why)),
            },
            DnsOutcome::Malformed { .. } => known.lame.push((*seen, "garbage".to_owned())),
            DnsOutcome::Silence { .. } => known.silent.push(*seen),
            // A family that this host does not have says nothing about the zone.
            DnsOutcome::Refused { errno, icmp, .. }
                if icmp.is_empty()
                    && matches!(
                        *errno,
                        ENETUNREACH | EHOSTUNREACH | EADDRNOTAVAIL | EAFNOSUPPORT
                    ) => {}
            DnsOutcome::Refused { .. } => known.silent.push(*seen),
        }
    }
    zones.sort_by_key(|zone| depth(&zone.name));
    zones
}

fn depth(zone: &str) -> usize {
    zone.split('.').filter(|label| !label.is_empty()).count()
}

/// Why a reply is not what a server of the zone owes, if it is not: it must be
/// authoritative or refer to a zone below (RFC 1034 section 4.3.1).
fn lameness(reply: &DnsReply, zone: &str) -> Option<String> {
    if !matches!(reply.rcode_raw, 0 | 3) {
        return Some(reply.rcode.to_uppercase());
    }
    let refers_down = reply
        .authorities
        .iter()
        .any(|record| record.rtype == "NS" && depth(&record.name) > depth(zone));
    (!reply.authoritative && !refers_down && !reply.truncated)
        .then(|| "an answer without authority".to_owned())
}

/// Whether the walk down from the root explains the failure.
pub(super) fn authorities_tell(facts: &Facts<'_>) -> bool {
    zones(facts).last().is_some_and(|zone| zone.good.is_empty() && depth(&zone.name) > 0)
}

/// The deepest zone's servers fail: theirs is the fault.
fn authorities(facts: &Facts<'_>, failed: &Failed<'_>) -> Option<Finding> {
    let zones = zones(facts);
    let zone = zones.last()?;
    // Where not even the root answers, port 53 is closed to this host, and
    // nothing is known about the zone.
    if !zone.good.is_empty() || depth(&zone.name) == 0 {
        return None;
    }
    let parent: Vec<u32> =
        zones.iter().rev().skip(1).flat_map(|z| z.good.first()).map(|s| s.seq).take(2).collect();
    let symptom = match failed.says {
        Some(says) => format!("the resolver {} says {}", failed.server, said(says)),
        None => format!("the resolver {} never answers", failed.server),
    };
    let finding = if let Some(finding) = no_way(zone) {
        finding
    } else if zone.lame.is_empty() {
        let servers = list(distinct(zone.silent.iter().map(|seen| seen.what.server.ip())));
        let claim = format!("no name server of {} answers: {servers}", zone.name);
        // Silence is no proof against the far end; a resolver elsewhere that
        // fails as well is.
        let place = if failed.says.is_some() { Where::Service } else { Where::Unknown };
        Finding::new(FindingId::DnsAuthoritySilent, Severity::Error, place, claim)
            .because("the servers of the zone are silent", zone.silent.iter().map(|s| s.seq))
            .try_next(format!("bring the name servers of {} back ({servers})", zone.name))
    } else {
        let servers = list(distinct(zone.lame.iter().map(|(seen, _)| seen.what.server.ip())));
        let why = list(distinct(zone.lame.iter().map(|(_, why)| why.clone())));
        let claim = format!(
            "{} is delegated to {servers}, which will not answer for it ({why})",
            zone.name
        );
        Finding::new(FindingId::DnsDelegationLame, Severity::Error, Where::Service, claim)
            .because(
                format!("the servers of {} answer {why}", zone.name),
                zone.lame.iter().map(|(s, _)| s.seq),
            )
            .try_next(format!(
                "load the zone {} on {servers}, or correct the NS records at its parent",
                zone.name
            ))
    };
    let finding = turned_away(facts, zone, finding);
    let finding = finding.because(symptom, failed.seqs.iter().copied());
    if parent.is_empty() {
        return Some(finding);
    }
    Some(finding.ruled_out("the servers above it answer and refer to it", parent))
}

/// Routers say that there is no way to any of the zone's servers: then neither
/// the zone nor the resolver is at fault.
fn no_way(zone: &Zone<'_>) -> Option<Finding> {
    let told: Option<Vec<_>> = zone
        .silent
        .iter()
        .map(|seen| {
            let DnsOutcome::Refused { icmp, .. } = &seen.what.outcome else { return None };
            let told = icmp.iter().filter(|error| !is_own(error));
            told.filter_map(|error| {
                Some((seen.seq, seen.what.server.ip(), error.offender?, says(error)?))
            })
            .find(|(_, server, by, says)| {
                server != by && matches!(says, IcmpSays::NoRoute | IcmpSays::NoHost)
            })
        })
        .collect();
    let told = told.filter(|told| zone.lame.is_empty() && !told.is_empty())?;
    let servers = list(distinct(told.iter().map(|(_, server, ..)| *server)));
    let routers = list(distinct(told.iter().map(|(_, _, by, _)| *by)));
    let host = told.iter().any(|(.., says)| *says == IcmpSays::NoHost);
    let (id, what) = if host {
        (FindingId::NetHostUnreachable, "no way")
    } else {
        (FindingId::NetRouteUnreachable, "no route")
    };
    let claim =
        format!("at {routers} there is {what} to the name servers of {}: {servers}", zone.name);
    Some(
        Finding::new(id, Severity::Error, Where::Path, claim)
            .because(
                format!("packets to the servers of {} are turned away by {routers}", zone.name),
                told.iter().map(|(seq, ..)| *seq),
            )
            .try_next(format!(
                "on {routers}: ip route get ADDRESS, for {servers}   # and mend that route or link"
            ))
            .try_next("tell the provider of that router; this host cannot mend it"),
    )
}

/// A router that says that it cannot reach the silent servers.
fn turned_away(facts: &Facts<'_>, zone: &Zone<'_>, finding: Finding) -> Finding {
    let servers: Vec<_> = zone.silent.iter().map(|seen| seen.what.server.ip()).collect();
    let told = servers.iter().flat_map(|ip| facts.contacts(*ip)).find_map(|contact| {
        let (error, says) = contact.rejection()?;
        Some((contact.seq, contact.address.ip(), error.offender?, says))
    });
    let Some((seq, server, by, says)) = told.filter(|_| zone.lame.is_empty()) else {
        return finding;
    };
    let mut finding =
        finding.because(format!("{by} answers for {server}: {}", says.words()), [seq]);
    finding.place = Where::Path;
    finding
}

fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut kept = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

const fn said(says: Says) -> &'static str {
    match says {
        Says::ServFail => "SERVFAIL",
        Says::Refused => "REFUSED",
        Says::Malformed => "what is no DNS message",
        _ => "an error",
    }
}

fn ede(failed: &Failed<'_>, codes: std::ops::RangeInclusive<u16>) -> Option<(u32, u16, String)> {
    failed.answers.iter().find_map(|answer| {
        let (code, text) =
            answer.reply?.extended_errors.iter().find(|(code, _)| codes.contains(code))?;
        Some((answer.seen.seq, *code, text.clone()))
    })
}

/// The resolver says itself that signatures do not verify.
fn dnssec(names: &Names<'_>, failed: &Failed<'_>) -> Option<Finding> {
    if failed.says != Some(Says::ServFail) {
        return None;
    }
    let (seq, code, text) = ede(failed, EDE_DNSSEC)?;
    let claim =
        format!("the DNSSEC signatures of {} do not verify ({text}, code {code})", names.name);
    Some(
        Finding::new(FindingId::DnsDnssecBogus, Severity::Error, Where::Service, claim)
            .because(format!("{} answers SERVFAIL with extended error {code}", failed.server), [seq])
            .try_next("sign the zone anew, and compare the DS record at the parent with the zone's DNSKEY")
            .not_looked_at("the signatures themselves"),
    )
}

/// The resolver's own fault, or all that is known.
fn resolver(facts: &Facts<'_>, names: &Names<'_>, failed: &Failed<'_>) -> Finding {
    let server = failed.server;
    let (id, what) = match failed.says {
        Some(Says::ServFail) => (FindingId::DnsResolverServfail, "SERVFAIL"),
        Some(Says::Refused) => (FindingId::DnsResolverRefuses, "REFUSED"),
        Some(Says::Malformed) => {
            (FindingId::DnsResolverMalformed, "what is no answer to the question")
        }
        Some(_) => (FindingId::DnsResolverError, "an error"),
        None => (FindingId::DnsResolverSilent, "nothing"),
    };
    let rcode = failed.answers.iter().find_map(|a| a.reply).map(|reply| reply.rcode.to_uppercase());
    let what = match (&rcode, failed.says) {
        (Some(rcode), Some(Says::Error)) => rcode.clone(),
        _ => what.to_owned(),
    };
    let zones = zones(facts);
    let good = zones.last().filter(|zone| zone.good.iter().any(|s| is_final(s)));
    let place = if good.is_some() { Where::Network } else { Where::Unknown };
    let claim = format!("the resolver {server} answers {what} for {}", names.name);
    let mut finding = Finding::new(id, Severity::Error, place, claim)
        .because(format!("{server} answers {what}"), failed.seqs.iter().copied());
    if let Some((seq, code, text)) = ede(failed, EDE_UNREACHABLE) {
        finding = finding.because(format!("it says why: {text} (extended error {code})"), [seq]);
    }
    match good {
        Some(zone) => {
            let seqs: Vec<u32> = zone.good.iter().map(|seen| seen.seq).collect();
            finding = finding
                .ruled_out(format!("the name servers of {} themselves answer", zone.name), seqs);
        }
        None => finding = finding.not_looked_at("the name servers of the zone: none was reached"),
    }
    let remedy = match failed.says {
        Some(Says::Refused) => format!(
            "allow this host in the access list of {server}, or name another resolver in /etc/resolv.conf"
        ),
        _ => format!(
            "restart the resolver on {server} or see its log, or name another resolver in /etc/resolv.conf"
        ),
    };
    finding.try_next(remedy)
}

/// An answer, not a referral.
fn is_final(seen: &Seen<&DnsExchange>) -> bool {
    matches!(&seen.what.outcome, DnsOutcome::Reply(reply) if reply.authoritative)
}
