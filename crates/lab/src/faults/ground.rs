//! What the engine needs of the lab that it breaks: the full lab gives all of
//! it, the lab on loopback addresses only the services.

use std::net::IpAddr;

use ipnet::IpNet;
use plumb_sys::netlink::RouteSpec;

use super::FaultError;
use super::filter::FilterRule;
use crate::services::LabServices;
use crate::topology::Plan;

/// A lab that faults can be made in.
pub(crate) trait Ground {
    fn plan(&self) -> &Plan;
    /// `None` where there are no namespaces: the lab on loopback addresses.
    fn kernel(&self) -> Option<&dyn Kernel>;
    fn services(&self) -> &LabServices;
}

/// The kernel side of a lab: its network namespaces. Every function names the
/// machine whose namespace it acts in, and fails with what it tried.
pub(crate) trait Kernel {
    /// The interfaces of a machine, and whether each is administratively up.
    fn interfaces(&self, machine: &str) -> Result<Vec<(String, bool)>, FaultError>;
    /// Switches an interface on or off.
    fn set_interface(&self, machine: &str, interface: &str, up: bool) -> Result<(), FaultError>;
    /// The MTU of an interface, bytes.
    fn mtu(&self, machine: &str, interface: &str) -> Result<u32, FaultError>;
    fn set_mtu(&self, machine: &str, interface: &str, bytes: u32) -> Result<(), FaultError>;
    /// Switches a port of a LAN's switch on or off.
    fn set_port(&self, port: &str, up: bool) -> Result<(), FaultError>;
    /// The addresses of a machine's interfaces.
    fn addresses(&self, machine: &str) -> Result<Vec<(String, IpNet)>, FaultError>;
    fn add_address(&self, machine: &str, interface: &str, address: IpNet)
    -> Result<(), FaultError>;
    /// The routes of the main table, both families.
    fn routes(&self, machine: &str) -> Result<Vec<RouteSpec>, FaultError>;
    fn add_route(&self, machine: &str, route: &RouteSpec) -> Result<(), FaultError>;
    fn remove_route(&self, machine: &str, route: &RouteSpec) -> Result<(), FaultError>;
    /// Takes these addresses out of a machine's neighbour table.
    fn forget_neighbours(&self, machine: &str, addresses: &[IpAddr]) -> Result<(), FaultError>;
    /// A setting below /proc/sys.
    fn setting(&self, machine: &str, path: &str) -> Result<String, FaultError>;
    fn set_setting(&self, machine: &str, path: &str, value: &str) -> Result<(), FaultError>;
    /// Adds a table of rules; it must not exist yet.
    fn add_filter(
        &self,
        machine: &str,
        table: &str,
        rules: &[FilterRule],
    ) -> Result<(), FaultError>;
    fn remove_filter(&self, machine: &str, table: &str) -> Result<(), FaultError>;
    /// How many packets the rules of a table met.
    fn filter_hits(&self, machine: &str, table: &str) -> Result<u64, FaultError>;
}
