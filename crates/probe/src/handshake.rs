//! The TLS handshake of the walk, the chain kept even when it fails.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plumb_evidence::Observation;
use plumb_evidence::observation::{PhaseName, TlsHandshake, TlsOutcome, Trust, TrustResult};
use plumb_wire::tls::{AlertDescription, CipherSuite, NamedGroup};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::sign::CertifiedKey;
use rustls::{ClientConnection, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::TlsConnector;

use crate::connection::{Ended, Passed};
use crate::http::{Tap, Until};
use crate::trust::{self, LazyStore};
use crate::{Connection, Deadline, Scope, certificate, client};

/// First bytes of a peer that is no TLS server that evidence keeps.
const FIRST_BYTES_MAX: usize = 64;

/// Certificates of one chain that are kept; real ones have two to five.
const CHAIN_MAX: usize = 16;

/// Authorities of a request for a client certificate that are kept.
const AUTHORITIES_MAX: usize = 50;

/// What the handshake is to do.
#[derive(Debug, Clone)]
pub struct TlsOptions {
    /// Name or address literal, as it stands in the URL.
    pub server_name: String,
    /// Whom to trust.
    pub store: LazyStore,
    /// Go on although the chain does not verify.
    pub insecure: bool,
    /// Shown when the server asks who it is.
    pub identity: Option<Identity>,
    /// `h2`, `http/1.1`, in the order of preference; empty offers none.
    pub alpn: Vec<String>,
    /// Looks at the bytes of the handshake, below TLS.
    pub tap: Option<Tap>,
}

/// A client certificate with its key.
#[derive(Debug, Clone)]
pub struct Identity {
    key: Arc<CertifiedKey>,
}

/// Why a client certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the client certificate in {path}: {reason}")]
pub struct IdentityError {
    /// The file.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Identity {
    /// Reads PEM files; without `key` both stand in `certificate`.
    pub fn read(certificate: &Path, key: Option<&Path>) -> Result<Identity, IdentityError> {
        let key_path = key.unwrap_or(certificate);
        let error = |path: &Path, reason: String| IdentityError {
            path: path.display().to_string(),
            reason,
        };
        let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(|e| error(certificate, e.to_string()))?;
        if chain.is_empty() {
            return Err(error(certificate, "it holds no certificate in PEM form".into()));
        }
        let key =
            PrivateKeyDer::from_pem_file(key_path).map_err(|e| error(key_path, e.to_string()))?;
        let key = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
            .map_err(|e| error(key_path, e.to_string()))?;
        Ok(Identity { key: Arc::new(key) })
    }
}

/// What became of a handshake; `seen` was recorded.
#[derive(Debug)]
pub struct Handshake {
    /// The connection, if the handshake was done and the peer may be spoken to.
    pub connection: Option<Connection>,
    /// What was recorded.
    pub seen: TlsHandshake,
}

/// Shakes hands, records `TlsHandshake` and the phase `tls`; announces a stall
/// (with `TcpState`) when nothing comes.
///
/// A chain that does not verify ends the handshake before anything secret is
/// sent, unless `insecure` says otherwise.
pub async fn handshake(
    scope: &Scope,
    connection: Connection,
    options: &TlsOptions,
    deadline: Deadline,
) -> Handshake {
    let start_ns = scope.elapsed_ns();
    let captured = Arc::new(Captured::default());
    let Connection { id, address, stream, watch, .. } = connection;
    let mut seen = blank(id, options, start_ns);
    let mut agreed = None;
    match connector(options, &captured) {
        Err(text) => seen.outcome = TlsOutcome::Protocol { text },
        Ok((connector, name)) => {
            let (stream, until) = match &options.tap {
                Some(tap) => tap.until_done(id, stream),
                None => (stream, Until::default()),
            };
            let work = connector.connect(name, stream);
            match watch.over(scope, || PhaseName::Tls, deadline, work).await {
                Ok(Ok(stream)) => {
                    until.done();
                    seen.outcome = TlsOutcome::Done;
                    describe(&mut seen, stream.get_ref().1);
                    agreed = Some(stream);
                }
                Ok(Err(error)) => {
                    seen.outcome = outcome(&error, &watch.traffic.passed(), &captured);
                }
                Err(Ended::Deadline) => seen.outcome = TlsOutcome::TimedOut,
                Err(Ended::Stopped) => seen.outcome = TlsOutcome::Abandoned,
            }
        }
    }
    complete(&mut seen, &watch.traffic.passed(), &captured);
    seen.duration_ns = scope.elapsed_ns().saturating_sub(start_ns);
    scope.record(Observation::TlsHandshake(seen.clone()));
    scope.phase(PhaseName::Tls, start_ns, agreed.is_some());
    let connection = agreed.map(|stream| {
        let alpn = seen.alpn.clone();
        Connection { id, address, alpn, stream: Box::new(stream), watch }
    });
    Handshake { connection, seen }
}

fn blank(connection: u32, options: &TlsOptions, start_ns: u64) -> TlsHandshake {
    let host = options.server_name.as_str();
    let is_name = bare(host).parse::<std::net::IpAddr>().is_err();
    TlsHandshake {
        connection,
        // RFC 6066 section 3: address literals are not sent as server names.
        server_name: is_name.then(|| host.to_owned()),
        alpn_offered: options.alpn.clone(),
        outcome: TlsOutcome::Abandoned,
        version: None,
        cipher_suite: None,
        group: None,
        alpn: None,
        chain: Vec::new(),
        trust: None,
        client_certificate_requested: false,
        client_certificate_sent: false,
        client_certificate_authorities: Vec::new(),
        hello_bytes: 0,
        received_bytes: 0,
        first_bytes: Vec::new(),
        start_ns,
        duration_ns: 0,
    }
}

/// A host without the brackets that an IPv6 literal has in a URL.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}

/// The name for which a certificate must be.
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(bare(host).to_owned())
        .map_err(|_| format!("{host:?} can be no server name of TLS"))
}

