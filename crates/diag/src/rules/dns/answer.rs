//! The name is not there, has no address, or its alias leads nowhere.

use std::net::IpAddr;

use plumb_evidence::observation::{DnsRecord, DnsReply};
use plumb_evidence::{Finding, FindingId, Severity, Where};

use crate::facts::{Facts, Hop};
use crate::names::{Answer, Names, Says, aliases, is_loop, same_name};
use crate::walk::{Trouble, trouble};
use crate::wording::list;

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    if trouble(facts) != Some(Trouble::Names) {
        return Vec::new();
    }
    let hop = facts.hop();
    let names = Names::new(facts, hop);
    let found = looping(facts, &names)
        .or_else(|| nonexistent(&names))
        .or_else(|| no_address(&names))
        .or_else(|| only_the_system_says(facts, &names));
    found.map(|finding| as_redirect(facts, hop, finding)).into_iter().collect()
}

/// Every address that DNS gives leads back to this host, where nothing answers.
pub(crate) fn unusable(facts: &Facts<'_>) -> Vec<Finding> {
    let hop = facts.hop();
    let local = same_name(&hop.host, "localhost") || hop.host.ends_with(".localhost");
    if trouble(facts) != Some(Trouble::Connect) || facts.mapped || local {
        return Vec::new();
    }
    let names = Names::new(facts, hop);
    let addresses = names.addresses();
    let leads_back = |ip: &IpAddr| ip.is_unspecified() || ip.is_loopback();
    let tried = facts.attempts(hop.number).all(|seen| addresses.contains(&seen.what.address.ip()));
    if addresses.is_empty() || !addresses.iter().all(leads_back) || !tried {
        return Vec::new();
    }
    let told: Vec<u32> = names.saying(Says::Addresses).iter().map(|a| a.seen.seq).collect();
    let failed = facts.attempts(hop.number).map(|seen| seen.seq);
    let claim = format!(
        "DNS gives {} for {}, which leads back to this host: a filter's answer, or a wrong record",
        list(&addresses),
        names.name
    );
    vec![
        Finding::new(FindingId::DnsAnswerUnusable, Severity::Error, Where::Unknown, claim)
            .because("the resolver answers with nothing else", told)
            .because("nothing answers there", failed)
            .try_next(format!("dig {} @ANOTHER-RESOLVER   # a different answer: this resolver filters the name; the same: the record is wrong", names.name)),
    ]
}

/// The name that a reply is finally about, and how it got there.
fn last_name<'a>(reply: &'a DnsReply, name: &'a str) -> (&'a str, bool) {
    match aliases(reply, name).last() {
        Some((_, to)) => (to.trim_end_matches('.'), true),
        None => (name, false),
    }
}

/// Replies of the system's resolvers, and of the authorities where they were
/// asked.
fn replies<'e>(facts: &Facts<'e>, names: &Names<'e>) -> Vec<(u32, &'e DnsReply)> {
    use plumb_evidence::observation::DnsOutcome;
    let own = names.answers.iter().filter_map(|a| Some((a.seen.seq, a.reply?)));
    let authorities = facts.dns.iter().filter_map(|seen| match &seen.what.outcome {
        DnsOutcome::Reply(reply) => Some((seen.seq, reply)),
        _ => None,
    });
    own.chain(authorities).collect()
}

fn looping(facts: &Facts<'_>, names: &Names<'_>) -> Option<Finding> {
    let (seq, chain) = replies(facts, names).into_iter().find_map(|(seq, reply)| {
        let chain = aliases(reply, &names.name);
        is_loop(&chain).then_some((seq, chain))
    })?;
    let steps: Vec<&str> = chain.iter().map(|(from, _)| *from).collect();
    let claim = format!("the aliases of {} go in a circle: {}", names.name, steps.join(" -> "));
    Some(
        Finding::new(FindingId::DnsCnameLoop, Severity::Error, Where::Service, claim)
            .because("a CNAME record leads back", [seq])
            .try_next(format!(
                "in the zone: point the CNAME of {} at a name with an address",
                names.name
            )),
    )
}

fn nonexistent(names: &Names<'_>) -> Option<Finding> {
    let answers = names.saying(Says::Nonexistent);
    let first = answers.first()?;
    let reply = first.reply?;
    let seqs: Vec<u32> = answers.iter().map(|answer| answer.seen.seq).collect();
    let (last, aliased) = last_name(reply, &names.name);
    let server = first.seen.what.server;
    let zone = soa(reply).map_or(String::new(), |soa| format!(", in the zone {}", soa.name));
    if aliased {
        let claim = format!("{} is an alias for {last}, which does not exist", names.name);
        return Some(
            Finding::new(FindingId::DnsCnameDangling, Severity::Error, Where::Service, claim)
                .because(format!("{server} answers with the CNAME and NXDOMAIN"), seqs)
                .try_next(format!(
                    "in the zone: create {last}, or point the CNAME of {} elsewhere",
                    names.name
                )),
        );
    }
    let claim = format!("the name {last} does not exist{zone}");
    let finding =
        Finding::new(FindingId::DnsNameNonexistent, Severity::Error, Where::Service, claim)
            .because(format!("{server} answers NXDOMAIN{zone}"), seqs);
    Some(finding.ruled_out("the resolver is alive and answers", [first.seen.seq]).try_next(
        format!("check the spelling of {last}; if it is right, add the record to its zone"),
    ))
}

