//! What this host knows before anything is sent: interfaces, routes,
//! neighbours, and how it resolves names.

use std::io::Read as _;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::time::Duration;

use plumb_evidence::Observation;
use plumb_evidence::observation::{Interface, InterfaceAddress, NeighbourState, RouteResult};
use plumb_sys::errno;
use plumb_sys::netlink::{self, Netlink, NetlinkError, RouteQuery};

use crate::policy::NEIGHBOUR_POLL;
use crate::{Deadline, Scope};

/// The port on which a datagram disturbs nobody (discard, RFC 863).
const DISCARD_PORT: u16 = 9;

/// The port of name servers.
const DNS_PORT: u16 = 53;

/// Name servers that the C library uses (MAXNS of resolv.h).
const SERVERS_MAX: usize = 3;

/// Bytes read of a configuration file; block lists make hosts files large.
const FILE_MAX_BYTES: u64 = 16 << 20;

/// Why this host could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {reason}")]
pub struct LocalError {
    /// What was asked.
    pub operation: String,
    /// What the kernel or the file system said.
    pub reason: String,
}

impl From<NetlinkError> for LocalError {
    fn from(error: NetlinkError) -> Self {
        let reason = error.detail.clone().unwrap_or_else(|| error.source.to_string());
        LocalError { operation: format!("{} {}", error.operation, error.target), reason }
    }
}

/// Lists the interfaces and records them.
pub fn interfaces(scope: &Scope) -> Result<Vec<Interface>, LocalError> {
    let links = Netlink::open()?.interfaces()?;
    let interfaces: Vec<Interface> = links.iter().map(interface).collect();
    scope.record(Observation::Interfaces { interfaces: interfaces.clone() });
    Ok(interfaces)
}

fn interface(link: &netlink::Link) -> Interface {
    Interface {
        index: link.index,
        name: link.name.clone(),
        loopback: link.loopback,
        admin_up: link.admin_up,
        carrier: link.carrier,
        mtu_bytes: link.mtu_bytes,
        mac: link.mac.map(mac_text),
        addresses: link
            .addresses
            .iter()
            .map(|found| InterfaceAddress {
                address: found.address,
                prefix_bits: found.prefix_bits,
                global: found.global,
            })
            .collect(),
    }
}

