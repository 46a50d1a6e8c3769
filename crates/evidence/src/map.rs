//! The model of a lab's map: what `lab map` draws and a checker may show.

use serde::{Deserialize, Serialize};

/// Machines, the links between them, and what is broken right now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabMap {
    pub name: String,
    pub machines: Vec<MapMachine>,
    pub links: Vec<MapLink>,
    /// The active faults as they were given: `net.mtu-blackhole@example,mtu=700`.
    pub faults: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapMachine {
    pub name: String,
    pub interfaces: Vec<MapInterface>,
    /// `dns`, `http`, `echo`, ...
    pub services: Vec<String>,
    /// Forwards packets between its interfaces.
    pub forwards: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapInterface {
    pub name: String,
    /// The LAN or cable it is plugged into.
    pub link: String,
    /// `address/prefix`, both families.
    pub addresses: Vec<String>,
    pub mac: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapLink {
    pub name: String,
    pub kind: LinkKind,
    /// `machine:interface` of each end.
    pub ends: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkKind {
    Lan,
    Cable,
}
