//! Ports as they are asked for: numbers, ranges and names.

use std::collections::BTreeMap;
use std::ops::Range;

use plumb_evidence::reference::{self, Kind, Number, Subject};
use plumb_sys::process::Protocol;

use crate::error::CommandError;
use crate::services::services;
use crate::suggest;

/// A port that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    pub port: u16,
    /// Only of this transport.
    pub transport: Option<Protocol>,
}

/// The ports of all texts, by number, each once.
pub(super) fn ports(texts: &[String], services: &str) -> Result<Vec<Asked>, CommandError> {
    let mut all: BTreeMap<u16, Option<Protocol>> = BTreeMap::new();
    for text in texts {
        let (name, transport) = transport(text)?;
        for port in of(text, name, transport, services)? {
            let known = all.entry(port).or_insert(transport);
            if *known != transport {
                *known = None;
            }
        }
    }
    Ok(all.into_iter().map(|(port, transport)| Asked { port, transport }).collect())
}

/// `53/udp` taken apart.
fn transport(text: &str) -> Result<(&str, Option<Protocol>), CommandError> {
    let Some((name, transport)) = text.split_once('/') else { return Ok((text, None)) };
    if let Some(protocol) = protocol(transport) {
        return Ok((name, Some(protocol)));
    }
    let place = name.len() + 1..text.len();
    Err(if protocol(name).is_some() && !transport.is_empty() {
        CommandError::usage("the transport stands behind the port")
            .at(text, 0..name.len())
            .hint(format!("{transport}/{} would be right", name.to_ascii_lowercase()))
    } else {
        CommandError::usage("the transport is tcp or udp")
            .at(text, place)
            .hint(format!("write {name}/tcp, {name}/udp, or {name} for both"))
    })
}

/// A transport, in any case.
fn protocol(name: &str) -> Option<Protocol> {
    let called = |known: &str| name.eq_ignore_ascii_case(known);
    called("tcp").then_some(Protocol::Tcp).or_else(|| called("udp").then_some(Protocol::Udp))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn of(
    text: &str,
    name: &str,
    transport: Option<Protocol>,
    services: &str,
) -> Result<Vec<u16>, CommandError> {
    if name.trim().is_empty() {
        let error = CommandError::usage("the port is empty").at(text, 0..0);
        return Err(error.hint("write a number from 0 to 65535, a range 8000-8010, or a name"));
    }
    if is_number(name) {
        return Ok(vec![number(text, 0..name.len())?]);
    }
    if let Some((first, last)) = name.split_once('-')
        && is_number(first)
    {
        let place = first.len() + 1..name.len();
        if !is_number(last) {
            let error = CommandError::usage("a range ends with a port").at(text, place);
            return Err(error.hint(format!("for instance {first}-65535")));
        }
        let (first, last) = (number(text, 0..first.len())?, number(text, place)?);
        if first > last {
            return Err(CommandError::usage("the range ends before it begins")
                .at(text, 0..name.len())
                .hint(format!("{last}-{first} would be right")));
        }
        return Ok((first..=last).collect());
    }
    let ports = named(name, transport, services);
    if ports.is_empty() {
        return Err(unknown(text, name, services));
    }
    Ok(ports)
}

/// The number at a place, which has digits only.
fn number(text: &str, place: Range<usize>) -> Result<u16, CommandError> {
    let digits = &text[place.clone()];
    let value = digits.trim_start_matches('0');
    if digits.len() > 1 && digits.starts_with('0') {
        let right = if value.is_empty() { "0" } else { value };
        return Err(CommandError::usage("a port is written without leading zeros")
            .at(text, place.start..place.start + digits.len() - right.len())
            .hint(format!("{right} would be right")));
    }
    digits.parse().map_err(|_| {
        let why = format!("the port {digits} is too large: ports end at 65535");
        CommandError::usage(why).at(text, place).hint("a port has 16 bits: 0 to 65535")
    })
}

/// The ports of a service: those of the machine's names, else those of the
/// reference.
fn named(name: &str, transport: Option<Protocol>, file: &str) -> Vec<u16> {
    let wanted = |transport_there: &str| match transport {
        Some(Protocol::Tcp) => transport_there == "tcp",
        Some(Protocol::Udp) => transport_there == "udp",
        None => true,
    };
    let all = services(file).filter(|service| wanted(service.transport));
    let all: Vec<_> = all.collect();
    let ports = |name: &str| -> Vec<u16> {
        let ports = all.iter().filter(|service| service.is_called(name));
        ports.map(|service| service.port).collect()
    };
    for name in [name, &name.to_ascii_lowercase()] {
        let found = ports(name);
        if !found.is_empty() {
            return found;
        }
    }
    let readings = reference::readings_of(Kind::Port, name).into_iter();
    let pages = readings.filter_map(|reading| match reading.subject {
        Subject::Page(page) => match page.number()? {
            Number::Plain(port) => u16::try_from(port).ok(),
            Number::Pair(..) => None,
        },
        _ => None,
    });
    pages.collect()
}

fn unknown(text: &str, name: &str, file: &str) -> CommandError {
    let error = CommandError::usage(format!("no service is called {name}"));
    let mut known: Vec<&str> = Vec::new();
    for service in services(file) {
        known.push(service.name);
        known.extend(service.aliases);
    }
    let error = error.at(text, 0..name.len());
    let numbers: Vec<&str> = name.split([',', ':']).filter(|part| !part.is_empty()).collect();
    if numbers.iter().all(|part| is_number(part)) && !numbers.is_empty() {
        let right = numbers.join(" ");
        let several = if numbers.len() > 1 { ", with spaces between" } else { "" };
        return error.hint(format!("{right} would be right{several}"));
    }
    let error = error.hint_if(suggest::did_you_mean(name, known));
    error.hint("services are named in /etc/services; write a number for any other")
}
