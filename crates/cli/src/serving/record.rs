//! Where the events of a server go: which views are wanted, where each is
//! written, and the thread that does it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use plumb_report::json::{Begin, End, JsonLines};
use plumb_report::server::{
    Combined, Detail, Metrics, Narration, Records, Text, View, WallClock, journal_fields,
};
use plumb_serve::core::{EventKind, ServerEvent};
use plumb_sys::clock::local_offset_s;
use plumb_sys::journal::{Entry, Journal};
use tokio::sync::Notify;

use super::sink::{Batch, Queue, Sink};
use crate::args::output::OutputArgs;
use crate::args::serve::{LogFormat, RecordArgs};
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output;

/// Everything that records, opened and ready; nothing is written yet.
#[derive(Debug)]
pub(super) struct Recorders {
    destinations: Vec<Destination>,
    detail: Detail,
    narrate: bool,
    json: bool,
    everything: bool,
    metrics: Option<Arc<Metrics>>,
}

/// One view and where it goes.
#[derive(Debug)]
enum Destination {
    Stream { view: Stream, out: Out },
    Journal { journal: Journal, identifier: String },
}

/// A view that is a stream of text.
struct Stream(Box<dyn View>);

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stream")
    }
}

/// Where text goes.
#[derive(Debug)]
enum Out {
    Stdout,
    /// `-o FILE`: written from its beginning.
    File(File),
    /// `--log-file FILE`: appended to, opened anew when it was moved away.
    Log(File, PathBuf),
}

impl Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Out::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(bytes)?;
                stdout.flush()
            }
            Out::File(file) | Out::Log(file, _) => file.write_all(bytes),
        }
    }
}

impl Recorders {
    /// Opens what the options ask for.
    pub(super) fn open(
        command: &str,
        output: &OutputArgs,
        record: &RecordArgs,
    ) -> Result<Recorders, CommandError> {
        let format = record.log.unwrap_or(match (output.json, output.quiet) {
            (true, _) => LogFormat::Json,
            (_, true) => LogFormat::None,
            _ => LogFormat::Text,
        });
        let detail = match output.verbose {
            0 => Detail::Normal,
            1 => Detail::Verbose,
            _ => Detail::Bytes,
        };
        let mut recorders = Recorders {
            destinations: Vec::new(),
            detail,
            narrate: record.narrate,
            json: output.json,
            everything: output.json,
            metrics: None,
        };
        let to_stdout = record.log_file.is_none() && format_is_text(format);
        // What stdout is for: records, the narration, else the log.
        if output.json || record.narrate {
            if to_stdout && record.log.is_some_and(|log| !(output.json && log == LogFormat::Json)) {
                return Err(CommandError::usage("stdout cannot hold two records at once")
                    .hint("give the log a file with --log-file FILE"));
            }
            let view: Box<dyn View> =
                if output.json { Box::new(Records) } else { Box::new(narration(output)) };
            recorders.stream(view, stdout(output)?);
        }
        match (format, &record.log_file) {
            (LogFormat::None, _) => {}
            (LogFormat::Journal, _) => recorders.journal(&record.journal_socket, command)?,
            (_, Some(path)) => {
                let out = Out::Log(open_log(path)?, path.clone());
                recorders.log(format, false, WallClock::date_and_time(local_offset_s), out);
            }
            (_, None) if output.json || record.narrate => {}
            (_, None) => {
                let clock = WallClock::time_of_day(local_offset_s);
                recorders.log(format, output::wants_color(output), clock, stdout(output)?);
            }
        }
        // The time zone's file is out of reach once the server is confined.
        local_offset_s(plumb_sys::clock::unix_s());
        Ok(recorders)
    }

    fn log(&mut self, format: LogFormat, color: bool, clock: WallClock, out: Out) {
        let view: Box<dyn View> = match format {
            LogFormat::Json => Box::new(Records),
            LogFormat::Combined => Box::new(Combined::new(WallClock::apache(local_offset_s))),
            _ => Box::new(Text::new(self.detail, color, clock)),
        };
        self.everything |= format == LogFormat::Json;
        self.stream(view, out);
    }

