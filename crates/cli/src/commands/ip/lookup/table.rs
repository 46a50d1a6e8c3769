//! A table of prefixes, with what its other columns say of each.
//!
//! The rows are kept as one text and the prefixes beside it: a million of them
//! take as many bytes as they have, and no allocation each.

use std::ops::Range;

use plumb_wire::addr::longest::{Table, TableBuilder};
use plumb_wire::addr::scan::{self, Item};

use super::super::input::{self, Lines, Source};
use super::super::net::Masked;
use crate::error::CommandError;

/// Separates the columns of the answer.
const TAB: u8 = b'\t';

/// Prefixes and rows.
#[derive(Debug)]
pub(super) struct Nets {
    pub(super) table: Table,
    rows: Rows,
    /// Of the other columns, where there is a header.
    pub(super) names: Vec<String>,
    /// Most other columns that a row has.
    pub(super) columns: usize,
    /// Rows whose prefix an earlier one has already.
    pub(super) repeated: usize,
    pub(super) masked: Masked,
    pub(super) skipped: u64,
}

/// What of a table the user says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    /// Column of the prefix, from 1 or by name.
    pub(super) key: Option<&'a str>,
    pub(super) skip_bad: bool,
    pub(super) quiet: bool,
}

impl Nets {
    pub(super) fn read(source: &Source, reading: Reading<'_>) -> Result<Nets, CommandError> {
        let name = source.name();
        let mut reader = Reader {
            name: &name,
            reading,
            form: None,
            names: None,
            fields: Vec::new(),
            builder: TableBuilder::default(),
            rows: Rows::default(),
            columns: 0,
            masked: Masked::default(),
            skipped: 0,
        };
        input::each_line(source, reading.quiet, &mut reader)?;
        let Reader { form, names, builder, rows, columns, masked, skipped, .. } = reader;
        let items = builder.len();
        let table = builder.finish();
        let mut names = names.unwrap_or_default();
        if let Some(form) = form.filter(|form| form.key < names.len()) {
            names.remove(form.key);
        }
        Ok(Nets {
            repeated: items.saturating_sub(table.len()),
            table,
            rows,
            columns: columns.max(names.len()),
            names,
            masked,
            skipped,
        })
    }

    /// The other columns of a row, with tabs between.
    #[inline]
    pub(super) fn row(&self, value: u32) -> &[u8] {
        self.rows.get(value)
    }
}

/// Bytes of a block of rows, in bits: much longer than a line can be.
const BLOCK_BITS: u32 = 20;
const BLOCK_BYTES: usize = 1 << BLOCK_BITS;

/// The other columns, each row ended by `\n`. They stand in blocks, so that
/// nothing is copied as they grow.
#[derive(Debug, Default)]
struct Rows {
    blocks: Vec<Vec<u8>>,
    /// Where the last begins: rows often repeat.
    last: u32,
    length: usize,
}

impl Rows {
    /// Keeps a row; where it begins.
    #[inline]
    fn add(&mut self, row: &[u8]) -> Option<u32> {
        let same = self.length == row.len() && (row.is_empty() || self.get(self.last) == row);
        if !same || self.blocks.is_empty() {
            let full = |block: &Vec<u8>| block.len() + row.len() >= BLOCK_BYTES;
            if self.blocks.last().is_none_or(full) {
                self.blocks.push(Vec::with_capacity(BLOCK_BYTES));
            }
            let number = u32::try_from(self.blocks.len() - 1).ok();
            let block = self.blocks.last_mut()?;
            let first = number.filter(|number| *number < 1 << (u32::BITS - BLOCK_BITS))?;
            self.last = first << BLOCK_BITS | u32::try_from(block.len()).ok()?;
            self.length = row.len();
            block.extend_from_slice(row);
            block.push(b'\n');
        }
        Some(self.last)
    }

    #[inline]
    fn get(&self, start: u32) -> &[u8] {
        let block = self.blocks.get((start >> BLOCK_BITS) as usize);
        let rest = block.and_then(|block| block.get(start as usize % BLOCK_BYTES..));
        let rest = rest.unwrap_or_default();
        &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())]
    }
}

/// What stands between columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    Byte(u8),
    /// Any number of blanks. What is behind the last column that has a name, or
    /// behind the prefix where none has, is one column.
    Blanks,
}

const SEPARATORS: [Separator; 4] =
    [Separator::Byte(TAB), Separator::Byte(b','), Separator::Byte(b';'), Separator::Blanks];

/// How the rows are written.
#[derive(Debug, Clone, Copy)]
struct Form {
    separator: Separator,
    /// Column of the prefix, from 0.
    key: usize,
    /// Columns that the header names; none without.
    named: Option<usize>,
}

struct Reader<'a> {
    name: &'a str,
    reading: Reading<'a>,
    form: Option<Form>,
    names: Option<Vec<String>>,
    fields: Vec<Range<usize>>,
    builder: TableBuilder,
    rows: Rows,
    columns: usize,
    masked: Masked,
    skipped: u64,
}

