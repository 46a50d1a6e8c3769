//! Every service of a lab, on sockets that somebody else knows how to open: in
//! the namespaces of the machines, or on loopback addresses.

mod catalogue;
mod counts;
mod names;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plumb_serve::Switch;
use plumb_serve::core::{Limits, ServeError, Server, Transport};
use plumb_serve::http::SiteBehaviour;
use plumb_serve::tls::{CertificateAuthority, TlsBehaviour};
use plumb_sys::{tcp, udp};
use tokio::runtime::Handle;

use crate::error::LabError;
use crate::topology::Plan;

pub use names::{AuthorityCells, AuthorityServer, ResolverCells};

/// Connections that are open when a port is closed get so long; a fault should
/// show at once.
const DRAIN: Duration = Duration::from_millis(50);

/// Opens sockets on machines.
pub trait Sockets: Send + Sync + fmt::Debug {
    /// Bound sockets for each of `wanted`, in that order: one, or, where an
    /// unspecified address has to stand for several, as many as there are.
    fn open(
        &self,
        machine: &str,
        wanted: &[(Transport, SocketAddr)],
    ) -> io::Result<Vec<Vec<Opened>>>;

    /// A non-blocking socket that is not bound, from which `machine` may ask `server`, and
    /// the address at which it has to be asked.
    fn outgoing(
        &self,
        machine: &str,
        transport: Transport,
        server: SocketAddr,
    ) -> io::Result<(OwnedFd, SocketAddr)>;
}

