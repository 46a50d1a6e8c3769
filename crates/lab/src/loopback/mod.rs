//! The smaller lab, for where the kernel or a container denies namespaces: one
//! process, on loopback addresses.
//!
//! The same zones, certificates and services as in the full lab, and the
//! faults of those layers. There are no links, routes or NAT: every address of
//! the lab stands for one of 127.0.0.0/8, and a port that an ordinary user may
//! not have is another one. Whoever wants in follows [`Loopback::address_map`];
//! a foreign program is led through a proxy by its environment.

mod addresses;
mod dialer;
mod sink;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plumb_evidence::map::LabMap;
use plumb_serve::core::{Forget, Limits, Server};
use plumb_serve::proxy::Proxy;
use plumb_sys::clock;
use plumb_wire::transport::port;
use tokio::runtime::Runtime;

use crate::error::LabError;
use crate::faults::{self, ActiveFaults, Ground, Hits, ground::Kernel};
use crate::map;
use crate::services::{self, LabServices};
use crate::topology::{self, Plan};

use addresses::Addresses;
use dialer::LabDialer;
use sink::Sink;

/// As many as the full lab has: one for the services, one beside it.
const WORKER_THREADS: usize = 2;

/// A running lab on loopback addresses. It ends with this value.
#[derive(Debug)]
pub struct Loopback {
    world: World,
    faults: Mutex<ActiveFaults>,
    addresses: Arc<Addresses>,
    /// Where nobody answers.
    sink: Sink,
    proxy: SocketAddr,
    /// Held for as long as the proxy is to run.
    _proxy_server: Server,
    runtime: Option<Runtime>,
}

/// What faults are made in: services only.
#[derive(Debug)]
struct World {
    plan: Plan,
    services: LabServices,
}

impl Ground for World {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        None
    }

    fn services(&self) -> &LabServices {
        &self.services
    }
}

impl Loopback {
    /// Starts the built-in lab with these faults.
    pub fn start(faults: &[String]) -> Result<Loopback, LabError> {
        let (origin, text) = topology::BUILTIN[0];
        Loopback::start_topology(origin, text, faults)
    }

    /// Starts the lab of a topology file, `origin` being its name in messages.
    pub fn start_topology(
        origin: &str,
        text: &str,
        faults: &[String],
    ) -> Result<Loopback, LabError> {
        let plan = topology::parse(origin, text)?;
        // Mistakes are found before anything runs.
        for fault in faults {
            faults::parse(fault, &plan)?;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKER_THREADS)
            .thread_name("plumb-loopback")
            .enable_all()
            .build()
            .map_err(LabError::io("start", "the runtime"))?;
        let ca = services::certificate_authority(clock::unix_s())?;
        let addresses = Arc::new(Addresses::new(&plan));
        let sockets = Arc::clone(&addresses);
        let services = LabServices::start(&plan, sockets, runtime.handle().clone(), ca)?;
        let world = World { plan, services };
        let (proxy, proxy_server) = start_proxy(&runtime, &world.plan, &addresses)?;
        let lab = Loopback {
            world,
            faults: Mutex::default(),
            addresses,
            sink: Sink::open().map_err(LabError::io("open", "a port that never answers"))?,
            proxy,
            _proxy_server: proxy_server,
            runtime: Some(runtime),
        };
        for fault in faults {
            lab.break_fault(fault)?;
        }
        Ok(lab)
    }

    fn faults(&self) -> MutexGuard<'_, ActiveFaults> {
        // A panic while a fault was made leaves the list of what was made.
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a fault, `NAME[@PLACE][,key=value...]`.
    pub fn break_fault(&self, text: &str) -> Result<(), LabError> {
        let fault = faults::parse(text, &self.world.plan)?;
        Ok(self.faults().break_fault(fault, &self.world)?)
    }

    /// Mends one fault or all; gives those that were mended.
    pub fn heal(&self, what: Option<&str>) -> Result<Vec<String>, LabError> {
        Ok(self.faults().heal(what, &self.world)?)
    }

    /// How often each active fault was met.
    pub fn hits(&self) -> Result<Vec<Hits>, LabError> {
        Ok(self.faults().hits(&self.world)?)
    }