    fn stream(&mut self, view: Box<dyn View>, out: Out) {
        self.destinations.push(Destination::Stream { view: Stream(view), out });
    }

    fn journal(&mut self, socket: &Path, command: &str) -> Result<(), CommandError> {
        let journal = Journal::open(socket).map_err(|error| {
            CommandError::not_measured(format!("cannot record: {error}"))
                .hint("there is no journal of systemd here; --log json --log-file FILE records too")
        })?;
        let identifier = format!("plumb-{}", command.rsplit(' ').next().unwrap_or(command));
        self.destinations.push(Destination::Journal { journal, identifier });
        self.everything = true;
        Ok(())
    }

    /// Counts what happens too.
    pub(super) fn count(&mut self) -> Arc<Metrics> {
        Arc::clone(self.metrics.get_or_insert_default())
    }

    /// The directories in which files are opened anew.
    pub(super) fn reopened_in(&self) -> impl Iterator<Item = PathBuf> + '_ {
        self.destinations.iter().filter_map(|destination| match destination {
            Destination::Stream { out: Out::Log(_, path), .. } => Some(match path.parent() {
                Some(parent) if parent != Path::new("") => parent.to_owned(),
                _ => PathBuf::from("."),
            }),
            _ => None,
        })
    }

    /// Writes `begin` where records are wanted, and starts the thread that
    /// writes.
    pub(super) fn begin(self, command: &str) -> Result<Recorder, CommandError> {
        let Recorders { destinations, detail, narrate, json, everything, metrics } = self;
        let mut writer = Writer { destinations, buffer: Vec::new(), stdout_gone: Arc::default() };
        if json {
            let started_unix_s = plumb_sys::clock::unix_s();
            let begin = Begin { plumb: env!("CARGO_PKG_VERSION"), command, started_unix_s };
            writer.record("begin", &begin);
        }
        let nothing = writer.destinations.is_empty();
        let only_requests = !everything && !narrate && !nothing && writer.only_combined();
        let wants = move |kind: &EventKind| match kind {
            _ if nothing => false,
            _ if narrate => true,
            EventKind::Received { .. } | EventKind::Sent { .. } => detail >= Detail::Bytes,
            EventKind::HttpRequest(_) => true,
            _ if only_requests => false,
            kind => everything || Text::tells(detail, kind),
        };
        let bytes = narrate || detail >= Detail::Bytes;
        let queue = Arc::new(Queue::new(Box::new(wants), bytes, metrics));
        let stdout_gone = Arc::clone(&writer.stdout_gone);
        let shared = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name("record".to_owned())
            .spawn(move || writer.run(&shared))
            .map_err(|error| CommandError::not_measured(format!("cannot record: {error}")))?;
        Ok(Recorder { queue, thread, stdout_gone, json, began: Instant::now() })
    }
}

/// Records what a server tells about itself, until it is told to end.
#[derive(Debug)]
pub(super) struct Recorder {
    queue: Arc<Queue>,
    thread: JoinHandle<Writer>,
    /// Told when nobody reads stdout any more.
    pub(super) stdout_gone: Arc<Notify>,
    json: bool,
    began: Instant,
}

impl Recorder {
    pub(super) fn sink(&self) -> Sink {
        Sink(Arc::clone(&self.queue))
    }

    /// Opens log files anew.
    pub(super) fn reopen(&self) {
        self.queue.reopen();
    }

    /// Writes what waits, and `end` where records are wanted.
    pub(super) fn end(self, status: ExitStatus) -> ExitStatus {
        self.finish(None, status)
    }

    /// Writes what waits, and where records are wanted why there is no more.
    pub(super) fn fail(self, error: &CommandError) {
        self.finish(Some(error), error.exit_status());
    }

    fn finish(self, error: Option<&CommandError>, status: ExitStatus) -> ExitStatus {
        self.queue.end();
        let Ok(mut writer) = self.thread.join() else { return ExitStatus::BUG };
        if self.json {
            let duration_ns = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let interrupted = status == ExitStatus::INTERRUPTED;
            if let Some(error) = error {
                writer.record("error", &output::failure_of(error));
            }
            output::answer_ended();
            writer.record("end", &End { exit_code: status.code(), interrupted, duration_ns });
        }
        status
    }
}

