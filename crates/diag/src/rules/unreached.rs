//! Who is to blame where nobody was reached: shared by the rules of `link`,
//! `net`, `tcp` and `udp`, which put it into words.

use plumb_evidence::observation::{PhaseName, RouteResult};
use plumb_evidence::{Finding, FindingId, Question, Severity};

use crate::facts::Facts;
use crate::names::Names;
use crate::reach::{Cause, Explained, Role, Subject, explain, is_cut_off, rank, wanted};
use crate::walk::{Trouble, connect_subjects, trouble};

/// Most subjects of one failure that are looked into: one of each family, and
/// the second resolver that most systems have.
const SUBJECTS_MAX: usize = 2;

/// Addresses whose failure has one cause, and the rest.
#[derive(Debug, Default)]
pub(crate) struct Blame {
    /// What explains the failure: the best first, all with the same cause.
    pub group: Vec<Explained>,
    /// Other addresses, which failed otherwise.
    pub rest: Vec<Explained>,
}

/// The subjects of the present failure.
fn subjects(facts: &Facts<'_>) -> Vec<Subject> {
    match trouble(facts) {
        Some(Trouble::Names) => silent_resolvers(facts),
        Some(Trouble::Connect) => connect_subjects(facts),
        Some(Trouble::Udp) => udp_subjects(facts),
        Some(Trouble::Tls | Trouble::Http) => Vec::new(),
        None => cut_off(facts),
    }
}

/// Those whom the walk waits for in vain, whatever else is tried: packets to
/// them leave through an interface that is down or has no carrier.
fn cut_off(facts: &Facts<'_>) -> Vec<Subject> {
    waited_for(facts).into_iter().filter(|&subject| is_cut_off(facts, subject)).collect()
}

/// The configured resolvers, where none of them said a word.
fn silent_resolvers(facts: &Facts<'_>) -> Vec<Subject> {
    let names = Names::new(facts, facts.hop());
    let mut servers = names.servers.clone();
    if let Some(config) = facts.resolvers.last() {
        servers.extend(config.what.servers.iter().filter(|s| !names.servers.contains(s)));
    }
    if servers.iter().any(|server| names.spoke(*server)) {
        return Vec::new();
    }
    servers.into_iter().map(|address| Subject { address, role: Role::Resolver }).collect()
}

fn udp_subjects(facts: &Facts<'_>) -> Vec<Subject> {
    let hop = facts.hop().number;
    let addresses = facts.udp.iter().filter(|seen| seen.hop == hop).map(|seen| seen.what.address);
    addresses.map(|address| Subject { address, role: Role::Target }).collect()
}

/// Why the walk reached nobody.
pub(crate) fn blame(facts: &Facts<'_>) -> Blame {
    let explained: Vec<Explained> =
        subjects(facts).into_iter().filter_map(|s| explain(facts, s)).collect();
    let explained = one_silence(explained);
    let mut ranked = rank(explained).into_iter();
    let Some(first) = ranked.next() else { return Blame::default() };
    let (same, rest): (Vec<_>, Vec<_>) = ranked
        .partition(|e| std::mem::discriminant(&e.cause) == std::mem::discriminant(&first.cause));
    Blame { group: [vec![first], same].concat(), rest }
}

/// Where one address is silent beyond a gateway that does pass packets on, the
/// silence of the others has no other cause until something says so: through
/// their gateway nothing else was tried.
fn one_silence(mut explained: Vec<Explained>) -> Vec<Explained> {
    if explained.iter().any(|e| matches!(e.cause, Cause::PathSilent { .. })) {
        for e in &mut explained {
            if matches!(e.cause, Cause::NotForwarding { .. } | Cause::NothingHeard { .. }) {
                e.cause = Cause::PathSilent { last: None };
                e.place = plumb_evidence::Where::Unknown;
            }
        }
    }
    explained
}

/// The group, where its cause is one of those that `is` accepts and this layer
/// is to speak: a proxy's own troubles are told by the proxy's rule.
pub(crate) fn group(facts: &Facts<'_>, is: impl Fn(&Explained) -> bool) -> Option<Vec<Explained>> {
    if crate::rules::dns::system::misled(facts).is_some() {
        return None;
    }
    let group = blame(facts).group;
    let first = group.first()?;
    let proxy = first.subject.role == Role::Proxy && !first.cause.is_near();
    (!proxy && is(first)).then_some(group)
}

/// One finding of a group: the proofs of all its addresses, once each.
pub(crate) fn finding(id: FindingId, group: &[Explained], claim: String) -> Finding {
    let place = group[0].place;
    let mut finding = Finding::new(id, Severity::Error, place, claim);
    for explained in group.iter().take(SUBJECTS_MAX) {
        for cited in &explained.because {
            if !finding.because.contains(cited) {
                finding.because.push(cited.clone());
            }
        }
        for cited in &explained.ruled_out {
            if !finding.ruled_out.contains(cited) {
                finding.ruled_out.push(cited.clone());
            }
        }
    }
    finding
}

/// The addresses of a group, without ports, as they read in a claim.
pub(crate) fn hosts(group: &[Explained]) -> String {
    crate::wording::list(group.iter().map(|e| e.subject.address.ip()))
}

/// The same with ports.
pub(crate) fn addresses(group: &[Explained]) -> String {
    crate::wording::list(group.iter().map(|e| e.subject.address))
}

/// What explains the failure further: one subject of each family, or the two
/// first resolvers.
pub(crate) fn questions(facts: &Facts<'_>) -> Vec<Question> {
    let waited = waited_for(facts);
    if !waited.is_empty() {
        let chosen = chosen(waited).into_iter();
        return chosen.flat_map(|subject| wanted::while_waiting(facts, subject)).collect();
    }
    let chosen = chosen(subjects(facts)).into_iter();
    chosen.flat_map(|subject| wanted::questions(facts, subject)).collect()
}

fn chosen(subjects: Vec<Subject>) -> Vec<Subject> {
    let mut chosen: Vec<Subject> = Vec::new();
    for subject in subjects {
        let family = |s: &Subject| s.address.is_ipv4() == subject.address.is_ipv4();
        if subject.role == Role::Resolver || !chosen.iter().any(family) {
            chosen.push(subject);
        }
    }
    chosen.truncate(SUBJECTS_MAX);
    chosen
}

/// Those from whom the walk waits to hear, where it says that it waits and
/// nobody was heard; a local cause would have been told at once.
fn waited_for(facts: &Facts<'_>) -> Vec<Subject> {
    let hop = facts.hop();
    let role = if facts.proxy_of(hop.number).is_some() { Role::Proxy } else { Role::Target };
    let subjects: Vec<Subject> = if facts.waits_in(hop.number, PhaseName::Dns).is_some() {
        silent_resolvers(facts)
    } else if let Some(addresses) = facts.waits_in(hop.number, PhaseName::Tcp)
        && facts.chosen(hop.number).is_none()
    {
        addresses.iter().map(|&address| Subject { address, role }).collect()
    } else {
        return Vec::new();
    };
    let usable = |subject: &Subject| {
        facts
            .route_to(subject.address.ip())
            .is_none_or(|route| matches!(route.what.result, RouteResult::Found { .. }))
    };
    subjects.into_iter().filter(usable).collect()
}
