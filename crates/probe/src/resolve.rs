//! Names: what the system answers, and what DNS itself says.

use std::net::{IpAddr, SocketAddr};

use plumb_evidence::observation::{DnsExchange, DnsRole, DnsTransport, SystemResult};

use crate::local::ResolverConfig;
use crate::{Deadline, Retry, Scope};

/// Who answers [`system`].
#[derive(Debug, Clone)]
pub enum SystemResolver {
    /// The C library's getaddrinfo, as every other program asks it.
    Library,
    /// plumb's own stub over these servers, where the library cannot be
    /// pointed at them (the loopback lab).
    Stub(ResolverConfig),
}

/// What the operating system answers for `name`. Records `SystemAnswer` and
/// the phase `dns`; announces a stall when it takes long.
pub async fn system(
    scope: &Scope,
    resolver: &SystemResolver,
    name: &str,
    deadline: Deadline,
) -> SystemResult {
    let _ = (scope, resolver, name, deadline);
    std::future::pending().await
}

/// One question to one server.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    pub server: SocketAddr,
    pub role: DnsRole,
    pub transport: DnsTransport,
    pub name: &'a str,
    /// `A`, `AAAA`, `NS`, ... or `TYPE123`.
    pub rtype: &'a str,
    pub recursion_desired: bool,
    pub retry: Retry,
}

/// Asks, records `Dns`, and gives back what was recorded.
pub async fn ask(scope: &Scope, ask: &Ask<'_>, deadline: Deadline) -> DnsExchange {
    let _ = (scope, ask, deadline);
    std::future::pending().await
}

/// What DNS itself says beside the walk: A and AAAA of `name` from the first
/// system resolver that answers, at the same time as the system's own answer.
pub async fn beside(
    scope: &Scope,
    config: &ResolverConfig,
    name: &str,
    deadline: Deadline,
) -> Vec<DnsExchange> {
    let _ = (scope, config, name, deadline);
    std::future::pending().await
}

/// Asks every name server from the root down to the name's own.
pub async fn delegation(
    scope: &Scope,
    name: &str,
    rtype: &str,
    roots: &[IpAddr],
    deadline: Deadline,
) {
    let _ = (scope, name, rtype, roots, deadline);
    std::future::pending().await
}

/// The addresses of the root name servers, built in: both families, `a` first.
pub fn root_servers() -> Vec<IpAddr> {
    Vec::new()
}
