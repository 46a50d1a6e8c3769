//! Capturing at one place of a lab, at several, or everywhere, into one file.
//!
//! The lab opens the packet sockets (it has the right to), and passes them to
//! whoever asked; [`record`] merges what they see.
//!
//! No frame is seen twice at one place: of a LAN, what enters each port of its
//! switch; of a cable, one of its ends, both ways.

mod record;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use plumb_evidence::map::LinkKind;
use plumb_sys::namespace;
use plumb_sys::netlink::Netlink;
use plumb_sys::packet::{PacketOptions, PacketSocket};

use crate::error::LabError;
use crate::faults::Place;
use crate::supervisor::RunningLab;
use crate::topology::{Machine, Plan};

pub use record::{Limits, Recorded, RecordedPlace, record, record_blocking};

/// One interface to listen at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tap {
    /// The place, as the capture names it. A LAN has several taps of one name.
    name: String,
    /// `None`: the namespace of the switches.
    machine: Option<String>,
    interface: String,
    /// Show only what comes in.
    ignore_outgoing: bool,
}

/// Opens packet sockets at these places, or at every link where there is none.
/// Sockets of one name belong to one place.
pub(crate) fn open(
    lab: &RunningLab,
    places: &[String],
) -> Result<Vec<(String, OwnedFd)>, LabError> {
    let taps = taps(&lab.plan, places)?;
    taps.into_iter().map(|tap| Ok((tap.name.clone(), open_tap(lab, &tap)?))).collect()
}

fn open_tap(lab: &RunningLab, tap: &Tap) -> Result<OwnedFd, LabError> {
    let namespace: Option<BorrowedFd<'_>> = match &tap.machine {
        Some(machine) => lab.network.machines.get(machine).map(AsFd::as_fd),
        None => lab.network.fabric.as_ref().map(AsFd::as_fd),
    };
    let Some(namespace) = namespace else {
        return Err(LabError::Usage(format!("there is nothing to capture at {}", tap.name)));
    };
    let socket = namespace::in_network_namespace(namespace, || {
        let index = Netlink::open().and_then(|netlink| netlink.index_of(&tap.interface));
        PacketSocket::open(PacketOptions {
            interface_index: Some(index.map_err(|error| error.source)?),
            ignore_outgoing: tap.ignore_outgoing,
            promiscuous: false,
        })
    })?;
    Ok(socket.map_err(LabError::io("capture at", &tap.name))?.into())
}

fn taps(plan: &Plan, places: &[String]) -> Result<Vec<Tap>, LabError> {
    let mut found: Vec<Tap> = Vec::new();
    if places.is_empty() {
        for link in &plan.links {
            found.extend(of_link(plan, &link.name));
        }
    }
    for text in places {
        let place = Place::parse(text, plan).map_err(|wrong| LabError::Usage(wrong.to_string()))?;
        for tap in of_place(plan, &place) {
            if !found.contains(&tap) {
                found.push(tap);
            }
        }
    }
    Ok(found)
}

fn of_place(plan: &Plan, place: &Place) -> Vec<Tap> {
    match place {
        Place::Lan(link) | Place::Cable(link) => of_link(plan, link),
        Place::Interface { machine, interface } => vec![of_interface(machine, interface)],
        Place::Machine(name) => plan.machine(name).map(of_machine).unwrap_or_default(),
    }
}

fn of_machine(machine: &Machine) -> Vec<Tap> {
    let own = machine.interfaces.iter().map(|i| of_interface(&machine.name, &i.name));
    // What the loopback interface sends it receives again.
    let loopback = Tap { ignore_outgoing: true, ..of_interface(&machine.name, "lo") };
    own.chain([loopback]).collect()
}

fn of_interface(machine: &str, interface: &str) -> Tap {
    Tap {
        name: format!("{machine}:{interface}"),
        machine: Some(machine.to_owned()),
        interface: interface.to_owned(),
        ignore_outgoing: interface == "lo",
    }
}

fn of_link(plan: &Plan, name: &str) -> Vec<Tap> {
    let Some(link) = plan.link(name) else { return Vec::new() };
    if link.kind == LinkKind::Cable {
        let near = link.ends.first();
        let tap = near.map(|(machine, interface)| of_interface(machine, interface));
        return tap.map(|tap| Tap { name: name.to_owned(), ..tap }).into_iter().collect();
    }
    let ports = link.ends.iter().filter_map(|(machine, interface)| {
        plan.machine(machine)?.interface(interface)?.port.clone()
    });
    let tap =
        |port| Tap { name: name.to_owned(), machine: None, interface: port, ignore_outgoing: true };
    ports.map(tap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        crate::topology::builtin("internet").unwrap().unwrap()
    }

    fn named(places: &[&str]) -> Vec<Tap> {
        let places: Vec<String> = places.iter().map(|place| (*place).to_owned()).collect();
        taps(&plan(), &places).unwrap()
    }

    #[test]
    fn everywhere_is_every_link_once() {
        let taps = named(&[]);
        let mut names: Vec<&str> = taps.iter().map(|tap| tap.name.as_str()).collect();
        names.dedup();
        let links: Vec<String> = plan().links.into_iter().map(|link| link.name).collect();
        assert_eq!(names, links);
    }

    #[test]
    fn a_lan_is_heard_as_it_enters_each_port() {
        let taps = named(&["homeA"]);
        assert_eq!(taps.len(), 4);
        assert!(taps.iter().all(|tap| tap.machine.is_none() && tap.ignore_outgoing));
    }

    #[test]
    fn a_place_that_is_given_twice_is_heard_once() {
        assert_eq!(named(&["h1:eth1", "h1"]).len(), 2);
        assert_eq!(named(&["isp-modemA", "isp-modemA"]).len(), 1);
    }

    #[test]
    fn an_unknown_place_is_a_mistake_of_the_user() {
        let error = taps(&plan(), &["h9".to_owned()]).unwrap_err();
        assert!(error.is_usage());
        assert!(error.to_string().contains("did you mean"), "{error}");
    }
}