fn mac_text(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

/// Asks the kernel's routes and records the answer.
pub fn route(scope: &Scope, destination: IpAddr) -> Result<RouteResult, LocalError> {
    let source = scope.network.source.filter(|ip| ip.is_ipv4() == destination.is_ipv4());
    let result = match Netlink::open()?.route_to(destination, RouteQuery { source }) {
        Ok(route) => RouteResult::Found {
            interface: route.interface,
            gateway: route.gateway,
            source: route.source,
            mtu_bytes: route.mtu_bytes,
        },
        Err(error) => match error.errno() {
            Some(errno) => {
                RouteResult::Refused { errno, errno_name: errno::name(errno).to_owned() }
            }
            None => return Err(error.into()),
        },
    };
    scope.record(Observation::Route { destination, result: result.clone() });
    Ok(result)
}

/// Makes the kernel ask for an address on the own segment, waits until the
/// entry settles or the deadline passes, and records the state.
pub async fn neighbour(
    scope: &Scope,
    address: IpAddr,
    deadline: Deadline,
) -> Result<NeighbourState, LocalError> {
    let mut netlink = Netlink::open()?;
    let mut found = look(scope, &mut netlink, address)?;
    if !settled(found.0) {
        provoke(&mut netlink, address, &found.2);
        loop {
            found = look(scope, &mut netlink, address)?;
            if settled(found.0) || deadline.has_passed() || scope.stop.is_asked() {
                break;
            }
            tokio::time::sleep(NEIGHBOUR_POLL.min(deadline.remaining())).await;
        }
    }
    Ok(record_neighbour(scope, address, found))
}

/// Reads the neighbour table for an address on the own segment, without asking
/// anybody, and records the state.
pub fn neighbour_entry(scope: &Scope, address: IpAddr) -> Result<NeighbourState, LocalError> {
    let found = look(scope, &mut Netlink::open()?, address)?;
    Ok(record_neighbour(scope, address, found))
}

type Entry = (NeighbourState, Option<netlink::Neighbour>, String);

fn look(scope: &Scope, netlink: &mut Netlink, address: IpAddr) -> Result<Entry, LocalError> {
    // A link-local router may have the same address on several segments.
    let towards = interface_towards(scope, address);
    let mut entries = netlink.neighbours()?.into_iter().filter(|entry| {
        entry.address == address && towards.as_ref().is_none_or(|name| *name == entry.interface)
    });
    match entries.next() {
        Some(entry) => {
            let interface = entry.interface.clone();
            Ok((state_of(entry.state), Some(entry), interface))
        }
        None => {
            let interface = towards.unwrap_or_else(|| {
                let route = netlink.route_to(address, RouteQuery::default());
                route.map(|route| route.interface).unwrap_or_default()
            });
            Ok((NeighbourState::None, None, interface))
        }
    }
}

/// The interface by which a route that was looked up leads to this router.
fn interface_towards(scope: &Scope, router: IpAddr) -> Option<String> {
    scope.recorder.events().into_iter().rev().find_map(|event| match event.what {
        Observation::Route {
            result: RouteResult::Found { interface, gateway: Some(gateway), .. },
            ..
        } if gateway == router => Some(interface),
        _ => None,
    })
}

fn record_neighbour(
    scope: &Scope,
    address: IpAddr,
    (state, entry, interface): Entry,
) -> NeighbourState {
    let mac = entry.and_then(|entry| entry.mac).map(mac_text);
    scope.record(Observation::Neighbour { address, interface, state, mac });
    state
}

/// Whether waiting longer would change the state. An entry in `Delay` was
/// known a moment ago, and is asked again only after five seconds.
const fn settled(state: NeighbourState) -> bool {
    use NeighbourState as N;
    matches!(state, N::Reachable | N::Failed | N::NoArp | N::Permanent | N::Delay | N::Stale)
}

/// Sends an empty datagram, for which the kernel must know the neighbour. What
/// becomes of it shows in the table, so errors here say nothing new.
fn provoke(netlink: &mut Netlink, address: IpAddr, interface: &str) {
    let (any, to): (SocketAddr, SocketAddr) = match address {
        IpAddr::V4(_) => {
            ((std::net::Ipv4Addr::UNSPECIFIED, 0).into(), (address, DISCARD_PORT).into())
        }
        IpAddr::V6(v6) => {
            // A link-local address means nothing without its link.
            let links = netlink.interfaces().unwrap_or_default();
            let link = links.iter().find(|link| link.name == interface);
            let zone = link.filter(|_| v6.is_unicast_link_local()).map_or(0, |link| link.index);
            let to = SocketAddrV6::new(v6, DISCARD_PORT, 0, zone);
            ((std::net::Ipv6Addr::UNSPECIFIED, 0).into(), to.into())
        }
    };
    if let Ok(socket) = std::net::UdpSocket::bind(any) {
        let _ = socket.send_to(&[], to);
    }
}

const fn state_of(state: netlink::NeighbourState) -> NeighbourState {
    use netlink::NeighbourState as K;
    match state {
        K::None => NeighbourState::None,
        K::Incomplete => NeighbourState::Incomplete,
        K::Reachable => NeighbourState::Reachable,
        K::Stale => NeighbourState::Stale,
        K::Delay => NeighbourState::Delay,
        K::Probe => NeighbourState::Probe,
        K::Failed => NeighbourState::Failed,
        K::NoArp => NeighbourState::NoArp,
        K::Permanent => NeighbourState::Permanent,
    }
}

/// Where the files of the resolver lie.
#[derive(Debug, Clone)]
pub struct Files {
    /// resolv.conf(5).
    pub resolv_conf: PathBuf,
    /// hosts(5).
    pub hosts: PathBuf,
    /// nsswitch.conf(5).
    pub nsswitch: PathBuf,
}

impl Default for Files {
    fn default() -> Self {
        Files {
            resolv_conf: "/etc/resolv.conf".into(),
            hosts: "/etc/hosts".into(),
            nsswitch: "/etc/nsswitch.conf".into(),
        }
    }
}

/// How this host resolves names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolverConfig {
    /// Who is asked, in this order (`nameserver`).
    pub servers: Vec<SocketAddr>,
    /// Suffixes of names that are not whole (`search`).
    pub search: Vec<String>,
    /// A name with so many dots is tried as it stands first (`options ndots:`).
    pub ndots: u8,
    /// Wait for one reply (`options timeout:`).
    pub timeout: Duration,
    /// Rounds through the servers (`options attempts:`).
    pub attempts: u32,
    /// Addresses of the name in question in the hosts file.
    pub hosts_file: Vec<IpAddr>,
    /// The line `hosts:` of nsswitch.conf(5).
    pub nsswitch: Option<String>,
}

