//! A lab is up when everything in it answers.
//!
//! Interfaces that were just set up pass packets a moment later, when the
//! kernel has seen both ends of each cable. So echo datagrams go from every
//! machine that has a resolver to its resolver, and from every resolver to every
//! name server, until each has come back.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use plumb_sys::clock::Clock;
use plumb_sys::{namespace, udp};
use plumb_wire::transport::port;

use crate::build::Network;
use crate::error::LabError;
use crate::topology::{Machine, Plan, Service};

/// A slow machine under load needs a second; beyond that nothing will come.
const DEADLINE: Duration = Duration::from_secs(10);

/// How long to wait for answers before asking again.
const ROUND: Duration = Duration::from_millis(2);

/// One question: from which machine to which address.
struct Probe {
    from: String,
    to: SocketAddr,
    socket: UdpSocket,
}

/// Returns when every probe has been answered.
pub(super) fn wait(plan: &Plan, network: &Network) -> Result<(), LabError> {
    let mut waiting = Vec::new();
    for machine in &plan.machines {
        waiting.extend(probes(plan, machine, network)?);
    }
    let clock = Clock::start();
    loop {
        waiting.retain(|probe| !is_answered(probe));
        let Some(first) = waiting.first() else { return Ok(()) };
        if clock.elapsed_ns() > DEADLINE.as_nanos() as u64 {
            let message = format!("{} cannot reach {}", first.from, first.to.ip());
            return Err(LabError::Supervisor(message));
        }
        for probe in &waiting {
            // "Network unreachable" and the like pass, as everything here.
            let _ = probe.socket.send_to(b"plumb", probe.to);
        }
        let _ = first.socket.set_read_timeout(Some(ROUND));
        let _ = first.socket.set_nonblocking(false);
        let _ = first.socket.peek(&mut [0; 1]);
        let _ = first.socket.set_nonblocking(true);
    }
}

fn probes(plan: &Plan, machine: &Machine, network: &Network) -> Result<Vec<Probe>, LabError> {
    let targets = targets(plan, machine);
    let Some(namespace) = network.machines.get(&machine.name).filter(|_| !targets.is_empty())
    else {
        return Ok(Vec::new());
    };
    let open = |to: IpAddr| -> io::Result<Probe> {
        let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let any = any.parse().map_err(io::Error::other)?;
        let socket = udp::bind(any)?;
        Ok(Probe { from: machine.name.clone(), to: SocketAddr::new(to, port::ECHO), socket })
    };
    namespace::in_network_namespace(namespace, || {
        targets.into_iter().map(open).collect::<io::Result<Vec<_>>>()
    })?
    .map_err(LabError::io("open a socket on", &machine.name))
}

/// Whom a machine must reach to be of use: its resolver; as a resolver, every
/// name server.
fn targets(plan: &Plan, machine: &Machine) -> Vec<IpAddr> {
    let families =
        |address: &IpAddr| machine.addresses().any(|own| own.is_ipv4() == address.is_ipv4());
    let mut targets: Vec<IpAddr> = Vec::new();
    if !machine.forwards {
        let resolvers = machine.resolvers.iter().filter_map(|resolver| plan.owner_of(*resolver));
        targets.extend(resolvers.flat_map(Machine::addresses));
    }
    if machine.serves(Service::Recursor) {
        let servers = plan.zones.iter().flat_map(|zone| &zone.servers);
        targets.extend(servers.flat_map(|server| server.addresses.iter().copied()));
    }
    targets.sort();
    targets.dedup();
    targets.retain(families);
    targets
}

fn is_answered(probe: &Probe) -> bool {
    let mut buffer = [0; 16];
    matches!(probe.socket.recv_from(&mut buffer), Ok((_, from)) if from == probe.to)
}
