//! Answers that no library gives: silence, resets, alerts, old versions.
//!
//! Each is a [`Service`], so it stands on the same accept core as the healthy
//! servers, and every message that it sends is a real one.

mod old_tls;

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub use old_tls::OldTls;

use crate::core::{Context, Io, Service, close_gently};

/// The one thing that a connection gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// RST as soon as the connection is accepted.
    Reset,
    /// FIN as soon as the connection is accepted.
    Close,
    /// Nothing: bytes are taken and never answered.
    Silence,
    /// RST after the first bytes.
    ResetAfterHello,
    /// FIN after the first bytes.
    CloseAfterHello,
    /// A fatal TLS alert with this number after the first bytes.
    Alert(u8),
    /// Bytes that belong to no protocol after the first bytes.
    Garbage,
    /// These bytes after the first bytes, then FIN.
    Bytes(Vec<u8>),
}

impl Service for Answer {
    async fn serve<S: Io>(&self, mut stream: S, context: Context) -> io::Result<()> {
        match self {
            Answer::Reset => return stream.reset_on_close(),
            Answer::Close => {}
            Answer::Silence => return swallow(stream, context).await,
            Answer::ResetAfterHello => {
                first_bytes(&mut stream).await?;
                return stream.reset_on_close();
            }
            Answer::CloseAfterHello => {
                first_bytes(&mut stream).await?;
            }
            Answer::Alert(number) => {
                first_bytes(&mut stream).await?;
                stream.write_all(&old_tls::fatal_alert(*number)).await?;
            }
            Answer::Garbage => {
                first_bytes(&mut stream).await?;
                stream.write_all(&garbage()).await?;
            }
            Answer::Bytes(bytes) => {
                first_bytes(&mut stream).await?;
                stream.write_all(bytes).await?;
            }
        }
        close_gently(stream).await;
        Ok(())
    }
}

/// Waits until the peer has said something, or closed.
async fn first_bytes<S: Io>(stream: &mut S) -> io::Result<usize> {
    stream.read(&mut [0; 4096]).await
}

/// Reads until the peer gives up or the server stops.
async fn swallow<S: Io>(mut stream: S, context: Context) -> io::Result<()> {
    let mut buffer = [0; 4096];
    let reading = async {
        while stream.read(&mut buffer).await? > 0 {}
        Ok(())
    };
    context.stop.run_until_cancelled(reading).await.unwrap_or(Ok(()))
}

/// Bytes without meaning, the same every time (a linear congruential sequence).
fn garbage() -> Vec<u8> {
    const COUNT: usize = 64;
    let mut state: u32 = 0x706c_756d;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // The high bit set: it is neither a TLS record type nor text.
        (state >> 24) as u8 | 0x80
    })
    .take(COUNT)
    .collect()
}
