//! The certificate authority: a root, an intermediate, and what they issue.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SerialNumber,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;

use super::chain::{Chain, ChainKind, pem};

/// Where a leaf says its issuer's certificate can be fetched (caIssuers).
pub const INTERMEDIATE_URL: &str = "http://ca.example.com/intermediate.cer";

/// The name in a certificate that is for another host.
const WRONG_NAME: &str = "www.example.net";

/// A certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the certificate of {subject}: {source}")]
pub struct AuthorityError {
    /// Whose certificate.
    pub subject: String,
    /// What the library said.
    pub source: rcgen::Error,
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// A root and an intermediate with P-256 keys, and a second pair that nobody
/// trusts. All certificates are dated relative to one moment, so that an
/// expired one is expired whatever the clock says.
#[derive(Debug)]
pub struct CertificateAuthority {
    now: OffsetDateTime,
    trusted: Pair,
    untrusted: Pair,
}

struct Pair {
    root: Issuer,
    intermediate: Issuer,
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair").finish_non_exhaustive()
    }
}

impl CertificateAuthority {
    /// A new authority whose present is `now_unix_s`, seconds since 1970.
    ///
    /// # Errors
    /// When the time is out of range or no key can be made.
    pub fn generate(now_unix_s: i64) -> Result<Self, AuthorityError> {
        let now = OffsetDateTime::from_unix_timestamp(now_unix_s).map_err(|_| AuthorityError {
            subject: format!("an authority at the time {now_unix_s}"),
            source: rcgen::Error::Time,
        })?;
        Ok(CertificateAuthority {
            now,
            trusted: Pair::generate(now, "plumb lab", "plumb lab root", "plumb lab intermediate")?,
            untrusted: Pair::generate(
                now,
                "Nobody's Trust",
                "Nobody's Root",
                "Nobody's Intermediate",
            )?,
        })
    }

    /// The root certificate, for trust stores.
    pub fn root_pem(&self) -> String {
        pem("CERTIFICATE", self.trusted.root.der())
    }

    /// The root certificate.
    pub fn root_der(&self) -> &CertificateDer<'static> {
        self.trusted.root.der()
    }

    /// The intermediate certificate, as the URL in the leafs gives it.
    pub fn intermediate_der(&self) -> &CertificateDer<'static> {
        self.trusted.intermediate.der()
    }

    /// A chain for a server called `name` (a DNS name or an address).
    ///
    /// # Errors
    /// When `name` cannot stand in a certificate.
    pub fn chain(&self, name: &str, kind: ChainKind) -> Result<Chain, AuthorityError> {
        let subject = if kind == ChainKind::WrongName { WRONG_NAME } else { name };
        let (from_s, until_s) = kind.validity_s();
        let mut params = leaf_params(subject, ExtendedKeyUsagePurpose::ServerAuth)?;
        params.not_before = self.now + time::Duration::seconds(from_s);
        params.not_after = self.now + time::Duration::seconds(until_s);
        match kind {
            ChainKind::SelfSigned => self_signed(params, subject),
            ChainKind::UnknownRoot => {
                let Pair { root, intermediate } = &self.untrusted;
                issue(params, subject, intermediate, &[intermediate, root])
            }
            _ => {
                let intermediate = &self.trusted.intermediate;
                params.custom_extensions.push(authority_information_access(INTERMEDIATE_URL));
                let sent: &[&Issuer] = match kind {
                    ChainKind::MissingIntermediate => &[],
                    _ => &[intermediate],
                };
                issue(params, subject, intermediate, sent)
            }
        }
    }

    /// A healthy chain whose leaf has an RSA key, as servers had that knew
    /// nothing else. Making the key takes some tens of milliseconds.
    ///
    /// # Errors
    /// When `name` cannot stand in a certificate.
    pub fn rsa_chain(&self, name: &str) -> Result<Chain, AuthorityError> {
        let failed = |source| AuthorityError { subject: name.to_owned(), source };
        let (from_s, until_s) = ChainKind::Healthy.validity_s();
        let mut params = leaf_params(name, ExtendedKeyUsagePurpose::ServerAuth)?;
        params.not_before = self.now + time::Duration::seconds(from_s);
        params.not_after = self.now + time::Duration::seconds(until_s);
        params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
        params.custom_extensions.push(authority_information_access(INTERMEDIATE_URL));
        let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048);
        let intermediate = &self.trusted.intermediate;
        issue_for(params, &key.map_err(failed)?, name, intermediate, &[intermediate])
    }

    /// A client's certificate, for servers that demand one.
    ///
    /// # Errors
    /// When `name` cannot stand in a certificate.
    pub fn client(&self, name: &str) -> Result<Chain, AuthorityError> {
        let (from_s, until_s) = ChainKind::Healthy.validity_s();
        let mut params = leaf_params(name, ExtendedKeyUsagePurpose::ClientAuth)?;
        params.not_before = self.now + time::Duration::seconds(from_s);
        params.not_after = self.now + time::Duration::seconds(until_s);
        let intermediate = &self.trusted.intermediate;
        issue(params, name, intermediate, &[intermediate])
    }
}

