//! What raw hellos, and plain bytes in their place, met at one address.

use std::net::SocketAddr;

use plumb_evidence::observation::{HelloOutcome, HelloProbe, HelloVariant};

use crate::facts::{Facts, PlainSeen, Seen};

/// The rungs that were climbed.
#[derive(Debug)]
pub(crate) struct Ladder<'e> {
    hellos: Vec<Seen<&'e HelloProbe>>,
    plain: Option<Seen<PlainSeen<'e>>>,
}

impl<'e> Ladder<'e> {
    pub(crate) fn at(facts: &Facts<'e>, address: SocketAddr) -> Ladder<'e> {
        let of = |seen: &&Seen<&'e HelloProbe>| seen.what.address == address;
        Ladder {
            hellos: facts.hellos.iter().filter(of).copied().collect(),
            plain: facts.plain.iter().rev().find(|seen| seen.what.address == address).copied(),
        }
    }

    /// The last probe of this kind.
    pub(crate) fn of(&self, variant: &HelloVariant) -> Option<Seen<&'e HelloProbe>> {
        self.hellos.iter().rev().find(|seen| seen.what.variant == *variant).copied()
    }

    /// Real hellos: neither plain bytes nor nothing.
    pub(crate) fn real(&self) -> impl Iterator<Item = &Seen<&'e HelloProbe>> {
        self.hellos.iter().filter(|seen| {
            !matches!(seen.what.variant, HelloVariant::PlainBytes | HelloVariant::Nothing)
        })
    }

    /// The probe of this kind, where a TLS server answered it.
    pub(crate) fn answered(&self, variant: &HelloVariant) -> Option<Seen<&'e HelloProbe>> {
        self.of(variant).filter(|seen| spoke_tls(&seen.what.outcome))
    }

    /// A hello without the server's name, or with another, was answered.
    pub(crate) fn answered_unnamed(&self) -> Option<Seen<&'e HelloProbe>> {
        self.real()
            .find(|seen| {
                matches!(
                    seen.what.variant,
                    HelloVariant::NoServerName | HelloVariant::OtherServerName { .. }
                ) && spoke_tls(&seen.what.outcome)
            })
            .copied()
    }

    /// Bytes that are no TLS came through: they were acknowledged or answered.
    pub(crate) fn plain_passes(&self) -> Option<u32> {
        let bytes = self.of(&HelloVariant::PlainBytes).filter(|seen| {
            seen.what.acked == Some(true)
                || !matches!(seen.what.outcome, HelloOutcome::Silent | HelloOutcome::ConnectFailed)
        });
        bytes.map(|seen| seen.seq).or_else(|| {
            let plain = self.plain?;
            (plain.what.status.is_some() || !plain.what.first_bytes.is_empty()).then_some(plain.seq)
        })
    }

    /// What the server says in the clear: a status, or the first bytes. One that
    /// answers a hello does speak TLS, and says so to who does not.
    pub(crate) fn plaintext(&self) -> Option<(u32, String)> {
        if self.real().any(|seen| spoke_tls(&seen.what.outcome)) {
            return None;
        }
        if let Some(seen) = self.plain {
            if let Some(status) = seen.what.status {
                return Some((seen.seq, format!("status {status} to a plain HTTP request")));
            }
            if !seen.what.first_bytes.is_empty() && !looks_like_tls(seen.what.first_bytes) {
                let said = crate::wording::printable(seen.what.first_bytes);
                return Some((seen.seq, format!("{said:?} to a plain HTTP request")));
            }
        }
        self.hellos.iter().find_map(|seen| match &seen.what.outcome {
            HelloOutcome::OtherBytes { first_bytes } if !looks_like_tls(first_bytes) => {
                Some((seen.seq, format!("{:?}", crate::wording::printable(first_bytes))))
            }
            _ => None,
        })
    }

    /// The best version that a raw hello was answered with.
    pub(crate) fn best_version(&self) -> Option<(u32, &'e str, &'e str)> {
        self.real()
            .filter_map(|seen| match &seen.what.outcome {
                HelloOutcome::ServerHello { version, cipher_suite } => {
                    Some((seen.seq, version.as_str(), cipher_suite.as_str()))
                }
                _ => None,
            })
            .max_by_key(|(_, version, _)| version_rank(version))
    }
}

/// A server that speaks TLS said this.
pub(crate) fn spoke_tls(outcome: &HelloOutcome) -> bool {
    matches!(outcome, HelloOutcome::ServerHello { .. } | HelloOutcome::Alert { .. })
}

/// A record header: content type 20 to 24, major version 3 (RFC 8446 section 5.1).
pub(crate) fn looks_like_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [20..=24, 3, ..])
}

/// Versions in order; unknown names rank lowest.
pub(crate) fn version_rank(version: &str) -> u8 {
    match version {
        "SSLv2" => 1,
        "SSLv3" => 2,
        "TLSv1" | "TLSv1.0" => 3,
        "TLSv1.1" => 4,
        "TLSv1.2" => 5,
        "TLSv1.3" => 6,
        _ => 0,
    }
}

/// The oldest version that current clients accept (RFC 8996).
pub(crate) const OLDEST_RANK: u8 = 5;
