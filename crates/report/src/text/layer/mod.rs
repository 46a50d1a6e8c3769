//! One row per layer: a mark, what happened, how long it took.

mod dns;
mod http;
mod link;
mod net;
mod tcp;
mod tls;
mod udp;

use plumb_evidence::evidence::Scheme;
use plumb_evidence::observation::Observation;
use plumb_evidence::{Event, Layer, Severity, Verdict};

use super::Layout;
use super::hop::HopView;
use crate::styled::{self, Line, Tone};
use crate::units;

/// What a row begins with: how it stands with its layer, or its step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Not reached, or nothing to do.
    Idle,
    /// Under way.
    Running,
    /// It works.
    Good,
    /// It works, but something is wrong.
    Doubt,
    /// It does not work.
    Bad,
}

impl Mark {
    /// What the mark means.
    pub fn tone(self) -> Tone {
        match self {
            Mark::Idle | Mark::Running => Tone::Faint,
            Mark::Good => Tone::Good,
            Mark::Doubt => Tone::Warning,
            Mark::Bad => Tone::Bad,
        }
    }

    /// The mark itself; in ASCII where the terminal shows no more.
    pub fn symbol(self, unicode: bool) -> &'static str {
        match (self, unicode) {
            (Mark::Idle, true) => "·",
            (Mark::Idle, false) => "-",
            (Mark::Running, true) => "…",
            (Mark::Running, false) => ".",
            (Mark::Good, true) => "✓",
            (Mark::Good, false) => "+",
            (Mark::Doubt, _) => "!",
            (Mark::Bad, true) => "✗",
            (Mark::Bad, false) => "x",
        }
    }
}

/// One layer of one hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) layer: Layer,
    pub(super) mark: Mark,
    pub(super) text: String,
    pub(super) duration_ns: Option<u64>,
}

impl Row {
    fn new(layer: Layer, mark: Mark, text: impl Into<String>) -> Row {
        Row { layer, mark, text: text.into(), duration_ns: None }
    }

    fn took(mut self, duration_ns: Option<u64>) -> Row {
        self.duration_ns = duration_ns;
        self
    }

    /// ` ✓ dns   www.example.com is 10.130.1.4                 3.1 ms`
    pub(super) fn line(&self, layout: &Layout) -> Line {
        const TEXT_COLUMN: usize = 9;
        const TIME_COLUMNS: usize = 9;
        let columns = layout.columns();
        let line = Line::new()
            .and(Tone::Plain, " ")
            .and(self.mark.tone(), self.mark.symbol(layout.unicode))
            .and(Tone::Plain, " ")
            .and(
                if self.mark == Mark::Idle { Tone::Faint } else { Tone::Strong },
                self.layer.name(),
            )
            .pad_to(TEXT_COLUMN);
        let tone = if self.mark == Mark::Idle { Tone::Faint } else { Tone::Plain };
        // Sanitised before it is cut: an escape is longer than what it shows.
        let text = crate::sanitize::text(&self.text);
        let line = line.and(tone, styled::cut(&text, columns - TEXT_COLUMN - TIME_COLUMNS - 1));
        match self.duration_ns {
            Some(ns) => {
                let time = format!("{:>TIME_COLUMNS$}", units::duration(ns));
                line.pad_to(columns - TIME_COLUMNS).and(Tone::Faint, time)
            }
            None => line,
        }
    }
}

/// Whether the walk goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Ended,
}

/// The rows of a hop, bottom up. A layer that was not reached says so; while
/// the walk goes on, the first of them is the one under way.
pub(super) fn rows(hop: &HopView<'_>, state: State) -> Vec<Row> {
    let later = hop.number > 0;
    let mut rows: Vec<(Layer, Option<Row>)> = vec![
        (Layer::Link, link::row(hop)),
        (Layer::Net, net::row(hop)),
        (Layer::Dns, dns::row(hop)),
    ];
    // A later hop may reuse what the one before looked up.
    rows.retain(|(layer, row)| !later || *layer == Layer::Dns || row.is_some());
    rows.push(if hop.scheme == Scheme::Udp {
        (Layer::Udp, udp::row(hop))
    } else {
        (Layer::Tcp, tcp::row(hop))
    });
    if hop.scheme.is_tls() {
        rows.push((Layer::Tls, tls::row(hop)));
    }
    if hop.scheme.is_http() {
        rows.push((Layer::Http, http::row(hop)));
    }
    let failed = rows.iter().flat_map(|(_, row)| row).any(|row| row.mark == Mark::Bad);
    let ended = state == State::Ended;
    let mut current = !ended;
    rows.into_iter()
        .map(|(layer, row)| match row {
            Some(row) => row,
            None if std::mem::take(&mut current) => {
                // Behind a layer that failed nothing runs but further probes.
                let mark = if failed { Mark::Idle } else { Mark::Running };
                Row::new(layer, mark, activity(hop).unwrap_or_default())
            }
            None if layer <= Layer::Net && is_mapped(hop) => {
                Row::new(layer, Mark::Idle, "not looked at: the lab on loopback addresses has none")
            }
            None => Row::new(layer, Mark::Idle, if ended { "not reached" } else { "" }),
        })
        .collect()
}

/// Whether addresses stand for others, and so for no link and no route.
fn is_mapped(hop: &HopView<'_>) -> bool {
    hop.seen().any(|what| matches!(what, Observation::Mapped { .. }))
}

/// Drops what a hop has in common with the one before it: it leaves by the same
/// interface and, mostly, by the same route. Said once is enough where all is
/// well.
pub(super) fn drop_repeated(rows: &mut Vec<Row>, before: &[Row]) {
    let said = |row: &Row| before.iter().any(|b| b.layer == row.layer && b.text == row.text);
    rows.retain(|row| !(row.layer <= Layer::Net && row.mark == Mark::Good && said(row)));
}

/// What is being done or awaited just now, where the events tell.
fn activity(hop: &HopView<'_>) -> Option<String> {
    hop.seen().rev().find_map(|what| match what {
        Observation::Asked { question } => Some(super::event::asked(question)),
        Observation::Waiting { addresses, .. } if !addresses.is_empty() => {
            let whom = super::words::list(addresses.iter().map(ToString::to_string), 2);
            Some(format!("waiting for {whom}"))
        }
        _ => None,
    })
}

/// Lets the verdict's findings mark the rows: a layer whose own events look
/// well may still be the one at fault.
pub(super) fn mark_findings(
    rows: &mut [Row],
    hop: u16,
    hops: usize,
    verdict: &Verdict,
    events: &[Event],
) {
    for finding in &verdict.findings {
        let mark = match finding.severity {
            Severity::Error => Mark::Bad,
            Severity::Warning => Mark::Doubt,
            Severity::Info => continue,
        };
        let cited = finding.because.iter().flat_map(|cited| &cited.events);
        let of_hop = cited
            .filter_map(|&seq| events.iter().find(|event| event.seq == seq))
            .map(|event| event.hop)
            .max();
        let last = u16::try_from(hops.saturating_sub(1)).unwrap_or(u16::MAX);
        if of_hop.unwrap_or(last) != hop {
            continue;
        }
        let Some(row) = rows.iter_mut().find(|row| row.layer == finding.layer) else { continue };
        if row.mark < mark {
            let title = finding.id.page().title;
            if row.mark < Mark::Doubt {
                // Without spaces it is but the id again.
                row.text =
                    if title.contains(' ') { title.to_owned() } else { finding.claim.clone() };
            }
            row.mark = mark;
        }
    }
}
