//! From the words of a topology file to a [`Plan`]: every name is looked up,
//! every address parsed, and what cannot work is refused with its position.

use std::net::IpAddr;
use std::ops::Range;

use ipnet::IpNet;
use plumb_evidence::map::LinkKind;
use toml::Spanned;

use super::error::{Source, TopologyError};
use super::file::{File, LinkEntry, MachineEntry, Named, Plug};
use super::names;
use super::plan::{Interface, Link, Machine, Plan, Route, Service};

/// Each machine costs the kernel a network namespace; a lab of more is a
/// mistake on an ordinary machine.
pub(super) const MACHINES_MAX: usize = 64;

/// IFNAMSIZ less the final NUL.
const INTERFACE_NAME_MAX: usize = 15;

/// RFC 1035 section 2.3.4: a machine's name is also a label.
const NAME_MAX: usize = 63;

/// RFC 791 section 3.2 and RFC 8200 section 5: IPv6 needs 1280 bytes.
const MTU_RANGE_BYTES: std::ops::RangeInclusive<u32> = 1280..=65_535;

pub(super) fn plan(file: &File, source: &Source) -> Result<Plan, TopologyError> {
    if file.machine.is_empty() {
        return Err(
            source.error(&(0..0), "no machine: a topology needs at least one [machine.NAME]")
        );
    }
    if file.machine.len() > MACHINES_MAX {
        let message = format!("{} machines; at most {MACHINES_MAX} fit", file.machine.len());
        return Err(source.error(&(0..0), message));
    }
    let mut links = links(file, source)?;
    let mut machines = Vec::new();
    for (name, entry) in in_file_order(&file.machine) {
        check_name("machine", name, source)?;
        if links.iter().any(|link| link.name == *name.get_ref()) {
            let message = format!("{} is already the name of a link", name.get_ref());
            return Err(source.error(&name.span(), message));
        }
        machines.push(machine(name.get_ref(), entry, file, &mut links, source)?);
    }
    check_links(file, &links, source)?;
    check_duplicates(file, &machines, source)?;
    let mut plan = Plan {
        name: file.name.as_ref().map_or_else(|| stem(source.origin), |name| name.get_ref().clone()),
        machines,
        links,
        zones: Vec::new(),
    };
    resolver(file, &mut plan, source)?;
    plan.zones = names::zones(file, &plan, source)?;
    Ok(plan)
}

fn stem(origin: &str) -> String {
    let file = origin.rsplit('/').next().unwrap_or(origin);
    file.strip_suffix(".toml").unwrap_or(file).to_owned()
}

/// TOML tables are sorted by name; people mean the order in which they wrote.
pub(super) fn in_file_order<T>(table: &Named<T>) -> Vec<(&Spanned<String>, &T)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

fn check_name(what: &str, name: &Spanned<String>, source: &Source) -> Result<(), TopologyError> {
    let text = name.get_ref();
    let letters = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if letters && !text.is_empty() && !text.starts_with('-') && text.len() <= NAME_MAX {
        return Ok(());
    }
    let message = format!(
        "{text:?} cannot name a {what}: letters, digits and dashes, at most {NAME_MAX}, no dash first"
    );
    Err(source.error(&name.span(), message))
}

fn links(file: &File, source: &Source) -> Result<Vec<Link>, TopologyError> {
    let mut links: Vec<Link> = Vec::new();
    let sections: [(LinkKind, &str, &Named<LinkEntry>); 2] =
        [(LinkKind::Lan, "LAN", &file.lan), (LinkKind::Cable, "cable", &file.cable)];
    for (kind, what, table) in sections {
        for (name, entry) in in_file_order(table) {
            check_name(what, name, source)?;
            if links.iter().any(|link| link.name == *name.get_ref()) {
                let message = format!("{} names a LAN and a cable", name.get_ref());
                return Err(source.error(&name.span(), message));
            }
            if let Some(mtu) = &entry.mtu
                && !MTU_RANGE_BYTES.contains(mtu.get_ref())
            {
                let message = format!(
                    "an MTU of {} bytes: it must lie between {} and {}",
                    mtu.get_ref(),
                    MTU_RANGE_BYTES.start(),
                    MTU_RANGE_BYTES.end()
                );
                return Err(source.error(&mtu.span(), message));
            }
            links.push(Link {
                name: name.get_ref().clone(),
                kind,
                mtu_bytes: entry.mtu.as_ref().map(|mtu| *mtu.get_ref()),
                ends: Vec::new(),
            });
        }
    }
    Ok(links)
}

