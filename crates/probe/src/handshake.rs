//! The TLS handshake of the walk, the chain kept even when it fails.

use std::path::Path;

use plumb_evidence::observation::TlsHandshake;

use crate::trust::LazyStore;
use crate::{Connection, Deadline, Scope};

/// What the handshake is to do.
#[derive(Debug, Clone)]
pub struct TlsOptions {
    /// Name or address literal, as it stands in the URL.
    pub server_name: String,
    pub store: LazyStore,
    /// Go on although the chain does not verify.
    pub insecure: bool,
    pub identity: Option<Identity>,
    /// `h2`, `http/1.1`, in the order of preference; empty offers none.
    pub alpn: Vec<String>,
}

/// A client certificate with its key.
#[derive(Debug, Clone)]
pub struct Identity {}

/// Why a client certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the client certificate in {path}: {reason}")]
pub struct IdentityError {
    pub path: String,
    pub reason: String,
}

impl Identity {
    /// Reads PEM files; without `key` both stand in `certificate`.
    pub fn read(certificate: &Path, key: Option<&Path>) -> Result<Identity, IdentityError> {
        let _ = (certificate, key);
        Ok(Identity {})
    }
}

/// What became of a handshake; `seen` was recorded.
#[derive(Debug)]
pub struct Handshake {
    /// The connection, if the handshake was done and the peer may be spoken to.
    pub connection: Option<Connection>,
    pub seen: TlsHandshake,
}

/// Shakes hands, records `TlsHandshake` and the phase `tls`; announces a stall
/// (with `TcpState`) when nothing comes.
pub async fn handshake(
    scope: &Scope,
    connection: Connection,
    options: &TlsOptions,
    deadline: Deadline,
) -> Handshake {
    let _ = (scope, connection, options, deadline);
    std::future::pending().await
}
