//! Reading: what interfaces, addresses, routes and neighbours there are.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use netlink_packet_core::ParseableParametrized;
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage, AddressScope};
use netlink_packet_route::link::{InfoKind, LinkAttribute, LinkFlags, LinkInfo, LinkMessage};
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteMetric, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage, neighbour, route};

use super::channel::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, Refusal, Reply};
use super::{
    Link, LinkAddress, Neighbour, NeighbourState, Netlink, NetlinkError, Route, RouteKind,
    RouteQuery, RouteSpec,
};

impl Netlink {
    /// All interfaces with their addresses, by index.
    pub fn interfaces(&mut self) -> Result<Vec<Link>, NetlinkError> {
        let links = self.dump(
            "list",
            "interfaces",
            |m| match m {
                RouteNetlinkMessage::NewLink(link) => Some(link),
                _ => None,
            },
            RouteNetlinkMessage::GetLink(LinkMessage::default()),
        )?;
        let addresses = self.dump(
            "list",
            "addresses",
            |m| match m {
                RouteNetlinkMessage::NewAddress(address) => Some(address),
                _ => None,
            },
            RouteNetlinkMessage::GetAddress(AddressMessage::default()),
        )?;
        let mut found: Vec<Link> = links.into_iter().map(link_of).collect();
        for address in addresses {
            let owner = found.iter_mut().find(|link| link.index == address.header.index);
            if let (Some(link), Some(address)) = (owner, address_of(&address)) {
                link.addresses.push(address);
            }
        }
        found.sort_by_key(|link| link.index);
        Ok(found)
    }

    /// What the kernel would do with a packet to `destination`. Its refusal
    /// (no route, or one that says unreachable) is the error's errno.
    pub fn route_to(
        &mut self,
        destination: IpAddr,
        query: RouteQuery,
    ) -> Result<Route, NetlinkError> {
        let mut message = RouteMessage::default();
        message.header.address_family = family_of(destination);
        message.header.destination_prefix_length = if destination.is_ipv4() { 32 } else { 128 };
        message.attributes.push(RouteAttribute::Destination(destination.into()));
        if let Some(source) = query.source {
            message.header.source_prefix_length = if source.is_ipv4() { 32 } else { 128 };
            message.attributes.push(RouteAttribute::Source(source.into()));
        }
        let refused = |refusal| NetlinkError::new("look up the route to", destination, refusal);
        let request =
            self.request(RouteNetlinkMessage::GetRoute(message), NLM_F_REQUEST | NLM_F_ACK);
        let (replies, _) = self.channel.exchange(&request).map_err(refused)?;
        let answer = replies.iter().find_map(|reply| match parse(reply) {
            Ok(RouteNetlinkMessage::NewRoute(route)) => Some(route),
            _ => None,
        });
        let answer = answer
            .ok_or_else(|| refused(Refusal::unreadable("the kernel's answer holds no route")))?;
        Ok(self.route_of(&answer))
    }

    /// The neighbour table, both families, without multicast entries.
    pub fn neighbours(&mut self) -> Result<Vec<Neighbour>, NetlinkError> {
        let entries = self.dump(
            "list",
            "neighbours",
            |m| match m {
                RouteNetlinkMessage::NewNeighbour(entry) => Some(entry),
                _ => None,
            },
            RouteNetlinkMessage::GetNeighbour(NeighbourMessage::default()),
        )?;
        let mut names = HashMap::new();
        let mut found = Vec::new();
        for entry in entries {
            let index = entry.header.ifindex;
            let interface =
                names.entry(index).or_insert_with(|| self.name_or_number(index)).clone();
            found.extend(neighbour_of(&entry, interface));
        }
        Ok(found)
    }

    /// What the neighbour table says of one address; `None` without an entry.
    pub fn neighbour(&mut self, address: IpAddr) -> Result<Option<Neighbour>, NetlinkError> {
        Ok(self.neighbours()?.into_iter().find(|entry| entry.address == address))
    }

