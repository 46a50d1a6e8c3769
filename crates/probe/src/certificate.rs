//! What a certificate says (RFC 5280), with its bytes.

use std::net::IpAddr;

use aws_lc_rs::digest;
use plumb_evidence::observation::Certificate;
use plumb_wire::hexadecimal;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::objects::{oid_registry, oid2sn};
use x509_parser::oid_registry::{OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS, Oid};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name};

/// Most names and addresses of one certificate that are kept: real ones have
/// at most some hundred, and a hostile one must not fill the evidence.
const NAMES_MAX: usize = 500;

/// The summary of a certificate. What cannot be parsed has empty fields: the
/// bytes are kept all the same.
pub fn summary(der: &[u8]) -> Certificate {
    let mut certificate = Certificate {
        subject: String::new(),
        issuer: String::new(),
        names: Vec::new(),
        common_name: None,
        serial: String::new(),
        not_before_unix_s: 0,
        not_after_unix_s: 0,
        key: String::new(),
        signature_algorithm: String::new(),
        is_authority: false,
        self_signed: false,
        subject_key_id: None,
        authority_key_id: None,
        extended_key_usage: Vec::new(),
        issuer_urls: Vec::new(),
        sha256: hexadecimal(digest::digest(&digest::SHA256, der).as_ref()),
        der: der.to_vec(),
    };
    if let Ok((_, parsed)) = X509Certificate::from_der(der) {
        fill(&mut certificate, &parsed);
    }
    certificate
}

fn fill(certificate: &mut Certificate, parsed: &X509Certificate<'_>) {
    certificate.subject = parsed.subject().to_string();
    certificate.issuer = parsed.issuer().to_string();
    certificate.common_name =
        parsed.subject().iter_common_name().find_map(|name| name.as_str().ok()).map(str::to_owned);
    certificate.serial = parsed.raw_serial_as_string();
    certificate.not_before_unix_s = parsed.validity().not_before.timestamp();
    certificate.not_after_unix_s = parsed.validity().not_after.timestamp();
    certificate.key = key_text(parsed.public_key());
    certificate.signature_algorithm = oid_text(&parsed.signature_algorithm.algorithm);
    certificate.is_authority = parsed.is_ca();
    certificate.self_signed = is_self_signed(parsed);
    for extension in parsed.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => {
                certificate.names =
                    names.general_names.iter().take(NAMES_MAX).map(name_text).collect();
            }
            ParsedExtension::SubjectKeyIdentifier(id) => {
                certificate.subject_key_id = Some(hexadecimal(id.0));
            }
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                certificate.authority_key_id =
                    id.key_identifier.as_ref().map(|id| hexadecimal(id.0));
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                certificate.extended_key_usage = usage_texts(usage);
            }
            ParsedExtension::AuthorityInfoAccess(access) => {
                certificate.issuer_urls = access
                    .accessdescs
                    .iter()
                    .filter(|place| place.access_method == OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS)
                    .filter_map(|place| match &place.access_location {
                        GeneralName::URI(url) => Some((*url).to_owned()),
                        _ => None,
                    })
                    .take(NAMES_MAX)
                    .collect();
            }
            _ => {}
        }
    }
}

/// Subject equals issuer and the signature verifies with the own key.
fn is_self_signed(parsed: &X509Certificate<'_>) -> bool {
    parsed.subject().as_raw() == parsed.issuer().as_raw() && parsed.verify_signature(None).is_ok()
}

fn name_text(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => format!("dns:{name}"),
        GeneralName::IPAddress(bytes) => match address(bytes) {
            Some(address) => format!("ip:{address}"),
            None => format!("ip:{}", hexadecimal(bytes)),
        },
        GeneralName::RFC822Name(name) => format!("email:{name}"),
        GeneralName::URI(uri) => format!("uri:{uri}"),
        GeneralName::DirectoryName(name) => format!("dir:{name}"),
        other => format!("other:{other:?}"),
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

fn usage_texts(usage: &x509_parser::extensions::ExtendedKeyUsage<'_>) -> Vec<String> {
    let known = [
        (usage.any, "any"),
        (usage.server_auth, "serverAuth"),
        (usage.client_auth, "clientAuth"),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
    ];
    let named = known.into_iter().filter(|(set, _)| *set).map(|(_, name)| name.to_owned());
    named.chain(usage.other.iter().take(NAMES_MAX).map(Oid::to_id_string)).collect()
}

fn key_text(key: &SubjectPublicKeyInfo<'_>) -> String {
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => format!("RSA {}", rsa.key_size()),
        Ok(PublicKey::EC(point)) => {
            let curve = key.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
            match curve {
                Some(curve) => format!("EC {}", oid_text(&curve)),
                None => format!("EC {}", point.key_size()),
            }
        }
        _ => oid_text(&key.algorithm.algorithm),
    }
}

fn oid_text(oid: &Oid<'_>) -> String {
    oid2sn(oid, oid_registry()).map_or_else(|_| oid.to_id_string(), str::to_owned)
}

/// A distinguished name in DER as text; its bytes where it cannot be parsed.
pub(crate) fn name_of_der(der: &[u8]) -> String {
    X509Name::from_der(der).map_or_else(|_| hexadecimal(der), |(_, name)| name.to_string())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, SanType};

    use super::*;

    #[test]
    fn a_certificate_is_summed_up() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["www.example.com".into()]).unwrap();
        params.subject_alt_names.push(SanType::IpAddress("192.0.2.1".parse().unwrap()));
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        let der = params.self_signed(&key).unwrap();
        let seen = summary(der.der());
        assert_eq!(seen.names, ["dns:www.example.com", "ip:192.0.2.1"]);
        assert_eq!(seen.extended_key_usage, ["serverAuth"]);
        assert!(seen.self_signed);
        assert!(!seen.is_authority);
        assert!(seen.key.starts_with("EC "), "{}", seen.key);
        assert_eq!(seen.sha256.len(), 64);
    }

    #[test]
    fn what_is_no_certificate_keeps_its_bytes() {
        let seen = summary(&[1, 2, 3]);
        assert_eq!(seen.der, [1, 2, 3]);
        assert_eq!(seen.subject, "");
        for length in 0..64 {
            summary(&vec![0x30; length]);
        }
    }
}
