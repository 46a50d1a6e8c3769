//! Several ports, a line each.

use plumb_report::text::{COLUMNS_MAX, COLUMNS_MIN, Layout};
use plumb_report::{Line, Tone, styled};

use super::facts::Facts;

/// Columns of the port, its range, and whether it may be bound.
const PORT: usize = 7;
const CLASS: usize = 12;
const BIND: usize = 6;
/// Most columns of a name.
const NAME_MAX: usize = 16;

/// More ports than this are shown only where there is something to say.
const ROWS_MAX: usize = 64;

/// The table, by number.
pub(super) fn lines(all: &[Facts], layout: &Layout) -> Vec<Line> {
    let columns = layout.columns.clamp(COLUMNS_MIN, COLUMNS_MAX);
    let is_known = |facts: &&Facts| {
        !facts.services.is_empty() || facts.reference.is_some() || !facts.listeners.is_empty()
    };
    let shown: Vec<&Facts> = match all.len() > ROWS_MAX {
        true => all.iter().filter(is_known).collect(),
        false => all.iter().collect(),
    };
    let names: Vec<String> = shown.iter().map(|facts| service(facts)).collect();
    let width = names.iter().map(|name| styled::width(name)).max().unwrap_or(0);
    let width = width.clamp("service".len(), NAME_MAX) + 2;
    let (class, bind) = (PORT, PORT + CLASS);
    let name = bind + BIND;
    let last = name + width;
    let head = Line::new()
        .and(Tone::Hint, " port")
        .pad_to(class)
        .and(Tone::Hint, "range")
        .pad_to(bind)
        .and(Tone::Hint, "bind")
        .pad_to(name)
        .and(Tone::Hint, "service");
    let mut lines = vec![head.pad_to(last).and(Tone::Hint, "known as; who listens")];
    for (facts, service) in shown.iter().zip(&names) {
        let line = Line::new().and(Tone::Strong, format!("{:>5}", facts.port)).pad_to(class);
        let line = line.and(Tone::Faint, facts.class).pad_to(bind);
        let line = match facts.may_bind {
            Some(true) => line.and(Tone::Good, "yes"),
            Some(false) => line.and(Tone::Warning, "no"),
            None => line.and(Tone::Faint, "-"),
        };
        let line = line.pad_to(name).and(Tone::Strong, styled::cut(service, NAME_MAX)).pad_to(last);
        let more = more(facts);
        let mut pieces = more.iter();
        let first = pieces.next().map_or("", String::as_str);
        lines.push(line.and(Tone::Plain, first).cut(columns));
        lines.extend(
            pieces.map(|piece| Line::new().pad_to(last).and(Tone::Plain, piece).cut(columns)),
        );
    }
    let left_out = all.len() - shown.len();
    if left_out > 0 {
        let text = format!("{left_out} more have no name, and nobody listens on them");
        lines.push(Line::new().and(Tone::Faint, text));
    }
    lines
}

/// The names of it: `domain`, `shell, syslog`.
fn service(facts: &Facts) -> String {
    let names: Vec<&str> = facts.names().into_iter().map(|(name, _)| name).collect();
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

/// What it is known as, and who listens.
fn more(facts: &Facts) -> Vec<String> {
    let title = facts.reference.as_ref().map(|page| page.title.to_owned());
    let title = title.or_else(|| {
        let aliases = facts.services.first().map(|named| named.aliases.join(", "));
        aliases.filter(|aliases| !aliases.is_empty())
    });
    let listeners = facts
        .listeners
        .iter()
        .map(|it| format!("{} {}: {}", it.transport, it.address.ip(), it.whose()));
    title.into_iter().chain(listeners).collect()
}
