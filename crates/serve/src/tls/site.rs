//! TLS in front of a service, with the certificate that the name asks for.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};

use super::handshake::{Handshake, Plain};
use super::{CertificateAuthority, Chain, ChainKind};
use crate::Switch;
use crate::core::{Context, Io, Service};
use crate::raw;

/// How a port that should speak TLS behaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TlsBehaviour {
    /// TLS 1.2 and 1.3 with a healthy chain; HTTP/2 and HTTP/1.1 are offered.
    #[default]
    Normal,
    /// As normal, with this chain.
    Chain(ChainKind),
    /// As normal, but HTTP/2 is not offered.
    NoHttp2,
    /// As normal, but nothing above TLS 1.2.
    MaxTls12,
    /// As normal, but nothing below TLS 1.3.
    MinTls13,
    /// Speaks without TLS.
    Plaintext,
    /// Speaks TLS 1.0 and nothing else.
    MaxTls10,
    /// Demands a client certificate of the lab's authority.
    RequireClientCertificate,
    /// Answers the ClientHello with this fatal alert.
    Alert(u8),
    /// Takes the ClientHello and never answers.
    SilentHandshake,
    /// Takes the ClientHello and closes (FIN).
    CloseAfterHello,
    /// Takes the ClientHello and resets.
    ResetAfterHello,
    /// Answers the ClientHello with bytes that are no TLS.
    Garbage,
    /// Accepts and closes at once.
    CloseAfterAccept,
    /// Accepts and resets at once.
    ResetAfterAccept,
}

/// TLS in front of `T`.
#[derive(Debug)]
pub struct TlsSite<T> {
    authority: Arc<CertificateAuthority>,
    provider: Arc<CryptoProvider>,
    names: Arc<[String]>,
    behaviour: Switch<TlsBehaviour>,
    http: bool,
    config: Mutex<Option<(TlsBehaviour, Arc<ServerConfig>)>>,
    old_version: tokio::sync::OnceCell<raw::OldTls>,
    service: T,
}

impl<T: Service> TlsSite<T> {
    /// TLS for these names; who asks for another name, or for none, is shown
    /// the certificate of the first. Certificates are made when first asked for.
    pub fn new(
        authority: Arc<CertificateAuthority>,
        names: impl IntoIterator<Item = impl Into<String>>,
        behaviour: Switch<TlsBehaviour>,
        service: T,
    ) -> Self {
        TlsSite {
            authority,
            provider: Arc::new(aws_lc_rs::default_provider()),
            names: names.into_iter().map(|name| name.into().to_ascii_lowercase()).collect(),
            behaviour,
            http: true,
            config: Mutex::default(),
            old_version: tokio::sync::OnceCell::new(),
            service,
        }
    }

    /// For a service that is not HTTP: no ALPN.
    pub fn without_alpn(mut self) -> Self {
        self.http = false;
        self
    }

    /// The cell that changes how this site behaves.
    pub fn behaviour(&self) -> &Switch<TlsBehaviour> {
        &self.behaviour
    }

