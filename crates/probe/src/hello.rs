//! Raw ClientHellos: what a TLS library cannot say.

use std::net::SocketAddr;

use plumb_evidence::observation::{HelloProbe, HelloVariant};

use crate::{Deadline, Scope};

/// Connects, sends one hello (or plain bytes) and records `Hello`.
pub async fn probe(
    scope: &Scope,
    address: SocketAddr,
    server_name: Option<&str>,
    variant: HelloVariant,
    deadline: Deadline,
) -> HelloProbe {
    let _ = (scope, address, server_name, variant, deadline);
    std::future::pending().await
}
