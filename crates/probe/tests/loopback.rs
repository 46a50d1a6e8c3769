//! The walk's operations against tiny servers on loopback, healthy and broken.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

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

// -- certificates -----------------------------------------------------------

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

// -- servers ----------------------------------------------------------------

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

// -- the whole walk -----------------------------------------------------------

#[tokio::test]
async fn a_healthy_page_is_walked_and_every_phase_is_kept() {
    use PhaseName as P;
    let authority = Authority::new("Good");
    let address = serve_tls(authority.leaf(|_| ()).config(&["http/1.1"]), PAGE).await;
    let scope = scope();
    let done = shake(&scope, address, &options(authority.store())).await;
    assert_eq!(done.seen.outcome, TlsOutcome::Done);
    assert_eq!(done.seen.version.as_deref(), Some("TLSv1.3"));
    assert_eq!(done.seen.group.as_deref(), Some("X25519MLKEM768"));
    assert_eq!(done.seen.alpn.as_deref(), Some("http/1.1"));
    assert_eq!(done.seen.chain.len(), 2);
    assert!(done.seen.hello_bytes > 1200 && done.seen.received_bytes > 1200);
    let trust = done.seen.trust.as_ref().unwrap();
    assert_eq!(trust.result, TrustResult::Trusted);
    assert!(trust.path_ok && trust.last_issuer_in_store && trust.failures.is_empty());
    let mut request = get();
    request.headers.insert("authorization", "Bearer hunter2".parse().unwrap());
    let response = exchange::exchange(&scope, done.connection.unwrap(), &request, patient()).await;
    let Response { status, body: page, body_ok, headers } = response.unwrap();
    assert_eq!((status.as_u16(), &page[..], body_ok), (200, &b"hello"[..], true));
    assert_eq!(headers["set-cookie"], "c=d");
    let all = [P::Tcp, P::Tls, P::Request, P::Wait, P::Response].map(|phase| (phase, true));
    assert_eq!(phases(&scope), all);
    let recorded = format!("{:?}", scope.recorder.events());
    assert!(!recorded.contains("hunter2") && !recorded.contains("c=d"), "{recorded}");
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_agreed_on() {
    let authority = Authority::new("Good");
    let (listener, address) = listener().await;
    let acceptor = TlsAcceptor::from(Arc::new(authority.leaf(|_| ()).config(&["h2"])));
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let stream = acceptor.accept(stream).await.unwrap();
        let mut server = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((request, mut respond))) = server.accept().await {
            assert_eq!(request.uri(), "https://www.example.com/page?a=b");
            let response = http::Response::builder().status(404).body(()).unwrap();
            let mut stream = respond.send_response(response, false).unwrap();
            stream.send_data(Bytes::from_static(b"nothing here"), true).unwrap();
        }
    });
    let scope = scope();
    let done = shake(&scope, address, &options(authority.store())).await;
    let connection = done.connection.unwrap();
    assert_eq!(connection.alpn.as_deref(), Some("h2"));
    let response = exchange::exchange(&scope, connection, &get(), patient()).await.unwrap();
    assert_eq!((response.status.as_u16(), &response.body[..]), (404, &b"nothing here"[..]));
    assert!(response.body_ok);
}

// -- certificates ---------------------------------------------------------------

#[tokio::test]
async fn every_way_of_being_untrusted_is_told_apart() {
    let good = Authority::new("Good");
    let other = Authority::new("Other");
    let date = |year| rcgen::date_time_ymd(year, 1, 1);
    let expired = good.leaf(|p| (p.not_before, p.not_after) = (date(2001), date(2002)));
    let early = good.leaf(|p| (p.not_before, p.not_after) = (date(3001), date(3002)));
    let elsewhere = good.leaf(|p| {
        p.subject_alt_names =
            CertificateParams::new(vec!["b.example".into()]).unwrap().subject_alt_names
    });
    let purpose = good.leaf(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    let mut alone = good.leaf(|_| ());
    alone.chain.truncate(1);
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec![HOST.to_owned()]).unwrap().self_signed(&key).unwrap();
    let own = Leaf { chain: vec![own.der().clone()], key };
    let cases = [
        (expired, TrustResult::Expired, true),
        (early, TrustResult::NotYetValid, true),
        (elsewhere, TrustResult::WrongName, true),
        (purpose, TrustResult::WrongPurpose, true),
        (alone, TrustResult::UnknownIssuer, false),
        (own, TrustResult::UnknownIssuer, false),
        (other.leaf(|_| ()), TrustResult::UnknownIssuer, false),
    ];
    for (leaf, expected, last_issuer_in_store) in cases {
        let sent = leaf.chain.len();
        let address = serve_tls(leaf.config(&["http/1.1"]), PAGE).await;
        let scope = scope();
        let done = shake(&scope, address, &options(good.store())).await;
        assert_eq!(done.seen.outcome, TlsOutcome::Untrusted);
        assert!(done.connection.is_none(), "nothing may be said to an untrusted peer");
        assert_eq!(done.seen.chain.len(), sent, "the chain is kept");
        let trust = done.seen.trust.unwrap();
        assert_eq!((trust.result, trust.failures.len()), (expected.clone(), 1), "{expected:?}");
        assert_eq!(trust.last_issuer_in_store, last_issuer_in_store, "{expected:?}");
        assert_eq!(done.seen.version.as_deref(), Some("TLSv1.3"));
        assert_eq!(phases(&scope).last(), Some(&(PhaseName::Tls, false)));
    }
}

