//! A plan, for people: its subnets, what is free, and a bar of the whole.

use ipnet::IpNet;
use plumb_report::text::{COLUMNS_MAX, COLUMNS_MIN, Layout};
use plumb_report::{Line, Tone, styled};
use plumb_wire::addr::plan::{Asked, Fate, Outcome, Plan, Subnet};
use plumb_wire::addr::set::AnySpan;

use super::super::facts::{Network, count_text};

/// Columns before everything.
const INDENT: usize = 2;
/// Columns between columns.
const GAP: usize = 2;
/// Most columns of a name.
const NAME_MAX: usize = 20;
/// Free networks that are listed one by one.
const FREE_SHOWN: usize = 8;

/// The whole answer.
pub(super) fn lines(outcome: &Outcome, layout: &Layout) -> Vec<Line> {
    let plan = &outcome.plan;
    let columns = layout.columns.clamp(COLUMNS_MIN, COLUMNS_MAX);
    let mut lines = vec![heading(plan), Line::new()];
    let picture = bar(plan, columns, layout.unicode);
    if !picture.is_empty() {
        lines.extend(picture);
        lines.push(Line::new());
    }
    lines.extend(table(outcome));
    lines
}

fn heading(plan: &Plan) -> Line {
    let free = plan.free_count().exact();
    let all = AnySpan::from(plan.network).count().exact();
    let text = match (plan.network.addr().is_ipv6(), all, free) {
        (false, Some(all), Some(free)) => format!("{all} addresses, {free} free"),
        // Addresses of IPv6 are too many to say anything.
        (_, Some(all), Some(free)) => format!("{} free", percent(free, all)),
        _ => "all free".to_owned(),
    };
    Line::new().and(Tone::Strong, plan.network.to_string()).and(Tone::Faint, format!("  {text}"))
}

fn percent(part: u128, all: u128) -> String {
    let share = part as f64 / all as f64 * 100.0;
    match share {
        share if share > 99.9 && part < all => "more than 99.9 %".to_owned(),
        share if share < 0.1 && part > 0 => "less than 0.1 %".to_owned(),
        share => format!("{share:.1} %"),
    }
}

/// The subnets and the free networks in columns.
fn table(outcome: &Outcome) -> Vec<Line> {
    let plan = &outcome.plan;
    let is_ipv4 = plan.network.addr().is_ipv4();
    let mut rows = vec![match is_ipv4 {
        true => head(&["name", "network", "first host", "last host", "hosts"]),
        false => head(&["name", "network", "for"]),
    }];
    rows.extend(plan.subnets.iter().zip(&outcome.fates).map(|(subnet, fate)| Row {
        tone: Tone::Plain,
        note: note(*fate),
        cells: cells(subnet, plan.network),
    }));
    rows.extend(outcome.removed.iter().map(|subnet| Row {
        tone: Tone::Faint,
        note: Some((Tone::Warning, "removed".to_owned())),
        cells: vec![subnet.name.clone(), subnet.network.to_string()],
    }));
    let free = plan.free();
    let shown = largest(&free);
    let left_out = free.len() - shown.len();
    rows.extend(shown.iter().enumerate().map(|(at, network)| Row {
        tone: Tone::Faint,
        note: None,
        cells: free_cells(at, *network),
    }));
    let mut lines = aligned(&rows, is_ipv4.then_some(4));
    if left_out > 0 {
        let text = format!("and {left_out} smaller free networks, which --json has");
        lines.push(Line::plain(" ".repeat(INDENT)).and(Tone::Faint, text));
    }
    lines
}

/// So many free networks as are shown, the largest, in order.
fn largest(free: &[IpNet]) -> Vec<IpNet> {
    let mut shown = free.to_vec();
    shown.sort_by_key(|network| (network.prefix_len(), *network));
    shown.truncate(FREE_SHOWN);
    shown.sort();
    shown
}

struct Row {
    tone: Tone,
    cells: Vec<String>,
    note: Option<(Tone, String)>,
}

fn head(names: &[&str]) -> Row {
    let cells = names.iter().map(|name| (*name).to_owned()).collect();
    Row { tone: Tone::Hint, cells, note: None }
}

fn note(fate: Fate) -> Option<(Tone, String)> {
    match fate {
        Fate::Kept => None,
        Fate::New => Some((Tone::Good, "new".to_owned())),
        Fate::Grown(was) => Some((Tone::Good, format!("was /{}", was.prefix_len()))),
        Fate::Moved(was) => Some((Tone::Warning, format!("was {was}"))),
    }
}

fn cells(subnet: &Subnet, plan: IpNet) -> Vec<String> {
    let facts = Network::of(subnet.network);
    let hosts = count_text(facts.hosts);
    let name = styled::cut(&subnet.name, NAME_MAX);
    let network = subnet.network.to_string();
    if plan.addr().is_ipv4() {
        let hosts = match subnet.asked {
            Asked::Hosts(asked) => format!("{asked} of {hosts}"),
            _ => hosts,
        };
        return vec![
            name,
            network,
            facts.first_host.to_string(),
            facts.last_host.to_string(),
            hosts,
        ];
    }
    let text = match subnet.asked {
        Asked::Hosts(1) => "1 host".to_owned(),
        Asked::Hosts(asked) => format!("{asked} hosts"),
        Asked::Subnets(asked, length) => {
            let bits = length.saturating_sub(subnet.network.prefix_len());
            let all = count_text(1u128.checked_shl(bits.into()));
            format!("{asked} of {all} /{length}")
        }
        _ => links(subnet.network),
    };
    vec![name, network, text]
}