impl Lines for Reader<'_> {
    #[inline]
    fn line(&mut self, number: u64, line: &[u8]) -> Result<(), CommandError> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let start = line.iter().position(|byte| !matches!(byte, b' ' | b'\t'));
        let Some(start) = start.filter(|start| !matches!(line[*start], b'#' | b';')) else {
            return Ok(());
        };
        let line = &line[start..];
        let form = match self.form {
            Some(form) => form,
            None => match self.begin(line)? {
                Some(form) => form,
                None => return Ok(()),
            },
        };
        self.row(form, number, line)
    }

    fn pause(&mut self) -> Result<bool, CommandError> {
        Ok(true)
    }
}

impl Reader<'_> {
    /// Learns from the first lines how the rows are written. None if it was the
    /// header.
    #[cold]
    fn begin(&mut self, line: &[u8]) -> Result<Option<Form>, CommandError> {
        let named = self.names.as_ref().map(Vec::len);
        let asked = match self.reading.key {
            None => None,
            Some(key) => self.column_called(key),
        };
        for separator in SEPARATORS {
            split(line, separator, named, &mut self.fields);
            let is_net = |place: &Range<usize>| scan::item(unquoted(&line[place.clone()])).is_ok();
            let key = match asked {
                Some(key) => self.fields.get(key).filter(|place| is_net(place)).map(|_| key),
                None => self.fields.iter().position(is_net),
            };
            if let Some(key) = key {
                let form = Form { separator, key, named };
                self.form = Some(form);
                return Ok(Some(form));
            }
        }
        let header = SEPARATORS.into_iter().find(|separator| {
            split(line, *separator, None, &mut self.fields);
            self.fields.len() > 1 || *separator == Separator::Blanks
        });
        let texts = self.fields.iter().map(|place| unquoted(&line[place.clone()]));
        let looks_like_data = texts.clone().any(|text| {
            text.first().is_some_and(u8::is_ascii_hexdigit)
                && text.iter().any(|byte| matches!(byte, b'.' | b':' | b'/'))
        });
        if self.names.is_none() && !looks_like_data && header.is_some() {
            let names: Vec<String> =
                texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect();
            self.names = Some(names);
            if let Some(key) = self.reading.key.filter(|key| self.column_called(key).is_none()) {
                let names = self.names.take().unwrap_or_default().join(", ");
                let message = format!("{} has no column {key}", self.name);
                return Err(CommandError::usage(message).hint(format!("it has {names}")));
            }
            return Ok(None);
        }
        // What is wrong is said of the column that was to be the prefix.
        let form = Form { separator: Separator::Blanks, key: asked.unwrap_or(0), named };
        Ok(Some(header.map_or(form, |separator| Form { separator, ..form })))
    }

    /// From 0.
    fn column_called(&self, key: &str) -> Option<usize> {
        let named = self.names.iter().flatten().position(|name| name.eq_ignore_ascii_case(key));
        named.or_else(|| key.parse::<usize>().ok()?.checked_sub(1))
    }

    #[inline]
    fn row(&mut self, form: Form, number: u64, line: &[u8]) -> Result<(), CommandError> {
        split(line, form.separator, form.named, &mut self.fields);
        if form.named.is_none() && form.separator == Separator::Blanks {
            join_behind(&mut self.fields, form.key);
        }
        let Some(place) = self.fields.get(form.key).cloned() else {
            let why = format!("there is no column {}", form.key + 1);
            return self.bad(number, CommandError::usage(why).at_line(line));
        };
        let text = unquoted(&line[place.clone()]);
        let item = match scan::item(text) {
            Ok(item) => item,
            Err(mut error) => {
                let before = place.start + usize::from(text.len() < place.len());
                error.range = error.range.start + before..error.range.end + before;
                return self.bad(number, input::refused(line, &error));
            }
        };
        self.keep(form, item, line)
    }

    #[inline]
    fn keep(&mut self, form: Form, item: Item, line: &[u8]) -> Result<(), CommandError> {
        if item.has_host_bits {
            let written = String::from_utf8_lossy(&line[self.fields[form.key].clone()]);
            self.masked.note(&item, &written, || format!("{}: ", self.name));
        }
        let others = self.fields.len() - 1;
        self.columns = self.columns.max(others);
        let value = match &self.fields[..] {
            [_] => self.rows.add(b""),
            [first, second] => {
                let other = if form.key == 0 { second } else { first };
                let other = unquoted(&line[other.clone()]);
                match other.iter().any(|byte| matches!(byte, b'"' | b'\t')) {
                    true => self.rows.add(&plain(other)),
                    false => self.rows.add(other),
                }
            }
            fields => {
                let mut row = Vec::with_capacity(line.len());
                let others = fields.iter().enumerate().filter(|(at, _)| *at != form.key);
                for (at, place) in others {
                    if at > usize::from(form.key == 0) {
                        row.push(TAB);
                    }
                    row.extend_from_slice(&plain(unquoted(&line[place.clone()])));
                }
                self.rows.add(&row)
            }
        };
        if !value.is_some_and(|value| self.builder.add(item.span, value)) {
            return Err(CommandError::not_measured(format!(
                "{} is too large: 4 GiB of text and 4294967295 prefixes are the most",
                self.name
            )));
        }
        Ok(())
    }

    #[cold]
    fn bad(&mut self, number: u64, error: CommandError) -> Result<(), CommandError> {
        if self.reading.skip_bad {
            self.skipped += 1;
            return Ok(());
        }
        let error = error.in_line(&format!("{}:{number}", self.name));
        Err(error.hint("--skip-bad goes on without such rows"))
    }
}