impl Default for ResolverConfig {
    /// resolv.conf(5): one dot, five seconds, twice.
    fn default() -> Self {
        ResolverConfig {
            servers: Vec::new(),
            search: Vec::new(),
            ndots: 1,
            timeout: Duration::from_secs(5),
            attempts: 2,
            hosts_file: Vec::new(),
            nsswitch: None,
        }
    }
}

/// Reads the files, for `name`, and records what they say. A file that cannot
/// be read says nothing, as for the C library.
pub fn resolver_config(scope: &Scope, files: &Files, name: &str) -> ResolverConfig {
    let mut config = parse_resolv_conf(&text_of(&files.resolv_conf));
    config.hosts_file = hosts_of(&text_of(&files.hosts), name);
    config.nsswitch = hosts_line(&text_of(&files.nsswitch));
    record_config(scope, &config);
    config
}

/// The configuration of a host whose only resolver is `server`, with the C
/// library's defaults (resolv.conf(5)).
pub fn stub_config(server: SocketAddr) -> ResolverConfig {
    ResolverConfig {
        servers: vec![server],
        search: Vec::new(),
        ndots: 1,
        timeout: Duration::from_secs(5),
        attempts: 2,
        hosts_file: Vec::new(),
        nsswitch: None,
    }
}

/// Records a configuration that did not come from files.
pub fn record_config(scope: &Scope, config: &ResolverConfig) {
    scope.record(Observation::ResolverConfig {
        servers: config.servers.clone(),
        search: config.search.clone(),
        ndots: config.ndots,
        hosts_file: config.hosts_file.clone(),
        nsswitch: config.nsswitch.clone(),
    });
}

fn text_of(path: &Path) -> String {
    let mut bytes = Vec::new();
    // A file that cannot be read to its end is used as far as it came.
    let _ = std::fs::File::open(path)
        .and_then(|file| file.take(FILE_MAX_BYTES).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// resolv.conf(5), as the GNU C library reads it.
fn parse_resolv_conf(text: &str) -> ResolverConfig {
    let mut config = ResolverConfig::default();
    for line in text.lines().filter(|line| !line.starts_with(['#', ';'])) {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") if config.servers.len() < SERVERS_MAX => {
                config.servers.extend(words.next().and_then(server));
            }
            Some("search") => config.search = words.map(str::to_owned).collect(),
            Some("domain") => config.search = words.take(1).map(str::to_owned).collect(),
            Some("options") => words.for_each(|option| apply(&mut config, option)),
            _ => {}
        }
    }
    config
}

