//! Where the networks of the set commands come from: arguments, files and
//! stdin, read in pieces.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::ops::Range;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use clap::Args;
use plumb_wire::addr::scan::{self, Columns, Item, LineError, LineProblem};
use plumb_wire::addr::set::{AddressSet, SetBuilder};
use plumb_wire::addr::text::AddressError;

use super::chunks::{CHUNK_BYTES, Chunks};
use super::net::Masked;
use crate::args::ip;
use crate::error::CommandError;
use crate::output;

/// What a SET may be, for the help of each command that takes some.
pub(super) const SETS: &str = "A SET is a network (10.0.0.0/8), an address, a range \
(10.0.0.1-10.0.0.9), several of them with commas between, a file with one on each line, or - for \
stdin. What reads as addresses is taken so; @FILE is a file in any case. In files, blank lines \
and what follows # or ; are skipped.";

/// Columns of a line that an error shows.
const SHOWN_BYTES_MAX: usize = 72;

/// How lines are read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Input")]
pub(super) struct ReadArgs {
    /// Read the Nth column of each line and ignore the others
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    column: Option<u16>,

    /// Go on without the lines that are no networks, and count them
    #[arg(long)]
    skip_bad: bool,
}

impl ReadArgs {
    /// The same for files that are lists and nothing else.
    pub(super) fn of_lists(&self) -> ReadArgs {
        ReadArgs { column: None, ..self.clone() }
    }
}

/// One of the things that a SET may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// Networks themselves, with commas between.
    Text(String),
    File(PathBuf),
    Stdin,
}

impl Source {
    /// What the word says. Addresses come before files: `./10.0.0.0` is one
    /// that is called so.
    pub(super) fn of(word: &str) -> Source {
        if word == "-" {
            return Source::Stdin;
        }
        if let Some(path) = word.strip_prefix('@') {
            return Source::File(path.into());
        }
        let first = word.split(',').next().unwrap_or_default();
        let is_file = scan::item(first.as_bytes()).is_err()
            && (Path::new(word).exists() || !looks_like_addresses(word));
        if is_file { Source::File(word.into()) } else { Source::Text(word.to_owned()) }
    }

    /// The word that says a file, or stdin, in any case.
    pub(super) fn word_of_file(path: &str) -> String {
        if path == "-" { path.to_owned() } else { format!("@{path}") }
    }

    /// For messages.
    pub(super) fn name(&self) -> String {
        match self {
            Source::Text(text) => text.clone(),
            Source::File(path) => path.display().to_string(),
            Source::Stdin => "stdin".to_owned(),
        }
    }
}

/// Whether a mistake in it is one in an address, and not in the name of a file.
fn looks_like_addresses(word: &str) -> bool {
    let belongs = |c: char| c.is_ascii_hexdigit() || ":./,- %[]".contains(c);
    word.is_empty()
        || word.contains("://")
        || (word.chars().all(belongs) && word.contains(|c: char| c.is_ascii_digit() || c == ':'))
}

/// What the sources of a command stand for, in order.
///
/// # Errors
/// If stdin is named twice, or by chance: `A - B` are three words.
pub(super) fn sources(words: &[String]) -> Result<Vec<Source>, CommandError> {
    let sources: Vec<Source> = words.iter().map(|word| Source::of(word)).collect();
    for (pair, around) in sources.windows(3).zip(words.windows(3)) {
        if let [Source::Text(first), Source::Stdin, Source::Text(last)] = pair
            && scan::item(format!("{first}-{last}").as_bytes()).is_ok()
        {
            let text = around.join(" ");
            return Err(CommandError::usage("- between two words is stdin, not a range")
                .at(&text, first.len() + 1..first.len() + 2)
                .hint(format!("the range is one word: {first}-{last}"))
                .hint("for stdin, write - in front or behind"));
        }
    }
    check(&sources)?;
    Ok(sources)
}

/// Refuses to read stdin twice.
pub(super) fn check(sources: &[Source]) -> Result<(), CommandError> {
    if sources.iter().filter(|source| **source == Source::Stdin).count() > 1 {
        return Err(CommandError::usage("stdin can be read once, and is asked for twice here"));
    }
    Ok(())
}

/// Stdin, where no SET is given and something is passed to it.
///
/// # Errors
/// If that is a terminal: nobody means to type there.
pub(super) fn sources_or_stdin(words: &[String]) -> Result<Vec<Source>, CommandError> {
    if !words.is_empty() {
        return sources(words);
    }
    if io::stdin().is_terminal() {
        return Err(CommandError::usage(
            "there is nothing to read: no SET, and stdin is a terminal",
        )
        .hint("give networks, a file, or - to type them"));
    }
    Ok(vec![Source::Stdin])
}

