//! Echo, RFC 862: what comes goes back.

use std::future::Future;
use std::io;

use tokio::io::AsyncWriteExt;

use super::would_loop;
use crate::core::lend::echo_lent;
use crate::core::{Context, Datagram, DatagramService, Io, Service};

/// Sends back what it receives, over TCP and UDP.
#[derive(Debug, Clone, Copy, Default)]
pub struct Echo;

impl Service for Echo {
    fn serve<S: Io>(
        &self,
        mut stream: S,
        context: Context,
    ) -> impl Future<Output = io::Result<()>> + Send {
        context.ledger.set_protocol("echo");
        // The context is not kept: many connections wait here, and each byte counts.
        let stop = context.stop;
        async move {
            let echoing = async {
                echo_lent(&mut stream).await?;
                stream.shutdown().await
            };
            stop.run_until_cancelled(echoing).await.unwrap_or(Ok(()))
        }
    }
}

impl DatagramService for Echo {
    async fn answer(&self, datagram: Datagram, _: Context) -> Option<Vec<u8>> {
        (!would_loop(datagram.peer)).then_some(datagram.bytes)
    }
}
