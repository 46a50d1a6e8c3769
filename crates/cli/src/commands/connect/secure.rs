//! TLS on a connection, from its first byte or after STARTTLS.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use plumb_evidence::observation::{TlsHandshake, TlsOutcome, TrustResult};
use plumb_probe::handshake::{self, Identity, TlsOptions};
use plumb_probe::http::Tap;
use plumb_probe::trust::{LazyStore, Source};
use plumb_probe::{Connection, Deadline, Scope, starttls};
use plumb_report::text::words;
use plumb_wire::conversation::{Conversation, Side};
use plumb_wire::tls::starttls::Protocol;

use super::reach::Unreached;
use crate::converse::narrate;
use crate::converse::tell::TlsRecord;
use crate::converse::text::Way;
use crate::environment;
use crate::error::CommandError;
use crate::output;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "TLS")]
pub(super) struct SecureArgs {
    /// Speak TLS from the first byte on, as tls:// does
    #[arg(long)]
    pub(super) tls: bool,

    /// Speak this protocol until it lets TLS begin: smtp, lmtp, imap, pop3,
    /// ftp, nntp, sieve, xmpp, xmpp-server, postgres, ldap
    #[arg(long, value_name = "PROTOCOL", value_parser = Protocol::parse)]
    starttls: Option<Protocol>,

    /// Ask for this name (SNI), and want a certificate of it
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,

    /// Offer these protocols (ALPN), such as h2,http/1.1
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    alpn: Vec<String>,

    /// Go on although the certificate does not verify, and say so
    #[arg(short = 'k', long)]
    insecure: bool,

    /// Trust the authorities in this PEM file, and no others
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,

    /// Show this client certificate, a PEM file
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,

    /// The key of the client certificate, a PEM file
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
}

/// How TLS is to be spoken.
#[derive(Debug)]
pub(super) struct Secure {
    options: TlsOptions,
    starttls: Option<Protocol>,
    /// Messages of the handshake are to be told.
    narrate: bool,
}

impl SecureArgs {
    /// What is asked for, if anything; only then are trusted roots read.
    pub(super) fn secure(
        &self,
        host: &str,
        tls: bool,
        narrate: bool,
    ) -> Result<Option<Secure>, CommandError> {
        if !(tls || self.tls || self.starttls.is_some()) {
            return Ok(None);
        }
        let identity = match &self.cert {
            Some(cert) => Some(
                Identity::read(cert, self.key.as_deref())
                    .map_err(|error| CommandError::usage(error.to_string()))?,
            ),
            None => None,
        };
        let options = TlsOptions {
            server_name: self.server_name.clone().unwrap_or_else(|| host.to_owned()),
            store: LazyStore::start(self.roots()?),
            insecure: self.insecure,
            identity,
            alpn: self.alpn.clone(),
            tap: None,
        };
        Ok(Some(Secure { options, starttls: self.starttls, narrate }))
    }

    fn roots(&self) -> Result<Source, CommandError> {
        if let Some(path) = &self.cacert {
            std::fs::metadata(path).map_err(|error| CommandError::file("read", path, error))?;
            return Ok(Source::File(path.clone()));
        }
        Ok(match environment::trusted_roots() {
            (None, None) => Source::System,
            (file, directory) => Source::Paths { file, directory },
        })
    }
}

impl Secure {
    /// Shakes hands, after the plain beginning that the protocol has.
    pub(super) async fn shake(
        &self,
        scope: &Scope,
        mut connection: Connection,
        timeout: Duration,
    ) -> Result<(Connection, Option<TlsRecord>), Unreached> {
        let deadline = Deadline::after(timeout);
        if let Some(protocol) = self.starttls {
            let host = &self.options.server_name;
            starttls::begin(&mut connection, protocol, host, deadline)
                .await
                .map_err(|error| Unreached::no("starttls_refused", format!("STARTTLS: {error}")))?;
        }
        let messages = Arc::default();
        let mut options = self.options.clone();
        options.tap = self.narrate.then(|| naming(Arc::clone(&messages)));
        let shaken = handshake::handshake(scope, connection, &options, deadline).await;
        let seen = shaken.seen;
        let messages =
            std::mem::take(&mut *messages.lock().unwrap_or_else(PoisonError::into_inner));
        match shaken.connection {
            Some(connection) => Ok((connection, Some(TlsRecord { messages, ..record(&seen) }))),
            None => {
                // There will be no connection whose steps they stand among.
                output::tell(&narrate::messages(&messages));
                Err(Unreached::no("tls_failed", failure(&seen)))
            }
        }
    }
}

/// Keeps the messages of a handshake by name.
fn naming(messages: Arc<Mutex<Vec<(Way, String)>>>) -> Tap {
    let conversation = Mutex::new(Conversation::new());
    Tap::new(move |_, way, bytes| {
        let (side, way) = match way {
            plumb_probe::http::Way::Sent => (Side::Client, Way::Sent),
            plumb_probe::http::Way::Received => (Side::Server, Way::Received),
        };
        let mut conversation = conversation.lock().unwrap_or_else(PoisonError::into_inner);
        let names = conversation.passed(side, bytes).unwrap_or_default();
        let mut messages = messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.extend(names.into_iter().map(|name| (way, name)));
    })
}

fn record(seen: &TlsHandshake) -> TlsRecord {
    TlsRecord {
        version: seen.version.clone(),
        cipher_suite: seen.cipher_suite.clone(),
        group: seen.group.clone(),
        alpn: seen.alpn.clone(),
        server_name: seen.server_name.clone(),
        subject: seen.chain.first().map(|leaf| leaf.subject.clone()),
        verified: seen.trust.as_ref().is_some_and(|trust| trust.result == TrustResult::Trusted),
        resumed: false,
        messages: Vec::new(),
    }
}

fn failure(seen: &TlsHandshake) -> String {
    let what = words::tls(&seen.outcome);
    match (&seen.outcome, &seen.trust) {
        (TlsOutcome::Untrusted, Some(trust)) => format!(
            "TLS handshake failed: the certificate does not verify ({}); --insecure goes on \
             nevertheless",
            words::trust(&trust.result)
        ),
        _ => format!("TLS handshake failed: {what}"),
    }
}
