//! The state of a lab that faults change, cell by cell: what it was when it
//! was healthy, and how it becomes what it should be.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use plumb_sys::netlink::RouteSpec;

use super::change::Change;
use super::ground::{Ground, Kernel};
use super::routes::RouteTable;
use super::{FaultError, served};
use crate::topology::{Interface, Plan};

/// Something that faults change, and of which there is one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cell {
    Setting { machine: String, path: String },
    Mtu { machine: String, interface: String },
    Port(String),
    Interface { machine: String, interface: String },
    // After the interfaces: their routes go and come with them.
    Routes { machine: String },
    Served(served::Cell),
}

/// The healthy state of each cell that is touched.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// By machine and path.
    settings: BTreeMap<(String, String), String>,
    /// By machine and interface, bytes.
    mtus: BTreeMap<(String, String), u32>,
    machines: BTreeMap<String, MachineBefore>,
}

#[derive(Debug)]
struct MachineBefore {
    up: BTreeMap<String, bool>,
    addresses: Vec<(String, IpNet)>,
    routes: RouteTable,
    /// The routes as the faults made them last.
    made: Vec<RouteSpec>,
}

impl Before {
    /// Notes the healthy state of what is touched for the first time.
    pub(super) fn remember(
        &mut self,
        cells: &BTreeSet<Cell>,
        ground: &dyn Ground,
    ) -> Result<(), FaultError> {
        let Some(kernel) = ground.kernel() else { return Ok(()) };
        for cell in cells {
            match cell {
                // Their healthy state is a constant.
                Cell::Served(_) | Cell::Port(_) => {}
                Cell::Setting { machine, path } => {
                    if let Entry::Vacant(entry) = self.settings.entry(pair(machine, path)) {
                        entry.insert(kernel.setting(machine, path)?);
                    }
                }
                Cell::Mtu { machine, interface } => {
                    if let Entry::Vacant(entry) = self.mtus.entry(pair(machine, interface)) {
                        entry.insert(kernel.mtu(machine, interface)?);
                    }
                }
                Cell::Interface { machine, .. } | Cell::Routes { machine } => {
                    if let Entry::Vacant(entry) = self.machines.entry(machine.clone()) {
                        entry.insert(MachineBefore::read(machine, kernel)?);
                    }
                }
            }
        }
        Ok(())
    }

    /// Forgets the healthy state of these cells, where nothing touches them any
    /// more.
    pub(super) fn forget(&mut self, cells: &BTreeSet<Cell>, touched: &BTreeSet<Cell>) {
        for cell in cells.difference(touched) {
            match cell {
                Cell::Served(_) | Cell::Port(_) => {}
                Cell::Setting { machine, path } => {
                    self.settings.remove(&pair(machine, path));
                }
                Cell::Mtu { machine, interface } => {
                    self.mtus.remove(&pair(machine, interface));
                }
                Cell::Interface { machine, .. } | Cell::Routes { machine } => {
                    let still = touched.iter().any(|cell| match cell {
                        Cell::Interface { machine: m, .. } | Cell::Routes { machine: m } => {
                            m == machine
                        }
                        _ => false,
                    });
                    if !still {
                        self.machines.remove(machine);
                    }
                }
            }
        }
    }

    /// Brings a cell into the state that these changes make of the healthy one.
    pub(super) fn settle(
        &mut self,
        cell: &Cell,
        changes: &[&Change],
        ground: &dyn Ground,
    ) -> Result<(), FaultError> {
        if let Cell::Served(cell) = cell {
            return cell.settle(changes, ground);
        }
        let Some(kernel) = ground.kernel() else { return Ok(()) };
        match cell {
            Cell::Served(_) => Ok(()),
            Cell::Setting { machine, path } => self.settle_setting(machine, path, changes, kernel),
            Cell::Mtu { machine, interface } => {
                self.settle_mtu(machine, interface, changes, kernel)
            }
            Cell::Port(port) => settle_port(port, changes, ground.plan(), kernel),
            Cell::Interface { machine, interface } => {
                self.settle_interface(machine, interface, changes, ground.plan(), kernel)
            }
            Cell::Routes { machine } => match self.machines.get_mut(machine) {
                Some(before) => before.settle_routes(machine, changes, kernel),
                None => Ok(()),
            },
        }
    }

    fn settle_setting(
        &self,
        machine: &str,
        path: &str,
        changes: &[&Change],
        kernel: &dyn Kernel,
    ) -> Result<(), FaultError> {
        let wanted = changes.iter().rev().find_map(|change| match change {
            Change::Setting { machine: m, path: p, value } => {
                (m == machine && p == path).then_some(value.as_str())
            }
            _ => None,
        });
        let healthy = self.settings.get(&pair(machine, path)).map(String::as_str);
        match wanted.or(healthy) {
            Some(value) => kernel.set_setting(machine, path, value),
            None => Ok(()),
        }
    }

    fn settle_mtu(
        &self,
        machine: &str,
        interface: &str,
        changes: &[&Change],
        kernel: &dyn Kernel,
    ) -> Result<(), FaultError> {
        let wanted = changes.iter().rev().find_map(|change| match change {
            Change::Mtu { machine: m, interface: i, mtu_bytes } => {
                (m == machine && i == interface).then_some(*mtu_bytes)
            }
            _ => None,
        });
        match wanted.or(self.mtus.get(&pair(machine, interface)).copied()) {
            Some(bytes) => kernel.set_mtu(machine, interface, bytes),
            None => Ok(()),
        }
    }

