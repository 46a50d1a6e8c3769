//! One handshake, the same for every server that speaks TLS.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use rustls::{HandshakeKind, ServerConfig};
use rustls_pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use plumb_wire::tls::{CipherSuite, NamedGroup, Version};

use super::ClientIdentity;
use super::places::{Lost, Places};
use super::stream::Inner;
use super::words;
use crate::core::{
    Context, Cut, EventKind, Io, Phase, Rewind, Rule, TlsRecord, close_gently, nanoseconds,
};

/// What a TLS handshake agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Session {
    /// The name that the client asked for (SNI).
    pub name: Option<String>,
    /// The protocol that was agreed on (ALPN).
    pub alpn: Option<String>,
    /// The subject's certificate, DER, if the client showed one.
    pub client_certificate: Option<Vec<u8>>,
    /// Whose certificate that is.
    pub client: Option<ClientIdentity>,
    /// All that is recorded of the handshake.
    pub record: TlsRecord,
}

/// Who talks plainly to a port that speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    /// Is answered as HTTP answers, if the bytes may be HTTP.
    Http,
    /// Is answered in a line of text, if the bytes may be text.
    Text,
}

/// What is read at once to see what it is: a ClientHello with the keys of a
/// post-quantum group has some 1,800 bytes.
const FIRST_BYTES_MAX: usize = 2048;

/// What a handshake needs beside the connection.
#[derive(Debug)]
pub(super) struct Handshake<'a> {
    pub(super) config: Arc<ServerConfig>,
    pub(super) plain: Plain,
    pub(super) places: Option<&'a Places>,
}

/// The stream inside TLS; nothing, where it did not come to that.
type Agreed<S> = Option<Inner<Rewind<S>>>;

impl Handshake<'_> {
    /// Shakes hands within the server's limit, which the core keeps. Nothing
    /// where the client left without a byte or spoke without TLS; it was told
    /// then. The context has the session afterwards.
    ///
    /// What a handshake needs is large and soon gone, so it has a place of its
    /// own in memory; bind the outcome before it is used, or the place stays.
    pub(super) fn perform<'b, S: Io>(
        self,
        stream: S,
        context: &'b mut Context,
    ) -> Pin<Box<dyn Future<Output = io::Result<Agreed<S>>> + Send + 'b>>
    where
        Self: 'b,
    {
        Box::pin(self.agree(stream, context))
    }

    async fn agree<S: Io>(self, mut stream: S, context: &mut Context) -> io::Result<Agreed<S>> {
        let spent = context.ledger.began().elapsed();
        context.ledger.deadline(Cut::Handshake, context.limits.handshake.saturating_sub(spent));
        let mut first = vec![0; FIRST_BYTES_MAX];
        let count = stream.read(&mut first).await?;
        first.truncate(count);
        if first.is_empty() {
            return Ok(None);
        }
        if let Some(words) = self.plain.words(first[0]) {
            context
                .events
                .emit(EventKind::TlsFailed { error: "the client spoke without TLS".to_owned() });
            stream.write_all(words).await?;
            close_gently(stream).await;
            return Ok(None);
        }
        let too_late = || io::Error::new(io::ErrorKind::TimedOut, Cut::Handshake);
        let since_first_byte = Instant::now();
        let agreeing = async {
            let place = match self.places {
                Some(places) => Some(places.take().await),
                None => None,
            };
            let acceptor = TlsAcceptor::from(self.config);
            let accept = acceptor.accept(Rewind::new(first, stream)).into_fallible();
            match &place {
                Some(place) => place.unless_lost(accept).await,
                None => Ok(accept.await),
            }
        };
        let stream = match agreeing.await.map_err(|Lost| too_late())? {
            Ok(stream) => stream,
            Err((error, stream)) => {
                failed(context, &error);
                // Closed with unread bytes, the connection would be reset and
                // the client never see the alert.
                close_gently(stream).await;
                return Err(match words::cause(&error) {
                    Some(_) => io::Error::new(error.kind(), words::of(&error)),
                    None => error,
                });
            }
        };
        context.ledger.clear_deadline();
        context.ledger.set_encrypted();
        let session = Arc::new(session(&stream, since_first_byte));
        context.ledger.set_tls(session.record.clone());
        if let Some(client) = &session.client {
            context.ledger.set_user(client.name());
        }
        context.events.emit(EventKind::TlsHandshake(session.record.clone()));
        context.tls = Some(session);
        Ok(Some(Inner::new(stream, &context.events)))
    }
}

impl Plain {
    /// The answer to a client whose first byte is this, if it is no TLS.
    fn words(self, first: u8) -> Option<&'static [u8]> {
        /// As Go's server tells a person who forgot the s of https.
        const HTTP: &[u8] = b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\n\
            Connection: close\r\n\r\nThis port speaks HTTPS; the request came without TLS.\n";
        const TEXT: &[u8] = b"This port speaks TLS; what came was sent without it.\n";
        match self {
            Plain::Http if first.is_ascii_uppercase() => Some(HTTP),
            Plain::Text if first.is_ascii_graphic() => Some(TEXT),
            _ => None,
        }
    }
}

fn session<S: Io>(stream: &TlsStream<S>, began: Instant) -> Session {
    let connection = stream.get_ref().1;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let unknown = || "unknown".to_owned();
    let leaf: Option<&CertificateDer<'_>> =
        connection.peer_certificates().and_then(|chain| chain.first());
    let client = leaf.map(|leaf| ClientIdentity::of(leaf));
    let name = connection.server_name().map(str::to_owned);
    let alpn = connection.alpn_protocol().map(text);
    let record = TlsRecord {
        version: connection
            .protocol_version()
            .map_or_else(unknown, |version| Version::from(u16::from(version)).to_string()),
        cipher_suite: connection
            .negotiated_cipher_suite()
            .map_or_else(unknown, |suite| CipherSuite::from(u16::from(suite.suite())).to_string()),
        group: connection
            .negotiated_key_exchange_group()
            .map(|group| NamedGroup::from(u16::from(group.name())).to_string()),
        alpn: alpn.clone(),
        name: name.clone(),
        client: client.as_ref().map(|client| client.subject_or_name().to_owned()),
        resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
        duration_ns: nanoseconds(began.elapsed()),
    };
    Session { name, alpn, client_certificate: leaf.map(|leaf| leaf.to_vec()), client, record }
}

/// Tells why a handshake failed, and whose rule that was.
fn failed(context: &Context, error: &io::Error) {
    let error_text = words::of(error);
    context.events.emit(EventKind::TlsFailed { error: error_text.clone() });
    let cause = words::cause(error);
    let (rule, detail) = match cause {
        Some(rustls::Error::NoCertificatesPresented) => {
            (Rule::ClientCertificate, "the client showed no certificate".to_owned())
        }
        Some(rustls::Error::InvalidCertificate(
            rustls::CertificateError::ApplicationVerificationFailure,
        )) => {
            (Rule::ClientCertificate, "the client's certificate is for none that may come".into())
        }
        Some(rustls::Error::InvalidCertificate(why)) => {
            (Rule::ClientCertificate, format!("the client's certificate is not valid: {why}"))
        }
        _ => (Rule::Handshake, error_text),
    };
    context.events.security(rule, Phase::Tls, detail);
}
