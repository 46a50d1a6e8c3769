//! Closing without taking back what was sent.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::Io;
use super::lend::read_lent;

/// The peer has this long to see the FIN and close.
pub(crate) const LINGER: Duration = Duration::from_secs(2);
/// A peer that sends more than this while it should close does not listen anyway.
pub(crate) const LINGER_BYTES_MAX: u64 = 256 * 1024;

/// Closes as RFC 9112 section 9.6 advises: FIN first, then what the peer still
/// sends is read away. Closing with unread bytes would send RST, and RST makes
/// the peer forget what it has not read yet.
pub(crate) async fn close_gently<S: Io>(mut stream: S) {
    let away = async {
        stream.shutdown().await?;
        let mut total: u64 = 0;
        while total < LINGER_BYTES_MAX {
            match read_lent(&mut stream, <[u8]>::len).await? {
                0 => break,
                count => total += count as u64,
            }
        }
        io::Result::Ok(())
    };
    let _ = tokio::time::timeout(LINGER, away).await;
}
