//! The kernel side of a lab that has namespaces.

use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use ipnet::IpNet;
use plumb_sys::netlink::{Netlink, NetlinkError, RouteSpec};
use plumb_sys::{namespace, sysctl};

use super::FaultError;
use super::filter::{self, FilterRule};
use super::ground::Kernel;
use crate::build::Network;

/// Where something could not be done, for the message.
struct At<'a> {
    what: &'static str,
    place: &'a str,
}

impl At<'_> {
    fn failed(&self, why: impl ToString) -> FaultError {
        FaultError::Apply {
            what: self.what.to_owned(),
            place: self.place.to_owned(),
            why: why.to_string(),
        }
    }
}

/// Does something in a network namespace.
fn within<T: Send, E: ToString + Send>(
    namespace: Option<BorrowedFd<'_>>,
    at: &At<'_>,
    work: impl FnOnce() -> Result<T, E> + Send,
) -> Result<T, FaultError> {
    let namespace = namespace.ok_or_else(|| at.failed("there is no such machine"))?;
    namespace::in_network_namespace(namespace, work)
        .map_err(|error| at.failed(error))?
        .map_err(|error| at.failed(error.to_string()))
}

/// Does something with a netlink socket of a network namespace.
fn netlink<T: Send>(
    namespace: Option<BorrowedFd<'_>>,
    at: &At<'_>,
    work: impl FnOnce(&mut Netlink) -> Result<T, NetlinkError> + Send,
) -> Result<T, FaultError> {
    within(namespace, at, || work(&mut Netlink::open()?))
}

impl Network {
    fn netns(&self, machine: &str) -> Option<BorrowedFd<'_>> {
        self.machines.get(machine).map(AsFd::as_fd)
    }
}

impl Kernel for Network {
    fn interfaces(&self, machine: &str) -> Result<Vec<(String, bool)>, FaultError> {
        let at = At { what: "list the interfaces", place: machine };
        let links = netlink(self.netns(machine), &at, Netlink::interfaces)?;
        Ok(links.into_iter().map(|link| (link.name, link.admin_up)).collect())
    }

    fn set_interface(&self, machine: &str, interface: &str, up: bool) -> Result<(), FaultError> {
        let place = format!("{machine}:{interface}");
        set_link(self.netns(machine), &place, interface, up)
    }

    fn mtu(&self, machine: &str, interface: &str) -> Result<u32, FaultError> {
        let at = At { what: "read the MTU", place: machine };
        let links = netlink(self.netns(machine), &at, Netlink::interfaces)?;
        let link = links.into_iter().find(|link| link.name == interface);
        link.map(|link| link.mtu_bytes).ok_or_else(|| at.failed(format!("there is no {interface}")))
    }

    fn set_mtu(&self, machine: &str, interface: &str, bytes: u32) -> Result<(), FaultError> {
        let at = At { what: "set the MTU", place: machine };
        netlink(self.netns(machine), &at, |netlink| netlink.set_mtu(interface, bytes))
    }

    fn set_port(&self, port: &str, up: bool) -> Result<(), FaultError> {
        set_link(self.fabric.as_ref().map(AsFd::as_fd), &format!("switch port {port}"), port, up)
    }

    fn addresses(&self, machine: &str) -> Result<Vec<(String, IpNet)>, FaultError> {
        let at = At { what: "list the addresses", place: machine };
        let links = netlink(self.netns(machine), &at, Netlink::interfaces)?;
        let addresses = links.into_iter().flat_map(|link| {
            let name = link.name;
            link.addresses.into_iter().filter_map(move |own| {
                Some((name.clone(), IpNet::new(own.address, own.prefix_bits).ok()?))
            })
        });
        Ok(addresses.collect())
    }

    fn add_address(
        &self,
        machine: &str,
        interface: &str,
        address: IpNet,
    ) -> Result<(), FaultError> {
        let at = At { what: "add an address", place: machine };
        netlink(self.netns(machine), &at, |netlink| {
            unless_there(netlink.add_address(interface, address))
        })
    }

    fn routes(&self, machine: &str) -> Result<Vec<RouteSpec>, FaultError> {
        let at = At { what: "list the routes", place: machine };
        netlink(self.netns(machine), &at, Netlink::routes)
    }

    fn add_route(&self, machine: &str, route: &RouteSpec) -> Result<(), FaultError> {
        let at = At { what: "add a route", place: machine };
        netlink(self.netns(machine), &at, |netlink| unless_there(netlink.add_route(route)))
    }

    fn remove_route(&self, machine: &str, route: &RouteSpec) -> Result<(), FaultError> {
        let at = At { what: "remove a route", place: machine };
        netlink(self.netns(machine), &at, |netlink| netlink.del_route(route))
    }

    fn forget_neighbours(&self, machine: &str, addresses: &[IpAddr]) -> Result<(), FaultError> {
        let at = At { what: "edit the neighbour table", place: machine };
        netlink(self.netns(machine), &at, |netlink| {
            for entry in netlink.neighbours()? {
                if addresses.contains(&entry.address) {
                    unless_gone(netlink.del_neighbour(&entry.interface, entry.address))?;
                }
            }
            Ok(())
        })
    }

    fn setting(&self, machine: &str, path: &str) -> Result<String, FaultError> {
        let at = At { what: "read a setting", place: machine };
        within(self.netns(machine), &at, || sysctl::read(path))
    }

    fn set_setting(&self, machine: &str, path: &str, value: &str) -> Result<(), FaultError> {
        let at = At { what: "change a setting", place: machine };
        within(self.netns(machine), &at, || sysctl::write(path, value))
    }

    fn add_filter(
        &self,
        machine: &str,
        table: &str,
        rules: &[FilterRule],
    ) -> Result<(), FaultError> {
        let at = At { what: "add a packet filter", place: machine };
        within(self.netns(machine), &at, || filter::install(table, rules))
    }

    fn remove_filter(&self, machine: &str, table: &str) -> Result<(), FaultError> {
        let at = At { what: "remove a packet filter", place: machine };
        within(self.netns(machine), &at, || filter::remove(table))
    }

    fn filter_hits(&self, machine: &str, table: &str) -> Result<u64, FaultError> {
        let at = At { what: "read the counters of a packet filter", place: machine };
        within(self.netns(machine), &at, || filter::packets(table))
    }
}

/// The kernel may have brought back by itself what is added.
fn unless_there(result: Result<(), NetlinkError>) -> Result<(), NetlinkError> {
    match result {
        Err(error) if error.source.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

fn unless_gone(result: Result<(), NetlinkError>) -> Result<(), NetlinkError> {
    match result {
        Err(error) if error.source.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn set_link(
    namespace: Option<BorrowedFd<'_>>,
    place: &str,
    name: &str,
    up: bool,
) -> Result<(), FaultError> {
    let at = At { what: if up { "switch on" } else { "switch off" }, place };
    netlink(
        namespace,
        &at,
        |netlink| {
            if up { netlink.set_up(name) } else { netlink.set_down(name) }
        },
    )
}
