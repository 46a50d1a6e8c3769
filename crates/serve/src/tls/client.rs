//! Who comes: client certificates, and which of them may.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::simple;

/// Whose certificate a client showed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientIdentity {
    /// The subject, RFC 4514, such as `CN=alice,O=Example`. May be empty.
    pub subject: String,
    /// The subject's common name, where it has one.
    pub common_name: Option<String>,
    /// The subject's other names: DNS names, mail addresses, URIs, addresses.
    pub alternative_names: Vec<String>,
}

/// Names of one certificate that are looked at; more are no client's.
const NAMES_MAX: usize = 64;

impl ClientIdentity {
    /// Reads the certificate of a client. What cannot be read has no names.
    pub fn of(certificate: &[u8]) -> Self {
        let Ok((_, parsed)) = X509Certificate::from_der(certificate) else {
            return ClientIdentity::default();
        };
        let common_name = parsed
            .subject()
            .iter_common_name()
            .find_map(|name| name.as_str().ok())
            .map(str::to_owned);
        let alternative_names = match parsed.subject_alternative_name() {
            Ok(Some(extension)) => {
                let names = extension.value.general_names.iter();
                names.filter_map(written).take(NAMES_MAX).collect()
            }
            _ => Vec::new(),
        };
        ClientIdentity { subject: subject_text(parsed.subject()), common_name, alternative_names }
    }

    /// What to call the client: the common name, or else the first other name,
    /// or else the whole subject.
    pub fn name(&self) -> &str {
        self.common_name
            .as_deref()
            .or(self.alternative_names.first().map(String::as_str))
            .unwrap_or(&self.subject)
    }

    /// The subject, or where it is empty the first other name.
    pub fn subject_or_name(&self) -> &str {
        if self.subject.is_empty() { self.name() } else { &self.subject }
    }

    /// Whether one of its names is among `allowed`. DNS names and the hosts of
    /// mail addresses have no case, but two people may differ by theirs, so
    /// only what is a name of a host is compared without.
    fn is_among(&self, allowed: &[String]) -> bool {
        let mut common = self.common_name.iter().chain([&self.subject]);
        common.any(|name| allowed.contains(name))
            || self
                .alternative_names
                .iter()
                .any(|name| allowed.iter().any(|one| one == name || one.eq_ignore_ascii_case(name)))
    }
}

fn written(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
            Some((*name).to_owned())
        }
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(*bytes).ok()?).to_string()),
            16 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(*bytes).ok()?).to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// A distinguished name as RFC 4514 writes it: the most particular part first.
fn subject_text(subject: &x509_parser::x509::X509Name<'_>) -> String {
    let registry = x509_parser::objects::oid_registry();
    let mut parts: Vec<String> = subject
        .iter_attributes()
        .map(|attribute| {
            let kind = attribute.attr_type();
            let kind = x509_parser::objects::oid2abbrev(kind, registry)
                .map_or_else(|_| kind.to_id_string(), str::to_owned);
            format!("{kind}={}", escaped(attribute.as_str().unwrap_or_default()))
        })
        .collect();
    parts.reverse();
    parts.join(",")
}

/// RFC 4514 section 2.4.
fn escaped(value: &str) -> String {
    let mut text = String::new();
    let last = value.chars().count().saturating_sub(1);
    for (place, character) in value.chars().enumerate() {
        let edge =
            (character == ' ' && (place == 0 || place == last)) || (character == '#' && place == 0);
        if edge || matches!(character, '"' | '+' | ',' | ';' | '<' | '>' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

/// Takes certificates of these authorities, and of these names only.
#[derive(Debug)]
pub(super) struct Demand {
    chain: Arc<dyn ClientCertVerifier>,
    authorities: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
    /// Any, if empty.
    names: Vec<String>,
}

impl Demand {
    pub(super) fn new(
        authorities: &[CertificateDer<'static>],
        names: &[String],
        optional: bool,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots.add(authority.clone()).map_err(|error| error.to_string())?;
        }
        let builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        let builder = if optional { builder.allow_unauthenticated() } else { builder };
        let chain = builder.build().map_err(|error| error.to_string())?;
        Ok(Demand {
            chain,
            authorities: authorities.to_vec(),
            algorithms: provider.signature_verification_algorithms,
            names: names.to_vec(),
        })
    }
}

impl ClientCertVerifier for Demand {
    fn offer_client_auth(&self) -> bool {
        self.chain.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.chain.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = match self.chain.verify_client_cert(leaf, intermediates, now) {
            Err(_) if simple::is_vouched_for(leaf, &self.authorities, now) => {
                ClientCertVerified::assertion()
            }
            verified => verified?,
        };
        if self.names.is_empty() || ClientIdentity::of(leaf).is_among(&self.names) {
            return Ok(verified);
        }
        // The alert says access_denied, RFC 8446 section 6.2: the certificate
        // is good, and its owner may not come.
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        simple::verify_tls12(message, certificate, signature, &self.algorithms)
            .unwrap_or_else(|| self.chain.verify_tls12_signature(message, certificate, signature))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        simple::verify_tls13(message, certificate, signature, &self.algorithms)
            .unwrap_or_else(|| self.chain.verify_tls13_signature(message, certificate, signature))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_escaped_as_its_standard_says() {
        for (value, text) in [
            ("plain", "plain"),
            ("Sue, Grabbit and Runn", "Sue\\, Grabbit and Runn"),
            (" #x ", "\\ #x\\ "),
            ("#x", "\\#x"),
            ("a+b=c\\", "a\\+b=c\\\\"),
        ] {
            assert_eq!(escaped(value), text);
        }
    }

    #[test]
    fn names_that_may_come() {
        let alice = ClientIdentity {
            subject: "CN=Alice,O=Example".to_owned(),
            common_name: Some("Alice".to_owned()),
            alternative_names: vec!["laptop.example.com".to_owned()],
        };
        let may = |name: &str| alice.is_among(&[name.to_owned()]);
        assert!(may("Alice") && may("Laptop.example.com") && may("CN=Alice,O=Example"));
        assert!(!may("alice") && !may("Ali") && !may("") && !may("example.com"));
        assert!(!ClientIdentity::default().is_among(&["x".to_owned()]));
    }

    #[test]
    fn what_is_no_certificate_has_no_names() {
        assert_eq!(ClientIdentity::of(b"no certificate"), ClientIdentity::default());
    }
}
