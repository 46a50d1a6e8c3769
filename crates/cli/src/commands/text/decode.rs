//! `plumb text decode TEXT`.

use clap::Args;
use plumb_report::text::Detail;
use plumb_report::{Line, Tone, sanitize};
use serde::Serialize;

use super::charset::{Charset, Decoded, MALFORMED_MAX, Malformed};
use super::encode::count;
use super::guess::{self, Guess, spaced};
use super::input::{Input, Piece};
use super::scheme::Scheme;
use super::transfer::Transfer;
use super::{Run, invalid, table};
use crate::args::output::OutputArgs;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{self, Output, Session};

/// Sequences that are pointed at before the rest is only counted.
const SHOWN_MAX: usize = 8;
/// Bytes before and after a sequence that are shown with it.
const AROUND_BYTES: usize = 6;

/// Turn bytes into characters
///
/// An argument holds bytes in hex, base64, percent-encoding or punycode; a file
/// or stdin is read byte for byte. Without --as, notation and encoding are
/// found, and on stderr it is said by what. A byte-order mark is taken off.
/// Ends with 1 if a sequence of bytes is no character.
#[derive(Debug, Args)]
pub struct Decode {
    #[command(flatten)]
    input: Input,

    /// The encoding, or the notation: hex, base64, base64url, percent, form,
    /// punycode, idna; or one of each
    #[arg(long = "as", value_name = "NAME")]
    names: Vec<String>,

    #[command(flatten)]
    output: OutputArgs,
}

/// The data of a `decoded_text` record.
#[derive(Debug, Serialize)]
struct Record<'a> {
    text: &'a str,
    characters: usize,
    encoding: &'static str,
    /// Why that encoding; null where it was asked for.
    encoding_because: Option<&'a str>,
    notation: Option<&'static str>,
    notation_because: Option<&'a str>,
    /// Other answers are as good as excluded.
    certain: bool,
    size_bytes: usize,
    hex: String,
    byte_order_mark: bool,
    /// Sequences that are no characters.
    invalid_count: usize,
    /// The first of them.
    invalid: Vec<Invalid>,
}

/// A sequence of bytes that is no character.
#[derive(Debug, Serialize)]
struct Invalid {
    start: usize,
    end: usize,
    hex: String,
    why: String,
}

/// What was found out about one input.
struct Reading {
    bytes: Vec<u8>,
    notation: Option<Guess<Transfer>>,
    charset: Guess<Charset>,
    /// Bytes of the byte-order mark.
    mark: usize,
    /// Places count from the start of `bytes`.
    decoded: Decoded,
}

impl Run for Decode {
    const EXAMPLES: &'static str = "
        plumb text decode 'ff fe 34 00 31 00 33 00 20 00 69 00 73 00'
        plumb text decode --as windows-1251 'cf f0 e8 e2 e5 f2'
        plumb text decode --as base64 aGVsbG8=
        plumb text decode xn--bcher-kva.example
        plumb text decode --file old.txt > utf8.txt";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let scheme = Scheme::read(&self.names)?;
        if let Some(note) = Scheme::note(&self.names).filter(|_| !self.output.quiet) {
            output::note(note);
        }
        let pieces = self.input.pieces()?;
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "text decode")?;
        let mut status = ExitStatus::GOOD;
        for piece in pieces {
            let is_argument = matches!(piece, Piece::Argument(_));
            let reading = read(piece, scheme)?;
            if reading.decoded.malformed_count > 0 {
                status = ExitStatus::NO;
            }
            session.record("decoded_text", &record(&reading, scheme))?;
            if session.output().layout.detail != Detail::Quiet && !session.output().json {
                remarks(&reading, scheme);
            }
            show(&reading, is_argument, &mut session)?;
        }
        session.end(status)
    }
}

fn read(piece: Piece, scheme: Scheme) -> Result<Reading, CommandError> {
    let (bytes, notation) = match piece {
        Piece::Bytes(bytes) => match scheme.transfer {
            None => (bytes, None),
            Some(transfer) => {
                let text = String::from_utf8(bytes).map_err(|_| {
                    CommandError::usage(format!("the input is no {}: not ASCII", transfer.name()))
                })?;
                (undo(transfer, text.trim_end())?, None)
            }
        },
        Piece::Argument(text) => match scheme.transfer {
            Some(transfer) => (undo(transfer, &text)?, None),
            None => unasked(text, scheme)?,
        },
    };
    let of_characters = scheme.transfer.or(notation.as_ref().map(|guess| guess.value));
    let charset = match scheme.charset {
        _ if of_characters.is_some_and(Transfer::is_of_characters) => {
            Guess { value: Charset::UTF_8, because: String::new(), certain: true }
        }
        None => guess::charset(&bytes),
        Some(charset) => {
            Guess { value: charset.ordered_by(&bytes), because: String::new(), certain: true }
        }
    };
    let own_mark = charset.value.byte_order_mark();
    let mark = if bytes.starts_with(own_mark) { own_mark.len() } else { 0 };
    let mut decoded = charset.value.decode(&bytes[mark..]);
    for place in &mut decoded.malformed {
        *place = Malformed { start: place.start + mark, end: place.end + mark };
    }
    Ok(Reading { bytes, notation, charset, mark, decoded })
}

