//! Responses that do not come, come late, or are none.

use plumb_evidence::observation::{HelloVariant, HttpError, HttpResponse};
use plumb_evidence::{Finding, FindingId, Question, Severity, Where};

use super::answerer;
use crate::facts::{Facts, Hop, HttpFailureSeen, Seen};
use crate::rules::net::mtu;
use crate::rules::tcp::accepted;
use crate::rules::tls::{Ladder, client_cert, hello};
use crate::walk::{Trouble, trouble};
use crate::wording::{printable, seconds};

/// A wait for the first byte, less the round trip, that is slow: people leave
/// pages that take longer, and no healthy server thinks so long.
const SLOW_NS: u64 = 2_000_000_000;

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        facts.hops.iter().find_map(|hop| slow(facts, hop)).into_iter().collect();
    if trouble(facts) == Some(Trouble::Http) {
        findings.extend(expects_tls(facts).or_else(|| failed(facts)));
    }
    findings
}

/// Whether a port that takes no plain HTTP speaks TLS.
pub(crate) fn questions(facts: &Facts<'_>) -> Vec<Question> {
    let hop = facts.hop();
    if trouble(facts) != Some(Trouble::Http)
        || hop.scheme.is_tls()
        || facts.proxy_of(hop.number).is_some()
    {
        return Vec::new();
    }
    let Some(chosen) = facts.chosen(hop.number) else { return Vec::new() };
    let cut = facts
        .http_failure(hop.number)
        .is_some_and(|seen| matches!(seen.what.error, HttpError::EmptyReply | HttpError::Reset));
    // The usual port of plain HTTP that says "bad request" means the request.
    let refused =
        hop.port != 80 && facts.response(hop.number).is_some_and(|seen| seen.what.status == 400);
    if !cut && !refused {
        return Vec::new();
    }
    let server_name = hop.literal().is_none().then(|| hop.host.clone());
    let variant = HelloVariant::Small;
    vec![Question::Hello { address: chosen.what.address, server_name, variant }]
}

fn error(id: FindingId, place: Where, claim: impl Into<String>) -> Finding {
    Finding::new(id, Severity::Error, place, claim)
}

/// A TLS server answered a hello on the port where plain HTTP was spoken.
pub(crate) fn answers_tls(facts: &Facts<'_>) -> Option<u32> {
    let hop = facts.hop();
    if hop.scheme.is_tls() {
        return None;
    }
    let address = facts.chosen(hop.number)?.what.address;
    Ladder::at(facts, address).answered(&HelloVariant::Small).map(|seen| seen.seq)
}

fn expects_tls(facts: &Facts<'_>) -> Option<Finding> {
    use crate::rules::tls::looks_like_tls;
    let hop = facts.hop();
    if hop.scheme.is_tls() {
        return None;
    }
    let failure = facts.http_failure(hop.number);
    let alert = failure.and_then(|seen| match seen.what.error {
        HttpError::NotHttp { first_bytes } if looks_like_tls(first_bytes) => Some(seen.seq),
        HttpError::Alert { .. } => Some(seen.seq),
        _ => None,
    });
    let hello = answers_tls(facts);
    let proof = alert.or(hello)?;
    let text =
        if alert.is_some() { "it answers with a TLS record" } else { "it answers a ClientHello" };
    let claim = format!("port {} of {} speaks TLS, and plain HTTP was sent", hop.port, hop.host);
    let ended = failure.map(|seen| seen.seq).or(facts.response(hop.number).map(|seen| seen.seq));
    let finding = error(FindingId::HttpToTlsPort, Where::Host, claim).because(text, [proof]);
    let finding = match ended.filter(|seq| *seq != proof) {
        Some(seq) => finding.because("the plain request failed", [seq]),
        None => finding,
    };
    let port = if hop.port == 443 { String::new() } else { format!(":{}", hop.port) };
    Some(finding.try_next(format!("use https://{}{port}/", hop.host)))
}

/// The exchange ended without a response.
fn failed(facts: &Facts<'_>) -> Option<Finding> {
    let hop = facts.hop();
    let failure = facts.http_failure(hop.number)?;
    let through_proxy = facts.proxy_answers.iter().any(|seen| {
        seen.hop == hop.number && seen.what.status.is_none_or(|s| !(200..300).contains(&s))
    });
    if through_proxy || client_cert::is_demanded(facts) || accepted::ends_by_itself(facts) {
        return None;
    }
    let (who, place) = answerer(facts, hop);
    match failure.what.error {
        HttpError::TimedOut => silent(facts, hop, failure),
        HttpError::EmptyReply => Some(
            error(FindingId::HttpResponseEmpty, place, format!("{who} takes the request and closes the connection without a response"))
                .because("end of stream before the first byte of a response", [failure.seq])
                .try_next("on the server: see why the process behind the port ends or drops the request (its log, its crash reports)"),
        ),
        HttpError::Reset => Some(
            error(FindingId::HttpResponseReset, Where::Unknown, "a RST ends the connection in place of a response")
                .because("connection reset before the first byte of a response", [failure.seq])
                .try_next("on the server: see whether the process or a balancer resets (its log); if neither does, something on the way does"),
        ),
        HttpError::NotHttp { first_bytes } => {
            let said = printable(first_bytes);
            let claim = format!("{who} does not speak HTTP: it says {said:?}");
            Some(
                error(FindingId::HttpResponseNotHttp, place, claim)
                    .because(format!("the first bytes are {said:?}"), [failure.seq])
                    .try_next(format!("use the program for that protocol, or the port of the web server in place of {}", hop.port)),
            )
        }
        HttpError::Protocol { .. } => {
            let text = failure.what.text;
            Some(
                error(FindingId::HttpProtocolError, place, format!("the response breaks a rule of HTTP: {text}"))
                    .because(text.to_owned(), [failure.seq])
                    .try_next("on the server: see what writes the response, and what sits in front of it"),
            )
        }
        HttpError::Alert { .. } | HttpError::Abandoned => None,
    }
}

