//! TCP connections as RFC 8305 opens them, every attempt kept.

use std::net::{IpAddr, SocketAddr};

use plumb_evidence::observation::ConnectAttempt;

use crate::{Connection, Deadline, Family, Scope};

/// The addresses of a name in the order of RFC 8305 section 4: as the system
/// sorted them, families interleaved, the first one's family first.
pub fn order(addresses: &[IpAddr], port: u16, family: Family) -> Vec<SocketAddr> {
    let _ = (addresses, port, family);
    Vec::new()
}

/// What became of a dial.
#[derive(Debug)]
pub struct Dial {
    /// The connection that the walk uses, if any address answered.
    pub connection: Option<Connection>,
    /// The attempts that go on beside the walk.
    pub aside: Aside,
}

/// Attempts that go on beside the walk.
#[derive(Debug)]
#[must_use = "dropping it abandons the attempts unrecorded"]
pub struct Aside {}

impl Aside {
    /// Waits for the attempts, each recorded with `Purpose::Aside`; those that
    /// are open at the deadline are recorded as timed out.
    pub async fn finish(self, deadline: Deadline) -> Vec<ConnectAttempt> {
        let _ = deadline;
        std::future::pending().await
    }
}

/// Opens a connection to the first address that answers, each attempt 250 ms
/// after the one before unless that failed earlier. Records `Connect` for each
/// and the phase `tcp`.
pub async fn connect(scope: &Scope, addresses: &[SocketAddr], deadline: Deadline) -> Dial {
    let _ = (scope, addresses, deadline);
    std::future::pending().await
}

/// One attempt, recorded, and closed again: is this port or address alive?
pub async fn attempt(scope: &Scope, address: SocketAddr, deadline: Deadline) -> ConnectAttempt {
    let _ = (scope, address, deadline);
    std::future::pending().await
}