#[tokio::test]
async fn an_expired_certificate_of_an_unknown_authority_shows_both() {
    let leaf = Authority::new("Other").leaf(|p| p.not_after = rcgen::date_time_ymd(2002, 1, 1));
    let address = serve_tls(leaf.config(&[]), PAGE).await;
    let good = Authority::new("Good");
    let mut options = options(good.store());
    options.insecure = true;
    let done = shake(&scope(), address, &options).await;
    assert_eq!(done.seen.outcome, TlsOutcome::Done);
    let trust = done.seen.trust.unwrap();
    assert_eq!(trust.failures, [TrustResult::Expired, TrustResult::UnknownIssuer]);
    assert!(done.connection.is_some(), "insecure goes on");
}

#[tokio::test]
async fn a_missing_intermediate_is_fetched_and_completes_the_chain() {
    let good = Authority::new("Good");
    let leaf = good.leaf(|_| ());
    for (served, completes) in [(&good, true), (&Authority::new("Other"), false)] {
        let der = served.intermediate.der();
        let mut answer =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", der.len()).into_bytes();
        answer.extend_from_slice(der);
        let address = serve_plain(answer.leak()).await;
        let result = issuer::fetch_issuer(
            &scope(),
            &format!("http://{address}/intermediate.cer"),
            &[leaf.chain[0].to_vec()],
            HOST,
            &good.store(),
            &SystemResolver::Library,
            patient(),
        )
        .await;
        let IssuerResult::Fetched { completes_chain, .. } = result else { panic!("{result:?}") };
        assert_eq!(completes_chain, completes);
    }
    let refused = issuer::fetch_issuer(
        &scope(),
        "https://ca.example.com/i.cer",
        &[],
        HOST,
        &good.store(),
        &SystemResolver::Library,
        patient(),
    )
    .await;
    assert!(matches!(refused, IssuerResult::Failed { .. }), "{refused:?}");
}

// -- handshakes that end early -----------------------------------------------------

#[tokio::test]
async fn handshakes_that_fail_say_how() {
    let good = Authority::new("Good");
    let cases: [(&[u8], TlsOutcome); 3] = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", TlsOutcome::NotTls),
        (
            &[21, 3, 3, 0, 2, 2, 40],
            TlsOutcome::Alert { code: 40, name: "handshake_failure".into() },
        ),
        (b"", TlsOutcome::Closed),
    ];
    for (answer, expected) in cases {
        let (listener, address) = listener().await;
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut hello = [0; 4096];
            while stream.read(&mut hello).await.unwrap() == hello.len() {}
            stream.write_all(answer).await.unwrap();
        });
        let done = shake(&scope(), address, &options(good.store())).await;
        assert_eq!(done.seen.outcome, expected);
        assert_eq!(done.seen.first_bytes, answer);
    }
}

#[tokio::test]
async fn silence_is_recorded_with_the_state_of_the_connection() {
    let good = Authority::new("Good");
    let (_listener, address) = listener().await;
    let scope = scope();
    let connection = connected(&scope, address).await;
    let options = options(good.store());
    let done = handshake::handshake(&scope, connection, &options, impatient()).await;
    assert_eq!(done.seen.outcome, TlsOutcome::TimedOut);
    let state = scope.recorder.events().into_iter().find_map(|event| match event.what {
        Observation::TcpState { during: PhaseName::Tls, tcp, .. } => Some(tcp),
        _ => None,
    });
    let hello_bytes = u64::from(done.seen.hello_bytes);
    assert!(state.unwrap().acked_bytes.unwrap() > hello_bytes, "the kernel took the hello");
    assert_eq!(scope.recorder.stalled(0).await.phase, PhaseName::Tls);
}

