//! What is tried, in the order in which a lab needs it.

use std::os::fd::OwnedFd;

use plumb_sys::namespace::{self, Kind, NamespaceError, Stage, mount};
use plumb_sys::netlink::{Netlink, NetlinkError};
use plumb_sys::nft::NftError;
use plumb_sys::packet::{PacketOptions, PacketSocket};
use plumb_sys::sysctl;
use plumb_wire::transport::port;

use super::StepResult;

/// One thing that a lab needs.
pub(super) struct Try {
    pub(super) name: &'static str,
    pub(super) purpose: &'static str,
    pub(super) try_it: fn(&mut World) -> StepResult,
}

/// What the steps before have made.
#[derive(Debug, Default)]
pub(super) struct World {
    /// Why the ids could not be mapped: one call makes and maps.
    id_map: Option<StepResult>,
    /// A second machine for the far end of a cable.
    neighbour: Option<OwnedFd>,
}

pub(super) const ALL: &[Try] = &[
    Try {
        name: "user namespace",
        purpose: "to be allowed the rest without being root",
        try_it: user_namespace,
    },
    Try { name: "id map", purpose: "to keep the caller's user id inside", try_it: id_map },
    Try {
        name: "network namespace",
        purpose: "every machine of the lab is one",
        try_it: network_namespace,
    },
    Try { name: "veth", purpose: "the cables", try_it: veth },
    Try { name: "bridge", purpose: "the switches of the LANs", try_it: bridge },
    Try {
        name: "packet filter",
        purpose: "NAT, firewalls and many faults (nf_tables)",
        try_it: packet_filter,
    },
    Try {
        name: "sysctl",
        purpose: "routers that forward (net.ipv4.ip_forward)",
        try_it: forwarding,
    },
    Try {
        name: "mount",
        purpose: "resolver, hosts file and trust store of each machine (tmpfs, overlay, sysfs)",
        try_it: mounts,
    },
    Try { name: "packet socket", purpose: "to capture", try_it: packet_socket },
];

fn user_namespace(world: &mut World) -> StepResult {
    if !namespace::needs_user_namespace() {
        world.id_map = Some(StepResult::NotNeeded);
        return StepResult::NotNeeded;
    }
    match namespace::enter_user_namespace() {
        Err(error) if error.stage == Stage::IdMap => {
            world.id_map = Some(failed(&error));
            StepResult::Ok
        }
        result => told(result),
    }
}

fn id_map(world: &mut World) -> StepResult {
    world.id_map.take().unwrap_or(StepResult::Ok)
}

fn network_namespace(world: &mut World) -> StepResult {
    match namespace::new_network_namespace() {
        Ok(neighbour) => world.neighbour = Some(neighbour),
        Err(error) => return failed(&error),
    }
    told(namespace::unshare(Kind::Network))
}

fn veth(world: &mut World) -> StepResult {
    use std::os::fd::AsFd;
    let far = world.neighbour.as_ref().map(AsFd::as_fd);
    told(Netlink::open().and_then(|mut netlink| netlink.add_veth("plumb0", "plumb1", far)))
}

fn bridge(_: &mut World) -> StepResult {
    told(Netlink::open().and_then(|mut netlink| {
        netlink.add_bridge("plumb-lan")?;
        netlink.set_master("plumb0", Some("plumb-lan"))
    }))
}

fn packet_filter(_: &mut World) -> StepResult {
    use crate::faults::filter::{FilterVerdict, Rules, install, remove};
    const TABLE: &str = "plumb-doctor";
    let rules = Rules::all().to_tcp_port(port::HTTPS).then(FilterVerdict::TcpReset, None);
    told(install(TABLE, &rules).and_then(|()| remove(TABLE)))
}

fn forwarding(_: &mut World) -> StepResult {
    let written = sysctl::write("net/ipv4/ip_forward", "1");
    told(written.and_then(|()| sysctl::write("net/ipv6/conf/all/forwarding", "1")))
}

fn mounts(_: &mut World) -> StepResult {
    // /run is there on every system and nothing below it is needed here.
    const AT: &str = "/run";
    let try_all = || -> Result<(), NamespaceError> {
        namespace::unshare_mounts()?;
        mount::tmpfs(AT, 1 << 20, 0o755)?;
        for directory in ["upper", "work", "merged"] {
            std::fs::create_dir(format!("{AT}/{directory}")).map_err(|source| NamespaceError {
                stage: Stage::Mount,
                operation: "make a directory in",
                target: AT.to_owned(),
                source,
            })?;
        }
        mount::overlay("/etc", "/run/upper", "/run/work", "/run/merged")?;
        mount::sysfs("/sys")
    };
    told(try_all())
}

fn packet_socket(_: &mut World) -> StepResult {
    match PacketSocket::open(PacketOptions::default()) {
        Ok(_) => StepResult::Ok,
        Err(error) => StepResult::Failed { errno: number_of(&error), message: error.to_string() },
    }
}

/// The number may stand in the error, or in the one that it wraps.
fn number_of(error: &std::io::Error) -> Option<i32> {
    let inner = || error.get_ref()?.source()?.downcast_ref::<std::io::Error>()?.raw_os_error();
    error.raw_os_error().or_else(inner)
}

/// An error that may carry the kernel's number.
trait Numbered: std::fmt::Display {
    fn number(&self) -> Option<i32>;
}

impl Numbered for NamespaceError {
    fn number(&self) -> Option<i32> {
        self.errno()
    }
}

impl Numbered for NftError {
    fn number(&self) -> Option<i32> {
        self.errno()
    }
}

impl Numbered for NetlinkError {
    fn number(&self) -> Option<i32> {
        self.errno()
    }
}

fn told<E: Numbered>(result: Result<(), E>) -> StepResult {
    match result {
        Ok(()) => StepResult::Ok,
        Err(error) => failed(&error),
    }
}

fn failed(error: &impl Numbered) -> StepResult {
    StepResult::Failed { errno: error.number(), message: error.to_string() }
}
