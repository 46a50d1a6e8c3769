//! A hardware address, for people.

use plumb_report::text::{COLUMNS_MAX, COLUMNS_MIN, Detail, Layout};
use plumb_report::{Line, Tone, styled};
use plumb_wire::addr::Slap;
use plumb_wire::addr::mac::known::Carried;

use super::facts::Facts;
use super::read::Within;

/// Columns before everything, and those of the names at the left.
const INDENT: usize = 2;
const NAME: usize = 13;

/// The whole answer for one address.
pub(super) fn lines(facts: &Facts, layout: &Layout) -> Vec<Line> {
    if layout.detail == Detail::Quiet {
        return vec![Line::plain(&facts.address)];
    }
    let columns = layout.columns.clamp(COLUMNS_MIN, COLUMNS_MAX);
    let mut lines = vec![heading(facts)];
    lines.push(Line::new());
    lines.extend(picture(facts, layout.unicode));
    lines.push(Line::new());
    lines.extend(meaning(facts, columns));
    lines.push(Line::new());
    lines.extend(notations(facts, layout.detail == Detail::Verbose, columns));
    if facts.link_local.is_some() {
        lines.push(Line::new());
        lines.extend(interface(facts, columns));
    }
    lines
}

fn heading(facts: &Facts) -> Line {
    let whom = match (facts.broadcast, facts.multicast) {
        (true, _) => "broadcast",
        (_, true) => "multicast",
        _ => "unicast",
    };
    let whose = if facts.local { "local" } else { "global" };
    let title = Line::new().and(Tone::Strong, &facts.address);
    let said = match facts.broadcast {
        true => format!("  EUI-{}, {whom}", facts.bits),
        false => format!("  EUI-{}, {whom}, {whose}", facts.bits),
    };
    title.and(Tone::Faint, said)
}

/// `  name       text`, further lines below the text.
fn row(name: &str, tone: Tone, text: &str, columns: usize) -> Vec<Line> {
    let name = Line::plain(" ".repeat(INDENT)).and(Tone::Hint, name);
    styled::beside(name, INDENT + NAME, tone, text, columns)
}

/// The bits of the first octet, with those that mean something led out below.
fn picture(facts: &Facts, unicode: bool) -> Vec<Line> {
    let at = INDENT + NAME;
    let [bar, corner, dash, tee] =
        if unicode { ["│", "└", "─", "┴"] } else { ["|", "\\", "_", "_"] };
    let mut bits = Line::plain(" ".repeat(INDENT)).and(Tone::Hint, "first octet").pad_to(at);
    let meaning = if facts.slap.is_some() { 4 } else { 2 };
    for (i, bit) in facts.first_octet.chars().enumerate() {
        let tone = if i + meaning < 8 { Tone::Faint } else { Tone::Strong };
        bits.push(tone, bit.to_string());
        bits.push(Tone::Plain, " ");
    }
    bits.push(Tone::Plain, format!("= {}", &facts.address[..2]));
    let group = match (facts.broadcast, facts.multicast) {
        (true, _) => "1   a group: everyone (broadcast)",
        (_, true) => "1   a group (multicast)",
        _ => "0   one interface (unicast)",
    };
    let local = match (facts.broadcast, facts.local) {
        (true, _) => "1   as all bits are",
        (_, true) => "1   local: made up, not bought",
        _ => "0   global: bought, unique in the world",
    };
    // The bit's column, counted from the right.
    let column = |bit: usize| at + 2 * (7 - bit);
    let above = |bits: &[usize]| {
        bits.iter().fold(Line::new(), |line, bit| line.pad_to(column(*bit)).and(Tone::Faint, bar))
    };
    let out = |line: Line, bit: usize, name: &str, text: &str| {
        let line = line.pad_to(column(bit));
        let lead = format!("{corner}{}", dash.repeat(1 + 2 * bit));
        line.and(Tone::Faint, lead).and(Tone::Hint, format!(" {name} ")).and(Tone::Plain, text)
    };
    let led: &[usize] = if facts.slap.is_some() { &[3, 2] } else { &[] };
    let mut lines = vec![bits];
    lines.push(out(above(&[led, &[1]].concat()), 0, "I/G", group));
    lines.push(out(above(led), 1, "U/L", local));
    if let Some(slap) = facts.slap {
        let text = match slap {
            Slap::Aai => "00  AAI: anybody's, at will",
            Slap::Eli => "10  ELI: with a company id, or random",
            Slap::Reserved => "01  reserved by IEEE 802c",
            Slap::Sai => "11  SAI: by a standard, or random",
        };
        let lead = format!("{corner}{dash}{tee}{}", dash.repeat(5));
        let line = Line::new().pad_to(column(3)).and(Tone::Faint, lead);
        lines.push(line.and(Tone::Hint, " Z,Y ").and(Tone::Plain, text));
    }
    lines
}

