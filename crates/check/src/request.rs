//! What to check and how, as plain data.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use plumb_evidence::Target;
use url::Url;

/// The longest wait for one phase unless told otherwise. A gateway that does
/// not answer ARP is given up by the kernel after about 3.1 s, and a reset SYN
/// is repeated after 1 s and 3 s: five seconds see both.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);

/// Most redirects followed unless told otherwise; browsers stop at 20, curl at
/// 50.
pub const REDIRECTS_MAX_DEFAULT: u16 = 20;

/// One check of one target.
#[derive(Debug, Clone)]
pub struct Request {
    pub target: Target,
    /// The URL of the first hop, for `http` and `https` targets.
    pub url: Option<Url>,
    pub method: String,
    /// Headers in the order given; they replace plumb's own of the same name.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// `--resolve HOST:PORT:ADDR[,ADDR...]`.
    pub overrides: Vec<Override>,
    /// `--cacert`: PEM that replaces the system's roots.
    pub roots_pem: Option<Vec<u8>>,
    /// `--cert` and `--key`.
    pub identity: Option<ClientIdentity>,
    pub proxy: Option<ProxyChoice>,
    pub redirects_max: u16,
    pub family: Option<Family>,
    /// The longest wait for one phase.
    pub timeout: Duration,
    /// How often a walk that failed in a way that may pass is tried again.
    pub retries: u32,
    /// Seeds the jitter between retries.
    pub seed: u64,
    /// Where the loopback lab keeps what the real lab has at an address.
    pub address_map: Vec<(SocketAddr, SocketAddr)>,
}

impl Request {
    /// A GET of `target` with every default.
    pub fn new(target: Target, url: Option<Url>) -> Request {
        Request {
            target,
            url,
            method: "GET".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            overrides: Vec::new(),
            roots_pem: None,
            identity: None,
            proxy: None,
            redirects_max: REDIRECTS_MAX_DEFAULT,
            family: None,
            timeout: TIMEOUT_DEFAULT,
            retries: 0,
            seed: 0,
            address_map: Vec::new(),
        }
    }
}

/// Addresses to use for a name instead of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    pub host: String,
    pub port: u16,
    pub addresses: Vec<IpAddr>,
}

/// A client certificate with its key, both PEM.
#[derive(Clone)]
pub struct ClientIdentity {
    pub certificates_pem: Vec<u8>,
    pub key_pem: Vec<u8>,
}

impl std::fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientIdentity { .. }")
    }
}

/// The proxy to use and where it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyChoice {
    /// `--proxy`, `https_proxy`, ...
    pub from: String,
    /// May hold credentials; they are never recorded.
    pub url: Url,
}

/// `-4` or `-6`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}
