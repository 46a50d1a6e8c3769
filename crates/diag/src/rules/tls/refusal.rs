//! A handshake that ends in an alert, a broken rule, a cut, or plain text.

use plumb_evidence::observation::{
    HelloOutcome, HelloVariant, HttpError, TlsHandshake, TlsOutcome,
};
use plumb_evidence::{Finding, FindingId, Question, Severity, Where};

use super::ladder::{OLDEST_RANK, looks_like_tls, version_rank};
use super::{Ladder, client_cert};
use crate::facts::{Facts, Hop, Seen};
use crate::walk::{Trouble, trouble};
use crate::wording::printable;

/// unrecognized_name, RFC 6066 section 3.
const ALERT_UNRECOGNIZED_NAME: u8 = 112;
/// no_application_protocol, RFC 7301 section 3.2.
const ALERT_NO_PROTOCOL: u8 = 120;

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    if let Some(finding) = late_alert(facts) {
        return vec![finding];
    }
    let Some(ended) = ended(facts) else { return Vec::new() };
    if client_cert::is_demanded(facts) {
        return Vec::new();
    }
    let hop = facts.hop();
    let handshake = ended.what;
    let ladder = Ladder::at(facts, address(facts, hop));
    let plain = said_plainly(handshake)
        .map(|said| (ended.seq, said))
        .or_else(|| (!is_alert(handshake)).then(|| ladder.plaintext()).flatten());
    if let Some((seq, said)) = plain {
        return vec![plaintext(hop, &said, vec![seq, ended.seq])];
    }
    let finding = short_key(ended)
        .or_else(|| too_old(&ladder, ended))
        .or_else(|| mismatch(&ladder, ended))
        .or_else(|| filtered(&ladder, ended))
        .unwrap_or_else(|| as_seen(hop, ended, &ladder));
    vec![finding]
}

/// Which versions the server does speak; for a cut, who makes it.
pub(crate) fn questions(facts: &Facts<'_>) -> Vec<Question> {
    let hop = facts.hop();
    let Some(ended) = ended(facts) else { return Vec::new() };
    let named = matches!(
        ended.what.outcome,
        TlsOutcome::Alert { code: ALERT_UNRECOGNIZED_NAME | ALERT_NO_PROTOCOL, .. }
    );
    let through_proxy = facts.proxy_of(hop.number).is_some();
    if named || through_proxy || client_cert::is_demanded(facts) {
        return Vec::new();
    }
    if said_plainly(ended.what).is_some() {
        return Vec::new();
    }
    let address = address(facts, hop);
    let server_name = hop.literal().is_none().then(|| hop.host.clone());
    let mut variants: Vec<HelloVariant> = ["TLSv1.2", "TLSv1.1", "TLSv1.0"]
        .into_iter()
        .map(|version| HelloVariant::MaxVersion { version: version.to_owned() })
        .collect();
    let cut = matches!(ended.what.outcome, TlsOutcome::Closed | TlsOutcome::Reset);
    if cut {
        variants.push(HelloVariant::Nothing);
        variants.push(HelloVariant::Small);
        if server_name.is_some() {
            variants.push(HelloVariant::NoServerName);
        }
    }
    let mut wanted: Vec<Question> = variants
        .into_iter()
        .map(|variant| Question::Hello { address, server_name: server_name.clone(), variant })
        .collect();
    if !is_alert(ended.what) {
        wanted.push(Question::PlainHttp { address, host: hop.host.clone() });
    }
    wanted
}

/// The handshake, where the peer ended it.
pub(crate) fn ended<'e>(facts: &Facts<'e>) -> Option<Seen<&'e TlsHandshake>> {
    if trouble(facts) != Some(Trouble::Tls) {
        return None;
    }
    let seen = facts.handshake(facts.hop().number)?;
    let ended = matches!(
        seen.what.outcome,
        TlsOutcome::Alert { .. }
            | TlsOutcome::NotTls
            | TlsOutcome::Protocol { .. }
            | TlsOutcome::Closed
            | TlsOutcome::Reset
    );
    ended.then_some(seen)
}

/// Where raw hellos go: the address that the walk used.
fn address(facts: &Facts<'_>, hop: &Hop) -> std::net::SocketAddr {
    let unknown = std::net::SocketAddr::from(([0, 0, 0, 0], hop.port));
    facts.chosen(hop.number).map_or(unknown, |seen| seen.what.address)
}

fn is_alert(handshake: &TlsHandshake) -> bool {
    matches!(handshake.outcome, TlsOutcome::Alert { .. })
}

