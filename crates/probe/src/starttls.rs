//! STARTTLS: the plain beginning of a protocol, until TLS may begin.

use std::io;

use plumb_wire::tls::starttls::{Next, Protocol, Upgrade};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::{Connection, Deadline};

/// Why TLS cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum StartTlsError {
    /// The server said no, or what no server should say.
    #[error("{protocol}: {words}")]
    Refused {
        /// What was spoken.
        protocol: Protocol,
        /// The server's words.
        words: String,
    },
    /// The server said nothing in time.
    #[error("{protocol}: the server said nothing further in time")]
    Silence {
        /// What was spoken.
        protocol: Protocol,
    },
    /// The connection ended.
    #[error("{protocol}: the connection ended: {source}")]
    Broken {
        /// What was spoken.
        protocol: Protocol,
        /// What the system said.
        source: io::Error,
    },
}

/// Speaks `protocol` until TLS may begin.
///
/// # Errors
/// When the server does not want TLS, says nothing before the deadline, or
/// ends the connection.
pub async fn begin(
    connection: &mut Connection,
    protocol: Protocol,
    host: &str,
    deadline: Deadline,
) -> Result<(), StartTlsError> {
    match deadline.run(speak(connection, protocol, host)).await {
        Err(_) => Err(StartTlsError::Silence { protocol }),
        Ok(Err(source)) => Err(StartTlsError::Broken { protocol, source }),
        Ok(Ok(Err(words))) => Err(StartTlsError::Refused { protocol, words }),
        Ok(Ok(Ok(()))) => {
            connection.watch.traffic.begin_anew();
            Ok(())
        }
    }
}

async fn speak<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    protocol: Protocol,
    host: &str,
) -> io::Result<Result<(), String>> {
    let mut upgrade = Upgrade::new(protocol, host);
    let mut next = upgrade.begin();
    let mut buffer = [0; 4096];
    loop {
        match next {
            Next::Ready => return Ok(Ok(())),
            Next::Refused(words) => return Ok(Err(words)),
            Next::Send(bytes) => {
                stream.write_all(&bytes).await?;
                stream.flush().await?;
            }
            Next::Wait => {}
        }
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        next = upgrade.received(&buffer[..count]);
    }
}
