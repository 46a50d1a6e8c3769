//! One port, and the machine's ports, for people.

use plumb_report::text::{COLUMNS_MAX, COLUMNS_MIN, Detail, Layout};
use plumb_report::{Line, Tone, styled};
use plumb_sys::process::Protocol;

use super::facts::{Bind, Facts, Outcome};
use super::machine::{Class, Listener, Machine, Ranges, Span, name_of};
use super::picture;
use crate::services::services;

/// Columns before everything, and those of the names at the left.
const INDENT: usize = 2;
const NAME: usize = 12;
/// Columns of a range, 49152-65535, and a gap.
const SPAN: usize = 13;

/// `  name       text`, further lines below the text.
fn row(name: &str, tone: Tone, text: &str, columns: usize) -> Vec<Line> {
    let name = Line::plain(" ".repeat(INDENT)).and(Tone::Hint, name);
    styled::beside(name, INDENT + NAME, tone, text, columns)
}

/// The whole answer for one port.
pub(super) fn lines(facts: &Facts, ranges: &Ranges, layout: &Layout) -> Vec<Line> {
    let columns = layout.columns.clamp(COLUMNS_MIN, COLUMNS_MAX);
    let mut lines = vec![heading(facts)];
    lines.push(Line::new());
    lines.extend(known(facts, columns));
    lines.push(Line::new());
    lines.extend(here(facts, ranges, columns));
    if layout.detail == Detail::Verbose {
        lines.extend(facts.binds.iter().flat_map(|bind| bind_row(bind, columns)));
    }
    lines.push(Line::new());
    lines.extend(ephemeral(facts, ranges, columns));
    lines
}

fn heading(facts: &Facts) -> Line {
    let name = facts.services.first().map(|named| format!("  {}", named.name));
    Line::new()
        .and(Tone::Strong, facts.port.to_string())
        .and(Tone::Strong, name.unwrap_or_default())
        .and(Tone::Faint, format!("  {}", facts.class))
}

/// What it is for, wherever one is.
fn known(facts: &Facts, columns: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |name: &str, tone, text: &str| lines.extend(row(name, tone, text, columns));
    let mut heading = "service";
    for (name, transports) in facts.names() {
        let mut aliases: Vec<&str> = Vec::new();
        for named in facts.services.iter().filter(|named| named.name == name) {
            aliases.extend(named.aliases.iter().map(String::as_str));
        }
        aliases.sort_unstable();
        aliases.dedup();
        let also = if aliases.is_empty() {
            String::new()
        } else {
            format!(", also called {}", aliases.join(", "))
        };
        add(heading, Tone::Strong, &format!("{name} ({}){also}", transports.join(", ")));
        heading = "";
    }
    match (facts.services.first(), facts.port) {
        (Some(named), _) => add("", Tone::Faint, &format!("named in {}", named.file.display())),
        (None, 0) => {
            add(
                "service",
                Tone::Plain,
                "none: who binds port 0 gets any free port of the kernel's",
            );
        }
        (None, _) if facts.reference.is_none() => add("service", Tone::Plain, "no name is known"),
        (None, _) => {}
    }
    if let Some(page) = &facts.reference {
        add("known as", Tone::Strong, page.title);
        add("", Tone::Plain, page.purpose);
        add("", Tone::Faint, &format!("plumb explain {}", page.topic));
    }
    let class = Class::of(facts.port);
    add("range", Tone::Plain, &format!("{}, {}", class_text(class), class_meaning(class)));
    lines
}

fn class_text(class: Class) -> String {
    format!("{} {}-{}", class.name, class.first, class.last)
}

/// RFC 6335 section 6.
fn class_meaning(class: Class) -> &'static str {
    match class.first {
        0 => "given by IANA for the services of systems",
        1024 => "given by IANA to whom asks",
        _ => "given to nobody: for private and passing use",
    }
}

