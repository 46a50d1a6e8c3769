//! Places, as every command names them: a machine (`h1`), an interface
//! (`h1:eth1`), a LAN (`homeA`) or a cable (`isp-modemA`).

use std::fmt;

use plumb_evidence::map::LinkKind;
use thiserror::Error;

use super::parse::near;
use crate::topology::{Machine, Plan, Service};

/// A place of a lab: what it names is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    Machine(String),
    Interface { machine: String, interface: String },
    Lan(String),
    Cable(String),
}

/// A word that names no place of this lab.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("place {text:?}, character {}: {why}{}", .at + 1, super::parse::hint(.near.as_deref()))]
pub struct PlaceError {
    pub text: String,
    /// Characters before what is wrong.
    pub at: usize,
    pub why: String,
    pub near: Option<String>,
}

impl Place {
    /// Reads a place word against a plan.
    pub fn parse(text: &str, plan: &Plan) -> Result<Place, PlaceError> {
        if let Some((machine, interface)) = text.split_once(':') {
            return Place::interface(machine, interface, plan);
        }
        if plan.machine(text).is_some() {
            return Ok(Place::Machine(text.to_owned()));
        }
        match plan.link(text).map(|link| link.kind) {
            Some(LinkKind::Lan) => Ok(Place::Lan(text.to_owned())),
            Some(LinkKind::Cable) => Ok(Place::Cable(text.to_owned())),
            None => {
                let machines = plan.machines.iter().map(|machine| machine.name.as_str());
                let links = plan.links.iter().map(|link| link.name.as_str());
                Err(PlaceError {
                    text: text.to_owned(),
                    at: 0,
                    why: "no machine, LAN or cable of this lab has this name".to_owned(),
                    near: near(text, machines.chain(links)),
                })
            }
        }
    }

    fn interface(machine: &str, interface: &str, plan: &Plan) -> Result<Place, PlaceError> {
        let text = format!("{machine}:{interface}");
        let Some(found) = plan.machine(machine) else {
            let known = plan.machines.iter().map(|machine| machine.name.as_str());
            let why = format!("no machine of this lab is named {machine:?}");
            return Err(PlaceError { text, at: 0, why, near: near(machine, known) });
        };
        if found.interface(interface).is_none() {
            let known: Vec<&str> = found.interfaces.iter().map(|i| i.name.as_str()).collect();
            let why = format!("{machine} has {} and no {interface:?}", known.join(", "));
            let at = machine.chars().count() + 1;
            return Err(PlaceError { text, at, why, near: near(interface, known) });
        }
        Ok(Place::Interface { machine: machine.to_owned(), interface: interface.to_owned() })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Machine(name) | Place::Lan(name) | Place::Cable(name) => f.write_str(name),
            Place::Interface { machine, interface } => write!(f, "{machine}:{interface}"),
        }
    }
}

/// Which places a fault accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    pub machine: bool,
    pub interface: bool,
    pub link: bool,
    /// The machine must offer one of these.
    pub service: &'static [Service],
    /// The machine must forward.
    pub router: bool,
}

impl Places {
    /// The fault has no place.
    pub const NONE: Places =
        Places { machine: false, interface: false, link: false, service: &[], router: false };
    /// Any machine as a whole.
    pub const MACHINE: Places = Places { machine: true, ..Places::NONE };
    /// A machine that forwards.
    pub const ROUTER: Places = Places { router: true, ..Places::MACHINE };
    /// Anywhere that a packet passes.
    pub const ANYWHERE: Places = Places { interface: true, link: true, ..Places::MACHINE };
    /// A machine with a web site.
    pub const WEB: Places = Places { service: &[Service::Http, Service::Https], ..Places::MACHINE };
    /// A machine with a recursive resolver.
    pub const RESOLVER: Places = Places { service: &[Service::Recursor], ..Places::MACHINE };

    /// The kinds of place as words.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.machine {
            words.push(match (self.router, self.service.first()) {
                (true, _) => "router".to_owned(),
                (false, Some(service)) => format!("machine that serves {}", service.word()),
                (false, None) => "machine".to_owned(),
            });
        }
        if self.interface {
            words.push("interface".to_owned());
        }
        if self.link {
            words.extend(["LAN".to_owned(), "cable".to_owned()]);
        }
        words
    }

    /// Why this place will not do, if it will not.
    pub fn refuses(&self, place: &Place, plan: &Plan) -> Option<String> {
        if *self == Places::NONE {
            return Some("this fault has no place".to_owned());
        }
        let (fits, kind) = match place {
            Place::Machine(_) => (self.machine, "machine"),
            Place::Interface { .. } => (self.interface, "interface"),
            Place::Lan(_) => (self.link, "LAN"),
            Place::Cable(_) => (self.link, "cable"),
        };
        let wanted = self.words().join(", a ");
        if !fits {
            return Some(format!("{place} is a {kind}; this fault takes a {wanted}"));
        }
        let Place::Machine(name) = place else { return None };
        if plan.machine(name).is_none_or(|machine| self.suits(machine)) {
            return None;
        }
        let others: Vec<&str> =
            plan.machines.iter().filter(|m| self.suits(m)).map(|m| m.name.as_str()).collect();
        Some(format!("{name} is not a {wanted}; this lab has {}", others.join(", ")))
    }

    fn suits(&self, machine: &Machine) -> bool {
        let serves = self.service.is_empty() || self.service.iter().any(|s| machine.serves(*s));
        serves && (machine.forwards || !self.router)
    }
}