    /// The configuration for `behaviour`. A new one forgets the sessions of
    /// the one before, so that no client resumes past a changed certificate.
    fn config(&self, behaviour: &TlsBehaviour) -> io::Result<Arc<ServerConfig>> {
        let mut cached = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, config)) = &*cached
            && of == behaviour
        {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.build_config(behaviour).map_err(io::Error::other)?);
        *cached = Some((behaviour.clone(), Arc::clone(&config)));
        Ok(config)
    }

    fn build_config(&self, behaviour: &TlsBehaviour) -> Result<ServerConfig, BuildError> {
        use rustls::version::{TLS12, TLS13};
        let versions: &[_] = match behaviour {
            TlsBehaviour::MaxTls12 => &[&TLS12],
            TlsBehaviour::MinTls13 => &[&TLS13],
            _ => &[&TLS13, &TLS12],
        };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(versions)?;
        let builder = match behaviour {
            TlsBehaviour::RequireClientCertificate => {
                let mut roots = RootCertStore::empty();
                roots.add(self.authority.root_der().clone())?;
                let verifier = WebPkiClientVerifier::builder_with_provider(
                    Arc::new(roots),
                    Arc::clone(&self.provider),
                );
                builder.with_client_cert_verifier(verifier.build()?)
            }
            _ => builder.with_no_client_auth(),
        };
        let kind = match behaviour {
            TlsBehaviour::Chain(kind) => *kind,
            _ => ChainKind::Healthy,
        };
        let mut config = builder.with_cert_resolver(Arc::new(ByName {
            authority: Arc::clone(&self.authority),
            provider: Arc::clone(&self.provider),
            names: Arc::clone(&self.names),
            kind,
            made: Mutex::default(),
        }));
        config.alpn_protocols = match (self.http, behaviour) {
            (false, _) => Vec::new(),
            (true, TlsBehaviour::NoHttp2) => vec![b"http/1.1".to_vec()],
            (true, _) => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        };
        Ok(config)
    }

    async fn handshake<S: Io>(
        &self,
        stream: S,
        mut context: Context,
        behaviour: &TlsBehaviour,
    ) -> io::Result<()> {
        let handshake = Handshake {
            config: self.config(behaviour)?,
            plain: if self.http { Plain::Http } else { Plain::Text },
            places: None,
        };
        let inner = handshake.perform(stream, &mut context).await?;
        match inner {
            Some(stream) => self.service.serve(stream, context).await,
            None => Ok(()),
        }
    }

    /// The old server's key and certificate cost some milliseconds, so they
    /// are made when the first client meets it.
    async fn old_version(&self) -> io::Result<&raw::OldTls> {
        let name = self.names.first().cloned().unwrap_or_default();
        let generate = || raw::OldTls::generate(Arc::clone(&self.authority), name);
        self.old_version.get_or_try_init(generate).await
    }
}

impl<T: Service> Service for TlsSite<T> {
    async fn serve<S: Io>(&self, stream: S, context: Context) -> io::Result<()> {
        let behaviour = self.behaviour.get();
        match &*behaviour {
            TlsBehaviour::Plaintext => self.service.serve(stream, context).await,
            TlsBehaviour::MaxTls10 => self.old_version().await?.serve(stream, context).await,
            TlsBehaviour::Alert(number) => raw::Answer::Alert(*number).serve(stream, context).await,
            TlsBehaviour::SilentHandshake => raw::Answer::Silence.serve(stream, context).await,
            TlsBehaviour::CloseAfterHello => {
                raw::Answer::CloseAfterHello.serve(stream, context).await
            }
            TlsBehaviour::ResetAfterHello => {
                raw::Answer::ResetAfterHello.serve(stream, context).await
            }
            TlsBehaviour::Garbage => raw::Answer::Garbage.serve(stream, context).await,
            TlsBehaviour::CloseAfterAccept => raw::Answer::Close.serve(stream, context).await,
            TlsBehaviour::ResetAfterAccept => raw::Answer::Reset.serve(stream, context).await,
            TlsBehaviour::Normal
            | TlsBehaviour::Chain(_)
            | TlsBehaviour::NoHttp2
            | TlsBehaviour::MaxTls12
            | TlsBehaviour::MinTls13
            | TlsBehaviour::RequireClientCertificate => {
                self.handshake(stream, context, &behaviour).await
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum BuildError {
    #[error("cannot configure TLS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("cannot configure the check of client certificates: {0}")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

/// Chains of one kind, by the name that the client asks for.
#[derive(Debug)]
struct ByName {
    authority: Arc<CertificateAuthority>,
    provider: Arc<CryptoProvider>,
    names: Arc<[String]>,
    kind: ChainKind,
    /// At most one entry for each of `names`.
    made: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asked = hello.server_name().map(str::to_ascii_lowercase);
        let known = self.names.iter().find(|name| Some(*name) == asked.as_ref());
        let name = known.or(self.names.first())?;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = made.get(name) {
            return Some(Arc::clone(key));
        }
        let Chain { certificates, key } = self.authority.chain(name, self.kind).ok()?;
        let key = self.provider.key_provider.load_private_key(key).ok()?;
        let key = Arc::new(CertifiedKey::new(certificates, key));
        made.insert(name.clone(), Arc::clone(&key));
        Some(key)
    }
}