/// Who listens, and whether one may oneself.
fn here(facts: &Facts, ranges: &Ranges, columns: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for (i, listener) in facts.listeners.iter().enumerate() {
        let name = if i == 0 { "listening" } else { "" };
        let line = Line::plain(" ".repeat(INDENT)).and(Tone::Hint, name).pad_to(INDENT + NAME);
        let line = line.and(Tone::Plain, format!("{} ", listener.transport));
        let line = line.and(Tone::Strong, listener.address.to_string());
        lines.push(line.and(Tone::Plain, format!("  {}", listener.whose())));
    }
    let mut add = |name: &str, tone, text: &str| lines.extend(row(name, tone, text, columns));
    if facts.listeners.is_empty() {
        add("listening", Tone::Plain, "nobody");
    }
    match facts.connections {
        0 => {}
        1 => add("", Tone::Plain, "and one connection has it at this end"),
        n => add("", Tone::Plain, &format!("and {n} connections have it at this end")),
    }
    let first_free = ranges.unprivileged_from.unwrap_or(1024);
    let below = facts.port < first_free;
    let setting = "net.ipv4.ip_unprivileged_port_start";
    match facts.may_bind {
        None if facts.port == 0 => {}
        None => add("may bind", Tone::Plain, "not tried"),
        Some(false) => {
            add("may bind", Tone::Warning, "no: the kernel does not permit it");
            if below {
                let why = format!("ports below {first_free} ({setting}) want CAP_NET_BIND_SERVICE");
                add("", Tone::Plain, &why);
            }
        }
        Some(true) => {
            let why = match (below, ranges.may_bind_all) {
                (true, true) => {
                    format!(": this user holds CAP_NET_BIND_SERVICE for ports below {first_free}")
                }
                (false, _) => format!(": everybody may from {first_free} on"),
                _ => String::new(),
            };
            add("may bind", Tone::Good, &format!("yes{why}"));
            add("", Tone::Plain, &now(&facts.binds));
        }
    }
    lines
}

/// What was bound, and what was not.
fn now(binds: &[Bind]) -> String {
    let with = |outcome: Outcome| {
        let binds = binds.iter().filter(|bind| bind.result == outcome);
        let places: Vec<String> = [Protocol::Tcp, Protocol::Udp]
            .iter()
            .filter_map(|protocol| {
                let of = binds.clone().filter(|bind| bind.transport == name_of(*protocol));
                let places: Vec<String> = of.map(|bind| bind.address.to_string()).collect();
                (!places.is_empty())
                    .then(|| format!("{} {}", name_of(*protocol), places.join(" and ")))
            })
            .collect();
        places.join(", ")
    };
    let (free, taken) = (with(Outcome::Bound), with(Outcome::InUse));
    match (free.is_empty(), taken.is_empty()) {
        (false, true) => format!("free now: {free}"),
        (true, false) => format!("in use now: {taken}"),
        _ => format!("free now: {free}; in use: {taken}"),
    }
}

fn bind_row(bind: &Bind, columns: usize) -> Vec<Line> {
    let outcome = bind.error.as_deref().unwrap_or("bound and closed");
    let text = format!("{} {}: {outcome}", bind.transport, bind.address);
    row("", Tone::Faint, &text, columns)
}

/// Whether the kernel gives it to clients, and how many of those are left.
fn ephemeral(facts: &Facts, ranges: &Ranges, columns: usize) -> Vec<Line> {
    let Some(span) = ranges.ephemeral else {
        return row(
            "ephemeral",
            Tone::Plain,
            "the range of this machine is not to be read",
            columns,
        );
    };
    let range = span_text(span);
    let mut lines = Vec::new();
    let mut add = |name: &str, tone, text: &str| lines.extend(row(name, tone, text, columns));
    match (span.has(facts.port), facts.reserved) {
        (false, _) => add(
            "ephemeral",
            Tone::Plain,
            &format!("no: the kernel gives ports of {range} to clients"),
        ),
        (true, true) => {
            let text = format!("no: in {range}, but left out (net.ipv4.ip_local_reserved_ports)");
            add("ephemeral", Tone::Plain, &text);
        }
        (true, false) => {
            let text = format!("yes: in {range}, whose ports the kernel gives to clients");
            add("ephemeral", Tone::Warning, &text);
            let text = "a server that starts later may find it taken; to keep it free:";
            add("", Tone::Plain, text);
            let text = format!("sysctl -w net.ipv4.ip_local_reserved_ports={}", facts.port);
            add("", Tone::Hint, &text);
        }
    }
    lines.extend(usage(ranges, columns));
    lines
}

fn span_text(span: Span) -> String {
    if span.first == span.last {
        return span.first.to_string();
    }
    format!("{}-{}", span.first, span.last)
}

