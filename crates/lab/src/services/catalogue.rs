//! What each machine offers, as its topology says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use plumb_serve::core::{
    DatagramService, Limits, ServeError, Server, Service as Conversation, Transport,
};
use plumb_serve::echo::Echo;
use plumb_serve::http::Site;
use plumb_serve::small::{Daytime, Discard, Greeting, Protocol};
use plumb_serve::tls::TlsSite;
use plumb_wire::transport::port;

use super::{LabServices, Offer, Opened, WebCells, names};
use crate::error::LabError;
use crate::topology::{Machine, Plan, Service, names_of};

pub(super) fn offers(
    plan: &Plan,
    machine: &Machine,
    services: &mut LabServices,
) -> Result<Vec<Offer>, LabError> {
    let mut offers = Vec::new();
    small(machine, &mut offers);
    for service in &machine.services {
        match service {
            Service::Http => web(plan, machine, services, &mut offers),
            Service::Https => secure_web(plan, machine, services, &mut offers),
            Service::Recursor => names::recursor(plan, machine, services, &mut offers)?,
            Service::Authority => names::authority(machine, services, &mut offers),
            _ => greeting(plan, machine, *service, services, &mut offers),
        }
    }
    Ok(offers)
}

/// Echo, discard and daytime (RFC 862, 863, 867), on every machine.
fn small(machine: &Machine, offers: &mut Vec<Offer>) {
    everywhere(offers, port::ECHO, Limits::conversation(), Echo::default);
    everywhere(offers, port::DISCARD, Limits::conversation(), || Discard);
    everywhere(offers, port::DAYTIME, Limits::conversation(), || Daytime);
    datagrams(machine, offers, port::ECHO, Echo::default());
    datagrams(machine, offers, port::DISCARD, Discard);
    datagrams(machine, offers, port::DAYTIME, Daytime);
}

fn cells(machine: &Machine, services: &mut LabServices) -> WebCells {
    services.web.entry(machine.name.clone()).or_default().clone()
}

fn site(machine: &Machine, services: &mut LabServices) -> Site {
    Site::new(cells(machine, services).site).with_authority(&services.ca)
}

fn web(_: &Plan, machine: &Machine, services: &mut LabServices, offers: &mut Vec<Offer>) {
    let site = site(machine, services);
    everywhere(offers, port::HTTP, Limits::default(), move || site.clone());
}

fn secure_web(plan: &Plan, machine: &Machine, services: &mut LabServices, offers: &mut Vec<Offer>) {
    let site = site(machine, services);
    let tls = cells(machine, services).tls;
    let names = certified_names(plan, machine);
    let ca = Arc::clone(&services.ca);
    everywhere(offers, port::HTTPS, Limits::default(), move || {
        TlsSite::new(Arc::clone(&ca), names.clone(), tls.clone(), site.clone())
    });
}

/// A machine without a name is known by its addresses.
fn certified_names(plan: &Plan, machine: &Machine) -> Vec<String> {
    let names = names_of(plan, machine);
    if names.is_empty() {
        return machine.addresses().map(|address| address.to_string()).collect();
    }
    names
}

/// The greeting of a protocol that is served in full another day.
fn greeting(
    plan: &Plan,
    machine: &Machine,
    service: Service,
    services: &LabServices,
    offers: &mut Vec<Offer>,
) {
    let name = certified_names(plan, machine).into_iter().next().unwrap_or_default();
    let (port, protocol, secure) = match service {
        Service::Ssh => (22, Protocol::Ssh, false),
        Service::Ftp => (21, Protocol::Ftp, false),
        Service::Telnet => (23, Protocol::Telnet, false),
        Service::Smtp => (25, Protocol::Smtp, false),
        Service::Pop3 => (110, Protocol::Pop3, false),
        Service::Pop3s => (995, Protocol::Pop3, true),
        Service::Imap => (143, Protocol::Imap, false),
        Service::Imaps => (993, Protocol::Imap, true),
        Service::Http | Service::Https | Service::Recursor | Service::Authority => return,
    };
    let greeting = Greeting::new(protocol, name);
    if !secure {
        everywhere(offers, port, Limits::conversation(), move || greeting.clone());
        return;
    }
    let names = certified_names(plan, machine);
    let ca = Arc::clone(&services.ca);
    everywhere(offers, port, Limits::conversation(), move || {
        TlsSite::new(Arc::clone(&ca), names.clone(), Default::default(), greeting.clone())
            .without_alpn()
    });
}

/// Connections to any address of the machine.
fn everywhere<S: Conversation>(
    offers: &mut Vec<Offer>,
    port: u16,
    limits: Limits,
    make: impl Fn() -> S + Send + Sync + Clone + 'static,
) {
    for any in [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)] {
        connections(offers, SocketAddr::new(any, port), limits.clone(), make.clone());
    }
}

pub(super) fn connections<S: Conversation>(
    offers: &mut Vec<Offer>,
    at: SocketAddr,
    limits: Limits,
    make: impl Fn() -> S + Send + Sync + 'static,
) {
    let attach = move |server: &Server, socket: Opened| match socket {
        Opened::Tcp(listener) => server.tcp(listener, make()).map(drop),
        Opened::Udp(_) => Err(wrong_socket(Transport::Tcp, at)),
    };
    offers.push(Offer { transport: Transport::Tcp, at, limits, attach: Box::new(attach) });
}

/// Answers to datagrams must leave from the address that was asked; so there is
/// a socket for each.
fn datagrams<S: DatagramService + Clone>(
    machine: &Machine,
    offers: &mut Vec<Offer>,
    port: u16,
    service: S,
) {
    let local = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    for address in machine.addresses().chain(local) {
        let service = service.clone();
        datagrams_at(offers, SocketAddr::new(address, port), Limits::default(), move || {
            service.clone()
        });
    }
}

pub(super) fn datagrams_at<S: DatagramService>(
    offers: &mut Vec<Offer>,
    at: SocketAddr,
    limits: Limits,
    make: impl Fn() -> S + Send + Sync + 'static,
) {
    let attach = move |server: &Server, socket: Opened| match socket {
        Opened::Udp(socket) => server.udp(socket, make()).map(drop),
        Opened::Tcp(_) => Err(wrong_socket(Transport::Udp, at)),
    };
    offers.push(Offer { transport: Transport::Udp, at, limits, attach: Box::new(attach) });
}

/// Whoever opens sockets gives what was asked for; this is for whoever does not.
fn wrong_socket(transport: Transport, at: SocketAddr) -> ServeError {
    let source = std::io::Error::from(std::io::ErrorKind::InvalidInput);
    ServeError { transport, local: Some(at.into()), source }
}
