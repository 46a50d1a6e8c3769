//! The saved form of a run.

use serde::{Deserialize, Serialize};

use crate::{Event, Observation};

/// The version of the evidence file's format.
pub const FORMAT_VERSION: u32 = 1;

/// Most events that one run keeps. A walk of the longest redirect chain with
/// every probe that exists stays below a tenth of it.
pub const EVENTS_MAX: usize = 20_000;

/// All that one check of one target saw. A verdict is a pure function of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// [`FORMAT_VERSION`] of the writer.
    pub format: u32,
    /// Version of plumb that looked.
    pub plumb: String,
    /// What was checked, with secrets removed.
    pub target: Target,
    /// Wall clock at the start: seconds since 1970-01-01 UTC. Certificates are
    /// judged against this, so that a replay gives the same verdict years later.
    pub started_unix_s: i64,
    /// The stream, in order.
    pub events: Vec<Event>,
}

impl Evidence {
    /// The observations with the number by which they are cited.
    pub fn observations(&self) -> impl Iterator<Item = (&Event, &Observation)> {
        self.events.iter().map(|event| (event, &event.what))
    }
}

/// What was checked, as the user asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The target as given, without credentials: a URL or an address.
    pub text: String,
    /// `https`, `http`, `tcp`, `tls` or `udp`.
    pub scheme: Scheme,
    /// Host name or address literal, as it stands in the URL.
    pub host: String,
    pub port: u16,
    /// `--insecure`: a certificate that does not verify is reported but does
    /// not end the walk.
    #[serde(default)]
    pub insecure: bool,
    /// `--aia`: a missing issuer may be fetched.
    #[serde(default)]
    pub aia: bool,
    /// The longest wait for one phase, in milliseconds.
    pub timeout_ms: u64,
}

/// How the target is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    Https,
    Http,
    Tls,
    Tcp,
    Udp,
}

impl Scheme {
    /// Whether the walk includes a TLS handshake.
    pub const fn is_tls(self) -> bool {
        matches!(self, Scheme::Https | Scheme::Tls)
    }

    /// Whether the walk includes an HTTP request.
    pub const fn is_http(self) -> bool {
        matches!(self, Scheme::Https | Scheme::Http)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Scheme::Https => "https",
            Scheme::Http => "http",
            Scheme::Tls => "tls",
            Scheme::Tcp => "tcp",
            Scheme::Udp => "udp",
        }
    }
}