fn connector(
    options: &TlsOptions,
    captured: &Arc<Captured>,
) -> Result<(TlsConnector, ServerName<'static>), String> {
    let name = server_name(&options.server_name)?;
    let judge = Recording {
        captured: Arc::clone(captured),
        store: options.store.clone(),
        insecure: options.insecure,
    };
    let resolver = Asked {
        captured: Arc::clone(captured),
        key: options.identity.as_ref().map(|identity| Arc::clone(&identity.key)),
    };
    let mut config = client::config(&client::groups(), judge, resolver)?;
    config.alpn_protocols = client::protocols(&options.alpn);
    Ok((TlsConnector::from(Arc::new(config)), name))
}

fn describe(seen: &mut TlsHandshake, agreed: &ClientConnection) {
    seen.version = agreed.protocol_version().and_then(|version| version_text(version.into()));
    seen.cipher_suite = agreed
        .negotiated_cipher_suite()
        .map(|suite| CipherSuite::from(u16::from(suite.suite())).to_string());
    seen.group = agreed
        .negotiated_key_exchange_group()
        .map(|group| NamedGroup::from(u16::from(group.name())).to_string());
    seen.alpn = agreed.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
}

/// What is known however the handshake ended.
fn complete(seen: &mut TlsHandshake, passed: &Passed, captured: &Captured) {
    let known = captured.known();
    seen.chain = known.chain.iter().map(|der| certificate::summary(der)).collect();
    seen.trust.clone_from(&known.trust);
    seen.client_certificate_requested = known.requested;
    seen.client_certificate_sent = known.offered && seen.outcome == TlsOutcome::Done;
    seen.client_certificate_authorities.clone_from(&known.authorities);
    seen.hello_bytes = u32::try_from(passed.first_flight_bytes).unwrap_or(u32::MAX);
    seen.received_bytes = passed.received_bytes;
    seen.first_bytes = passed.first_received.iter().take(FIRST_BYTES_MAX).copied().collect();
    if seen.version.is_none() {
        (seen.version, seen.cipher_suite) = server_hello(&passed.first_received);
    }
}

/// Version and suite of a ServerHello at the start of the first record, for
/// handshakes that failed after it (RFC 8446 section 4.1.3).
fn server_hello(first: &[u8]) -> (Option<String>, Option<String>) {
    const RANDOM_END: usize = 5 + 4 + 2 + 32;
    if first.first() != Some(&22) || first.get(5) != Some(&2) {
        return (None, None);
    }
    let suite_at = RANDOM_END + 1 + first.get(RANDOM_END).copied().map_or(0, usize::from);
    let (Some(&high), Some(&low)) = (first.get(suite_at), first.get(suite_at + 1)) else {
        return (None, None);
    };
    let suite = CipherSuite::from(u16::from_be_bytes([high, low]));
    let version = match first.get(9..11) {
        // Whatever the legacy field says.
        _ if suite.is_tls13() => version_text(0x0304),
        Some(&[major, minor]) => version_text(u16::from_be_bytes([major, minor])),
        _ => None,
    };
    (version, Some(suite.to_string()))
}

