//! The name system: authoritative servers with the zones of the topology, and
//! resolvers that know nothing but the root.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use plumb_serve::Switch;
use plumb_serve::core::Limits;
use plumb_serve::dns::{
    Authority, AuthorityBehaviour, Recursor, ResolverBehaviour, RootServer, SocketFactory, Zone,
    ZoneSet,
};
use plumb_wire::dns::{Mx, Name, Rdata, Record, Soa};
use plumb_wire::transport::port;

use super::catalogue::{connections, datagrams_at};
use super::{LabServices, Offer};
use crate::error::LabError;
use crate::topology::{self, Machine, Plan, ZoneData, ZoneRecord};

/// How long "there is no such name" may be kept, RFC 2308 section 5.
const NEGATIVE_TTL_S: u32 = 300;
/// Version of every zone; a lab's zones are made anew with the lab.
const SERIAL: u32 = 1;
/// Intervals for secondaries as RFC 1912 section 2.2 recommends them, although
/// the lab transfers no zone.
const REFRESH_S: u32 = 7200;
const RETRY_S: u32 = 3600;
const EXPIRE_S: u32 = 1_209_600;

/// The authoritative servers of a lab.
#[derive(Debug, Clone, Default)]
pub struct AuthorityCells {
    servers: Vec<AuthorityServer>,
}

/// Addresses of one machine at which the same zones are served.
#[derive(Debug, Clone)]
pub struct AuthorityServer {
    pub machine: String,
    pub addresses: Vec<IpAddr>,
    /// What is served now.
    pub zones: Switch<ZoneSet>,
    /// What the topology says.
    pub healthy: ZoneSet,
    pub behaviour: Switch<AuthorityBehaviour>,
}

/// A resolver of a lab.
#[derive(Debug, Clone)]
pub struct ResolverCells {
    pub recursor: Recursor,
    pub behaviour: Switch<ResolverBehaviour>,
}

impl AuthorityCells {
    pub(super) fn new(plan: &Plan) -> Result<Self, LabError> {
        let mut zones_at: BTreeMap<IpAddr, Vec<&topology::Zone>> = BTreeMap::new();
        for zone in &plan.zones {
            for address in zone.servers.iter().flat_map(|server| &server.addresses) {
                zones_at.entry(*address).or_default().push(zone);
            }
        }
        let mut servers: Vec<(AuthorityServer, Vec<&topology::Zone>)> = Vec::new();
        for (address, zones) in zones_at {
            let Some(machine) = plan.owner_of(address) else { continue };
            let same = |(server, served): &&mut (AuthorityServer, Vec<&topology::Zone>)| {
                server.machine == machine.name && *served == zones
            };
            if let Some((server, _)) = servers.iter_mut().find(same) {
                server.addresses.push(address);
                continue;
            }
            let healthy = zone_set(&zones)?;
            let server = AuthorityServer {
                machine: machine.name.clone(),
                addresses: vec![address],
                zones: Switch::new(healthy.clone()),
                healthy,
                behaviour: Switch::default(),
            };
            servers.push((server, zones));
        }
        Ok(AuthorityCells { servers: servers.into_iter().map(|(server, _)| server).collect() })
    }

    /// Every server; one machine may have several.
    pub fn servers(&self) -> &[AuthorityServer] {
        &self.servers
    }

    /// The servers on `machine`.
    pub fn on<'a>(&'a self, machine: &'a str) -> impl Iterator<Item = &'a AuthorityServer> {
        self.servers.iter().filter(move |server| server.machine == machine)
    }
}

fn zone_set(zones: &[&topology::Zone]) -> Result<ZoneSet, LabError> {
    let mut set = ZoneSet::new();
    for zone in zones {
        set.insert(served_zone(zone)?);
    }
    Ok(set)
}

