//! Names that take long.

use plumb_evidence::observation::DnsTransport;
use plumb_evidence::{Finding, FindingId, Purpose, Question, Severity, Where};

use crate::facts::{Facts, Hop};
use crate::names::{Answer, Names, Says};
use crate::walk::{Trouble, trouble};
use crate::wording::seconds;

/// A reply that takes this long is slow: no round trip on Earth takes a third
/// of it, and users notice a second (and half the programs give up at five).
const SLOW_NS: u64 = 1_000_000_000;

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    facts.hops.iter().find_map(|hop| of_hop(facts, hop)).into_iter().collect()
}

/// The same again: a resolver that is slow itself is slow even with what it
/// now holds in its cache.
pub(crate) fn questions(facts: &Facts<'_>) -> Vec<Question> {
    let names = Names::new(facts, facts.hop());
    let Some(slow) = slow(&names) else { return Vec::new() };
    if again(&names, &slow).is_some() {
        return Vec::new();
    }
    vec![Question::Resolver {
        server: slow.seen.what.server,
        name: slow.seen.what.name.clone(),
        rtype: slow.seen.what.rtype.clone(),
        transport: DnsTransport::Udp,
    }]
}

/// The slowest good answer, where it was slow.
fn slow<'e>(names: &Names<'e>) -> Option<Answer<'e>> {
    names
        .answers
        .iter()
        .filter(|answer| matches!(answer.says, Says::Addresses | Says::NoData | Says::Nonexistent))
        .filter(|answer| answer.seen.purpose != Purpose::Probe)
        .filter(|answer| answer.seen.what.duration_ns >= SLOW_NS)
        // Of two that are slow the one that was asked again tells more.
        .max_by_key(|answer| (again(names, answer).is_some(), answer.seen.what.duration_ns))
        .copied()
}

/// The answer to the same question asked again.
fn again<'e>(names: &Names<'e>, slow: &Answer<'e>) -> Option<Answer<'e>> {
    let same = |answer: &&Answer<'e>| {
        answer.seen.purpose == Purpose::Probe
            && answer.seen.what.server == slow.seen.what.server
            && answer.seen.what.rtype == slow.seen.what.rtype
    };
    names.answers.iter().rev().find(same).copied()
}

pub(super) fn of_hop(facts: &Facts<'_>, hop: &Hop) -> Option<Finding> {
    let mut finding = told(facts, hop)?;
    // So slow that the system gave up: then nothing works.
    if hop.number == facts.hop().number && trouble(facts) == Some(Trouble::Names) {
        finding.severity = Severity::Error;
    }
    Some(finding)
}

fn told(facts: &Facts<'_>, hop: &Hop) -> Option<Finding> {
    let names = Names::new(facts, hop);
    let slow = slow(&names)?;
    let server = slow.seen.what.server.ip();
    let took = seconds(slow.seen.what.duration_ns);
    let repeated = again(&names, &slow);
    let quick = repeated.filter(|answer| answer.seen.what.duration_ns < SLOW_NS);
    if let Some(quick) = quick {
        let claim = format!(
            "the resolver {server} needed {took} for {}, then {}: the name servers that it had to ask are slow",
            names.name,
            seconds(quick.seen.what.duration_ns)
        );
        return Some(
            Finding::new(FindingId::DnsAuthoritySlow, Severity::Warning, Where::Unknown, claim)
                .because(format!("the first answer took {took}"), [slow.seen.seq])
                .ruled_out(
                    "the resolver itself is quick when it knows the answer",
                    [quick.seen.seq],
                )
                .try_next(format!(
                    "measure the name servers of {} one by one (dig {} @SERVER)",
                    names.name, names.name
                )),
        );
    }
    let claim = format!("the resolver {server} takes {took} to answer");
    let mut finding =
        Finding::new(FindingId::DnsResolverSlow, Severity::Warning, Where::Network, claim)
            .because(format!("the answer for {} took {took}", names.name), [slow.seen.seq]);
    if let Some(repeated) = repeated {
        finding = finding.because(
            format!(
                "asked again, when it had the answer, {}",
                seconds(repeated.seen.what.duration_ns)
            ),
            [repeated.seen.seq],
        );
    }
    if let Some(quick) = quick_host(facts, slow.seen.what.server.ip()) {
        finding = finding.ruled_out("the path to it is quick", [quick]);
    }
    Some(finding.try_next(format!(
        "see what {server} waits for (load, a dead forwarder), or name another resolver in /etc/resolv.conf"
    )))
}

/// A contact with the resolver's host that was answered at once.
fn quick_host(facts: &Facts<'_>, ip: std::net::IpAddr) -> Option<u32> {
    const QUICK_NS: u64 = SLOW_NS / 4;
    let contacts = facts.contacts(ip);
    contacts.iter().find(|c| c.host_spoke() && c.duration_ns < QUICK_NS).map(|c| c.seq)
}