/// Whom lines are handed to.
pub(super) trait Visit {
    /// A network, and the line that it stands on (of an argument: the part
    /// between commas).
    fn item(&mut self, item: Item, line: &[u8]) -> Result<(), CommandError>;

    /// The next bytes may take a while. False to stop reading.
    fn pause(&mut self) -> Result<bool, CommandError> {
        Ok(true)
    }
}

impl Visit for SetBuilder {
    #[inline]
    fn item(&mut self, item: Item, _: &[u8]) -> Result<(), CommandError> {
        self.add(item.span);
        Ok(())
    }
}

/// Whom the lines of a file are handed to as they are.
pub(super) trait Lines {
    /// A line without its `\n`; numbers begin with 1.
    fn line(&mut self, number: u64, line: &[u8]) -> Result<(), CommandError>;

    /// As [`Visit::pause`].
    fn pause(&mut self) -> Result<bool, CommandError>;
}

/// Hands over each line of a file or of stdin, or the parts of an argument as
/// lines. How many there were.
pub(super) fn each_line(
    source: &Source,
    quiet: bool,
    visit: &mut impl Lines,
) -> Result<u64, CommandError> {
    let (file, size_bytes) = match source {
        Source::Text(text) => {
            let parts = (1..).zip(text.split(','));
            for (number, part) in parts.clone() {
                visit.line(number, part.as_bytes())?;
            }
            return Ok(parts.count() as u64);
        }
        Source::File(path) => {
            let cannot = |error| CommandError::file("read", path, error);
            let file = File::open(path).map_err(cannot);
            let file =
                file.map_err(|error| error.hint("a word that reads as no address is a file"))?;
            let size_bytes = file.metadata().map_err(cannot)?.len();
            (file, Some(size_bytes).filter(|size| *size > 0))
        }
        // Without the buffer of `Stdin`, which a copy through would cost.
        Source::Stdin => {
            let stdin = io::stdin().as_fd().try_clone_to_owned();
            let stdin = stdin.map_err(|error| CommandError::file("read", "stdin", error))?;
            (File::from(stdin), None)
        }
    };
    let mut chunks = Chunks::new(file, size_bytes, quiet);
    let mut number = 0;
    while visit.pause()? {
        let more =
            chunks.fill().map_err(|error| CommandError::file("read", source.name(), error))?;
        if number == 0 {
            chunks.skip_byte_order_mark(&source.name())?;
        }
        while let Some(line) = chunks.next_line(!more) {
            number += 1;
            visit.line(number, chunks.bytes(line))?;
        }
        if !more {
            break;
        }
        if chunks.is_full() {
            let (name, line) = (source.name(), number + 1);
            let what = format!("{name}:{line}: this line is longer than {CHUNK_BYTES} bytes");
            return Err(CommandError::usage(what));
        }
    }
    Ok(number)
}

/// Lines on their way to be networks.
struct Items<'a, V> {
    reader: &'a mut Reader,
    source: &'a Source,
    visit: &'a mut V,
}

impl<V: Visit> Lines for Items<'_, V> {
    #[inline]
    fn line(&mut self, number: u64, line: &[u8]) -> Result<(), CommandError> {
        self.reader.line(self.source, number, line, self.visit)
    }

    fn pause(&mut self) -> Result<bool, CommandError> {
        self.visit.pause()
    }
}

/// Reads sources, and counts.
#[derive(Debug)]
pub(super) struct Reader {
    columns: Columns,
    skip_bad: bool,
    quiet: bool,
    pub(super) tally: Tally,
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Lines of files and stdin, blank ones too.
    pub(super) lines: u64,
    /// Networks, addresses and ranges.
    pub(super) items: u64,
    pub(super) skipped: u64,
    /// Where the first of them is, and why.
    first_skipped: Option<String>,
    /// Networks that had host bits.
    pub(super) masked: Masked,
}

impl Reader {
    pub(super) fn new(args: &ReadArgs, quiet: bool) -> Reader {
        let columns = args.column.map_or(Columns::Alone, |number| Columns::Nth(number.into()));
        Reader { columns, skip_bad: args.skip_bad, quiet, tally: Tally::default() }
    }

    /// The union of sources.
    pub(super) fn set(&mut self, sources: &[Source]) -> Result<AddressSet, CommandError> {
        let mut builder = SetBuilder::default();
        for source in sources {
            self.read(source, &mut builder)?;
        }
        Ok(builder.finish())
    }

