//! The engine: makes and unmakes what active faults change.
//!
//! What the lab should be is always the healthy state with the changes of
//! every active fault folded over it, in the order in which they were made.
//! Breaking and healing differ only in which faults are active; afterwards the
//! same code brings what was touched into the state that it should be in. So a
//! fault heals exactly, whatever else is broken.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use plumb_sys::netlink::RouteSpec;
use serde::{Deserialize, Serialize};

use super::change::Change;
use super::filter::FilterRule;
use super::ground::{Ground, Kernel};
use super::routes::RouteTable;
use super::{Fault, FaultError, near, served};
use crate::topology::{Interface, Plan};

/// The faults that are active in one lab.
#[derive(Debug, Default)]
pub(crate) struct ActiveFaults {
    active: Vec<Active>,
    last_id: u32,
    /// What was healthy, of all that is touched now.
    before: Before,
}

#[derive(Debug)]
struct Active {
    id: u32,
    fault: Fault,
    changes: Vec<Change>,
    /// What the services that it changes had met when it was made.
    met_before: Option<u64>,
}

/// Something that faults change, and of which there is one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
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
struct Before {
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

/// How often a fault was met, as the lab itself counted it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hits {
    /// As it was given.
    pub fault: String,
    /// Packets that met the fault's filter; `None` where it has none.
    pub packets: Option<u64>,
    /// Connections and questions that came to the services which it changes,
    /// since it was made; `None` where it changes none that can be reached.
    pub served: Option<u64>,
    /// The changes that are in force.
    pub changes: Vec<String>,
}

impl ActiveFaults {
    /// The active faults, as they were given, in the order in which they were
    /// made.
    pub(crate) fn list(&self) -> Vec<String> {
        self.active.iter().map(|active| active.fault.text.clone()).collect()
    }

    /// Makes a fault. Where it cannot be made, nothing of it is left.
    pub(crate) fn break_fault(
        &mut self,
        fault: Fault,
        ground: &dyn Ground,
    ) -> Result<(), FaultError> {
        if self.active.iter().any(|active| active.fault.text == fault.text) {
            let why = "it is active already".to_owned();
            return Err(FaultError::Refused { fault: fault.text, why });
        }
        let changes = fault.changes(ground.plan())?;
        if ground.kernel().is_none() && !changes.iter().all(served::is_served) {
            return Err(FaultError::Refused {
                fault: fault.text,
                why: "the lab on loopback addresses has no links, routes or filters; \
                      it cannot make this fault"
                    .to_owned(),
            });
        }
        let cells = cells(&changes);
        let missing = cells.iter().find_map(|cell| match cell {
            Cell::Served(cell) => cell.is_missing(ground),
            _ => None,
        });
        if let Some(why) = missing {
            return Err(FaultError::Refused { fault: fault.text, why });
        }
        self.last_id += 1;
        let id = self.last_id;
        self.remember(&cells, ground)?;
        let met_before = met(&changes, ground);
        self.active.push(Active { id, fault, changes, met_before });
        let made = self.add_filters(id, ground).and_then(|()| self.settle(&cells, ground));
        if let Err(error) = made {
            // Half a fault helps nobody. What undoing it meets is the same
            // trouble that is reported already.
            let _ = self.remove(id, ground);
            return Err(error);
        }
        Ok(())
    }

    /// Heals the faults of this name or text, or all of them; says which.
    pub(crate) fn heal(
        &mut self,
        what: Option<&str>,
        ground: &dyn Ground,
    ) -> Result<Vec<String>, FaultError> {
        // However it is spelt: by its name, as it was given, with its place.
        let spelt = what.and_then(|what| super::parse(what, ground.plan()).ok());
        let meant = |active: &&Active| {
            let same = spelt.as_ref().is_some_and(|fault| fault.text == active.fault.text);
            what.is_none_or(|what| same || active.fault.spec.name == what)
        };
        let healed: Vec<(u32, String)> =
            self.active.iter().filter(meant).map(|a| (a.id, a.fault.text.clone())).collect();
        if let (Some(what), true) = (what, healed.is_empty()) {
            let known = self.active.iter().flat_map(|a| [&*a.fault.text, a.fault.spec.name]);
            let near = near(what, known);
            return Err(FaultError::NotActive { name: what.to_owned(), near });
        }
        // Every fault is tried, so that one that resists leaves no other.
        let mut first_error = None;
        for (id, _) in healed.iter().rev() {
            if let Err(error) = self.remove(*id, ground) {
                first_error.get_or_insert(error);
            }
        }
        match first_error {
            Some(error) => Err(error),
            None => Ok(healed.into_iter().map(|(_, text)| text).collect()),
        }
    }