/// How many of the ephemeral ports are in use.
fn usage(ranges: &Ranges, columns: usize) -> Vec<Line> {
    let Some(usage) = ranges.ephemeral_use else { return Vec::new() };
    let share = |ports: u32| f64::from(ports) * 100.0 / f64::from(usage.ports.max(1));
    let busiest = usage.tcp.saturating_add(usage.time_wait).max(usage.udp);
    let text = format!(
        "of {} ephemeral ports, TCP has {}, UDP {}: {:.1} %",
        usage.ports,
        usage.tcp,
        usage.udp,
        share(busiest)
    );
    let tone = if share(busiest) > 80.0 { Tone::Warning } else { Tone::Plain };
    let mut lines = row("in use", tone, &text, columns);
    if usage.time_wait > 0 {
        let text = format!("{} more are in TIME-WAIT, for up to a minute", usage.time_wait);
        lines.extend(row("", Tone::Plain, &text, columns));
    }
    lines
}

/// The ranges of this machine and everything that listens.
pub(super) fn machine(machine: &Machine, services: &str, layout: &Layout) -> Vec<Line> {
    let ranges = &machine.ranges;
    let columns = layout.columns.clamp(COLUMNS_MIN, COLUMNS_MAX);
    if layout.detail == Detail::Quiet {
        let mut ports: Vec<u16> = ranges.listeners.iter().map(|it| it.address.port()).collect();
        ports.dedup();
        return ports.iter().map(|port| Line::plain(port.to_string())).collect();
    }
    let mut lines = Vec::new();
    if columns >= picture::COLUMNS {
        lines.extend(picture::draw(machine, layout.unicode));
        lines.push(Line::new());
    }
    let mut add = |name: &str, span: String, text: &str| {
        let line = Line::plain(" ".repeat(INDENT)).and(Tone::Hint, name).pad_to(INDENT + NAME);
        let line = line.and(Tone::Strong, span).pad_to(INDENT + NAME + SPAN);
        lines.push(line.and(Tone::Plain, text).cut(columns));
    };
    for class in ranges.classes {
        add(class.name, format!("{}-{}", class.first, class.last), class_meaning(class));
    }
    if let Some(first) = ranges.unprivileged_from {
        let text = if ranges.may_bind_all {
            "anybody may bind these; this user the others too"
        } else {
            "anybody may bind these; the others want CAP_NET_BIND_SERVICE"
        };
        add("open", format!("{first}-65535"), text);
    }
    if let Some(span) = ranges.ephemeral {
        add("ephemeral", span_text(span), "given by the kernel to clients that name none");
    }
    for span in &ranges.reserved {
        add("reserved", span_text(*span), "left out of the ephemeral ones");
    }
    lines.extend(usage(ranges, columns));
    lines.push(Line::new());
    lines.extend(listeners(&ranges.listeners, services, columns));
    lines
}

/// A line each: transport, address, service, process.
fn listeners(listeners: &[Listener], file: &str, columns: usize) -> Vec<Line> {
    if listeners.is_empty() {
        return vec![Line::plain("nobody listens")];
    }
    let addresses: Vec<String> = listeners.iter().map(|it| it.address.to_string()).collect();
    let width = addresses.iter().map(|address| styled::width(address)).max().unwrap_or(0);
    let name = |it: &Listener| {
        let mut all = services(file);
        let found = all
            .find(|service| service.port == it.address.port() && service.transport == it.transport);
        found.map_or("-", |service| service.name).to_owned()
    };
    let names: Vec<String> = listeners.iter().map(name).collect();
    let name_width = names.iter().map(|name| styled::width(name)).max().unwrap_or(0);
    let many = if listeners.len() == 1 { "one listens" } else { "listening" };
    let mut lines = vec![Line::new().and(Tone::Strong, many)];
    for ((listener, address), name) in listeners.iter().zip(&addresses).zip(&names) {
        let line = Line::plain(" ".repeat(INDENT)).and(Tone::Hint, listener.transport);
        let line = line.pad_to(INDENT + 5).and(Tone::Plain, address);
        let line = line.pad_to(INDENT + 5 + width + 2).and(Tone::Strong, name);
        let line = line.pad_to(INDENT + 5 + width + 2 + name_width + 2);
        lines.push(line.and(Tone::Plain, listener.whose()).cut(columns));
    }
    lines
}
