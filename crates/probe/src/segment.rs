//! The largest segment with which the peer's answer arrives.

use std::net::SocketAddr;

use crate::{Deadline, Scope};

/// What the ladder found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ladder {
    /// The answer came with the default segment size: there is no hole.
    pub default_answered: bool,
    /// The largest size with which it came, confirmed by repetition, if the
    /// default failed and a smaller size did not.
    pub largest_bytes: Option<u16>,
}

/// Climbs: records one `SegmentSize` for each rung.
pub async fn ladder(
    scope: &Scope,
    address: SocketAddr,
    server_name: Option<&str>,
    tls: bool,
    deadline: Deadline,
) -> Ladder {
    let _ = (scope, address, server_name, tls, deadline);
    std::future::pending().await
}