    /// The routes of the main table, both families, that [`Netlink::add_route`]
    /// could make: unicast and the three that refuse.
    pub fn routes(&mut self) -> Result<Vec<RouteSpec>, NetlinkError> {
        let mut found = Vec::new();
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let mut message = RouteMessage::default();
            message.header.address_family = family;
            let routes = self.dump(
                "list",
                "routes",
                |m| match m {
                    RouteNetlinkMessage::NewRoute(route) => Some(route),
                    _ => None,
                },
                RouteNetlinkMessage::GetRoute(message),
            )?;
            for route in routes {
                found.extend(self.spec_of(&route));
            }
        }
        Ok(found)
    }

    fn dump<T>(
        &mut self,
        operation: &'static str,
        target: &str,
        select: impl Fn(RouteNetlinkMessage) -> Option<T>,
        message: RouteNetlinkMessage,
    ) -> Result<Vec<T>, NetlinkError> {
        let refused = |refusal| NetlinkError::new(operation, target, refusal);
        let request = self.request(message, NLM_F_REQUEST | NLM_F_DUMP);
        let replies = self.channel.dump(&request).map_err(refused)?;
        let mut found = Vec::with_capacity(replies.len());
        for reply in &replies {
            found.extend(select(parse(reply).map_err(refused)?));
        }
        Ok(found)
    }

    fn route_of(&self, message: &RouteMessage) -> Route {
        let mut route = Route {
            interface: String::new(),
            interface_index: 0,
            gateway: None,
            source: None,
            mtu_bytes: None,
            local: message.header.kind == RouteType::Local,
        };
        for attribute in &message.attributes {
            match attribute {
                RouteAttribute::Oif(index) => {
                    route.interface_index = *index;
                    route.interface = self.name_or_number(*index);
                }
                RouteAttribute::Gateway(address) => route.gateway = ip_of(address),
                RouteAttribute::Via(via) => route.gateway = via_of(via),
                RouteAttribute::PrefSource(address) => route.source = ip_of(address),
                RouteAttribute::Metrics(metrics) => route.mtu_bytes = mtu_of(metrics),
                _ => {}
            }
        }
        route
    }

    fn spec_of(&self, message: &RouteMessage) -> Option<RouteSpec> {
        let header = &message.header;
        let kind = match header.kind {
            RouteType::Unicast => RouteKind::Unicast,
            RouteType::Unreachable => RouteKind::Unreachable,
            RouteType::Prohibit => RouteKind::Prohibit,
            RouteType::BlackHole => RouteKind::Blackhole,
            _ => return None,
        };
        let table = message.attributes.iter().find_map(|attribute| match attribute {
            RouteAttribute::Table(table) => Some(*table),
            _ => None,
        });
        let main = u32::from(RouteHeader::RT_TABLE_MAIN);
        if table.unwrap_or(u32::from(header.table)) != main
            || header.flags.contains(RouteFlags::Cloned)
        {
            return None;
        }
        let any = match header.address_family {
            AddressFamily::Inet => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            _ => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let mut spec = RouteSpec::to(IpNet::new(any, header.destination_prefix_length).ok()?);
        spec.kind = kind;
        spec.onlink = header.flags.contains(RouteFlags::Onlink);
        for attribute in &message.attributes {
            match attribute {
                RouteAttribute::Destination(address) => {
                    let address = ip_of(address)?;
                    spec.destination =
                        IpNet::new(address, header.destination_prefix_length).ok()?;
                }
                RouteAttribute::Oif(index) => spec.device = Some(self.name_or_number(*index)),
                RouteAttribute::Gateway(address) => spec.via = ip_of(address),
                RouteAttribute::Via(via) => spec.via = via_of(via),
                RouteAttribute::Priority(metric) => spec.metric = Some(*metric),
                RouteAttribute::PrefSource(address) => spec.source = ip_of(address),
                RouteAttribute::Metrics(metrics) => spec.mtu_bytes = mtu_of(metrics),
                _ => {}
            }
        }
        Some(spec)
    }

    fn name_or_number(&self, index: u32) -> String {
        self.name_of(index).unwrap_or_else(|_| format!("if{index}"))
    }
}

fn parse(reply: &Reply) -> Result<RouteNetlinkMessage, Refusal> {
    RouteNetlinkMessage::parse_with_param(&reply.payload, reply.kind).map_err(Refusal::unreadable)
}

