//! Certificates that do not verify, and one that soon will not.

use plumb_evidence::observation::{Certificate, IssuerResult, TlsHandshake, Trust, TrustResult};
use plumb_evidence::{Finding, FindingId, Question, Severity, Where};

use crate::facts::{Facts, Hop, Seen};
use crate::wording::{date, list};

const DAY_S: i64 = 86_400;

/// A certificate with less than this left should have been renewed: authorities
/// of the web suggest a third of 90 days, most monitors warn at two weeks.
const EXPIRES_SOON_S: i64 = 14 * DAY_S;

/// Issuers that are fetched at most, one after the other: chains have two or
/// three intermediates.
const ISSUERS_MAX: usize = 4;

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for hop in &facts.hops {
        let Some(seen) = facts.handshake(hop.number) else { continue };
        for finding in of_handshake(facts, hop, seen) {
            if !findings.iter().any(|known| known.id == finding.id) {
                findings.push(finding);
            }
        }
    }
    findings
}

/// The missing issuer, from the address in the certificate.
pub(crate) fn questions(facts: &Facts<'_>) -> Vec<Question> {
    let Some(seen) = facts.handshake(facts.hop().number) else { return Vec::new() };
    let unknown = failures(seen.what).contains(&TrustResult::UnknownIssuer);
    if !facts.target.aia || !unknown || facts.issuers.len() >= ISSUERS_MAX {
        return Vec::new();
    }
    if completing(facts).is_some() || tip(&seen.what.chain).is_none_or(|tip| tip.self_signed) {
        return Vec::new();
    }
    let fetched = facts.issuers.last().and_then(|seen| match seen.what.1 {
        IssuerResult::Fetched { certificate, .. } => Some(&**certificate),
        IssuerResult::Failed { .. } => None,
    });
    let next = fetched.or_else(|| tip(&seen.what.chain));
    next.filter(|certificate| !certificate.self_signed)
        .and_then(|certificate| certificate.issuer_urls.first())
        .map(|url| Question::Issuer { url: url.clone() })
        .into_iter()
        .collect()
}

/// All that is wrong with the chain, the verifier's own verdict first.
fn failures(handshake: &TlsHandshake) -> Vec<TrustResult> {
    let Some(trust) = &handshake.trust else { return Vec::new() };
    let mut failures = vec![trust.result.clone()];
    failures.extend(trust.failures.iter().cloned());
    let mut distinct: Vec<TrustResult> = Vec::new();
    for failure in failures {
        if failure != TrustResult::Trusted && !distinct.contains(&failure) {
            distinct.push(failure);
        }
    }
    distinct
}

fn of_handshake(facts: &Facts<'_>, hop: &Hop, seen: Seen<&TlsHandshake>) -> Vec<Finding> {
    let failures = failures(seen.what);
    if failures.is_empty() {
        return expires_soon(facts, seen).into_iter().collect();
    }
    let severity = if facts.target.insecure { Severity::Warning } else { Severity::Error };
    failures
        .iter()
        .map(|failure| {
            let mut finding = of_failure(facts, hop, seen, failure);
            finding.severity = severity;
            finding
        })
        .collect()
}

fn error(id: FindingId, claim: String) -> Finding {
    Finding::new(id, Severity::Error, Where::Service, claim)
}

fn of_failure(
    facts: &Facts<'_>,
    hop: &Hop,
    seen: Seen<&TlsHandshake>,
    failure: &TrustResult,
) -> Finding {
    let shown = shown(seen.what.trust.as_ref());
    match failure {
        TrustResult::Expired => expired(facts, seen),
        TrustResult::NotYetValid => not_yet_valid(facts, seen),
        TrustResult::WrongName => wrong_name(hop, seen),
        TrustResult::UnknownIssuer => unknown_issuer(facts, seen),
        TrustResult::WrongPurpose => {
            let uses = seen.what.chain.first().map(|leaf| list(&leaf.extended_key_usage));
            let uses = uses.unwrap_or_default();
            let claim = format!("the certificate is not for a server: its purposes are {uses}");
            error(FindingId::TlsCertWrongPurpose, claim)
                .because("serverAuth is not among the extended key usages", [seen.seq])
                .try_next("issue the certificate anew with the extended key usage serverAuth")
        }
        TrustResult::Revoked => error(
            FindingId::TlsCertUntrusted,
            "the certificate was revoked by its issuer".to_owned(),
        )
        .because(shown, [seen.seq])
        .try_next("on the server: install a new certificate with a new key"),
        TrustResult::BadSignature => {
            let claim = "a signature in the chain does not verify".to_owned();
            error(FindingId::TlsCertUntrusted, claim)
                .because(shown, [seen.seq])
                .try_next("on the server: install the certificate together with the chain that its issuer gave out")
        }
        TrustResult::Other { text } => {
            error(FindingId::TlsCertUntrusted, format!("the certificate does not verify: {text}"))
                .because(shown, [seen.seq])
                .try_next("openssl x509 -in CERT -noout -text   # on the server, and issue it anew")
        }
        // `failures` leaves it out; said here so that no kind is forgotten.
        TrustResult::Trusted => {
            error(FindingId::TlsCertUntrusted, String::new()).because(shown, [seen.seq])
        }
    }
}

