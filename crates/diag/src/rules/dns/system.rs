//! What the system answers against what DNS says.

use std::net::SocketAddr;

use plumb_evidence::observation::SystemResult;
use plumb_evidence::{Finding, FindingId, Question, Severity, Where};

use crate::contact::is_connected;
use crate::facts::{Facts, Hop, Seen, SystemAnswer};
use crate::names::{Names, Says};
use crate::walk::{Trouble, trouble};
use crate::wording::list;

/// A wait for the system's answer, below which its silence says nothing: a
/// resolver that has to ask others takes about half of it.
const WAIT_MIN_NS: u64 = 1_000_000_000;

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    // Where addresses stand for others, the system's answer means nothing.
    if facts.mapped {
        return Vec::new();
    }
    if let Some(finding) = misled(facts) {
        return vec![finding];
    }
    let failed = trouble(facts) == Some(Trouble::Names);
    facts
        .hops
        .iter()
        .filter_map(|hop| {
            let current = failed && hop.number == facts.hop().number;
            if current {
                system_fails(facts, hop)
            } else {
                hosts_file(facts, hop).or_else(|| differs(facts, hop))
            }
        })
        .take(1)
        .collect()
}

fn system_answer<'e>(facts: &Facts<'e>, hop: &Hop) -> Option<Seen<SystemAnswer<'e>>> {
    facts.system.iter().rev().find(|seen| seen.hop == hop.number).copied()
}

/// DNS gives addresses, the system none: every program on this host fails.
fn system_fails(facts: &Facts<'_>, hop: &Hop) -> Option<Finding> {
    let system = system_answer(facts, hop)?;
    let said = match system.what.result {
        SystemResult::Failed { eai_name, text, .. } => format!("{eai_name} ({text})"),
        // The resolver that it waits for is to blame, not the system.
        SystemResult::TimedOut if keeps_waiting(facts, hop) => return None,
        // It was hardly given the time that DNS itself takes.
        SystemResult::TimedOut if system.what.duration_ns < WAIT_MIN_NS => return None,
        SystemResult::TimedOut => "nothing in time".to_owned(),
        SystemResult::Addresses { .. } | SystemResult::Abandoned => return None,
    };
    let names = Names::new(facts, hop);
    use plumb_evidence::Purpose;
    let good: Vec<u32> = names
        .saying(Says::Addresses)
        .iter()
        .filter(|answer| answer.seen.purpose != Purpose::Probe)
        .map(|answer| answer.seen.seq)
        .collect();
    if good.is_empty() {
        return None;
    }
    let nsswitch = facts.resolvers.last().and_then(|seen| seen.what.nsswitch);
    let claim = format!("DNS knows {}, but this system does not find it: {said}", names.name);
    let mut finding =
        Finding::new(FindingId::DnsSystemDisagrees, Severity::Error, Where::Host, claim)
            .because(format!("getaddrinfo: {said}"), [system.seq])
            .ruled_out("the resolver answers with addresses", good);
    if let (Some(line), Some(config)) = (nsswitch, facts.resolvers.last()) {
        finding = finding.because(format!("nsswitch.conf says: {line}"), [config.seq]);
    }
    Some(finding.try_next("grep ^hosts: /etc/nsswitch.conf   # 'dns' must stand there and be reached; then getent ahosts NAME"))
}

/// A resolver that is slow or silent keeps the system waiting.
fn keeps_waiting(facts: &Facts<'_>, hop: &Hop) -> bool {
    super::resolver::kept_waiting(facts).is_some() || super::slow::of_hop(facts, hop).is_some()
}

