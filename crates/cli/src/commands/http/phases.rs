//! The waterfall: how long each phase of each exchange took.

use std::time::Duration;

use plumb_evidence::Observation;
use plumb_evidence::observation::PhaseName;
use plumb_probe::Recorder;
use plumb_report::{Line, Tone, units};
use serde::Serialize;

/// Columns of the widest bar.
const BAR_COLUMNS: u64 = 32;

/// The phases of one exchange.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Phases {
    pub(super) hop: u16,
    pub(super) phases: Vec<Phase>,
    /// A connection that was there already carried it.
    pub(super) reused: bool,
    /// What names, TCP and TLS would have taken again.
    pub(super) saved_ns: Option<u64>,
}

/// One of the six.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Phase {
    phase: PhaseName,
    start_ns: Option<u64>,
    duration_ns: Option<u64>,
}

impl Phases {
    /// What was recorded of an exchange.
    pub(super) fn of(recorder: &Recorder, hop: u16, saved: Option<Duration>) -> Phases {
        let events = recorder.events();
        let found = |wanted: PhaseName| {
            events.iter().rev().filter(|event| event.hop == hop).find_map(|event| {
                match event.what {
                    Observation::Phase { phase, start_ns, duration_ns, .. } if phase == wanted => {
                        Some((start_ns, duration_ns))
                    }
                    _ => None,
                }
            })
        };
        let phases = PhaseName::ALL.map(|phase| {
            let seen = found(phase);
            Phase {
                phase,
                start_ns: seen.map(|(start, _)| start),
                duration_ns: seen.and_then(|(_, took)| took),
            }
        });
        Phases {
            hop,
            phases: phases.to_vec(),
            reused: saved.is_some(),
            saved_ns: saved.map(|saved| u64::try_from(saved.as_nanos()).unwrap_or(u64::MAX)),
        }
    }

    /// A line each, the bars in the place of their time.
    pub(super) fn lines(&self, unicode: bool) -> Vec<Line> {
        let timed =
            || self.phases.iter().filter_map(|phase| Some((phase.start_ns?, phase.duration_ns?)));
        let begin = timed().map(|(start, _)| start).min().unwrap_or(0);
        let end = timed().map(|(start, took)| start + took).max().unwrap_or(begin);
        let whole = (end - begin).max(1);
        let block = if unicode { "█" } else { "#" };
        let mut lines = Vec::new();
        for phase in &self.phases {
            let name = format!("{:?}", phase.phase).to_lowercase();
            let line = Line::new().and(Tone::Plain, format!("  {name:<9}"));
            let (Some(start), Some(took)) = (phase.start_ns, phase.duration_ns) else {
                let why = if self.reused && phase.phase <= PhaseName::Tls { "reused" } else { "-" };
                lines.push(line.and(Tone::Faint, format!("{why:>9}")));
                continue;
            };
            let scaled =
                |ns: u64| (u128::from(ns) * u128::from(BAR_COLUMNS) / u128::from(whole)) as usize;
            let (before, width) = (scaled(start - begin), scaled(took).max(1));
            let bar = format!(
                "  {}{}",
                " ".repeat(before.min(BAR_COLUMNS as usize - 1)),
                block.repeat(width)
            );
            lines.push(
                line.and(Tone::Strong, format!("{:>9}", units::duration(took)))
                    .and(Tone::Hint, bar),
            );
        }
        let saved = match self.saved_ns {
            Some(saved) => {
                format!(", {} saved by the connection that was there", units::duration(saved))
            }
            None => String::new(),
        };
        lines.push(
            Line::new()
                .and(Tone::Faint, format!("  {:<9}{:>9}{saved}", "total", units::duration(whole))),
        );
        lines
    }
}
