//! The zones of a topology: what the file says, and what follows from the rest
//! of it (each machine's addresses and reverse name, servers and delegations).

use std::net::IpAddr;
use std::ops::Range;

use ipnet::IpNet;
use toml::Spanned;

use super::error::{Source, TopologyError};
use super::file::File;
use super::plan::{Machine, Plan, Zone, ZoneData, ZoneRecord, ZoneServer};
use super::resolve::{in_file_order, words};

/// One hour: long enough for a cache to matter, short enough to be seen
/// counting down.
const TTL_S: u32 = 3600;

pub(super) fn zones(file: &File, plan: &Plan, source: &Source) -> Result<Vec<Zone>, TopologyError> {
    let mut zones: Vec<Zone> = in_file_order(&file.zone)
        .into_iter()
        .map(|(origin, _)| Zone {
            origin: origin.get_ref().to_ascii_lowercase(),
            servers: Vec::new(),
            records: Vec::new(),
        })
        .collect();
    check_parents(file, &zones, source)?;
    for (origin, entry) in in_file_order(&file.zone) {
        for line in &entry.record {
            let made = record(origin.get_ref(), line, plan, source)?;
            for record in made {
                add(&mut zones, record);
            }
        }
    }
    for (machine_name, entry) in in_file_order(&file.machine) {
        let Some(machine) = plan.machine(machine_name.get_ref()) else { continue };
        if let Some(name) = &entry.name {
            let addresses = public_addresses(machine);
            add_host(&mut zones, name.get_ref(), &addresses);
        }
        for (name, addresses) in in_file_order(&entry.hosts) {
            let addresses: Vec<IpAddr> =
                words(addresses).iter().filter_map(|(word, _)| word.parse().ok()).collect();
            add_host(&mut zones, name.get_ref(), &addresses);
        }
    }
    servers(file, &mut zones, source)?;
    delegate(&mut zones);
    Ok(zones)
}

/// The addresses under which others know a machine: what hides behind its own
/// masquerade is known to nobody outside.
fn public_addresses(machine: &Machine) -> Vec<IpAddr> {
    let outside = machine.masquerade.as_deref();
    let mut addresses = Vec::new();
    for interface in &machine.interfaces {
        for address in interface.addresses.iter().map(IpNet::addr) {
            let hidden = address.is_ipv4() && outside.is_some_and(|name| name != interface.name);
            if !hidden && !super::is_link_local(address) && !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
    addresses
}

fn add_host(zones: &mut [Zone], name: &str, addresses: &[IpAddr]) {
    for address in addresses {
        let data = ZoneData::Address(*address);
        add(zones, ZoneRecord { name: name.to_owned(), ttl_s: TTL_S, data });
        let data = ZoneData::Ptr(name.to_owned());
        add(zones, ZoneRecord { name: reverse_name(*address), ttl_s: TTL_S, data });
    }
}

/// Puts a record into the closest zone that encloses its name, once.
fn add(zones: &mut [Zone], record: ZoneRecord) {
    let closest = zones
        .iter_mut()
        .filter(|zone| is_within(&record.name, &zone.origin))
        .max_by_key(|zone| if zone.origin == "." { 0 } else { zone.origin.len() });
    if let Some(zone) = closest
        && !zone.records.contains(&record)
    {
        zone.records.push(record);
    }
}

fn is_within(name: &str, origin: &str) -> bool {
    let (name, origin) = (name.to_ascii_lowercase(), origin.to_ascii_lowercase());
    origin == "."
        || name == origin
        || name.strip_suffix(&origin).is_some_and(|front| front.ends_with('.'))
}

/// The name under which the reverse of an address is asked, RFC 1035 section
/// 3.5 and RFC 3596 section 2.5.
pub(crate) fn reverse_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let mut name = String::with_capacity(72);
            for byte in address.octets().iter().rev() {
                name.push_str(&format!("{:x}.{:x}.", byte & 0xf, byte >> 4));
            }
            name + "ip6.arpa"
        }
    }
}

