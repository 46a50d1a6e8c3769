//! Echo, RFC 862: what comes goes back.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::would_loop;
use crate::core::{Context, Datagram, DatagramService, Io, Service};

/// Sends back what it receives, over TCP and UDP.
#[derive(Debug, Clone, Copy, Default)]
pub struct Echo;

impl Service for Echo {
    async fn serve<S: Io>(&self, mut stream: S, context: Context) -> io::Result<()> {
        /// A page: enough for a full window of small packets, little for many connections.
        const BUFFER_BYTES: usize = 4096;
        let echoing = async {
            let mut buffer = vec![0; BUFFER_BYTES];
            loop {
                let count = stream.read(&mut buffer).await?;
                if count == 0 {
                    return stream.shutdown().await;
                }
                stream.write_all(&buffer[..count]).await?;
            }
        };
        context.stop.run_until_cancelled(echoing).await.unwrap_or(Ok(()))
    }
}

impl DatagramService for Echo {
    async fn answer(&self, datagram: Datagram, _: Context) -> Option<Vec<u8>> {
        (!would_loop(datagram.peer)).then_some(datagram.bytes)
    }
}