impl CommandError {
    /// Points at the end of a line.
    fn at_line(self, line: &[u8]) -> CommandError {
        let text = String::from_utf8_lossy(line);
        self.at(&text, text.len()..text.len())
    }
}

/// Finds the columns of a line that begins with no blank.
#[inline]
fn split(line: &[u8], by: Separator, named: Option<usize>, fields: &mut Vec<Range<usize>>) {
    fields.clear();
    let separator = match by {
        Separator::Blanks => return split_at_blanks(line, named, fields),
        Separator::Byte(separator) => separator,
    };
    let mut start = 0;
    loop {
        // Within quotes separators are text.
        let quoted = match line.get(start) {
            Some(b'"') => closing_quote(&line[start + 1..]).map_or(0, |length| length + 2),
            _ => 0,
        };
        let from = start + quoted;
        let end = memchr::memchr(separator, &line[from..]).map_or(line.len(), |at| from + at);
        fields.push(trimmed(line, start..end));
        if end == line.len() {
            return;
        }
        start = end + 1;
    }
}

/// Where the quote that ends a text stands; two of them are one within it.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr(b'"', text.get(at..)?)?;
        if text.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

#[inline]
fn split_at_blanks(line: &[u8], named: Option<usize>, fields: &mut Vec<Range<usize>>) {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let mut start = 0;
    while start < line.len() && !matches!(line[start], b'#' | b';') {
        let is_last = named == Some(fields.len() + 1);
        let length = line[start..].iter().position(is_blank).filter(|_| !is_last);
        let end = length.map_or(line.len(), |length| start + length);
        fields.push(trimmed(line, start..end));
        let blanks = line[end..].iter().take_while(|byte| is_blank(byte)).count();
        start = end + blanks;
    }
}

/// Makes one column of all behind the prefix.
fn join_behind(fields: &mut Vec<Range<usize>>, key: usize) {
    if let (Some(first), Some(last)) = (fields.get(key + 1), fields.last()) {
        let all = first.start..last.end;
        fields.truncate(key + 1);
        fields.push(all);
    }
}

/// Without blanks around it.
#[inline]
fn trimmed(line: &[u8], place: Range<usize>) -> Range<usize> {
    let text = &line[place.clone()];
    let front = text.len() - text.trim_ascii_start().len();
    let length = text.trim_ascii().len();
    place.start + front.min(text.len() - length)..place.start + front + length
}

/// Without quotes around it.
#[inline]
fn unquoted(text: &[u8]) -> &[u8] {
    match text {
        [b'"', inner @ .., b'"'] => inner,
        _ => text,
    }
}

/// As a column of the answer: one quote for two, and no tabs.
fn plain(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'"' && bytes.peek() == Some(&b'"') {
            bytes.next();
        }
        out.push(if byte == TAB { b' ' } else { byte });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &str, by: Separator) -> Vec<&str> {
        let mut places = Vec::new();
        split(line.as_bytes(), by, None, &mut places);
        places.into_iter().map(|place| &line[place]).collect()
    }

    #[test]
    fn columns_as_csv_has_them() {
        let csv = Separator::Byte(b',');
        assert_eq!(fields("a,b , c,", csv), ["a", "b", "c", ""]);
        assert_eq!(fields("\"a,b\",c", csv), ["\"a,b\"", "c"]);
        assert_eq!(fields("\"a \"\"b, c\"\"\",d", csv), ["\"a \"\"b, c\"\"\"", "d"]);
        assert_eq!(fields("\"open,c", csv), ["\"open", "c"]);
        assert_eq!(plain(unquoted(b"\"a \"\"b\"\"\tc\"")), b"a \"b\" c");
    }

    #[test]
    fn columns_between_blanks() {
        assert_eq!(fields("10.0.0.0/8   a b # c", Separator::Blanks), ["10.0.0.0/8", "a", "b"]);
        let mut places = Vec::new();
        split(b"net  a b c", Separator::Blanks, Some(2), &mut places);
        assert_eq!(places, [0..3, 5..10]);
    }
}