/// Addresses that DNS gives for a name which the hosts file sends elsewhere,
/// where nothing answers.
fn bypassed(facts: &Facts<'_>) -> Vec<SocketAddr> {
    let hop = facts.hop();
    let given = facts.resolvers.iter().rev().find(|seen| seen.hop == hop.number);
    let Some(file) = given.map(|seen| seen.what.hosts_file).filter(|file| !file.is_empty()) else {
        return Vec::new();
    };
    let tried_all = facts.attempts(hop.number).all(|seen| file.contains(&seen.what.address.ip()));
    if trouble(facts) != Some(Trouble::Connect) || facts.mapped || !tried_all {
        return Vec::new();
    }
    let addresses = Names::new(facts, hop).addresses();
    let other = addresses.into_iter().filter(|address| !file.contains(address));
    other.map(|address| SocketAddr::new(address, hop.port)).collect()
}

/// Would the addresses of DNS do what those of the hosts file do not?
pub(crate) fn questions(facts: &Facts<'_>) -> Vec<Question> {
    // One of each family.
    const ASKED_MAX: usize = 2;
    let bypassed = bypassed(facts).into_iter().take(ASKED_MAX);
    bypassed.map(|address| Question::OtherAddress { address }).collect()
}

/// The hosts file sends the name where nothing answers, and where DNS sends it
/// the service is alive: whatever stops the packets on the way there, the file
/// is why they go there at all.
pub(crate) fn misled(facts: &Facts<'_>) -> Option<Finding> {
    let good = bypassed(facts);
    let alive: Vec<u32> = facts
        .connects
        .iter()
        .filter(|seen| good.contains(&seen.what.address) && is_connected(&seen.what.outcome))
        .map(|seen| seen.seq)
        .collect();
    if alive.is_empty() {
        return None;
    }
    let mut finding = hosts_file(facts, facts.hop())?;
    finding.severity = Severity::Error;
    let failed = facts.attempts(facts.hop().number).map(|seen| seen.seq);
    Some(
        finding
            .because("nothing answers at the address of the hosts file", failed)
            .because("the address that DNS gives answers", alive),
    )
}

/// The hosts file answers for the name.
fn hosts_file(facts: &Facts<'_>, hop: &Hop) -> Option<Finding> {
    let config = facts.resolvers.iter().rev().find(|seen| seen.hop == hop.number)?;
    let file = config.what.hosts_file;
    if file.is_empty() {
        return None;
    }
    let names = Names::new(facts, hop);
    let dns = names.addresses();
    let claim = if dns.is_empty() || dns.iter().all(|address| file.contains(address)) {
        format!("the hosts file of this system gives {} for {}", list(file), hop.host)
    } else {
        format!(
            "the hosts file of this system gives {} for {}, DNS gives {}",
            list(file),
            hop.host,
            list(dns)
        )
    };
    Some(
        Finding::new(FindingId::DnsHostsOverride, Severity::Info, Where::Host, claim)
            .because("/etc/hosts has the name", [config.seq])
            .try_next(format!("grep -w {} /etc/hosts   # delete the line to follow DNS", hop.host)),
    )
}

/// Both give addresses, and none in common.
fn differs(facts: &Facts<'_>, hop: &Hop) -> Option<Finding> {
    let system = system_answer(facts, hop)?;
    let SystemResult::Addresses { addresses } = system.what.result else { return None };
    let names = Names::new(facts, hop);
    let dns = names.addresses();
    if dns.is_empty() || addresses.is_empty() || addresses.iter().any(|a| dns.contains(a)) {
        return None;
    }
    let good: Vec<u32> = names.saying(Says::Addresses).iter().map(|a| a.seen.seq).collect();
    let claim =
        format!("this system gives {} for {}, DNS gives {}", list(addresses), hop.host, list(&dns));
    Some(
        Finding::new(FindingId::DnsSystemDisagrees, Severity::Info, Where::Host, claim)
            .because("getaddrinfo's answer", [system.seq])
            .because("the resolver's answers", good)
            .try_next(format!("getent ahosts {}   # and see /etc/hosts and /etc/nsswitch.conf; many answers in turn are normal for large sites", hop.host)),
    )
}