fn check_parents(file: &File, zones: &[Zone], source: &Source) -> Result<(), TopologyError> {
    let rooted = zones.iter().any(|zone| zone.origin == ".");
    for (origin, entry) in in_file_order(&file.zone) {
        if !rooted {
            let message = "a zone that nothing leads to: there is no [zone.\".\"]";
            return Err(source.error(&origin.span(), message));
        }
        if entry.servers.is_empty() {
            let message = format!("zone {} has no servers", origin.get_ref());
            return Err(source.error(&origin.span(), message));
        }
    }
    Ok(())
}

fn servers(file: &File, zones: &mut [Zone], source: &Source) -> Result<(), TopologyError> {
    for (origin, entry) in in_file_order(&file.zone) {
        let mut servers = Vec::new();
        for server in &entry.servers {
            let name = server.get_ref().trim_end_matches('.').to_ascii_lowercase();
            let addresses = addresses_of(zones, &name);
            if addresses.is_empty() {
                let message = format!("the name server {name} has no address in this topology");
                return Err(source.error(&server.span(), message));
            }
            servers.push(ZoneServer { name, addresses });
        }
        if let Some(zone) =
            zones.iter_mut().find(|zone| zone.origin.eq_ignore_ascii_case(origin.get_ref()))
        {
            zone.servers = servers;
        }
    }
    Ok(())
}

fn addresses_of(zones: &[Zone], name: &str) -> Vec<IpAddr> {
    zones
        .iter()
        .flat_map(|zone| &zone.records)
        .filter(|record| record.name.eq_ignore_ascii_case(name))
        .filter_map(|record| match record.data {
            ZoneData::Address(address) => Some(address),
            _ => None,
        })
        .collect()
}

/// Adds each zone's own NS records, and to its parent the delegation with glue
/// where the server's name lies inside the parent (RFC 1034 section 4.2.1).
fn delegate(zones: &mut [Zone]) {
    let all: Vec<(String, Vec<ZoneServer>)> =
        zones.iter().map(|zone| (zone.origin.clone(), zone.servers.clone())).collect();
    for (origin, servers) in &all {
        let parent = all
            .iter()
            .map(|(candidate, _)| candidate)
            .filter(|candidate| *candidate != origin && is_within(origin, candidate))
            .max_by_key(|candidate| if *candidate == "." { 0 } else { candidate.len() })
            .cloned();
        for zone in zones.iter_mut() {
            let is_parent = parent.as_deref() == Some(zone.origin.as_str());
            if zone.origin != *origin && !is_parent {
                continue;
            }
            for server in servers {
                let data = ZoneData::Ns(server.name.clone());
                push_new(zone, ZoneRecord { name: origin.clone(), ttl_s: TTL_S, data });
                if is_parent && is_within(&server.name, &zone.origin) {
                    for address in &server.addresses {
                        let data = ZoneData::Address(*address);
                        let name = server.name.clone();
                        push_new(zone, ZoneRecord { name, ttl_s: TTL_S, data });
                    }
                }
            }
        }
    }
    // Glue of the root's own server, for the priming query (RFC 8109).
    if let Some(root) = zones.iter_mut().find(|zone| zone.origin == ".") {
        for server in root.servers.clone() {
            for address in server.addresses {
                let data = ZoneData::Address(address);
                push_new(root, ZoneRecord { name: server.name.clone(), ttl_s: TTL_S, data });
            }
        }
    }
}

fn push_new(zone: &mut Zone, record: ZoneRecord) {
    if !zone.records.contains(&record) {
        zone.records.push(record);
    }
}

