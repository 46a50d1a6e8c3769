//! Redirects that lead in a circle, too far, or nowhere.

use plumb_evidence::{Finding, FindingId, Severity, Where};

use crate::facts::{Facts, RedirectSeen, Seen};

/// Why a redirect was not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Loop,
    TooMany,
    Invalid,
    /// None was to be followed: the redirect is the answer.
    Chosen,
}

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let hop = facts.hop();
    let Some(redirect) = facts.redirect(hop.number).filter(|seen| !seen.what.followed) else {
        return Vec::new();
    };
    let seqs: Vec<u32> = facts.redirects.iter().map(|seen| seen.seq).collect();
    let from = redirect.what.from;
    let to = redirect.what.to;
    let finding = match kind(facts, redirect) {
        Kind::Chosen => return Vec::new(),
        Kind::Loop => {
            let circle = circle(facts, redirect);
            let claim = format!("the redirects go in a circle: {}", circle.join(" -> "));
            error(FindingId::HttpRedirectLoop, claim)
                .because(format!("status {} leads back to {to}", redirect.what.status), seqs)
                .try_next(format!("on the server: see the rule that sends {from} to {to}; behind a proxy that ends TLS, make it trust X-Forwarded-Proto"))
        }
        Kind::TooMany => {
            let claim = format!("{} redirects and no end; the last leads to {to}", hop.number + 1);
            error(FindingId::HttpRedirectTooMany, claim)
                .because("each response leads elsewhere", seqs)
                .try_next("on the server: send the client straight to the last address; or plumb check --max-redirects N")
        }
        Kind::Invalid => {
            let why = redirect.what.why_not.unwrap_or("it cannot be followed");
            let claim = format!("{from} answers with a redirect that leads nowhere: {why}");
            let to =
                if to.is_empty() { "no Location".to_owned() } else { format!("Location: {to}") };
            error(FindingId::HttpRedirectInvalid, claim)
                .because(format!("status {}, {to}", redirect.what.status), [redirect.seq])
                .try_next("on the server: give the redirect a Location with an http or https URL")
        }
    };
    vec![finding]
}

fn error(id: FindingId, claim: String) -> Finding {
    Finding::new(id, Severity::Error, Where::Service, claim)
}

/// Whether a redirect that was not followed is a fault.
pub(crate) fn is_fault(facts: &Facts<'_>, redirect: Seen<RedirectSeen<'_>>) -> bool {
    kind(facts, redirect) != Kind::Chosen
}

fn kind(facts: &Facts<'_>, redirect: Seen<RedirectSeen<'_>>) -> Kind {
    let why = redirect.what.why_not.unwrap_or_default();
    let to = redirect.what.to;
    let seen_before = !to.is_empty()
        && facts
            .redirects
            .iter()
            .any(|earlier| earlier.hop <= redirect.hop && same_url(earlier.what.from, to));
    let limit = why.contains("many") || why.contains("limit");
    if why.contains("loop") || seen_before && !(limit && redirect.hop == 0) {
        Kind::Loop
    } else if limit && redirect.hop == 0 {
        Kind::Chosen
    } else if limit {
        Kind::TooMany
    } else {
        Kind::Invalid
    }
}

/// Equal but for the fragment, which is not sent.
fn same_url(a: &str, b: &str) -> bool {
    let head = |url: &str| url.split('#').next().unwrap_or_default().to_owned();
    head(a) == head(b)
}

/// The circle, from the address to which the last redirect leads back.
fn circle<'e>(facts: &Facts<'e>, last: Seen<RedirectSeen<'e>>) -> Vec<&'e str> {
    // A circle of more than this reads no better.
    const SHOWN_MAX: usize = 5;
    let start = facts.redirects.iter().position(|seen| same_url(seen.what.from, last.what.to));
    let froms = facts.redirects.iter().skip(start.unwrap_or(0)).map(|seen| seen.what.from);
    let mut steps: Vec<&str> = Vec::new();
    for from in froms.take(SHOWN_MAX) {
        if steps.last() != Some(&from) {
            steps.push(from);
        }
    }
    steps.push(last.what.to);
    steps
}
