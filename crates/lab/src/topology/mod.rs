//! From a topology file to a [`Plan`].
//!
//! A topology is a TOML file in the words of a network drawing: LANs, cables,
//! the machines that are plugged into them, and the zones of the name system.
//! [`parse`] reads one; whatever is wrong with it is reported with its line and
//! column, before anything is built.
//!
//! ```
//! let plan = plumb_lab::topology::parse("office.toml", r#"
//! [lan.office]                      # a switch; `mtu` is optional
//! [cable.uplink]                    # two machines, and no more
//!
//! [machine.pc]
//! lan.office = "10.0.0.2/24, 2001:db8:0:1::2/64"   # the interface is eth0
//! gateway = "10.0.0.1, 2001:db8:0:1::1"
//! name = "pc.example"               # its name, and its reverse name
//!
//! [machine.router]
//! router = true                     # forwards, both families
//! lan.office = { interface = "inside", address = "10.0.0.1/24, 2001:db8:0:1::1/64" }
//! cable.uplink = { interface = "outside", address = "192.0.2.1/30, fe80::1/64" }
//! masquerade = "outside"            # IPv4 sources hide behind its address
//! filter-inbound = "outside"        # IPv6: only answers come in
//! route = ["default via 192.0.2.2", "2001:db8:0:2::/64 via fe80::2 dev outside"]
//!
//! [machine.server]
//! cable.uplink = "192.0.2.2/30, 2001:db8:0:2::2/64, fe80::2/64"
//! route = ["2001:db8:0:1::/64 via fe80::1 dev eth0"]
//! services = ["http", "https", "resolver", "authority"]
//! name = "server.example"
//! hosts = { "ns.example" = "198.51.100.1" }        # more addresses, with names
//!
//! [resolver]                        # every machine's resolv.conf
//! server = "192.0.2.2"
//! search = "example"
//!
//! [zone."."]                        # NS, SOA, glue and delegations are made
//! servers = ["ns.example"]
//! [zone.example]
//! servers = ["ns.example"]
//! record = ["www CNAME server", "mail MX 10 server", "alias MACHINE server"]
//! "#)?;
//! assert_eq!(plan.machines.len(), 3);
//! # Ok::<(), plumb_lab::topology::TopologyError>(())
//! ```
//!
//! Every machine also serves echo, discard and daytime.

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
pub const BUILTIN: [(&str, &str); 1] =
    [("internet", include_str!("../../topologies/internet.toml"))];

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