/// Nothing came: the request was taken and not answered, or never arrived.
fn silent(facts: &Facts<'_>, hop: &Hop, failure: Seen<HttpFailureSeen<'_>>) -> Option<Finding> {
    if mtu::findings(facts).iter().any(|finding| finding.severity == Severity::Error) {
        return None;
    }
    let state = facts.state(failure.what.connection);
    let seqs: Vec<u32> = state.map(|seen| seen.seq).into_iter().chain([failure.seq]).collect();
    if let Some(finding) = broke_off(facts, hop, failure) {
        return Some(finding);
    }
    let acked = hello::hello_acked(facts, hop);
    // A full queue alone may be a server that does not read.
    let resent = state.is_some_and(|seen| seen.what.tcp.retransmits > 0);
    if acked == Some(false) && resent {
        return Some(
            error(FindingId::TcpPayloadDropped, Where::Path, "the connection opens, but the request is dropped on the way")
                .because("the request was sent again and again and never acknowledged", seqs)
                .try_next("find the filter between that lets the handshake of TCP pass and drops data (inspection, asymmetric path); its counters show it"),
        );
    }
    if let Some(finding) = unfinished(facts, hop, failure) {
        return Some(finding);
    }
    let waited = state.map_or(0, |seen| seen.what.silent_ns).max(1);
    let request = facts.request(hop.number);
    let (who, place) = answerer(facts, hop);
    let mut finding = error(
        FindingId::HttpResponseSilent,
        place,
        format!("{who} takes the request and never answers it"),
    )
    .because(
        if waited > 1 {
            format!("nothing came, at last for {}", seconds(waited))
        } else {
            "nothing came within the time-out".to_owned()
        },
        seqs,
    );
    if let Some(state) = state.filter(|_| acked == Some(true)) {
        finding = finding.ruled_out("the request arrived: TCP acknowledged all of it", [state.seq]);
    }
    if let Some(request) = request {
        finding = finding.because(format!("{} was sent", request.what.method), [request.seq]);
    }
    if let Some(handshake) = small_handshake(facts, hop) {
        finding.claim = "the request is sent, and no answer comes back".to_owned();
        finding.place = Where::Unknown;
        finding = finding
            .because("nothing larger than the small handshake ever came back", [handshake])
            .candidates([FindingId::HttpResponseSilent, FindingId::NetMtuBlackhole])
            .try_next(format!(
                "ping -M do -s 1400 {}   # whether large packets vanish on the way",
                hop.host
            ));
    }
    Some(finding.try_next("on the server: see what the application waits for (a database, a lock, all workers busy), and restart it if it is stuck"))
}

/// Much more came than the handshake, but no whole head of a response: the
/// answer began and stopped.
fn broke_off(facts: &Facts<'_>, hop: &Hop, failure: Seen<HttpFailureSeen<'_>>) -> Option<Finding> {
    // Session tickets, settings and acknowledgements of HTTP/2 stay below.
    const CHATTER_BYTES: u64 = 2_048;
    // Longer than any server takes between two pieces that it has.
    const PAUSE_NS: u64 = 500_000_000;
    let state = facts.state(failure.what.connection)?;
    let handshake = facts.handshake(hop.number)?.what.received_bytes;
    let came = state.what.tcp.received_bytes?.checked_sub(handshake)?;
    // What still comes has not stopped.
    let goes_on = state.what.silent_ns < PAUSE_NS;
    if !hop.scheme.is_tls() || came < CHATTER_BYTES || goes_on {
        return None;
    }
    let claim = format!("the answer stops in the middle: {came} bytes came, then nothing more");
    let mut finding = error(FindingId::TcpStalled, Where::Unknown, claim)
        .because(
            format!(
                "{came} bytes came after the handshake, then nothing for {}",
                seconds(state.what.silent_ns)
            ),
            [state.seq, failure.seq],
        )
        .candidates([FindingId::HttpBodyStalled, FindingId::TcpStalled]);
    if state.what.tcp.unacked_segments > 0 && state.what.tcp.retransmits > 0 {
        finding = finding.because("what this host sends is not acknowledged any more", [state.seq]);
    }
    Some(finding.try_next("on the server: see whether the application still writes (its log, ss -ti for the connection): if it does and nothing arrives, a filter on the way stops it"))
}

