//! A connection that can carry a request to a URL: names, proxies, TLS.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;

use plumb_evidence::Observation;
use plumb_evidence::evidence::Scheme;
use plumb_evidence::observation::{
    ConnectAttempt, ConnectOutcome, SystemResult, TlsHandshake, TlsOutcome, TrustResult,
};
use url::Url;

use super::{Config, Failure, Versions, socks};
use crate::handshake::{self, TlsOptions};
use crate::proxy::{self, Proxy};
use crate::trust::LazyStore;
use crate::way::ProxyChoice;
use crate::{Connection, Deadline, Scope, credentials, dial, resolve};

/// Where connections of one kind lead: only within it may one be used again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) scheme: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) proxy: Option<String>,
}

impl Origin {
    pub(crate) fn is_tls(&self) -> bool {
        self.scheme == "https"
    }

    /// As it stands in messages: `host:port`.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// A connection and how its peer is spoken to.
pub(crate) struct Way {
    pub(crate) connection: Connection,
    pub(crate) is_h2: bool,
    /// What was wrong with a certificate that was accepted all the same.
    pub(crate) untrusted: Option<String>,
}

/// What dialling needs beside the configuration.
pub(crate) struct Dialler<'a> {
    pub(crate) config: &'a Config,
    pub(crate) store: &'a OnceLock<LazyStore>,
    pub(crate) scope: &'a Scope,
    /// The origin is one that the user named.
    pub(crate) is_named: bool,
}

/// The proxy for a URL, if one applies.
pub(crate) fn proxy_for<'a>(config: &'a Config, url: &Url) -> Option<&'a ProxyChoice> {
    let scheme = if url.scheme() == "https" { Scheme::Https } else { Scheme::Http };
    config.proxies.choose(scheme, url.host_str().unwrap_or_default())
}

/// Whether a proxy is handed the whole request, and no tunnel asked of it.
pub(crate) fn is_handed_over(choice: &ProxyChoice, url: &Url) -> bool {
    choice.url.scheme() == "http" && url.scheme() == "http"
}

impl Dialler<'_> {
    /// Opens a connection for requests to `origin`.
    pub(crate) async fn open(
        &self,
        origin: &Origin,
        proxy: Option<&ProxyChoice>,
    ) -> Result<Way, Failure> {
        let deadline = Deadline::after(self.config.connect_timeout);
        if origin.is_tls() {
            // Read while names resolve and connections open.
            self.store();
        }
        let (host, port) = match proxy {
            None => (origin.host.clone(), origin.port),
            Some(choice) => {
                let url = credentials::hidden(&choice.url);
                self.scope.record(Observation::Proxy { from: choice.from.clone(), url });
                let port = choice.url.port_or_known_default().unwrap_or(PROXY_PORT);
                (choice.url.host_str().unwrap_or_default().to_owned(), port)
            }
        };
        let connection = self.connect(&host, port, deadline).await?;
        let connection = match proxy {
            None => connection,
            Some(choice) => self.through(connection, choice, origin, deadline).await?,
        };
        if !origin.is_tls() {
            let is_h2 = self.config.versions == Versions::Http2;
            return Ok(Way { connection, is_h2, untrusted: None });
        }
        self.secure(connection, origin, deadline).await
    }

    fn store(&self) -> LazyStore {
        self.store.get_or_init(|| LazyStore::start(self.config.roots.clone())).clone()
    }

    async fn connect(
        &self,
        host: &str,
        port: u16,
        deadline: Deadline,
    ) -> Result<Connection, Failure> {
        let addresses = self.addresses(host, port, deadline).await?;
        let dialled = dial::connect(self.scope, &addresses, deadline).await;
        // Only one connection is wanted: the other addresses are left alone.
        drop(dialled.aside);
        dialled.connection.ok_or_else(|| Failure::Connect {
            place: format!("{host}:{port}"),
            why: attempts_text(&dialled.attempts),
        })
    }

    async fn addresses(
        &self,
        host: &str,
        port: u16,
        deadline: Deadline,
    ) -> Result<Vec<SocketAddr>, Failure> {
        let bare = host.trim_matches(['[', ']']);
        let family = self.scope.network.family;
        if let Ok(address) = bare.parse::<IpAddr>() {
            let order = dial::order(&[address], port, family);
            let place = || format!("{host}:{port}");
            let other = || "it is not of the family that was asked for".to_owned();
            return if order.is_empty() {
                Err(Failure::Connect { place: place(), why: other() })
            } else {
                Ok(order)
            };
        }
        let given = self
            .config
            .overrides
            .iter()
            .find(|given| given.host.eq_ignore_ascii_case(host) && given.port == port);
        if let Some(given) = given {
            let (name, addresses) = (host.to_owned(), given.addresses.clone());
            self.scope.record(Observation::AddressesGiven { name, addresses });
            return Ok(dial::order(&given.addresses, port, family));
        }
        let name = host.to_owned();
        match resolve::system(self.scope, &self.config.resolver, host, deadline).await {
            SystemResult::Addresses { addresses } if !addresses.is_empty() => {
                Ok(dial::order(&addresses, port, family))
            }
            SystemResult::Addresses { .. } => {
                Err(Failure::Name { name, why: "it has no address".into() })
            }
            SystemResult::Failed { text, .. } => Err(Failure::Name { name, why: text }),
            SystemResult::TimedOut => Err(Failure::Name { name, why: "no answer in time".into() }),
            SystemResult::Abandoned => Err(Failure::Name { name, why: "interrupted".into() }),
        }
    }

    /// Has the proxy open a way, where it is not handed the request itself.
    async fn through(
        &self,
        connection: Connection,
        choice: &ProxyChoice,
        origin: &Origin,
        deadline: Deadline,
    ) -> Result<Connection, Failure> {
        let shown = credentials::hidden(&choice.url);
        let failed =
            |why: String| Failure::Proxy { proxy: shown.clone(), place: origin.place(), why };
        match choice.url.scheme() {
            "http" if !origin.is_tls() => Ok(connection),
            "http" => {
                let proxy = Proxy::new(choice.url.clone());
                let opened =
                    proxy::connect(self.scope, connection, &proxy, &origin.place(), deadline).await;
                opened.ok_or_else(|| failed(self.refusal_of_proxy()))
            }
            "socks5" => {
                // The name is resolved here; with socks5h, by the proxy.
                let found = self.addresses(&origin.host, origin.port, deadline).await?;
                let to = socks::To::Address(found[0]);
                socks::connect(self.scope, connection, choice, to, deadline).await.map_err(failed)
            }
            "socks5h" => {
                let to = match origin.host.trim_matches(['[', ']']).parse::<IpAddr>() {
                    Ok(address) => socks::To::Address(SocketAddr::new(address, origin.port)),
                    Err(_) => socks::To::Name(origin.host.clone(), origin.port),
                };
                socks::connect(self.scope, connection, choice, to, deadline).await.map_err(failed)
            }
            other => Err(failed(format!("a proxy of the kind {other} is not known"))),
        }
    }

    /// What the proxy said to CONNECT.
    fn refusal_of_proxy(&self) -> String {
        let last =
            self.scope.recorder.events().into_iter().rev().find_map(|event| match event.what {
                Observation::ProxyConnect { status, error, .. } => Some((status, error)),
                _ => None,
            });
        match last {
            Some((Some(status), _)) => format!("it answered CONNECT with {status}"),
            Some((None, Some(error))) => error,
            _ => "it did not answer".to_owned(),
        }
    }

    async fn secure(
        &self,
        connection: Connection,
        origin: &Origin,
        deadline: Deadline,
    ) -> Result<Way, Failure> {
        let alpn: &[&str] = match self.config.versions {
            Versions::Any => &["h2", "http/1.1"],
            Versions::Http1 => &["http/1.1"],
            Versions::Http2 => &["h2"],
        };
        let options = TlsOptions {
            server_name: origin.host.clone(),
            store: self.store(),
            insecure: self.config.insecure,
            identity: self.config.identity.clone().filter(|_| self.is_named),
            alpn: alpn.iter().map(|&name| name.to_owned()).collect(),
            tap: self.config.handshake_tap.clone(),
        };
        let done = handshake::handshake(self.scope, connection, &options, deadline).await;
        let trust = done.seen.trust.as_ref().map(|trust| trust.result.clone());
        let Some(connection) = done.connection else {
            let why = tls_text(&done.seen);
            return Err(Failure::Tls { name: origin.host.clone(), why });
        };
        let is_h2 = connection.alpn.as_deref() == Some("h2");
        if self.config.versions == Versions::Http2 && !is_h2 {
            let why = "the server does not offer HTTP/2 (ALPN)".to_owned();
            return Err(Failure::Tls { name: origin.host.clone(), why });
        }
        let untrusted = trust.filter(|result| *result != TrustResult::Trusted);
        Ok(Way { connection, is_h2, untrusted: untrusted.map(|result| trust_text(&result)) })
    }
}

