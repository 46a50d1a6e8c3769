//! The changes to what is served: names, certificates, sites, ports.

use super::FaultError;
use super::change::Change;
use super::ground::Ground;

/// A service that faults change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cell {
    Zones,
    Authority(String),
    Resolver(String),
    Tls(String),
    Site(String),
    Port(String, u16),
}

impl Cell {
    /// The cell that a change is about, if it is about a service.
    pub(super) fn of(change: &Change) -> Option<Cell> {
        Some(match change {
            Change::Zone(_) => Cell::Zones,
            Change::RefuseZone { machine, .. } => Cell::Authority(machine.clone()),
            Change::Resolver { machine, .. } => Cell::Resolver(machine.clone()),
            Change::Tls { machine, .. } => Cell::Tls(machine.clone()),
            Change::Site { machine, .. } => Cell::Site(machine.clone()),
            Change::PortClosed { machine, port } => Cell::Port(machine.clone(), *port),
            _ => return None,
        })
    }
}

/// Whether a change is one to a service.
pub(super) fn is_served(change: &Change) -> bool {
    Cell::of(change).is_some()
}

/// The healthy state of what is served, where it is not a constant.
#[derive(Debug, Default)]
pub(super) struct Before {}

impl Before {
    pub(super) fn remember(&mut self, _cell: &Cell, _ground: &dyn Ground) {}

    pub(super) fn forget(&mut self, _cell: &Cell) {}

    /// Brings a service into the state that these changes make of it.
    pub(super) fn settle(
        &mut self,
        _cell: &Cell,
        _changes: &[&Change],
        _ground: &dyn Ground,
    ) -> Result<(), FaultError> {
        Ok(())
    }
}