/// `TLSv1.2`, `SSLv3`; nothing for what is no version of either.
pub(crate) fn version_text(number: u16) -> Option<String> {
    match number {
        0x0300 => Some("SSLv3".to_owned()),
        0x0301..=0x0304 => Some(format!("TLSv1.{}", number - 0x0301)),
        _ => None,
    }
}

/// What a failed handshake was.
fn outcome(error: &io::Error, passed: &Passed, captured: &Captured) -> TlsOutcome {
    if !looks_like_tls(&passed.first_received) {
        return TlsOutcome::NotTls;
    }
    if let Some(error) = tls_error(error) {
        let refused =
            captured.known().trust.as_ref().is_some_and(|t| t.result != TrustResult::Trusted);
        return match error {
            rustls::Error::AlertReceived(description) => {
                let code = u8::from(*description);
                TlsOutcome::Alert { code, name: alert_name(code) }
            }
            rustls::Error::InvalidCertificate(_) if refused => TlsOutcome::Untrusted,
            other => TlsOutcome::Protocol { text: other.to_string() },
        };
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof if !passed.broken => TlsOutcome::Closed,
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe => TlsOutcome::Reset,
        _ => TlsOutcome::Protocol { text: error.to_string() },
    }
}

/// The TLS library's own error within an I/O error.
pub(crate) fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// What a peer's TLS alert says, and what it mostly wants; `None` where the error is none.
pub fn alert_words(error: &io::Error) -> Option<String> {
    let Some(rustls::Error::AlertReceived(description)) = tls_error(error) else { return None };
    let name = alert_name(u8::from(*description));
    let wants = match description {
        rustls::AlertDescription::CertificateRequired => {
            ": it demands a client certificate (--cert FILE --key FILE)"
        }
        rustls::AlertDescription::AccessDenied => {
            ": the client certificate is valid, but its name is not let in"
        }
        rustls::AlertDescription::UnknownCA => {
            ": it does not trust who issued the client certificate"
        }
        rustls::AlertDescription::BadCertificate
        | rustls::AlertDescription::CertificateUnknown
        | rustls::AlertDescription::CertificateExpired => {
            ": it does not accept the client certificate"
        }
        _ => "",
    };
    Some(format!("the server sent the TLS alert {name}{wants}"))
}

/// The name of an alert by RFC 8446 section 6 and its predecessors.
pub(crate) fn alert_name(code: u8) -> String {
    AlertDescription::from(code).to_string()
}

/// Whether bytes can begin a TLS record (RFC 8446 section 5.1); nothing can.
pub(crate) fn looks_like_tls(first: &[u8]) -> bool {
    match first {
        [] => true,
        [kind] => (20..=24).contains(kind),
        [kind, major, ..] => (20..=24).contains(kind) && *major == 3,
    }
}

/// What the callbacks of the TLS library saw.
#[derive(Debug, Default)]
struct Captured(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    chain: Vec<Vec<u8>>,
    trust: Option<Trust>,
    requested: bool,
    offered: bool,
    authorities: Vec<String>,
}

impl Captured {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the chain and judges it.
#[derive(Debug)]
struct Recording {
    captured: Arc<Captured>,
    store: LazyStore,
    insecure: bool,
}

impl client::Judge for Recording {
    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        now: UnixTime,
    ) -> bool {
        let trust = match self.store.wait() {
            Ok(store) => store.judge(leaf, intermediates, server_name, now.as_secs()),
            Err(error) => trust::without_store(&error),
        };
        let trusted = trust.result == TrustResult::Trusted;
        let mut known = self.captured.known();
        known.chain = std::iter::once(leaf)
            .chain(intermediates)
            .take(CHAIN_MAX)
            .map(|certificate| certificate.to_vec())
            .collect();
        known.trust = Some(trust);
        trusted || self.insecure
    }
}

/// Notes that a client certificate was asked for, and gives it if there is one.
#[derive(Debug)]
struct Asked {
    captured: Arc<Captured>,
    key: Option<Arc<CertifiedKey>>,
}

impl ResolvesClientCert for Asked {
    fn resolve(
        &self,
        root_hint_subjects: &[&[u8]],
        sigschemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let key = self.key.as_ref().filter(|key| key.key.choose_scheme(sigschemes).is_some());
        let mut known = self.captured.known();
        known.requested = true;
        known.offered = key.is_some();
        known.authorities = root_hint_subjects
            .iter()
            .take(AUTHORITIES_MAX)
            .map(|name| certificate::name_of_der(name))
            .collect();
        key.cloned()
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}
