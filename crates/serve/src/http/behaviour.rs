//! What a fault changes about a site.

use std::time::Duration;

/// How a site behaves; the default is healthy. Every field applies to every
/// request, whatever its host and path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SiteBehaviour {
    /// Take the request and never answer it.
    pub silent: bool,
    /// Wait before the answer.
    pub delay: Option<Duration>,
    /// Answer with this status and a short page.
    pub status: Option<u16>,
    /// Answer with a redirect.
    pub redirect: Option<RedirectFault>,
    /// Announce the whole body, send a part of it, close (FIN).
    pub truncate_body: bool,
    /// Announce the whole body, send a part of it, send nothing more.
    pub stall_body: bool,
    /// Say that the body is gzip, and send what is not.
    pub corrupt_gzip: bool,
    /// Close (FIN) without an answer.
    pub close: bool,
    /// Reset without an answer.
    pub reset: bool,
}

/// Where a faulty site redirects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedirectFault {
    /// To the very URL that was asked for.
    LoopSelf,
    /// To this URL.
    To(String),
}
