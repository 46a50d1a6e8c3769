//! The handshake and the certificate.

use plumb_evidence::Layer;
use plumb_evidence::observation::{Observation, PhaseName, TlsHandshake, TlsOutcome, TrustResult};

use super::{Mark, Row};
use crate::text::hop::HopView;
use crate::text::words;
use crate::units;

pub(super) fn row(hop: &HopView<'_>) -> Option<Row> {
    let handshake = hop.walk().rev().find_map(|what| match what {
        Observation::TlsHandshake(handshake) => Some(handshake),
        _ => None,
    })?;
    let (mark, text) = match &handshake.outcome {
        TlsOutcome::Done => done(handshake),
        TlsOutcome::Untrusted => (Mark::Bad, untrusted(handshake)),
        TlsOutcome::TimedOut => {
            (Mark::Bad, words::within("no answer to the hello", handshake.duration_ns))
        }
        outcome => (Mark::Bad, words::tls(outcome)),
    };
    let took = hop.phase_ns(PhaseName::Tls).or(Some(handshake.duration_ns));
    Some(Row::new(Layer::Tls, mark, text).took(took))
}

fn done(handshake: &TlsHandshake) -> (Mark, String) {
    let trusted = handshake.trust.as_ref().is_none_or(|trust| trust.result == TrustResult::Trusted);
    if !trusted {
        return (Mark::Doubt, format!("{} (let pass)", untrusted(handshake)));
    }
    let version = handshake.version.as_deref().unwrap_or("TLS");
    let mut text = version.replace("TLSv", "TLS ");
    for part in [&handshake.group, &handshake.alpn].into_iter().flatten() {
        text.push_str(", ");
        text.push_str(part);
    }
    if let Some(leaf) = handshake.chain.first() {
        text.push_str(&format!(", certificate until {}", units::date(leaf.not_after_unix_s)));
    }
    (Mark::Good, text)
}

fn untrusted(handshake: &TlsHandshake) -> String {
    let leaf = handshake.chain.first();
    match (handshake.trust.as_ref().map(|trust| &trust.result), leaf) {
        (Some(TrustResult::Expired), Some(leaf)) => {
            format!("the certificate expired on {}", units::date(leaf.not_after_unix_s))
        }
        (Some(TrustResult::NotYetValid), Some(leaf)) => {
            format!("the certificate is valid only from {}", units::date(leaf.not_before_unix_s))
        }
        (Some(TrustResult::WrongName), Some(leaf)) => {
            let names = leaf.names.iter().map(|name| name.trim_start_matches("dns:").to_owned());
            format!("the certificate is for {}", words::list(names, 2))
        }
        (Some(TrustResult::UnknownIssuer), Some(leaf)) => {
            format!("the certificate's issuer is unknown here: {}", leaf.issuer)
        }
        (Some(result), _) => format!("the certificate is {}", words::trust(result)),
        (None, _) => "the certificate does not verify".to_owned(),
    }
}
