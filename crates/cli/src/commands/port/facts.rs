//! Everything that `plumb port N` says of a port.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use plumb_evidence::reference::{self, Kind, Number};
use plumb_sys::ports;
use plumb_sys::process::Protocol;
use serde::Serialize;

use super::machine::{Class, Listener, Machine, name_of};
use super::read::Asked;
use crate::services::{Service, services};

/// The data of a `port` record.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    pub port: u16,
    /// `well-known`, `registered` or `dynamic`.
    pub class: &'static str,
    pub services: Vec<Named>,
    /// plumb's own page.
    pub reference: Option<Page>,
    /// Whether this user may bind it; null where it was not tried.
    pub may_bind: Option<bool>,
    pub binds: Vec<Bind>,
    pub listeners: Vec<Listener>,
    /// Sockets with this local port that do not listen.
    pub connections: usize,
    /// Whether the kernel gives it to who asks for no port; null where its
    /// range is not known.
    pub ephemeral: Option<bool>,
    /// Whether it is left out of them.
    pub reserved: bool,
}

/// What a file calls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Named {
    pub name: String,
    pub transport: String,
    pub aliases: Vec<String>,
    pub file: PathBuf,
}

/// What the reference says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Page {
    pub topic: String,
    pub title: &'static str,
    #[serde(rename = "use")]
    pub purpose: &'static str,
}

/// An attempt to bind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Bind {
    pub transport: &'static str,
    pub address: IpAddr,
    pub result: Outcome,
    /// The kernel's words.
    pub error: Option<String>,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Bound,
    /// It may be bound, but another socket has it.
    InUse,
    NotPermitted,
    /// The machine has not this address, or there is another error.
    Failed,
}

/// What is looked at for each port.
#[derive(Debug)]
pub(super) struct Look<'a> {
    pub machine: &'a Machine,
    /// What the file of services calls each port.
    pub services: &'a BTreeMap<u16, Vec<Service<'a>>>,
    /// What the reference knows of them.
    pub pages: &'a BTreeMap<u16, reference::Page>,
    pub file: &'a Path,
    pub bind: bool,
}

impl Facts {
    pub(super) fn of(asked: Asked, look: &Look<'_>) -> Facts {
        let Asked { port, transport } = asked;
        let ranges = &look.machine.ranges;
        let transports: Vec<Protocol> = [Protocol::Tcp, Protocol::Udp]
            .into_iter()
            .filter(|protocol| transport.is_none_or(|wanted| wanted == *protocol))
            .collect();
        let names: Vec<&str> = transports.iter().map(|protocol| name_of(*protocol)).collect();
        // Port 0 asks the kernel for any.
        let binds = if look.bind && port != 0 { binds(port, &transports) } else { Vec::new() };
        let listeners = ranges.listeners.iter();
        let listeners = listeners
            .filter(|it| it.address.port() == port && names.contains(&it.transport))
            .cloned()
            .collect();
        Facts {
            port,
            class: Class::of(port).name,
            services: named(port, look, |name| transport.is_none() || names.contains(&name)),
            reference: page(port, look),
            may_bind: may_bind(&binds),
            binds,
            listeners,
            connections: look.machine.connections(port),
            ephemeral: ranges.ephemeral.map(|span| span.has(port)),
            reserved: ranges.is_reserved(port),
        }
    }

    /// The names of it, each with its transports: `domain (tcp, udp)`.
    pub(super) fn names(&self) -> Vec<(&str, Vec<&str>)> {
        let mut names: Vec<(&str, Vec<&str>)> = Vec::new();
        for named in &self.services {
            match names.iter_mut().find(|(name, _)| *name == named.name) {
                Some((_, transports)) => transports.push(&named.transport),
                None => names.push((&named.name, vec![&named.transport])),
            }
        }
        names
    }
}

fn named(port: u16, look: &Look<'_>, wanted: impl Fn(&str) -> bool) -> Vec<Named> {
    let of_port = look.services.get(&port).into_iter().flatten();
    of_port
        .filter(|service| wanted(service.transport))
        .map(|service| Named {
            name: service.name.to_owned(),
            transport: service.transport.to_owned(),
            aliases: service.aliases.iter().map(|&alias| alias.to_owned()).collect(),
            file: look.file.to_owned(),
        })
        .collect()
}

/// The pages of the reference, by port. They are read through once, for up to
/// 65,536 ports.
pub(super) fn pages() -> BTreeMap<u16, reference::Page> {
    let numbered = Kind::Port.pages().filter_map(|page| match page.number()? {
        Number::Plain(port) => Some((u16::try_from(port).ok()?, page)),
        Number::Pair(..) => None,
    });
    numbered.collect()
}

fn page(port: u16, look: &Look<'_>) -> Option<Page> {
    let page = look.pages.get(&port)?;
    let purpose = page.fact("use").unwrap_or_default();
    Some(Page { topic: page.topic(), title: page.title(), purpose })
}

/// The services of a file, by port.
pub(super) fn named_in(file: &str) -> BTreeMap<u16, Vec<Service<'_>>> {
    let mut named: BTreeMap<u16, Vec<Service<'_>>> = BTreeMap::new();
    for service in services(file) {
        named.entry(service.port).or_default().push(service);
    }
    named
}

fn binds(port: u16, transports: &[Protocol]) -> Vec<Bind> {
    let addresses = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let both = transports.iter().flat_map(|protocol| addresses.map(|address| (*protocol, address)));
    both.map(|(protocol, address)| {
        let tried = ports::try_bind(protocol, SocketAddr::new(address, port));
        let result = match tried.as_ref().map_err(std::io::Error::kind) {
            Ok(()) => Outcome::Bound,
            Err(ErrorKind::AddrInUse) => Outcome::InUse,
            Err(ErrorKind::PermissionDenied) => Outcome::NotPermitted,
            Err(_) => Outcome::Failed,
        };
        let error = tried.err().map(|error| error.to_string());
        Bind { transport: name_of(protocol), address, result, error }
    })
    .collect()
}

/// The kernel looks at the permission first, so that a port in use may be bound
/// but for that.
fn may_bind(binds: &[Bind]) -> Option<bool> {
    let results = || binds.iter().map(|bind| bind.result);
    if results().any(|result| result == Outcome::NotPermitted) {
        return Some(false);
    }
    results().any(|result| matches!(result, Outcome::Bound | Outcome::InUse)).then_some(true)
}
