//! All ports in one line of 64 cells, 1024 ports each: the first is exactly
//! the well-known ones.

use plumb_report::{Line, Tone};

use super::machine::{Machine, Span};

/// Ports in a cell, and cells.
const CELL: u16 = 1024;
const CELLS: usize = 64;
/// The cell at which IANA's dynamic ports begin.
const DYNAMIC: usize = 48;
/// Columns before everything, and those of the names at the left.
const INDENT: usize = 2;
const NAME: usize = 12;

/// Columns of the whole drawing.
pub(super) const COLUMNS: usize = INDENT + NAME + CELLS;

/// The ranges, the ports that the kernel gives away, and those in use.
pub(super) fn draw(machine: &Machine, unicode: bool) -> Vec<Line> {
    let [full, light, left, right, mark, used] = if unicode {
        ["█", "─", "├", "┤", "▲", "▪"]
    } else {
        ["#", "-", "|", "|", "^", "o"]
    };
    let named =
        |name: &str| Line::plain(" ".repeat(INDENT)).and(Tone::Hint, name).pad_to(INDENT + NAME);
    let between = |text: &str, cells: usize| {
        let inner = cells - 2 - text.len();
        let before = inner / 2;
        format!("{left}{}{text}{}{right}", light.repeat(before), light.repeat(inner - before))
    };
    let mut lines = vec![axis()];
    lines.push(
        named("class")
            .and(Tone::Warning, full)
            .and(Tone::Plain, between(" registered ", DYNAMIC - 1))
            .and(Tone::Faint, between(" dynamic ", CELLS - DYNAMIC)),
    );
    if let Some(span) = machine.ranges.ephemeral {
        let reserved = |cell: usize| {
            let whole = span_of(cell);
            machine.ranges.reserved.iter().any(|it| it.has(whole.first) && it.has(whole.last))
        };
        let cells = cells(|cell| match span.first / CELL <= cell && cell <= span.last / CELL {
            true if !reserved(cell.into()) => full,
            _ => " ",
        });
        lines.push(named("ephemeral").and(Tone::Good, cells));
    }
    let mut counts = [0_usize; CELLS];
    machine.in_use().for_each(|port| counts[usize::from(port / CELL)] += 1);
    let in_use = cells(|cell| if counts[usize::from(cell)] > 0 { used } else { " " });
    lines.push(named("in use").and(Tone::Plain, in_use));
    let listeners = &machine.ranges.listeners;
    let marks = cells(|cell| {
        let any = listeners.iter().any(|it| it.address.port() / CELL == cell);
        if any { mark } else { " " }
    });
    lines.push(named("listening").and(Tone::Strong, marks));
    lines
}

/// `0`, `16384` and so on above their cells.
fn axis() -> Line {
    let at = INDENT + NAME;
    let ticks = (0..CELLS).step_by(16);
    let line = ticks.fold(Line::new(), |line, cell| {
        line.pad_to(at + cell).and(Tone::Faint, (cell * usize::from(CELL)).to_string())
    });
    line.pad_to(at + CELLS - "65535".len()).and(Tone::Faint, "65535")
}

fn span_of(cell: usize) -> Span {
    let first = (cell as u16) * CELL; // below 64
    Span { first, last: first + (CELL - 1) }
}

fn cells(of: impl Fn(u16) -> &'static str) -> String {
    (0..CELLS as u16).map(of).collect()
}