fn served_zone(zone: &topology::Zone) -> Result<Zone, LabError> {
    let origin = name(&zone.origin)?;
    let primary = zone.servers.first().map_or(".", |server| server.name.as_str());
    let soa = Soa {
        primary: name(primary)?,
        mailbox: name(&format!("hostmaster.{}", zone.origin.trim_matches('.')))
            .or_else(|_| name("hostmaster"))?,
        serial: SERIAL,
        refresh_s: REFRESH_S,
        retry_s: RETRY_S,
        expire_s: EXPIRE_S,
        minimum_s: NEGATIVE_TTL_S,
    };
    let mut served = Zone::new(origin, NEGATIVE_TTL_S, soa);
    for record in &zone.records {
        served.add(wire_record(record)?).map_err(wrong)?;
    }
    Ok(served)
}

fn wire_record(record: &ZoneRecord) -> Result<Record, LabError> {
    let data = match &record.data {
        ZoneData::Address(IpAddr::V4(address)) => Rdata::A(*address),
        ZoneData::Address(IpAddr::V6(address)) => Rdata::Aaaa(*address),
        ZoneData::Cname(target) => Rdata::Cname(name(target)?),
        ZoneData::Mx { preference, exchange } => {
            Rdata::Mx(Mx { preference: *preference, exchange: name(exchange)? })
        }
        ZoneData::Ns(server) => Rdata::Ns(name(server)?),
        ZoneData::Ptr(target) => Rdata::Ptr(name(target)?),
        ZoneData::Txt(text) => Rdata::Txt(vec![text.clone().into_bytes()]),
    };
    Ok(Record::new(name(&record.name)?, record.ttl_s, data))
}

fn name(text: &str) -> Result<Name, LabError> {
    text.parse().map_err(wrong)
}

/// The topology was checked before; what is wrong here is wrong in a zone as a
/// whole, such as a CNAME beside other records.
fn wrong(error: impl std::fmt::Display) -> LabError {
    LabError::Usage(format!("the zones of the topology: {error}"))
}

/// Serves the zones of `machine` at the addresses that they name.
pub(super) fn authority(machine: &Machine, services: &LabServices, offers: &mut Vec<Offer>) {
    for server in services.authorities.on(&machine.name) {
        let authority = Authority::new(server.zones.clone(), server.behaviour.clone());
        for address in &server.addresses {
            let at = SocketAddr::new(*address, port::DNS);
            let (one, other) = (authority.clone(), authority.clone());
            connections(offers, at, Limits::default(), move || one.clone());
            datagrams_at(offers, at, Limits::default(), move || other.clone());
        }
    }
}

/// Serves a resolver at every address of `machine` that is no name server's.
pub(super) fn recursor(
    plan: &Plan,
    machine: &Machine,
    services: &mut LabServices,
    offers: &mut Vec<Offer>,
) -> Result<(), LabError> {
    let behaviour = Switch::default();
    let recursor = Recursor::new(factory(machine, services), roots(plan)?, behaviour.clone());
    let taken: Vec<IpAddr> = services
        .authorities
        .on(&machine.name)
        .flat_map(|server| server.addresses.clone())
        .collect();
    for address in machine.addresses().filter(|address| !taken.contains(address)) {
        let at = SocketAddr::new(address, port::DNS);
        let (one, other) = (recursor.clone(), recursor.clone());
        connections(offers, at, Limits::default(), move || one.clone());
        datagrams_at(offers, at, Limits::default(), move || other.clone());
    }
    services.resolvers.insert(machine.name.clone(), ResolverCells { recursor, behaviour });
    Ok(())
}

fn roots(plan: &Plan) -> Result<Vec<RootServer>, LabError> {
    let servers = plan.zone(".").map(|root| root.servers.as_slice()).unwrap_or_default();
    servers
        .iter()
        .map(|server| {
            Ok(RootServer { name: name(&server.name)?, addresses: server.addresses.clone() })
        })
        .collect()
}

/// Questions of a resolver leave from its own machine.
fn factory(machine: &Machine, services: &LabServices) -> SocketFactory {
    let (sockets, machine) = (services.sockets.clone(), machine.name.clone());
    SocketFactory::new(move |transport, server| sockets.outgoing(&machine, transport, server))
}
