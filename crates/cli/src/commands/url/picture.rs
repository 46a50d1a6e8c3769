//! The URL with each part underlined and named below it.

use std::ops::Range;

use plumb_report::styled::width;
use plumb_report::{Line, Tone, sanitize};

/// The picture: as many rows as the text needs at this width, each with the
/// marks and the names of the parts in it.
pub(super) fn draw(
    text: &str,
    parts: &[(&str, Range<usize>)],
    columns: usize,
    unicode: bool,
) -> Vec<Line> {
    let cells = cells(text);
    let mut lines = Vec::new();
    let mut named = vec![false; parts.len()];
    let mut from = 0;
    while from < cells.len() {
        let to = row_end(&cells, from, columns);
        lines.push(row_text(&cells[from..to]));
        let pieces = pieces(&cells[from..to], parts);
        let labels = labels(&pieces, &mut named, parts);
        let middles: Vec<usize> = labels.iter().map(|(middle, _)| *middle).collect();
        lines.push(Line::new().and(Tone::Faint, marks(&pieces, &middles, unicode)));
        lines.extend(
            names(&labels, columns, unicode)
                .into_iter()
                .map(|row| Line::new().and(Tone::Hint, row)),
        );
        from = to;
    }
    lines
}

/// One character: where it is, and as it is shown (an escape may be longer).
struct Cell {
    at: usize,
    end: usize,
    shown: String,
}

/// A part, or as much of it as is in a row, in columns.
struct Piece {
    part: usize,
    start: usize,
    end: usize,
    /// It began in the row above; it goes on in the row below.
    from_above: bool,
    to_below: bool,
}

fn cells(text: &str) -> Vec<Cell> {
    text.char_indices()
        .map(|(at, c)| Cell {
            at,
            end: at + c.len_utf8(),
            shown: sanitize::text(&String::from(c)).into_owned(),
        })
        .collect()
}

/// As many characters as fit, at least one.
fn row_end(cells: &[Cell], from: usize, columns: usize) -> usize {
    let mut used = 0;
    let mut to = from;
    while let Some(cell) = cells.get(to) {
        used += width(&cell.shown);
        if used > columns && to > from {
            break;
        }
        to += 1;
    }
    to
}

fn row_text(cells: &[Cell]) -> Line {
    let text: String = cells.iter().map(|cell| cell.shown.as_str()).collect();
    Line::new().and(Tone::Strong, text)
}

fn pieces(cells: &[Cell], parts: &[(&str, Range<usize>)]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (part, (_, range)) in parts.iter().enumerate() {
        let mut column = 0;
        let (mut start, mut end) = (None, 0);
        for cell in cells {
            let wide = width(&cell.shown);
            if range.contains(&cell.at) {
                start.get_or_insert(column);
                end = column + wide;
            }
            column += wide;
        }
        let (Some(start), Some(first), Some(last)) = (start, cells.first(), cells.last()) else {
            continue;
        };
        pieces.push(Piece {
            part,
            start,
            end,
            from_above: range.start < first.at,
            to_below: range.end > last.end && end == column,
        });
    }
    pieces
}

/// A bracket under each piece, open where it goes on, with a stem where its
/// name stands below.
fn marks(pieces: &[Piece], middles: &[usize], unicode: bool) -> String {
    let (left, flat, middle, right, single) =
        if unicode { ('└', '─', '┬', '┘', '│') } else { ('\\', '_', '_', '/', '|') };
    let mut row: Vec<char> = Vec::new();
    for piece in pieces.iter().filter(|piece| piece.end > piece.start) {
        row.resize(row.len().max(piece.end), ' ');
        row[piece.start..piece.end].fill(flat);
        if piece.end - piece.start == 1 && !piece.from_above && !piece.to_below {
            row[piece.start] = single;
            continue;
        }
        if piece.end - piece.start > 2 && middles.contains(&centre(piece)) {
            row[centre(piece)] = middle;
        }
        if !piece.from_above {
            row[piece.start] = left;
        }
        if !piece.to_below {
            row[piece.end - 1] = right;
        }
    }
    row.into_iter().collect()
}

fn centre(piece: &Piece) -> usize {
    (piece.start + piece.end - 1) / 2
}