    /// How often each active fault was met.
    pub(crate) fn hits(&self, ground: &dyn Ground) -> Result<Vec<Hits>, FaultError> {
        let of_one = |active: &Active| {
            let mut packets = None;
            if let Some(kernel) = ground.kernel() {
                for machine in filters(&active.changes).keys() {
                    let met = kernel.filter_hits(machine, &table_name(active.id))?;
                    packets = Some(packets.unwrap_or(0) + met);
                }
            }
            let changes = active.changes.iter().map(|change| format!("{change:?}")).collect();
            let served = met(&active.changes, ground).zip(active.met_before);
            let served = served.map(|(now, before)| now.saturating_sub(before));
            Ok(Hits { fault: active.fault.text.clone(), packets, served, changes })
        };
        self.active.iter().map(of_one).collect()
    }

    fn remove(&mut self, id: u32, ground: &dyn Ground) -> Result<(), FaultError> {
        let Some(at) = self.active.iter().position(|active| active.id == id) else {
            return Ok(());
        };
        let gone = self.active.remove(at);
        let filters = self.remove_filters(&gone, ground);
        let cells = cells(&gone.changes);
        let settled = self.settle(&cells, ground);
        self.forget(&cells);
        filters.and(settled)
    }

    fn add_filters(&self, id: u32, ground: &dyn Ground) -> Result<(), FaultError> {
        let Some(kernel) = ground.kernel() else { return Ok(()) };
        let Some(active) = self.active.iter().find(|active| active.id == id) else {
            return Ok(());
        };
        for (machine, rules) in filters(&active.changes) {
            kernel.add_filter(machine, &table_name(id), &rules)?;
        }
        Ok(())
    }

    fn remove_filters(&self, gone: &Active, ground: &dyn Ground) -> Result<(), FaultError> {
        let Some(kernel) = ground.kernel() else { return Ok(()) };
        let mut result = Ok(());
        for machine in filters(&gone.changes).keys() {
            result = result.and(kernel.remove_filter(machine, &table_name(gone.id)));
        }
        result
    }

    /// Notes the healthy state of what is touched for the first time.
    fn remember(&mut self, cells: &BTreeSet<Cell>, ground: &dyn Ground) -> Result<(), FaultError> {
        for cell in cells {
            match cell {
                Cell::Served(_) | Cell::Port(_) => {}
                Cell::Setting { machine, path } => {
                    let Some(kernel) = ground.kernel() else { continue };
                    let key = (machine.clone(), path.clone());
                    if let Entry::Vacant(entry) = self.before.settings.entry(key) {
                        entry.insert(kernel.setting(machine, path)?);
                    }
                }
                Cell::Mtu { machine, interface } => {
                    let Some(kernel) = ground.kernel() else { continue };
                    let key = (machine.clone(), interface.clone());
                    if let Entry::Vacant(entry) = self.before.mtus.entry(key) {
                        entry.insert(kernel.mtu(machine, interface)?);
                    }
                }
                Cell::Interface { machine, .. } | Cell::Routes { machine } => {
                    let Some(kernel) = ground.kernel() else { continue };
                    if !self.before.machines.contains_key(machine) {
                        let before = MachineBefore::read(machine, kernel)?;
                        self.before.machines.insert(machine.clone(), before);
                    }
                }
            }
        }
        Ok(())
    }

    /// Forgets the healthy state of what nothing touches any more.
    fn forget(&mut self, cells: &BTreeSet<Cell>) {
        let touched: BTreeSet<Cell> =
            self.active.iter().flat_map(|active| self::cells(&active.changes)).collect();
        for cell in cells.difference(&touched) {
            match cell {
                Cell::Setting { machine, path } => {
                    self.before.settings.remove(&(machine.clone(), path.clone()));
                }
                Cell::Mtu { machine, interface } => {
                    self.before.mtus.remove(&(machine.clone(), interface.clone()));
                }
                Cell::Served(_) | Cell::Port(_) => {}
                Cell::Interface { machine, .. } | Cell::Routes { machine } => {
                    let still = touched.iter().any(|cell| match cell {
                        Cell::Interface { machine: m, .. } | Cell::Routes { machine: m } => {
                            m == machine
                        }
                        _ => false,
                    });
                    if !still {
                        self.before.machines.remove(machine);
                    }
                }
            }
        }
    }

