//! The place of an address in IANA's registries, for people.

use std::net::IpAddr;

use ipnet::IpNet;
use plumb_report::{Line, Tone, styled};
use plumb_wire::addr::special::{self, Block, Column, Group, Says, Status, Verdict};
use serde::Serialize;

use super::binary::Place;

/// Rows within a network that are listed before there is only a number.
const HELD_MAX: usize = 4;

/// What the registries say of an address. Of a network that is given without host bits, they are
/// asked about all of it.
#[derive(Debug, Serialize)]
pub(super) struct Special {
    /// All rows considered.
    pub verdict: Verdict,
    /// The rows around the address or network, the most specific first.
    pub blocks: Vec<&'static Block>,
    /// The rows that begin or end within the network; null where an address alone was given.
    pub holds: Option<Vec<&'static Block>>,
    /// The well-known multicast group that it is.
    pub group: Option<&'static Group>,
    /// The network whose rows these are, where it is not one address.
    #[serde(skip)]
    of_network: Option<IpNet>,
}

impl Special {
    pub(super) fn of(given: IpNet, alone: bool) -> Special {
        let address: IpAddr = given.addr();
        let is_whole = !alone && given == given.trunc() && given.network() != given.broadcast();
        let holds = (!alone).then(|| special::within(given));
        if is_whole {
            return Special {
                verdict: special::verdict_of(given),
                blocks: special::covering(given),
                holds,
                group: None,
                of_network: Some(given),
            };
        }
        Special {
            verdict: special::verdict(address),
            blocks: special::rows(address),
            holds,
            group: special::group(address),
            of_network: None,
        }
    }

    pub(super) fn lines(&self, verbose: bool, place: &Place) -> Vec<Line> {
        let mut lines = Vec::new();
        for (i, block) in self.blocks.iter().enumerate() {
            lines.extend(row(if i == 0 { "registry" } else { "within" }, &named(block), place));
            lines.extend(self.blocks[..i].last().and_then(|inner| changed(inner, block, place)));
            if verbose {
                lines.extend(details(block).iter().flat_map(|text| row("", text, place)));
            }
        }
        if self.blocks.is_empty() {
            let text = match self.of_network {
                Some(_) => "no row is around all of it",
                None => "no row: an ordinary unicast address",
            };
            lines.extend(row("registry", text, place));
        }
        lines.extend(self.may_be(place));
        if let Some(group) = self.group {
            lines.extend(row("group", &group.to_string(), place));
        }
        lines.extend(self.held(verbose, place));
        lines
    }

    /// A mark for each column of the registry.
    fn may_be(&self, place: &Place) -> Vec<Line> {
        let verdict = self.verdict;
        let columns = [
            (Column::Source, verdict.source),
            (Column::Destination, verdict.destination),
            (Column::Forwardable, verdict.forwardable),
            (Column::GloballyReachable, verdict.globally_reachable),
        ];
        if columns.iter().all(|(_, says)| *says == Says::Nothing) {
            return row("valid as", "nobody says: not allocated, or no longer", place);
        }
        let mut line = Line::plain(" ".repeat(place.indent)).and(Tone::Hint, "valid as");
        line = line.pad_to(place.value);
        for (i, (column, says)) in columns.into_iter().enumerate() {
            let gap = if i == 0 { "" } else { "  " };
            let (tone, mark) = mark(says, place.unicode);
            line = line.and(tone, format!("{gap}{mark}"));
            line = line.and(Tone::Plain, format!(" {}", column.name()));
        }
        vec![line]
    }

    /// The rows within a network.
    fn held(&self, verbose: bool, place: &Place) -> Vec<Line> {
        let holds = self.holds.as_deref().unwrap_or_default();
        let shown = if verbose { holds.len() } else { HELD_MAX };
        let mut lines = Vec::new();
        for (i, block) in holds.iter().take(shown).enumerate() {
            let reaches_out = self.of_network.is_some_and(|net| {
                block.extent.first() < net.network() || block.extent.last() > net.broadcast()
            });
            let part = if reaches_out { "a part of " } else { "" };
            let name = if i == 0 { "holds" } else { "" };
            lines.extend(row(name, &format!("{part}{}", named(block)), place));
        }
        if holds.len() > shown {
            let more = format!("and {} more (-v lists them)", holds.len() - shown);
            lines.extend(row("", &more, place));
        }
        lines
    }
}

/// How an answer is drawn.
fn mark(says: Says, unicode: bool) -> (Tone, &'static str) {
    match (says, unicode) {
        (Says::Yes, true) => (Tone::Good, "✓"),
        (Says::Yes, false) => (Tone::Good, "+"),
        (Says::No, true) => (Tone::Warning, "✗"),
        (Says::No, false) => (Tone::Warning, "x"),
        (Says::NotApplicable, _) => (Tone::Faint, "N/A"),
        (Says::Nothing, _) => (Tone::Faint, "?"),
    }
}

/// `192.168.0.0/16  Private-Use (RFC 1918)`, with what is unusual about it.
pub(super) fn named(block: &Block) -> String {
    let references: Vec<String> = block.references.iter().map(ToString::to_string).collect();
    let mut text = format!("{}  {}", block.extent, block.name);
    if !references.is_empty() {
        text.push_str(&format!(" ({})", references.join(", ")));
    }
    match block.special().map(|special| special.status) {
        Some(Status::Terminated(month)) => text.push_str(&format!(", ended {month}")),
        Some(Status::InForce(properties)) if properties.reserved_by_protocol => {
            text.push_str(", reserved by protocol");
        }
        _ => {}
    }
    text
}

/// What the row inside another one says otherwise.
fn changed(inner: &Block, outer: &Block, place: &Place) -> Option<Line> {
    let changes = inner.changes(outer);
    if changes.is_empty() {
        return None;
    }
    let mut line = Line::plain(" ".repeat(place.value)).and(Tone::Faint, "there");
    for (column, says) in outer.properties()?.columns() {
        if changes.iter().any(|(changed, _)| *changed == column) {
            let (_, mark) = mark(says.map_or(Says::NotApplicable, Says::from), place.unicode);
            line = line.and(Tone::Faint, format!("  {mark} {}", column.name()));
        }
    }
    Some(line.cut(place.columns))
}

/// The registry, the dates and the footnotes of a row.
fn details(block: &Block) -> Vec<String> {
    let registry = block.registry().title();
    let Some(special) = block.special() else { return vec![format!("in the {registry}")] };
    let mut texts = vec![format!("in the {registry}, allocated {}", special.allocated)];
    texts.extend(special.footnotes.iter().map(|note| {
        let on: Vec<_> = note.on.iter().map(|column| column.name()).collect();
        format!("[{}] {}: {}", note.number, on.join(", "), note.text)
    }));
    texts
}

pub(super) fn row(name: &str, text: &str, place: &Place) -> Vec<Line> {
    let pieces = styled::wrap(text, place.columns.saturating_sub(place.value).max(16));
    let named = |i| if i == 0 { name } else { "" };
    let lines = pieces.iter().enumerate().map(|(i, piece)| {
        let line = Line::plain(" ".repeat(place.indent)).and(Tone::Hint, named(i));
        line.pad_to(place.value).and(Tone::Plain, piece)
    });
    lines.collect()
}
