//! TLS on a connection, from its first byte or after STARTTLS.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use plumb_evidence::observation::{TlsHandshake, TlsOutcome, TrustResult};
use plumb_probe::handshake::{self, Identity, TlsOptions};
use plumb_probe::trust::{LazyStore, Source};
use plumb_probe::{Connection, Deadline, Scope, starttls};
use plumb_report::text::words;
use plumb_wire::tls::starttls::Protocol;

use super::reach::Unreached;
use crate::converse::tell::TlsRecord;
use crate::environment;
use crate::error::CommandError;

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
}

impl SecureArgs {
    /// What is asked for, if anything; only then are trusted roots read.
    pub(super) fn secure(&self, host: &str, tls: bool) -> Result<Option<Secure>, CommandError> {
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
        };
        Ok(Some(Secure { options, starttls: self.starttls }))
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
        let shaken = handshake::handshake(scope, connection, &self.options, deadline).await;
        let seen = shaken.seen;
        match shaken.connection {
            Some(connection) => Ok((connection, Some(record(&seen)))),
            None => Err(Unreached::no("tls_failed", failure(&seen))),
        }
    }
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
