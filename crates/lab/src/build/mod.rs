//! From a [`Plan`] to namespaces, cables, addresses and routes.
//!
//! One thread walks through the machines. A netlink socket stays in the
//! namespace in which it was opened, so that after the first walk everything is
//! configured from where the thread happens to be.

mod machine;
mod nat;

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};

use plumb_evidence::map::LinkKind;
use plumb_sys::ethtool::Ethtool;
use plumb_sys::namespace::{self, Kind, NamespaceError, Stage};
use plumb_sys::netlink::{Netlink, NetlinkError, VethEnd};

use crate::error::{Denied, LabError};
use crate::topology::{Interface, Plan};

/// The network of a lab: what was built, without services.
#[derive(Debug)]
pub(crate) struct Network {
    /// The network namespace of each machine.
    pub(crate) machines: BTreeMap<String, OwnedFd>,
    /// The namespace with the switches of all LANs, if there are LANs.
    pub(crate) fabric: Option<OwnedFd>,
    /// The namespace that owns the others, where the lab is not root's.
    pub(crate) user_namespace: Option<OwnedFd>,
}

/// A namespace under construction.
struct Site {
    namespace: OwnedFd,
    netlink: Netlink,
    ethtool: Ethtool,
}

/// Builds the network of `plan`, inside the user namespace that
/// [`enter_user_namespace`] entered.
pub(crate) fn build(plan: &Plan, user_namespace: Option<OwnedFd>) -> Result<Network, LabError> {
    // A thread of its own: from the machines there is no way back to a network
    // namespace that another user owns.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("build".to_owned())
            .spawn_scoped(scope, || build_machines(plan, user_namespace))
            .map_err(LabError::io("start", "a thread"))?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn build_machines(plan: &Plan, user_namespace: Option<OwnedFd>) -> Result<Network, LabError> {
    let mut sites = BTreeMap::new();
    for machine in &plan.machines {
        let site = open_site()?;
        machine::set_sysctls(machine)?;
        nat::install(machine)?;
        sites.insert(machine.name.clone(), site);
    }
    let fabric = lay_lans(plan, &sites)?;
    lay_cables(plan, &mut sites)?;
    for machine in &plan.machines {
        let Some(site) = sites.get_mut(&machine.name) else { continue };
        disable_offloads(&site.ethtool, machine.interfaces.iter().map(|own| own.name.as_str()))?;
        machine::configure(machine, &mut site.netlink).map_err(denied("addresses and routes"))?;
    }
    Ok(Network {
        machines: sites.into_iter().map(|(name, site)| (name, site.namespace)).collect(),
        fabric,
        user_namespace,
    })
}

/// Enters the user namespace that is to own the lab. The process must have one
/// thread only (unshare(2)). Root needs none, unless it lacks the capability, as
/// in many containers.
pub(crate) fn enter_user_namespace() -> Result<Option<OwnedFd>, LabError> {
    if !namespace::needs_user_namespace() {
        return Ok(None);
    }
    namespace::enter_user_namespace()?;
    Ok(Some(namespace::current(Kind::User)?))
}

/// Moves the thread into a network namespace of its own, and opens there what
/// configures it from anywhere.
fn open_site() -> Result<Site, LabError> {
    namespace::unshare(Kind::Network)?;
    let namespace = namespace::current(Kind::Network)?;
    let netlink = Netlink::open().map_err(denied("netlink"))?;
    let ethtool = Ethtool::open().map_err(LabError::io("open", "an ethtool socket"))?;
    Ok(Site { namespace, netlink, ethtool })
}

/// Checksums and segment sizes on the wire are what a capture should show, so
/// nothing may be left to hardware that does not exist.
fn disable_offloads<'a>(
    ethtool: &Ethtool,
    interfaces: impl Iterator<Item = &'a str>,
) -> Result<(), LabError> {
    for name in interfaces {
        ethtool.offloads_off(name).map_err(LabError::io("turn off offloads of", name))?;
    }
    Ok(())
}