fn shown(trust: Option<&Trust>) -> String {
    trust.map_or_else(String::new, |trust| {
        format!("judged against {} roots of {}", trust.roots, trust.store)
    })
}

/// What a certificate is called in a claim.
fn called(chain: &[Certificate], at: usize) -> String {
    match chain.get(at) {
        Some(_) if at == 0 => "the server's certificate".to_owned(),
        Some(certificate) => format!("the intermediate certificate {}", certificate.subject),
        None => "a certificate of the chain".to_owned(),
    }
}

fn expired(facts: &Facts<'_>, seen: Seen<&TlsHandshake>) -> Finding {
    let chain = &seen.what.chain;
    let now = facts.started_unix_s;
    let at = chain.iter().position(|c| c.not_after_unix_s < now).unwrap_or(0);
    let when = chain.get(at).map_or(now, |certificate| certificate.not_after_unix_s);
    let claim =
        format!("{} expired on {} ({} ago)", called(chain, at), date(when), days(now - when));
    let clock = format!("this host's clock says {}", date(now));
    let renew = "on the server: renew the certificate and reload the server (certbot renew, or the authority's own way)";
    error(FindingId::TlsCertExpired, claim)
        .because(format!("valid until {}", date(when)), [seen.seq])
        .because(clock, [seen.seq])
        .try_next(renew)
        .not_looked_at("whether this host's clock is right: compare it with date -u elsewhere")
}

fn not_yet_valid(facts: &Facts<'_>, seen: Seen<&TlsHandshake>) -> Finding {
    let chain = &seen.what.chain;
    let now = facts.started_unix_s;
    let at = chain.iter().position(|c| c.not_before_unix_s > now).unwrap_or(0);
    let when = chain.get(at).map_or(now, |certificate| certificate.not_before_unix_s);
    let claim = format!("{} is not valid before {}", called(chain, at), date(when));
    error(FindingId::TlsCertNotYetValid, claim)
        .because(format!("valid from {}", date(when)), [seen.seq])
        .because(format!("this host's clock says {}", date(now)), [seen.seq])
        .try_next("check this host's clock first (timedatectl); if it is right, install a certificate that is valid now on the server")
        .not_looked_at("whether this host's clock is right")
}

/// Whole days, or hours below one.
fn days(seconds: i64) -> String {
    match seconds {
        s if s >= 2 * DAY_S => format!("{} days", s / DAY_S),
        s => format!("{} hours", (s / 3_600).max(0)),
    }
}

