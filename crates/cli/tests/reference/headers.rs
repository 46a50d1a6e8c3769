//! Numbers as the kernel's headers, the C library's, the system's lists of
//! services and protocols, and tshark have them.

use std::collections::BTreeMap;
use std::fs;

use plumb_evidence::reference::{Kind, Number, Page, word};

use super::Complaints;
use super::agreement::alike;
use super::ground::installed;

/// Constants of a header, by name: `#define NAME 1`, and `NAME = 1,` of an enum.
struct Constants(BTreeMap<String, i64>);

impl Constants {
    /// Of all these files; says SKIP where one is missing.
    fn of(files: &[&str]) -> Option<Constants> {
        let mut constants = BTreeMap::new();
        for file in files {
            let Ok(text) = fs::read_to_string(file) else {
                println!("SKIP: there is no {file} (packages linux-libc-dev, libc6-dev, netbase)");
                return None;
            };
            for line in text.lines() {
                let line = line.split("/*").next().unwrap_or_default().trim();
                let (name, value) = match line.strip_prefix('#') {
                    Some(rest) => {
                        let rest = rest.trim_start().strip_prefix("define").unwrap_or_default();
                        rest.trim().split_once(char::is_whitespace).unwrap_or_default()
                    }
                    None => line.trim_end_matches(',').split_once('=').unwrap_or_default(),
                };
                if let Some(value) = number(value) {
                    constants.entry(name.trim().to_owned()).or_insert(value);
                }
            }
        }
        Some(Constants(constants))
    }

    /// The number of the first of a page's names that is known here, with
    /// `prefix` before it.
    fn find(&self, prefix: &str, page: Page) -> Option<(&str, i64)> {
        let names: Vec<&str> = [page.key, page.title()].into_iter().chain(page.aka()).collect();
        let wanted: Vec<String> = names.iter().map(|name| format!("{prefix}{name}")).collect();
        let found =
            self.0.iter().find(|(known, _)| wanted.iter().any(|name| word::same(name, known)));
        found.map(|(name, number)| (name.as_str(), *number))
    }

    /// Each page whose name the headers know has their number; at least
    /// `known_min` pages are known.
    fn agree(&self, prefix: &str, pages: impl Iterator<Item = Page>, known_min: usize) {
        let mut complaints = Complaints::default();
        let mut known = 0;
        for page in pages {
            let Some((name, number)) = self.find(prefix, page) else { continue };
            known += 1;
            let right = page.number() == Some(Number::Plain(number));
            complaints.unless(right, format!("{}: {name} is {number}", page.topic()));
        }
        complaints.unless(known >= known_min, format!("{prefix}: only {known} names are known"));
        complaints.end();
    }
}

fn number(text: &str) -> Option<i64> {
    let text = text.trim().trim_start_matches('(').trim_end_matches(')').trim();
    match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[test]
fn errnos_are_those_of_the_kernel() {
    let files = ["/usr/include/asm-generic/errno-base.h", "/usr/include/asm-generic/errno.h"];
    let Some(constants) = Constants::of(&files) else { return };
    constants.agree("", Kind::Errno.pages(), 40);
}

#[test]
fn errors_of_getaddrinfo_are_those_of_the_c_library() {
    let Some(constants) = Constants::of(&["/usr/include/netdb.h"]) else { return };
    constants.agree("", Kind::Eai.pages(), 10);
}

#[test]
fn socket_options_are_those_of_the_kernel() {
    let Some(constants) = Constants::of(&[
        "/usr/include/asm-generic/socket.h",
        "/usr/include/linux/in.h",
        "/usr/include/linux/in6.h",
        "/usr/include/linux/tcp.h",
        "/usr/include/linux/udp.h",
        "/usr/include/linux/if_packet.h",
    ]) else {
        return;
    };
    constants.agree("", Kind::Sockopt.pages(), 30);
}

#[test]
fn ether_types_are_those_of_the_kernel() {
    let Some(constants) = Constants::of(&["/usr/include/linux/if_ether.h"]) else { return };
    constants.agree("ETH_P_", Kind::EtherType.pages(), 4);
    let known: Vec<i64> = constants.0.values().copied().collect();
    let listed = Kind::EtherType.pages().filter(|page| match page.number() {
        Some(Number::Plain(number)) => known.contains(&number),
        _ => false,
    });
    assert!(listed.count() >= 8);
}

#[test]
fn states_of_tcp_are_those_of_the_kernel() {
    let files = ["/usr/include/linux/bpf.h"];
    let Ok(text) = fs::read_to_string(files[0]) else {
        println!("SKIP: there is no {} (package linux-libc-dev)", files[0]);
        return;
    };
    // Counted from 1, the first of them alone having a number.
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("BPF_TCP_")?.split([',', ' ']).next())
        .collect();
    let mut complaints = Complaints::default();
    for (number, name) in (1..=11).zip(&names) {
        let short = |name: &str| word::fold(name).replace("fin-wait", "fin-wait-");
        let page = Kind::Tcp.pages().find(|page| {
            let names = [page.key].into_iter().chain(page.aka());
            page.fact("is") == Some("state")
                && names.into_iter().any(|known| {
                    short(known).replace("--", "-").replace('-', "") == short(name).replace('-', "")
                        || (*name == "SYN_RECV" && word::same(known, "SYN-RECEIVED"))
                        || (*name == "CLOSE" && word::same(known, "CLOSED"))
                })
        });
        let right = page.and_then(Page::number) == Some(Number::Plain(number));
        complaints.unless(right, format!("{name} is {number}"));
    }
    complaints.end();
}

