//! What the system answers against what DNS says.

use plumb_evidence::observation::SystemResult;
use plumb_evidence::{Finding, FindingId, Severity, Where};

use crate::facts::{Facts, Hop, Seen, SystemAnswer};
use crate::names::{Names, Says};
use crate::walk::{Trouble, trouble};
use crate::wording::list;

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    // Where addresses stand for others, the system's answer means nothing.
    if facts.mapped {
        return Vec::new();
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
