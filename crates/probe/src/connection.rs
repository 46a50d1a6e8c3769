//! An open connection that counts what passes.

/// An open connection, plain or with TLS.
#[derive(Debug)]
pub struct Connection {
    /// By which events name it.
    pub id: u32,
    pub address: std::net::SocketAddr,
    /// The protocol that ALPN agreed on, if TLS was done.
    pub alpn: Option<String>,
}