/// An address, that of IPv6 perhaps with a zone: `fe80::1%eth0`.
fn server(word: &str) -> Option<SocketAddr> {
    if let Ok(address) = word.parse::<IpAddr>() {
        return Some(SocketAddr::new(address, DNS_PORT));
    }
    let (address, zone) = word.split_once('%')?;
    let address = address.parse().ok()?;
    let index = zone.parse().ok().or_else(|| {
        let links = Netlink::open().ok()?.interfaces().ok()?;
        links.iter().find(|link| link.name == zone).map(|link| link.index)
    })?;
    Some(SocketAddrV6::new(address, DNS_PORT, 0, index).into())
}

fn apply(config: &mut ResolverConfig, option: &str) {
    let Some((name, value)) = option.split_once(':') else { return };
    let Ok(value) = value.parse::<u32>() else { return };
    // The upper bounds are resolv.conf(5)'s own.
    match name {
        "ndots" => config.ndots = u8::try_from(value.min(15)).unwrap_or(15),
        "timeout" => config.timeout = Duration::from_secs(u64::from(value.clamp(1, 30))),
        "attempts" => config.attempts = value.clamp(1, 5),
        _ => {}
    }
}

/// hosts(5).
fn hosts_of(text: &str, name: &str) -> Vec<IpAddr> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let matching = lines.filter_map(|line| {
        let mut words = line.split_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|word| word.eq_ignore_ascii_case(name)).then_some(address)
    });
    matching.collect()
}

/// The `hosts:` line of nsswitch.conf(5).
fn hosts_line(text: &str) -> Option<String> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let mut found = lines.filter_map(|line| line.strip_prefix("hosts:"));
    found.next().map(|rest| rest.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Network, Recorder};

    #[test]
    fn resolv_conf_is_read_as_the_library_reads_it() {
        let text = "# nameserver 192.0.2.9\nnameserver 192.0.2.1\nnameserver 2001:db8::1\n\
            nameserver nonsense\nnameserver fe80::1%7\nnameserver 192.0.2.4\n\
            domain old.example\nsearch a.example b.example\n\
            options ndots:99 timeout:0 attempts:9 rotate edns0\n";
        let config = parse_resolv_conf(text);
        let servers: Vec<String> = config.servers.iter().map(SocketAddr::to_string).collect();
        assert_eq!(servers, ["192.0.2.1:53", "[2001:db8::1]:53", "[fe80::1%7]:53"]);
        assert_eq!(config.search, ["a.example", "b.example"]);
        assert_eq!((config.ndots, config.attempts), (15, 5));
        assert_eq!(config.timeout, Duration::from_secs(1));
        assert_eq!(parse_resolv_conf(""), ResolverConfig::default());
    }

    #[test]
    fn the_hosts_file_gives_every_address_of_the_name() {
        let text = "127.0.0.1 localhost # www.example.com\n192.0.2.1\tx WWW.example.com y\n\
            2001:db8::1 www.example.com\nnonsense www.example.com\n";
        let found = hosts_of(text, "www.example.com.");
        assert_eq!(found, ["192.0.2.1".parse::<IpAddr>().unwrap(), "2001:db8::1".parse().unwrap()]);
        assert_eq!(hosts_of(text, "example.com"), Vec::<IpAddr>::new());
    }

    #[test]
    fn the_hosts_line_is_found() {
        let text =
            "passwd: files\n# hosts: dns\nhosts:   files mdns4_minimal [NOTFOUND=return]  dns\n";
        assert_eq!(hosts_line(text).unwrap(), "files mdns4_minimal [NOTFOUND=return] dns");
        assert_eq!(hosts_line(""), None);
    }

    #[tokio::test]
    async fn the_loopback_interface_and_its_route_are_seen() {
        let scope = Scope::new(Recorder::new(), Arc::new(Network::default()));
        assert!(interfaces(&scope).unwrap().iter().any(|interface| interface.loopback));
        let route = route(&scope, "127.0.0.1".parse().unwrap()).unwrap();
        assert!(matches!(route, RouteResult::Found { gateway: None, .. }), "{route:?}");
        assert_eq!(scope.recorder.len(), 2);
    }
}