/// How many /64 a network of IPv6 has.
fn links(network: IpNet) -> String {
    match 64u8.checked_sub(network.prefix_len()) {
        Some(0) => "one /64".to_owned(),
        Some(bits) => format!("{} /64", count_text(1u128.checked_shl(bits.into()))),
        None => String::new(),
    }
}

fn free_cells(at: usize, network: IpNet) -> Vec<String> {
    let name = if at == 0 { "free".to_owned() } else { String::new() };
    if network.addr().is_ipv6() {
        return vec![name, network.to_string(), links(network)];
    }
    let hosts = count_text(Network::of(network).hosts);
    vec![name, network.to_string(), String::new(), String::new(), hosts]
}

/// Lines of equal columns; `right` is the one that stands at its right border.
fn aligned(rows: &[Row], right: Option<usize>) -> Vec<Line> {
    let count = rows.iter().map(|row| row.cells.len()).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.cells.get(column));
        cells.map(|cell| styled::width(cell)).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let lines = rows.iter().map(|row| {
        let (mut line, mut at) = (Line::new(), INDENT);
        for (column, (cell, width)) in row.cells.iter().zip(&widths).enumerate() {
            let shift = match right {
                Some(right) if right == column => width - styled::width(cell),
                _ => 0,
            };
            line = line.pad_to(at + shift).and(row.tone, cell);
            at += width + GAP;
        }
        match &row.note {
            Some((tone, note)) => {
                let end = INDENT + widths.iter().sum::<usize>() + GAP * widths.len();
                line.pad_to(end).and(*tone, note)
            }
            None => line,
        }
    });
    lines.collect()
}

/// A part of the bar.
struct Part<'a> {
    network: IpNet,
    /// None where it is free.
    name: Option<&'a str>,
    width: usize,
}

/// The whole as a bar, with where each part begins below. Nothing if the parts are too many to
/// be told apart.
fn bar(plan: &Plan, columns: usize, unicode: bool) -> Vec<Line> {
    let inner = columns.saturating_sub(INDENT * 2 + 1);
    let taken = plan.subnets.iter().map(|subnet| (subnet.network, Some(subnet.name.as_str())));
    let free = plan.free().into_iter().map(|network| (network, None));
    let mut nets: Vec<(IpNet, Option<&str>)> = taken.chain(free).collect();
    nets.sort();
    let mut parts: Vec<Part<'_>> = Vec::new();
    let whole_bits = plan.network.prefix_len();
    for (network, name) in nets {
        let share = 0.5f64.powi(i32::from(network.prefix_len() - whole_bits));
        match parts.last_mut() {
            // What is free side by side is one piece.
            Some(last) if name.is_none() && last.name.is_none() => {
                last.width += (share * 1e6) as usize;
            }
            _ => parts.push(Part { network, name, width: (share * 1e6) as usize }),
        }
    }
    if plan.subnets.is_empty() || parts.len() * 3 > inner {
        return Vec::new();
    }
    fit(&mut parts, inner);
    vec![drawn(&parts, unicode), scale(&parts, plan.network)]
}

/// Turns shares of a million into columns. Where there is room, each part is as wide as a short
/// name, and else wide enough to be seen.
fn fit(parts: &mut [Part<'_>], inner: usize) {
    const LEAST: usize = 2;
    const NAME: usize = 8;
    let named = |part: &Part<'_>| match part.name {
        Some(name) => (styled::width(name) + 2).min(NAME),
        None => LEAST,
    };
    let room_for_names = parts.iter().map(named).sum::<usize>() <= inner / 2;
    let least = |part: &Part<'_>| if room_for_names { named(part) } else { LEAST };
    let room = inner - parts.iter().map(least).sum::<usize>();
    let (mut sum, mut used) = (0, 0);
    for part in parts {
        sum += part.width;
        let end = ((sum * room + 500_000) / 1_000_000).min(room);
        part.width = least(part) + end.saturating_sub(used);
        used = end.max(used);
    }
}

fn drawn(parts: &[Part<'_>], unicode: bool) -> Line {
    let (border, taken, free) = if unicode { ("│", "═", "·") } else { ("|", "=", ".") };
    let mut line = Line::plain(" ".repeat(INDENT));
    for part in parts {
        line = line.and(Tone::Faint, border);
        let inner = part.width - 1;
        match part.name {
            None => line = line.and(Tone::Faint, free.repeat(inner)),
            Some(name) => {
                let name = if inner < 2 { String::new() } else { styled::cut(name, inner) };
                let rest = taken.repeat(inner - styled::width(&name));
                line = line.and(Tone::Strong, name).and(Tone::Good, rest);
            }
        }
    }
    line.and(Tone::Faint, border)
}

/// The first addresses, as far as there is room for them.
fn scale(parts: &[Part<'_>], whole: IpNet) -> Line {
    let mut line = Line::new();
    let mut at = INDENT;
    for part in parts {
        if line.width() == 0 || line.width() + GAP <= at {
            line = line.pad_to(at).and(Tone::Faint, short(part.network, whole));
        }
        at += part.width;
    }
    line
}

/// An address without the octets that all of the plan share; the first is whole.
fn short(network: IpNet, whole: IpNet) -> String {
    let text = network.addr().to_string();
    if network.addr() == whole.addr() || network.addr().is_ipv6() {
        return text;
    }
    let shared = usize::from(whole.prefix_len() / 8).min(3);
    let dots: Vec<usize> = text.match_indices('.').map(|(at, _)| at).collect();
    match shared.checked_sub(1).and_then(|at| dots.get(at)) {
        Some(dot) => text[*dot..].to_owned(),
        None => text,
    }
}
