//! Bodies that end early, stall, or are not what they claim to be.

use plumb_evidence::observation::{BodyEnd, HttpBody};
use plumb_evidence::{Finding, FindingId, Severity, Where};

use crate::facts::{Facts, Seen};
use crate::rules::net::mtu;
use crate::walk::{Trouble, trouble};
use crate::wording::seconds;

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    if trouble(facts) != Some(Trouble::Http) {
        return Vec::new();
    }
    let Some(body) = facts.body(facts.hop().number) else { return Vec::new() };
    let framing = ended(facts, body);
    framing.or_else(|| encoding(body)).into_iter().collect()
}

fn error(id: FindingId, place: Where, claim: String) -> Finding {
    Finding::new(id, Severity::Error, place, claim)
}

/// How much came, of how much.
fn amount(body: &HttpBody) -> String {
    match body.declared_bytes {
        Some(declared) => format!("{} of {declared} bytes", body.received_bytes),
        None => format!("{} bytes and no end", body.received_bytes),
    }
}

fn ended(facts: &Facts<'_>, seen: Seen<&HttpBody>) -> Option<Finding> {
    let body = seen.what;
    let came = amount(body);
    match &body.ended {
        BodyEnd::Complete | BodyEnd::Limit => None,
        BodyEnd::Short => Some(
            error(FindingId::HttpBodyTruncated, Where::Service, format!("the body breaks off: {came} came, then the end of the connection"))
                .because(format!("{came} came"), [seen.seq])
                .try_next("on the server: see why the application or what sits in front of it ends early (its log, a full disk, a wrong Content-Length)"),
        ),
        BodyEnd::Reset => Some(
            error(FindingId::HttpResponseReset, Where::Unknown, format!("a RST ends the body: {came} came"))
                .because(format!("{came} came, then a RST"), [seen.seq])
                .try_next("on the server: see whether the process or a balancer resets (its log); if neither does, something on the way does"),
        ),
        BodyEnd::Stalled => stalled(facts, seen, &came),
        BodyEnd::Malformed { text } => Some(
            error(FindingId::HttpProtocolError, Where::Service, format!("the body's framing is wrong: {text}"))
                .because(format!("{text}, after {came}"), [seen.seq])
                .try_next("on the server: see what writes the response, and what sits in front of it"),
        ),
    }
}

/// From the receiving side, a server that stops and a path that stops look
/// alike.
fn stalled(facts: &Facts<'_>, seen: Seen<&HttpBody>, came: &str) -> Option<Finding> {
    if mtu::findings(facts).iter().any(|finding| finding.severity == Severity::Error) {
        return None;
    }
    let claim = format!("the body stops in the middle: {came} came, then nothing more");
    let state = facts.state(seen.what.connection);
    let finding = error(FindingId::HttpBodyStalled, Where::Unknown, claim).because(
        format!("{came} came in {}, then nothing", seconds(seen.what.duration_ns)),
        [seen.seq],
    );
    let finding = match state {
        Some(state) => finding.because(
            format!("the connection is open and silent for {}", seconds(state.what.silent_ns)),
            [state.seq],
        ),
        None => finding,
    };
    Some(
        finding
            .candidates([FindingId::HttpBodyStalled, FindingId::TcpStalled])
            .try_next("on the server: see whether the application still writes (its log, ss -ti for the connection): if it does and nothing arrives, a filter on the way stops it"),
    )
}

fn encoding(seen: Seen<&HttpBody>) -> Option<Finding> {
    let error_text = seen.what.encoding_error.as_deref()?;
    let encoding = seen.what.encoding.as_deref().unwrap_or("its encoding");
    let claim = format!("the body says that it is {encoding} and is not: {error_text}");
    Some(
        error(FindingId::HttpEncodingCorrupt, Where::Service, claim)
            .because(format!("Content-Encoding: {encoding}, but decoding fails: {error_text}"), [seen.seq])
            .ruled_out("the body came whole", [seen.seq])
            .try_next("on the server: compress once and declare it, or not at all (look for a proxy that decodes and keeps the header)"),
    )
}