fn machine(
    name: &str,
    entry: &MachineEntry,
    file: &File,
    links: &mut [Link],
    source: &Source,
) -> Result<Machine, TopologyError> {
    let mut machine = Machine {
        name: name.to_owned(),
        domain_name: entry.name.as_ref().map(|name| name.get_ref().clone()),
        interfaces: interfaces(name, entry, links, source)?,
        loopback: Vec::new(),
        routes: Vec::new(),
        forwards: entry.router,
        proxy_arp: entry.proxy_arp,
        masquerade: None,
        filter_inbound: None,
        services: Vec::new(),
        resolvers: Vec::new(),
        search: Vec::new(),
    };
    for (_, addresses) in in_file_order(&entry.hosts) {
        for (word, span) in words(addresses) {
            machine.loopback.push(IpNet::from(address(word, &span, source)?));
        }
    }
    for service in &entry.services {
        machine.services.push(service_word(service, source)?);
    }
    machine.masquerade = own_interface(&machine, entry.masquerade.as_ref(), source)?;
    machine.filter_inbound = own_interface(&machine, entry.filter_inbound.as_ref(), source)?;
    for line in &entry.route {
        let route = route(line, &machine, source)?;
        machine.routes.push(route);
    }
    if let Some(gateways) = &entry.gateway {
        for (word, span) in words(gateways) {
            let route = gateway(word, &span, &machine, source)?;
            machine.routes.push(route);
        }
    }
    if machine.serves(Service::Recursor) && !file.zone.keys().any(|zone| zone.get_ref() == ".") {
        let message = "a resolver needs a root to ask: there is no [zone.\".\"]";
        let span = entry.services.first().map_or(0..0, Spanned::span);
        return Err(source.error(&span, message));
    }
    Ok(machine)
}

fn interfaces(
    machine: &str,
    entry: &MachineEntry,
    links: &mut [Link],
    source: &Source,
) -> Result<Vec<Interface>, TopologyError> {
    let mut plugs: Vec<(LinkKind, &Spanned<String>, &Spanned<Plug>)> = Vec::new();
    plugs.extend(entry.lan.iter().map(|(link, plug)| (LinkKind::Lan, link, plug)));
    plugs.extend(entry.cable.iter().map(|(link, plug)| (LinkKind::Cable, link, plug)));
    plugs.sort_by_key(|(_, link, _)| link.span().start);
    let mut interfaces: Vec<Interface> = Vec::new();
    for (index, (kind, link_name, plug)) in plugs.into_iter().enumerate() {
        let Some(link) =
            links.iter_mut().find(|link| link.kind == kind && link.name == *link_name.get_ref())
        else {
            return Err(source.error(&link_name.span(), no_link(kind, link_name.get_ref(), links)));
        };
        let name = interface_name(index, plug.get_ref(), source)?;
        if interfaces.iter().any(|interface| interface.name == name) {
            let message = format!("{machine} has two interfaces {name}");
            return Err(source.error(&plug.span(), message));
        }
        link.ends.push((machine.to_owned(), name.clone()));
        interfaces.push(Interface {
            addresses: plug_addresses(plug, source)?,
            mac: mac(machine, &name),
            port: (kind == LinkKind::Lan).then(|| port_name(link, machine)),
            link: link.name.clone(),
            name,
        });
    }
    Ok(interfaces)
}

fn no_link(kind: LinkKind, given: &str, links: &[Link]) -> String {
    let what = if kind == LinkKind::Lan { "LAN" } else { "cable" };
    let known: Vec<_> =
        links.iter().filter(|link| link.kind == kind).map(|link| link.name.as_str()).collect();
    match known.as_slice() {
        [] => format!("no {what} is declared; declare [{}.{given}]", what.to_lowercase()),
        known => format!("no {what} {given:?}; declared are {}", known.join(", ")),
    }
}

fn interface_name(index: usize, plug: &Plug, source: &Source) -> Result<String, TopologyError> {
    let Some(given) = &plug.interface else { return Ok(format!("eth{index}")) };
    let name = given.get_ref();
    let sound = (1..=INTERFACE_NAME_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_graphic() && !b"/:@%".contains(&byte))
        && !matches!(name.as_str(), "." | ".." | "lo" | "all" | "default");
    if sound {
        return Ok(name.clone());
    }
    let message =
        format!("{name:?} cannot name an interface (at most {INTERFACE_NAME_MAX} letters)");
    Err(source.error(&given.span(), message))
}

