//! Client certificates of the simplest kinds: of version 1, as `openssl x509
//! -req` makes them without an extension file, and one that stands in the list
//! of authorities itself. The library takes neither; OpenSSL takes both.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::{CertificateError, DigitallySignedStruct, Error};
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate, X509Version};

/// Whether `leaf` is one of `authorities`, or of version 1 and signed by one
/// of them directly; and in force. Version 1 knows no constraints, so such a
/// certificate never vouches for another.
pub(super) fn is_vouched_for(
    leaf: &CertificateDer<'_>,
    authorities: &[CertificateDer<'static>],
    now: UnixTime,
) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(leaf) else { return false };
    let at = i64::try_from(now.as_secs()).ok().and_then(|s| ASN1Time::from_timestamp(s).ok());
    let in_force = |certificate: &X509Certificate<'_>| {
        at.is_some_and(|at| certificate.validity().is_valid_at(at))
    };
    if !in_force(&parsed) {
        return false;
    }
    let signed_by = |authority: &CertificateDer<'static>| {
        X509Certificate::from_der(authority).is_ok_and(|(_, authority)| {
            authority.subject().as_raw() == parsed.issuer().as_raw()
                && in_force(&authority)
                && parsed.verify_signature(Some(authority.public_key())).is_ok()
        })
    };
    authorities.iter().any(|authority| **authority == **leaf)
        || (parsed.version() == X509Version::V1 && authorities.iter().any(signed_by))
}

/// The public key of a certificate of version 1; of another there is no need.
fn key_of_version_1(leaf: &CertificateDer<'_>) -> Option<SubjectPublicKeyInfoDer<'static>> {
    let (_, parsed) = X509Certificate::from_der(leaf).ok()?;
    let key = parsed.public_key().raw.to_vec();
    (parsed.version() == X509Version::V1).then(|| key.into())
}

/// Checks what a client signed in a handshake of TLS 1.3, RFC 8446 section
/// 4.4.3. Nothing, where the certificate is for the library to judge.
pub(super) fn verify_tls13(
    message: &[u8],
    leaf: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Option<Result<HandshakeSignatureValid, Error>> {
    let key = key_of_version_1(leaf)?;
    Some(verify_tls13_signature_with_raw_key(message, &key, signature, algorithms))
}

/// The same of TLS 1.2, RFC 5246 section 7.4.8.
pub(super) fn verify_tls12(
    message: &[u8],
    leaf: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Option<Result<HandshakeSignatureValid, Error>> {
    let key = key_of_version_1(leaf)?;
    let bad = Error::InvalidCertificate(CertificateError::BadSignature);
    let Ok(key) = webpki::RawPublicKeyEntity::try_from(&key) else { return Some(Err(bad)) };
    let known = algorithms.mapping.iter().find(|(scheme, _)| *scheme == signature.scheme);
    let fits = known.is_some_and(|(_, candidates)| {
        candidates
            .iter()
            .any(|one| key.verify_signature(*one, message, signature.signature()).is_ok())
    });
    Some(if fits { Ok(HandshakeSignatureValid::assertion()) } else { Err(bad) })
}
