//! The view for people: a line per layer, then the verdict.
//!
//! * [`report`] gives the finished text;
//! * [`Live`] shows the layers on a terminal as they are passed, the current
//!   one updating in place;
//! * [`event_line`] is the one line of an event that `-v` shows.

mod event;
mod hop;
mod layer;
mod live;
mod verdict;
pub mod words;

use plumb_evidence::{Event, Target, Verdict};

pub use event::event_line;
pub use layer::Mark;
pub use live::Live;
pub use verdict::verdict_lines;

use crate::styled::Line;
use hop::HopView;
use layer::{Row, State};

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Detail {
    /// The line of the verdict alone.
    Quiet,
    /// A line per layer and the verdict with its reasons.
    #[default]
    Normal,
    /// Every event as well.
    Verbose,
}

/// How the text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// How much is shown.
    pub detail: Detail,
    /// Columns to fit; never more than [`COLUMNS_MAX`] are used.
    pub columns: usize,
    /// The terminal shows `✓` and `✗`; else `+` and `x` stand there.
    pub unicode: bool,
}

/// A line is never longer than this: longer ones are hard to read, and a
/// report is pasted into mails and tickets.
pub const COLUMNS_MAX: usize = 80;

/// Below this no layout makes sense; lines are cut instead.
pub const COLUMNS_MIN: usize = 40;

impl Default for Layout {
    fn default() -> Self {
        Layout { detail: Detail::Normal, columns: COLUMNS_MAX, unicode: true }
    }
}

impl Layout {
    pub(crate) fn columns(&self) -> usize {
        self.columns.clamp(COLUMNS_MIN, COLUMNS_MAX)
    }
}

/// The whole report of one target, finished.
pub fn report(target: &Target, events: &[Event], verdict: &Verdict, layout: &Layout) -> Vec<Line> {
    if layout.detail == Detail::Quiet {
        return vec![verdict::quiet_line(verdict)];
    }
    let mut lines = Vec::new();
    if layout.detail == Detail::Verbose {
        lines.extend(events.iter().map(event_line));
        lines.push(Line::new());
    }
    lines.extend(walk_lines(target, events, Some(verdict), layout));
    lines.push(Line::new());
    lines.extend(verdict_lines(target, events, verdict, layout));
    lines
}

/// The lines of all hops; with the verdict, its findings mark the layers.
fn walk_lines(
    target: &Target,
    events: &[Event],
    verdict: Option<&Verdict>,
    layout: &Layout,
) -> Vec<Line> {
    let hops = HopView::all(target, events);
    let mut lines = Vec::new();
    for hop in &hops {
        if hop.number > 0 {
            lines.push(Line::new());
        }
        lines.extend(hop_lines(hop, &hops, verdict, layout));
    }
    lines
}

/// The heading and the rows of one hop.
fn hop_lines(
    hop: &HopView<'_>,
    hops: &[HopView<'_>],
    verdict: Option<&Verdict>,
    layout: &Layout,
) -> Vec<Line> {
    let state = if verdict.is_some() { State::Ended } else { State::Running };
    let mut rows = layer::rows(hop, state);
    if let Some(verdict) = verdict {
        layer::mark_findings(&mut rows, hop.number, hops.len(), verdict, hop.all_events());
    }
    if let Some(before) = usize::from(hop.number).checked_sub(1).and_then(|before| hops.get(before))
    {
        layer::drop_repeated(&mut rows, &layer::rows(before, State::Ended));
    }
    let mut lines = vec![hop.heading(layout)];
    lines.extend(rows.iter().map(|row: &Row| row.line(layout)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{self, Example};
    use crate::styled;

    fn text(example: &Example, layout: &Layout) -> String {
        let Example { evidence, verdict } = example;
        let lines = report(&evidence.target, &evidence.events, verdict, layout);
        for line in &lines {
            assert!(line.width() <= layout.columns(), "{}", line.render(false));
        }
        styled::render(&lines, false)
    }

    #[test]
    fn a_healthy_page() {
        insta::assert_snapshot!(text(&examples::healthy(), &Layout::default()));
    }

    #[test]
    fn an_expired_certificate() {
        insta::assert_snapshot!(text(&examples::expired_certificate(), &Layout::default()));
    }

    #[test]
    fn a_redirect_that_leads_to_a_dead_name() {
        insta::assert_snapshot!(text(&examples::dead_redirect(), &Layout::default()));
    }

    #[test]
    fn a_silent_port_with_candidates() {
        insta::assert_snapshot!(text(&examples::silent_port(), &Layout::default()));
    }

    #[test]
    fn a_slow_resolver_works_but() {
        insta::assert_snapshot!(text(&examples::slow_resolver(), &Layout::default()));
    }

    #[test]
    fn verbose_shows_every_event() {
        let layout = Layout { detail: Detail::Verbose, ..Layout::default() };
        insta::assert_snapshot!(text(&examples::expired_certificate(), &layout));
    }

    #[test]
    fn quiet_shows_the_line_of_the_verdict() {
        let layout = Layout { detail: Detail::Quiet, ..Layout::default() };
        insta::assert_snapshot!(text(&examples::expired_certificate(), &layout));
    }

    #[test]
    fn narrow_and_without_unicode_marks() {
        let layout = Layout { columns: 50, unicode: false, ..Layout::default() };
        insta::assert_snapshot!(text(&examples::silent_port(), &layout));
    }

    #[test]
    fn in_colour() {
        let Example { evidence, verdict } = examples::expired_certificate();
        let lines = report(&evidence.target, &evidence.events, &verdict, &Layout::default());
        insta::assert_snapshot!(styled::render(&lines, true).replace('\u{1b}', "<ESC>"));
    }

    #[test]
    fn every_observation_has_a_line_that_fits() {
        let lines: Vec<Line> = examples::observations()
            .into_iter()
            .enumerate()
            .map(|(i, what)| examples::event(i as u32 + 1, i as u64 * 1_000_000, what))
            .map(|event| event_line(&event))
            .collect();
        assert!(lines.iter().all(|line| line.width() <= COLUMNS_MAX));
        insta::assert_snapshot!(styled::render(&lines, false));
    }

    #[test]
    fn a_hostile_server_cannot_reach_the_terminal() {
        let example = examples::hostile();
        for detail in [Detail::Quiet, Detail::Normal, Detail::Verbose] {
            let layout = Layout { detail, ..Layout::default() };
            let shown = text(&example, &layout);
            assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown}");
            assert!(!shown.contains('\u{202e}'));
        }
    }
}
