//! The proxy between: used, unreachable, or unwilling.

use plumb_evidence::{Finding, FindingId, Severity, Where};

use crate::facts::{Facts, Hop};
use crate::reach::Role;
use crate::rules::unreached::{addresses, blame, finding};
use crate::walk::{Trouble, trouble};

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let used = facts.hops.iter().find_map(|hop| used(facts, hop));
    let unreachable = unreachable(facts);
    let refused = refused(facts);
    used.into_iter().chain(unreachable).chain(refused).collect()
}

fn used(facts: &Facts<'_>, hop: &Hop) -> Option<Finding> {
    let seen = facts.proxy_of(hop.number)?;
    let (from, url) = seen.what;
    let claim = format!("the request goes through the proxy {url}, as {from} says");
    Some(
        Finding::new(FindingId::HttpProxyUsed, Severity::Info, Where::Network, claim)
            .because(format!("{from} names {url}"), [seen.seq])
            .try_next(format!(
                "env -u {from} plumb check {}   # to see without it",
                facts.target.text
            )),
    )
}

/// What lies on this host or its gateway is told by the rules of those layers.
fn unreachable(facts: &Facts<'_>) -> Option<Finding> {
    let hop = facts.hop();
    let proxy = facts.proxy_of(hop.number)?;
    let (from, url) = proxy.what;
    let remedy = format!(
        "start the proxy, or correct {from}; env -u {from} plumb check {} goes without it",
        facts.target.text
    );
    if trouble(facts) != Some(Trouble::Connect) {
        return None;
    }
    let group = blame(facts).group;
    let Some(first) = group.first() else {
        // Not explained yet: the attempts alone say that it is the proxy.
        return None;
    };
    if first.subject.role != Role::Proxy || first.cause.is_near() {
        return None;
    }
    let claim = format!("the proxy {url} at {} cannot be reached", addresses(&group));
    let mut found = finding(FindingId::HttpProxyUnreachable, &group, claim);
    found.place = Where::Network;
    Some(found.because(format!("{from} names {url}"), [proxy.seq]).try_next(remedy))
}

fn refused(facts: &Facts<'_>) -> Option<Finding> {
    let hop = facts.hop();
    if trouble(facts) != Some(Trouble::Http) {
        return None;
    }
    let answer = facts.proxy_answers.iter().rev().find(|seen| seen.hop == hop.number);
    if let Some(answer) = answer {
        let said = match (answer.what.status, answer.what.error) {
            (Some(status), _) if (200..300).contains(&status) => return None,
            (Some(status), _) => format!("status {status}"),
            (None, Some(error)) => error.to_owned(),
            (None, None) => "nothing".to_owned(),
        };
        let claim = format!(
            "the proxy {} does not open a tunnel to {}: {said}",
            answer.what.proxy, answer.what.authority
        );
        return Some(
            Finding::new(FindingId::HttpProxyRefused, Severity::Error, Where::Network, claim)
                .because(
                    format!("CONNECT {} was answered with {said}", answer.what.authority),
                    [answer.seq],
                )
                .try_next(remedy(answer.what.status, facts)),
        );
    }
    let proxy = facts.proxy_of(hop.number)?;
    let response = facts.response(hop.number).filter(|seen| seen.what.status == 407)?;
    let claim = format!("the proxy {} wants credentials (407)", proxy.what.1);
    Some(
        Finding::new(FindingId::HttpProxyRefused, Severity::Error, Where::Network, claim)
            .because("status 407 Proxy Authentication Required", [response.seq])
            .try_next(remedy(Some(407), facts)),
    )
}

fn remedy(status: Option<u16>, facts: &Facts<'_>) -> String {
    match status {
        Some(407) => "give the proxy its credentials (user:password in the proxy's URL, from the environment or a file)".to_owned(),
        Some(403) => format!("ask the proxy's administrator to allow {}", facts.target.host),
        _ => "see the proxy's log: it could not reach the target, or would not; try from another network without it".to_owned(),
    }
}
