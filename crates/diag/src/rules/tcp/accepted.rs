//! A connection that is taken and ended at once, whatever is sent.

use plumb_evidence::observation::{
    ConnectOutcome, HelloOutcome, HelloProbe, HelloVariant, HttpError,
};
use plumb_evidence::{Finding, FindingId, Question, Severity, Where};

use crate::contact::ECONNRESET;
use crate::facts::{Facts, Seen};
use crate::rules::tls::{Ladder, client_cert, refusal};
use crate::walk::{Trouble, trouble};

/// Who ends connections that nobody used yet.
pub(crate) const REMEDY: &str = "on the server: see the log of the process behind the port, of the load balancer (no backend alive?) and of TCP wrappers (/etc/hosts.deny)";

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(cut) = cut(facts) else { return Vec::new() };
    let Some(nothing) = untouched(facts) else { return Vec::new() };
    if nothing.what.outcome == HelloOutcome::ConnectFailed {
        return reset_at_once(facts, cut).into_iter().collect();
    }
    let (id, how) = match nothing.what.outcome {
        HelloOutcome::Reset => (FindingId::TcpResetAfterAccept, "resets"),
        HelloOutcome::Closed => (FindingId::TcpClosedAfterAccept, "closes"),
        _ => return Vec::new(),
    };
    let address = nothing.what.address;
    let claim = format!("{address} takes the connection and {how} it before anything is sent");
    vec![
        Finding::new(id, Severity::Error, Where::Service, claim)
            .because(
                format!("a connection on which nothing was sent was ended too: it {how} it"),
                [nothing.seq],
            )
            .because("the walk's own connection was ended likewise", [cut])
            .try_next(REMEDY),
    ]
}

/// The RST comes so soon that it ends some connections while they open.
fn reset_at_once(facts: &Facts<'_>, cut: u32) -> Option<Finding> {
    let chosen = facts.chosen(facts.hop().number)?;
    let reset: Vec<u32> = facts
        .attempts(facts.hop().number)
        .filter(|seen| {
            matches!(seen.what.outcome, ConnectOutcome::Failed { errno: ECONNRESET, .. })
        })
        .map(|seen| seen.seq)
        .collect();
    if reset.is_empty() {
        return None;
    }
    let claim = format!(
        "{} takes the connection and resets it before anything is sent",
        chosen.what.address
    );
    Some(
        Finding::new(FindingId::TcpResetAfterAccept, Severity::Error, Where::Service, claim)
            .because("other connections were reset while they opened", reset)
            .because("the walk's own connection was ended likewise", [cut])
            .try_next("on the server: see the log of the process behind the port, and of the load balancer (no backend alive?)"),
    )
}

/// Whether the peer ends a connection by itself.
pub(crate) fn questions(facts: &Facts<'_>) -> Vec<Question> {
    let hop = facts.hop();
    let demanded = client_cert::is_demanded(facts) || facts.proxy_of(hop.number).is_some();
    if demanded || cut(facts).is_none() {
        return Vec::new();
    }
    let Some(chosen) = facts.chosen(hop.number) else { return Vec::new() };
    let server_name = (hop.scheme.is_tls() && hop.literal().is_none()).then(|| hop.host.clone());
    let variant = HelloVariant::Nothing;
    vec![Question::Hello { address: chosen.what.address, server_name, variant }]
}

/// The walk's connection was cut without a byte of an answer.
fn cut(facts: &Facts<'_>) -> Option<u32> {
    let hop = facts.hop();
    match trouble(facts)? {
        Trouble::Tls => {
            use plumb_evidence::observation::TlsOutcome;
            let ended = refusal::ended(facts)?;
            let cut = matches!(ended.what.outcome, TlsOutcome::Closed | TlsOutcome::Reset);
            (cut && ended.what.received_bytes == 0).then_some(ended.seq)
        }
        // After a handshake the server has been heard.
        Trouble::Http if !hop.scheme.is_tls() => {
            let failure = facts.http_failure(hop.number)?;
            matches!(failure.what.error, HttpError::EmptyReply | HttpError::Reset)
                .then_some(failure.seq)
        }
        _ => None,
    }
}

/// The connection on which nothing was sent, where the peer ended it.
pub(crate) fn untouched<'e>(facts: &Facts<'e>) -> Option<Seen<&'e HelloProbe>> {
    let address = facts.chosen(facts.hop().number)?.what.address;
    Ladder::at(facts, address).of(&HelloVariant::Nothing)
}

/// Whether the peer is known to end connections by itself.
pub(crate) fn ends_by_itself(facts: &Facts<'_>) -> bool {
    cut(facts).is_some()
        && untouched(facts).is_some_and(|seen| {
            matches!(seen.what.outcome, HelloOutcome::Closed | HelloOutcome::Reset)
        })
}
