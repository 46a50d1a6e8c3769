//! A place of the lab, as every command names it: a machine (`h1`), an
//! interface (`h1:eth1`), a LAN (`homeA`) or a cable (`isp-modemA`).

use std::fmt;

use plumb_evidence::map::LinkKind;

use super::plan::Plan;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    Machine(String),
    Interface { machine: String, interface: String },
    Lan(String),
    Cable(String),
}

/// A word that names no place of this lab.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no place {given:?} in lab {lab}{}", hint(.known))]
pub struct PlaceError {
    pub lab: String,
    pub given: String,
    /// What could have been meant, in the order of the topology.
    pub known: Vec<String>,
}

fn hint(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!(": it has {}", known.join(", ")) }
}

impl Place {
    /// Reads a place word against a plan.
    pub fn parse(word: &str, plan: &Plan) -> Result<Place, PlaceError> {
        let unknown = |known: Vec<String>| PlaceError {
            lab: plan.name.clone(),
            given: word.to_owned(),
            known,
        };
        if let Some((machine, interface)) = word.split_once(':') {
            let Some(found) = plan.machine(machine) else {
                return Err(unknown(plan.machines.iter().map(|m| m.name.clone()).collect()));
            };
            if found.interface(interface).is_none() {
                let known = found.interfaces.iter();
                return Err(unknown(known.map(|i| format!("{machine}:{}", i.name)).collect()));
            }
            return Ok(Place::Interface {
                machine: machine.to_owned(),
                interface: interface.to_owned(),
            });
        }
        if plan.machine(word).is_some() {
            return Ok(Place::Machine(word.to_owned()));
        }
        match plan.link(word).map(|link| link.kind) {
            Some(LinkKind::Lan) => Ok(Place::Lan(word.to_owned())),
            Some(LinkKind::Cable) => Ok(Place::Cable(word.to_owned())),
            None => {
                let machines = plan.machines.iter().map(|m| m.name.clone());
                let links = plan.links.iter().map(|l| l.name.clone());
                Err(unknown(machines.chain(links).collect()))
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Machine(name) | Place::Lan(name) | Place::Cable(name) => {
                formatter.write_str(name)
            }
            Place::Interface { machine, interface } => write!(formatter, "{machine}:{interface}"),
        }
    }
}