/// Whose it is, and what it is for.
fn meaning(facts: &Facts, columns: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |name: &str, tone, text: &str| lines.extend(row(name, tone, text, columns));
    match facts.within {
        Some(Within::InterfaceIdentifier { address }) => {
            add("taken from", Tone::Plain, &format!("{address}, if its identifier is an EUI-64"));
        }
        Some(Within::Group { address }) => {
            add("taken from", Tone::Plain, &format!("{address}, whose frames go there"));
        }
        None => {}
    }
    if let Some(known) = facts.known {
        add("known as", Tone::Strong, known.name);
        add("", Tone::Plain, known.about);
        let carried = known.carries.map(|carries| match carries {
            Carried::Router { number } => format!("virtual router {number}"),
            Carried::Forwarder { group, number } => format!("group {group}, forwarder {number}"),
            Carried::Ipv4 { address } => format!("IPv4 address {address}"),
        });
        carried.iter().for_each(|carried| add("", Tone::Plain, carried));
        if known.reference != known.name {
            add("", Tone::Faint, known.reference);
        }
    }
    if let Some(groups) = &facts.ipv4_groups {
        let text = format!("{}, {}, {} and 29 more", groups[0], groups[1], groups[2]);
        add("groups", Tone::Plain, &text);
        add("", Tone::Faint, "5 of the 28 bits of a group are not in the address");
    }
    if let Some(group) = facts.ipv6_group {
        let text = format!("{group}, and those of other scopes that end alike");
        add("groups", Tone::Plain, &text);
    }
    match (&facts.vendor, &facts.vendor_note) {
        (Some(vendor), note) => {
            add("vendor", Tone::Strong, &vendor.name);
            let note = note.as_ref().map(|note| format!("{note}; ")).unwrap_or_default();
            let list = vendor.list.display();
            let text = format!("{note}{}/{} in {list}", vendor.prefix, vendor.prefix_length);
            add("", Tone::Faint, &text);
        }
        (None, Some(note)) => {
            add("vendor", Tone::Plain, note);
            if let Some(list) = facts.vendor_lists.first().filter(|_| !facts.local) {
                add("", Tone::Faint, &list.display().to_string());
            }
        }
        (None, None) => {}
    }
    lines
}

fn notations(facts: &Facts, verbose: bool, columns: usize) -> Vec<Line> {
    let all = &facts.notations;
    /// Columns of a notation before who uses it; 64 bits take 23.
    const WIDTH: usize = 25;
    let mut rows = vec![
        ("colons", all.colons.as_str(), "Linux, and most others"),
        ("dashes", &all.dashes, "IEEE, Windows"),
        ("dots", &all.dots, "Cisco"),
        ("bare", &all.bare, ""),
        ("short", &all.short, "BSD, macOS"),
    ];
    let integer = facts.integer.to_string();
    if verbose {
        rows.push(("halves", &all.halves, "PostgreSQL"));
        rows.push(("threes", &all.triples, ""));
        rows.push(("reversed", &all.bit_reversed, "the bits of each octet: Token Ring, FDDI"));
    }
    rows.push(("integer", &integer, ""));
    let mut lines = Vec::new();
    for (name, text, who) in rows {
        let mut line = Line::plain(" ".repeat(INDENT)).and(Tone::Hint, name).pad_to(INDENT + NAME);
        line.push(Tone::Plain, text);
        if !who.is_empty() && INDENT + NAME + WIDTH + who.len() <= columns {
            line = line.pad_to(INDENT + NAME + WIDTH).and(Tone::Faint, who);
        }
        lines.push(line);
    }
    lines
}

/// The addresses of 64 bits, and those of IPv6 that are made of them.
fn interface(facts: &Facts, columns: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |name: &str, text: &str| lines.extend(row(name, Tone::Plain, text, columns));
    if let Some(mac) = facts.eui48 {
        add("EUI-48", &format!("{mac}, with ff:fe put in the middle"));
    } else if let Some(eui64) = facts.eui64.as_ref().filter(|_| facts.bits == 48) {
        add("EUI-64", eui64);
    }
    if let Some(identifier) = &facts.interface_identifier {
        add("interface id", &format!("{identifier}, with the U/L bit flipped (RFC 4291)"));
    }
    if let Some(address) = facts.link_local {
        add("link-local", &address.to_string());
    }
    lines
}
