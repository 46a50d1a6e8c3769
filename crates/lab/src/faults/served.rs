//! The changes to what is served: names, certificates, sites, ports.

use std::net::IpAddr;

use plumb_serve::core::Transport;
use plumb_serve::dns::{AuthorityBehaviour, Lookup, ResolverBehaviour, Zone, ZoneSet};
use plumb_serve::http::SiteBehaviour;
use plumb_serve::tls::TlsBehaviour;
use plumb_wire::dns::{Name, Rdata, Rtype};
use plumb_wire::transport::port;

use super::FaultError;
use super::change::{Change, ResolverChange, ZoneEdit};
use super::ground::Ground;

/// The TTL of a record that a fault adds beside nothing.
const TTL_S: u32 = 300;

/// A service that faults change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cell {
    Zones,
    Authority(String),
    Resolver(String),
    Tls(String),
    Site(String),
    Port(String, u16),
}

impl Cell {
    /// The cell that a change is about, if it is about a service.
    pub(super) fn of(change: &Change) -> Option<Cell> {
        Some(match change {
            Change::Zone(_) => Cell::Zones,
            Change::RefuseZone { machine, .. } | Change::SilentAuthority { machine } => {
                Cell::Authority(machine.clone())
            }
            Change::Resolver { machine, .. } => Cell::Resolver(machine.clone()),
            Change::Tls { machine, .. } => Cell::Tls(machine.clone()),
            Change::Site { machine, .. } => Cell::Site(machine.clone()),
            Change::PortClosed { machine, port } => Cell::Port(machine.clone(), *port),
            _ => return None,
        })
    }

    /// Why this lab has no such service, if it has none.
    pub(super) fn is_missing(&self, ground: &dyn Ground) -> Option<String> {
        let services = ground.services();
        let there = match self {
            Cell::Zones => true,
            Cell::Authority(machine) => services.authorities().on(machine).next().is_some(),
            Cell::Resolver(machine) => services.resolver(machine).is_some(),
            Cell::Tls(machine) | Cell::Site(machine) => services.web(machine).is_some(),
            Cell::Port(machine, port) => services.has_port(machine, Transport::Tcp, *port),
        };
        let what = match self {
            Cell::Port(machine, port) => format!("nothing listens on port {port} of {machine}"),
            other => format!("this lab has no {other:?}"),
        };
        (!there).then_some(what)
    }

    /// How many connections and questions the service has met so far; `None`
    /// where it cannot be met, being closed.
    pub(super) fn met(&self, ground: &dyn Ground) -> Option<u64> {
        let services = ground.services();
        let met = |machine: &str, ports: &[u16]| {
            ports.iter().map(|port| services.used(machine, *port)).sum::<u64>()
        };
        match self {
            Cell::Zones => {
                let mut machines: Vec<&str> = Vec::new();
                for server in services.authorities().servers() {
                    if !machines.contains(&server.machine.as_str()) {
                        machines.push(&server.machine);
                    }
                }
                Some(machines.into_iter().map(|machine| met(machine, &[port::DNS])).sum())
            }
            Cell::Authority(machine) | Cell::Resolver(machine) => Some(met(machine, &[port::DNS])),
            Cell::Tls(machine) => Some(met(machine, &[port::HTTPS])),
            Cell::Site(machine) => Some(met(machine, &[port::HTTP, port::HTTPS])),
            Cell::Port(..) => None,
        }
    }

    /// Brings the service into the state that these changes make of the
    /// healthy one.
    pub(super) fn settle(
        &self,
        changes: &[&Change],
        ground: &dyn Ground,
    ) -> Result<(), FaultError> {
        let services = ground.services();
        match self {
            Cell::Zones => settle_zones(changes, ground)?,
            Cell::Authority(machine) => {
                let behaviour = authority_behaviour(machine, changes)?;
                for server in services.authorities().on(machine) {
                    server.behaviour.set(behaviour.clone());
                }
            }
            Cell::Resolver(machine) => {
                if let Some(cells) = services.resolver(machine) {
                    cells.behaviour.set(resolver_behaviour(machine, changes)?);
                }
            }
            Cell::Tls(machine) => {
                if let Some(cells) = services.web(machine) {
                    cells.tls.set(tls_behaviour(machine, changes));
                }
            }
            Cell::Site(machine) => {
                if let Some(cells) = services.web(machine) {
                    cells.site.set(site_behaviour(machine, changes));
                }
            }
            Cell::Port(machine, port) => settle_port(machine, *port, changes, ground)?,
        }
        if matches!(self, Cell::Zones | Cell::Authority(_) | Cell::Resolver(_)) {
            // Else a fault would show, or heal, only when a TTL is over.
            services.resolvers().for_each(|(_, cells)| cells.recursor.flush());
        }
        Ok(())
    }
}