    fn settle_interface(
        &self,
        machine: &str,
        interface: &str,
        changes: &[&Change],
        plan: &Plan,
        kernel: &dyn Kernel,
    ) -> Result<(), FaultError> {
        let down =
            changes.iter().any(|change| **change == Change::interface_down(machine, interface));
        let was_up = self.machines.get(machine).and_then(|before| before.up.get(interface));
        kernel.set_interface(machine, interface, !down && was_up.copied().unwrap_or(true))?;
        match plan.machine(machine).and_then(|machine| machine.interface(interface)) {
            Some(own) if down => forget_neighbour(own, plan, kernel),
            _ => Ok(()),
        }
    }
}

fn settle_port(
    port: &str,
    changes: &[&Change],
    plan: &Plan,
    kernel: &dyn Kernel,
) -> Result<(), FaultError> {
    let down =
        changes.iter().any(|change| matches!(change, Change::PortDown { port: p } if p == port));
    kernel.set_port(port, !down)?;
    match owner_of_port(plan, port) {
        Some(interface) if down => forget_neighbour(interface, plan, kernel),
        _ => Ok(()),
    }
}

fn pair(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

impl MachineBefore {
    fn read(machine: &str, kernel: &dyn Kernel) -> Result<MachineBefore, FaultError> {
        let addresses = kernel.addresses(machine)?;
        let routes = RouteTable::new(kernel.routes(machine)?, &addresses);
        let up = kernel.interfaces(machine)?.into_iter().collect();
        let made = routes.others.clone();
        Ok(MachineBefore { up, addresses, routes, made })
    }

    /// Gives the machine the addresses that it had, and the routes that it
    /// should have. A route whose interface is down waits until it is up.
    fn settle_routes(
        &mut self,
        machine: &str,
        changes: &[&Change],
        kernel: &dyn Kernel,
    ) -> Result<(), FaultError> {
        let up: BTreeMap<String, bool> = kernel.interfaces(machine)?.into_iter().collect();
        let is_up = |interface: &str| up.get(interface).copied().unwrap_or(false);
        let have = kernel.addresses(machine)?;
        for (interface, address) in &self.addresses {
            if is_up(interface) && !have.iter().any(|(i, a)| i == interface && a == address) {
                kernel.add_address(machine, interface, *address)?;
            }
        }
        let mut wanted = self.routes.clone();
        for change in changes {
            match change {
                Change::Routes { machine: m, edit } if m == machine => wanted.edit(edit),
                _ => {}
            }
        }
        let have = kernel.routes(machine)?;
        for route in self.made.iter().filter(|route| !wanted.others.contains(route)) {
            if have.iter().any(|other| same(other, route)) {
                kernel.remove_route(machine, route)?;
            }
        }
        self.made.clone_from(&wanted.others);
        // What others are reached through comes first.
        wanted.others.sort_by_key(|route| route.via.is_some());
        for route in &wanted.others {
            let passable = route.device.as_deref().is_none_or(is_up);
            if passable && !have.iter().any(|other| same(other, route)) {
                kernel.add_route(machine, route)?;
            }
        }
        Ok(())
    }
}

fn owner_of_port<'a>(plan: &'a Plan, port: &str) -> Option<&'a Interface> {
    let mut interfaces = plan.machines.iter().flat_map(|machine| &machine.interfaces);
    interfaces.find(|interface| interface.port.as_deref() == Some(port))
}

/// What is cut off just now is still in its neighbours' tables, and for half a
/// minute they send to nobody instead of saying that nobody is there. The fault
/// is the state after that.
fn forget_neighbour(gone: &Interface, plan: &Plan, kernel: &dyn Kernel) -> Result<(), FaultError> {
    let addresses: Vec<IpAddr> = gone.addresses.iter().map(IpNet::addr).collect();
    let Some(link) = plan.link(&gone.link) else { return Ok(()) };
    let mut result = Ok(());
    for (machine, _) in &link.ends {
        result = result.and(kernel.forget_neighbours(machine, &addresses));
    }
    result
}

/// The kernel adds details (a device to a route that rejects, a metric) that
/// do not make it another route.
fn same(a: &RouteSpec, b: &RouteSpec) -> bool {
    let metric = a.metric.is_none() || b.metric.is_none() || a.metric == b.metric;
    let device = a.device.is_none() || b.device.is_none() || a.device == b.device;
    a.destination == b.destination && a.via == b.via && a.kind == b.kind && metric && device
}

/// The cells that changes touch.
pub(super) fn cells(changes: &[Change]) -> BTreeSet<Cell> {
    let mut found = BTreeSet::new();
    for change in changes {
        match change {
            Change::InterfaceDown { machine, interface } => {
                found.insert(Cell::Interface {
                    machine: machine.clone(),
                    interface: interface.clone(),
                });
                found.insert(Cell::Routes { machine: machine.clone() });
            }
            Change::Mtu { machine, interface, .. } => {
                found.insert(Cell::Mtu { machine: machine.clone(), interface: interface.clone() });
            }
            Change::PortDown { port } => {
                found.insert(Cell::Port(port.clone()));
            }
            Change::Setting { machine, path, .. } => {
                found.insert(Cell::Setting { machine: machine.clone(), path: path.clone() });
            }
            Change::Routes { machine, .. } => {
                found.insert(Cell::Routes { machine: machine.clone() });
            }
            // A table of its own for each fault: nothing to share.
            Change::Filter { .. } => {}
            served => {
                found.extend(served::Cell::of(served).map(Cell::Served));
            }
        }
    }
    found
}
