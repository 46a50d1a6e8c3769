//! The issuer's certificate, fetched from the address in the certificate
//! (authority information access, RFC 5280 section 4.2.2.1).

use std::net::IpAddr;

use plumb_evidence::Observation;
use plumb_evidence::observation::{IssuerResult, SystemResult, TrustResult};
use plumb_sys::clock;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use url::Url;

use crate::exchange::{self, Request};
use crate::resolve::{self, SystemResolver};
use crate::trust::LazyStore;
use crate::{Deadline, Scope, certificate, dial, handshake};

/// Largest certificate that is taken; real ones have one to three KiB.
const CERTIFICATE_MAX_BYTES: usize = 64 << 10;

/// Fetches the issuer's certificate from `url` (plain HTTP, no redirect,
/// bounded) and says whether `chain` (DER, leaf first) verifies with it for
/// `server_name`. Records `IssuerFetch` and what it took.
pub async fn fetch_issuer(
    scope: &Scope,
    url: &str,
    chain: &[Vec<u8>],
    server_name: &str,
    store: &LazyStore,
    resolver: &SystemResolver,
    deadline: Deadline,
) -> IssuerResult {
    let result = match fetch(scope, url, resolver, deadline).await {
        Err(text) => IssuerResult::Failed { text },
        Ok(issuer) => {
            let completes_chain = completes(&issuer, chain, server_name, store).await;
            let certificate = Box::new(certificate::summary(&issuer));
            IssuerResult::Fetched { certificate, completes_chain }
        }
    };
    scope.record(Observation::IssuerFetch { url: url.to_owned(), result: result.clone() });
    result
}

async fn fetch(
    scope: &Scope,
    url: &str,
    resolver: &SystemResolver,
    deadline: Deadline,
) -> Result<CertificateDer<'static>, String> {
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    if url.scheme() != "http" {
        // RFC 5280 forbids https here: it would want a verified chain first.
        return Err(format!("{} is not fetched, only http", url.scheme()));
    }
    let addresses = match url.host() {
        None => return Err("it names no host".into()),
        Some(url::Host::Ipv4(address)) => vec![IpAddr::V4(address)],
        Some(url::Host::Ipv6(address)) => vec![IpAddr::V6(address)],
        Some(url::Host::Domain(name)) => {
            match resolve::system(scope, resolver, name, deadline).await {
                SystemResult::Addresses { addresses } => addresses,
                SystemResult::Failed { text, .. } => return Err(format!("{name}: {text}")),
                SystemResult::TimedOut => return Err(format!("{name}: no answer in time")),
                SystemResult::Abandoned => return Err("abandoned".into()),
            }
        }
    };
    let port = url.port_or_known_default().unwrap_or(80);
    let candidates = dial::order(&addresses, port, scope.network.family);
    let dialed = dial::connect(scope, &candidates, deadline).await;
    let connection = dialed.connection.ok_or("no address of it answers")?;
    let response = exchange::exchange(scope, connection, &Request::get(url), deadline)
        .await
        .ok_or("no response came")?;
    if !response.status.is_success() || !response.body_ok {
        return Err(format!("the answer was {} or was cut", response.status));
    }
    if response.body.len() > CERTIFICATE_MAX_BYTES {
        return Err(format!("{} bytes are no certificate", response.body.len()));
    }
    parse(&response.body).ok_or_else(|| "what came is no certificate in DER or PEM".into())
}

/// A certificate in DER, or the first in PEM.
fn parse(body: &[u8]) -> Option<CertificateDer<'static>> {
    let der = CertificateDer::from_pem_slice(body)
        .unwrap_or_else(|_| CertificateDer::from(body.to_vec()));
    (!certificate::summary(&der).subject.is_empty()).then_some(der)
}

async fn completes(
    issuer: &CertificateDer<'static>,
    chain: &[Vec<u8>],
    server_name: &str,
    store: &LazyStore,
) -> bool {
    let (Ok(store), Ok(name)) = (store.get().await, handshake::server_name(server_name)) else {
        return false;
    };
    let Some((leaf, sent)) = chain.split_first() else { return false };
    let mut intermediates: Vec<CertificateDer<'_>> =
        sent.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    intermediates.push(issuer.clone());
    let now = u64::try_from(clock::unix_s()).unwrap_or(0);
    let leaf = CertificateDer::from(leaf.as_slice());
    let trust = store.judge(&leaf, &intermediates, &name, now);
    // Whether the name fits is another question.
    !trust.failures.contains(&TrustResult::UnknownIssuer) && trust.path_ok
}
