//! Certificate and CertificateRequest as TLS 1.0 to 1.2 have them, RFC 5246 sections 7.4.2 and
//! 7.4.4. Those of TLS 1.3 are never in the clear.

use serde::{Deserialize, Serialize};

use super::extension::lay_schemes;
use super::registry::{ClientCertificateType, SignatureScheme};
use crate::layout::{DecodeError, Layout};
use crate::wire::Wire;

/// A chain of certificates, the sender's own first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Certificate {
    /// Each in DER.
    pub chain: Vec<Vec<u8>>,
}

impl Certificate {
    /// Reads the body of a handshake message.
    pub fn decode(body: &[u8]) -> Result<Certificate, DecodeError> {
        <Certificate as Layout>::decode(body)
    }

    /// Writes the body of the handshake message.
    pub fn encode(&self) -> Vec<u8> {
        <Certificate as Layout>::encode(self)
    }
}

impl Layout for Certificate {
    const NAME: &'static str = "TLS Certificate";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        wire.vector("certificates", 3, |wire| {
            wire.each(&mut self.chain, |wire, certificate| {
                wire.vector("certificate", 3, |wire| wire.rest("DER", certificate).map(drop))
            })
        })
    }
}

/// Which certificate a server wants from the client.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CertificateRequest {
    /// The kinds of key.
    pub types: Vec<ClientCertificateType>,
    /// The signatures; there since TLS 1.2.
    pub signature_algorithms: Option<Vec<SignatureScheme>>,
    /// The names, in DER, of the authorities that the server trusts; none means any.
    pub authorities: Vec<Vec<u8>>,
}

impl CertificateRequest {
    /// Reads the body of a handshake message. The version is not in it: it is read as TLS 1.2
    /// has it where that is possible, else as before.
    pub fn decode(body: &[u8]) -> Result<CertificateRequest, DecodeError> {
        <CertificateRequest as Layout>::decode(body)
    }

    /// Writes the body of the handshake message.
    pub fn encode(&self) -> Vec<u8> {
        <CertificateRequest as Layout>::encode(self)
    }

    fn lay_after_types(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        if let Some(schemes) = &mut self.signature_algorithms {
            wire.vector("signature algorithms", 2, |wire| lay_schemes(wire, schemes))?;
        }
        wire.vector("authorities", 2, |wire| {
            wire.each(&mut self.authorities, |wire, name| {
                wire.vector("authority", 2, |wire| wire.rest("DER", name).map(drop))
            })
        })
    }
}

impl Layout for CertificateRequest {
    const NAME: &'static str = "TLS CertificateRequest";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        wire.vector("certificate types", 1, |wire| {
            wire.each(&mut self.types, |wire, kind| wire.u8("type", kind).map(drop))
        })?;
        if wire.is_reading() {
            self.signature_algorithms = Some(Vec::new());
        }
        wire.strict_or(self, CertificateRequest::lay_after_types, |request, wire, _| {
            request.signature_algorithms = None;
            request.lay_after_types(wire)
        })
    }
}