/// What a server said that does not speak TLS.
fn said_plainly(handshake: &TlsHandshake) -> Option<String> {
    let bytes = &handshake.first_bytes;
    if bytes.is_empty() || looks_like_tls(bytes) {
        return None;
    }
    let text = bytes.iter().take(4).all(|&b| b.is_ascii_graphic() || b == b' ');
    (handshake.outcome == TlsOutcome::NotTls || text).then(|| format!("{:?}", printable(bytes)))
}

/// The server on a TLS port speaks in the clear.
pub(crate) fn plaintext(hop: &Hop, said: &str, seqs: Vec<u32>) -> Finding {
    let claim = format!("the server at port {} does not speak TLS: it says {said}", hop.port);
    let scheme = if hop.scheme.is_http() { "http" } else { "tcp" };
    Finding::new(FindingId::TlsServerPlaintext, Severity::Error, Where::Service, claim)
        .because(format!("it answers {said}"), seqs)
        .try_next(format!(
            "on the server: switch TLS on for port {} (nginx: listen {} ssl); or use {scheme}://{}:{}",
            hop.port, hop.port, hop.host, hop.port
        ))
}

/// The server signs the handshake with a key that this client finds too weak.
fn short_key(ended: Seen<&TlsHandshake>) -> Option<Finding> {
    // What the libraries of today's clients accept at least (RFC 9325 section 4.1).
    const RSA_MIN_BITS: u32 = 2048;
    let TlsOutcome::Protocol { text } = &ended.what.outcome else { return None };
    let key = &ended.what.chain.first()?.key;
    let bits: u32 = key.strip_prefix("RSA ")?.parse().ok()?;
    if bits >= RSA_MIN_BITS {
        return None;
    }
    let claim = format!(
        "the key of the server's certificate is too short for clients of today: RSA, {bits} bits, where they want {RSA_MIN_BITS}"
    );
    Some(
        Finding::new(FindingId::TlsCertUntrusted, Severity::Error, Where::Service, claim)
            .because(format!("its key is RSA with {bits} bits"), [ended.seq])
            .because(format!("the signature made with it is not accepted: {text}"), [ended.seq])
            .try_next("on the server: make a new key (ECDSA P-256, or RSA with 2048 bits) and get a certificate for it"),
    )
}

/// It answers older versions only.
fn too_old(ladder: &Ladder<'_>, ended: Seen<&TlsHandshake>) -> Option<Finding> {
    let (seq, version, _) = ladder.best_version()?;
    let rank = version_rank(version);
    if rank == 0 || rank >= OLDEST_RANK {
        return None;
    }
    let claim =
        format!("the server speaks {version} at most; clients today want TLSv1.2 or TLSv1.3");
    Some(
        Finding::new(FindingId::TlsVersionTooOld, Severity::Error, Where::Service, claim)
            .because(format!("a raw hello is answered with {version}"), [seq])
            .because(described(ended.what), [ended.seq])
            .try_next("on the server: enable TLSv1.2 and TLSv1.3 (nginx: ssl_protocols TLSv1.2 TLSv1.3), with a TLS library that has them"),
    )
}

/// It speaks a current version, but with none of the walk's suites.
fn mismatch(ladder: &Ladder<'_>, ended: Seen<&TlsHandshake>) -> Option<Finding> {
    let (seq, version, suite) = ladder.best_version()?;
    let handshake_failure =
        matches!(ended.what.outcome, TlsOutcome::Alert { code: 40 | 47 | 71, .. });
    let refused = handshake_failure || matches!(ended.what.outcome, TlsOutcome::Protocol { .. });
    // A server that shows its certificate has chosen a suite; one that answers
    // the small hello, or takes a suite which the walk offers too, has no
    // quarrel with the suites: groups, signatures and versions are left.
    let content = !ended.what.chain.is_empty()
        || ladder.answered(&HelloVariant::Small).is_some()
        || is_offered(suite);
    if !refused || content {
        return None;
    }
    let claim =
        format!("the server and this client share no cipher suite: it wants {suite} ({version})");
    Some(
        Finding::new(FindingId::TlsCipherMismatch, Severity::Error, Where::Service, claim)
            .because(format!("offered every suite, it takes {suite}"), [seq])
            .because(described(ended.what), [ended.seq])
            .try_next("on the server: enable ECDHE suites with AES-GCM or ChaCha20-Poly1305 (nginx: ssl_ciphers HIGH:!aNULL)"),
    )
}

