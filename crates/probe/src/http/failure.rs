//! Why there is no response, or not all of it.

use plumb_evidence::observation::BodyEnd;

/// Why there is no response. What the network said is in the events, too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the message says it")]
pub enum Failure {
    #[error("cannot resolve {name}: {why}")]
    Name { name: String, why: String },
    #[error("cannot connect to {place}: {why}")]
    Connect { place: String, why: String },
    #[error("the proxy {proxy} opened no way to {place}: {why}")]
    Proxy { proxy: String, place: String, why: String },
    #[error("no TLS with {name}: {why}")]
    Tls { name: String, why: String },
    #[error("no response from {place}: {why}")]
    NoResponse { place: String, why: String },
    #[error("the response of {place} cannot be read: {why}")]
    Malformed { place: String, why: String },
    #[error("cannot send the body: {why}")]
    Payload { why: String },
    #[error("{what} cannot be sent: {why}")]
    Unsendable { what: String, why: String },
    #[error("the time for all of it, {limit_ms} ms, is over")]
    OutOfTime { limit_ms: u128 },
}

impl Failure {
    /// Whether this host, and not the network, said no.
    pub fn is_local(&self) -> bool {
        matches!(self, Failure::Payload { .. } | Failure::Unsendable { .. })
    }

    /// Whether nothing of the request can have been acted on.
    pub fn is_before_request(&self) -> bool {
        matches!(self, Failure::Name { .. } | Failure::Connect { .. } | Failure::Tls { .. })
    }

    /// Whether trying again can help.
    pub fn may_pass(&self) -> bool {
        self.is_before_request() || matches!(self, Failure::NoResponse { .. })
    }
}

/// Why a body is not whole.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message says it")]
pub enum BodyFailure {
    #[error("the body is cut: {} came{}", bytes(*received_bytes), of(*declared_bytes))]
    Short { received_bytes: u64, declared_bytes: Option<u64> },
    #[error("the connection was reset after {} of the body{}", bytes(*received_bytes), of(*declared_bytes))]
    Reset { received_bytes: u64, declared_bytes: Option<u64> },
    #[error("nothing more came for {patience_ms} ms, after {} of the body{}", bytes(*received_bytes), of(*declared_bytes))]
    Stalled { received_bytes: u64, declared_bytes: Option<u64>, patience_ms: u128 },
    #[error("the body cannot be read on after {}: {why}", bytes(*received_bytes))]
    Malformed { received_bytes: u64, why: String },
    #[error("the body says that it is {encoding}, and it is not: {why}")]
    Encoding { encoding: String, why: String },
    #[error("the body is larger than {limit_bytes} bytes")]
    TooLarge { limit_bytes: u64 },
    #[error("{0}")]
    Write(std::io::Error),
}

impl BodyFailure {
    /// Whether going on from where it was cut can help.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            BodyFailure::Short { .. } | BodyFailure::Reset { .. } | BodyFailure::Stalled { .. }
        )
    }

    /// As evidence names it.
    pub(crate) fn end(&self) -> BodyEnd {
        match self {
            BodyFailure::Short { .. } => BodyEnd::Short,
            BodyFailure::Reset { .. } => BodyEnd::Reset,
            BodyFailure::Stalled { .. } => BodyEnd::Stalled,
            BodyFailure::Malformed { why, .. } => BodyEnd::Malformed { text: why.clone() },
            // All of it came, or as much as was wanted.
            BodyFailure::Encoding { .. } => BodyEnd::Complete,
            BodyFailure::TooLarge { .. } | BodyFailure::Write(_) => BodyEnd::Limit,
        }
    }
}

fn bytes(count: u64) -> String {
    if count == 1 { "1 byte".to_owned() } else { format!("{count} bytes") }
}

fn of(declared: Option<u64>) -> String {
    declared.map_or(String::new(), |declared| format!(" of {declared}"))
}
