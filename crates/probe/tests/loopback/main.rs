//! The walk's operations against tiny servers on loopback, healthy and broken.

#![allow(clippy::unwrap_used)] // a test fails by panicking

mod certificates;
mod further;
mod handshakes;
mod responses;
mod walk;

use bytes::Bytes;
use plumb_evidence::Observation;
use plumb_evidence::observation::{
    BodyEnd, ConnectOutcome, HelloOutcome, HelloVariant, HttpBody, HttpError, IssuerResult,
    PhaseName, TlsOutcome, TrustResult,
};
use plumb_probe::exchange::{self, Request, Response};
use plumb_probe::handshake::{self, Handshake, TlsOptions};
use plumb_probe::resolve::SystemResolver;
use plumb_probe::trust::{LazyStore, Store};
use plumb_probe::{
    AddressMap, Connection, Deadline, Network, Recorder, Scope, dial, hello, issuer, plain, proxy,
    segment,
};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use url::Url;

const HOST: &str = "www.example.com";

fn scope() -> Scope {
    Scope::new(Recorder::new(), Arc::new(Network::default()))
}

/// Long enough never to matter.
fn patient() -> Deadline {
    Deadline::after(Duration::from_secs(30))
}

fn impatient() -> Deadline {
    Deadline::after(Duration::from_millis(30))
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn connected(scope: &Scope, address: SocketAddr) -> Connection {
    dial::connect(scope, &[address], patient()).await.connection.unwrap()
}

struct Authority {
    root: rcgen::Certificate,
    intermediate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

impl Authority {
    fn new(name: &str) -> Authority {
        let root_key = KeyPair::generate().unwrap();
        let root_params = authority_params(&format!("{name} Root"));
        let root = root_params.self_signed(&root_key).unwrap();
        let root_issuer = Issuer::new(root_params, root_key);
        let key = KeyPair::generate().unwrap();
        let params = authority_params(&format!("{name} Intermediate"));
        let intermediate = params.signed_by(&key, &root_issuer).unwrap();
        Authority { root, intermediate, issuer: Issuer::new(params, key) }
    }

    fn store(&self) -> LazyStore {
        let roots = vec![self.root.der().clone()];
        LazyStore::ready(Store::of_roots("the test's own".into(), roots))
    }

    fn leaf(&self, change: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        change(&mut params);
        let leaf = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        Leaf { chain: vec![leaf, self.intermediate.der().clone()], key }
    }
}

struct Leaf {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl Leaf {
    fn config(self, alpn: &[&str]) -> ServerConfig {
        self.config_with(alpn, None, rustls::ALL_VERSIONS)
    }

    fn config_with(
        self,
        alpn: &[&str],
        clients_of: Option<&Authority>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> ServerConfig {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .unwrap();
        let builder = match clients_of {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = rustls::RootCertStore::empty();
                roots.add(authority.root.der().clone()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .build()
                        .unwrap();
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_single_cert(self.chain, key).unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }
}

/// Reads a request's head.
async fn request_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// Answers every request with these bytes and closes.
async fn respond(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &[u8]) {
    request_head(&mut stream).await;
    // The peer may have gone already; the test judges by what it saw.
    let _ = stream.write_all(answer).await;
    let _ = stream.shutdown().await;
}

async fn serve_plain(answer: &'static [u8]) -> SocketAddr {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(respond(stream, answer));
        }
    });
    address
}

async fn serve_tls(config: ServerConfig, answer: &'static [u8]) -> SocketAddr {
    let (listener, address) = listener().await;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    respond(stream, answer).await;
                }
            });
        }
    });
    address
}

const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: c=d\r\n\r\nhello";

fn options(store: LazyStore) -> TlsOptions {
    TlsOptions {
        server_name: HOST.into(),
        store,
        insecure: false,
        identity: None,
        alpn: vec!["h2".into(), "http/1.1".into()],
        tap: None,
    }
}

async fn shake(scope: &Scope, address: SocketAddr, options: &TlsOptions) -> Handshake {
    let connection = connected(scope, address).await;
    handshake::handshake(scope, connection, options, patient()).await
}

fn get() -> Request {
    Request::get(Url::parse("https://www.example.com/page?a=b").unwrap())
}

fn phases(scope: &Scope) -> Vec<(PhaseName, bool)> {
    let events = scope.recorder.events();
    let phases = events.iter().filter_map(|event| match &event.what {
        Observation::Phase { phase, ok, .. } => Some((*phase, *ok)),
        _ => None,
    });
    phases.collect()
}

fn failure(scope: &Scope) -> HttpError {
    let events = scope.recorder.events();
    let found = events.into_iter().find_map(|event| match event.what {
        Observation::HttpFailure { error, .. } => Some(error),
        _ => None,
    });
    found.unwrap()
}

fn body(scope: &Scope) -> HttpBody {
    let events = scope.recorder.events();
    let found = events.into_iter().find_map(|event| match event.what {
        Observation::HttpBody(body) => Some(body),
        _ => None,
    });
    found.unwrap()
}