    /// The sets of sources, joined one after the other.
    pub(super) fn fold(
        &mut self,
        sources: &[Source],
        join: impl Fn(&AddressSet, AddressSet) -> AddressSet,
    ) -> Result<AddressSet, CommandError> {
        let Some((first, rest)) = sources.split_first() else { return Ok(AddressSet::default()) };
        let mut all = self.set(std::slice::from_ref(first))?;
        for source in rest {
            all = join(&all, self.set(std::slice::from_ref(source))?);
        }
        Ok(all)
    }

    /// Hands each network of a source to `visit`.
    pub(super) fn read(
        &mut self,
        source: &Source,
        visit: &mut impl Visit,
    ) -> Result<(), CommandError> {
        match source {
            Source::Text(text) => self.text(text, visit),
            Source::File(_) | Source::Stdin => {
                let quiet = self.quiet;
                let lines = each_line(source, quiet, &mut Items { reader: self, source, visit })?;
                self.tally.lines += lines;
                Ok(())
            }
        }
    }

    /// The parts of an argument.
    fn text(&mut self, text: &str, visit: &mut impl Visit) -> Result<(), CommandError> {
        let mut start = 0;
        for part in text.split(',') {
            let item = scan::item(part.as_bytes()).map_err(|mut error| {
                error.range = error.range.start + start..error.range.end + start;
                refused(text.as_bytes(), &error)
            })?;
            start += part.len() + 1;
            self.tally.items += 1;
            self.note_host_bits(item, part.as_bytes(), String::new);
            visit.item(item, part.as_bytes())?;
        }
        Ok(())
    }

    #[inline]
    fn line(
        &mut self,
        source: &Source,
        number: u64,
        line: &[u8],
        visit: &mut impl Visit,
    ) -> Result<(), CommandError> {
        let item = match scan::line(line, self.columns) {
            Ok(None) => return Ok(()),
            Ok(Some(item)) => item,
            Err(error) => return self.bad(source, number, line, &error),
        };
        self.tally.items += 1;
        if item.has_host_bits {
            self.note_host_bits(item, line, || format!("{}:{number}: ", source.name()));
        }
        visit.item(item, line)
    }

    #[cold]
    fn bad(
        &mut self,
        source: &Source,
        number: u64,
        line: &[u8],
        error: &LineError,
    ) -> Result<(), CommandError> {
        let place = format!("{}:{number}", source.name());
        if self.skip_bad {
            self.tally.skipped += 1;
            self.tally.first_skipped.get_or_insert_with(|| format!("{place}: {}", error.problem));
            return Ok(());
        }
        Err(refused(line, error).in_line(&place).hint("--skip-bad goes on without such lines"))
    }

    fn note_host_bits(&mut self, item: Item, line: &[u8], place: impl FnOnce() -> String) {
        if !item.has_host_bits {
            return;
        }
        let line = String::from_utf8_lossy(line);
        let written = line.split([' ', '\t', ',', ';', '#', '\r']).find(|word| word.contains('/'));
        self.tally.masked.note(&item, written.unwrap_or_default().trim_matches('"'), place);
    }
}

impl Tally {
    /// What the caller should know of the input, on stderr. Gives back how many
    /// networks were masked.
    pub(super) fn warn_unless(&self, quiet: bool) -> u64 {
        if !quiet {
            self.warn();
        }
        self.masked.count
    }

    fn warn(&self) {
        self.masked.warn();
        if let Some(first) = &self.first_skipped {
            let lines = if self.skipped == 1 { "line was" } else { "lines were" };
            output::warning(&format!("{} {lines} skipped; the first: {first}", self.skipped));
        }
    }
}

/// The error about a line: the part of it that is wrong, and what would be
/// right.
pub(super) fn refused(line: &[u8], error: &LineError) -> CommandError {
    let (text, range) = shown(line, &error.range);
    let right = error.right.clone();
    if let LineProblem::Address(problem) = error.problem {
        return ip::refused(AddressError { text, range, problem, right });
    }
    let column = "--column 1 reads the first column and ignores what is behind it";
    let more = (error.problem == LineProblem::More).then(|| column.to_owned());
    CommandError::usage(error.problem.to_string()).at(&text, range).hint_if(right).hint_if(more)
}

/// The part of a line around `range`, as text.
fn shown(line: &[u8], range: &Range<usize>) -> (String, Range<usize>) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let end = range.end.min(line.len());
    let start = range.start.min(end);
    let from = if end <= SHOWN_BYTES_MAX { 0 } else { start.saturating_sub(SHOWN_BYTES_MAX / 2) };
    let to = line.len().min(from + SHOWN_BYTES_MAX).max(start);
    let end = end.min(to);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (before, wrong, after) =
        (text(&line[from..start]), text(&line[start..end]), text(&line[end..to]));
    let range = before.len()..before.len() + wrong.len();
    (format!("{before}{wrong}{after}"), range)
}
