//! The map of a lab: machines, links, addresses, and what is broken.

use std::fmt::Write;

use plumb_evidence::map::{LabMap, LinkKind, MapInterface, MapLink, MapMachine};

use crate::topology::{Interface, Machine, Plan};

/// What every machine serves beside its own services.
const EVERYWHERE: [&str; 3] = ["echo", "discard", "daytime"];

/// The map of a planned lab with these active faults, as they were given.
pub fn map(plan: &Plan, faults: Vec<String>) -> LabMap {
    let links = plan.links.iter().map(|link| MapLink {
        name: link.name.clone(),
        kind: link.kind,
        ends: link.ends.iter().map(|(machine, i)| format!("{machine}:{i}")).collect(),
    });
    LabMap {
        name: plan.name.clone(),
        machines: plan.machines.iter().map(machine_of).collect(),
        links: links.collect(),
        faults,
    }
}

fn machine_of(machine: &Machine) -> MapMachine {
    let own = machine.services.iter().map(|service| service.word());
    MapMachine {
        name: machine.name.clone(),
        interfaces: machine.interfaces.iter().map(interface_of).collect(),
        services: own.chain(EVERYWHERE).map(str::to_owned).collect(),
        forwards: machine.forwards,
    }
}

fn interface_of(interface: &Interface) -> MapInterface {
    let octets: Vec<String> = interface.mac.iter().map(|octet| format!("{octet:02x}")).collect();
    MapInterface {
        name: interface.name.clone(),
        link: interface.link.clone(),
        addresses: interface.addresses.iter().map(ToString::to_string).collect(),
        mac: Some(octets.join(":")),
    }
}

/// Draws a map as text: a block per link, a line per end, then what is broken.
pub fn draw(map: &LabMap) -> String {
    let mut text = format!("lab {}\n", map.name);
    for link in &map.links {
        let kind = match link.kind {
            LinkKind::Lan => "LAN",
            LinkKind::Cable => "cable",
        };
        // Writing to a String does not fail.
        let _ = writeln!(text, "\n{} ({kind})", link.name);
        for (index, end) in link.ends.iter().enumerate() {
            let branch = if index + 1 == link.ends.len() { "\u{2514}" } else { "\u{251c}" };
            draw_end(&mut text, map, end, branch);
        }
    }
    text.push_str("\nservices\n");
    for machine in &map.machines {
        let own: Vec<&str> =
            machine.services.iter().map(|s| &**s).filter(|s| !EVERYWHERE.contains(s)).collect();
        if !own.is_empty() {
            let _ = writeln!(text, "  {:<10} {}", machine.name, own.join(" "));
        }
    }
    if map.faults.is_empty() {
        text.push_str("\nnothing is broken\n");
    } else {
        text.push_str("\nbroken\n");
        for fault in &map.faults {
            let _ = writeln!(text, "  {fault}");
        }
    }
    text
}

fn draw_end(text: &mut String, map: &LabMap, end: &str, branch: &str) {
    let Some((name, port)) = end.split_once(':') else { return };
    let Some(machine) = map.machines.iter().find(|machine| machine.name == name) else { return };
    let router = if machine.forwards { " (router)" } else { "" };
    let interface = machine.interfaces.iter().find(|interface| interface.name == port);
    let addresses = interface.map(|interface| interface.addresses.join("  ")).unwrap_or_default();
    let _ = writeln!(text, "  {branch}\u{2500} {:<24} {addresses}", format!("{end}{router}"));
}
