//! From a topology file to a [`Plan`].
//!
//! A topology is a TOML file in the words of a network drawing: LANs, cables,
//! the machines that are plugged into them, and the zones of the name system.
//! [`parse`] reads one; whatever is wrong with it is reported with its line and
//! column, before anything is built.
//! Every machine also serves echo, discard and daytime. One of the two files
//! inside the binary uses every word that there is:
//!
//! ```toml
#![doc = include_str!("../../topologies/office.toml")]
//! ```

mod error;
mod file;
mod names;
mod plan;
mod resolve;

pub use error::TopologyError;
pub use plan::{
    Interface, Link, Machine, Plan, Route, Service, Zone, ZoneData, ZoneRecord, ZoneServer,
    is_link_local,
};

pub(crate) use names::names_of;

/// The topologies inside the binary: their names and their files.
pub const BUILTIN: [(&str, &str); 2] = [
    ("internet", include_str!("../../topologies/internet.toml")),
    ("office", include_str!("../../topologies/office.toml")),
];

/// The topology that is built when none is named.
pub const DEFAULT: &str = "internet";

/// Reads a topology file. `origin` is its name in error messages.
pub fn parse(origin: &str, text: &str) -> Result<Plan, TopologyError> {
    let file = file::read(origin, text)?;
    resolve::plan(&file, &error::Source { origin, text })
}

/// The plan of a topology inside the binary, if there is one of that name.
pub fn builtin(name: &str) -> Option<Result<Plan, TopologyError>> {
    BUILTIN
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(known, text)| parse(&format!("{known}.toml"), text))
}
