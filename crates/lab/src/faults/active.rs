//! The engine: makes and unmakes what active faults change.
//!
//! What the lab should be is always the healthy state with the changes of
//! every active fault folded over it, in the order in which they were made.
//! Breaking and healing differ only in which faults are active; afterwards the
//! same code brings what was touched into the state that it should be in. So a
//! fault heals exactly, whatever else is broken.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::filter::FilterRule;
use super::ground::Ground;
use super::state::{Before, Cell, cells};
use super::{Fault, FaultError, near, served};

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
        if let Err(error) = self.before.remember(&cells, ground) {
            self.before.forget(&cells, &self.touched());
            return Err(error);
        }
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
        self.before.forget(&cells, &self.touched());
        filters.and(settled)
    }

    /// Brings each cell into the state that it should be in.
    fn settle(&mut self, cells: &BTreeSet<Cell>, ground: &dyn Ground) -> Result<(), FaultError> {
        let changes: Vec<&Change> = self.active.iter().flat_map(|a| &a.changes).collect();
        // Every cell is tried, so that one that resists keeps no other back.
        let mut result = Ok(());
        for cell in cells {
            result = result.and(self.before.settle(cell, &changes, ground));
        }
        result
    }

    /// The cells that active faults touch.
    fn touched(&self) -> BTreeSet<Cell> {
        self.active.iter().flat_map(|active| cells(&active.changes)).collect()
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