/// An argument whose notation was not said.
fn unasked(
    text: String,
    scheme: Scheme,
) -> Result<(Vec<u8>, Option<Guess<Transfer>>), CommandError> {
    // Bytes in an encoding that was named are written in hex.
    if scheme.charset.is_some() && !text.contains('%') {
        return Ok((undo(Transfer::Hex, &text)?, None));
    }
    if let Some(guess) = guess::transfer(&text) {
        return Ok((undo(guess.value, &text)?, Some(guess)));
    }
    Err(CommandError::usage("in no notation of bytes that plumb knows")
        .at(&text, 0..text.len())
        .hint("hex, base64, percent-encoding or punycode; --as NAME says which, and points at\nwhat is wrong with it")
        .hint("characters into bytes: plumb text encode; bytes of a file: --file FILE"))
}

fn undo(transfer: Transfer, text: &str) -> Result<Vec<u8>, CommandError> {
    transfer.read(text).map_err(|refused| {
        CommandError::usage(format!("no {}: {}", transfer.name(), refused.why))
            .at(text, refused.place)
            .hint_if(refused.right.map(str::to_owned))
    })
}

fn record(reading: &Reading, scheme: Scheme) -> Record<'_> {
    let because = Some(reading.charset.because.as_str()).filter(|because| !because.is_empty());
    let notation = scheme.transfer.or(reading.notation.as_ref().map(|guess| guess.value));
    Record {
        text: &reading.decoded.text,
        characters: reading.decoded.text.chars().count(),
        encoding: reading.charset.value.name(),
        encoding_because: because,
        notation: notation.map(Transfer::name),
        notation_because: reading.notation.as_ref().map(|guess| guess.because.as_str()),
        certain: reading.charset.certain
            && reading.notation.as_ref().is_none_or(|guess| guess.certain),
        size_bytes: reading.bytes.len(),
        hex: plumb_wire::hexadecimal(&reading.bytes),
        byte_order_mark: reading.mark > 0,
        invalid_count: reading.decoded.malformed_count,
        invalid: reading.decoded.malformed.iter().map(|at| invalid_of(reading, *at)).collect(),
    }
}

fn invalid_of(reading: &Reading, at: Malformed) -> Invalid {
    Invalid {
        start: at.start,
        end: at.end,
        hex: plumb_wire::hexadecimal(&reading.bytes[at.start..at.end]),
        why: invalid::why(reading.charset.value, &reading.bytes, at),
    }
}

/// What is to be known beside the text: how it was read, and what is wrong.
fn remarks(reading: &Reading, scheme: Scheme) {
    if let Some(guess) = &reading.notation {
        let sure = if guess.certain { "read" } else { "probably, so read" };
        output::note(&format!("{sure} as {}: {}", guess.value.name(), guess.because));
    }
    if scheme.charset.is_none() && !reading.charset.because.is_empty() {
        let Guess { value, because, certain } = &reading.charset;
        let sure = if *certain { "read" } else { "probably, so read" };
        output::note(&format!("{sure} as {}: {because}", value.name()));
    }
    let Decoded { malformed, malformed_count, .. } = &reading.decoded;
    if *malformed_count == 0 {
        return;
    }
    let many = count(*malformed_count, "sequence");
    let verb = if *malformed_count == 1 { "is" } else { "are" };
    output::note(&format!(
        "{many} of bytes {verb} not {}, each shown as {}:",
        reading.charset.value.name(),
        char::REPLACEMENT_CHARACTER
    ));
    let mut lines = Vec::new();
    for at in malformed.iter().take(SHOWN_MAX) {
        lines.extend(pointed(reading, *at));
    }
    if let Some(more) = malformed_count.checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
        let listed = format!("(--json lists the first {MALFORMED_MAX})");
        lines.push(Line::plain(format!("  and {more} more {listed}")));
    }
    output::tell(&lines);
}

/// The sequence among its neighbours, and below it what is wrong.
fn pointed(reading: &Reading, at: Malformed) -> [Line; 2] {
    let from = at.start.saturating_sub(AROUND_BYTES);
    let to = (at.end + AROUND_BYTES).min(reading.bytes.len());
    let lead = format!("  byte {:<6}", at.start + 1);
    let before = spaced(&reading.bytes[from..at.start]);
    let gap = if before.is_empty() { "" } else { " " };
    let bad = spaced(&reading.bytes[at.start..at.end]);
    let carets = "^".repeat(bad.len().max(1));
    let column = lead.len() + before.len() + gap.len();
    [
        Line::new()
            .and(Tone::Faint, lead)
            .and(Tone::Plain, format!("{before}{gap}"))
            .and(Tone::Bad, bad)
            .and(Tone::Plain, format!(" {}", spaced(&reading.bytes[at.end..to]))),
        Line::plain(" ".repeat(column)).and(Tone::Bad, carets).and(
            Tone::Plain,
            format!(" {}", invalid::why(reading.charset.value, &reading.bytes, at)),
        ),
    ]
}

/// The text: safe on a terminal, exact in a pipe.
fn show(reading: &Reading, is_argument: bool, to: &mut Session<'_>) -> Result<(), CommandError> {
    let (text, output) = (&reading.decoded.text, to.output());
    if output.json {
        return Ok(());
    }
    if output.layout.detail == Detail::Verbose
        && let Ok(encoded) = reading.charset.value.encode(text)
    {
        table::each_piece(&reading.bytes, |rows| output.lines(rows))?;
        return output.lines(&table::characters(&encoded));
    }
    if output.live {
        let lines: Vec<Line> = text.lines().map(|line| Line::plain(sanitize::text(line))).collect();
        return output.lines(&lines);
    }
    output.raw(text.as_bytes())?;
    let ends = text.ends_with('\n') || !is_argument;
    if ends { Ok(()) } else { output.raw(b"\n") }
}