/// Names of a number in a list such as /etc/services: `name number[/protocol]
/// alias...`.
fn listed(text: &str) -> impl Iterator<Item = (i64, Vec<&str>)> {
    text.lines().filter_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let name = words.next()?;
        let number = words.next()?.split('/').next()?.parse().ok()?;
        Some((number, [name].into_iter().chain(words).collect()))
    })
}

fn agree_with_list(file: &str, kind: Kind, known_min: usize) {
    let Ok(text) = fs::read_to_string(file) else {
        println!("SKIP: there is no {file} (package netbase)");
        return;
    };
    let mut complaints = Complaints::default();
    let mut known = 0;
    for page in kind.pages() {
        let Some(Number::Plain(number)) = page.number() else { continue };
        let names: Vec<&str> = listed(&text)
            .filter(|(listed, _)| *listed == number)
            .flat_map(|(_, names)| names)
            .collect();
        if names.is_empty() {
            continue;
        }
        known += 1;
        let own: Vec<&str> = [page.key, page.title()].into_iter().chain(page.aka()).collect();
        let called = names.iter().any(|name| own.iter().any(|own| word::same(own, name)));
        complaints.unless(called, format!("{}: {file} calls it {names:?}", page.topic()));
    }
    complaints.unless(known >= known_min, format!("{file}: only {known} numbers are known"));
    complaints.end();
}

#[test]
fn ports_are_those_of_the_system() {
    agree_with_list("/etc/services", Kind::Port, 30);
}

#[test]
fn protocols_are_those_of_the_system() {
    agree_with_list("/etc/protocols", Kind::Proto, 15);
    let Some(constants) = Constants::of(&["/usr/include/linux/in.h"]) else { return };
    constants.agree("IPPROTO_", Kind::Proto.pages(), 8);
}

/// Letters and digits of a name, lower case.
fn compact(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
}

#[test]
fn numbers_are_those_of_tshark() {
    const FIELDS: [(&str, Kind, usize); 9] = [
        ("tls.handshake.ciphersuite", Kind::Suite, 30),
        ("tls.handshake.extensions_supported_group", Kind::Group, 10),
        ("tls.alert_message.desc", Kind::Alert, 25),
        ("dns.qry.type", Kind::Rtype, 60),
        ("dns.flags.rcode", Kind::Rcode, 15),
        ("icmpv6.type", Kind::Icmpv6, 15),
        ("tcp.option_kind", Kind::Tcp, 8),
        ("ip.proto", Kind::Proto, 15),
        ("eth.type", Kind::EtherType, 8),
    ];
    /// Which tshark calls by words that no registry has, or by those that
    /// experiments had before.
    const OTHERWISE: [&str; 9] = [
        // /etc/protocols has that name for 94.
        "proto:4",
        "group:MLKEM512",
        "group:MLKEM768",
        "group:MLKEM1024",
        "rcode:YXRRSET",
        "rcode:BADTIME",
        "tcp:timestamps",
        "tcp:unassigned-76",
        "tcp:unassigned-78",
    ];
    if !installed("tshark") {
        return;
    }
    let output = std::process::Command::new("tshark").args(["-G", "values"]).output().unwrap();
    let values = String::from_utf8_lossy(&output.stdout);
    let mut complaints = Complaints::default();
    for (field, kind, known_min) in FIELDS {
        let prefix = format!("V\t{field}\t");
        let names: BTreeMap<i64, &str> = values
            .lines()
            .filter_map(|line| line.strip_prefix(&prefix)?.split_once('\t'))
            .filter_map(|(value, name)| Some((number(value)?, name)))
            .collect();
        let mut known = 0;
        for page in kind.pages() {
            let Some(Number::Plain(number)) = page.number() else { continue };
            let Some(name) = names.get(&number) else { continue };
            // Given out since that tshark was built.
            if *name == "Unassigned" {
                continue;
            }
            if kind == Kind::Tcp && page.fact("is") != Some("option") {
                continue;
            }
            known += 1;
            let own = [page.key, page.title()].into_iter().chain(page.aka());
            let called = own.map(compact).any(|own| compact(name).contains(&own));
            let right = called || alike(page, name) || OTHERWISE.contains(&page.topic().as_str());
            complaints.unless(right, format!("{}: tshark calls it {name:?}", page.topic()));
        }
        complaints.unless(known >= known_min, format!("{field}: only {known} numbers are known"));
    }
    complaints.end();
}