/// A bound socket.
#[derive(Debug)]
pub enum Opened {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

impl Opened {
    /// A socket bound to `at` in the calling thread's network namespace.
    pub(crate) fn bind(transport: Transport, at: SocketAddr) -> io::Result<Opened> {
        match transport {
            Transport::Tcp => tcp::listen(at, tcp::BACKLOG_DEFAULT).map(Opened::Tcp),
            Transport::Udp => udp::bind(at).map(Opened::Udp),
            // No service of a topology is offered on a Unix socket.
            Transport::Unix => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// What faults switch on a machine with a web site.
#[derive(Debug, Clone, Default)]
pub struct WebCells {
    pub site: Switch<SiteBehaviour>,
    pub tls: Switch<TlsBehaviour>,
}

/// The services of a running lab, and what can be switched in them.
pub struct LabServices {
    runtime: Handle,
    sockets: Arc<dyn Sockets>,
    ca: Arc<CertificateAuthority>,
    web: BTreeMap<String, WebCells>,
    resolvers: BTreeMap<String, ResolverCells>,
    authorities: AuthorityCells,
    ports: Mutex<BTreeMap<PortKey, Port>>,
    counts: counts::Counts,
}

/// A port of a machine; on all addresses that the service has there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct PortKey {
    machine: String,
    transport: u8,
    port: u16,
}

/// A port that can be closed and opened again.
struct Port {
    offers: Vec<Offer>,
    /// `None` while the port is closed.
    server: Option<Server>,
}

/// Lets a server serve a socket.
type Attach = Box<dyn Fn(&Server, Opened) -> Result<(), ServeError> + Send + Sync>;

/// One service at one address.
struct Offer {
    transport: Transport,
    at: SocketAddr,
    limits: Limits,
    attach: Attach,
}

/// The lab's certificate authority, dated from now.
pub(crate) fn certificate_authority(
    now_unix_s: i64,
) -> Result<Arc<CertificateAuthority>, LabError> {
    CertificateAuthority::generate(now_unix_s)
        .map(Arc::new)
        .map_err(|error| LabError::Supervisor(error.to_string()))
}

impl LabServices {
    /// Starts every service of `plan`.
    pub fn start(
        plan: &Plan,
        sockets: Arc<dyn Sockets>,
        runtime: Handle,
        ca: Arc<CertificateAuthority>,
    ) -> Result<Self, LabError> {
        let mut services = LabServices {
            authorities: AuthorityCells::new(plan)?,
            runtime,
            sockets,
            ca,
            web: BTreeMap::new(),
            resolvers: BTreeMap::new(),
            ports: Mutex::default(),
            counts: counts::Counts::default(),
        };
        for machine in &plan.machines {
            let offers = catalogue::offers(plan, machine, &mut services)?;
            services.open_machine(&machine.name, offers)?;
        }
        Ok(services)
    }

    pub fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// The lab's root certificate.
    pub fn ca_pem(&self) -> String {
        self.ca.root_pem()
    }

    pub fn ca_der(&self) -> &[u8] {
        self.ca.root_der()
    }

    pub fn ca(&self) -> &Arc<CertificateAuthority> {
        &self.ca
    }

    /// The switches of the web site on `machine`, if it has one.
    pub fn web(&self, machine: &str) -> Option<&WebCells> {
        self.web.get(machine)
    }

    /// The switches of the resolver on `machine`, if it is one.
    pub fn resolver(&self, machine: &str) -> Option<&ResolverCells> {
        self.resolvers.get(machine)
    }

    /// The machines that run a resolver.
    pub fn resolvers(&self) -> impl Iterator<Item = (&str, &ResolverCells)> {
        self.resolvers.iter().map(|(machine, cells)| (machine.as_str(), cells))
    }

    /// The zones and the name servers that serve them.
    pub fn authorities(&self) -> &AuthorityCells {
        &self.authorities
    }

    /// Closes a port: afterwards the machine's kernel answers that nobody
    /// listens. Gives whether it was open.
    pub fn close_port(&self, machine: &str, transport: Transport, port: u16) -> bool {
        let found = key(machine, transport, port);
        let server = self.ports().get_mut(&found).and_then(|port| port.server.take());
        let Some(server) = server else { return false };
        let stop = async move { server.stop(DRAIN).await };
        let (done, stopped) = std::sync::mpsc::channel();
        self.runtime.spawn(async move {
            stop.await;
            let _ = done.send(());
        });
        // Returns early only if the runtime goes, and the port with it.
        let _ = stopped.recv();
        true
    }

    /// Opens a port that was closed.
    pub fn open_port(&self, machine: &str, transport: Transport, port: u16) -> io::Result<()> {
        let mut ports = self.ports();
        let Some(found) = ports.get_mut(&key(machine, transport, port)) else { return Ok(()) };
        if found.server.is_some() {
            return Ok(());
        }
        let wanted: Vec<_> = found.offers.iter().map(|offer| (transport, offer.at)).collect();
        let opened = self.sockets.open(machine, &wanted)?;
        let server = self.attach(machine, &found.offers, opened).map_err(io::Error::other)?;
        found.server = Some(server);
        Ok(())
    }

    /// How many connections and questions came to a port of `machine` so far.
    pub fn used(&self, machine: &str, port: u16) -> u64 {
        self.counts.of(machine, port)
    }

    /// The ports of `machine` on which something is or was served.
    pub fn has_port(&self, machine: &str, transport: Transport, port: u16) -> bool {
        self.ports().contains_key(&key(machine, transport, port))
    }

    fn ports(&self) -> MutexGuard<'_, BTreeMap<PortKey, Port>> {
        // Nothing is left half done in the table when a thread panics.
        self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the sockets of a machine in one go: entering a namespace costs more
    /// than a socket.
    fn open_machine(&self, machine: &str, offers: Vec<Offer>) -> Result<(), LabError> {
        let wanted: Vec<_> = offers.iter().map(|offer| (offer.transport, offer.at)).collect();
        let opened = self
            .sockets
            .open(machine, &wanted)
            .map_err(LabError::io("open the ports of", machine))?;
        let mut grouped: BTreeMap<PortKey, (Vec<Offer>, Vec<Vec<Opened>>)> = BTreeMap::new();
        for (offer, socket) in offers.into_iter().zip(opened) {
            let group = grouped.entry(key(machine, offer.transport, offer.at.port())).or_default();
            group.0.push(offer);
            group.1.push(socket);
        }
        for (key, (offers, sockets)) in grouped {
            let server = self
                .attach(machine, &offers, sockets)
                .map_err(|error| LabError::Supervisor(error.to_string()))?;
            self.ports().insert(key, Port { offers, server: Some(server) });
        }
        Ok(())
    }

    fn attach(
        &self,
        machine: &str,
        offers: &[Offer],
        sockets: Vec<Vec<Opened>>,
    ) -> Result<Server, ServeError> {
        let _inside = self.runtime.enter();
        let limits = offers.first().map_or_else(Limits::default, |offer| offer.limits.clone());
        let port = offers.first().map_or(0, |offer| offer.at.port());
        let server = Server::new(machine, limits, self.counts.counter(machine, port));
        for (offer, sockets) in offers.iter().zip(sockets) {
            for socket in sockets {
                (offer.attach)(&server, socket)?;
            }
        }
        Ok(server)
    }
}

fn key(machine: &str, transport: Transport, port: u16) -> PortKey {
    let transport = match transport {
        Transport::Tcp => 0,
        Transport::Udp => 1,
        Transport::Unix => 2,
    };
    PortKey { machine: machine.to_owned(), transport, port }
}

impl fmt::Debug for LabServices {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LabServices")
            .field("sockets", &self.sockets)
            .field("web", &self.web)
            .finish_non_exhaustive()
    }
}