/// One namespace holds all switches: a bridge per LAN, and a port on it for
/// each machine that is plugged in.
fn lay_lans(plan: &Plan, sites: &BTreeMap<String, Site>) -> Result<Option<OwnedFd>, LabError> {
    if plan.links.iter().all(|link| link.kind != LinkKind::Lan) {
        return Ok(None);
    }
    let mut fabric = open_site()?;
    machine::silence_ipv6()?;
    let stage = "switches and cables";
    let mut ports = Vec::new();
    for link in plan.links.iter().filter(|link| link.kind == LinkKind::Lan) {
        fabric.netlink.add_bridge(&link.name).map_err(denied(stage))?;
        fabric.netlink.set_up(&link.name).map_err(denied(stage))?;
        for (machine, name) in &link.ends {
            let Some((site, interface)) = end(plan, sites, machine, name) else { continue };
            let Some(port) = &interface.port else { continue };
            let near = VethEnd { name: port.clone(), mac: None, mtu_bytes: link.mtu_bytes };
            let far = far_end(interface, link.mtu_bytes);
            fabric
                .netlink
                .add_veth_pair(&near, &far, Some(site.namespace.as_fd()))
                .map_err(denied(stage))?;
            fabric.netlink.set_master(port, Some(&link.name)).map_err(denied(stage))?;
            fabric.netlink.set_up(port).map_err(denied(stage))?;
            ports.push(port.as_str());
        }
    }
    disable_offloads(&fabric.ethtool, ports.into_iter())?;
    Ok(Some(fabric.namespace))
}

fn lay_cables(plan: &Plan, sites: &mut BTreeMap<String, Site>) -> Result<(), LabError> {
    for link in plan.links.iter().filter(|link| link.kind == LinkKind::Cable) {
        let [(one, one_name), (other, other_name)] = link.ends.as_slice() else { continue };
        let Some((far_site, far)) = end(plan, sites, other, other_name) else { continue };
        let far_namespace = far_site
            .namespace
            .try_clone()
            .map_err(LabError::io("duplicate the namespace of", other))?;
        let far = far_end(far, link.mtu_bytes);
        let Some((_, near)) = end(plan, sites, one, one_name) else { continue };
        let near = far_end(near, link.mtu_bytes);
        let Some(site) = sites.get_mut(one) else { continue };
        site.netlink
            .add_veth_pair(&near, &far, Some(far_namespace.as_fd()))
            .map_err(denied("switches and cables"))?;
    }
    Ok(())
}

fn end<'a>(
    plan: &'a Plan,
    sites: &'a BTreeMap<String, Site>,
    machine: &str,
    interface: &str,
) -> Option<(&'a Site, &'a Interface)> {
    Some((sites.get(machine)?, plan.machine(machine)?.interface(interface)?))
}

fn far_end(interface: &Interface, mtu_bytes: Option<u32>) -> VethEnd {
    VethEnd { name: interface.name.clone(), mac: Some(interface.mac), mtu_bytes }
}

/// The kernel said no to something that a lab cannot do without.
pub(crate) fn denied(stage: &'static str) -> impl Fn(NetlinkError) -> LabError {
    move |error| {
        LabError::Denied(Denied {
            stage: stage.to_owned(),
            errno: error.errno(),
            message: error.to_string(),
        })
    }
}

impl From<NamespaceError> for LabError {
    fn from(error: NamespaceError) -> Self {
        LabError::Denied(Denied {
            stage: stage_name(error.stage).to_owned(),
            errno: error.errno(),
            message: error.to_string(),
        })
    }
}

/// The words under which `lab doctor` tests the same permission.
fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::UserNamespace => "user namespace",
        Stage::IdMap => "id map",
        Stage::Capabilities => "capabilities",
        Stage::MountNamespace => "mount namespace",
        Stage::Mount => "mount",
        Stage::UtsNamespace => "uts namespace",
        Stage::PidNamespace => "pid namespace",
        Stage::NetworkNamespace => "network namespace",
        Stage::OtherNamespace => "namespace",
        Stage::Enter => "enter a namespace",
        Stage::Sysctl => "sysctl",
    }
}
