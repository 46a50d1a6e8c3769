//! What a topology means once it has been read and found sound: every name
//! resolved, every interface named, every address parsed.

use std::net::IpAddr;

use ipnet::IpNet;
use plumb_evidence::map::LinkKind;

/// The whole of a lab before anything of it exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub name: String,
    pub machines: Vec<Machine>,
    pub links: Vec<Link>,
    pub zones: Vec<Zone>,
}

/// One machine: a network namespace of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    pub name: String,
    /// Its name in the name system, fully qualified.
    pub domain_name: Option<String>,
    pub interfaces: Vec<Interface>,
    /// Addresses on its loopback interface, routed to it by its neighbours.
    pub loopback: Vec<IpNet>,
    pub routes: Vec<Route>,
    /// Forwards packets between its interfaces, both families.
    pub forwards: bool,
    /// Answers ARP for what it can route elsewhere.
    pub proxy_arp: bool,
    /// The interface behind which IPv4 sources are masqueraded.
    pub masquerade: Option<String>,
    /// The interface from which only answers to IPv6 connections may enter.
    pub filter_inbound: Option<String>,
    pub services: Vec<Service>,
    /// Resolvers of its `resolv.conf`.
    pub resolvers: Vec<IpAddr>,
    pub search: Vec<String>,
}

/// One interface of a machine, plugged into one link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    pub name: String,
    /// The LAN or cable.
    pub link: String,
    pub addresses: Vec<IpNet>,
    /// Locally administered and derived from the names alone, so that two runs
    /// show the same addresses.
    pub mac: [u8; 6],
    /// On a LAN: the name of the switch port at the other end of its cable, in
    /// the namespace of the switches.
    pub port: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub name: String,
    pub kind: LinkKind,
    pub mtu_bytes: Option<u32>,
    /// `(machine, interface)`: exactly two for a cable, any number for a LAN.
    pub ends: Vec<(String, String)>,
}

/// One route as `ip route add` would name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub to: IpNet,
    pub via: Option<IpAddr>,
    pub device: Option<String>,
    /// Refuses with "destination unreachable" instead of forwarding.
    pub unreachable: bool,
}

/// What a machine serves beside echo, discard and daytime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Asks root, top-level and authoritative servers on behalf of others.
    Recursor,
    /// Name server of the zones that name one of its addresses.
    Authority,
    Http,
    Https,
    Ssh,
    Ftp,
    Telnet,
    Smtp,
    Pop3,
    Pop3s,
    Imap,
    Imaps,
}

impl Service {
    /// Every service word, as topology files spell it.
    pub const ALL: [(&'static str, Service); 12] = [
        ("resolver", Service::Recursor),
        ("authority", Service::Authority),
        ("http", Service::Http),
        ("https", Service::Https),
        ("ssh", Service::Ssh),
        ("ftp", Service::Ftp),
        ("telnet", Service::Telnet),
        ("smtp", Service::Smtp),
        ("pop3", Service::Pop3),
        ("pop3s", Service::Pop3s),
        ("imap", Service::Imap),
        ("imaps", Service::Imaps),
    ];

    pub fn from_word(word: &str) -> Option<Service> {
        Self::ALL.iter().find(|(known, _)| *known == word).map(|(_, service)| *service)
    }

    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, service)| *service == self).map_or("", |(word, _)| *word)
    }
}

/// One zone of the name system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Without a trailing dot; the root is `.`.
    pub origin: String,
    /// The names of its servers, each with its addresses.
    pub servers: Vec<ZoneServer>,
    pub records: Vec<ZoneRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneServer {
    pub name: String,
    /// Where it is reached; each belongs to some machine of the plan.
    pub addresses: Vec<IpAddr>,
}

/// One record, names fully qualified without the trailing dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneRecord {
    pub name: String,
    pub ttl_s: u32,
    pub data: ZoneData,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneData {
    Address(IpAddr),
    Cname(String),
    Mx { preference: u16, exchange: String },
    Ns(String),
    Ptr(String),
    Txt(String),
}

impl Plan {
    pub fn machine(&self, name: &str) -> Option<&Machine> {
        self.machines.iter().find(|machine| machine.name == name)
    }

    pub fn link(&self, name: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.name == name)
    }

    /// The machine that holds `address` on any interface.
    pub fn owner_of(&self, address: IpAddr) -> Option<&Machine> {
        self.machines.iter().find(|machine| machine.addresses().any(|own| own == address))
    }

    pub fn zone(&self, origin: &str) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.origin.eq_ignore_ascii_case(origin))
    }
}

impl Machine {
    pub fn interface(&self, name: &str) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| interface.name == name)
    }

    /// Every address of the machine, link-local and 127.0.0.1 excepted, each once.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        let mut seen = Vec::new();
        self.interfaces
            .iter()
            .flat_map(|interface| &interface.addresses)
            .chain(&self.loopback)
            .map(IpNet::addr)
            .filter(|address| !is_link_local(*address))
            .filter(move |address| {
                let fresh = !seen.contains(address);
                seen.push(*address);
                fresh
            })
    }

    pub fn serves(&self, service: Service) -> bool {
        self.services.contains(&service)
    }
}

/// fe80::/10 and 169.254.0.0/16 mean nothing beyond one link.
pub fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}
