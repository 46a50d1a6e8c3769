//! What to check and how, as plain data.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use plumb_evidence::Target;
use plumb_probe::Family;
use plumb_probe::handshake::Identity;
use plumb_probe::trust::Source;
use plumb_probe::way::{Override, Proxies};
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
    /// What is checked, as evidence keeps it.
    pub target: Target,
    /// The URL of the first hop, for `http` and `https` targets.
    pub url: Option<Url>,
    /// Of the first hop.
    pub method: String,
    /// Headers in the order given; they replace plumb's own of the same name.
    pub headers: Vec<(String, String)>,
    /// Of the first hop; empty where there is none.
    pub body: Vec<u8>,
    /// `--resolve HOST:PORT:ADDR[,ADDR...]`.
    pub overrides: Vec<Override>,
    /// Whom to trust: the system's roots, or those of `--cacert`.
    pub roots: Source,
    /// `--cert` and `--key`.
    pub identity: Option<Identity>,
    /// Those of the environment, or that of `--proxy`.
    pub proxies: Proxies,
    /// Redirects that are followed; the next one ends the walk.
    pub redirects_max: u16,
    /// `-4` or `-6`.
    pub family: Family,
    /// The longest wait for one phase.
    pub timeout: Duration,
    /// How often a walk that failed in a way that may pass is tried again.
    pub retries: u32,
    /// Seeds the jitter between retries.
    pub seed: u64,
    /// Wall clock now: seconds since 1970-01-01 UTC.
    pub started_unix_s: i64,
    /// Asked in place of the system's resolver: where the C library cannot be
    /// pointed at the loopback lab.
    pub stub_resolver: Option<SocketAddr>,
    /// Where the loopback lab keeps what the real lab has at an address.
    pub address_map: Vec<(SocketAddr, SocketAddr)>,
}

impl Request {
    /// A GET of `target` with every default. `started_unix_s` is the wall clock,
    /// which this crate does not read.
    pub fn new(target: Target, url: Option<Url>, started_unix_s: i64) -> Request {
        Request {
            target,
            url,
            method: "GET".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            overrides: Vec::new(),
            roots: Source::System,
            identity: None,
            proxies: Proxies::default(),
            redirects_max: REDIRECTS_MAX_DEFAULT,
            family: Family::Any,
            timeout: TIMEOUT_DEFAULT,
            retries: 0,
            seed: 0,
            started_unix_s,
            stub_resolver: None,
            address_map: Vec::new(),
        }
    }
}

impl Request {
    /// The addresses that `--resolve` gives for this host and port.
    pub(crate) fn given(&self, host: &str, port: u16) -> Option<&[IpAddr]> {
        let found = self
            .overrides
            .iter()
            .find(|given| given.host.eq_ignore_ascii_case(host) && given.port == port);
        found.map(|given| given.addresses.as_slice())
    }
}
