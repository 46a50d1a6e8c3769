//! TLS with rustls, curl and openssl; the raw answerers.

use std::net::SocketAddr;
use std::sync::Arc;

use plumb_serve::Switch;
use plumb_serve::core::{EventKind, Limits};
use plumb_serve::http::Site;
use plumb_serve::raw::Answer;
use plumb_serve::tls::{CertificateAuthority, ChainKind, TlsBehaviour, TlsSite};
use plumb_wire::tls::{
    CipherSuite, ClientHello, ContentType, Extension, Handshake, HandshakeReader, RecordReader,
    ServerHello, Version,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::ground::{next, observed, run, run_with_input, serve, stdout, talk, tcp_socket};

pub(crate) fn now_unix_s() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn authority() -> Arc<CertificateAuthority> {
    Arc::new(CertificateAuthority::generate(now_unix_s()).unwrap())
}

/// A file that is removed with the value.
struct TemporaryFile(std::path::PathBuf);

impl TemporaryFile {
    fn new(name: &str, text: &str) -> Self {
        let unique = format!("plumb-serve-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(unique);
        std::fs::write(&path, text).unwrap();
        TemporaryFile(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

struct Https {
    authority: Arc<CertificateAuthority>,
    behaviour: Switch<TlsBehaviour>,
    address: SocketAddr,
    root: TemporaryFile,
}

impl Https {
    fn start(label: &str) -> Https {
        let authority = authority();
        let behaviour = Switch::new(TlsBehaviour::Normal);
        let names = ["www.example.com", "httpbin.org"];
        let site = Site::new(Switch::default());
        let site = TlsSite::new(Arc::clone(&authority), names, behaviour.clone(), site);
        let address = serve(site);
        let root = TemporaryFile::new(&format!("{label}-root.pem"), &authority.root_pem());
        Https { authority, behaviour, address, root }
    }

    /// curl's exit code and output for the site's first page.
    async fn curl(&self, arguments: &[&str]) -> Option<(i32, String)> {
        let port = self.address.port();
        let resolve = format!("www.example.com:{port}:127.0.0.1");
        let url = format!("https://www.example.com:{port}/");
        let fixed =
            ["-sS", "--noproxy", "*", "--cacert", self.root.path(), "--resolve", &resolve, &url];
        let output = run("curl", &[&fixed, arguments].concat()).await?;
        let text = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
        Some((output.status.code().unwrap(), text))
    }
}

#[tokio::test]
async fn curl_trusts_a_healthy_site_in_every_version() {
    let https = Https::start("healthy");
    for (arguments, version) in [
        (&["--http2"][..], "2"),
        (&["--http1.1"], "1.1"),
        (&["--tls-max", "1.2"], "2"),
        (&["--tlsv1.3"], "2"),
    ] {
        let shown = ["-o", "/dev/null", "-w", "%{http_version}"];
        let Some((code, text)) = https.curl(&[arguments, &shown].concat()).await else { return };
        assert_eq!((code, text.as_str()), (0, version), "{arguments:?}");
    }
    let again = https.address.port();
    let again = format!("https://www.example.com:{again}/redirect/3");
    let arguments = ["-L", "-o", "/dev/null", "-w", "%{http_version} %{num_redirects} ", &again];
    let (code, text) = https.curl(&arguments).await.unwrap();
    assert!(code == 0 && text.contains("2 3 "), "{text}");
    https.behaviour.set(TlsBehaviour::NoHttp2);
    let (code, text) = https.curl(&["-o", "/dev/null", "-w", "%{http_version}"]).await.unwrap();
    assert_eq!((code, text.as_str()), (0, "1.1"));
}

#[tokio::test]
async fn each_broken_chain_is_broken_in_its_own_way() {
    let https = Https::start("chains");
    // The words are those of OpenSSL; with another library only the code is the same.
    for (kind, code, words) in [
        (ChainKind::Healthy, 0, ""),
        (ChainKind::ExpiresSoon, 0, ""),
        (ChainKind::Expired, 60, "expired"),
        (ChainKind::NotYetValid, 60, "not yet valid"),
        (ChainKind::WrongName, 60, "www.example.com"),
        (ChainKind::SelfSigned, 60, "self"),
        (ChainKind::UnknownRoot, 60, "self"),
        (ChainKind::MissingIntermediate, 60, "local issuer"),
    ] {
        https.behaviour.set(TlsBehaviour::Chain(kind));
        let Some((found, text)) = https.curl(&[]).await else { return };
        assert_eq!(found, code, "{kind:?}: {text}");
        assert!(text.contains(words), "{kind:?}: {text}");
    }
}

#[tokio::test]
async fn openssl_verifies_the_chains() {
    let authority = authority();
    let root = TemporaryFile::new("verify-root.pem", &authority.root_pem());
    for kind in ChainKind::ALL {
        let chain = authority.chain("www.example.com", kind).unwrap();
        let sent = TemporaryFile::new(&format!("verify-{kind:?}.pem"), &chain.certificates_pem());
        let arguments = ["verify", "-CAfile", root.path(), "-untrusted", sent.path()];
        let purpose = ["-purpose", "sslserver", "-x509_strict"];
        let name = ["-verify_hostname", "www.example.com", sent.path()];
        let Some(output) = run("openssl", &[&arguments[..], &purpose, &name].concat()).await else {
            return;
        };
        let good = matches!(kind, ChainKind::Healthy | ChainKind::ExpiresSoon);
        assert_eq!(output.status.success(), good, "{kind:?}: {output:?}");
    }
    let leaf = authority.chain("www.example.com", ChainKind::MissingIntermediate).unwrap();
    assert_eq!(leaf.certificates.len(), 1);
    let output =
        run_with_input("openssl", &["x509", "-noout", "-text"], &leaf.certificates_pem()).await;
    let text = stdout(&output.unwrap());
    for part in [
        "CA Issuers - URI:http://ca.example.com/intermediate.cer",
        "DNS:www.example.com",
        "X509v3 Authority Key Identifier",
        "TLS Web Server Authentication",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[tokio::test]
async fn the_certificate_follows_the_name() {
    let https = Https::start("sni");
    let connect = format!("127.0.0.1:{}", https.address.port());
    for (name, subject) in [
        (&["-servername", "httpbin.org"][..], "httpbin.org"),
        (&["-servername", "WWW.Example.com"], "www.example.com"),
        (&["-servername", "unknown.example.com"], "www.example.com"),
        (&["-noservername"], "www.example.com"),
    ] {
        let fixed = ["s_client", "-connect", &connect];
        let Some(output) = run("openssl", &[&fixed[..], name].concat()).await else { return };
        let text = stdout(&output);
        assert!(text.contains(&format!("CN = {subject}")), "{name:?}: {text}");
    }
}

#[tokio::test]
async fn a_client_certificate_is_demanded_and_accepted() {
    let https = Https::start("mutual");
    https.behaviour.set(TlsBehaviour::RequireClientCertificate);
    let Some((code, _)) = https.curl(&[]).await else { return };
    assert!(code != 0, "without a certificate");
    let client = https.authority.client("somebody").unwrap();
    let certificates = TemporaryFile::new("mutual-client.pem", &client.certificates_pem());
    let key = TemporaryFile::new("mutual-client.key", &client.key_pem());
    let identity = ["--cert", certificates.path(), "--key", key.path()];
    let (code, text) = https.curl(&identity).await.unwrap();
    assert_eq!(code, 0, "{text}");
    let stranger = authority().client("stranger").unwrap();
    let certificates = TemporaryFile::new("mutual-stranger.pem", &stranger.certificates_pem());
    let key = TemporaryFile::new("mutual-stranger.key", &stranger.key_pem());
    let identity = ["--cert", certificates.path(), "--key", key.path()];
    assert!(https.curl(&identity).await.unwrap().0 != 0, "of another authority");
}

#[tokio::test]
async fn plain_http_is_answered_in_words_and_plaintext_is_plaintext() {
    let https = Https::start("plain");
    let request = b"GET / HTTP/1.0\r\nHost: www.example.com\r\n\r\n";
    let answer = String::from_utf8(talk(https.address, request).await).unwrap();
    assert!(answer.starts_with("HTTP/1.0 400 Bad Request\r\n"), "{answer}");
    https.behaviour.set(TlsBehaviour::Plaintext);
    let answer = String::from_utf8(talk(https.address, request).await).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
    if let Some((code, _)) = https.curl(&[]).await {
        assert_eq!(code, 35, "what answers a hello is no TLS");
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_cut() {
    let limits = Limits { handshake: std::time::Duration::from_millis(20), ..Limits::default() };
    let (server, mut events) = observed(limits);
    let site = Site::new(Switch::default());
    let site = TlsSite::new(authority(), ["www.example.com"], Switch::default(), site);
    let address = server.tcp(tcp_socket(), site).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A record that says it is a handshake, and never comes to its end.
    stream.write_all(&[0x16, 3, 1, 1, 0, 1]).await.unwrap();
    let how = next(&mut events, |kind| match kind {
        EventKind::Closed(record) => Some(record.how),
        _ => None,
    });
    use plumb_serve::core::{Closed, Cut};
    assert_eq!(how.await, Closed::Cut(Cut::Handshake));
}

fn hello(legacy_version: Version, suites: &[CipherSuite]) -> ClientHello {
    ClientHello {
        legacy_version,
        cipher_suites: suites.to_vec(),
        extensions: vec![Extension::server_name("www.example.com")],
        ..ClientHello::default()
    }
}

/// What a server sends in answer to `hello` until it waits or closes.
async fn first_flight(address: SocketAddr, hello: &ClientHello) -> Result<Vec<Handshake>, u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&hello.into_record()).await.unwrap();
    let (mut records, mut reader) = (RecordReader::new(), HandshakeReader::new());
    let mut messages = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        while let Some(record) = records.next().unwrap() {
            match record.content_type {
                ContentType::Alert => return Err(record.payload[1]),
                _ => reader.push(&record.payload),
            }
            while let Some(message) = reader.next().unwrap() {
                messages.push(Handshake::try_from(message).unwrap());
                if let Some(Handshake::ServerHelloDone(_)) = messages.last() {
                    return Ok(messages);
                }
            }
        }
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "closed after {messages:?}");
        records.push(&buffer[..count]);
    }
}

#[tokio::test]
async fn the_old_server_sends_real_messages() {
    let https = Https::start("old");
    https.behaviour.set(TlsBehaviour::MaxTls10);
    let old = [CipherSuite::EcdheRsaWithAes128CbcSha, CipherSuite::RsaWithAes256CbcSha];
    for (version, suites, chosen) in [
        (Version::Tls10, &old[..], CipherSuite::RsaWithAes256CbcSha),
        (Version::Tls12, &old, CipherSuite::RsaWithAes256CbcSha),
        (Version::Tls12, &[CipherSuite::Aes128GcmSha256], CipherSuite::RsaWithAes128CbcSha),
    ] {
        let flight = first_flight(https.address, &hello(version, suites)).await.unwrap();
        let [Handshake::ServerHello(server_hello), Handshake::Certificate(chain), _] =
            flight.as_slice()
        else {
            panic!("{flight:?}");
        };
        let ServerHello { legacy_version, cipher_suite, .. } = server_hello;
        assert_eq!((*legacy_version, *cipher_suite), (Version::Tls10, chosen), "{version}");
        assert_eq!(chain.chain.len(), 2);
    }
    let too_old = first_flight(https.address, &hello(Version::Ssl30, &old)).await;
    assert_eq!(too_old.unwrap_err(), 70, "protocol_version");
}

#[tokio::test]
async fn openssl_believes_the_old_server() {
    let https = Https::start("old-openssl");
    https.behaviour.set(TlsBehaviour::MaxTls10);
    let connect = format!("127.0.0.1:{}", https.address.port());
    let modern = ["s_client", "-connect", &connect, "-tls1_2"];
    let Some(output) = run("openssl", &modern).await else { return };
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("unsupported protocol") || error.contains("version"), "{error}");
    let old = ["s_client", "-connect", &connect, "-tls1", "-cipher", "ALL:@SECLEVEL=0"];
    let text = stdout(&run("openssl", &old).await.unwrap());
    assert!(text.contains("CN = www.example.com"), "it took the certificate: {text}");
    if let Some((code, text)) = https.curl(&[]).await {
        assert_eq!(code, 35, "{text}");
    }
}

#[tokio::test]
async fn alerts_have_their_number() {
    let https = Https::start("alerts");
    for number in [40, 80, 112] {
        https.behaviour.set(TlsBehaviour::Alert(number));
        let hello = hello(Version::Tls12, &[CipherSuite::RsaWithAes128CbcSha]);
        assert_eq!(first_flight(https.address, &hello).await.unwrap_err(), number);
    }
}

#[tokio::test]
async fn raw_answers_are_what_they_say() {
    use std::io::ErrorKind::ConnectionReset;
    let exchange = async |answer: Answer, sent: &'static [u8]| {
        let mut stream = TcpStream::connect(serve(answer)).await.unwrap();
        // Where the server has reset already, sending fails.
        let _ = stream.write_all(sent).await;
        let mut received = Vec::new();
        let end = stream.read_to_end(&mut received).await;
        (received, end.map_err(|error| error.kind()))
    };
    let (received, end) = exchange(Answer::Close, b"").await;
    assert_eq!((received.len(), end), (0, Ok(0)));
    let (received, end) = exchange(Answer::Reset, b"").await;
    assert_eq!((received.len(), end), (0, Err(ConnectionReset)));
    let (received, end) = exchange(Answer::CloseAfterHello, b"hello").await;
    assert_eq!((received.len(), end), (0, Ok(0)));
    let (received, end) = exchange(Answer::ResetAfterHello, b"hello").await;
    assert_eq!((received.len(), end), (0, Err(ConnectionReset)));
    let (received, end) = exchange(Answer::Garbage, b"hello").await;
    assert!(received.iter().all(|byte| *byte >= 0x80), "{received:?}");
    assert_eq!(end, Ok(64));
    let (received, end) = exchange(Answer::Bytes(b"SSH-2.0\r\n".to_vec()), b"hello").await;
    assert_eq!((&received[..], end), (&b"SSH-2.0\r\n"[..], Ok(9)));
    // Silence ends only when the client does.
    let mut stream = TcpStream::connect(serve(Answer::Silence)).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
}
