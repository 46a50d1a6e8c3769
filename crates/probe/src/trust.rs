//! The roots that this host trusts, and what they say of a chain.

use std::path::PathBuf;

use plumb_evidence::observation::IssuerResult;

use crate::{Deadline, Scope};

/// Where roots come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// What the operating system's programs trust.
    System,
    /// A PEM file: `--cacert`.
    File(PathBuf),
}

/// Roots that are read by a thread of their own while names resolve and
/// connections open. Clones share one reading.
#[derive(Debug, Clone)]
pub struct LazyStore {}

impl LazyStore {
    /// Begins to read.
    pub fn start(source: Source) -> LazyStore {
        let _ = source;
        LazyStore {}
    }
}

/// Why the roots could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read trusted roots from {source_text}: {reason}")]
pub struct StoreError {
    pub source_text: String,
    pub reason: String,
}

/// Fetches the issuer's certificate from `url` (plain HTTP, bounded) and says
/// whether `chain` (DER, leaf first) verifies with it for `server_name`.
pub async fn fetch_issuer(
    scope: &Scope,
    url: &str,
    chain: &[Vec<u8>],
    server_name: &str,
    store: &LazyStore,
    deadline: Deadline,
) -> IssuerResult {
    let _ = (scope, url, chain, server_name, store, deadline);
    std::future::pending().await
}
