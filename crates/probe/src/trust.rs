//! The roots that this host trusts, and what they say of a chain.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use plumb_evidence::observation::{Trust, TrustResult};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use tokio::sync::Notify;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Where systems keep all roots in one file; reading it costs a tenth of
/// reading the directory of single files beside it.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Arch, Gentoo
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",   // older Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",             // openSUSE
    "/etc/ssl/cert.pem",                  // Alpine
];

/// Where roots come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// What the operating system's programs trust.
    System,
    /// A file and a directory of PEM certificates in place of the system's:
    /// `SSL_CERT_FILE`, `SSL_CERT_DIR`.
    #[allow(missing_docs, reason = "the variable of each is named")]
    Paths { file: Option<PathBuf>, directory: Option<PathBuf> },
    /// A PEM file: `--cacert`.
    File(PathBuf),
}

/// Why the roots could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read trusted roots from {origin}: {reason}")]
pub struct StoreError {
    /// The file or store.
    pub origin: String,
    /// What the system said of it.
    pub reason: String,
}

/// The roots.
#[derive(Debug)]
pub struct Store {
    /// Where they came from, for people.
    pub origin: String,
    roots: Vec<CertificateDer<'static>>,
    anchors: Vec<TrustAnchor<'static>>,
}

impl Store {
    /// Reads the roots; a file without any is an error.
    pub fn read(source: &Source) -> Result<Store, StoreError> {
        match source {
            Source::File(path) => Store::of_file(path),
            Source::Paths { file, directory } => {
                let shown =
                    [file, directory].into_iter().flatten().map(|p| p.display().to_string());
                let origin = shown.collect::<Vec<_>>().join(" and ");
                let found = rustls_native_certs::load_certs_from_paths(
                    file.as_deref(),
                    directory.as_deref(),
                );
                Store::of_native(origin, found)
            }
            Source::System => match BUNDLES.iter().map(Path::new).find(|path| path.is_file()) {
                Some(bundle) => Store::of_file(bundle),
                None => {
                    let found = rustls_native_certs::load_native_certs();
                    Store::of_native("the system's certificates".into(), found)
                }
            },
        }
    }

