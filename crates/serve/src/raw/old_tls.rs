//! A server that speaks TLS 1.0 (RFC 2246) and nothing else.
//!
//! Its first flight is complete and true: version, suite, an RSA certificate
//! of the authority, and the end of the hello. What would follow needs MD5 and
//! CBC ciphers, which nothing here has; a client that goes on after all is
//! told so with an alert.

use std::io;
use std::sync::Arc;

use plumb_wire::tls::{
    Alert, AlertDescription, Certificate, CipherSuite, ClientHello, ContentType, Extension,
    ExtensionType, Handshake, HandshakeReader, HandshakeType, RecordReader, ServerHello,
    ServerHelloDone, Version,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::core::{Context, Cut, EventKind, Io, Service, close_gently};
use crate::tls::CertificateAuthority;

/// Suites with the RSA key exchange that TLS 1.0 had, the server's order.
const SUITES: [CipherSuite; 5] = [
    CipherSuite::RsaWithAes128CbcSha,
    CipherSuite::RsaWithAes256CbcSha,
    CipherSuite::RsaWithTripleDesEdeCbcSha,
    CipherSuite::RsaWithRc4128Sha,
    CipherSuite::RsaWithRc4128Md5,
];

/// A server that speaks TLS 1.0 and nothing else.
#[derive(Debug)]
pub struct OldTls {
    certificates: Vec<Vec<u8>>,
}

impl OldTls {
    /// A server called `name`, with a new RSA key and a certificate of `authority`.
    ///
    /// # Errors
    /// When no key can be made, or `name` cannot stand in a certificate.
    pub async fn generate(authority: Arc<CertificateAuthority>, name: String) -> io::Result<Self> {
        // Finding the primes takes long enough to hold up other connections.
        let chain = tokio::task::spawn_blocking(move || authority.rsa_chain(&name)).await;
        let chain = chain.map_err(io::Error::other)?.map_err(io::Error::other)?;
        let certificates = chain.certificates.iter().map(|der| der.to_vec()).collect();
        Ok(OldTls { certificates })
    }

    /// The first flight in answer to `hello`, or the alert that refuses it.
    fn flight(&self, hello: &ClientHello) -> Result<Vec<u8>, AlertDescription> {
        // Such a server does not know supported_versions: to it a client offers
        // all up to the version in the hello, and the server picks its own.
        if hello.legacy_version.number() < Version::Tls10.number() {
            return Err(AlertDescription::ProtocolVersion);
        }
        let shared = SUITES.into_iter().find(|suite| hello.cipher_suites.contains(suite));
        let mut random = [0; 32];
        let mut session_id = [0; 32];
        let filled = aws_lc_rs::rand::fill(&mut random)
            .and_then(|()| aws_lc_rs::rand::fill(&mut session_id));
        filled.map_err(|_| AlertDescription::InternalError)?;
        let server_hello = ServerHello {
            legacy_version: Version::Tls10,
            random,
            session_id: session_id.to_vec(),
            // The version is decided before the suite. Where none is shared, the
            // hello still goes out, so that the client learns of the version.
            cipher_suite: shared.unwrap_or(SUITES[0]),
            compression: 0,
            extensions: renegotiation(hello),
        };
        let certificate = Certificate { chain: self.certificates.clone() };
        let messages = [
            Handshake::ServerHello(server_hello),
            Handshake::Certificate(certificate),
            Handshake::ServerHelloDone(ServerHelloDone),
        ];
        Ok(messages.iter().flat_map(|message| message.into_record(Version::Tls10)).collect())
    }
}

/// RFC 5746 section 3.6: who asks is told that renegotiation is safe.
fn renegotiation(hello: &ClientHello) -> Vec<Extension> {
    let asked = hello.cipher_suites.contains(&CipherSuite::EmptyRenegotiationInfoScsv)
        || hello.extension(ExtensionType::RenegotiationInfo).is_some();
    if asked { vec![Extension::RenegotiationInfo(Vec::new())] } else { Vec::new() }
}

/// A TLS record with a fatal alert, RFC 8446 section 6.
pub(super) fn fatal_alert(number: u8) -> Vec<u8> {
    Alert::fatal(AlertDescription::from(number)).into_record(Version::Tls12)
}

impl Service for OldTls {
    async fn serve<S: Io>(&self, mut stream: S, context: Context) -> io::Result<()> {
        let answering = async {
            let mut messages = Messages::default();
            let alert = match messages.next(&mut stream).await? {
                Received::Hello(hello) => match self.flight(&hello) {
                    Ok(flight) => {
                        stream.write_all(&flight).await?;
                        match messages.next(&mut stream).await? {
                            Received::End | Received::Alert => None,
                            _ => Some(AlertDescription::HandshakeFailure),
                        }
                    }
                    Err(alert) => Some(alert),
                },
                Received::End | Received::Alert => None,
                Received::Other => Some(AlertDescription::UnexpectedMessage),
            };
            if let Some(alert) = alert {
                context.events.emit(EventKind::TlsFailed { error: alert.to_string() });
                stream.write_all(&Alert::fatal(alert).into_record(Version::Tls10)).await?;
            }
            io::Result::Ok(())
        };
        match tokio::time::timeout(context.limits.handshake, answering).await {
            Ok(result) => result?,
            Err(_) => return Err(io::Error::new(io::ErrorKind::TimedOut, Cut::Handshake)),
        }
        close_gently(stream).await;
        Ok(())
    }
}

/// What a client sent next.
enum Received {
    Hello(ClientHello),
    Alert,
    Other,
    End,
}

/// Takes messages out of a stream.
#[derive(Default)]
struct Messages {
    records: RecordReader,
    handshake: HandshakeReader,
}

impl Messages {
    async fn next<S: Io>(&mut self, stream: &mut S) -> io::Result<Received> {
        let mut buffer = [0; 4096];
        loop {
            match self.records.next() {
                Ok(Some(record)) if record.content_type == ContentType::Handshake => {
                    self.handshake.push(&record.payload);
                    match self.handshake.next() {
                        Ok(Some(message)) if message.kind == HandshakeType::ClientHello => {
                            let hello = ClientHello::decode(&message.body);
                            return Ok(hello.map_or(Received::Other, Received::Hello));
                        }
                        Ok(None) => continue,
                        _ => return Ok(Received::Other),
                    }
                }
                Ok(Some(record)) if record.content_type == ContentType::Alert => {
                    return Ok(Received::Alert);
                }
                Ok(Some(_)) | Err(_) => return Ok(Received::Other),
                Ok(None) => {}
            }
            match stream.read(&mut buffer).await? {
                0 => return Ok(Received::End),
                count => self.records.push(&buffer[..count]),
            }
        }
    }
}
