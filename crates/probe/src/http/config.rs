//! How a client reaches the network and what it does of its own accord.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Tap;
use super::jar::Jar;
use crate::handshake::Identity;
use crate::resolve::SystemResolver;
use crate::trust::Source;
use crate::way::{Override, Proxies};
use crate::{Network, Retry};

/// How long nothing may come unless told otherwise: long enough for a report
/// that a server must make first.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);

/// How long a connection may take to open unless told otherwise: three SYNs,
/// at 0, 1 and 3 s, and time for the answer.
pub const CONNECT_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// The longest wait that `Retry-After` may ask for.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// Which versions of HTTP are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Versions {
    /// HTTP/2 where TLS agrees on it, else HTTP/1.1.
    #[default]
    Any,
    /// HTTP/1.1 alone.
    Http1,
    /// HTTP/2 alone; without TLS by prior knowledge (RFC 9113 section 3.3).
    Http2,
}

/// The configuration of a [`super::Client`].
#[derive(Debug, Clone)]
pub struct Config {
    /// How long nothing may come: for the head, and for each piece of a body.
    pub timeout: Duration,
    /// For names, TCP and TLS together.
    pub connect_timeout: Duration,
    /// For everything up to the head of the last response, retries and
    /// redirects included.
    pub total_timeout: Option<Duration>,
    /// How often what may be repeated is tried; 1 try means no retry.
    pub retry: Retry,
    /// Repeat also what is not idempotent.
    pub retry_all: bool,
    /// Longer waits that a server asks for are not kept.
    pub retry_after_max: Duration,
    /// How many redirects are followed; `None` for none, the redirect is then
    /// the answer.
    pub redirects_max: Option<u16>,
    /// Which versions of HTTP are offered.
    pub versions: Versions,
    /// Which proxy stands in the way to which host.
    pub proxies: Proxies,
    /// Addresses of names that are not to be looked up: `--resolve`.
    pub overrides: Vec<Override>,
    /// Who is asked for the addresses of names.
    pub resolver: SystemResolver,
    /// Family, source address and options of every socket.
    pub network: Arc<Network>,
    /// Whom to trust.
    pub roots: Source,
    /// Go on although a certificate does not verify.
    pub insecure: bool,
    /// Shown to servers of the origin of a request, not where a redirect leads.
    pub identity: Option<Identity>,
    /// Its cookies; clients may share them.
    pub jar: Arc<Mutex<Jar>>,
    /// Looks at every byte, above TLS.
    pub tap: Option<Tap>,
    /// Looks at the handshakes of TLS, below it.
    pub handshake_tap: Option<Tap>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            timeout: TIMEOUT_DEFAULT,
            connect_timeout: CONNECT_TIMEOUT_DEFAULT,
            total_timeout: None,
            retry: Retry::walk(0, 0),
            retry_all: false,
            retry_after_max: RETRY_AFTER_MAX,
            redirects_max: None,
            versions: Versions::Any,
            proxies: Proxies::default(),
            overrides: Vec::new(),
            resolver: SystemResolver::Library,
            network: Arc::default(),
            roots: Source::System,
            insecure: false,
            identity: None,
            jar: Arc::default(),
            tap: None,
            handshake_tap: None,
        }
    }
}
