//! An address and its network, for people.

use std::net::IpAddr;

use plumb_report::text::{COLUMNS_MAX, COLUMNS_MIN, Detail, Layout};
use plumb_report::{Line, Tone, styled};

use super::binary::{self, Place, Row};
use super::facts::{Facts, Network, count_text};

/// Columns before everything, and those of the names at the left.
const INDENT: usize = 2;
const NAME: usize = 12;

/// The whole answer for one address or network.
pub(super) fn lines(facts: &Facts, layout: &Layout) -> Vec<Line> {
    let title = match &facts.network {
        Some(network) => format!("{}/{}", facts.address, network.prefix_length),
        None => facts.address.to_string(),
    };
    if layout.detail == Detail::Quiet {
        let concluded = facts.network.as_ref().map_or(title, |net| net.network.to_string());
        return vec![Line::plain(concluded)];
    }
    let columns = layout.columns.clamp(COLUMNS_MIN, COLUMNS_MAX);
    let place = Place { indent: INDENT, value: INDENT + NAME, columns, unicode: layout.unicode };
    let mut lines = heading(facts, title, columns);
    lines.push(Line::new());
    if let Some(network) = &facts.network {
        lines.extend(picture(facts, network, &place));
        if facts.version == 6 && layout.detail == Detail::Verbose {
            lines.push(Line::new());
            let length = network.prefix_length;
            lines.extend(binary::all_bits(facts.address, network.netmask, length, &place));
        }
        lines.push(Line::new());
        lines.extend(network_rows(network, &place));
        lines.push(Line::new());
    }
    let verbose = layout.detail == Detail::Verbose;
    lines.extend(facts.special.lines(verbose, &place));
    lines.extend(facts.inside.lines(&place));
    lines.push(Line::new());
    lines.extend(forms(facts, verbose, columns));
    lines.push(Line::new());
    lines.extend(places(facts, columns));
    lines
}

/// The address, and of which network it is where it has host bits.
fn heading(facts: &Facts, title: String, columns: usize) -> Vec<Line> {
    let title = Line::new().and(Tone::Strong, title);
    let Some(network) = facts.network.as_ref().filter(|net| net.first != facts.address) else {
        return vec![title];
    };
    let of = format!("{}in the network {}", " ".repeat(INDENT), network.network);
    if title.width() + of.len() <= columns {
        return vec![title.and(Tone::Faint, of)];
    }
    vec![title, Line::new().and(Tone::Faint, of)]
}

/// `  name       text`, further lines below the text.
fn row(name: &str, text: &str, columns: usize) -> Vec<Line> {
    let name = Line::plain(" ".repeat(INDENT)).and(Tone::Hint, name);
    styled::beside(name, INDENT + NAME, Tone::Plain, text, columns)
}

/// A row whose text is copied as a whole: it is not broken if a line of its own
/// holds it.
fn whole(name: &str, text: &str, columns: usize) -> Vec<Line> {
    let width = styled::width(text);
    if INDENT + NAME + width <= columns || INDENT * 2 + width > columns {
        return row(name, text, columns);
    }
    let name = Line::plain(" ".repeat(INDENT)).and(Tone::Hint, name);
    vec![name, Line::plain(" ".repeat(INDENT * 2)).and(Tone::Plain, text)]
}

fn picture(facts: &Facts, network: &Network, place: &Place) -> Vec<Line> {
    let operands = [
        Row { name: "address", address: facts.address },
        Row { name: "netmask", address: network.netmask },
    ];
    let mut results = vec![Row { name: "network", address: network.first }];
    // IPv6 has its hosts below, in the short form.
    if network.first.is_ipv4() && network.first != network.last {
        results.push(Row { name: "first host", address: network.first_host });
        results.push(Row { name: "last host", address: network.last_host });
    }
    results
        .extend(network.broadcast.map(|last| Row { name: "broadcast", address: IpAddr::V4(last) }));
    binary::picture(&operands, &results, network.prefix_length, place)
}