/// The names that belong below this row, with the column of each middle: a
/// part is named where most of it stands, once.
fn labels<'a>(
    pieces: &[Piece],
    named: &mut [bool],
    parts: &[(&'a str, Range<usize>)],
) -> Vec<(usize, &'a str)> {
    let mut labels = Vec::new();
    for piece in pieces {
        let (name, _) = parts[piece.part];
        let wide_enough = piece.end - piece.start >= name.len();
        if !named[piece.part] && (wide_enough || !piece.to_below) {
            named[piece.part] = true;
            labels.push((centre(piece), name));
        }
    }
    labels
}

/// Lays the names out: all in one row, each below the middle of its part; or,
/// where they would touch, below each other, each with a line up to its part.
fn names(labels: &[(usize, &str)], columns: usize, unicode: bool) -> Vec<String> {
    let last = |name: &str| columns.saturating_sub(name.len());
    let mut one_row = Rows::default();
    let centred = labels.iter().all(|(middle, name)| {
        one_row.place(0, *middle, middle.saturating_sub(name.len() / 2).min(last(name)), name)
    });
    if centred {
        return one_row.text(unicode);
    }
    let mut rows = Rows::default();
    // From the right: what stands deeper has its line at the left of all above.
    for (middle, name) in labels.iter().rev() {
        let start = (*middle).min(last(name));
        let deep = labels.len();
        let placed = (0..deep).any(|depth| rows.place(depth, *middle, start, name));
        if !placed {
            rows.0.push(Vec::new());
            rows.write(rows.0.len() - 1, start, name);
        }
    }
    rows.text(unicode)
}

/// Where the line of a name runs, until it is drawn.
const LINE: char = '\u{1}';

#[derive(Default)]
struct Rows(Vec<Vec<char>>);

impl Rows {
    /// Writes the name at this depth if that, and the way up, is free.
    fn place(&mut self, depth: usize, middle: usize, start: usize, name: &str) -> bool {
        let free = |row: &Vec<char>, from: usize, to: usize| {
            row.iter().skip(from).take(to - from).all(|c| *c == ' ')
        };
        let above = self.0.iter().take(depth).all(|row| free(row, middle, middle + 1));
        let end = start + name.len() + 1;
        let here = self.0.get(depth).is_none_or(|row| free(row, start.saturating_sub(1), end));
        if !above || !here {
            return false;
        }
        self.0.resize(self.0.len().max(depth + 1), Vec::new());
        for row in 0..depth {
            self.write(row, middle, &String::from(LINE));
        }
        self.write(depth, start, name);
        true
    }

    fn write(&mut self, row: usize, start: usize, text: &str) {
        let row = &mut self.0[row];
        let end = start + text.chars().count();
        row.resize(row.len().max(end), ' ');
        for (cell, c) in row[start..end].iter_mut().zip(text.chars()) {
            *cell = c;
        }
    }

    fn text(self, unicode: bool) -> Vec<String> {
        let line = if unicode { "│" } else { "|" };
        let rows = self.0.into_iter().map(|row| row.into_iter().collect::<String>());
        rows.map(|row| row.replace(LINE, line)).collect()
    }
}

#[cfg(test)]
mod tests {
    use plumb_report::styled;
    use plumb_wire::http::url::Parts;

    use super::*;

    fn picture(text: &str, columns: usize, unicode: bool) -> String {
        let parts = Parts::rfc3986(text).named();
        let lines = draw(text, &parts, columns, unicode);
        for line in &lines {
            assert!(line.width() <= columns, "{}", line.render(false));
        }
        styled::render(&lines, false)
    }

    #[test]
    fn every_part_is_named() {
        let text = "https://api.example.com:8443/v2/users?page=1&limit=10&q=hello+world#section";
        insta::assert_snapshot!(picture(text, 78, true));
        insta::assert_snapshot!(picture(text, 78, false));
    }

    #[test]
    fn names_that_would_touch_stand_below_each_other() {
        insta::assert_snapshot!(picture("a://u@h:1/p?q#f", 78, true));
    }

    #[test]
    fn a_long_url_takes_several_rows() {
        let text = "https://www.example.com/a/very/long/path/indeed?and=a&query=that&is=longer&than=a+row#end";
        insta::assert_snapshot!(picture(text, 40, true));
    }

    #[test]
    fn what_is_escaped_and_what_is_wide_keeps_its_column() {
        insta::assert_snapshot!(picture("http://例え.jp/\u{202e}x?é", 78, true));
    }
}
