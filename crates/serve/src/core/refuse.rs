//! Refusing a connection politely.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Rule;
use super::server::Shared;
use super::socket::Socket;

/// Why a connection is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Too many connections are open.
    Full,
    /// This client has too many.
    ClientFull {
        /// So many.
        connections: usize,
    },
    /// This client came too often.
    Rate {
        /// When it may come again.
        retry_after: Duration,
    },
    /// The address may not come.
    Access,
}

impl Refusal {
    /// The rule that was broken.
    pub fn rule(&self) -> Rule {
        match self {
            Refusal::Full => Rule::ConnectionsMax,
            Refusal::ClientFull { .. } => Rule::ConnectionsPerClientMax,
            Refusal::Rate { .. } => Rule::Rate,
            Refusal::Access => Rule::Access,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Full => f.write_str("too many connections are open"),
            Refusal::ClientFull { connections } => {
                write!(f, "this client has {connections} connections open")
            }
            Refusal::Rate { retry_after } => {
                write!(f, "this client came too often; it may again in {retry_after:?}")
            }
            Refusal::Access => f.write_str("this address may not connect"),
        }
    }
}

/// Last words that are being said at once; who comes beyond them is closed.
pub(super) const FAREWELLS_MAX: usize = 64;

/// Says `farewell` and closes, beside everything else.
pub(super) fn refuse(shared: &Arc<Shared>, mut socket: Socket, farewell: Vec<u8>) {
    /// Who does not take a line in this time does not want it.
    const FAREWELL: Duration = Duration::from_secs(1);
    let Ok(permit) = Arc::clone(&shared.farewells).try_acquire_owned() else { return };
    let cut = shared.cut.clone();
    shared.connections.spawn(async move {
        let _permit = permit;
        let saying = async {
            socket.write_all(&farewell).await?;
            socket.shutdown().await?;
            // What the client has sent must be read, or closing is a reset
            // that overtakes the last word.
            while socket.read(&mut [0; 1024]).await? > 0 {}
            std::io::Result::Ok(())
        };
        let _ = cut.run_until_cancelled(tokio::time::timeout(FAREWELL, saying)).await;
    });
}