    /// Machines, links, addresses and active faults, as the full lab has them.
    pub fn map(&self) -> LabMap {
        map::map(&self.world.plan, self.faults().list())
    }

    /// Where the loopback lab keeps what the full lab has at an address. Port 0
    /// stands for every port that is not named.
    pub fn address_map(&self) -> Vec<(SocketAddr, SocketAddr)> {
        let mut map = self.addresses.map();
        for address in self.strangers() {
            let mut ports: Vec<u16> = map.iter().map(|(from, _)| from.port()).collect();
            ports.push(0);
            ports.sort_unstable();
            ports.dedup();
            let to = self.sink.address();
            map.extend(ports.into_iter().map(|port| (SocketAddr::new(address, port), to)));
        }
        map
    }

    /// Addresses that the name servers give out now and that no machine has.
    fn strangers(&self) -> Vec<std::net::IpAddr> {
        use plumb_wire::dns::Rdata;
        let mut found: Vec<std::net::IpAddr> = Vec::new();
        for server in self.world.services.authorities().servers() {
            let zones = server.zones.get();
            for record in zones.iter().flat_map(|zone| zone.records()) {
                let address = match record.data {
                    Rdata::A(address) => address.into(),
                    Rdata::Aaaa(address) => address.into(),
                    _ => continue,
                };
                if self.world.plan.owner_of(address).is_none() && !found.contains(&address) {
                    found.push(address);
                }
            }
        }
        found
    }

    /// The recursive resolver that the machines use, at its loopback address.
    pub fn stub_resolver(&self) -> Option<SocketAddr> {
        resolver_of(&self.world.plan).map(|server| self.addresses.reach(server))
    }

    /// The lab's root certificate.
    pub fn ca_pem(&self) -> String {
        self.world.services.ca_pem()
    }

    /// An HTTP proxy that reaches the lab, for programs that know nothing of it.
    pub fn proxy(&self) -> SocketAddr {
        self.proxy
    }

    /// What a foreign program finds in its environment; `trust_file` has the
    /// lab's root certificate.
    pub fn environment(&self, trust_file: &Path) -> Vec<(&'static str, String)> {
        let proxy = format!("http://{}", self.proxy);
        let trust = trust_file.display().to_string();
        let proxies =
            ["http_proxy", "https_proxy", "HTTPS_PROXY"].map(|name| (name, proxy.clone()));
        let stores = ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"]
            .map(|name| (name, trust.clone()));
        // Nothing in the lab may be reached around the proxy.
        let direct = ["no_proxy", "NO_PROXY"].map(|name| (name, String::new()));
        proxies.into_iter().chain(stores).chain(direct).collect()
    }

    /// What a user should know before using this lab.
    pub fn notes(&self) -> Vec<String> {
        vec![
            "this is the lab on loopback addresses: names, TCP, TLS and HTTP; no links, routes or NAT"
                .to_owned(),
            "foreign programs reach it only through the HTTP proxy in their environment".to_owned(),
        ]
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        // Not waiting: this may be dropped inside another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn resolver_of(plan: &Plan) -> Option<SocketAddr> {
    let server = plan.machines.iter().find_map(|machine| machine.resolvers.first())?;
    Some(SocketAddr::new(*server, port::DNS))
}

fn start_proxy(
    runtime: &Runtime,
    plan: &Plan,
    addresses: &Arc<Addresses>,
) -> Result<(SocketAddr, Server), LabError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .map_err(LabError::io("listen for", "the proxy"))?;
    listener.set_nonblocking(true).map_err(LabError::io("listen for", "the proxy"))?;
    let at = listener.local_addr().map_err(LabError::io("listen for", "the proxy"))?;
    let _inside = runtime.enter();
    let server = Server::new("proxy", Limits::default(), Forget);
    let dialer = LabDialer::new(Arc::clone(addresses), resolver_of(plan));
    server
        .tcp(listener, Proxy::new(dialer))
        .map_err(|error| LabError::Supervisor(error.to_string()))?;
    Ok((at, server))
}
