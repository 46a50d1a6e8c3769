//! What a server that speaks TLS is told, and what it uses now.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ResolvesServerCert, ServerSessionMemoryCache};
use rustls::sign::SingleCertAndKey;
use rustls::{ServerConfig, version};
use tokio_util::sync::CancellationToken;

use super::client::Demand;
use super::identity::{Identity, IdentityError, read_certificates};
use super::places::{HANDSHAKES_MAX, Places};
use crate::core::{EventKind, Events};
use crate::watched::{LOOK_EVERY, Watched};

/// Sessions of TLS 1.2 that can be resumed by their id; all else is in tickets,
/// which the clients keep.
const SESSIONS_MAX: usize = 1024;

/// Where the certificate comes from.
#[derive(Debug, Clone)]
pub enum IdentityFrom {
    /// PEM files, read again when they change. Both may be the same.
    Files {
        /// The chain, leaf first.
        certificate: PathBuf,
        /// The leaf's key.
        key: PathBuf,
    },
    /// Made already, see [`Identity::made_for`].
    Made(Identity),
}

/// Which clients are asked for a certificate.
#[derive(Debug, Clone)]
pub struct ClientCertificates {
    /// The authorities that may have issued it, PEM; read again on change.
    pub authorities: PathBuf,
    /// Names of which the certificate must have one; any, if there are none.
    pub names: Vec<String>,
    /// Whether a client without one may come too.
    pub optional: bool,
}

/// What a server that speaks TLS is told.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// What it shows of itself.
    pub identity: IdentityFrom,
    /// What it wants to see of its clients.
    pub clients: Option<ClientCertificates>,
    /// The protocols that it offers in ALPN, the best first.
    pub alpn: Vec<Vec<u8>>,
    /// Handshakes under way at once.
    pub handshakes_max: usize,
}

impl TlsSettings {
    /// TLS with this certificate, for any client, without ALPN.
    pub fn new(identity: IdentityFrom) -> Self {
        TlsSettings { identity, clients: None, alpn: Vec::new(), handshakes_max: HANDSHAKES_MAX }
    }
}

/// A server cannot speak TLS as it was told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// Its own certificate or key is not usable.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The client authorities are not usable.
    #[error("cannot check client certificates with {path}: {detail}")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The library refused the whole.
    #[error("cannot configure TLS: {0}")]
    Tls(#[from] rustls::Error),
}

impl TlsError {
    /// What to do about it, where that is known.
    pub fn remedy(&self) -> Option<String> {
        match self {
            TlsError::Identity(error) => error.remedy(),
            _ => None,
        }
    }
}

/// What is used for the next handshake.
#[derive(Debug)]
struct InUse {
    config: Arc<ServerConfig>,
    identity: Identity,
}

/// The TLS of a server as it is now; shared by all its sockets.
///
/// The files are read again when they change ([`CurrentTls::watch`]) or when
/// somebody says so ([`CurrentTls::reload`]). What is wrong then changes
/// nothing, and connections keep what they began with.
#[derive(Debug)]
pub struct CurrentTls {
    watched: Watched<InUse, TlsError>,
    offers_http: bool,
    pub(super) places: Places,
}

impl CurrentTls {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// When a file cannot be read or used.
    pub fn new(settings: TlsSettings) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let places = Places::new(settings.handshakes_max);
        let offers_http = settings.alpn.iter().any(|name| name == b"http/1.1" || name == b"h2");
        let mut paths = Vec::new();
        if let IdentityFrom::Files { certificate, key } = &settings.identity {
            paths.extend([certificate.clone(), key.clone()]);
        }
        paths.extend(settings.clients.as_ref().map(|clients| clients.authorities.clone()));
        let watched = Watched::new(paths, move || in_use(&settings, &provider))?;
        Ok(CurrentTls { watched, offers_http, places })
    }

    /// What the server shows of itself now.
    pub fn identity(&self) -> Identity {
        self.watched.get().identity.clone()
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.watched.get().config)
    }

    pub(super) fn offers_http(&self) -> bool {
        self.offers_http
    }

    /// Reads the files again now, and tells how that went.
    pub fn reload(&self, events: &Events) {
        self.look(true, events);
    }

    /// Follows the files until `stop`, and tells of each change.
    pub async fn watch(self: Arc<Self>, events: Events, stop: CancellationToken) {
        if self.watched.paths().is_empty() {
            return;
        }
        let mut often = tokio::time::interval(LOOK_EVERY);
        often.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(often.tick()).await.is_some() {
            let (current, events) = (Arc::clone(&self), events.clone());
            // Reading files may take its time.
            let _ = tokio::task::spawn_blocking(move || current.look(false, &events)).await;
        }
    }

    fn look(&self, now: bool, events: &Events) {
        let (done, detail) = match self.watched.look(now) {
            None => return,
            Some(Ok(())) => {
                let identity = self.identity();
                let warning = identity.warning(plumb_sys::clock::unix_s());
                let warning = warning.map(|text| format!("; {text}")).unwrap_or_default();
                (true, identity.fingerprint() + &warning)
            }
            Some(Err(error)) => (false, format!("{error}; the certificate in use stays")),
        };
        events.emit(EventKind::CertificateReloaded { done, detail });
    }
}

/// Reads the files and builds a configuration. Each has ticket keys of its
/// own, so that no client resumes past a change of who may come.
fn in_use(settings: &TlsSettings, provider: &Arc<CryptoProvider>) -> Result<InUse, TlsError> {
    let identity = match &settings.identity {
        IdentityFrom::Files { certificate, key } => Identity::read(certificate, key, provider)?,
        IdentityFrom::Made(identity) => identity.clone(),
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])?;
    let builder = match &settings.clients {
        None => builder.with_no_client_auth(),
        Some(ClientCertificates { authorities, names, optional }) => {
            let roots = read_certificates(authorities)?;
            let demand = Demand::new(&roots, names, *optional, provider)
                .map_err(|detail| TlsError::Authorities { path: authorities.clone(), detail })?;
            builder.with_client_cert_verifier(Arc::new(demand))
        }
    };
    let resolver: Arc<dyn ResolvesServerCert> =
        Arc::new(SingleCertAndKey::from(identity.certified()));
    let mut config = builder.with_cert_resolver(resolver);
    config.alpn_protocols.clone_from(&settings.alpn);
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS_MAX);
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(InUse { config: Arc::new(config), identity })
}
