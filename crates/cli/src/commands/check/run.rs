//! Checks the targets one after the other, and shows each while it runs.

use std::time::Duration;

use plumb_check::Request;
use plumb_evidence::{Event, Evidence, Target, Verdict};
use plumb_probe::Recorder;
use plumb_report::Line;
use plumb_report::text::{self, Detail, Live};

use super::{Check, saved};
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{self, Output, Session};

/// How long the end of the process waits for threads that a lookup still
/// holds: not at all, they have nothing left to tell.
const THREADS_WAIT: Duration = Duration::ZERO;

/// Checks every request and gives the exit status of all.
pub(super) fn run(check: &Check, requests: Vec<Request>) -> Result<ExitStatus, CommandError> {
    let mut output = Output::open(&check.output)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::not_measured(format!("cannot start: {error}")))?;
    let mut session = Session::begin(&mut output, "check")?;
    let mut verdicts = Vec::new();
    let mut interrupted = false;
    for (i, request) in requests.into_iter().enumerate() {
        if i > 0 && check.output.verbose == 0 && !check.output.quiet {
            session.lines(&[Line::new()])?;
        }
        let (evidence, stopped) = runtime.block_on(one(request, session.output()))?;
        if let Some(path) = &check.save {
            saved::save(path, &evidence.evidence)?;
        }
        verdicts.push(evidence.verdict);
        interrupted = stopped;
        if interrupted || session.output().is_closed() {
            break;
        }
    }
    runtime.shutdown_timeout(THREADS_WAIT);
    let status = match interrupted {
        true => ExitStatus::INTERRUPTED,
        false => ExitStatus::of_verdicts(&verdicts, check.strict),
    };
    session.end(status)
}

/// What a run saw and what it means.
struct Judged {
    evidence: Evidence,
    verdict: Verdict,
}

/// Checks one target; true if the user stopped it.
async fn one(request: Request, output: &mut Output) -> Result<(Judged, bool), CommandError> {
    let recorder = Recorder::new();
    let mut events = recorder.subscribe();
    let target = request.target.clone();
    let started_unix_s = request.started_unix_s;
    let mut view = View::new(target.clone(), output);
    let walk = plumb_check::run(request, recorder.clone());
    let mut walk = std::pin::pin!(walk);
    let mut stop = std::pin::pin!(interrupt());
    let finished = loop {
        tokio::select! {
            biased;
            () = &mut stop => break None,
            Some(event) = events.recv() => view.event(&event)?,
            evidence = &mut walk => break Some(evidence),
        }
    };
    let stopped = finished.is_none();
    let evidence =
        finished.unwrap_or_else(|| plumb_check::evidence(&target, started_unix_s, &recorder));
    while let Ok(event) = events.try_recv() {
        view.event(&event)?;
    }
    // A walk that was cut short has not succeeded, and so is not called well.
    let verdict = plumb_diag::judge(&evidence);
    view.finish(&evidence, &verdict)?;
    if stopped {
        output::note("interrupted: this is what was seen so far");
    }
    Ok((Judged { evidence, verdict }, stopped))
}

/// Done when the user presses Ctrl-C; never, where that cannot be heard.
async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// How one target is shown.
pub(super) enum View<'a> {
    Json(&'a mut Output),
    /// On a terminal, while it runs.
    Live(Live<&'a mut dyn std::io::Write>),
    /// Into a pipe or a file: when it is over, with every event at once for -v.
    Text(&'a mut Output),
}

impl<'a> View<'a> {
    fn new(target: Target, output: &'a mut Output) -> View<'a> {
        if output.json {
            return View::Json(output);
        }
        if !output.live {
            return View::Text(output);
        }
        let (layout, color) = (output.layout, output.color);
        View::Live(Live::new(output.writer(), target, layout, color))
    }

    fn event(&mut self, event: &Event) -> Result<(), CommandError> {
        match self {
            View::Json(output) => output.record("event", event),
            View::Live(live) => live.event(event).map_err(cannot_show),
            View::Text(output) if output.layout.detail == Detail::Verbose => {
                output.lines(&[text::event_line(event)])
            }
            View::Text(_) => Ok(()),
        }
    }

    fn finish(self, evidence: &Evidence, verdict: &Verdict) -> Result<(), CommandError> {
        match self {
            View::Json(output) => output.record("verdict", verdict),
            View::Live(live) => live.finish(verdict).map(drop).map_err(cannot_show),
            View::Text(output) => show(output, evidence, verdict),
        }
    }
}

/// The text after the events of `-v`, which were shown already.
fn show(output: &mut Output, evidence: &Evidence, verdict: &Verdict) -> Result<(), CommandError> {
    let mut layout = output.layout;
    let mut lines = Vec::new();
    if layout.detail == Detail::Verbose {
        layout.detail = Detail::Normal;
        lines.push(Line::new());
    }
    lines.extend(text::report(&evidence.target, &evidence.events, verdict, &layout));
    output.lines(&lines)
}

/// Judges evidence that was seen before, and shows it as if it were seen now.
pub(super) fn again(evidence: &Evidence, output: &mut Output) -> Result<Verdict, CommandError> {
    let verdict = plumb_diag::judge(evidence);
    // Nothing is awaited any more: no live view.
    let mut view = if output.json { View::Json(output) } else { View::Text(output) };
    for event in &evidence.events {
        view.event(event)?;
    }
    view.finish(evidence, &verdict)?;
    Ok(verdict)
}

fn cannot_show(error: std::io::Error) -> CommandError {
    CommandError::not_measured(format!("cannot write the answer: {error}"))
}
