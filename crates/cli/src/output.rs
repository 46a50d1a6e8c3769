//! Who owns the terminal: stdout is the answer, everything else is stderr.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anstream::{AutoStream, ColorChoice};
use plumb_report::json::{self, Begin, End, JsonLines};
use plumb_report::pipe::QuietPipe;
use plumb_report::text::{Detail, Layout};
use plumb_report::{Line, Tone, styled};
use serde::Serialize;

use crate::args::output::{Color, OutputArgs};
use crate::environment;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// How far the answer in records is. A process has one answer, and whatever
/// breaks it off, an error or a bug, comes out in `main`.
static ANSWER: Mutex<Answer> = Mutex::new(Answer::NotBegun);

#[derive(Debug)]
enum Answer {
    NotBegun,
    Begun {
        clock: Instant,
        /// The file that it goes to; none is stdout.
        path: Option<PathBuf>,
    },
    Ended,
}

/// Where the answer goes, and how it is to look.
pub struct Output {
    out: QuietPipe<Box<dyn Write>>,
    /// The file that it goes to; none is stdout.
    path: Option<PathBuf>,
    /// The answer goes to a terminal, so it may be shown while it grows.
    pub live: bool,
    pub json: bool,
    pub color: bool,
    pub layout: Layout,
}

impl Output {
    /// Opens what the options ask for.
    pub fn open(options: &OutputArgs) -> Result<Output, CommandError> {
        let stdout = io::stdout();
        let terminal = options.output.is_none() && stdout.is_terminal();
        let color = wants_color(options);
        let out: Box<dyn Write> = match options.output.as_deref() {
            None => Box::new(stdout.lock()),
            Some(path) if path == Path::new("-") => Box::new(stdout.lock()),
            Some(path) => {
                let file =
                    File::create(path).map_err(|error| CommandError::file("write", path, error))?;
                Box::new(BufWriter::new(file))
            }
        };
        let detail = match (options.quiet, options.verbose) {
            (true, _) => Detail::Quiet,
            (false, 0) => Detail::Normal,
            (false, _) => Detail::Verbose,
        };
        let layout = Layout {
            detail,
            columns: columns(terminal),
            unicode: !environment::locale_lacks_unicode(),
        };
        let live = terminal && !options.json;
        Ok(Output {
            out: QuietPipe::new(out),
            path: options.output.clone().filter(|path| path != Path::new("-")),
            live,
            json: options.json,
            color: color && !options.json,
            layout,
        })
    }

    /// Whether nobody reads the answer any more.
    pub fn is_closed(&self) -> bool {
        self.out.is_closed()
    }

    /// Writes lines, as text.
    pub fn lines(&mut self, lines: &[Line]) -> Result<(), CommandError> {
        let text = styled::render(lines, self.color);
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).map_err(cannot_write)
    }

    /// Writes text that is safe already: a completion script, a page.
    pub fn raw(&mut self, text: &[u8]) -> Result<(), CommandError> {
        self.out.write_all(text).and_then(|()| self.out.flush()).map_err(cannot_write)
    }

    /// Writes one record of JSON Lines.
    pub fn record<T: Serialize + ?Sized>(
        &mut self,
        kind: &str,
        data: &T,
    ) -> Result<(), CommandError> {
        match kind {
            "begin" => {
                let path = self.path.clone();
                set_answer(Answer::Begun { clock: Instant::now(), path });
            }
            "end" => answer_ended(),
            _ => {}
        }
        JsonLines::new(&mut self.out).record(kind, data).map_err(cannot_write)
    }

    /// The writer itself, for a live view.
    pub fn writer(&mut self) -> &mut dyn Write {
        &mut self.out
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output")
            .field("json", &self.json)
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

/// The answer of a command that has nothing but records: `begin`, each record,
/// `end` with `--json`, and else the lines.
#[derive(Debug)]
pub struct Session<'a> {
    output: &'a mut Output,
    clock: Instant,
}

impl<'a> Session<'a> {
    /// Writes `begin`, with `--json`.
    pub fn begin(output: &'a mut Output, command: &str) -> Result<Session<'a>, CommandError> {
        let clock = Instant::now();
        if output.json {
            output.record("begin", &begin_of(command))?;
        }
        Ok(Session { output, clock })
    }

    pub fn output(&mut self) -> &mut Output {
        self.output
    }

    /// A record with `--json`; nothing without.
    pub fn record<T: Serialize + ?Sized>(
        &mut self,
        kind: &str,
        data: &T,
    ) -> Result<(), CommandError> {
        if self.output.json { self.output.record(kind, data) } else { Ok(()) }
    }

    /// Lines without `--json`; nothing with it.
    pub fn lines(&mut self, lines: &[Line]) -> Result<(), CommandError> {
        if self.output.json { Ok(()) } else { self.output.lines(lines) }
    }

    /// Writes `end`, with `--json`.
    pub fn end(self, status: ExitStatus) -> Result<ExitStatus, CommandError> {
        if self.output.json {
            self.output.record("end", &end_of(self.clock, status))?;
        }
        Ok(status)
    }
}

fn begin_of(command: &str) -> Begin<'_> {
    let started_unix_s = plumb_sys::clock::unix_s();
    Begin { plumb: env!("CARGO_PKG_VERSION"), command, started_unix_s }
}

