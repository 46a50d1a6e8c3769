//! A server that speaks TLS 1.0 and nothing else.

use std::io;

use crate::core::{Context, Io, Service};

/// A TLS record with a fatal alert, RFC 8446 section 6.
pub(super) fn fatal_alert(number: u8) -> Vec<u8> {
    vec![0x15, 0x03, 0x01, 0x00, 0x02, 0x02, number]
}

/// A server that speaks TLS 1.0 and nothing else.
#[derive(Debug)]
pub struct OldTls {}

impl OldTls {
    /// A server called `name`, with a new key.
    pub async fn generate(_name: String) -> io::Result<OldTls> {
        Ok(OldTls {})
    }
}

impl Service for OldTls {
    async fn serve<S: Io>(&self, stream: S, context: Context) -> io::Result<()> {
        super::Answer::Alert(70).serve(stream, context).await
    }
}
