//! Which loopback address stands for which address of the lab.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

use plumb_serve::core::{Transport, unconnected};

use crate::services::{Opened, Sockets};
use crate::topology::Plan;

/// The second octet of the lab's loopback addresses, one for each lab at a
/// time; the third is the machine, the fourth its address.
const NETWORKS: std::ops::RangeInclusive<u8> = 64..=127;

/// Where a lab listens in its network, so that no other lab takes it.
const CLAIM_PORT: u16 = 53_077;

/// Loopback addresses for those of a lab, and the ports that are open at them.
#[derive(Debug)]
pub(super) struct Addresses {
    /// By machine, because two homes may have the same private addresses.
    own: BTreeMap<String, Vec<(IpAddr, Ipv4Addr)>>,
    network: u8,
    /// `None` where the system has no such loopback addresses.
    _claim: Option<TcpListener>,
    ports: Mutex<BTreeMap<(Ipv4Addr, u16), SocketAddr>>,
}

impl Addresses {
    pub(super) fn new(plan: &Plan) -> Addresses {
        let (network, claim) = claim();
        let octet = |index: usize| u8::try_from(index + 1).unwrap_or(u8::MAX);
        let own = plan.machines.iter().enumerate().map(|(index, machine)| {
            let stand_in =
                |(at, address)| (address, Ipv4Addr::new(127, network, octet(index), octet(at)));
            (machine.name.clone(), machine.addresses().enumerate().map(stand_in).collect())
        });
        Addresses { own: own.collect(), network, _claim: claim, ports: Mutex::default() }
    }

    fn ports(&self) -> MutexGuard<'_, BTreeMap<(Ipv4Addr, u16), SocketAddr>> {
        self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every address and port of the lab, with where it is; port 0 stands for
    /// all other ports of an address.
    pub(super) fn map(&self) -> Vec<(SocketAddr, SocketAddr)> {
        let ports = self.ports();
        let mut map: BTreeMap<SocketAddr, SocketAddr> = BTreeMap::new();
        for (address, stand_in) in self.own.values().flatten() {
            let open = ports.iter().filter(|((at, _), _)| at == stand_in);
            let open = open.map(|((_, port), to)| (SocketAddr::new(*address, *port), *to));
            let rest = (SocketAddr::new(*address, 0), SocketAddr::new(IpAddr::V4(*stand_in), 0));
            for (from, to) in open.chain([rest]) {
                // Of two machines with one private address the first is meant.
                map.entry(from).or_insert(to);
            }
        }
        map.into_iter().collect()
    }

    /// Where an address of the lab is. What the lab does not have is nowhere:
    /// at a loopback address where nothing listens.
    pub(super) fn reach(&self, server: SocketAddr) -> SocketAddr {
        let mut all = self.own.values().flatten();
        match all.find(|(address, _)| *address == server.ip()) {
            Some((_, stand_in)) => {
                let open = self.ports().get(&(*stand_in, server.port())).copied();
                open.unwrap_or(SocketAddr::new(IpAddr::V4(*stand_in), server.port()))
            }
            None => SocketAddr::from((Ipv4Addr::new(127, self.network, 0, 1), server.port())),
        }
    }

    fn open_at(&self, transport: Transport, at: Ipv4Addr, port: u16) -> io::Result<Opened> {
        // Once a port has its stand-in it keeps it, over both transports and
        // when it is closed and opened again.
        let known = self.ports().get(&(at, port)).copied();
        let opened = match known {
            Some(known) => Opened::bind(transport, known)?,
            None => self.first_of(transport, at, port)?,
        };
        let to = match &opened {
            Opened::Tcp(listener) => listener.local_addr()?,
            Opened::Udp(socket) => socket.local_addr()?,
        };
        self.ports().insert((at, port), to);
        Ok(opened)
    }

    /// The port itself, if it is to be had; else any. Where only 127.0.0.1 is a
    /// loopback address, any port there.
    fn first_of(&self, transport: Transport, at: Ipv4Addr, port: u16) -> io::Result<Opened> {
        Opened::bind(transport, (at, port).into())
            .or_else(|_| Opened::bind(transport, (at, 0).into()))
            .or_else(|_| Opened::bind(transport, (Ipv4Addr::LOCALHOST, 0).into()))
    }
}

impl Sockets for Addresses {
    fn open(
        &self,
        machine: &str,
        wanted: &[(Transport, SocketAddr)],
    ) -> io::Result<Vec<Vec<Opened>>> {
        let own = self.own.get(machine).map(Vec::as_slice).unwrap_or_default();
        let open_one = |(transport, at): &(Transport, SocketAddr)| {
            let meant = own.iter().filter(|(address, _)| {
                let any = at.ip().is_unspecified() && at.is_ipv4() == address.is_ipv4();
                any || *address == at.ip()
            });
            meant.map(|(_, stand_in)| self.open_at(*transport, *stand_in, at.port())).collect()
        };
        wanted.iter().map(open_one).collect()
    }

    fn outgoing(
        &self,
        _: &str,
        transport: Transport,
        server: SocketAddr,
    ) -> io::Result<(OwnedFd, SocketAddr)> {
        let to = self.reach(server);
        Ok((unconnected(transport, to)?, to))
    }
}

/// The first network that no other lab has.
fn claim() -> (u8, Option<TcpListener>) {
    let claimed = NETWORKS.into_iter().find_map(|network| {
        let at = Ipv4Addr::new(127, network, u8::MAX, 1);
        TcpListener::bind((at, CLAIM_PORT)).ok().map(|claim| (network, Some(claim)))
    });
    claimed.unwrap_or((*NETWORKS.start(), None))
}