/// Whether a change is one to a service.
pub(super) fn is_served(change: &Change) -> bool {
    Cell::of(change).is_some()
}

fn settle_port(
    machine: &str,
    port: u16,
    changes: &[&Change],
    ground: &dyn Ground,
) -> Result<(), FaultError> {
    let closed = changes.iter().any(|change| {
        matches!(change, Change::PortClosed { machine: m, port: p } if m == machine && *p == port)
    });
    let services = ground.services();
    if closed {
        services.close_port(machine, Transport::Tcp, port);
        return Ok(());
    }
    services.open_port(machine, Transport::Tcp, port).map_err(|error| FaultError::Apply {
        what: format!("open port {port}"),
        place: machine.to_owned(),
        why: error.to_string(),
    })
}

fn tls_behaviour(machine: &str, changes: &[&Change]) -> TlsBehaviour {
    let last = changes.iter().rev().find_map(|change| match change {
        Change::Tls { machine: m, behaviour } if m == machine => Some(behaviour.clone()),
        _ => None,
    });
    last.unwrap_or_default()
}

/// Faults of one site add up; where two say the same thing, the later holds.
fn site_behaviour(machine: &str, changes: &[&Change]) -> SiteBehaviour {
    let mut sum = SiteBehaviour::default();
    for change in changes {
        let Change::Site { machine: m, behaviour } = change else { continue };
        if m != machine {
            continue;
        }
        let SiteBehaviour {
            silent,
            delay,
            status,
            redirect,
            truncate_body,
            stall_body,
            corrupt_gzip,
            close,
            reset,
        } = behaviour.clone();
        sum.silent |= silent;
        sum.delay = delay.or(sum.delay);
        sum.status = status.or(sum.status);
        sum.redirect = redirect.or(sum.redirect);
        sum.truncate_body |= truncate_body;
        sum.stall_body |= stall_body;
        sum.corrupt_gzip |= corrupt_gzip;
        sum.close |= close;
        sum.reset |= reset;
    }
    sum
}

fn authority_behaviour(
    machine: &str,
    changes: &[&Change],
) -> Result<AuthorityBehaviour, FaultError> {
    let mut behaviour = AuthorityBehaviour::default();
    for change in changes {
        match change {
            Change::RefuseZone { machine: m, zone } if m == machine => {
                behaviour.lame.push(name(zone)?);
            }
            Change::SilentAuthority { machine: m } if m == machine => behaviour.silent = true,
            _ => {}
        }
    }
    Ok(behaviour)
}

fn resolver_behaviour(machine: &str, changes: &[&Change]) -> Result<ResolverBehaviour, FaultError> {
    let mut sum = ResolverBehaviour::default();
    for change in changes {
        let Change::Resolver { machine: m, behaviour } = change else { continue };
        if m != machine {
            continue;
        }
        match behaviour {
            ResolverChange::Servfail { below } => sum.servfail.push(name(below)?),
            ResolverChange::TruncateUdp => sum.truncate_udp = true,
            ResolverChange::Delay(delay) => sum.delay = Some(*delay),
            ResolverChange::Refuse => sum.refuse = true,
            ResolverChange::Malformed => sum.malformed = true,
        }
    }
    Ok(sum)
}

fn settle_zones(changes: &[&Change], ground: &dyn Ground) -> Result<(), FaultError> {
    for server in ground.services().authorities().servers() {
        let mut zones = server.healthy.clone();
        for change in changes {
            if let Change::Zone(edit) = change {
                edit_zones(&mut zones, edit)?;
            }
        }
        server.zones.set(zones);
    }
    Ok(())
}

