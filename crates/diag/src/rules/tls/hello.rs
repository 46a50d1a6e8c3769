//! A handshake to which nothing answers: the hello is dropped on the way, the
//! server keeps silent, or it does not speak TLS at all.

use plumb_evidence::observation::{HelloOutcome, HelloVariant, TlsOutcome};
use plumb_evidence::{Finding, FindingId, Question, Severity, Where};

use super::Ladder;
use crate::facts::{Facts, Hop};
use crate::rules::net::mtu;
use crate::walk::{Trouble, trouble};
use crate::wording::seconds;

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    if !is_silent(facts) || !mtu::findings(facts).iter().all(|f| f.severity != Severity::Error) {
        return Vec::new();
    }
    let hop = facts.hop();
    let Some(address) = mtu::stuck(facts) else { return Vec::new() };
    let ladder = Ladder::at(facts, address);
    let found = if hello_acked(facts, hop) == Some(false) {
        dropped(&ladder).map(|found| finish(facts, hop, found))
    } else {
        acknowledged(facts, hop, &ladder)
    };
    found.into_iter().collect()
}

/// All at once: they run side by side.
pub(crate) fn questions(facts: &Facts<'_>) -> Vec<Question> {
    let hop = facts.hop();
    if !is_silent(facts) || facts.proxy_of(hop.number).is_some() {
        return Vec::new();
    }
    let Some(address) = mtu::stuck(facts) else { return Vec::new() };
    let server_name = hop.literal().is_none().then(|| hop.host.clone());
    // The same once more is the control: what it passes is not filtered.
    let mut variants = vec![HelloVariant::Same, HelloVariant::Small, HelloVariant::PlainBytes];
    if server_name.is_some() {
        variants.push(HelloVariant::NoServerName);
    }
    let mut wanted: Vec<Question> = variants
        .into_iter()
        .map(|variant| Question::Hello { address, server_name: server_name.clone(), variant })
        .collect();
    wanted.push(Question::PlainHttp { address, host: hop.host.clone() });
    wanted
}

/// The handshake of the walk waits, or waited in vain.
fn is_silent(facts: &Facts<'_>) -> bool {
    trouble(facts) == Some(Trouble::Tls) && mtu::stuck(facts).is_some()
}

/// The wait for an answer is over, in the handshake or behind it.
pub(crate) fn is_given_up(facts: &Facts<'_>) -> bool {
    let hop = facts.hop();
    match trouble(facts) {
        Some(Trouble::Tls) => is_over(facts, hop),
        Some(Trouble::Http) => {
            facts.http_failure(hop.number).is_some() || facts.body(hop.number).is_some()
        }
        _ => false,
    }
}

/// The wait is over: what was not said by now will not be.
fn is_over(facts: &Facts<'_>, hop: &Hop) -> bool {
    facts.handshake(hop.number).is_some_and(|seen| {
        matches!(seen.what.outcome, TlsOutcome::TimedOut | TlsOutcome::Abandoned)
    })
}

/// Whether the peer's TCP acknowledged the hello, if that was seen.
pub(crate) fn hello_acked(facts: &Facts<'_>, hop: &Hop) -> Option<bool> {
    let connection = facts.chosen(hop.number)?.what.connection;
    let state = facts.state(connection)?;
    let tcp = state.what.tcp;
    let queued = tcp.send_queue_bytes.map(|bytes| bytes > 0);
    Some(!queued.unwrap_or(tcp.unacked_segments > 0))
}

fn state_seqs(facts: &Facts<'_>, hop: &Hop) -> Vec<u32> {
    let chosen = facts.chosen(hop.number).map(|seen| seen.what.connection);
    let state = chosen.and_then(|connection| facts.state(connection));
    let handshake = facts.handshake(hop.number).map(|seen| seen.seq);
    state.map(|seen| seen.seq).into_iter().chain(handshake).collect()
}

/// The hello is never acknowledged: something on the way eats it.
fn dropped(ladder: &Ladder<'_>) -> Option<Finding> {
    if let Some(finding) = selective(ladder) {
        return Some(finding);
    }
    let silent: Vec<u32> = ladder
        .real()
        .filter(|seen| seen.what.outcome == HelloOutcome::Silent)
        .map(|seen| seen.seq)
        .collect();
    if silent.is_empty() || some_answered(ladder) {
        return None;
    }
    if let Some(plain) = ladder.plain_passes() {
        let claim = "something on the way drops every TLS ClientHello and lets other bytes pass";
        return Some(
            Finding::new(FindingId::TlsHelloDropped, Severity::Error, Where::Path, claim)
                .because("other hellos are not acknowledged either", silent)
                .ruled_out("the connection carries data: plain bytes arrive", [plain])
                .try_next("find the filter that looks into the connection (firewall, inspection, provider) and let TLS pass; another network or a VPN avoids it"),
        );
    }
    let plain = ladder
        .of(&HelloVariant::PlainBytes)
        .filter(|seen| seen.what.outcome == HelloOutcome::Silent)?;
    let claim = "the connection opens, but whatever is sent through it is dropped on the way";
    Some(
        Finding::new(FindingId::TcpPayloadDropped, Severity::Error, Where::Path, claim)
            .because("hellos are not acknowledged", silent)
            .because("plain bytes are not acknowledged either", [plain.seq])
            .try_next("find the stateful filter between that lets the handshake of TCP pass and drops data (asymmetric path, expired state); its counters show it"),
    )
}