#[tokio::test]
async fn a_stop_ends_the_wait() {
    let good = Authority::new("Good");
    let (_listener, address) = listener().await;
    let scope = scope();
    let connection = connected(&scope, address).await;
    scope.stop.now();
    let options = options(good.store());
    let done = handshake::handshake(&scope, connection, &options, patient()).await;
    assert_eq!(done.seen.outcome, TlsOutcome::Abandoned);
}

#[tokio::test]
async fn a_client_certificate_that_is_wanted_shows_in_both_versions() {
    let good = Authority::new("Good");
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let config = good.leaf(|_| ()).config_with(&["http/1.1"], Some(&good), &[version]);
        let address = serve_tls(config, PAGE).await;
        let scope = scope();
        let done = shake(&scope, address, &options(good.store())).await;
        assert!(done.seen.client_certificate_requested && !done.seen.client_certificate_sent);
        assert_eq!(done.seen.client_certificate_authorities, ["CN=Good Root"]);
        match done.connection {
            // TLS 1.3: the server's refusal comes after the handshake.
            Some(connection) => {
                let response = exchange::exchange(&scope, connection, &get(), patient()).await;
                assert!(response.is_none());
                let name = "certificate_required".to_owned();
                assert_eq!(failure(&scope), HttpError::Alert { code: 116, name });
            }
            None => assert!(matches!(done.seen.outcome, TlsOutcome::Alert { .. })),
        }
    }
}

// -- HTTP ---------------------------------------------------------------------------

async fn ask(answer: &'static [u8]) -> (Scope, Option<Response>) {
    let address = serve_plain(answer).await;
    let scope = scope();
    let connection = connected(&scope, address).await;
    let response = exchange::exchange(&scope, connection, &get(), patient()).await;
    (scope, response)
}

#[tokio::test]
async fn responses_that_never_come_say_how() {
    let (scope, response) = ask(b"").await;
    assert!(response.is_none());
    assert_eq!(failure(&scope), HttpError::EmptyReply);
    let (scope, _) = ask(b"SSH-2.0-OpenSSH_9.6\r\n").await;
    assert!(
        matches!(failure(&scope), HttpError::NotHttp { first_bytes } if first_bytes.starts_with(b"SSH"))
    );
    let (scope, _) = ask(b"HTTP/1.1 200 OK\r\nContent-Le").await;
    assert!(matches!(failure(&scope), HttpError::Protocol { .. }));
    assert_eq!(phases(&scope).last(), Some(&(PhaseName::Wait, false)));
}

#[tokio::test]
async fn a_reset_and_a_silence_in_place_of_a_response_are_told_apart() {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        // Closing with the request unread makes the kernel send a RST.
        let (stream, _) = listener.accept().await.unwrap();
        stream.peek(&mut [0]).await.unwrap();
        drop(stream);
        // The next one is kept and never answered.
        let kept = listener.accept().await.unwrap();
        std::future::pending::<()>().await;
        drop(kept);
    });
    let scope = scope();
    let connection = connected(&scope, address).await;
    assert!(exchange::exchange(&scope, connection, &get(), patient()).await.is_none());
    assert_eq!(failure(&scope), HttpError::Reset);
    let scope = Scope::new(Recorder::new(), Arc::new(Network::default()));
    let connection = connected(&scope, address).await;
    assert!(exchange::exchange(&scope, connection, &get(), impatient()).await.is_none());
    assert_eq!(failure(&scope), HttpError::TimedOut);
    let during = scope.recorder.events().into_iter().find_map(|event| match event.what {
        Observation::TcpState { during, .. } => Some(during),
        _ => None,
    });
    assert_eq!(during, Some(PhaseName::Wait));
}

