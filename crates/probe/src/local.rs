//! What this host knows before anything is sent: interfaces, routes,
//! neighbours, and how it resolves names.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use plumb_evidence::observation::{Interface, NeighbourState, RouteResult};

use crate::{Deadline, Scope};

/// Why this host could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {reason}")]
pub struct LocalError {
    pub operation: String,
    pub reason: String,
}

/// Lists the interfaces and records them.
pub fn interfaces(scope: &Scope) -> Result<Vec<Interface>, LocalError> {
    let _ = scope;
    Ok(Vec::new())
}

/// Asks the kernel's routes and records the answer.
pub fn route(scope: &Scope, destination: IpAddr) -> Result<RouteResult, LocalError> {
    let _ = (scope, destination);
    Err(LocalError { operation: String::new(), reason: String::new() })
}

/// Makes the kernel ask for an address on the own segment, waits until the
/// entry settles or the deadline passes, and records the state.
pub async fn neighbour(
    scope: &Scope,
    address: IpAddr,
    deadline: Deadline,
) -> Result<NeighbourState, LocalError> {
    let _ = (scope, address, deadline);
    std::future::pending().await
}

/// Reads the neighbour table for an address on the own segment, without asking
/// anybody, and records the state.
pub fn neighbour_entry(scope: &Scope, address: IpAddr) -> Result<NeighbourState, LocalError> {
    let _ = (scope, address);
    Ok(NeighbourState::None)
}

/// Where the files of the resolver lie.
#[derive(Debug, Clone)]
pub struct Files {
    pub resolv_conf: PathBuf,
    pub hosts: PathBuf,
    pub nsswitch: PathBuf,
}

impl Default for Files {
    fn default() -> Self {
        Files {
            resolv_conf: "/etc/resolv.conf".into(),
            hosts: "/etc/hosts".into(),
            nsswitch: "/etc/nsswitch.conf".into(),
        }
    }
}

/// How this host resolves names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolverConfig {
    pub servers: Vec<SocketAddr>,
    pub search: Vec<String>,
    pub ndots: u8,
    /// Wait for one reply (`options timeout:`).
    pub timeout: Duration,
    /// Rounds through the servers (`options attempts:`).
    pub attempts: u32,
    /// Addresses of the name in question in the hosts file.
    pub hosts_file: Vec<IpAddr>,
    pub nsswitch: Option<String>,
}

/// Reads the files, for `name`, and records what they say.
pub fn resolver_config(scope: &Scope, files: &Files, name: &str) -> ResolverConfig {
    let _ = (scope, files, name);
    ResolverConfig {
        servers: Vec::new(),
        search: Vec::new(),
        ndots: 1,
        timeout: Duration::from_secs(5),
        attempts: 2,
        hosts_file: Vec::new(),
        nsswitch: None,
    }
}
