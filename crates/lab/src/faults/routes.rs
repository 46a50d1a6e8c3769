//! What a fault makes of a machine's routes: pure functions over lists.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use plumb_sys::netlink::{RouteKind, RouteSpec};

use super::change::RouteEdit;

/// The last number of the address of a gateway that does not exist.
const NOBODY_V4: u8 = 77;
const NOBODY_V6: u16 = 0x77;

/// A machine's routes of the main table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RouteTable {
    /// Made by the kernel for the machine's own addresses; never edited.
    pub(super) connected: Vec<RouteSpec>,
    pub(super) others: Vec<RouteSpec>,
}

impl RouteTable {
    /// Sorts routes as they were read, with the addresses of the interfaces.
    pub(super) fn new(routes: Vec<RouteSpec>, addresses: &[(String, IpNet)]) -> RouteTable {
        let connected = |route: &RouteSpec| {
            route.via.is_none()
                && route.kind == RouteKind::Unicast
                && addresses.iter().any(|(interface, address)| {
                    route.device.as_ref() == Some(interface)
                        && address.trunc() == route.destination
                        && address.prefix_len() < address.max_prefix_len()
                })
        };
        let (connected, others) = routes.into_iter().partition(connected);
        RouteTable { connected, others }
    }

    /// Makes one edit.
    pub(super) fn edit(&mut self, edit: &RouteEdit) {
        match edit {
            RouteEdit::RemoveDefault => self.others.retain(|route| !is_default(route)),
            RouteEdit::RemoveTowards(addresses) => {
                for address in addresses {
                    self.remove_towards(*address);
                }
            }
            RouteEdit::DefaultToNobody => {
                for route in self.others.iter_mut().filter(|route| is_default(route)) {
                    route.via = route.via.map(nobody_beside);
                    // Where links are unnumbered no prefix leads to it.
                    route.onlink = route.device.is_some();
                }
            }
            RouteEdit::LikeDefault { destination } => {
                let same = |route: &&RouteSpec| {
                    is_default(route)
                        && route.destination.addr().is_ipv4() == destination.addr().is_ipv4()
                };
                if let Some(default) = self.others.iter().find(same).cloned() {
                    self.others.retain(|route| route.destination != *destination);
                    self.others.push(RouteSpec { destination: *destination, ..default });
                }
            }
            RouteEdit::Reject { destination, kind } => {
                // It takes the place of one for the same prefix.
                self.others.retain(|route| route.destination != *destination);
                self.others.push(RouteSpec { kind: *kind, ..RouteSpec::to(*destination) });
            }
        }
    }

    /// Removes what leads to `address`, unless the machine stands beside it.
    fn remove_towards(&mut self, address: IpAddr) {
        let leads = |route: &RouteSpec| {
            route.kind == RouteKind::Unicast && route.destination.contains(&address)
        };
        if !self.connected.iter().any(leads) {
            self.others.retain(|route| !leads(route));
        }
    }
}

fn is_default(route: &RouteSpec) -> bool {
    route.destination.prefix_len() == 0 && route.kind == RouteKind::Unicast
}

/// An address on the same network where the lab puts nobody.
fn nobody_beside(gateway: IpAddr) -> IpAddr {
    match gateway {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, NOBODY_V4 + u8::from(d == NOBODY_V4)))
        }
        IpAddr::V6(address) => {
            let mut segments = address.segments();
            segments[7] = NOBODY_V6 + u16::from(segments[7] == NOBODY_V6);
            IpAddr::V6(Ipv6Addr::from(segments))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> RouteTable {
        let to = |to: &str, via: Option<&str>| RouteSpec {
            via: via.map(|via| via.parse().unwrap()),
            device: Some("eth1".to_owned()),
            ..RouteSpec::to(to.parse().unwrap())
        };
        let routes = vec![
            to("192.168.1.0/24", None),
            to("10.25.0.0/16", Some("192.168.1.2")),
            to("10.1.1.1/32", None),
            to("0.0.0.0/0", Some("192.168.1.1")),
            to("::/0", Some("2001:db8:25:a::1")),
        ];
        RouteTable::new(routes, &[("eth1".to_owned(), "192.168.1.11/24".parse().unwrap())])
    }

    #[test]
    fn only_routes_of_own_addresses_are_connected() {
        let table = table();
        assert_eq!(table.connected.len(), 1);
        assert_eq!(table.others.len(), 4);
    }

    #[test]
    fn the_default_routes_lead_to_nobody() {
        let mut table = table();
        table.edit(&RouteEdit::DefaultToNobody);
        let via: Vec<String> =
            table.others.iter().filter_map(|route| route.via).map(|a| a.to_string()).collect();
        assert_eq!(via, ["192.168.1.2", "192.168.1.77", "2001:db8:25:a::77"]);
    }

    #[test]
    fn what_leads_back_is_removed_but_not_the_own_network() {
        let mut table = table();
        table.edit(&RouteEdit::RemoveTowards(vec!["192.168.1.4".parse().unwrap()]));
        assert_eq!(table, self::table());
        table.edit(&RouteEdit::RemoveTowards(vec!["10.25.1.65".parse().unwrap()]));
        let left: Vec<String> = table.others.iter().map(|r| r.destination.to_string()).collect();
        assert_eq!(left, ["10.1.1.1/32", "::/0"]);
    }
}
