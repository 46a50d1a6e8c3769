//! rtnetlink: links, addresses, routes and neighbours, read and written.
//!
//! Synchronous: the kernel answers a request before send() returns. A
//! [`Netlink`] belongs for ever to the network namespace in which its thread
//! was when it was opened.

pub(crate) mod channel;
mod read;
mod write;

pub(crate) use write::interface_request;

use std::io;
use std::net::IpAddr;

use ipnet::IpNet;

use channel::{Channel, Refusal};

/// What could not be done, to what, and what the kernel said.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {target}: {source}{}", detail.as_deref().map(|text| format!(" ({text})")).unwrap_or_default())]
pub struct NetlinkError {
    /// What was tried, such as `add address`.
    pub operation: &'static str,
    /// To what, such as `10.1.1.1/32 on eth0`.
    pub target: String,
    /// The kernel's extended acknowledgement, if it gave one.
    pub detail: Option<String>,
    /// The errno.
    pub source: io::Error,
}

impl NetlinkError {
    /// The kernel's errno; `None` where its answer could not be read.
    pub fn errno(&self) -> Option<i32> {
        self.source.raw_os_error()
    }

    pub(crate) fn new(operation: &'static str, target: impl ToString, refusal: Refusal) -> Self {
        NetlinkError {
            operation,
            target: target.to_string(),
            detail: refusal.text,
            source: refusal.error,
        }
    }
}

/// An interface (RTM_GETLINK) with its addresses (RTM_GETADDR).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The kernel's number of it, unique in its namespace.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// IFF_LOOPBACK.
    pub loopback: bool,
    /// IFF_UP: the administrator wants it up.
    pub admin_up: bool,
    /// IFF_LOWER_UP: the other end of the cable is there.
    pub carrier: bool,
    /// Maximum transmission unit, bytes.
    pub mtu_bytes: u32,
    /// Hardware address; `None` where the link has none of six octets.
    pub mac: Option<[u8; 6]>,
    /// The bridge that it is a port of.
    pub master: Option<u32>,
    /// `veth`, `bridge`, ...; `None` for hardware and loopback.
    pub kind: Option<String>,
    /// Its addresses.
    pub addresses: Vec<LinkAddress>,
}

/// An address of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkAddress {
    /// The address itself.
    pub address: IpAddr,
    /// Length of its prefix.
    pub prefix_bits: u8,
    /// Scope global, not link or host.
    pub global: bool,
    /// IFA_F_TENTATIVE: duplicate address detection still runs (RFC 4862).
    pub tentative: bool,
}

/// What more a route lookup is to consider.
#[derive(Debug, Clone, Copy, Default)]
pub struct RouteQuery {
    /// Source address of the packet.
    pub source: Option<IpAddr>,
}

/// What the kernel would do with a packet (RTM_GETROUTE).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The interface that it would leave by.
    pub interface: String,
    /// The kernel's number of the interface.
    pub interface_index: u32,
    /// The next router; `None` when the destination is on the own segment.
    pub gateway: Option<IpAddr>,
    /// The source address that would be chosen.
    pub source: Option<IpAddr>,
    /// Path MTU, where a route or the kernel's cache of exceptions has one.
    pub mtu_bytes: Option<u32>,
    /// The destination is an address of this host.
    pub local: bool,
}

/// An entry of the neighbour table (RTM_GETNEIGH).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// Its address.
    pub address: IpAddr,
    /// The interface that it is on.
    pub interface: String,
    /// What the kernel knows of it.
    pub state: NeighbourState,
    /// Its hardware address.
    pub mac: Option<[u8; 6]>,
    /// It says of itself that it is a router (RFC 4861).
    pub router: bool,
}

/// States of a neighbour entry, RFC 4861 section 7.3.2 and Linux's additions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeighbourState {
    /// Nothing is known.
    None,
    /// Asked, no answer yet.
    Incomplete,
    /// Known to be there.
    Reachable,
    /// Was there some time ago.
    Stale,
    /// In use, to be asked soon.
    Delay,
    /// Being asked again.
    Probe,
    /// Did not answer.
    Failed,
    /// A link without address resolution.
    NoArp,
    /// Set by hand.
    Permanent,
}

/// What a route does with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RouteKind {
    /// Sends it on.
    #[default]
    Unicast,
    /// Answers "host unreachable" (ICMP 3/1, ICMPv6 1/0).
    Unreachable,
    /// Answers "administratively prohibited" (ICMP 3/13, ICMPv6 1/1).
    Prohibit,
    /// Says nothing.
    Blackhole,
}

/// A route of the main table, to add, to delete, or as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSpec {
    /// Whither.
    pub destination: IpNet,
    /// The next router.
    pub via: Option<IpAddr>,
    /// The interface; optional where the next router says it.
    pub device: Option<String>,
    /// What is done with a packet.
    pub kind: RouteKind,
    /// The next router is on this link although no prefix says so.
    pub onlink: bool,
    /// Priority; the lowest wins. `None` is the kernel's choice.
    pub metric: Option<u32>,
    /// Preferred source address.
    pub source: Option<IpAddr>,
    /// Path MTU in bytes.
    pub mtu_bytes: Option<u32>,
}

impl RouteSpec {
    /// A unicast route to `destination`, of which the rest is yet to be said.
    pub fn to(destination: IpNet) -> Self {
        RouteSpec {
            destination,
            via: None,
            device: None,
            kind: RouteKind::Unicast,
            onlink: false,
            metric: None,
            source: None,
            mtu_bytes: None,
        }
    }
}

impl std::fmt::Display for RouteSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            RouteKind::Unicast => {}
            RouteKind::Unreachable => write!(f, "unreachable ")?,
            RouteKind::Prohibit => write!(f, "prohibit ")?,
            RouteKind::Blackhole => write!(f, "blackhole ")?,
        }
        write!(f, "{}", self.destination)?;
        if let Some(via) = self.via {
            write!(f, " via {via}")?;
        }
        if let Some(device) = &self.device {
            write!(f, " dev {device}")?;
        }
        Ok(())
    }
}

/// One end of a virtual cable that is to be made.
#[derive(Debug, Clone, Default)]
pub struct VethEnd {
    /// Its name, at most 15 octets.
    pub name: String,
    /// Its hardware address; `None` lets the kernel choose.
    pub mac: Option<[u8; 6]>,
    /// Its MTU; `None` is 1500 bytes.
    pub mtu_bytes: Option<u32>,
}

/// A socket to the routing part of the kernel, in one network namespace.
#[derive(Debug)]
pub struct Netlink {
    channel: Channel,
}

impl Netlink {
    /// Opens a socket in the calling thread's network namespace.
    pub fn open() -> Result<Self, NetlinkError> {
        let channel = Channel::open(netlink_sys::protocols::NETLINK_ROUTE)
            .map_err(|error| NetlinkError::new("open", "a netlink socket", error.into()))?;
        Ok(Netlink { channel })
    }
}