/// The handshake, where it was too small to prove that full segments arrive.
fn small_handshake(facts: &Facts<'_>, hop: &Hop) -> Option<u32> {
    let chosen = facts.chosen(hop.number)?;
    let full = u64::from(chosen.what.tcp.as_ref()?.advertised_mss_bytes);
    let handshake = facts.handshake(hop.number)?;
    (handshake.what.received_bytes < full).then_some(handshake.seq)
}

/// Bytes kept coming, and no whole head of a response: it drips, or interim
/// responses follow each other without an end.
fn unfinished(facts: &Facts<'_>, hop: &Hop, failure: Seen<HttpFailureSeen<'_>>) -> Option<Finding> {
    // TLS sends tickets of its own right after the handshake, so that only what
    // comes well after the request is the server's answer to it.
    const TICKETS_NS: u64 = 500_000_000;
    let state = facts.state(failure.what.connection)?;
    let request = facts.request(hop.number)?;
    // HTTP/2 servers send frames of their own while the application thinks.
    if !request.what.version.starts_with("HTTP/1") {
        return None;
    }
    let sent_ns = request.what.start_ns.saturating_add(request.what.duration_ns);
    let last_ns = state.what.at_ns.saturating_sub(state.what.silent_ns);
    let began = if hop.scheme.is_tls() {
        last_ns > sent_ns.saturating_add(TICKETS_NS)
    } else {
        state.what.tcp.received_bytes.is_some_and(|bytes| bytes > 0)
    };
    if !began {
        return None;
    }
    let (who, place) = answerer(facts, hop);
    let claim = format!(
        "{who} sends bytes, but no whole head of a response within {}",
        seconds(state.what.at_ns.saturating_sub(sent_ns))
    );
    Some(
        error(FindingId::HttpResponseSlow, place, claim)
            .because(
                format!("the last bytes came {} before the end", seconds(state.what.silent_ns)),
                [state.seq],
            )
            .because("the response has not begun by then, or only interim ones came", [failure.seq])
            .try_next("on the server: see what writes the response piece by piece (the application, a proxy that sends 1xx responses)"),
    )
}

/// The response came, but late.
fn slow(facts: &Facts<'_>, hop: &Hop) -> Option<Finding> {
    let seen = facts.response(hop.number)?;
    let round_trip = round_trip_ns(facts, hop, seen.what);
    let thought = seen.what.duration_ns.saturating_sub(round_trip);
    if thought < SLOW_NS {
        return None;
    }
    let claim = format!(
        "the server takes {} to begin its answer; the way there and back takes {}",
        seconds(thought),
        seconds(round_trip)
    );
    if let Some(finding) = slow_by_loss(hop, seen, thought) {
        return Some(finding);
    }
    Some(
        Finding::new(FindingId::HttpResponseSlow, Severity::Warning, Where::Service, claim)
            .because(format!("first byte after {}", seconds(seen.what.duration_ns)), [seen.seq])
            .ruled_out(
                format!("the path is not slow: round trip {}", seconds(round_trip)),
                [facts.chosen(hop.number).map_or(seen.seq, |chosen| chosen.seq)],
            )
            .try_next("on the server: see what the application does in that time (its log, a profile, its database)"),
    )
}

/// On a path that lost segments of this host, and so perhaps the answer too,
/// nothing is known of how long the server thought.
fn slow_by_loss(hop: &Hop, seen: Seen<&HttpResponse>, waited_ns: u64) -> Option<Finding> {
    // One alone may be the kernel's probe for a late acknowledgement.
    const RESENT_MIN: u32 = 2;
    let resent = seen.what.tcp.as_ref()?.total_retransmits;
    if resent < RESENT_MIN {
        return None;
    }
    let claim =
        format!("the answer begins only after {}, and segments get lost", seconds(waited_ns));
    Some(
        Finding::new(FindingId::HttpResponseSlow, Severity::Warning, Where::Unknown, claim)
            .because(format!("first byte after {}", seconds(seen.what.duration_ns)), [seen.seq])
            .because(format!("this host had to send {resent} segments again"), [seen.seq])
            .candidates([FindingId::HttpResponseSlow, FindingId::NetPathLossy])
            .try_next(format!("ping -c 100 {}   # how many are lost; none: see on the server what the application does in that time", hop.host)),
    )
}

/// The smallest known round trip.
fn round_trip_ns(facts: &Facts<'_>, hop: &Hop, response: &HttpResponse) -> u64 {
    let of_tcp =
        response.tcp.as_ref().map(|tcp| u64::from(tcp.rtt_min_us.unwrap_or(tcp.rtt_us)) * 1_000);
    let of_connect = facts.chosen(hop.number).map(|seen| seen.what.duration_ns);
    of_tcp.into_iter().chain(of_connect).min().unwrap_or(0)
}
