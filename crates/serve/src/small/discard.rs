//! Discard, RFC 863: what comes is thrown away.

use std::io;

use tokio::io::AsyncReadExt;

use crate::core::{Context, Datagram, DatagramService, Io, Service};

/// Takes everything and answers nothing, over TCP and UDP.
#[derive(Debug, Clone, Copy, Default)]
pub struct Discard;

impl Service for Discard {
    async fn serve<S: Io>(&self, mut stream: S, context: Context) -> io::Result<()> {
        const BUFFER_BYTES: usize = 4096;
        let discarding = async {
            let mut buffer = vec![0; BUFFER_BYTES];
            while stream.read(&mut buffer).await? > 0 {}
            Ok(())
        };
        context.stop.run_until_cancelled(discarding).await.unwrap_or(Ok(()))
    }
}

impl DatagramService for Discard {
    async fn answer(&self, _: Datagram, _: Context) -> Option<Vec<u8>> {
        None
    }
}