fn soa(reply: &DnsReply) -> Option<&DnsRecord> {
    reply.authorities.iter().find(|record| record.rtype == "SOA")
}

/// Both types were asked for, and neither is there.
fn no_address(names: &Names<'_>) -> Option<Finding> {
    let empty = names.saying(Says::NoData);
    let of = |rtype: &str| -> Option<Answer<'_>> {
        empty.iter().find(|answer| answer.seen.what.rtype == rtype).copied()
    };
    let (a, aaaa) = (of("A")?, of("AAAA")?);
    if names.any(Says::Addresses) {
        return None;
    }
    let (last, _) = last_name(a.reply?, &names.name);
    let via =
        if last == names.name { String::new() } else { format!(" (an alias of {})", names.name) };
    let claim = format!("the name {last}{via} exists, but has neither an IPv4 nor an IPv6 address");
    Some(
        Finding::new(FindingId::DnsNameNoAddress, Severity::Error, Where::Service, claim)
            .because("the answers for A and AAAA are empty", [a.seen.seq, aaaa.seen.seq])
            .ruled_out("the name exists: the answers are not NXDOMAIN", [a.seen.seq])
            .try_next(format!("in the zone: add an A or AAAA record for {last}")),
    )
}

/// DNS itself was not asked, but the system knows no such name.
fn only_the_system_says(facts: &Facts<'_>, names: &Names<'_>) -> Option<Finding> {
    use plumb_evidence::observation::SystemResult;
    let hop = facts.hop();
    let system = facts.system.iter().rev().find(|seen| seen.hop == hop.number)?;
    let SystemResult::Failed { eai_name, text, .. } = system.what.result else { return None };
    if !names.exchanges.is_empty() || eai_name != "EAI_NONAME" {
        return None;
    }
    let (id, claim) = match illegal(&names.name) {
        Some(why) => {
            (FindingId::DnsNameInvalid, format!("{:?} is no legal host name: {why}", names.name))
        }
        None => {
            (FindingId::DnsNameNonexistent, format!("this system knows no host {}", names.name))
        }
    };
    let place = if id == FindingId::DnsNameInvalid { Where::Host } else { Where::Unknown };
    Some(
        Finding::new(id, Severity::Error, place, claim)
            .because(format!("getaddrinfo: {eai_name} ({text})"), [system.seq])
            .not_looked_at("what DNS itself says")
            .try_next(format!("check the spelling of {}", names.name)),
    )
}

/// What RFC 1035 section 2.3.4 forbids.
fn illegal(name: &str) -> Option<&'static str> {
    const LABEL_MAX: usize = 63;
    const NAME_MAX: usize = 253;
    let name = name.trim_end_matches('.');
    if name.len() > NAME_MAX {
        Some("longer than 253 characters")
    } else if name.split('.').any(str::is_empty) {
        Some("a part of it is empty")
    } else if name.split('.').any(|label| label.len() > LABEL_MAX) {
        Some("a part of it is longer than 63 characters")
    } else {
        None
    }
}

/// A redirect to a dead name is the redirect's fault: the target was there. A
/// dead name of a proxy is the proxy's.
fn as_redirect(facts: &Facts<'_>, hop: &Hop, finding: Finding) -> Finding {
    if let Some(proxy) = facts.proxy_of(hop.number) {
        let (from, url) = proxy.what;
        let claim = format!("{from} names the proxy {url}, but {}", finding.claim);
        let remedy = format!(
            "correct {from}; env -u {from} plumb check {} goes without it",
            facts.target.text
        );
        let id = FindingId::HttpProxyUnreachable;
        return instead(
            finding,
            Finding::new(id, Severity::Error, Where::Host, claim)
                .because(format!("{from} names {url}"), [proxy.seq])
                .try_next(remedy),
        );
    }
    let before = hop.number.checked_sub(1).and_then(|before| facts.redirect(before));
    let Some(redirect) = before else { return finding };
    let (from, to) = (redirect.what.from, redirect.what.to);
    let claim = format!("{from} redirects to {to}, but {}", finding.claim);
    let id = FindingId::HttpRedirectDeadName;
    instead(
        finding,
        Finding::new(id, Severity::Error, Where::Service, claim)
            .because(format!("status {} leads there", redirect.what.status), [redirect.seq])
            .try_next(format!("on the server: correct the Location of {from} ({to})")),
    )
}

/// `finding`, told as `other`: its proof and remedies follow the other's.
fn instead(finding: Finding, mut other: Finding) -> Finding {
    other.because.extend(finding.because);
    other.ruled_out.extend(finding.ruled_out);
    other.not_looked_at.extend(finding.not_looked_at);
    other.try_next.extend(finding.try_next);
    other
}