#[tokio::test]
async fn bodies_that_are_not_whole_or_not_what_they_say_are_told() {
    let cases: [(&[u8], BodyEnd, bool); 5] = [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", BodyEnd::Short, false),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", BodyEnd::Short, false),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\nhello",
            BodyEnd::Complete,
            true,
        ),
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", BodyEnd::Complete, false),
        (b"HTTP/1.1 204 No Content\r\n\r\n", BodyEnd::Complete, false),
    ];
    for (answer, expected, encoding_error) in cases {
        let (scope, response) = ask(answer).await;
        let seen = body(&scope);
        assert_eq!(seen.ended, expected);
        assert_eq!(seen.encoding_error.is_some(), encoding_error);
        let ok = expected == BodyEnd::Complete && !encoding_error;
        assert_eq!(response.unwrap().body_ok, ok);
        assert_eq!(phases(&scope).last(), Some(&(PhaseName::Response, ok)));
    }
    let (scope, _) = ask(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n").await;
    assert!(matches!(body(&scope).ended, BodyEnd::Malformed { .. }), "{:?}", body(&scope));
}

#[tokio::test]
async fn http_2_that_ends_without_a_response_says_how() {
    let authority = Authority::new("Good");
    let (listener, address) = listener().await;
    let acceptor = TlsAcceptor::from(Arc::new(authority.leaf(|_| ()).config(&["h2"])));
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut server =
            h2::server::handshake(acceptor.accept(stream).await.unwrap()).await.unwrap();
        // The first connection is dropped with its request.
        drop(server.accept().await);
        drop(server);
        let (stream, _) = listener.accept().await.unwrap();
        let mut server =
            h2::server::handshake(acceptor.accept(stream).await.unwrap()).await.unwrap();
        let (_, mut respond) = server.accept().await.unwrap().unwrap();
        respond.send_reset(h2::Reason::ENHANCE_YOUR_CALM);
        let _ = server.accept().await;
    });
    let scope = scope();
    let done = shake(&scope, address, &options(authority.store())).await;
    let connection = done.connection.unwrap();
    assert!(exchange::exchange(&scope, connection, &get(), patient()).await.is_none());
    let seen = failure(&scope);
    assert!(matches!(seen, HttpError::EmptyReply | HttpError::Reset), "{seen:?}");
    let scope = Scope::new(Recorder::new(), Arc::new(Network::default()));
    let done = shake(&scope, address, &options(authority.store())).await;
    let connection = done.connection.unwrap();
    assert!(exchange::exchange(&scope, connection, &get(), patient()).await.is_none());
    let seen = failure(&scope);
    let HttpError::Protocol { text } = &seen else { panic!("{seen:?}") };
    assert!(text.contains("ENHANCE_YOUR_CALM"), "{text}");
}

#[tokio::test]
async fn an_http_2_body_that_is_given_up_is_short() {
    let authority = Authority::new("Good");
    for closes in [true, false] {
        let (listener, address) = listener().await;
        let config = authority.leaf(|_| ()).config(&["h2"]);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let stream = acceptor.accept(stream).await.unwrap();
            let mut server = h2::server::handshake(stream).await.unwrap();
            let (_, mut respond) = server.accept().await.unwrap().unwrap();
            let response = http::Response::builder().header("content-length", 9).body(()).unwrap();
            let mut stream = respond.send_response(response, false).unwrap();
            stream.send_data(Bytes::from_static(b"hello"), false).unwrap();
            if closes {
                // All that waits is sent, then the connection ends.
                server.abrupt_shutdown(h2::Reason::NO_ERROR);
            } else {
                stream.send_reset(h2::Reason::INTERNAL_ERROR);
            }
            while server.accept().await.is_some() {}
        });
        let scope = scope();
        let done = shake(&scope, address, &options(authority.store())).await;
        let connection = done.connection.unwrap();
        let response = exchange::exchange(&scope, connection, &get(), patient()).await;
        assert!(response.is_none_or(|response| !response.body_ok));
        let ends: Vec<BodyEnd> = scope
            .recorder
            .events()
            .into_iter()
            .filter_map(|event| match event.what {
                Observation::HttpBody(body) => Some(body.ended),
                _ => None,
            })
            .collect();
        assert!(ends.iter().all(|end| *end == BodyEnd::Short), "{ends:?}");
    }
}

#[tokio::test]
async fn a_body_that_stops_coming_is_stalled() {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        request_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello").await.unwrap();
        std::future::pending::<()>().await;
        drop(stream);
    });
    let scope = scope();
    let connection = connected(&scope, address).await;
    let soon = Deadline::after(Duration::from_millis(200));
    let response = exchange::exchange(&scope, connection, &get(), soon).await.unwrap();
    assert_eq!((&response.body[..], response.body_ok), (&b"hello"[..], false));
    assert_eq!(body(&scope).ended, BodyEnd::Stalled);
}

