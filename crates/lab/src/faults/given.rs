//! What a fault's file is given: the lab's plan, the place, the parameters.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use ipnet::IpNet;
use plumb_evidence::map::LinkKind;

use super::change::Change;
use super::filter::{FilterVerdict, Rules};
use super::param::Value;
use super::{Fault, FaultError, Place};
use crate::topology::{Machine, Plan};

/// The number in the last place of an address that no machine should have:
/// high enough to be free where hosts are counted from 1.
const UNUSED_HOST: u8 = 99;

/// What a fault's file is given.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    pub(super) fault: &'a Fault,
    pub plan: &'a Plan,
}

impl<'a> Given<'a> {
    fn value(&self, key: &str) -> Result<&'a Value, FaultError> {
        let found = self.fault.values.iter().find(|(known, _)| *known == key);
        found.map(|(_, value)| value).ok_or_else(|| self.refuse(format!("{key} is not set")))
    }

    /// A whole number; its range is the spec's.
    pub fn integer(&self, key: &str) -> Result<u16, FaultError> {
        match self.value(key)? {
            Value::Integer(n) => {
                u16::try_from(*n).map_err(|_| self.refuse(format!("{key} is too large")))
            }
            _ => Err(self.refuse(format!("{key} is not a number"))),
        }
    }

    pub fn duration(&self, key: &str) -> Result<Duration, FaultError> {
        match self.value(key)? {
            Value::Duration(duration) => Ok(*duration),
            _ => Err(self.refuse(format!("{key} is not a time"))),
        }
    }

    pub fn word(&self, key: &str) -> Result<&'a str, FaultError> {
        match self.value(key)? {
            Value::Word(word) => Ok(word),
            _ => Err(self.refuse(format!("{key} is not a word"))),
        }
    }

    /// This lab cannot make the fault, and why.
    pub fn refuse(&self, why: impl Into<String>) -> FaultError {
        FaultError::Refused { fault: self.fault.text.clone(), why: why.into() }
    }

    /// The place. Faults with a default place always have one.
    pub fn place(&self) -> Result<&'a Place, FaultError> {
        self.fault.place.as_ref().ok_or_else(|| self.refuse("say where: NAME@PLACE"))
    }

    /// The machine at the place: the router, where a link is named.
    pub fn machine(&self) -> Result<&'a str, FaultError> {
        self.at_one_end().map(|(machine, _)| machine)
    }

    /// The machine at the place, and its interface where the place is
    /// narrower than the whole machine.
    pub fn at_one_end(&self) -> Result<(&'a str, Option<&'a str>), FaultError> {
        match self.place()? {
            Place::Machine(name) => Ok((name, None)),
            Place::Interface { machine, interface } => Ok((machine, Some(interface))),
            Place::Lan(link) | Place::Cable(link) => {
                let forwards = |name: &str| self.plan.machine(name).is_some_and(|m| m.forwards);
                let router = self.ends(link).into_iter().find(|(machine, _)| forwards(machine));
                router
                    .map(|(machine, interface)| (machine, Some(interface)))
                    .ok_or_else(|| self.refuse(format!("no router stands at {link}")))
            }
        }
    }

    /// The ends of a link as (machine, interface).
    fn ends(&self, link: &str) -> Vec<(&'a str, &'a str)> {
        let ends = self.plan.link(link).map(|link| link.ends.as_slice()).unwrap_or_default();
        ends.iter().map(|(machine, interface)| (machine.as_str(), interface.as_str())).collect()
    }

    /// The place as interfaces: all of the machine's, the one, or all on the
    /// link.
    pub fn interfaces(&self) -> Result<Vec<(&'a str, &'a str)>, FaultError> {
        match self.place()? {
            Place::Machine(name) => self.interfaces_of(name),
            Place::Interface { machine, interface } => Ok(vec![(machine, interface)]),
            Place::Lan(link) | Place::Cable(link) => Ok(self.ends(link)),
        }
    }

    /// The interfaces of a machine.
    pub fn interfaces_of(&self, name: &str) -> Result<Vec<(&'a str, &'a str)>, FaultError> {
        let machine = self.named(name)?;
        let names = machine.interfaces.iter().map(|interface| interface.name.as_str());
        Ok(names.map(|interface| (machine.name.as_str(), interface)).collect())
    }

    fn named(&self, name: &str) -> Result<&'a Machine, FaultError> {
        self.plan.machine(name).ok_or_else(|| self.refuse(format!("no machine {name}")))
    }

    /// The addresses of the machine that the parameter `key` names, both
    /// families.
    pub fn addresses_of(&self, key: &str) -> Result<Vec<IpAddr>, FaultError> {
        let name = self.word(key)?;
        let found: Vec<IpAddr> = self.named(name)?.addresses().collect();
        if found.is_empty() {
            Err(self.refuse(format!("{name} has no address")))
        } else {
            Ok(found)
        }
    }

    /// The addresses of the routers on the links of a machine.
    pub fn routers_beside(&self, name: &str) -> Result<Vec<IpAddr>, FaultError> {
        let links = self.named(name)?.interfaces.iter().map(|interface| interface.link.as_str());
        let beside: Vec<&str> =
            links.flat_map(|link| self.ends(link)).map(|(machine, _)| machine).collect();
        let routers = beside.into_iter().filter(|machine| *machine != name);
        let routers = routers.filter_map(|machine| self.plan.machine(machine));
        Ok(routers.filter(|m| m.forwards).flat_map(Machine::addresses).collect())
    }

    /// An address on the networks of this machine that belongs to nobody, one
    /// for each family.
    pub fn unused_beside(&self, name: &str) -> Result<Vec<IpAddr>, FaultError> {
        let networks = self.named(name)?.interfaces.iter().flat_map(|i| &i.addresses);
        let mut found: Vec<IpAddr> = Vec::new();
        for network in networks {
            let Some(address) = unused_in(network) else { continue };
            let known = found.iter().any(|other| other.is_ipv4() == address.is_ipv4());
            if !known && self.plan.owner_of(address).is_none() {
                found.push(address);
            }
        }
        if found.is_empty() {
            return Err(self.refuse(format!("no address beside {name} is free")));
        }
        Ok(found)
    }

    /// The machines that are the name servers of a zone.
    pub fn servers_of(&self, zone: &str) -> Result<Vec<&'a str>, FaultError> {
        let zone = self.plan.zone(zone).ok_or_else(|| {
            let zones: Vec<&str> = self.plan.zones.iter().map(|z| z.origin.as_str()).collect();
            self.refuse(format!("this lab has no zone {zone}, only {}", zones.join(", ")))
        })?;
        let addresses = zone.servers.iter().flat_map(|server| &server.addresses);
        let mut machines: Vec<&str> =
            addresses.filter_map(|a| self.plan.owner_of(*a)).map(|m| m.name.as_str()).collect();
        machines.sort_unstable();
        machines.dedup();
        Ok(machines)
    }

    /// The name that the parameter `key` gives; some zone of the lab has it.
    pub fn known_name(&self, key: &str) -> Result<&'a str, FaultError> {
        let name = self.word(key)?;
        let records = self.plan.zones.iter().flat_map(|zone| &zone.records);
        let known: Vec<&str> = records.map(|record| record.name.as_str()).collect();
        if known.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            return Ok(name);
        }
        let near = super::near(name, known).map(|near| format!("; did you mean {near}?"));
        let near = near.unwrap_or_default();
        Err(self.refuse(format!("no zone of this lab has the name {name}{near}")))
    }

    /// The name that the parameter `key` gives, which may become an alias.
    pub fn alias_name(&self, key: &str) -> Result<&'a str, FaultError> {
        let name = self.known_name(key)?;
        if self.plan.zone(name).is_some() {
            // RFC 1034 section 3.6.2: its SOA and NS records stand there already.
            return Err(self.refuse(format!("{name} is a zone of its own and cannot be an alias")));
        }
        Ok(name)
    }

    /// A firewall at the place.
    pub fn filter(&self, rules: Rules, verdict: FilterVerdict) -> Result<Change, FaultError> {
        let (machine, interface) = self.at_one_end()?;
        Ok(Change::Filter { machine: machine.to_owned(), rules: rules.then(verdict, interface) })
    }

    /// A filter on what the machine at the place itself sends.
    pub fn filter_own(&self, rules: Rules) -> Result<Change, FaultError> {
        let (machine, interface) = self.at_one_end()?;
        let mut rules = rules.then(FilterVerdict::Drop, interface);
        for rule in &mut rules {
            rule.own_only = true;
        }
        Ok(Change::Filter { machine: machine.to_owned(), rules })
    }

    /// What unplugs the far end of an interface's cable.
    pub fn unplug(&self, machine: &str, interface: &str) -> Result<Change, FaultError> {
        let near = self.named(machine)?.interface(interface);
        let near = near.ok_or_else(|| self.refuse(format!("{machine} has no {interface}")))?;
        let link = self.plan.link(&near.link);
        if link.is_some_and(|link| link.kind == LinkKind::Lan) {
            let port = near.port.clone();
            let port = port.ok_or_else(|| self.refuse(format!("{} has no switch", near.link)))?;
            return Ok(Change::PortDown { port });
        }
        let mut ends = self.ends(&near.link).into_iter();
        let far = ends.find(|end| *end != (machine, interface));
        let (far_machine, far_interface) =
            far.ok_or_else(|| self.refuse(format!("{} has one end only", near.link)))?;
        Ok(Change::interface_down(far_machine, far_interface))
    }
}

fn unused_in(network: &IpNet) -> Option<IpAddr> {
    let address = match network.network() {
        IpAddr::V4(base) => {
            IpAddr::V4(Ipv4Addr::from(u32::from(base).checked_add(UNUSED_HOST.into())?))
        }
        IpAddr::V6(base) if !base.is_unicast_link_local() => {
            // Written as hosts are counted: ::99 and not ::63.
            let host = u128::from(UNUSED_HOST / 10) << 4 | u128::from(UNUSED_HOST % 10);
            IpAddr::V6(Ipv6Addr::from(u128::from(base).checked_add(host)?))
        }
        IpAddr::V6(_) => return None,
    };
    (network.contains(&address) && network.addr() != address).then_some(address)
}
