//! Requests, responses, redirects, proxies.

pub(crate) mod body;
pub(crate) mod proxy;
pub(crate) mod redirect;
pub(crate) mod response;
pub(crate) mod status;

use plumb_evidence::Where;

use crate::facts::{Facts, Hop};

/// Who answered, or failed to, and whose it is to mend. Plain requests end at
/// the proxy, and nothing tells it from the server behind it; a tunnel does.
pub(crate) fn answerer(facts: &Facts<'_>, hop: &Hop) -> (&'static str, Where) {
    if facts.proxy_of(hop.number).is_some() && !hop.scheme.is_tls() {
        ("the proxy or the server behind it", Where::Unknown)
    } else {
        ("the server", Where::Service)
    }
}