/// The switch's end of the cable from `machine`, short enough for the kernel.
fn port_name(link: &Link, machine: &str) -> String {
    let long = format!("{}.{machine}", link.name);
    if long.len() <= INTERFACE_NAME_MAX {
        return long;
    }
    // FNV over the long name keeps ports apart where the names must be cut.
    format!("p{:010x}", fnv1a(long.as_bytes()) & 0xff_ffff_ffff)
}

fn plug_addresses(plug: &Spanned<Plug>, source: &Source) -> Result<Vec<IpNet>, TopologyError> {
    let owned;
    let text = match (&plug.get_ref().address, &plug.get_ref().plain) {
        (Some(address), _) => address,
        (None, Some(plain)) => {
            owned = Spanned::new(plug.span(), plain.clone());
            &owned
        }
        (None, None) => return Ok(Vec::new()),
    };
    words(text)
        .into_iter()
        .map(|(word, span)| {
            word.parse::<IpNet>().map_err(|_| {
                let message = match word.parse::<IpAddr>() {
                    Ok(_) => format!("{word} needs a prefix length, as in {word}/24"),
                    Err(_) => format!("{word:?} is not an address with a prefix length"),
                };
                source.error(&span, message)
            })
        })
        .collect()
}

/// The words of a comma-separated string, each with its own position.
pub(super) fn words(text: &Spanned<String>) -> Vec<(&str, Range<usize>)> {
    // One byte for the opening quote; strings with escapes point a little off.
    let base = text.span().start + 1;
    let whole = text.get_ref().as_str();
    whole
        .split(',')
        .map(|piece| {
            let word = piece.trim();
            let offset = word.as_ptr() as usize - whole.as_ptr() as usize;
            (word, base + offset..base + offset + word.len())
        })
        .filter(|(word, _)| !word.is_empty())
        .collect()
}

fn address(word: &str, span: &Range<usize>, source: &Source) -> Result<IpAddr, TopologyError> {
    word.parse().map_err(|_| source.error(span, format!("{word:?} is not an IP address")))
}

fn service_word(word: &Spanned<String>, source: &Source) -> Result<Service, TopologyError> {
    Service::from_word(word.get_ref()).ok_or_else(|| {
        let known: Vec<_> = Service::ALL.iter().map(|(known, _)| *known).collect();
        let message = format!("no service {:?}; there are {}", word.get_ref(), known.join(", "));
        source.error(&word.span(), message)
    })
}

fn own_interface(
    machine: &Machine,
    name: Option<&Spanned<String>>,
    source: &Source,
) -> Result<Option<String>, TopologyError> {
    let Some(name) = name else { return Ok(None) };
    if machine.interface(name.get_ref()).is_some() {
        return Ok(Some(name.get_ref().clone()));
    }
    let known: Vec<_> = machine.interfaces.iter().map(|own| own.name.as_str()).collect();
    let message = format!(
        "{} has no interface {:?}; it has {}",
        machine.name,
        name.get_ref(),
        known.join(", ")
    );
    Err(source.error(&name.span(), message))
}

/// `192.168.1.1` or `fe80::1%eth0`: a default route.
fn gateway(
    word: &str,
    span: &Range<usize>,
    machine: &Machine,
    source: &Source,
) -> Result<Route, TopologyError> {
    let (bare, device) = match word.split_once('%') {
        Some((bare, device)) => (bare, Some(device.to_owned())),
        None => (word, None),
    };
    let via = address(bare, span, source)?;
    if let Some(device) = &device {
        let device = Spanned::new(span.clone(), device.clone());
        own_interface(machine, Some(&device), source)?;
    } else if !machine
        .interfaces
        .iter()
        .any(|own| own.addresses.iter().any(|net| net.contains(&via)))
    {
        let message = format!("gateway {via} lies in no network of {}", machine.name);
        return Err(source.error(span, message));
    }
    Ok(Route { to: default_of(via), via: Some(via), device, unreachable: false })
}

