//! One datagram, and what comes back.

use std::net::SocketAddr;

use plumb_evidence::observation::UdpOutcome;

use crate::{Deadline, Scope};

/// Speaks to a UDP port in its own protocol where plumb knows it (53: a DNS
/// query for the root's name servers), else with an empty datagram. Records
/// `UdpExchange`.
pub async fn exchange(scope: &Scope, address: SocketAddr, deadline: Deadline) -> UdpOutcome {
    let _ = (scope, address, deadline);
    std::future::pending().await
}
