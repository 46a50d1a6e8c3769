//! Raw ClientHellos: what a TLS library cannot say, and what it cannot see.
//!
//! A hello is sent, the first message that answers it is read, and the
//! connection is closed: no keys are agreed on and nothing secret passes.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::rand;
use plumb_evidence::Observation;
use plumb_evidence::observation::{HelloOutcome, HelloProbe, HelloVariant};
use plumb_sys::tcp::{self, DialOutcome};
use plumb_wire::tls::{
    Alert, AlertDescription, AlertLevel, CipherSuite, ClientHello, ContentType, Extension,
    HandshakeReader, HandshakeType, KeyShareEntry, NamedGroup, RecordReader, ServerHello,
    SignatureScheme, Version,
};
use rustls::ClientConnection;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::policy::{HELLO_WAIT, NOTHING_WAIT};
use crate::{Deadline, Scope, client, dial, handshake, kernel, plain};

/// First bytes of what is no TLS that evidence keeps.
const FIRST_BYTES_MAX: usize = 64;

/// Bytes of an answer that are read before it is given up: a ServerHello has
/// some hundred, with a post-quantum key thirteen hundred.
const ANSWER_MAX_BYTES: usize = 64 << 10;

/// Connects, sends one hello (or plain bytes, or nothing) and records `Hello`.
pub async fn probe(
    scope: &Scope,
    address: SocketAddr,
    server_name: Option<&str>,
    variant: HelloVariant,
    deadline: Deadline,
) -> HelloProbe {
    let start_ns = scope.elapsed_ns();
    let mut seen = HelloProbe {
        address,
        variant,
        sent_bytes: 0,
        outcome: HelloOutcome::ConnectFailed,
        acked: None,
        duration_ns: 0,
    };
    match bytes(&seen.variant, server_name, address) {
        Ok(bytes) => {
            let deadline = deadline.within(HELLO_WAIT);
            match open(scope, address, deadline).await {
                Ok(mut stream) => {
                    seen.sent_bytes = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                    seen.outcome = converse(&mut stream, &bytes, deadline).await;
                    seen.acked = acked(&stream, seen.sent_bytes);
                }
                Err(outcome) => seen.outcome = outcome,
            }
            seen.duration_ns = scope.elapsed_ns().saturating_sub(start_ns);
            scope.record(Observation::Hello(seen.clone()));
        }
        Err(why) => {
            let what = format!("the hello {:?} to {address}", seen.variant);
            scope.record(Observation::NotLookedAt { what, why });
        }
    }
    seen
}

