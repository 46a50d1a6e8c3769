//! TLS from files: what openssl makes is read, what is wrong is refused,
//! clients are asked who they are, changes are followed, the silent hold
//! nobody up.

use std::path::PathBuf;
use std::sync::Arc;

use plumb_serve::core::{
    Closed, Cut, EventKind, Limits, Phase, Rule, Server, ServerEvent, TlsRecord,
};
use plumb_serve::echo::Echo;
use plumb_serve::tls::{
    CertificateAuthority, Chain, ClientCertificates, CurrentTls, Identity, IdentityError,
    IdentityFrom, Terminator, TlsError, TlsSettings,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::ground::{next, observed, run, run_with_input, stdout, talk, tcp_socket};
use crate::tls::now_unix_s;

/// A directory that is removed with the value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(label: &str) -> Self {
        let path = std::env::temp_dir().join(format!("plumb-{}-{label}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn chain(&self, name: &str, chain: &Chain) -> IdentityFrom {
        IdentityFrom::Files {
            certificate: self.write(&format!("{name}.pem"), &chain.certificates_pem()),
            key: self.write(&format!("{name}.key"), &chain.key_pem()),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An echo server behind TLS, and an authority that clients trust.
struct Ground {
    folder: Folder,
    authority: CertificateAuthority,
    tls: Arc<CurrentTls>,
    server: Server,
    events: mpsc::UnboundedReceiver<ServerEvent>,
    connect: String,
}

impl Ground {
    fn start(label: &str, change: impl FnOnce(&Folder, &mut TlsSettings)) -> Ground {
        Ground::limited(label, Limits::default(), change)
    }

    fn limited(
        label: &str,
        limits: Limits,
        change: impl FnOnce(&Folder, &mut TlsSettings),
    ) -> Ground {
        let folder = Folder::new(label);
        let authority = CertificateAuthority::generate(now_unix_s()).unwrap();
        folder.write("root.pem", &authority.root_pem());
        let chain = authority.chain("localhost", Default::default()).unwrap();
        let mut settings = TlsSettings::new(folder.chain("server", &chain));
        change(&folder, &mut settings);
        let tls = Arc::new(CurrentTls::new(settings).unwrap());
        let (server, events) = observed(limits);
        let service = Terminator::new(Arc::clone(&tls), Echo::default());
        let address = server.tcp(tcp_socket(), service).unwrap();
        let connect = format!("localhost:{}", address.port());
        Ground { folder, authority, tls, server, events, connect }
    }

    /// What openssl says after it sent a line.
    async fn openssl(&self, arguments: &[&str]) -> Option<String> {
        let root = self.folder.text("root.pem");
        let fixed = ["s_client", "-connect", &self.connect, "-servername", "localhost", "-4"];
        let ends = ["-verify_return_error", "-ign_eof"];
        let trust = ["-CAfile", &root];
        let arguments = [&fixed[..], &trust, arguments, &ends].concat();
        let output = tokio::time::timeout(
            std::time::Duration::from_secs(60),
            run_with_input("openssl", &arguments, "hello\n"),
        );
        let output = output.await.unwrap()?;
        Some(stdout(&output) + &String::from_utf8_lossy(&output.stderr))
    }

    async fn handshake(&mut self) -> TlsRecord {
        let done = |kind| match kind {
            EventKind::TlsHandshake(record) => Some(record),
            EventKind::TlsFailed { error } => panic!("{error}"),
            _ => None,
        };
        next(&mut self.events, done).await
    }

    /// The rule of TLS that was broken.
    async fn security(&mut self) -> (Rule, String) {
        next(&mut self.events, |kind| match kind {
            EventKind::Security { rule, phase: Phase::Tls, detail } => Some((rule, detail)),
            _ => None,
        })
        .await
    }

    /// A connection with openssl that stays open: its child, to talk to.
    async fn keep_open(&self) -> Option<tokio::process::Child> {
        let mut command = tokio::process::Command::new("openssl");
        command.args(["s_client", "-connect", &self.connect, "-quiet", "-4", "-CAfile"]);
        command.arg(self.folder.path("root.pem")).kill_on_drop(true);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        command.stderr(std::process::Stdio::null());
        command.spawn().ok()
    }
}

async fn line_through(child: &mut tokio::process::Child, line: &str) -> String {
    let stdin = child.stdin.as_mut().unwrap();
    stdin.write_all(line.as_bytes()).await.unwrap();
    stdin.flush().await.unwrap();
    let mut answer = vec![0; line.len()];
    child.stdout.as_mut().unwrap().read_exact(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// Ends echo's conversation: openssl leaves when the server does.
fn short_talk() -> Limits {
    Limits { idle: std::time::Duration::from_millis(300), ..Limits::default() }
}

#[tokio::test]
async fn keys_of_every_form_that_openssl_makes() {
    let folder = Folder::new("forms");
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let (certificate, key) = (folder.text("c.pem"), folder.text("k.pem"));
    let subject = ["-subj", "/CN=localhost", "-days", "30", "-out", &certificate];
    for make in [
        &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"][..],
        &["genrsa", "-traditional", "2048"],
        &["ecparam", "-genkey", "-noout", "-name", "prime256v1"],
        &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        &["genpkey", "-algorithm", "ED25519"],
    ] {
        let arguments = [&make[..1], &["-out", &key], &make[1..]].concat();
        let Some(made) = run("openssl", &arguments).await else { return };
        assert!(made.status.success(), "{make:?}: {made:?}");
        let request = [&["req", "-x509", "-new", "-key", &key][..], &subject].concat();
        assert!(run("openssl", &request).await.unwrap().status.success(), "{make:?}");
        let identity = Identity::read(certificate.as_ref(), key.as_ref(), &provider);
        let identity = identity.unwrap_or_else(|error| panic!("{make:?}: {error}"));
        let arguments = ["x509", "-noout", "-fingerprint", "-sha256", "-in", &certificate];
        let said = stdout(&run("openssl", &arguments).await.unwrap());
        assert!(said.trim().eq_ignore_ascii_case(&identity.fingerprint()), "{said}");
    }
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_in_a_line_with_its_remedy() {
    let folder = Folder::new("refused");
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let authority = CertificateAuthority::generate(now_unix_s()).unwrap();
    let chain = authority.chain("localhost", Default::default()).unwrap();
    let other = authority.chain("localhost", Default::default()).unwrap();
    let (good, key) = (chain.certificates_pem(), chain.key_pem());
    folder.write("good.pem", &good);
    folder.write("good.key", &key);
    folder.write("both.pem", &format!("{key}{good}"));
    folder.write("other.key", &other.key_pem());
    folder.write("cut.pem", &good[..good.len() / 4]);
    folder.write("empty.pem", "");
    folder.write("many.pem", &good.repeat(9));
    let reversed = Chain {
        certificates: chain.certificates.iter().rev().cloned().collect(),
        key: chain.key.clone_key(),
    };
    folder.write("reversed.pem", &reversed.certificates_pem());
    std::fs::write(folder.path("c.der"), &chain.certificates[0]).unwrap();
    let read = |certificate: &str, key: &str| {
        Identity::read(&folder.path(certificate), &folder.path(key), &provider)
    };
    assert!(read("good.pem", "good.key").is_ok());
    assert!(read("both.pem", "both.pem").is_ok(), "one file may hold both");
    for (certificate, key, words, remedy) in [
        ("missing.pem", "good.key", "cannot read", false),
        ("empty.pem", "good.key", "no certificate", false),
        ("good.key", "good.pem", "but a private key", true),
        ("good.pem", "good.pem", "but a certificate", true),
        ("cut.pem", "good.key", "is missing", true),
        ("c.der", "good.key", "DER", true),
        ("many.pem", "good.key", "that is no chain", false),
        ("good.pem", "other.key", "does not belong", false),
        ("reversed.pem", "good.key", "does not belong", true),
    ] {
        let error = read(certificate, key).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(words) && !text.contains('\n'), "{certificate}, {key}: {text}");
        assert_eq!(error.remedy().is_some(), remedy, "{text}");
    }
    let encrypted = folder.text("encrypted.key");
    let arguments = ["pkcs8", "-topk8", "-in", &folder.text("good.key"), "-out", &encrypted];
    let password = ["-passout", "pass:secret"];
    if run("openssl", &[&arguments[..], &password].concat()).await.is_some() {
        let error = read("good.pem", "encrypted.key").unwrap_err();
        assert!(matches!(error, IdentityError::EncryptedKey { .. }), "{error}");
        assert!(error.remedy().unwrap().contains("openssl pkey"));
    }
}

#[tokio::test]
async fn a_certificate_made_on_the_spot_is_good_for_its_names() {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let identity = Identity::made_for(&names, now_unix_s()).unwrap();
    assert_eq!(identity.warning(now_unix_s()), None);
    let pem = identity.chain().certificates_pem();
    let pin = identity.key_pin().unwrap();
    let mut ground = Ground::limited("self", short_talk(), |folder, settings| {
        folder.write("self.pem", &pem);
        settings.identity = IdentityFrom::Made(identity);
    });
    let file = ground.folder.text("self.pem");
    let Some(text) = ground.openssl(&["-CAfile", &file, "-verify_hostname", "localhost"]).await
    else {
        return;
    };
    assert!(text.contains("Verify return code: 0 (ok)") && text.contains("hello"), "{text}");
    let record = ground.handshake().await;
    assert_eq!(record.version, "TLS 1.3");
    assert!(record.cipher_suite.starts_with("TLS_"), "{record:?}");
    assert!(record.group.is_some() && record.alpn.is_none() && !record.resumed, "{record:?}");
    assert_eq!(record.name.as_deref(), Some("localhost"));
    assert!(record.duration_ns > 0);
    for host in ["127.0.0.1", "localhost"] {
        let url = ground.connect.replace("localhost", host);
        let url = format!("https://{url}/");
        let pinned = format!("sha256//{pin}");
        // Echo is no HTTP: what counts is that the certificate was taken.
        for trust in [&["--cacert", &file][..], &["-k", "--pinnedpubkey", &pinned]] {
            let fixed = ["-sS", "--http0.9", "--noproxy", "*", "-m", "20", &url];
            let Some(output) = run("curl", &[&fixed[..], trust].concat()).await else { return };
            let code = output.status.code().unwrap();
            assert!(![35, 60, 90].contains(&code), "{trust:?}: {output:?}");
        }
    }
}

#[tokio::test]
async fn old_versions_are_refused_and_alpn_is_agreed_on() {
    let mut ground = Ground::limited("versions", short_talk(), |_, settings| {
        settings.alpn = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    });
    let old = ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"];
    let Some(text) = ground.openssl(&old).await else { return };
    assert!(text.contains("alert"), "{text}");
    assert_eq!(ground.security().await.0, Rule::Handshake);
    let text = ground.openssl(&["-tls1_2", "-alpn", "http/1.1,h2"]).await.unwrap();
    assert!(text.contains("ALPN protocol: h2"), "{text}");
    let record = ground.handshake().await;
    assert_eq!((record.version.as_str(), record.alpn.as_deref()), ("TLS 1.2", Some("h2")));
    let text = ground.openssl(&["-alpn", "spdy/1"]).await.unwrap();
    assert!(text.contains("no application protocol"), "{text}");
}

#[tokio::test]
async fn sessions_are_resumed_until_the_configuration_changes() {
    let mut ground = Ground::limited("resumed", short_talk(), |_, _| {});
    for version in ["-tls1_3", "-tls1_2"] {
        let session = ground.folder.text(&format!("session{version}"));
        let Some(text) = ground.openssl(&[version, "-sess_out", &session]).await else { return };
        assert!(text.contains("hello"), "{text}");
        assert!(!ground.handshake().await.resumed);
        let text = ground.openssl(&[version, "-sess_in", &session]).await.unwrap();
        assert!(text.contains("Reused"), "{text}");
        assert!(ground.handshake().await.resumed);
    }
    ground.tls.reload(ground.server.events());
    let session = ground.folder.text("session-tls1_3");
    let text = ground.openssl(&["-tls1_3", "-sess_in", &session]).await.unwrap();
    assert!(!text.contains("Reused"), "{text}");
}

#[tokio::test]
async fn clients_are_asked_who_they_are() {
    let demand = |names: &[&str], optional: bool| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        move |folder: &Folder, settings: &mut TlsSettings| {
            settings.clients =
                Some(ClientCertificates { authorities: folder.path("root.pem"), names, optional });
        }
    };
    let mut ground = Ground::limited("clients", short_talk(), demand(&["alice"], false));
    let clients = CertificateAuthority::generate(now_unix_s()).unwrap();
    for (name, from) in
        [("alice", &ground.authority), ("bob", &ground.authority), ("mallory", &clients)]
    {
        let _ = ground.folder.chain(name, &from.client(name).unwrap());
    }
    let with = |folder: &Folder, name: &str| {
        let (chain, key) =
            (folder.text(&format!("{name}.pem")), folder.text(&format!("{name}.key")));
        ["-cert", &chain, "-cert_chain", &chain, "-key", &key].map(str::to_owned).to_vec()
    };
    for (name, alert, words) in [
        ("alice", None, ""),
        ("bob", Some("access denied"), "none that may come"),
        ("mallory", Some("alert"), "not valid"),
        ("", Some("certificate required"), "no certificate"),
    ] {
        let arguments = if name.is_empty() { Vec::new() } else { with(&ground.folder, name) };
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let Some(text) = ground.openssl(&arguments).await else { return };
        match alert {
            None => {
                assert!(text.contains("hello"), "{name}: {text}");
                let record = ground.handshake().await;
                assert_eq!(record.client.as_deref(), Some("CN=alice"));
                let closed = next(&mut ground.events, |kind| match kind {
                    EventKind::Closed(record) => Some(record),
                    _ => None,
                });
                assert_eq!(closed.await.user.as_deref(), Some("alice"));
            }
            Some(alert) => {
                assert!(text.contains(alert), "{name}: {text}");
                let (rule, detail) = ground.security().await;
                assert_eq!(rule, Rule::ClientCertificate, "{detail}");
                assert!(detail.contains(words), "{name}: {detail}");
            }
        }
    }
    let mut ground = Ground::limited("optional", short_talk(), demand(&[], true));
    let text = ground.openssl(&[]).await.unwrap();
    assert!(text.contains("hello"), "{text}");
    assert_eq!(ground.handshake().await.client, None);
}

#[tokio::test]
async fn simple_client_certificates_as_openssl_makes_them() {
    let folder = Folder::new("simple");
    let path = |name: &str| folder.text(name);
    let (ca, ca_key, request, key, certificate) =
        (path("ca.pem"), path("ca.key"), path("a.csr"), path("a.key"), path("a.pem"));
    let new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let root = ["req", "-x509", "-keyout", &ca_key, "-out", &ca, "-subj", "/CN=ca"];
    if run("openssl", &[&root[..], &new].concat()).await.is_none() {
        return;
    }
    let ask = ["req", "-keyout", &key, "-out", &request, "-subj", "/O=Acme/CN=alice"];
    run("openssl", &[&ask[..], &new].concat()).await.unwrap();
    let sign = ["x509", "-req", "-in", &request, "-CA", &ca, "-CAkey", &ca_key];
    let out = ["-CAcreateserial", "-days", "2", "-out", &certificate];
    run("openssl", &[&sign[..], &out].concat()).await.unwrap();
    // Of version 1 with OpenSSL 3.0; and one that is in the list itself.
    let own = ["req", "-x509", "-keyout", "own.key", "-out", "own.pem", "-subj", "/CN=own"];
    let (own_key, own_pem) = (path("own.key"), path("own.pem"));
    let own = [&own[..2], &["-keyout", &own_key, "-out", &own_pem], &own[6..], &new].concat();
    run("openssl", &own).await.unwrap();
    let list = [&ca, &own_pem].map(|file| std::fs::read_to_string(file).unwrap()).concat();
    let list = folder.write("list.pem", &list);
    let mut ground = Ground::limited("simple-server", short_talk(), move |_, settings| {
        settings.clients =
            Some(ClientCertificates { authorities: list, names: Vec::new(), optional: false });
    });
    for (certificate, key, subject) in
        [(&certificate, &key, "CN=alice,O=Acme"), (&own_pem, &own_key, "CN=own")]
    {
        for version in ["-tls1_3", "-tls1_2"] {
            let text = ground.openssl(&[version, "-cert", certificate, "-key", key]).await.unwrap();
            assert!(text.contains("hello"), "{subject}: {text}");
            assert_eq!(ground.handshake().await.client.as_deref(), Some(subject));
        }
    }
    // The right certificate with another's key proves nothing.
    let stolen = ground.openssl(&["-cert", &certificate, "-key", &own_key]).await.unwrap();
    assert!(!stolen.contains("hello"), "{stolen}");
    // Signed by another authority of the same name.
    run("openssl", &[&root[..], &new].concat()).await.unwrap();
    run("openssl", &[&sign[..], &out].concat()).await.unwrap();
    let text = ground.openssl(&["-cert", &certificate, "-key", &key]).await.unwrap();
    assert!(text.contains("alert"), "{text}");
    assert_eq!(ground.security().await.0, Rule::ClientCertificate);
}

#[tokio::test]
async fn changes_are_followed_and_bad_ones_are_not() {
    let mut ground = Ground::start("reload", |_, _| {});
    let stop = tokio_util::sync::CancellationToken::new();
    tokio::spawn(Arc::clone(&ground.tls).watch(ground.server.events().clone(), stop.clone()));
    let Some(mut before) = ground.keep_open().await else { return };
    assert_eq!(line_through(&mut before, "before\n").await, "before\n");
    let first = ground.tls.identity().fingerprint();

    let chain = ground.authority.chain("localhost", Default::default()).unwrap();
    let _ = ground.folder.chain("server", &chain);
    let reloaded = |kind| match kind {
        EventKind::CertificateReloaded { done, detail } => Some((done, detail)),
        _ => None,
    };
    let (done, detail) = next(&mut ground.events, reloaded).await;
    let second = ground.tls.identity().fingerprint();
    assert!(done && detail == second && second != first, "{detail}");
    let mut after = ground.keep_open().await.unwrap();
    assert_eq!(line_through(&mut after, "after\n").await, "after\n");
    assert_eq!(line_through(&mut before, "still there\n").await, "still there\n");

    ground.folder.write("server.pem", "no certificate at all");
    let (done, detail) = next(&mut ground.events, reloaded).await;
    assert!(!done && detail.contains("stays"), "{detail}");
    assert_eq!(ground.tls.identity().fingerprint(), second);
    let mut last = ground.keep_open().await.unwrap();
    assert_eq!(line_through(&mut last, "last\n").await, "last\n");
    stop.cancel();
}

#[tokio::test]
async fn the_silent_hold_nobody_up_and_are_cut() {
    let limits = Limits {
        handshake: std::time::Duration::from_secs(4),
        connections_per_client_max: 1000,
        ..Limits::default()
    };
    let mut ground = Ground::limited("silent", limits, |_, _| {});
    let address = ground.connect.replace("localhost", "127.0.0.1");
    let mut silent = Vec::new();
    for number in 0..50 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        if number % 2 == 0 {
            // A record that says it is a handshake, and never comes to its end.
            stream.write_all(&[0x16, 3, 1, 1, 0, 1]).await.unwrap();
        }
        silent.push(stream);
    }
    let Some(mut child) = ground.keep_open().await else { return };
    assert_eq!(line_through(&mut child, "served\n").await, "served\n");
    let mut cut = 0;
    while cut < silent.len() {
        let how = next(&mut ground.events, |kind| match kind {
            EventKind::Closed(record) => Some(record.how),
            _ => None,
        });
        assert_eq!(how.await, Closed::Cut(Cut::Handshake));
        cut += 1;
    }
}

#[tokio::test]
async fn who_speaks_plainly_is_told_so() {
    let ground = Ground::start("plain", |_, _| {});
    let address = ground.connect.replace("localhost", "127.0.0.1").parse().unwrap();
    let answer = String::from_utf8(talk(address, b"hello\n").await).unwrap();
    assert!(answer.contains("speaks TLS"), "{answer}");
    // What is no text is answered in TLS's own words: an alert.
    assert_eq!(talk(address, &[0x80, 0x2e, 1, 3, 1]).await.first(), Some(&0x15));
}

#[tokio::test]
async fn pythons_ssl_talks_to_it() {
    const SCRIPT: &str = "
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
with socket.create_connection(('127.0.0.1', int(sys.argv[1]))) as plain:
    with context.wrap_socket(plain, server_hostname='localhost') as tls:
        for size in (1, 1000, 100000):
            sent = bytes(i % 251 for i in range(size))
            tls.sendall(sent)
            got = b''
            while len(got) < size:
                got += tls.recv(65536)
            assert got == sent, size
        print(tls.version(), tls.cipher()[0])
";
    let mut ground = Ground::start("python", |_, _| {});
    let port = ground.connect.rsplit(':').next().unwrap().to_owned();
    let root = ground.folder.text("root.pem");
    let Some(output) = run("python3", &["-c", SCRIPT, &port, &root]).await else { return };
    let text = stdout(&output);
    let record = ground.handshake().await;
    assert_eq!(text.trim(), format!("TLSv1.3 {}", record.cipher_suite), "{output:?}");
}

#[test]
fn client_authorities_that_are_none_are_refused() {
    let folder = Folder::new("authorities");
    let authority = CertificateAuthority::generate(now_unix_s()).unwrap();
    let chain = authority.chain("localhost", Default::default()).unwrap();
    let mut settings = TlsSettings::new(folder.chain("server", &chain));
    let demand = |file: &str| {
        Some(ClientCertificates {
            authorities: folder.path(file),
            names: Vec::new(),
            optional: false,
        })
    };
    settings.clients = demand("missing.pem");
    let error = CurrentTls::new(settings.clone()).unwrap_err();
    assert!(error.to_string().contains("missing.pem"), "{error}");
    settings.clients = demand("server.key");
    let error = CurrentTls::new(settings).unwrap_err();
    assert!(matches!(error, TlsError::Identity(IdentityError::NoCertificate { .. })), "{error}");
}
