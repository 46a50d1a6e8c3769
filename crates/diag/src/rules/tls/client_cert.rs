//! The server wants to see a certificate of the client.

use plumb_evidence::observation::{HttpError, TlsHandshake, TlsOutcome};
use plumb_evidence::{Finding, FindingId, Severity, Where};

use crate::facts::{Facts, Seen};
use crate::walk::{Trouble, trouble};

/// certificate_required, RFC 8446 section 6.2: no other reason exists.
const ALERT_CERTIFICATE_REQUIRED: u8 = 116;
/// What servers send before TLS 1.3, or for a certificate that they do not
/// like: handshake_failure and the certificate alerts, access_denied.
const ALERTS_ABOUT_CERTIFICATES: [u8; 9] = [40, 41, 42, 43, 44, 45, 46, 48, 49];

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    demanded(facts).into_iter().collect()
}

/// Whether that is why the walk ended.
pub(crate) fn is_demanded(facts: &Facts<'_>) -> bool {
    demanded(facts).is_some()
}

fn demanded(facts: &Facts<'_>) -> Option<Finding> {
    let hop = facts.hop();
    let handshake = facts.handshake(hop.number)?;
    let (seq, code, text) = ending(facts, handshake)?;
    let asked = handshake.what.client_certificate_requested;
    let sent = handshake.what.client_certificate_sent;
    let about = code.is_some_and(|code| ALERTS_ABOUT_CERTIFICATES.contains(&code));
    // A cut without an alert only counts where a certificate was asked for.
    let demanded = code == Some(ALERT_CERTIFICATE_REQUIRED) || (asked && (about || code.is_none()));
    if !demanded || (sent && code.is_none()) {
        return None;
    }
    let authorities = &handshake.what.client_certificate_authorities;
    let of = match authorities.as_slice() {
        [] => String::new(),
        names => format!(" of {}", crate::wording::list(names)),
    };
    let claim = if sent {
        format!("the server does not accept the client certificate that was sent; it wants one{of}")
    } else {
        format!("the server wants a client certificate{of}, and none was sent")
    };
    let mut finding =
        Finding::new(FindingId::TlsClientCertRequired, Severity::Error, Where::Host, claim)
            .because(text, [seq]);
    if asked {
        finding = finding.because("it asked for one in the handshake", [handshake.seq]);
    }
    if handshake.what.outcome == TlsOutcome::Done {
        finding = finding.ruled_out("TLS itself works: the handshake was done", [handshake.seq]);
    }
    Some(finding.try_next(format!("plumb check --cert CLIENT.pem --key CLIENT.key {}   # a certificate that this server's administrator issues", facts.target.text)))
}

/// How it ended: the event, the alert if there was one, and words.
fn ending(facts: &Facts<'_>, handshake: Seen<&TlsHandshake>) -> Option<(u32, Option<u8>, String)> {
    let alert = |code: u8, name: &str| format!("the server sent the alert {name} ({code})");
    match trouble(facts)? {
        Trouble::Tls => match &handshake.what.outcome {
            TlsOutcome::Alert { code, name } => {
                Some((handshake.seq, Some(*code), alert(*code, name)))
            }
            TlsOutcome::Closed | TlsOutcome::Reset => {
                Some((handshake.seq, None, "the server ended the connection".to_owned()))
            }
            _ => None,
        },
        Trouble::Http => {
            let failure = facts.http_failure(facts.hop().number)?;
            match failure.what.error {
                HttpError::Alert { code, name } => {
                    Some((failure.seq, Some(*code), alert(*code, name)))
                }
                HttpError::Reset | HttpError::EmptyReply => Some((
                    failure.seq,
                    None,
                    "the server ended the connection in place of a response".to_owned(),
                )),
                _ => None,
            }
        }
        Trouble::Names | Trouble::Connect | Trouble::Udp => None,
    }
}
