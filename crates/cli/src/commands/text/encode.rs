//! `plumb text encode TEXT`.

use clap::Args;
use plumb_report::text::Detail;
use plumb_report::{Line, Tone};
use serde::Serialize;

use super::charset::{Charset, Encoded, Unmappable};
use super::input::{Input, Piece};
use super::scheme::Scheme;
use super::transfer::Transfer;
use super::{Run, table};
use crate::args::output::OutputArgs;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{self, Output, Session};

/// Turn characters into bytes
///
/// The bytes are shown in hexadecimal, in rows or with -q in one word; -v shows
/// each character with its bytes. A notation (base64, percent, ...) makes them a
/// text again.
#[derive(Debug, Args)]
pub struct Encode {
    #[command(flatten)]
    input: Input,

    /// The encoding (utf-8 unless said), or a notation: hex, base64, base64url,
    /// percent, form, punycode, idna; or one of each
    #[arg(long = "as", value_name = "NAME")]
    names: Vec<String>,

    /// Begin with the byte-order mark
    #[arg(long)]
    bom: bool,

    /// Write the bytes themselves
    #[arg(long, conflicts_with = "json")]
    raw: bool,

    #[command(flatten)]
    output: OutputArgs,
}

/// The data of an `encoded_text` record.
#[derive(Debug, Serialize)]
struct Record<'a> {
    text: &'a str,
    characters: usize,
    encoding: &'static str,
    notation: Option<&'static str>,
    /// Null where the notation is of characters.
    size_bytes: Option<usize>,
    hex: Option<String>,
    byte_order_mark: bool,
    encoded: Option<&'a str>,
}

impl Run for Encode {
    const EXAMPLES: &'static str = "
        plumb text encode 'We copy you down, Eagle.'
        plumb text encode -v --as utf-16le 'naïve €'   # each character with its bytes
        plumb text encode --as utf-16le --as base64 'dir'
        plumb text encode --as idna bücher.example
        plumb text encode --as koi8-r --raw - < utf8.txt > old.txt";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let scheme = Scheme::read(&self.names)?;
        if let Some(note) = Scheme::note(&self.names).filter(|_| !self.output.quiet) {
            output::note(note);
        }
        let pieces = self.input.pieces()?;
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "text encode")?;
        for piece in pieces {
            let text = match piece {
                Piece::Argument(text) => text,
                Piece::Bytes(bytes) => String::from_utf8(bytes).map_err(|error| {
                    let at = error.utf8_error().valid_up_to() + 1;
                    CommandError::usage(format!("the text to encode is not UTF-8 (byte {at})"))
                        .hint("plumb text decode finds out what it is in")
                })?,
            };
            self.one(&text, scheme, &mut session)?;
        }
        session.end(ExitStatus::GOOD)
    }
}

impl Encode {
    fn one(&self, text: &str, scheme: Scheme, to: &mut Session<'_>) -> Result<(), CommandError> {
        let charset = scheme.charset.unwrap_or(Charset::UTF_8);
        let encoded = charset.encode(text).map_err(|lacks| refused(charset, text, lacks))?;
        let characters = encoded.count;
        let marked = self.bom || charset.wants_mark();
        let mark = if marked { charset.byte_order_mark() } else { &[] };
        if self.bom && mark.is_empty() {
            return Err(CommandError::usage(format!("{} has no byte-order mark", charset.name())));
        }
        let encoded = if mark.is_empty() { encoded } else { encoded.behind_mark(mark) };
        let bytes = &encoded.bytes[..];
        let written = scheme.transfer.map(|transfer| write(transfer, bytes, text)).transpose()?;
        let of_characters = scheme.transfer.is_some_and(Transfer::is_of_characters);
        to.record(
            "encoded_text",
            &Record {
                text,
                characters,
                encoding: charset.name(),
                notation: scheme.transfer.map(Transfer::name),
                size_bytes: (!of_characters).then_some(bytes.len()),
                hex: (!of_characters).then(|| plumb_wire::hexadecimal(bytes)),
                byte_order_mark: !mark.is_empty(),
                encoded: written.as_deref(),
            },
        )?;
        if self.raw {
            return to.output().raw(written.as_deref().map_or(bytes, str::as_bytes));
        }
        match written {
            Some(written) => to.lines(&[Line::plain(written)]),
            None => self.show(text, &encoded, charset, to),
        }
    }

    fn show(
        &self,
        text: &str,
        encoded: &Encoded,
        charset: Charset,
        to: &mut Session<'_>,
    ) -> Result<(), CommandError> {
        let detail = to.output().layout.detail;
        let bytes = &encoded.bytes[..];
        if detail == Detail::Quiet {
            return to.lines(&[Line::plain(plumb_wire::hexadecimal(bytes))]);
        }
        let characters = text.chars().count();
        let marked = encoded.count > characters;
        let mut lines = vec![
            Line::new()
                .and(Tone::Strong, count(bytes.len(), "byte"))
                .and(
                    Tone::Plain,
                    format!(" of {}, {}", charset.name(), count(characters, "character")),
                )
                .and(Tone::Faint, if marked { ", after a byte-order mark" } else { "" }),
        ];
        if detail == Detail::Verbose {
            lines.extend(table::characters(encoded));
        }
        to.lines(&lines)?;
        table::each_piece(bytes, |rows| to.lines(rows))?;
        if charset == Charset::UTF_8 && self.names.is_empty() {
            to.lines(composed(text).as_slice())?;
        }
        Ok(())
    }
}

/// A mark that combines with the letter before it is a character of its own.
fn composed(text: &str) -> Option<Line> {
    let combining = text.chars().filter(|c| ('\u{300}'..='\u{36f}').contains(c)).count();
    let note = format!(
        "{} {} with the letter before: the same text composed has fewer bytes",
        count(combining, "character"),
        if combining == 1 { "combines" } else { "combine" },
    );
    (combining > 0)
        .then(|| Line::new().and(Tone::Hint, "note").and(Tone::Plain, format!(": {note}")))
}

/// `1 byte`, `2 bytes`.
pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn write(transfer: Transfer, bytes: &[u8], text: &str) -> Result<String, CommandError> {
    transfer.write(bytes).map_err(|why| {
        CommandError::usage(format!("no {} of this text: {why}", transfer.name()))
            .at(text, 0..text.len())
    })
}

fn refused(charset: Charset, text: &str, lacks: Unmappable) -> CommandError {
    let Unmappable { at, character } = lacks;
    let error = CommandError::usage(format!(
        "{} has no U+{:04X} {character}",
        charset.name(),
        u32::from(character)
    ));
    // A place is shown beside its line, and a file may be long.
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let place = at - start..at - start + character.len_utf8();
    error.at(line, place).hint("UTF-8 has every character: --as utf-8")
}