/// What the writing thread has.
#[derive(Debug)]
struct Writer {
    destinations: Vec<Destination>,
    buffer: Vec<u8>,
    stdout_gone: Arc<Notify>,
}

impl Writer {
    fn run(mut self, queue: &Queue) -> Writer {
        let mut spent = Vec::new();
        loop {
            let Batch { mut events, dropped, reopen, last } = queue.next(spent);
            if reopen {
                self.reopen();
            }
            if dropped > 0 {
                events.extend(events.last().map(|event| lost(event, dropped)));
            }
            self.write(&events);
            if last {
                return self;
            }
            spent = events;
        }
    }

    fn write(&mut self, events: &[ServerEvent]) {
        let buffer = &mut self.buffer;
        let gone = &self.stdout_gone;
        self.destinations.retain_mut(|destination| match destination {
            Destination::Stream { view, out } => {
                buffer.clear();
                events.iter().for_each(|event| view.0.event(event, buffer));
                buffer.is_empty() || kept(out, buffer, gone)
            }
            Destination::Journal { journal, identifier } => {
                for event in events {
                    let entry = journal_fields(event, identifier)
                        .into_iter()
                        .fold(Entry::new(), |entry, (name, value)| entry.field(name, value));
                    // A journal that does not keep up loses entries, not clients.
                    let _ = journal.send(&entry);
                }
                true
            }
        });
    }

    /// A record of the command itself, on the stream that has the records.
    fn record(&mut self, kind: &str, data: &impl serde::Serialize) {
        let Some(Destination::Stream { out, .. }) = self.destinations.first_mut() else { return };
        let mut line = Vec::new();
        // Writing to a Vec cannot fail.
        let _ = JsonLines::new(&mut line).record(kind, data);
        if !kept(out, &line, &self.stdout_gone) {
            self.destinations.remove(0);
        }
    }

    fn reopen(&mut self) {
        for destination in &mut self.destinations {
            let Destination::Stream { out: Out::Log(file, path), .. } = destination else {
                continue;
            };
            match open_log(path) {
                Ok(fresh) => *file = fresh,
                Err(error) => output::show_error(&error),
            }
        }
    }

    fn only_combined(&self) -> bool {
        self.destinations.iter().all(|destination| {
            matches!(destination, Destination::Stream { view, .. } if view.0.only_requests())
        })
    }
}

/// Writes; whether the destination stays.
fn kept(out: &mut Out, bytes: &[u8], stdout_gone: &Notify) -> bool {
    let Err(error) = out.write(bytes) else { return true };
    match out {
        Out::Stdout if error.kind() == io::ErrorKind::BrokenPipe => stdout_gone.notify_one(),
        _ => output::note(&format!("cannot record any more: {error}")),
    }
    false
}

/// Says how many events are missing, in the place where they are.
fn lost(after: &ServerEvent, count: u64) -> ServerEvent {
    let text = format!("{count} events are not recorded: writing them was too slow");
    ServerEvent {
        kind: EventKind::Note { text },
        connection: None,
        peer: None,
        local: None,
        ..after.clone()
    }
}

fn format_is_text(format: LogFormat) -> bool {
    matches!(format, LogFormat::Text | LogFormat::Json | LogFormat::Combined)
}

fn narration(output: &OutputArgs) -> Narration {
    let columns = output::columns_of_stdout();
    let meaning = |name: &str| plumb_sys::options::describe(name).map(|option| option.meaning);
    Narration::new(output::wants_color(output), columns, meaning)
}

fn stdout(output: &OutputArgs) -> Result<Out, CommandError> {
    match output.output.as_deref() {
        Some(path) if path != Path::new("-") => File::create(path)
            .map(Out::File)
            .map_err(|error| CommandError::file("write", path, error)),
        _ => Ok(Out::Stdout),
    }
}

fn open_log(path: &Path) -> Result<File, CommandError> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|error| CommandError::file("write", path, error))
}
