//! The place of an address in IANA's registries, for people.

use std::net::IpAddr;

use ipnet::IpNet;
use plumb_report::{Line, Tone, styled};
use plumb_wire::addr::special::{self, Block, Column, Group, GroupFlags, Says, Status, Verdict};
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
    /// Of an IPv6 multicast address.
    pub flags: Option<GroupFlags>,
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
                flags: None,
                of_network: Some(given),
            };
        }
        Special {
            verdict: special::verdict(address),
            blocks: special::rows(address),
            holds,
            group: special::group(address),
            flags: GroupFlags::of(address),
            of_network: None,
        }
    }

    pub(super) fn lines(&self, verbose: bool, place: &Place) -> Vec<Line> {
        let mut lines = match (self.blocks.first(), self.of_network) {
            (Some(block), _) => row("registry", &named(block), place),
            (None, Some(_)) => row("registry", "no row is around all of it", place),
            (None, None) => row("registry", "no row: an ordinary unicast address", place),
        };
        let notes = |block: &Block| {
            let texts = if verbose { details(block) } else { Vec::new() };
            texts.iter().flat_map(|text| row("", text, place)).collect::<Vec<_>>()
        };
        lines.extend(self.blocks.first().into_iter().flat_map(|block| notes(block)));
        lines.extend(self.may_be(place));
        if let Some(group) = self.group {
            lines.extend(row("group", &group.to_string(), place));
        }
        if let Some(flags) = self.flags {
            lines.extend(row("flags", &flags.to_string(), place));
        }
        for pair in self.blocks.windows(2) {
            let [inner, outer] = pair else { continue };
            lines.extend(row("within", &named(outer), place));
            lines.extend(changed(inner, outer, place));
            lines.extend(notes(outer));
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
        if self.blocks.is_empty() && columns[0].1 == Says::Nothing {
            return row("valid as", "that depends on the address: it spans many rows", place);
        }
        if columns.iter().all(|(_, says)| *says == Says::Nothing) {
            return row("valid as", "nobody says: not allocated, or no longer", place);
        }
        let mut lines = marks("valid as", Tone::Plain, &columns, place);
        // The first row is not in force.
        let first = self.blocks.first().map(|block| block.extent);
        if let Some(by) = verdict.decided_by.filter(|by| Some(*by) != first) {
            lines.extend(row("", &format!("by the row of {by}, which is in force"), place));
        }
        lines
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
            let name = match (i, self.of_network) {
                (0, Some(_)) => "except",
                (0, None) => "holds",
                _ => "",
            };
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
fn changed(inner: &Block, outer: &Block, place: &Place) -> Vec<Line> {
    let changes = inner.changes(outer);
    let says = |cell: Option<bool>| cell.map_or(Says::NotApplicable, Says::from);
    let columns = outer.properties().map(|properties| properties.columns());
    // That a row is reserved by protocol stands in its text.
    let columns = columns.into_iter().flatten().filter(|(column, _)| {
        *column != Column::ReservedByProtocol && changes.iter().any(|(at, _)| at == column)
    });
    let columns: Vec<_> = columns.map(|(column, cell)| (column, says(cell))).collect();
    if columns.is_empty() { Vec::new() } else { marks("there", Tone::Faint, &columns, place) }
}

/// Columns of the registry with a mark each, as many in a line as there is place for.
fn marks(name: &str, tone: Tone, columns: &[(Column, Says)], place: &Place) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = Line::plain(" ".repeat(place.indent)).and(Tone::Hint, name).pad_to(place.value);
    for (column, says) in columns {
        let (mark_tone, mark) = mark(*says, place.unicode);
        let text = format!(" {}", column.name());
        let is_first = line.width() <= place.value;
        let width = styled::width(mark) + styled::width(&text);
        if !is_first && line.width() + 2 + width > place.columns {
            lines.push(std::mem::replace(&mut line, Line::plain(" ".repeat(place.value))));
        } else if !is_first {
            line = line.and(Tone::Plain, "  ");
        }
        let mark_tone = if tone == Tone::Faint { tone } else { mark_tone };
        line = line.and(mark_tone, mark).and(tone, text);
    }
    lines.push(line);
    lines
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

/// `  name       text`, further lines below the text; a long name has a line of its own.
pub(super) fn row(name: &str, text: &str, place: &Place) -> Vec<Line> {
    let name = Line::plain(" ".repeat(place.indent)).and(Tone::Hint, name);
    styled::beside(name, place.value, Tone::Plain, text, place.columns)
}