pub(super) fn family_of(address: IpAddr) -> AddressFamily {
    if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 }
}

fn link_of(message: LinkMessage) -> Link {
    let flags = message.header.flags;
    let mut link = Link {
        index: message.header.index,
        name: String::new(),
        loopback: flags.contains(LinkFlags::Loopback),
        admin_up: flags.contains(LinkFlags::Up),
        carrier: flags.contains(LinkFlags::LowerUp),
        mtu_bytes: 0,
        mac: None,
        master: None,
        kind: None,
        addresses: Vec::new(),
    };
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name = name,
            LinkAttribute::Mtu(mtu) => link.mtu_bytes = mtu,
            LinkAttribute::Address(mac) => link.mac = mac.try_into().ok(),
            LinkAttribute::Controller(index) => link.master = Some(index),
            LinkAttribute::LinkInfo(infos) => {
                link.kind = infos.into_iter().find_map(|info| match info {
                    LinkInfo::Kind(InfoKind::Other(name)) => Some(name),
                    LinkInfo::Kind(kind) => Some(kind.to_string()),
                    _ => None,
                });
            }
            _ => {}
        }
    }
    link
}

fn address_of(message: &AddressMessage) -> Option<LinkAddress> {
    let mut address = None;
    let mut local = None;
    let mut tentative = false;
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Address(ip) => address = Some(*ip),
            // On a point-to-point link the own address is the local one.
            AddressAttribute::Local(ip) => local = Some(*ip),
            AddressAttribute::Flags(flags) => tentative = flags.contains(AddressFlags::Tentative),
            _ => {}
        }
    }
    Some(LinkAddress {
        address: local.or(address)?,
        prefix_bits: message.header.prefix_len,
        global: message.header.scope == AddressScope::Universe,
        tentative,
    })
}

fn neighbour_of(message: &NeighbourMessage, interface: String) -> Option<Neighbour> {
    let mut address = None;
    let mut mac = None;
    for attribute in &message.attributes {
        match attribute {
            NeighbourAttribute::Destination(NeighbourAddress::Inet(ip)) => {
                address = Some(IpAddr::V4(*ip));
            }
            NeighbourAttribute::Destination(NeighbourAddress::Inet6(ip)) => {
                address = Some(IpAddr::V6(*ip));
            }
            NeighbourAttribute::LinkLayerAddress(bytes) => {
                mac = bytes.as_slice().try_into().ok();
            }
            _ => {}
        }
    }
    let address = address.filter(|address| !address.is_multicast())?;
    let state = match message.header.state {
        neighbour::NeighbourState::Incomplete => NeighbourState::Incomplete,
        neighbour::NeighbourState::Reachable => NeighbourState::Reachable,
        neighbour::NeighbourState::Stale => NeighbourState::Stale,
        neighbour::NeighbourState::Delay => NeighbourState::Delay,
        neighbour::NeighbourState::Probe => NeighbourState::Probe,
        neighbour::NeighbourState::Failed => NeighbourState::Failed,
        neighbour::NeighbourState::Noarp => NeighbourState::NoArp,
        neighbour::NeighbourState::Permanent => NeighbourState::Permanent,
        _ => NeighbourState::None,
    };
    let router = message.header.flags.contains(NeighbourFlags::Router);
    Some(Neighbour { address, interface, state, mac, router })
}

fn ip_of(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(v4) => Some(IpAddr::V4(*v4)),
        RouteAddress::Inet6(v6) => Some(IpAddr::V6(*v6)),
        _ => None,
    }
}

/// RTA_VIA: a next hop of the other family.
fn via_of(via: &route::RouteVia) -> Option<IpAddr> {
    match via {
        route::RouteVia::Inet(v4) => Some(IpAddr::V4(*v4)),
        route::RouteVia::Inet6(v6) => Some(IpAddr::V6(*v6)),
        _ => None,
    }
}

fn mtu_of(metrics: &[RouteMetric]) -> Option<u32> {
    metrics.iter().find_map(|metric| match metric {
        RouteMetric::Mtu(mtu) => Some(*mtu),
        _ => None,
    })
}