/// Some hello was answered: then not every hello is lost or ignored.
pub(crate) fn some_answered(ladder: &Ladder<'_>) -> bool {
    ladder.real().any(|seen| super::ladder::spoke_tls(&seen.what.outcome))
}

/// One kind of hello passes where the usual one does not: again and again, or
/// it was mere bad luck.
fn selective(ladder: &Ladder<'_>) -> Option<Finding> {
    if ladder.answered(&HelloVariant::Same).is_some() {
        return None;
    }
    let large_fails = |small: u32| {
        ladder
            .real()
            .any(|seen| seen.what.outcome == HelloOutcome::Silent && seen.what.sent_bytes > small)
    };
    let small = ladder.answered(&HelloVariant::Small);
    if let Some(small) = small.filter(|small| large_fails(small.what.sent_bytes)) {
        let claim = "a large ClientHello gets no answer, a small one does: something cannot take a hello of more than one segment";
        return Some(
            Finding::new(FindingId::TlsHelloBigDropped, Severity::Error, Where::Unknown, claim)
                .because(format!("a hello of {} bytes is answered", small.what.sent_bytes), [small.seq])
                .try_next("update the load balancer or firewall in front of the server; until then switch post-quantum key shares off in the client"),
        );
    }
    let other = ladder.answered_unnamed()?;
    let named: Vec<u32> = ladder
        .real()
        .filter(|seen| matches!(seen.what.variant, HelloVariant::Small | HelloVariant::Same))
        .filter(|seen| seen.what.outcome == HelloOutcome::Silent)
        .map(|seen| seen.seq)
        .collect();
    if named.is_empty() {
        return None;
    }
    let claim = "a ClientHello with this server name is dropped; without it, one is answered";
    Some(
        Finding::new(FindingId::TlsHelloNameFiltered, Severity::Error, Where::Path, claim)
            .because("without the name a TLS server answers", [other.seq])
            .because("with the name nothing does", named)
            .try_next(
                "ask who runs the filter to allow this name; another network or a VPN avoids it",
            ),
    )
}

/// That the walk's own hello is stuck, and how.
fn finish(facts: &Facts<'_>, hop: &Hop, finding: Finding) -> Finding {
    let acked = match hello_acked(facts, hop) {
        Some(true) => "the server's TCP acknowledged the hello, and nothing else came",
        Some(false) => "the server's TCP never acknowledged the hello",
        None => "nothing answered the hello",
    };
    let finding = finding.because(acked, state_seqs(facts, hop));
    let large: Vec<u32> =
        facts.segments.iter().filter(|seen| !seen.what.answered).map(|seen| seen.seq).collect();
    if large.is_empty() {
        return finding;
    }
    finding.ruled_out("no black hole for large packets: small segments fail as well", large)
}

/// The hello arrived, and nothing comes back.
fn acknowledged(facts: &Facts<'_>, hop: &Hop, ladder: &Ladder<'_>) -> Option<Finding> {
    if let Some((seq, said)) = ladder.plaintext() {
        return Some(finish(facts, hop, super::refusal::plaintext(hop, &said, vec![seq])));
    }
    if let Some(finding) = selective(ladder) {
        return Some(finish(facts, hop, finding));
    }
    let silent: Vec<u32> = ladder
        .real()
        .filter(|seen| seen.what.outcome == HelloOutcome::Silent)
        .map(|seen| seen.seq)
        .collect();
    if !is_over(facts, hop) || silent.is_empty() || some_answered(ladder) {
        return None;
    }
    // Where nothing says whether hellos arrive, the probes' own TCP does.
    if hello_acked(facts, hop).is_none() && ladder.real().any(|seen| seen.what.acked == Some(false))
    {
        return dropped(ladder).map(|found| finish(facts, hop, found));
    }
    let waited = facts.handshake(hop.number).map_or(0, |seen| seen.what.duration_ns);
    let claim = format!(
        "the server takes the connection and the ClientHello but says nothing for {}",
        seconds(waited)
    );
    let finding = Finding::new(FindingId::TlsHandshakeSilent, Severity::Error, Where::Service, claim)
        .because("other hellos are not answered either", silent)
        .try_next(format!(
            "on the server: see why the process behind port {} does not answer (overload, no entropy, a stuck backend), and restart it",
            hop.port
        ));
    Some(finish(facts, hop, finding))
}