/// Whether the walk offers this suite: those of TLS 1.3, and the ECDHE suites
/// of TLS 1.2 with AES-GCM or ChaCha20-Poly1305.
fn is_offered(suite: &str) -> bool {
    let tls13 = !suite.contains("_WITH_");
    let aead = suite.contains("_GCM_") || suite.contains("_CHACHA20_");
    tls13 || suite.starts_with("TLS_ECDHE_") && aead
}

/// With the name it is cut, without it is answered.
fn filtered(ladder: &Ladder<'_>, ended: Seen<&TlsHandshake>) -> Option<Finding> {
    if !matches!(ended.what.outcome, TlsOutcome::Reset | TlsOutcome::Closed) {
        return None;
    }
    let other = ladder.answered_unnamed()?;
    let small = ladder.of(&HelloVariant::Small)?;
    if super::ladder::spoke_tls(&small.what.outcome) {
        return None;
    }
    let claim = "a ClientHello with this server name is cut off; without it, one is answered";
    Some(
        Finding::new(FindingId::TlsHelloNameFiltered, Severity::Error, Where::Unknown, claim)
            .because("without the name a TLS server answers", [other.seq])
            .because("with the name the connection is cut", [ended.seq, small.seq])
            .try_next("ask who runs the filter, or the server, to accept this name; another network tells which of the two it is"),
    )
}

/// An alert by name and number; one without a name is its number alone.
fn alert(code: u8, name: &str) -> String {
    if name.contains(&code.to_string()) { code.to_string() } else { format!("{name} ({code})") }
}

/// How the handshake ended, in words.
fn described(handshake: &TlsHandshake) -> String {
    match &handshake.outcome {
        TlsOutcome::Alert { code, name } => {
            format!("the server sent the alert {}", alert(*code, name))
        }
        TlsOutcome::Protocol { text } => format!("the handshake failed: {text}"),
        TlsOutcome::Closed => "the server closed the connection in the handshake".to_owned(),
        TlsOutcome::Reset => "a RST ended the handshake".to_owned(),
        TlsOutcome::NotTls => "what came is not TLS".to_owned(),
        _ => "the handshake did not end well".to_owned(),
    }
}

/// No more than was seen.
fn as_seen(hop: &Hop, ended: Seen<&TlsHandshake>, ladder: &Ladder<'_>) -> Finding {
    let text = described(ended.what);
    let error = |id, place, claim: String| {
        Finding::new(id, Severity::Error, place, claim).because(text.clone(), [ended.seq])
    };
    match &ended.what.outcome {
        TlsOutcome::Alert { code: ALERT_UNRECOGNIZED_NAME, .. } => {
            let claim = format!("the server knows no site named {}", hop.host);
            error(FindingId::TlsNameUnrecognized, Where::Service, claim)
                .try_next(format!("on the server: add {} to its sites (nginx: server_name), or use the name that it has", hop.host))
        }
        TlsOutcome::Alert { code, name } => {
            let claim =
                format!("the server ends the handshake with the alert {}", alert(*code, name));
            error(FindingId::TlsAlert, Where::Service, claim)
                .try_next("see the server's error log at this time: it knows why it sent the alert")
        }
        TlsOutcome::Closed | TlsOutcome::Reset => {
            let claim = format!("the handshake is cut: {text}");
            let finding = error(FindingId::TlsHandshakeCut, Where::Unknown, claim);
            let waits = ladder
                .of(&HelloVariant::Nothing)
                .filter(|seen| seen.what.outcome == HelloOutcome::Silent);
            let finding = match waits {
                Some(seen) => finding.ruled_out(
                    "it is the hello: a connection on which nothing is sent stays open",
                    [seen.seq],
                ),
                None => finding,
            };
            finding.try_next("see the server's error log at this time; if it has no line, something on the way cuts the connection")
        }
        _ => {
            let claim = format!("the handshake breaks a rule of TLS: {text}");
            error(FindingId::TlsProtocolError, Where::Service, claim)
                .try_next("update the server's TLS software, or what sits in front of it")
        }
    }
}

/// An alert in place of a response, after the handshake seemed done.
fn late_alert(facts: &Facts<'_>) -> Option<Finding> {
    if trouble(facts) != Some(Trouble::Http) || client_cert::is_demanded(facts) {
        return None;
    }
    let failure = facts.http_failure(facts.hop().number)?;
    let HttpError::Alert { code, name } = failure.what.error else { return None };
    let claim = format!("the server ends the session with the alert {}", alert(*code, name));
    Some(
        Finding::new(FindingId::TlsAlert, Severity::Error, Where::Service, claim)
            .because("the alert came in place of a response", [failure.seq])
            .try_next("see the server's error log at this time: it knows why it sent the alert"),
    )
}
