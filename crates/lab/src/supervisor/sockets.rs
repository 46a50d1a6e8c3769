//! Sockets in the namespaces of the machines.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use plumb_serve::core::{Transport, unconnected};
use plumb_sys::namespace;

use crate::build::Network;
use crate::error::LabError;
use crate::services::{Opened, Sockets};

/// The kernel remembers for ever in which namespace a socket was made; so it
/// only matters where the thread is while it makes one.
#[derive(Debug)]
pub(super) struct NamespaceSockets {
    machines: BTreeMap<String, OwnedFd>,
}

impl NamespaceSockets {
    pub(super) fn new(network: &Network) -> Result<Self, LabError> {
        let machines = network
            .machines
            .iter()
            .map(|(name, namespace)| Ok((name.clone(), namespace.try_clone()?)))
            .collect::<io::Result<_>>()
            .map_err(LabError::io("duplicate", "the machines' namespaces"))?;
        Ok(NamespaceSockets { machines })
    }

    fn within<T: Send>(
        &self,
        machine: &str,
        work: impl FnOnce() -> io::Result<T> + Send,
    ) -> io::Result<T> {
        let Some(namespace) = self.machines.get(machine) else {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("no machine {machine}")));
        };
        namespace::in_network_namespace(namespace, work).map_err(|error| error.source)?
    }
}

impl Sockets for NamespaceSockets {
    fn open(
        &self,
        machine: &str,
        wanted: &[(Transport, SocketAddr)],
    ) -> io::Result<Vec<Vec<Opened>>> {
        self.within(machine, || {
            wanted.iter().map(|(transport, at)| Ok(vec![Opened::bind(*transport, *at)?])).collect()
        })
    }

    fn outgoing(
        &self,
        machine: &str,
        transport: Transport,
        server: SocketAddr,
    ) -> io::Result<(OwnedFd, SocketAddr)> {
        Ok((self.within(machine, || unconnected(transport, server))?, server))
    }
}
