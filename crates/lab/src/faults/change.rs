//! What a fault changes: data, not actions. One engine makes and unmakes every
//! change, so that a fault's file only says what it is.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use plumb_serve::http::SiteBehaviour;
use plumb_serve::tls::TlsBehaviour;
use plumb_sys::netlink::RouteKind;

use super::filter::FilterRule;

/// One change to the lab. It is folded over the healthy state together with
/// the changes of every other active fault, so that healing one leaves exactly
/// what the others make.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// An interface is administratively down.
    InterfaceDown { machine: String, interface: String },
    /// The port of a LAN's switch that the machine's cable is plugged into is
    /// down: the machine sees no carrier.
    PortDown { port: String },
    /// An interface carries smaller packets.
    Mtu { machine: String, interface: String, mtu_bytes: u32 },
    /// A setting below /proc/sys of the machine's network namespace.
    Setting { machine: String, path: String, value: String },
    /// The machine's routes.
    Routes { machine: String, edit: RouteEdit },
    /// The machine filters packets.
    Filter { machine: String, rules: Vec<FilterRule> },
    /// Nothing listens on the TCP port of the machine.
    PortClosed { machine: String, port: u16 },
    /// What the authoritative servers know.
    Zone(ZoneEdit),
    /// The machine's authoritative server refuses to answer for the zone.
    RefuseZone { machine: String, zone: String },
    /// The machine's authoritative servers never answer.
    SilentAuthority { machine: String },
    /// The machine's recursive resolver misbehaves.
    Resolver { machine: String, behaviour: ResolverChange },
    /// The machine's TLS servers misbehave.
    Tls { machine: String, behaviour: TlsBehaviour },
    /// The machine's web site misbehaves.
    Site { machine: String, behaviour: SiteBehaviour },
}

impl Change {
    /// An interface of a machine is down.
    pub fn interface_down(machine: &str, interface: &str) -> Change {
        Change::InterfaceDown { machine: machine.to_owned(), interface: interface.to_owned() }
    }
}

/// A change to a list of routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteEdit {
    /// No default route.
    RemoveDefault,
    /// No route, other than those of its own addresses, that leads to any of
    /// these.
    RemoveTowards(Vec<IpAddr>),
    /// The default routes lead to a neighbour that does not exist.
    DefaultToNobody,
    /// The destination is reached as everything else is: by the default route.
    LikeDefault { destination: IpNet },
    /// One more route, of a kind that rejects.
    Reject { destination: IpNet, kind: RouteKind },
}

/// A change to the zones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneEdit {
    /// The name is gone, with all that it owns and all below it.
    Remove { name: String },
    /// The name has no address, whatever else it has.
    RemoveAddresses { name: String },
    /// The name owns nothing but a CNAME.
    Alias { name: String, target: String },
    /// The name's addresses of this one's family are replaced.
    SetAddress { name: String, address: IpAddr },
    /// The name gets one more address, before the others.
    AddAddressFirst { name: String, address: IpAddr },
}

impl ZoneEdit {
    /// The name that is edited.
    pub fn name(&self) -> &str {
        match self {
            ZoneEdit::Remove { name }
            | ZoneEdit::RemoveAddresses { name }
            | ZoneEdit::Alias { name, .. }
            | ZoneEdit::SetAddress { name, .. }
            | ZoneEdit::AddAddressFirst { name, .. } => name,
        }
    }
}

/// How a recursive resolver misbehaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResolverChange {
    /// SERVFAIL for everything at and below this name.
    Servfail { below: String },
    /// Every answer over UDP is cut to nothing, with the TC flag.
    TruncateUdp,
    /// Waits before every answer.
    Delay(Duration),
    /// REFUSED for everything.
    Refuse,
    /// Answers with bytes that are no message.
    Malformed,
}