    fn of_file(path: &Path) -> Result<Store, StoreError> {
        let origin = path.display().to_string();
        let error = |reason: String| StoreError { origin: origin.clone(), reason };
        let bytes = std::fs::read(path).map_err(|e| error(e.to_string()))?;
        let roots: Vec<_> = CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok).collect();
        if roots.is_empty() {
            return Err(error("it holds no certificate in PEM form".into()));
        }
        Ok(Store::of_roots(origin, roots))
    }

    fn of_native(
        origin: String,
        found: rustls_native_certs::CertificateResult,
    ) -> Result<Store, StoreError> {
        if found.certs.is_empty() {
            let reason = match found.errors.first() {
                Some(first) => first.to_string(),
                None => "there are none".into(),
            };
            return Err(StoreError { origin, reason });
        }
        Ok(Store::of_roots(origin, found.certs))
    }

    /// A store of these certificates (DER).
    pub fn of_roots(origin: String, roots: Vec<CertificateDer<'static>>) -> Store {
        let anchors = roots
            .iter()
            .filter_map(|root| anchor_from_trusted_cert(root).ok().map(|anchor| anchor.to_owned()))
            .collect();
        Store { origin, roots, anchors }
    }

    /// Judges a chain (leaf first) for a server's name at a time (seconds
    /// since 1970). All that is wrong is said, each as if nothing else were.
    pub fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        unix_s: u64,
    ) -> Trust {
        let leaf_in_store = self.roots.iter().any(|root| root.as_ref() == leaf.as_ref());
        let mut failures = Vec::new();
        let mut path_ok = false;
        match EndEntityCert::try_from(leaf) {
            Err(error) => failures.push(failure(error)),
            Ok(entity) => {
                let verify = |time| self.verify(&entity, intermediates, time).err();
                let dated = validity(leaf).and_then(|validity| outside(validity, unix_s));
                // The path is judged at a time at which the leaf was good, so
                // that an expired leaf of an unknown authority shows both.
                let path = verify(dated.as_ref().map_or(unix_s, |(_, good)| *good));
                // At that time its issuers may not have been good themselves,
                // which says nothing about today.
                let path = path.filter(|_| !leaf_in_store).map(failure).filter(|why| {
                    dated.is_none()
                        || !matches!(why, TrustResult::Expired | TrustResult::NotYetValid)
                });
                path_ok = path.is_none() && dated.is_none();
                failures.extend(dated.map(|(why, _)| why));
                failures.extend(path);
                let name = entity.verify_is_valid_for_subject_name(server_name);
                failures.extend(name.err().map(failure));
            }
        }
        Trust {
            result: failures.first().cloned().unwrap_or(TrustResult::Trusted),
            store: self.origin.clone(),
            roots: u32::try_from(self.roots.len()).unwrap_or(u32::MAX),
            last_issuer_in_store: self.has_issuer_of(intermediates.last().unwrap_or(leaf)),
            leaf_in_store,
            path_ok,
            failures,
        }
    }

    fn verify(
        &self,
        entity: &EndEntityCert<'_>,
        intermediates: &[CertificateDer<'_>],
        unix_s: u64,
    ) -> Result<(), webpki::Error> {
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(unix_s));
        let usage = KeyUsage::server_auth();
        entity
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &self.anchors,
                intermediates,
                time,
                usage,
                None,
                None,
            )
            .map(|_| ())
    }

    /// The roots hold a certificate whose subject is the issuer of this one.
    pub fn has_issuer_of(&self, certificate: &CertificateDer<'_>) -> bool {
        let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return false };
        // Anchors keep their subject without the header of its sequence.
        let issuer = contents(parsed.issuer().as_raw());
        self.anchors.iter().any(|anchor| Some(anchor.subject.as_ref()) == issuer)
    }
}

/// What a DER value holds, behind its tag and length (X.690 section 8.1).
fn contents(der: &[u8]) -> Option<&[u8]> {
    match *der.get(1)? {
        short @ 0..0x80 => der.get(2..2 + usize::from(short)),
        long => der.get(2 + usize::from(long & 0x7f)..),
    }
}

/// Trust where no roots could be read.
pub(crate) fn without_store(error: &StoreError) -> Trust {
    Trust {
        result: TrustResult::Other { text: error.to_string() },
        store: error.origin.clone(),
        roots: 0,
        last_issuer_in_store: false,
        leaf_in_store: false,
        path_ok: false,
        failures: vec![TrustResult::Other { text: error.to_string() }],
    }
}

fn validity(leaf: &CertificateDer<'_>) -> Option<(i64, i64)> {
    let (_, parsed) = X509Certificate::from_der(leaf).ok()?;
    let validity = parsed.validity();
    Some((validity.not_before.timestamp(), validity.not_after.timestamp()))
}

/// Why a time lies outside of a validity, and a time within it.
fn outside((from, to): (i64, i64), unix_s: u64) -> Option<(TrustResult, u64)> {
    let now = i64::try_from(unix_s).unwrap_or(i64::MAX);
    let positive = |time: i64| u64::try_from(time).unwrap_or(0);
    if now > to {
        // The last hour at which it was good: its issuer's certificate was
        // most likely good then too.
        return Some((TrustResult::Expired, positive(to.saturating_sub(3600).max(from))));
    }
    (now < from).then(|| (TrustResult::NotYetValid, positive(from.saturating_add(3600).min(to))))
}