/// What the prefix says beside its addresses.
fn network_rows(network: &Network, place: &Place) -> Vec<Line> {
    let is_ipv4 = network.first.is_ipv4();
    let length = network.prefix_length;
    let mut lines = Vec::new();
    let mut add = |name: &str, text: String| lines.extend(row(name, &text, place.columns));
    if is_ipv4 && !place.has_room() {
        // The picture has no room for them.
        add("netmask", network.netmask.to_string());
        add("network", network.first.to_string());
        add("hosts", format!("{} to {}", network.first_host, network.last_host));
        network.broadcast.into_iter().for_each(|last| add("broadcast", last.to_string()));
    }
    match network.host_part {
        part if part.is_unspecified() || length == 0 => {}
        IpAddr::V4(part) => add("host part", format!("{part} = {}", u32::from(part))),
        IpAddr::V6(part) => add("interface", part.to_string()),
    }
    if is_ipv4 {
        add("wildcard", network.wildcard.to_string());
    } else if network.first != network.last {
        lines.extend(whole("first host", &network.first_host.to_string(), place.columns));
        lines.extend(whole("last host", &network.last_host.to_string(), place.columns));
    }
    let mut add = |name: &str, text: String| lines.extend(row(name, &text, place.columns));
    add("addresses", addresses(network));
    if let Some(anycast) = network.subnet_router_anycast {
        add("anycast", format!("{anycast} is any router of this subnet (RFC 4291 2.6.1)"));
    }
    if !is_ipv4 && length < 64 {
        add("subnets", format!("{} of /64", 1u128 << (64 - length)));
    }
    lines
}

/// How many there are, and how many are for hosts.
fn addresses(network: &Network) -> String {
    let (is_ipv4, length) = (network.first.is_ipv4(), network.prefix_length);
    let host_bits = if is_ipv4 { 32 - length } else { 128 - length };
    let count = count_text(network.addresses);
    let hosts = count_text(network.hosts);
    match host_bits {
        0 => format!("{count}, this host alone"),
        1 if is_ipv4 => format!("{count}, both for hosts: a link of two (RFC 3021)"),
        1 => format!("{count}, both for hosts: a link of two routers (RFC 6164)"),
        _ if is_ipv4 => format!("{count} = 2^{host_bits}, of which {hosts} for hosts"),
        _ => format!("{count} = 2^{host_bits}; IPv6 has no broadcast"),
    }
}

/// The address in other notations.
fn forms(facts: &Facts, verbose: bool, columns: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    if facts.network.is_none() && (facts.version == 4 || verbose) {
        let octets: Vec<&str> = facts.binary.split(' ').collect();
        for (i, four) in octets.chunks(4).enumerate() {
            let name = if i == 0 { "binary" } else { "" };
            lines.extend(row(name, &four.join(" "), columns));
        }
    }
    if facts.version == 6 {
        lines.extend(whole("compressed", &facts.address.to_string(), columns));
        lines.extend(whole("exploded", &facts.exploded, columns));
    }
    lines.extend(whole("integer", &facts.integer.to_string(), columns));
    lines.extend(whole("hex", &facts.hex, columns));
    let digits = facts.hex.trim_start_matches("0x").as_bytes().chunks(2);
    let packed: Vec<_> = digits.map(String::from_utf8_lossy).collect();
    lines.extend(whole("packed", &packed.join(" "), columns));
    lines.extend(whole("Python", &facts.python, columns));
    lines
}

/// Where the address belongs.
fn places(facts: &Facts, columns: usize) -> Vec<Line> {
    let mut lines = whole("reverse", &facts.reverse.name, columns);
    if let Some(zone) = &facts.reverse.zone {
        lines.extend(whole("zone", zone, columns));
    }
    if let Some(zones) = &facts.reverse.zones {
        lines.extend(row("zones", &format!("{}: {}", zones.count, zones.first), columns));
        lines.extend(row("", &format!("to {}", zones.last), columns));
    }
    if let Some(within) = &facts.reverse.within {
        let text = format!("a part of {within} (RFC 2317)");
        lines.extend(row("zone", &text, columns));
    }
    if let Some(class) = &facts.class {
        let octets = format!("{} ({}-{})", class.letter, class.first_octet, class.last_octet);
        let text = match (class.networks, class.hosts, class.purpose) {
            (Some(networks), Some(hosts), _) => {
                format!("{octets}: {networks} networks of {hosts} hosts, until 1993 (RFC 1519)")
            }
            (.., purpose) => format!("{octets}: {}", purpose.unwrap_or_default()),
        };
        lines.extend(row("class", &text, columns));
    }
    if let Some(scope) = facts.scope {
        lines.extend(row("scope", &scope.to_string(), columns));
    }
    if let Some(group) = facts.solicited_node {
        let text = format!("{group}, the group that neighbours ask (RFC 4291 2.7.1)");
        lines.extend(row("solicited", &text, columns));
    }
    if let Some(mac) = facts.multicast_mac {
        lines.extend(row("frames to", &mac.to_string(), columns));
    }
    lines
}