fn default_of(via: IpAddr) -> IpNet {
    match via {
        IpAddr::V4(_) => IpNet::V4(ipnet::Ipv4Net::default()),
        IpAddr::V6(_) => IpNet::V6(ipnet::Ipv6Net::default()),
    }
}

/// `[unreachable] PREFIX|default [via ADDRESS] [dev INTERFACE]`, as `ip route`.
fn route(
    line: &Spanned<String>,
    machine: &Machine,
    source: &Source,
) -> Result<Route, TopologyError> {
    let span = line.span();
    let bad = |message: String| source.error(&span, message);
    let mut tokens = line.get_ref().split_whitespace().peekable();
    let unreachable = tokens.next_if_eq(&"unreachable").is_some();
    let to = tokens.next().ok_or_else(|| bad("an empty route".to_owned()))?;
    let (mut via, mut device) = (None, None);
    while let Some(key) = tokens.next() {
        let value = tokens.next().ok_or_else(|| bad(format!("{key} what?")))?;
        match key {
            "via" => via = Some(address(value, &span, source)?),
            "dev" => device = Some(Spanned::new(span.clone(), value.to_owned())),
            _ => return Err(bad(format!("{key:?} in a route; known are via and dev"))),
        }
    }
    let device = own_interface(machine, device.as_ref(), source)?;
    let to = match (to, via) {
        ("default", Some(via)) => default_of(via),
        ("default", None) => return Err(bad("a default route needs via".to_owned())),
        (prefix, _) => prefix
            .parse::<IpNet>()
            .or_else(|_| prefix.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| bad(format!("{prefix:?} is neither a prefix nor an address")))?,
    };
    if !unreachable && via.is_none() && device.is_none() {
        return Err(bad("a route needs via, dev, or both".to_owned()));
    }
    Ok(Route { to, via, device, unreachable })
}

fn check_links(file: &File, links: &[Link], source: &Source) -> Result<(), TopologyError> {
    for (name, _) in in_file_order(&file.cable) {
        let ends = links
            .iter()
            .find(|link| link.name == *name.get_ref())
            .map_or(0, |link| link.ends.len());
        if ends != 2 {
            let message =
                format!("cable {} has {ends} ends; it needs two machines", name.get_ref());
            return Err(source.error(&name.span(), message));
        }
    }
    Ok(())
}

/// No two machines of one link may have the same address.
fn check_duplicates(
    file: &File,
    machines: &[Machine],
    source: &Source,
) -> Result<(), TopologyError> {
    let mut seen: Vec<(&str, IpAddr, &str)> = Vec::new();
    for machine in machines {
        for interface in &machine.interfaces {
            for net in &interface.addresses {
                let twin = seen.iter().find(|(link, address, owner)| {
                    *link == interface.link && *address == net.addr() && *owner != machine.name
                });
                if let Some((link, address, owner)) = twin {
                    let span = file.machine.keys().find(|name| *name.get_ref() == machine.name);
                    let message =
                        format!("{} and {owner} both have {address} on {link}", machine.name);
                    return Err(source.error(&span.map_or(0..0, Spanned::span), message));
                }
                seen.push((&interface.link, net.addr(), &machine.name));
            }
        }
    }
    Ok(())
}

fn resolver(file: &File, plan: &mut Plan, source: &Source) -> Result<(), TopologyError> {
    let Some(entry) = &file.resolver else { return Ok(()) };
    let mut servers = Vec::new();
    for (word, span) in words(&entry.server) {
        let server = address(word, &span, source)?;
        if plan.owner_of(server).is_none() {
            return Err(source.error(&span, format!("no machine has the address {server}")));
        }
        servers.push(server);
    }
    let search: Vec<String> = entry
        .search
        .as_ref()
        .map(|search| words(search).into_iter().map(|(word, _)| word.to_owned()).collect())
        .unwrap_or_default();
    for machine in &mut plan.machines {
        machine.resolvers.clone_from(&servers);
        machine.search.clone_from(&search);
    }
    Ok(())
}

/// A hardware address that is the same in every run: unicast, locally
/// administered (IEEE 802 section 8.2), the rest a hash of the names.
fn mac(machine: &str, interface: &str) -> [u8; 6] {
    let hash = fnv1a(format!("{machine}:{interface}").as_bytes()).to_be_bytes();
    [0x02, hash[3], hash[4], hash[5], hash[6], hash[7]]
}

/// FNV-1a, 64 bits: spreads short names well, and needs no library.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