/// `NAME TYPE DATA`, names relative to the zone unless a dot ends them.
fn record(
    origin: &str,
    line: &Spanned<String>,
    plan: &Plan,
    source: &Source,
) -> Result<Vec<ZoneRecord>, TopologyError> {
    let span = line.span();
    let bad = |message: String| source.error(&span, message);
    let mut parts = line.get_ref().splitn(3, char::is_whitespace);
    let (Some(owner), Some(kind), Some(data)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(bad(format!("{:?} is not NAME TYPE DATA", line.get_ref())));
    };
    let data = data.trim();
    let name = absolute(owner, origin, &span, source)?;
    let target = |word: &str| absolute(word, origin, &span, source);
    let data = match kind {
        "MACHINE" => {
            let Some(machine) = plan.machine(data) else {
                return Err(bad(format!("no machine {data:?}")));
            };
            return Ok(public_addresses(machine)
                .into_iter()
                .map(|address| ZoneRecord {
                    name: name.clone(),
                    ttl_s: TTL_S,
                    data: ZoneData::Address(address),
                })
                .collect());
        }
        "A" | "AAAA" => match data.parse::<IpAddr>() {
            Ok(address) if address.is_ipv4() == (kind == "A") => ZoneData::Address(address),
            _ => return Err(bad(format!("{data:?} is no address for a record of type {kind}"))),
        },
        "CNAME" => ZoneData::Cname(target(data)?),
        "NS" => ZoneData::Ns(target(data)?),
        "PTR" => ZoneData::Ptr(target(data)?),
        "TXT" => ZoneData::Txt(data.trim_matches('"').to_owned()),
        "MX" => {
            let parts = data.split_once(char::is_whitespace);
            let preference = parts.and_then(|(number, _)| number.parse().ok());
            let (Some(preference), Some((_, exchange))) = (preference, parts) else {
                return Err(bad(format!("{data:?} is not PREFERENCE NAME")));
            };
            ZoneData::Mx { preference, exchange: target(exchange.trim())? }
        }
        _ => {
            let known = "A, AAAA, CNAME, MACHINE, MX, NS, PTR, TXT";
            return Err(bad(format!("no record type {kind:?}; there are {known}")));
        }
    };
    Ok(vec![ZoneRecord { name, ttl_s: TTL_S, data }])
}

fn absolute(
    word: &str,
    origin: &str,
    span: &Range<usize>,
    source: &Source,
) -> Result<String, TopologyError> {
    let origin = origin.trim_end_matches('.');
    let name = match (word, word.strip_suffix('.')) {
        ("@", _) => return Ok(if origin.is_empty() { ".".to_owned() } else { origin.to_owned() }),
        (_, Some(absolute)) => absolute.to_owned(),
        (word, None) if origin.is_empty() => word.to_owned(),
        (word, None) => format!("{word}.{origin}"),
    };
    match name.parse::<plumb_wire::dns::Name>() {
        Ok(_) => Ok(name),
        Err(error) => Err(source.error(span, format!("{word:?} is not a name: {error}"))),
    }
}

/// Every name whose address is one of `machine`'s, its own first, aliases
/// included: the names for which it must have a certificate.
pub(crate) fn names_of(plan: &Plan, machine: &Machine) -> Vec<String> {
    let addresses = public_addresses(machine);
    let mut names: Vec<String> = machine.domain_name.iter().cloned().collect();
    let records = || plan.zones.iter().flat_map(|zone| &zone.records);
    for record in records() {
        let hit = matches!(&record.data, ZoneData::Address(own) if addresses.contains(own));
        if hit && !names.contains(&record.name) {
            names.push(record.name.clone());
        }
    }
    // Aliases of aliases: a pass per link of the chain, and chains are short.
    for _ in 0..CNAME_CHAIN_MAX {
        for record in records() {
            let hit = matches!(&record.data, ZoneData::Cname(target) if names.contains(target));
            if hit && !names.contains(&record.name) {
                names.push(record.name.clone());
            }
        }
    }
    names
}

/// As many as resolvers commonly follow.
const CNAME_CHAIN_MAX: usize = 8;