fn end_of(clock: Instant, status: ExitStatus) -> End {
    End {
        exit_code: status.code(),
        interrupted: status == ExitStatus::INTERRUPTED,
        duration_ns: u64::try_from(clock.elapsed().as_nanos()).unwrap_or(u64::MAX),
    }
}

fn set_answer(answer: Answer) -> Answer {
    std::mem::replace(&mut *ANSWER.lock().unwrap_or_else(PoisonError::into_inner), answer)
}

/// The answer in records is whole.
pub(crate) fn answer_ended() {
    set_answer(Answer::Ended);
}

/// Writes the `end` of an answer that a bug broke off, so that nobody takes it
/// for one that was cut on the way.
pub(crate) fn end_unfinished(status: ExitStatus) {
    break_off(None, status, None);
}

/// Writes why the answer in records was broken off, and its `end`. Where it
/// had not begun, `command` is what records were asked of.
pub(crate) fn break_off(error: Option<&CommandError>, status: ExitStatus, command: Option<&str>) {
    let (clock, path, command) = match (set_answer(Answer::Ended), command) {
        (Answer::Begun { clock, path }, _) => (clock, path, None),
        (Answer::NotBegun, Some(command)) => (Instant::now(), None, Some(command)),
        (Answer::NotBegun, None) | (Answer::Ended, _) => return,
    };
    let out: Box<dyn Write> = match path {
        None => Box::new(io::stdout()),
        Some(path) => match File::options().append(true).open(path) {
            Ok(file) => Box::new(file),
            Err(_) => return,
        },
    };
    let mut records = JsonLines::new(out);
    // The error that broke the answer off is told already.
    if let Some(command) = command {
        let _ = records.begin(&begin_of(command));
    }
    if let Some(error) = error.filter(|error| !error.message.is_empty()) {
        let _ = records.failure(&failure_of(error));
    }
    let _ = records.end(&end_of(clock, status));
}

/// The record of an error.
pub(crate) fn failure_of(error: &CommandError) -> json::Failure<'_> {
    let place = error.place.as_ref().map(|place| json::Place {
        text: &place.text,
        start: place.start,
        end: place.end,
    });
    json::Failure { message: &error.message, place, hints: &error.hints }
}

/// Whether the answer is to be coloured.
pub(crate) fn wants_color(options: &OutputArgs) -> bool {
    match options.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            options.output.is_none() && AutoStream::choice(&io::stdout()) != ColorChoice::Never
        }
    }
}

/// Columns that an answer on stdout may take.
pub(crate) fn columns_of_stdout() -> usize {
    columns(io::stdout().is_terminal())
}

/// Columns that what is told on stderr may take.
pub(crate) fn columns_of_stderr() -> usize {
    columns(io::stderr().is_terminal())
}

fn cannot_write(error: io::Error) -> CommandError {
    CommandError::not_measured(format!("cannot write the answer: {error}"))
}

/// Columns of the terminal; where there is none, as many as a report may have.
fn columns(terminal: bool) -> usize {
    let seen = if terminal { terminal_size::terminal_size() } else { None };
    seen.map_or(plumb_report::text::COLUMNS_MAX, |(columns, _)| usize::from(columns.0))
}

/// Shows an error on stderr, coloured where stderr shows colour.
pub fn show_error(error: &CommandError) {
    if !error.message.is_empty() {
        tell(&error.lines());
    }
}

/// Shows help where it is asked for, and else what is wrong with the arguments.
pub(crate) fn show_clap_error(error: &clap::Error) -> io::Result<()> {
    if !error.use_stderr() {
        return error.print();
    }
    let said = crate::error::in_plain_words(&error.render().ansi().to_string());
    AutoStream::auto(io::stderr().lock()).write_all(said.as_bytes())
}

/// Tells something on stderr: a note, a warning, what is missing.
pub fn tell(lines: &[Line]) {
    let stderr = io::stderr();
    let color = AutoStream::choice(&stderr) != ColorChoice::Never;
    // There is nowhere left to say that stderr is closed.
    let _ = stderr.lock().write_all(styled::render(lines, color).as_bytes());
}

/// One line on stderr.
pub fn note(text: &str) {
    tell(&[Line::new().and(Tone::Hint, "note").and(Tone::Plain, format!(": {text}"))]);
}

/// One line on stderr about what was understood otherwise than it was written.
pub fn warning(text: &str) {
    tell(&[Line::new().and(Tone::Warning, "warning").and(Tone::Plain, format!(": {text}"))]);
}

pub(crate) fn show_bug(text: &str) {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let mut shown =
        vec![Line::new().and(Tone::Bad, "error").and(Tone::Strong, format!(": {first}"))];
    shown.extend(lines.map(Line::plain));
    tell(&shown);
}