    /// Brings each cell into the state that it should be in.
    fn settle(&mut self, cells: &BTreeSet<Cell>, ground: &dyn Ground) -> Result<(), FaultError> {
        let changes: Vec<&Change> = self.active.iter().flat_map(|a| &a.changes).collect();
        let mut result = Ok(());
        for cell in cells {
            let settled = match (cell, ground.kernel()) {
                (Cell::Served(cell), _) => cell.settle(&changes, ground),
                (_, None) => Ok(()),
                (Cell::Setting { machine, path }, Some(kernel)) => {
                    let key = (machine.clone(), path.clone());
                    let healthy = self.before.settings.get(&key).map(String::as_str);
                    let wanted = changes.iter().rev().find_map(|change| match change {
                        Change::Setting { machine: m, path: p, value } => {
                            (m == machine && p == path).then_some(value.as_str())
                        }
                        _ => None,
                    });
                    match wanted.or(healthy) {
                        Some(value) => kernel.set_setting(machine, path, value),
                        None => Ok(()),
                    }
                }
                (Cell::Mtu { machine, interface }, Some(kernel)) => {
                    let key = (machine.clone(), interface.clone());
                    let wanted = changes.iter().rev().find_map(|change| match change {
                        Change::Mtu { machine: m, interface: i, mtu_bytes } => {
                            (m == machine && i == interface).then_some(*mtu_bytes)
                        }
                        _ => None,
                    });
                    match wanted.or(self.before.mtus.get(&key).copied()) {
                        Some(bytes) => kernel.set_mtu(machine, interface, bytes),
                        None => Ok(()),
                    }
                }
                (Cell::Port(port), Some(kernel)) => {
                    let down = changes
                        .iter()
                        .any(|change| matches!(change, Change::PortDown { port: p } if p == port));
                    let owner = owner_of_port(ground.plan(), port);
                    kernel.set_port(port, !down).and_then(|()| match owner {
                        Some(interface) if down => forget(interface, ground.plan(), kernel),
                        _ => Ok(()),
                    })
                }
                (Cell::Interface { machine, interface }, Some(kernel)) => {
                    let down = changes
                        .iter()
                        .any(|change| **change == Change::interface_down(machine, interface));
                    let healthy = self.before.machines.get(machine);
                    let was_up = healthy.and_then(|before| before.up.get(interface));
                    let up = !down && was_up.copied().unwrap_or(true);
                    let own = ground.plan().machine(machine).and_then(|m| m.interface(interface));
                    kernel.set_interface(machine, interface, up).and_then(|()| match own {
                        Some(own) if down => forget(own, ground.plan(), kernel),
                        _ => Ok(()),
                    })
                }
                (Cell::Routes { machine }, Some(kernel)) => {
                    match self.before.machines.get_mut(machine) {
                        Some(before) => before.settle_routes(machine, &changes, kernel),
                        None => Ok(()),
                    }
                }
            };
            result = result.and(settled);
        }
        result
    }
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
fn forget(gone: &Interface, plan: &Plan, kernel: &dyn Kernel) -> Result<(), FaultError> {
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
fn cells(changes: &[Change]) -> BTreeSet<Cell> {
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

/// What the services that are changed have met so far.
fn met(changes: &[Change], ground: &dyn Ground) -> Option<u64> {
    let cells: BTreeSet<served::Cell> = changes.iter().filter_map(served::Cell::of).collect();
    let met: Vec<u64> = cells.iter().filter_map(|cell| cell.met(ground)).collect();
    (!met.is_empty()).then(|| met.iter().sum())
}

/// The rules of a fault, by machine.
fn filters(changes: &[Change]) -> BTreeMap<&str, Vec<FilterRule>> {
    let mut found: BTreeMap<&str, Vec<FilterRule>> = BTreeMap::new();
    for change in changes {
        if let Change::Filter { machine, rules } = change {
            found.entry(machine).or_default().extend_from_slice(rules);
        }
    }
    found
}

fn table_name(id: u32) -> String {
    format!("plumb-fault-{id}")
}
