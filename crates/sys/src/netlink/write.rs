//! Writing: making links, addresses, routes and neighbours. Wants
//! CAP_NET_ADMIN over the network namespace.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use ipnet::IpNet;
use netlink_packet_core::{NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{
    AddressAttribute, AddressHeaderFlags, AddressMessage, AddressScope,
};
use netlink_packet_route::link::{
    InfoBridge, InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState,
};
use netlink_packet_route::route::{
    RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteMetric, RouteProtocol, RouteScope,
    RouteType,
};

use super::channel::{NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, NLM_F_REQUEST};
use super::read::family_of;
use super::{Netlink, NetlinkError, RouteKind, RouteSpec, VethEnd};

const CHANGE: u16 = NLM_F_REQUEST | NLM_F_ACK;
const CREATE: u16 = CHANGE | NLM_F_CREATE | NLM_F_EXCL;

impl Netlink {
    /// Lays a virtual cable: `name` here, `peer_name` in `peer_namespace` (or
    /// here too). Both ends are down.
    pub fn add_veth(
        &mut self,
        name: &str,
        peer_name: &str,
        peer_namespace: Option<BorrowedFd<'_>>,
    ) -> Result<(), NetlinkError> {
        let near = VethEnd { name: name.to_owned(), ..VethEnd::default() };
        let far = VethEnd { name: peer_name.to_owned(), ..VethEnd::default() };
        self.add_veth_pair(&near, &far, peer_namespace)
    }

    /// Like [`Netlink::add_veth`], with hardware addresses and MTUs.
    pub fn add_veth_pair(
        &mut self,
        near: &VethEnd,
        far: &VethEnd,
        far_namespace: Option<BorrowedFd<'_>>,
    ) -> Result<(), NetlinkError> {
        // Never with IFF_UP: the kernel answers ENOTCONN, as the peer is not
        // there yet.
        let mut peer = end_message(far);
        if let Some(namespace) = far_namespace {
            peer.attributes.push(LinkAttribute::NetNsFd(namespace.as_raw_fd()));
        }
        let mut message = end_message(near);
        message.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
        ]));
        let target = format!("{} to {}", near.name, far.name);
        self.change("add veth", target, RouteNetlinkMessage::NewLink(message), CREATE)
    }

    /// Makes a bridge, without spanning tree and without multicast snooping
    /// (which would delay IPv6's first neighbour solicitations).
    pub fn add_bridge(&mut self, name: &str) -> Result<(), NetlinkError> {
        let mut message = named(name);
        message.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Bridge),
            LinkInfo::Data(InfoData::Bridge(vec![InfoBridge::MulticastSnooping(false)])),
        ]));
        self.change("add bridge", name, RouteNetlinkMessage::NewLink(message), CREATE)
    }

    /// Deletes an interface; a veth's other end goes with it.
    pub fn del_link(&mut self, name: &str) -> Result<(), NetlinkError> {
        self.change("delete link", name, RouteNetlinkMessage::DelLink(named(name)), CHANGE)
    }

    /// Sets an interface administratively up.
    pub fn set_up(&mut self, name: &str) -> Result<(), NetlinkError> {
        self.set_flags("set up", name, LinkFlags::Up)
    }

    /// Sets an interface administratively down; its routes vanish.
    pub fn set_down(&mut self, name: &str) -> Result<(), NetlinkError> {
        self.set_flags("set down", name, LinkFlags::empty())
    }

    fn set_flags(
        &mut self,
        operation: &'static str,
        name: &str,
        flags: LinkFlags,
    ) -> Result<(), NetlinkError> {
        let mut message = named(name);
        message.header.flags = flags;
        message.header.change_mask = LinkFlags::Up;
        self.change(operation, name, RouteNetlinkMessage::NewLink(message), CHANGE)
    }

    /// Makes an interface a port of a bridge; `None` takes it off again.
    pub fn set_master(&mut self, name: &str, bridge: Option<&str>) -> Result<(), NetlinkError> {
        let index = match bridge {
            Some(bridge) => self.index_of(bridge)?,
            None => 0,
        };
        self.set_attribute("set the bridge of", name, LinkAttribute::Controller(index))
    }

    /// Sets the MTU of an interface, bytes.
    pub fn set_mtu(&mut self, name: &str, mtu_bytes: u32) -> Result<(), NetlinkError> {
        self.set_attribute("set the MTU of", name, LinkAttribute::Mtu(mtu_bytes))
    }

    /// Sets the hardware address of an interface.
    pub fn set_mac(&mut self, name: &str, mac: [u8; 6]) -> Result<(), NetlinkError> {
        self.set_attribute("set the hardware address of", name, LinkAttribute::Address(mac.into()))
    }

    /// Renames an interface, which has to be down.
    pub fn rename(&mut self, name: &str, new_name: &str) -> Result<(), NetlinkError> {
        let index = self.index_of(name)?;
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes.push(LinkAttribute::IfName(new_name.to_owned()));
        self.change("rename", name, RouteNetlinkMessage::SetLink(message), CHANGE)
    }

    fn set_attribute(
        &mut self,
        operation: &'static str,
        name: &str,
        attribute: LinkAttribute,
    ) -> Result<(), NetlinkError> {
        let mut message = named(name);
        message.attributes.push(attribute);
        self.change(operation, name, RouteNetlinkMessage::NewLink(message), CHANGE)
    }

    /// Gives an interface an address, usable at once: IPv6 without duplicate
    /// address detection, which would take about two seconds.
    pub fn add_address(&mut self, name: &str, address: IpNet) -> Result<(), NetlinkError> {
        let mut message = self.address_message(name, address)?;
        if address.addr().is_ipv6() {
            message.header.flags = AddressHeaderFlags::Nodad;
        }
        let target = format!("{address} on {name}");
        self.change("add address", target, RouteNetlinkMessage::NewAddress(message), CREATE)
    }

    /// Takes an address from an interface.
    pub fn del_address(&mut self, name: &str, address: IpNet) -> Result<(), NetlinkError> {
        let message = self.address_message(name, address)?;
        let target = format!("{address} on {name}");
        self.change("delete address", target, RouteNetlinkMessage::DelAddress(message), CHANGE)
    }

    fn address_message(&self, name: &str, net: IpNet) -> Result<AddressMessage, NetlinkError> {
        let mut message = AddressMessage::default();
        message.header.family = family_of(net.addr());
        message.header.prefix_len = net.prefix_len();
        message.header.index = self.index_of(name)?;
        message.header.scope = match net.addr() {
            IpAddr::V4(v4) if v4.is_loopback() => AddressScope::Host,
            IpAddr::V4(v4) if v4.is_link_local() => AddressScope::Link,
            _ => AddressScope::Universe, // of IPv6 the kernel sees it itself
        };
        message.attributes.push(AddressAttribute::Local(net.addr()));
        message.attributes.push(AddressAttribute::Address(net.addr()));
        Ok(message)
    }

    /// Adds a route; EEXIST if there is one to the same place.
    pub fn add_route(&mut self, route: &RouteSpec) -> Result<(), NetlinkError> {
        let message = self.route_message(route)?;
        self.change("add route", route, RouteNetlinkMessage::NewRoute(message), CREATE)
    }

    /// Adds a route, in the place of one to the same destination if there is.
    pub fn replace_route(&mut self, route: &RouteSpec) -> Result<(), NetlinkError> {
        let message = self.route_message(route)?;
        let flags = CHANGE | NLM_F_CREATE | NLM_F_REPLACE;
        self.change("replace route", route, RouteNetlinkMessage::NewRoute(message), flags)
    }

    /// Deletes the first route that matches what `route` says.
    pub fn del_route(&mut self, route: &RouteSpec) -> Result<(), NetlinkError> {
        let mut message = self.route_message(route)?;
        // "Any": what is not said is not compared.
        message.header.protocol = RouteProtocol::Unspec;
        message.header.scope = RouteScope::NoWhere;
        self.change("delete route", route, RouteNetlinkMessage::DelRoute(message), CHANGE)
    }

    fn route_message(&self, route: &RouteSpec) -> Result<RouteMessage, NetlinkError> {
        let mut message = RouteMessage::default();
        let header = &mut message.header;
        let destination = route.destination.trunc();
        header.address_family = family_of(destination.addr());
        header.destination_prefix_length = destination.prefix_len();
        header.table = RouteHeader::RT_TABLE_MAIN;
        header.protocol = RouteProtocol::Static;
        header.kind = match route.kind {
            RouteKind::Unicast => RouteType::Unicast,
            RouteKind::Unreachable => RouteType::Unreachable,
            RouteKind::Prohibit => RouteType::Prohibit,
            RouteKind::Blackhole => RouteType::BlackHole,
        };
        // A connected route needs link scope, or the kernel will not take its
        // destination for the next router of another route (ENETUNREACH).
        let connected = route.kind == RouteKind::Unicast && route.via.is_none();
        header.scope = if connected && destination.addr().is_ipv4() {
            RouteScope::Link
        } else {
            RouteScope::Universe
        };
        if route.onlink {
            header.flags = RouteFlags::Onlink;
        }
        let attributes = &mut message.attributes;
        if destination.prefix_len() > 0 {
            attributes.push(RouteAttribute::Destination(destination.addr().into()));
        }
        if let Some(via) = route.via {
            attributes.push(RouteAttribute::Gateway(via.into()));
        }
        if let Some(device) = &route.device {
            attributes.push(RouteAttribute::Oif(self.index_of(device)?));
        }
        if let Some(metric) = route.metric {
            attributes.push(RouteAttribute::Priority(metric));
        }
        if let Some(source) = route.source {
            attributes.push(RouteAttribute::PrefSource(source.into()));
        }
        if let Some(mtu) = route.mtu_bytes {
            attributes.push(RouteAttribute::Metrics(vec![RouteMetric::Mtu(mtu)]));
        }
        Ok(message)
    }

    /// Adds or replaces a permanent neighbour entry.
    pub fn add_neighbour(
        &mut self,
        name: &str,
        address: IpAddr,
        mac: [u8; 6],
    ) -> Result<(), NetlinkError> {
        let mut message = self.neighbour_message(name, address)?;
        message.header.state = NeighbourState::Permanent;
        message.attributes.push(NeighbourAttribute::LinkLayerAddress(mac.into()));
        let flags = CHANGE | NLM_F_CREATE | NLM_F_REPLACE;
        let target = format!("{address} on {name}");
        self.change("add neighbour", target, RouteNetlinkMessage::NewNeighbour(message), flags)
    }

    /// Deletes a neighbour entry.
    pub fn del_neighbour(&mut self, name: &str, address: IpAddr) -> Result<(), NetlinkError> {
        let message = self.neighbour_message(name, address)?;
        let target = format!("{address} on {name}");
        self.change("delete neighbour", target, RouteNetlinkMessage::DelNeighbour(message), CHANGE)
    }

    fn neighbour_message(
        &self,
        name: &str,
        address: IpAddr,
    ) -> Result<NeighbourMessage, NetlinkError> {
        let mut message = NeighbourMessage::default();
        message.header.family = family_of(address);
        message.header.ifindex = self.index_of(name)?;
        message.attributes.push(NeighbourAttribute::Destination(match address {
            IpAddr::V4(v4) => NeighbourAddress::Inet(v4),
            IpAddr::V6(v6) => NeighbourAddress::Inet6(v6),
        }));
        Ok(message)
    }

    /// The kernel's number of an interface of this socket's namespace.
    pub fn index_of(&self, name: &str) -> Result<u32, NetlinkError> {
        let request = interface_request(name)
            .map_err(|error| NetlinkError::new("find interface", name, error.into()))?;
        let answer = interface_ioctl(self, libc::SIOCGIFINDEX, request)
            .map_err(|error| NetlinkError::new("find interface", name, error.into()))?;
        // SAFETY: SIOCGIFINDEX filled this member of the union.
        Ok(unsafe { answer.ifr_ifru.ifru_ifindex }.unsigned_abs())
    }

    pub(super) fn name_of(&self, index: u32) -> io::Result<String> {
        let mut request = interface_request("")?;
        request.ifr_ifru.ifru_ifindex = i32::try_from(index).unwrap_or(0);
        let answer = interface_ioctl(self, libc::SIOCGIFNAME, request)?;
        let octets: Vec<u8> =
            answer.ifr_name.iter().take_while(|&&c| c != 0).map(|&c| c as u8).collect();
        Ok(String::from_utf8_lossy(&octets).into_owned())
    }

    pub(super) fn request(&mut self, message: RouteNetlinkMessage, flags: u16) -> Vec<u8> {
        let mut header = NetlinkHeader::default();
        header.flags = flags;
        header.sequence_number = self.channel.next_sequence();
        let mut packet = NetlinkMessage::new(header, NetlinkPayload::from(message));
        packet.finalize();
        let mut bytes = vec![0; packet.buffer_len()];
        packet.serialize(&mut bytes);
        bytes
    }

    fn change(
        &mut self,
        operation: &'static str,
        target: impl ToString,
        message: RouteNetlinkMessage,
        flags: u16,
    ) -> Result<(), NetlinkError> {
        let request = self.request(message, flags);
        self.channel
            .command(&request)
            .map_err(|refusal| NetlinkError::new(operation, target, refusal))
    }
}

fn named(name: &str) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.attributes.push(LinkAttribute::IfName(name.to_owned()));
    message
}

fn end_message(end: &VethEnd) -> LinkMessage {
    let mut message = named(&end.name);
    message.attributes.extend(end.mac.map(|mac| LinkAttribute::Address(mac.into())));
    message.attributes.extend(end.mtu_bytes.map(LinkAttribute::Mtu));
    message
}

/// An ifreq (netdevice(7)) with the name filled in.
pub(crate) fn interface_request(name: &str) -> io::Result<libc::ifreq> {
    // SAFETY: ifreq is a C struct of integers, characters and a pointer, for
    // which all zeroes is valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if name.len() >= request.ifr_name.len() || name.contains('\0') {
        return Err(io::Error::from_raw_os_error(libc::ENODEV));
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    Ok(request)
}

fn interface_ioctl(
    netlink: &Netlink,
    number: libc::c_ulong,
    mut request: libc::ifreq,
) -> io::Result<libc::ifreq> {
    // SAFETY: both numbers used here read and write one ifreq, which lives
    // until the call returns.
    let result = unsafe { libc::ioctl(netlink.channel.as_raw_fd(), number, &raw mut request) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(request) }
}