// -- proxies and further probes --------------------------------------------------------

#[tokio::test]
async fn a_proxy_opens_a_tunnel_or_says_no() {
    let (listener, address) = listener().await;
    let page = serve_plain(PAGE).await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = request_head(&mut stream).await;
        assert!(head.starts_with("CONNECT www.example.com:80 HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("Proxy-Authorization: Basic bWU6aHVudGVyMg==\r\n"), "{head}");
        stream.write_all(b"HTTP/1.1 200 Fine\r\nVia: me\r\n\r\n").await.unwrap();
        let mut onward = TcpStream::connect(page).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
        let (stream, _) = listener.accept().await.unwrap();
        respond(stream, b"HTTP/1.1 407 Who are you\r\n\r\n").await;
    });
    let through = proxy::Proxy::new(Url::parse("http://me:hunter2@127.0.0.1:1/").unwrap());
    let scope = scope();
    let connection = connected(&scope, address).await;
    let tunnel =
        proxy::connect(&scope, connection, &through, "www.example.com:80", patient()).await;
    let response = exchange::exchange(&scope, tunnel.unwrap(), &get(), patient()).await;
    assert_eq!(&response.unwrap().body[..], b"hello");
    let connection = connected(&scope, address).await;
    let refused =
        proxy::connect(&scope, connection, &through, "www.example.com:80", patient()).await;
    assert!(refused.is_none());
    let events = scope.recorder.events();
    assert!(events.iter().any(|event| {
        matches!(event.what, Observation::ProxyConnect { status: Some(407), .. })
    }));
    assert!(!format!("{events:?}").contains("hunter2"));
}

#[tokio::test]
async fn further_probes_tell_plain_from_secured() {
    let authority = Authority::new("Good");
    let secured = serve_tls(authority.leaf(|_| ()).config(&["http/1.1"]), PAGE).await;
    let plain = serve_plain(PAGE).await;
    let scope = scope();
    plain::probe(&scope, plain, HOST, patient()).await;
    plain::probe(&scope, secured, HOST, patient()).await;
    let statuses: Vec<Option<u16>> = scope
        .recorder
        .events()
        .iter()
        .filter_map(|event| match &event.what {
            Observation::PlainHttp { status, .. } => Some(*status),
            _ => None,
        })
        .collect();
    assert_eq!(statuses, [Some(200), None]);
    for variant in [
        HelloVariant::Same,
        HelloVariant::Small,
        HelloVariant::NoServerName,
        HelloVariant::MaxVersion { version: "TLSv1.2".into() },
        HelloVariant::MaxVersion { version: "TLSv1.3".into() },
    ] {
        let seen = hello::probe(&scope, secured, Some(HOST), variant, patient()).await;
        assert!(matches!(seen.outcome, HelloOutcome::ServerHello { .. }), "{seen:?}");
        assert_eq!(seen.acked, Some(true));
    }
    let old = HelloVariant::MaxVersion { version: "TLSv1.0".into() };
    let seen = hello::probe(&scope, secured, Some(HOST), old, patient()).await;
    assert!(matches!(seen.outcome, HelloOutcome::Alert { .. }), "{seen:?}");
    let ladder = segment::ladder(&scope, secured, Some(HOST), true, patient()).await;
    assert!(ladder.default_answered);
}

#[tokio::test]
async fn a_map_leads_every_probe_elsewhere() {
    let to = serve_plain(PAGE).await;
    let from: SocketAddr = "192.0.2.1:80".parse().unwrap();
    let network = Network { map: AddressMap::new([(from, to)]), ..Network::default() };
    let scope = Scope::new(Recorder::new(), Arc::new(network));
    let attempt = dial::attempt(&scope, from, patient()).await;
    assert_eq!(attempt.outcome, ConnectOutcome::Connected);
    plain::probe(&scope, from, HOST, patient()).await;
    let seen = hello::probe(&scope, from, None, HelloVariant::PlainBytes, patient()).await;
    assert!(matches!(seen.outcome, HelloOutcome::OtherBytes { .. }));
    let mapped = scope.recorder.events();
    let said = mapped.iter().filter(|e| matches!(e.what, Observation::Mapped { .. })).count();
    assert_eq!(said, 1);
}