/// curl's port for a proxy without one.
const PROXY_PORT: u16 = 1080;

fn attempts_text(attempts: &[ConnectAttempt]) -> String {
    let said = |attempt: &ConnectAttempt| match &attempt.outcome {
        ConnectOutcome::Connected => "connected".to_owned(),
        ConnectOutcome::Refused => "connection refused".to_owned(),
        ConnectOutcome::Failed { errno_name, .. } => errno_name.clone(),
        ConnectOutcome::TimedOut => "no answer in time".to_owned(),
        ConnectOutcome::Abandoned => "abandoned".to_owned(),
    };
    match attempts {
        [] => "there is no address to connect to".to_owned(),
        [only] => said(only),
        all => {
            let each = all.iter().map(|attempt| format!("{} {}", attempt.address, said(attempt)));
            each.collect::<Vec<_>>().join(", ")
        }
    }
}

fn tls_text(seen: &TlsHandshake) -> String {
    match &seen.outcome {
        TlsOutcome::Done => "done".to_owned(),
        TlsOutcome::Untrusted => match &seen.trust {
            Some(trust) => {
                format!("{} (--insecure goes on all the same)", trust_text(&trust.result))
            }
            None => "the certificate does not verify".to_owned(),
        },
        TlsOutcome::Alert { name, .. } => format!("the server sent the alert {name}"),
        TlsOutcome::NotTls => "what the server speaks is not TLS".to_owned(),
        TlsOutcome::Closed => "the server closed the connection".to_owned(),
        TlsOutcome::Reset => "the connection was reset".to_owned(),
        TlsOutcome::TimedOut => "no answer in time".to_owned(),
        TlsOutcome::Abandoned => "interrupted".to_owned(),
        TlsOutcome::Protocol { text } => text.clone(),
    }
}

fn trust_text(result: &TrustResult) -> String {
    let words = match result {
        TrustResult::Trusted => "it verifies",
        TrustResult::Expired => "it has expired",
        TrustResult::NotYetValid => "it is not valid yet",
        TrustResult::WrongName => "it is for another name",
        TrustResult::UnknownIssuer => "nobody who is trusted here vouches for it",
        TrustResult::WrongPurpose => "it is not meant for servers",
        TrustResult::Revoked => "it was revoked",
        TrustResult::BadSignature => "a signature in its chain is wrong",
        TrustResult::Other { text } => return format!("the certificate does not verify: {text}"),
    };
    format!("the certificate does not verify: {words}")
}