fn wrong_name(hop: &Hop, seen: Seen<&TlsHandshake>) -> Finding {
    // More names than these make no claim clearer.
    const NAMES_MAX: usize = 5;
    const MANY: usize = 200;
    let leaf = seen.what.chain.first();
    let names: Vec<&str> = leaf
        .map(|leaf| {
            leaf.names.iter().map(|n| n.split_once(':').map_or(n.as_str(), |(_, n)| n)).collect()
        })
        .unwrap_or_default();
    let more = names.len().saturating_sub(NAMES_MAX);
    let shown = match (names.is_empty(), more) {
        (true, _) => "no name at all".to_owned(),
        (_, 0) => list(&names),
        // Evidence keeps some hundred.
        (_, MANY..) => format!("{} and hundreds more", names[..NAMES_MAX].join(", ")),
        (_, more) => format!("{} and {more} more", names[..NAMES_MAX].join(", ")),
    };
    let claim = format!("the certificate is for {shown}, not for {}", hop.host);
    let finding = error(FindingId::TlsCertWrongName, claim)
        .because(format!("its subject alternative names: {shown}"), [seen.seq]);
    let path_ok = seen.what.trust.as_ref().is_some_and(|trust| trust.path_ok);
    let finding = if path_ok {
        finding.ruled_out("the chain itself is good: only the name is wrong", [seen.seq])
    } else {
        finding
    };
    if hop.literal().is_some() {
        return finding.try_next(format!("use the server's name in place of the address {}, or issue a certificate with that IP address in it", hop.host));
    }
    finding.try_next(format!("on the server: install a certificate that names {}, or send requests for it to the site that has one (default site, SNI)", hop.host))
}

/// The last certificate that the chain leads to from the leaf, by names.
fn tip(chain: &[Certificate]) -> Option<&Certificate> {
    let mut at = chain.first()?;
    // Each step consumes one certificate of the chain, so it ends.
    for _ in 0..chain.len() {
        let next = chain.iter().find(|c| {
            c.subject == at.issuer
                && c.sha256 != at.sha256
                && keys_agree(at.authority_key_id.as_deref(), c.subject_key_id.as_deref())
        });
        match next {
            Some(next) if !at.self_signed => at = next,
            _ => break,
        }
    }
    Some(at)
}

/// Key identifiers agree, or one of them is not given.
fn keys_agree(authority: Option<&str>, subject: Option<&str>) -> bool {
    match (authority, subject) {
        (Some(a), Some(s)) => a.eq_ignore_ascii_case(s),
        _ => true,
    }
}

/// The fetched issuer with which the chain verifies.
fn completing<'e>(facts: &Facts<'e>) -> Option<(u32, &'e str, &'e Certificate)> {
    facts.issuers.iter().find_map(|seen| match seen.what.1 {
        IssuerResult::Fetched { certificate, completes_chain: true } => {
            Some((seen.seq, seen.what.0, &**certificate))
        }
        _ => None,
    })
}

fn unknown_issuer(facts: &Facts<'_>, seen: Seen<&TlsHandshake>) -> Finding {
    let trust = seen.what.trust.as_ref();
    let Some(tip) = tip(&seen.what.chain) else {
        return error(
            FindingId::TlsCertUntrusted,
            "the server sent no certificate that verifies".to_owned(),
        )
        .because(shown(trust), [seen.seq])
        .try_next("on the server: install a certificate with its chain");
    };
    let leaf = &seen.what.chain[0];
    if leaf.self_signed {
        return self_signed(leaf, seen);
    }
    if leaf.is_authority {
        return authority_as_server(leaf, seen);
    }
    if tip.self_signed {
        return unknown_root(
            &tip.subject,
            seen,
            "the chain ends in a root that this host does not trust",
        );
    }
    if let Some((seq, url, issuer)) = completing(facts) {
        return missing_intermediate(tip, seen, issuer, url, seq);
    }
    let root = facts.issuers.iter().find_map(|fetch| match fetch.what.1 {
        IssuerResult::Fetched { certificate, completes_chain: false }
            if certificate.self_signed =>
        {
            Some((fetch.seq, &**certificate))
        }
        _ => None,
    });
    if let Some((seq, root)) = root {
        let finding = unknown_root(
            &root.subject,
            seen,
            "the chain that was sent does not reach a trusted root",
        );
        return finding
            .because("its issuer, fetched, is a root that this host does not trust", [seq]);
    }
    undecided(facts, tip, seen)
}

fn self_signed(leaf: &Certificate, seen: Seen<&TlsHandshake>) -> Finding {
    let claim = format!("the server's certificate ({}) is signed by itself", leaf.subject);
    error(FindingId::TlsCertSelfSigned, claim)
        .because("subject and issuer are the same, and its own key verifies the signature", [seen.seq])
        .try_next("on the server: install a certificate of an authority that clients trust (certbot), or trust this one on purpose: plumb check --cacert FILE")
}

