//! What can be seen on this host: interfaces, routes, neighbours.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// An interface of this host (rtnetlink RTM_GETLINK and RTM_GETADDR).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    pub index: u32,
    pub name: String,
    pub loopback: bool,
    /// IFF_UP: the administrator wants it up.
    pub admin_up: bool,
    /// IFF_LOWER_UP: the other end of the cable is there.
    pub carrier: bool,
    pub mtu_bytes: u32,
    pub mac: Option<String>,
    pub addresses: Vec<InterfaceAddress>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceAddress {
    pub address: IpAddr,
    pub prefix_bits: u8,
    /// Scope global, not link or host.
    pub global: bool,
}

/// What the kernel's route lookup said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "route", rename_all = "snake_case")]
pub enum RouteResult {
    Found {
        interface: String,
        gateway: Option<IpAddr>,
        source: Option<IpAddr>,
        /// Path MTU that the kernel has cached for the destination.
        mtu_bytes: Option<u32>,
    },
    /// The kernel refuses: no route, or a route that says unreachable or
    /// prohibit.
    Refused { errno: i32, errno_name: String },
}

/// States of a neighbour entry, RFC 4861 section 7.3.2 and Linux's additions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeighbourState {
    /// No entry: nobody asked.
    None,
    Incomplete,
    Reachable,
    Stale,
    Delay,
    Probe,
    Failed,
    NoArp,
    Permanent,
}