impl Pair {
    fn generate(
        now: OffsetDateTime,
        organization: &str,
        root: &str,
        intermediate: &str,
    ) -> Result<Self, AuthorityError> {
        let year = time::Duration::days(365);
        let failed = |subject: &str| {
            let subject = subject.to_owned();
            move |source| AuthorityError { subject, source }
        };
        let mut params = issuer_params(organization, root, BasicConstraints::Unconstrained);
        params.not_before = now - year;
        params.not_after = now + year * 10;
        let key = KeyPair::generate().map_err(failed(root))?;
        let root = CertifiedIssuer::self_signed(params, key).map_err(failed(root))?;

        let mut params =
            issuer_params(organization, intermediate, BasicConstraints::Constrained(0));
        params.not_before = now - year;
        params.not_after = now + year * 5;
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(failed(intermediate))?;
        let intermediate =
            CertifiedIssuer::signed_by(params, key, &root).map_err(failed(intermediate))?;
        Ok(Pair { root, intermediate })
    }
}

fn issuer_params(
    organization: &str,
    name: &str,
    constraints: BasicConstraints,
) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, organization);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(constraints);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = serial_number();
    params
}

fn leaf_params(
    name: &str,
    purpose: ExtendedKeyUsagePurpose,
) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::new([name.to_owned()])
        .map_err(|source| AuthorityError { subject: name.to_owned(), source })?;
    params.distinguished_name = DistinguishedName::new();
    // RFC 5280 appendix A.1: ub-common-name is 64.
    let common_name: String = name.chars().take(64).collect();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    params.serial_number = serial_number();
    Ok(params)
}

fn issue(
    params: CertificateParams,
    subject: &str,
    issuer: &Issuer,
    sent: &[&Issuer],
) -> Result<Chain, AuthorityError> {
    let failed = |source| AuthorityError { subject: subject.to_owned(), source };
    issue_for(params, &KeyPair::generate().map_err(failed)?, subject, issuer, sent)
}

fn issue_for(
    mut params: CertificateParams,
    key: &KeyPair,
    subject: &str,
    issuer: &Issuer,
    sent: &[&Issuer],
) -> Result<Chain, AuthorityError> {
    let failed = |source| AuthorityError { subject: subject.to_owned(), source };
    params.use_authority_key_identifier_extension = true;
    let leaf = params.signed_by(key, issuer).map_err(failed)?;
    let above = sent.iter().map(|issuer| issuer.der().clone());
    let certificates = std::iter::once(leaf.der().clone()).chain(above).collect();
    Ok(Chain { certificates, key: private_key(key) })
}

fn self_signed(params: CertificateParams, subject: &str) -> Result<Chain, AuthorityError> {
    let failed = |source| AuthorityError { subject: subject.to_owned(), source };
    let key = KeyPair::generate().map_err(failed)?;
    let leaf = params.self_signed(&key).map_err(failed)?;
    Ok(Chain { certificates: vec![leaf.der().clone()], key: private_key(&key) })
}

/// One certificate for these names and addresses, signed by its own key, for a
/// server that has no other. The validity is short: it lives as long as the
/// server does.
pub(super) fn self_signed_chain(
    names: &[String],
    now_unix_s: i64,
) -> Result<Chain, AuthorityError> {
    /// A clock that is a little behind must not refuse it.
    const BEFORE: time::Duration = time::Duration::hours(1);
    /// Longer than a server of this kind runs without a restart.
    const VALID: time::Duration = time::Duration::days(90);
    let subject = names.first().map_or("localhost", String::as_str);
    let failed = |source| AuthorityError { subject: names.join(", "), source };
    let now =
        OffsetDateTime::from_unix_timestamp(now_unix_s).map_err(|_| failed(rcgen::Error::Time))?;
    let mut params = leaf_params(subject, ExtendedKeyUsagePurpose::ServerAuth)?;
    params.subject_alt_names = CertificateParams::new(names).map_err(failed)?.subject_alt_names;
    params.not_before = now - BEFORE;
    params.not_after = now + VALID;
    self_signed(params, subject)
}

fn private_key(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(key.serialize_der()).into()
}

/// A random positive serial number, RFC 5280 section 4.1.2.2. Left to the
/// library it is a hash of the key, which repeats if a key is used twice.
fn serial_number() -> Option<SerialNumber> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    // Positive, and no leading zero that DER would forbid.
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    Some(SerialNumber::from_slice(&bytes))
}

/// Authority Information Access with one caIssuers URL, RFC 5280 section 4.2.2.1.
fn authority_information_access(url: &str) -> CustomExtension {
    /// id-pe-authorityInfoAccess
    const EXTENSION: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];
    /// id-ad-caIssuers (1.3.6.1.5.5.7.48.2), encoded.
    const CA_ISSUERS: &[u8] = &[0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02];
    const SEQUENCE: u8 = 0x30;
    /// uniformResourceIdentifier [6] of GeneralName
    const URI: u8 = 0x86;
    let description = [CA_ISSUERS, &der(URI, url.as_bytes())].concat();
    let content = der(SEQUENCE, &der(SEQUENCE, &description));
    CustomExtension::from_oid_content(EXTENSION, content)
}

/// One DER value, X.690 section 8.1.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|&&byte| byte == 0).count()..];
    let mut value = vec![tag];
    match content.len() {
        short @ 0..0x80 => value.push(short as u8),
        _ => {
            value.push(0x80 | length.len() as u8);
            value.extend_from_slice(length);
        }
    }
    value.extend_from_slice(content);
    value
}