fn edit_zones(zones: &mut ZoneSet, edit: &ZoneEdit) -> Result<(), FaultError> {
    let name = name(edit.name())?;
    if let ZoneEdit::Remove { .. } = edit {
        remove_below(zones, &name);
        return Ok(());
    }
    let Some(origin) = zones.find(&name).map(|zone| zone.origin().clone()) else { return Ok(()) };
    let Some(zone) = zones.get_mut(&origin) else { return Ok(()) };
    // A parent zone, which knows only who is asked for the name.
    if matches!(zone.lookup(&name, Rtype::A), Lookup::Referral { .. }) {
        return Ok(());
    }
    let ttl_s = zone.records().find(|r| r.name == name).map_or(TTL_S, |record| record.ttl_s);
    let edited = match edit {
        ZoneEdit::Remove { .. } => Ok(()),
        ZoneEdit::RemoveAddresses { .. } => {
            zone.remove(&name, Some(Rtype::A));
            zone.remove(&name, Some(Rtype::Aaaa));
            Ok(())
        }
        ZoneEdit::Alias { target, .. } => {
            let target = self::name(target)?;
            zone.remove(&name, None);
            zone.replace(&name, Rtype::Cname, ttl_s, [Rdata::Cname(target)])
        }
        ZoneEdit::SetAddress { address, .. } => {
            zone.replace(&name, rtype_of(*address), ttl_s, [rdata_of(*address)])
        }
        ZoneEdit::AddAddressFirst { address, .. } => {
            let rtype = rtype_of(*address);
            let others: Vec<Rdata> = addresses_at(zone, &name, rtype);
            let all = [rdata_of(*address)].into_iter().chain(others);
            zone.replace(&name, rtype, ttl_s, all)
        }
    };
    edited.map_err(|error| FaultError::Apply {
        what: "edit the zone".to_owned(),
        place: origin.to_string(),
        why: error.to_string(),
    })
}

/// Takes away a name and all below it: a name with names below would still
/// exist, and so would a zone to which the parent still refers.
fn remove_below(zones: &mut ZoneSet, top: &Name) {
    let origins: Vec<Name> = zones.iter().map(|zone| zone.origin().clone()).collect();
    for origin in origins {
        if origin.is_within(top) {
            zones.remove(&origin);
            continue;
        }
        let Some(zone) = zones.get_mut(&origin) else { continue };
        let below = zone.records().filter(|record| record.name.is_within(top));
        let gone: Vec<Name> = below.map(|record| record.name.clone()).collect();
        for name in &gone {
            zone.remove(name, None);
        }
    }
}

fn addresses_at(zone: &Zone, name: &Name, rtype: Rtype) -> Vec<Rdata> {
    let own = zone.records().filter(|record| record.name == *name && record.rtype() == rtype);
    own.map(|record| record.data.clone()).collect()
}

fn rtype_of(address: IpAddr) -> Rtype {
    if address.is_ipv4() { Rtype::A } else { Rtype::Aaaa }
}

fn rdata_of(address: IpAddr) -> Rdata {
    match address {
        IpAddr::V4(address) => Rdata::A(address),
        IpAddr::V6(address) => Rdata::Aaaa(address),
    }
}

fn name(text: &str) -> Result<Name, FaultError> {
    text.parse().map_err(|error| FaultError::Refused {
        fault: text.to_owned(),
        why: format!("not a domain name: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn faults_of_one_site_add_up_and_of_another_do_not() {
        let slow = Change::Site {
            machine: "www".to_owned(),
            behaviour: SiteBehaviour {
                delay: Some(Duration::from_secs(1)),
                ..SiteBehaviour::default()
            },
        };
        let failing = Change::Site {
            machine: "www".to_owned(),
            behaviour: SiteBehaviour { status: Some(500), ..SiteBehaviour::default() },
        };
        let sum = site_behaviour("www", &[&slow, &failing]);
        assert_eq!((sum.delay, sum.status), (Some(Duration::from_secs(1)), Some(500)));
        assert_eq!(site_behaviour("mail", &[&slow]), SiteBehaviour::default());
        assert_eq!(site_behaviour("www", &[]), SiteBehaviour::default());
    }

    #[test]
    fn a_zone_is_edited_where_it_has_authority_only() {
        let origin: Name = "com".parse().unwrap();
        let mut com = Zone::new(origin, 60, plumb_wire::dns::Soa::default());
        let ns = Rdata::Ns("ns1.example.com".parse().unwrap());
        com.add(plumb_wire::dns::Record::new("example.com".parse().unwrap(), 60, ns)).unwrap();
        let mut zones: ZoneSet = [com].into_iter().collect();
        let healthy = zones.clone();
        let edit = ZoneEdit::SetAddress {
            name: "www.example.com".to_owned(),
            address: "2001:db8:dead::4".parse().unwrap(),
        };
        edit_zones(&mut zones, &edit).unwrap();
        assert_eq!(zones, healthy);
    }
}