async fn open(
    scope: &Scope,
    address: SocketAddr,
    deadline: Deadline,
) -> Result<TcpStream, HelloOutcome> {
    let failed = |_| HelloOutcome::ConnectFailed;
    let to = scope.mapped(address).map_err(failed)?;
    let report = tcp::dial(to, &dial::options(scope, to, deadline)).await.map_err(failed)?;
    match report.outcome {
        DialOutcome::Connected(stream) => Ok(stream),
        // A RST may follow the SYN-ACK so closely that connect() learns of both
        // at once; a refused SYN would be ConnectionRefused.
        DialOutcome::Failed(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {
            Err(HelloOutcome::Reset)
        }
        DialOutcome::Failed(_) | DialOutcome::TimedOut => Err(HelloOutcome::ConnectFailed),
    }
}

/// Whether the peer's TCP acknowledged all that was sent. The kernel counts
/// the SYN among the acknowledged bytes.
fn acked(stream: &TcpStream, sent_bytes: u32) -> Option<bool> {
    if sent_bytes == 0 {
        return None;
    }
    Some(kernel::tcp_info(stream)?.acked_bytes? > u64::from(sent_bytes))
}

async fn converse(stream: &mut TcpStream, bytes: &[u8], deadline: Deadline) -> HelloOutcome {
    let deadline = if bytes.is_empty() { deadline.within(NOTHING_WAIT) } else { deadline };
    let mut answer = Answer::default();
    let talk = async {
        // A peer that is gone may have said why before it went: read on.
        let _ = stream.write_all(bytes).await;
        answer.read(stream).await
    };
    match deadline.run(talk).await {
        Ok(outcome) => outcome,
        Err(_) => answer.cut(HelloOutcome::Silent),
    }
}

/// What came so far.
#[derive(Default)]
struct Answer {
    received: Vec<u8>,
    records: RecordReader,
    messages: HandshakeReader,
}

impl Answer {
    async fn read(&mut self, stream: &mut TcpStream) -> HelloOutcome {
        let mut buffer = [0; 4096];
        while self.received.len() < ANSWER_MAX_BYTES {
            match stream.read(&mut buffer).await {
                Ok(0) => return self.cut(HelloOutcome::Closed),
                Ok(count) => {
                    self.received.extend_from_slice(&buffer[..count]);
                    self.records.push(&buffer[..count]);
                    if let Some(outcome) = self.judge() {
                        return outcome;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return self.cut(HelloOutcome::Reset),
            }
        }
        self.other()
    }

    /// What the records so far say, if they say enough.
    fn judge(&mut self) -> Option<HelloOutcome> {
        loop {
            let record = match self.records.next() {
                Ok(Some(record)) => record,
                Ok(None) => return None,
                Err(_) => return Some(self.other()),
            };
            match record.content_type {
                ContentType::Alert => match Alert::decode(&record.payload) {
                    // RFC 6066 section 3: a server may say that it does not
                    // know the name and go on all the same.
                    Ok(alert) if is_mere_warning(alert) => {}
                    Ok(alert) => {
                        let code = alert.description.number();
                        let name = alert.description.to_string();
                        return Some(HelloOutcome::Alert { code, name });
                    }
                    Err(_) => return Some(self.other()),
                },
                ContentType::Handshake => {
                    self.messages.push(&record.payload);
                    match self.messages.next() {
                        Ok(None) => {}
                        Ok(Some(message)) if message.kind == HandshakeType::ServerHello => {
                            return Some(self.server_hello(&message.body));
                        }
                        Ok(Some(_)) | Err(_) => return Some(self.other()),
                    }
                }
                _ => return Some(self.other()),
            }
        }
    }

    fn server_hello(&self, body: &[u8]) -> HelloOutcome {
        match ServerHello::decode(body) {
            Ok(hello) => HelloOutcome::ServerHello {
                version: handshake::version_text(hello.version().number())
                    .unwrap_or_else(|| hello.version().to_string()),
                cipher_suite: hello.cipher_suite.to_string(),
            },
            Err(_) => self.other(),
        }
    }

    fn other(&self) -> HelloOutcome {
        let first_bytes = self.received.iter().take(FIRST_BYTES_MAX).copied().collect();
        HelloOutcome::OtherBytes { first_bytes }
    }

    /// The end of an answer that had not said enough.
    fn cut(&self, end: HelloOutcome) -> HelloOutcome {
        if self.received.is_empty() { end } else { self.other() }
    }
}

fn is_mere_warning(alert: Alert) -> bool {
    alert.level == AlertLevel::Warning && alert.description == AlertDescription::UnrecognizedName
}

/// What a variant sends.
fn bytes(
    variant: &HelloVariant,
    server_name: Option<&str>,
    address: SocketAddr,
) -> Result<Vec<u8>, String> {
    let groups = client::groups();
    match variant {
        HelloVariant::Same => library_hello(&groups, server_name, address),
        HelloVariant::Small => {
            // The post-quantum key alone has 1184 bytes.
            let classic: Vec<_> = groups
                .into_iter()
                .filter(|group| u16::from(group.name()) < NamedGroup::X25519MlKem768.number())
                .collect();
            library_hello(&classic, server_name, address)
        }
        HelloVariant::NoServerName => library_hello(&groups, None, address),
        HelloVariant::OtherServerName { name } => library_hello(&groups, Some(name), address),
        HelloVariant::MaxVersion { version } => max_version(version, server_name),
        HelloVariant::PlainBytes => {
            let host = server_name.map_or_else(|| address.ip().to_string(), str::to_owned);
            Ok(plain::request(&host).into_bytes())
        }
        HelloVariant::Nothing => Ok(Vec::new()),
    }
}

/// The very bytes that the walk's library sends.
fn library_hello(
    groups: &[&'static dyn rustls::crypto::SupportedKxGroup],
    server_name: Option<&str>,
    address: SocketAddr,
) -> Result<Vec<u8>, String> {
    let mut config = client::config(groups, Nobody, client::NoCertificate)?;
    config.alpn_protocols = client::protocols(&["h2", "http/1.1"]);
    // An address literal is not sent as a server name.
    let name = match server_name {
        Some(name) => handshake::server_name(name)?,
        None => ServerName::IpAddress(address.ip().into()),
    };
    let mut connection =
        ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    while connection.wants_write() {
        connection.write_tls(&mut bytes).map_err(|error| error.to_string())?;
    }
    Ok(bytes)
}

/// Never asked: the conversation ends before a certificate is judged.
#[derive(Debug)]
struct Nobody;

impl client::Judge for Nobody {
    fn judge(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: UnixTime,
    ) -> bool {
        false
    }
}

/// A hello that offers one version at most, with every suite known for it.
fn max_version(version: &str, server_name: Option<&str>) -> Result<Vec<u8>, String> {
    let newest = match version {
        "TLSv1.0" => Version::Tls10,
        "TLSv1.1" => Version::Tls11,
        "TLSv1.2" => Version::Tls12,
        "TLSv1.3" => Version::Tls13,
        other => return Err(format!("{other:?} is no version that is offered")),
    };
    let is_tls13 = newest == Version::Tls13;
    let mut hello = ClientHello {
        legacy_version: newest.min(Version::Tls12),
        cipher_suites: suites(is_tls13),
        ..ClientHello::default()
    };
    let mut key = vec![0; 32];
    for random in [&mut hello.random[..], &mut key] {
        rand::fill(random).map_err(|_| "no random numbers".to_owned())?;
    }
    let is_name = |name: &&str| name.parse::<std::net::IpAddr>().is_err();
    hello.extensions.extend(server_name.filter(is_name).map(Extension::server_name));
    hello.extensions.extend([
        Extension::SupportedGroups(vec![
            NamedGroup::X25519,
            NamedGroup::Secp256r1,
            NamedGroup::Secp384r1,
            NamedGroup::Secp521r1,
        ]),
        Extension::EcPointFormats(vec![0]),
    ]);
    if newest >= Version::Tls12 {
        hello.extensions.push(Extension::SignatureAlgorithms(SignatureScheme::ALL.to_vec()));
    }
    if is_tls13 {
        hello.session_id.clone_from(&key);
        hello.extensions.extend([
            Extension::SupportedVersions(vec![newest]),
            Extension::PskKeyExchangeModes(vec![1]),
            Extension::KeyShares(vec![KeyShareEntry { group: NamedGroup::X25519, key }]),
        ]);
    }
    Ok(hello.into_record())
}

/// Every suite for TLS 1.3, or for all that came before, that a server on the
/// Internet may have.
fn suites(is_tls13: bool) -> Vec<CipherSuite> {
    /// They need a secret that both sides have, or were hardly ever built; old
    /// servers stumble over much more than a hundred suites in one hello.
    const LEFT_OUT: [&str; 11] = [
        "PSK",
        "KRB5",
        "SRP",
        "ECCPWD",
        "GOST",
        "ARIA",
        "SM4",
        "_DH_RSA_",
        "_DH_DSS_",
        "_ECDH_RSA_",
        "_ECDH_ECDSA_",
    ];
    let usable = |suite: &CipherSuite| {
        // Neither "nothing at all", which is no offer, nor the signal that the
        // client has fallen back (RFC 7507), which servers refuse.
        let is_none = matches!(suite, CipherSuite::NullWithNullNull | CipherSuite::FallbackScsv);
        let name = suite.name().unwrap_or_default();
        let is_rare = LEFT_OUT.iter().any(|part| name.contains(part));
        suite.is_tls13() == is_tls13 && !is_none && !is_rare
    };
    let mut suites: Vec<CipherSuite> = CipherSuite::ALL.iter().copied().filter(usable).collect();
    // As every client of today prefers them: what the server then takes from
    // further down is all that it has.
    suites.sort_by_key(|suite| {
        let name = suite.to_string();
        let aead = name.contains("_GCM_") || name.contains("_CHACHA20_");
        !(aead && name.starts_with("TLS_ECDHE_"))
    });
    suites
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpListener;

    use super::*;
    use crate::{Network, Recorder};

    fn name() -> Option<&'static str> {
        Some("www.example.com")
    }

    fn somewhere() -> SocketAddr {
        "192.0.2.1:443".parse().unwrap()
    }

    fn hello(variant: HelloVariant) -> (usize, ClientHello) {
        let bytes = bytes(&variant, name(), somewhere()).unwrap();
        let mut records = RecordReader::new();
        records.push(&bytes);
        let mut messages = HandshakeReader::new();
        messages.push(&records.next().unwrap().unwrap().payload);
        let message = messages.next().unwrap().unwrap();
        assert_eq!(message.kind, HandshakeType::ClientHello);
        (bytes.len(), ClientHello::decode(&message.body).unwrap())
    }

    #[test]
    fn the_rungs_differ_in_what_they_are_named_after() {
        let (same_bytes, same) = hello(HelloVariant::Same);
        assert!(same_bytes > 1200, "{same_bytes} bytes hold no post-quantum key");
        assert_eq!(same.server_name(), Some(&b"www.example.com"[..]));
        let (small_bytes, small) = hello(HelloVariant::Small);
        assert!(small_bytes < 300, "{small_bytes}");
        assert_eq!(small.server_name(), same.server_name());
        assert_eq!(hello(HelloVariant::NoServerName).1.server_name(), None);
        let other = HelloVariant::OtherServerName { name: "example.org".into() };
        assert_eq!(hello(other).1.server_name(), Some(&b"example.org"[..]));
        for (text, version) in [
            ("TLSv1.0", Version::Tls10),
            ("TLSv1.1", Version::Tls11),
            ("TLSv1.2", Version::Tls12),
            ("TLSv1.3", Version::Tls13),
        ] {
            let (_, hello) = hello(HelloVariant::MaxVersion { version: text.into() });
            assert_eq!(hello.versions()[0], version);
            assert!(!hello.cipher_suites.contains(&CipherSuite::FallbackScsv));
        }
        let nonsense = HelloVariant::MaxVersion { version: "TLSv9".into() };
        assert!(bytes(&nonsense, name(), somewhere()).is_err());
        assert_eq!(bytes(&HelloVariant::Nothing, None, somewhere()).unwrap(), b"");
    }

    /// Answers one connection with these bytes, after reading a hello, and closes.
    async fn answered_by(answer: &'static [u8]) -> HelloProbe {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await.unwrap();
            stream.write_all(answer).await.unwrap();
        });
        let scope = Scope::new(Recorder::new(), Arc::new(Network::default()));
        let soon = Deadline::after(Duration::from_secs(20));
        probe(&scope, address, name(), HelloVariant::Small, soon).await
    }

    #[tokio::test]
    async fn every_kind_of_answer_is_named() {
        let alert = answered_by(&[21, 3, 1, 0, 2, 2, 70]).await;
        assert_eq!(
            alert.outcome,
            HelloOutcome::Alert { code: 70, name: "protocol_version".into() }
        );
        assert_eq!(alert.acked, Some(true));
        let text = answered_by(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.outcome;
        let HelloOutcome::OtherBytes { first_bytes } = text else { panic!("{text:?}") };
        assert!(first_bytes.starts_with(b"HTTP/1.1 400"));
        assert_eq!(answered_by(b"").await.outcome, HelloOutcome::Closed);
        // A TLS 1.0 ServerHello without extensions.
        let mut hello = vec![22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
        hello.extend([7; 32]);
        hello.extend([0, 0, 0x2f, 0]);
        assert_eq!(
            answered_by(hello.leak()).await.outcome,
            HelloOutcome::ServerHello {
                version: "TLSv1.0".into(),
                cipher_suite: "TLS_RSA_WITH_AES_128_CBC_SHA".into()
            }
        );
    }
}