/// Verifiers refuse it before they look at who signed it (RFC 5280 section 6
/// leaves it open, Firefox and rustls do not).
fn authority_as_server(leaf: &Certificate, seen: Seen<&TlsHandshake>) -> Finding {
    let claim = format!("the server shows an authority's own certificate ({})", leaf.subject);
    error(FindingId::TlsCertUntrusted, claim)
        .because(
            "its basic constraints say CA:TRUE, which strict clients refuse of a server",
            [seen.seq],
        )
        .not_looked_at("whether its issuer is trusted: the verifier did not get so far")
        .try_next(
            "on the server: install a certificate issued for the server itself, without CA:TRUE",
        )
}

fn unknown_root(root: &str, seen: Seen<&TlsHandshake>, why: &str) -> Finding {
    let claim = format!("the certificate comes from {root}, which this host does not trust");
    error(FindingId::TlsCertUnknownRoot, claim)
        .because(why, [seen.seq])
        .because(shown(seen.what.trust.as_ref()), [seen.seq])
        .ruled_out("not self-signed: another certificate signed it", [seen.seq])
        .try_next(format!("if {root} is your organisation's: add its root to this host (update-ca-certificates); else the server must get a certificate of a public authority"))
}

fn missing_intermediate(
    tip: &Certificate,
    seen: Seen<&TlsHandshake>,
    issuer: &Certificate,
    url: &str,
    fetched: u32,
) -> Finding {
    let claim = format!("the server does not send the intermediate certificate {}", issuer.subject);
    error(FindingId::TlsCertMissingIntermediate, claim)
        .because(format!("the chain that it sends ends at {}, issued by {}", tip.subject, tip.issuer), [seen.seq])
        .because(format!("with the certificate from {url} the chain verifies"), [fetched])
        .ruled_out("the root is trusted: the completed chain verifies", [fetched])
        .try_next(format!("on the server: send the full chain; append the certificate from {url} to the certificate file (fullchain.pem)"))
}

/// Only the missing issuer could tell.
fn undecided(facts: &Facts<'_>, tip: &Certificate, seen: Seen<&TlsHandshake>) -> Finding {
    let claim = format!(
        "the chain that the server sends ends at {}, and no root of this host is the {} that signed it",
        tip.subject, tip.issuer
    );
    let mut finding = error(FindingId::TlsCertUntrusted, claim)
        .because(
            format!("{} of {} sent", seen.what.chain.len(), "the chain's certificates"),
            [seen.seq],
        )
        .because(shown(seen.what.trust.as_ref()), [seen.seq])
        .ruled_out("not self-signed", [seen.seq])
        .candidates([FindingId::TlsCertMissingIntermediate, FindingId::TlsCertUnknownRoot]);
    for fetch in &facts.issuers {
        if let IssuerResult::Failed { text } = fetch.what.1 {
            finding =
                finding.because(format!("fetching {} failed: {text}", fetch.what.0), [fetch.seq]);
        }
    }
    let text = &facts.target.text;
    match tip.issuer_urls.first() {
        Some(url) if !facts.target.aia => finding
            .try_next(format!("plumb check --aia {text}   # fetches the issuer from {url}, which tells a missing intermediate from an unknown root"))
            .not_looked_at(format!("the issuer's certificate at {url}")),
        Some(_) => finding.try_next("on the server: send the full chain (fullchain.pem), as its issuer gave it out"),
        None => finding
            .try_next("on the server: send the full chain (fullchain.pem), as its issuer gave it out")
            .not_looked_at("the issuer's certificate: the chain does not say where it lies"),
    }
}

fn expires_soon(facts: &Facts<'_>, seen: Seen<&TlsHandshake>) -> Option<Finding> {
    seen.what.trust.as_ref()?;
    let leaf = seen.what.chain.first()?;
    let left = leaf.not_after_unix_s.checked_sub(facts.started_unix_s)?;
    if !(0..EXPIRES_SOON_S).contains(&left) {
        return None;
    }
    let claim = format!(
        "the server's certificate expires in {}, on {}",
        days(left),
        date(leaf.not_after_unix_s)
    );
    Some(
        Finding::new(FindingId::TlsCertExpiresSoon, Severity::Info, Where::Service, claim)
            .because(format!("valid until {}", date(leaf.not_after_unix_s)), [seen.seq])
            .try_next(
                "on the server: see that the automatic renewal works (certbot renew --dry-run)",
            ),
    )
}