fn failure(error: webpki::Error) -> TrustResult {
    use webpki::Error as E;
    match error {
        E::CertExpired { .. } => TrustResult::Expired,
        E::CertNotValidYet { .. } => TrustResult::NotYetValid,
        E::CertNotValidForName(_) => TrustResult::WrongName,
        // A certificate that is an authority's and signed itself: what fails
        // first is its use as a server's, what matters is that nobody vouches.
        // A root of the issuer's name with a key of another kind did not sign it:
        // Debian's snake-oil certificate is called localhost, as many others are.
        E::UnknownIssuer
        | E::CaUsedAsEndEntity
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => TrustResult::UnknownIssuer,
        E::RequiredEkuNotFoundContext(_) => TrustResult::WrongPurpose,
        E::CertRevoked => TrustResult::Revoked,
        E::InvalidSignatureForPublicKey => TrustResult::BadSignature,
        other => TrustResult::Other { text: in_words(&other) },
    }
}

/// What else a verifier finds wrong, without the library's own names where a
/// server's administrator would not know them.
fn in_words(error: &webpki::Error) -> String {
    use webpki::Error as E;
    let words = match error {
        E::UnsupportedCriticalExtension => "it has a critical extension that nobody here knows",
        E::UnsupportedSignatureAlgorithmContext(_) => {
            "it is signed with an algorithm that is not accepted, such as SHA-1"
        }
        E::NameConstraintViolation => "its issuer may not vouch for its names (name constraints)",
        E::PathLenConstraintViolated => "its chain is longer than an issuer allows",
        E::EndEntityUsedAsCa => "a certificate that is no authority's signed it",
        E::BadDer | E::BadDerTime => "it is not well-formed",
        E::UnsupportedCertVersion => "it is not an X.509 version 3 certificate",
        other => {
            // The name of the kind, not what it carries.
            let text = other.to_string();
            let name = text.split(|c: char| !c.is_ascii_alphanumeric()).next();
            return name.unwrap_or_default().to_owned();
        }
    };
    words.to_owned()
}

/// Roots that are read by a thread of their own while names resolve and
/// connections open. Clones share one reading.
#[derive(Debug, Clone)]
pub struct LazyStore {
    cell: Arc<Cell>,
}

#[derive(Debug)]
struct Cell {
    read: OnceLock<Result<Arc<Store>, StoreError>>,
    done: Notify,
}

impl LazyStore {
    /// Begins to read.
    pub fn start(source: Source) -> LazyStore {
        let cell = Arc::new(Cell { read: OnceLock::new(), done: Notify::new() });
        let shared = Arc::clone(&cell);
        let reader = move || {
            shared.read.get_or_init(|| Store::read(&source).map(Arc::new));
            shared.done.notify_waiters();
        };
        let name = "trusted roots".to_owned();
        if let Err(error) = std::thread::Builder::new().name(name.clone()).spawn(reader) {
            cell.read.get_or_init(|| Err(StoreError { origin: name, reason: error.to_string() }));
        }
        LazyStore { cell }
    }

    /// One that is there already.
    pub fn ready(store: Store) -> LazyStore {
        let cell = Cell { read: OnceLock::new(), done: Notify::new() };
        cell.read.get_or_init(|| Ok(Arc::new(store)));
        LazyStore { cell: Arc::new(cell) }
    }

    /// Waits for the reading.
    pub async fn get(&self) -> Result<Arc<Store>, StoreError> {
        loop {
            let done = self.cell.done.notified();
            tokio::pin!(done);
            // From here on a notification is not lost.
            done.as_mut().enable();
            if let Some(read) = self.cell.read.get() {
                return read.clone();
            }
            done.await;
        }
    }

    /// The same, blocking: for the verifier, which cannot wait otherwise. The
    /// reading began long before, and it is a file's.
    pub(crate) fn wait(&self) -> Result<Arc<Store>, StoreError> {
        self.cell.read.wait().clone()
    }
}

/// [`crate::issuer::fetch_issuer`] with the names as the system resolves them.
pub async fn fetch_issuer(
    scope: &crate::Scope,
    url: &str,
    chain: &[Vec<u8>],
    server_name: &str,
    store: &LazyStore,
    deadline: crate::Deadline,
) -> plumb_evidence::observation::IssuerResult {
    let resolver = crate::resolve::SystemResolver::Library;
    crate::issuer::fetch_issuer(scope, url, chain, server_name, store, &resolver, deadline).await
}
