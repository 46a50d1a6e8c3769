//! The verdict: what is so, why, and what to do.

use plumb_evidence::observation::{Observation, PhaseName};
use plumb_evidence::{Cited, Event, Finding, Outcome, Severity, Target, Verdict, Where};

use super::{Layout, words};
use crate::styled::{self, Line, Tone};
use crate::units;

/// Column at which the text of a reason begins.
const REASON_COLUMN: usize = 17;

/// The verdict with its reasons.
pub fn verdict_lines(
    target: &Target,
    events: &[Event],
    verdict: &Verdict,
    layout: &Layout,
) -> Vec<Line> {
    let mut lines = headline(target, events, verdict, layout);
    let root = verdict.root_finding();
    if let Some(root) = root {
        lines.push(Line::new());
        lines.extend(reasons(root, layout));
    }
    let others: Vec<&Finding> =
        verdict.findings.iter().filter(|finding| Some(finding.id) != verdict.root).collect();
    if !others.is_empty() {
        lines.push(Line::new());
    }
    for (i, finding) in others.iter().enumerate() {
        lines.extend(also(finding, if i == 0 { "also" } else { "" }, layout));
    }
    if let Some(root) = root {
        lines.push(Line::new());
        lines.extend(reason(
            "read more",
            &format!("plumb explain {}", root.id),
            Tone::Hint,
            layout,
        ));
    } else if verdict.outcome == Outcome::Unknown {
        let skipped = not_looked_at(events);
        lines.extend(reason_list("not looked at", skipped.iter().map(String::as_str), layout));
    }
    lines
}

/// `broken tls.cert.expired https://www.example.com/: The certificate ...`
pub(super) fn quiet_line(verdict: &Verdict) -> Line {
    let (_, tone) = mark(verdict.outcome, true);
    let mut line = Line::new().and(tone, outcome_name(verdict.outcome));
    if let Some(root) = verdict.root {
        line.push(Tone::Strong, format!(" {root}"));
    }
    line.push(Tone::Plain, format!(" {}", verdict.target));
    line.cut(super::COLUMNS_MAX)
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Degraded => "degraded",
        Outcome::Broken => "broken",
        Outcome::Unknown => "unknown",
    }
}

fn mark(outcome: Outcome, unicode: bool) -> (&'static str, Tone) {
    match (outcome, unicode) {
        (Outcome::Ok, true) => ("✓", Tone::Good),
        (Outcome::Ok, false) => ("+", Tone::Good),
        (Outcome::Degraded, _) => ("!", Tone::Warning),
        (Outcome::Broken, true) => ("✗", Tone::Bad),
        (Outcome::Broken, false) => ("x", Tone::Bad),
        (Outcome::Unknown, _) => ("?", Tone::Warning),
    }
}

/// The mark, the outcome with its layer, and the claim.
fn headline(target: &Target, events: &[Event], verdict: &Verdict, layout: &Layout) -> Vec<Line> {
    let (symbol, tone) = mark(verdict.outcome, layout.unicode);
    let layer = verdict.layer.map(|layer| format!(" at {layer}")).unwrap_or_default();
    let label = format!("{}{layer}", outcome_name(verdict.outcome).to_uppercase());
    let text = match (verdict.outcome, verdict.root_finding()) {
        (_, Some(root)) => root.claim.clone(),
        (Outcome::Ok, None) => arrived(target, events),
        (Outcome::Degraded, None) => "it works, but something is wrong".to_owned(),
        (Outcome::Broken, None) => "it does not work".to_owned(),
        (Outcome::Unknown, None) => "plumb could not tell what is wrong".to_owned(),
    };
    let first_column = 1 + label.len() + 2 + 2;
    let mut wrapped = wrap_after(&text, first_column, 3, layout).into_iter();
    let mut first = Line::new().and(Tone::Plain, " ").and(tone, format!("{symbol} {label}"));
    first.push(Tone::Strong, format!("  {}", wrapped.next().unwrap_or_default()));
    let mut lines = vec![first];
    lines.extend(wrapped.map(|text| Line::new().pad_to(3).and(Tone::Strong, text)));
    if let (Some(root), place) = (verdict.root, verdict.place) {
        let line = Line::new().pad_to(3).and(Tone::Plain, root.as_str());
        let mend =
            place.and_then(mend).map(|who| format!(", to be mended {who}")).unwrap_or_default();
        lines.push(line.and(Tone::Faint, mend));
    }
    lines
}

/// `text` wrapped so that its first line begins at `first_column` and the
/// others at `column`.
fn wrap_after(text: &str, first_column: usize, column: usize, layout: &Layout) -> Vec<String> {
    // A word as long as the label stands in for it, so that one wrapping does.
    let label = "x".repeat(first_column.saturating_sub(column + 1));
    let mut lines =
        styled::wrap(&format!("{label} {text}"), layout.columns().saturating_sub(column));
    if let Some(first) = lines.first_mut() {
        *first = first.strip_prefix(&label).unwrap_or(first).trim_start().to_owned();
    }
    lines
}

fn mend(place: Where) -> Option<&'static str> {
    match place {
        Where::Host => Some("on this host"),
        Where::Network => Some("in this host's own network"),
        Where::Path => Some("by the network on the way"),
        Where::Service => Some("at the far end"),
        Where::Unknown => None,
    }
}

/// `200 in 14 ms`.
fn arrived(target: &Target, events: &[Event]) -> String {
    let status = events.iter().rev().find_map(|event| match &event.what {
        Observation::HttpResponse(response) => Some(response.status),
        _ => None,
    });
    let end = events.iter().rev().find_map(|event| match &event.what {
        Observation::Phase {
            phase: PhaseName::Response, start_ns, duration_ns: Some(ns), ..
        } => Some(start_ns + ns),
        _ => None,
    });
    let end = end.or(events.last().map(|event| event.at_ns)).unwrap_or(0);
    match status {
        Some(status) => format!("{} answered {status} in {}", target.text, units::duration(end)),
        None => format!("{} answers, in {}", target.text, units::duration(end)),
    }
}

/// Because, ruled out, not looked at, candidates, try next.
fn reasons(finding: &Finding, layout: &Layout) -> Vec<Line> {
    let cited = |list: &[Cited]| -> Vec<String> { list.iter().map(Cited::to_string).collect() };
    let because = cited(&finding.because);
    let ruled_out = cited(&finding.ruled_out);
    let mut lines = reason_list("because", because.iter().map(String::as_str), layout);
    lines.extend(reason_list("ruled out", ruled_out.iter().map(String::as_str), layout));
    lines.extend(reason_list(
        "not looked at",
        finding.not_looked_at.iter().map(String::as_str),
        layout,
    ));
    if !finding.candidates.is_empty() {
        let names: Vec<String> = finding
            .candidates
            .iter()
            .map(|id| match id.page().title {
                title if title.contains(' ') => format!("{id}: {title}"),
                _ => id.to_string(),
            })
            .collect();
        lines.extend(reason_list("could be", names.iter().map(String::as_str), layout));
    }
    lines.extend(reason_list("try next", finding.try_next.iter().map(String::as_str), layout));
    lines
}

fn reason_list<'a>(
    label: &str,
    texts: impl IntoIterator<Item = &'a str>,
    layout: &Layout,
) -> Vec<Line> {
    let texts = texts.into_iter().enumerate();
    let tone = if label == "try next" { Tone::Hint } else { Tone::Plain };
    texts
        .flat_map(|(i, text)| reason(if i == 0 { label } else { "" }, text, tone, layout))
        .collect()
}

/// The label, and the text beside it with hanging indent. Numbers of events at
/// its end (`[#3 #7]`) are less important than the text.
fn reason(label: &str, text: &str, tone: Tone, layout: &Layout) -> Vec<Line> {
    let columns = layout.columns();
    let wrapped = styled::wrap(text, columns - REASON_COLUMN - 2);
    wrapped
        .iter()
        .enumerate()
        .map(|(i, part)| {
            let (label, bullet) = if i == 0 { (label, "- ") } else { ("", "  ") };
            let line = Line::new()
                .and(Tone::Plain, "   ")
                .and(Tone::Faint, label)
                .pad_to(REASON_COLUMN)
                .and(Tone::Faint, if label == "read more" { "" } else { bullet });
            match part.rfind("[#").filter(|_| part.ends_with(']')) {
                Some(at) => line.and(tone, &part[..at]).and(Tone::Faint, &part[at..]),
                None => line.and(tone, part),
            }
        })
        .collect()
}

/// A further finding: its mark, its claim, its id.
fn also(finding: &Finding, label: &str, layout: &Layout) -> Vec<Line> {
    let text = format!("{} ({})", finding.claim, finding.id);
    let tone = match finding.severity {
        Severity::Error => Tone::Bad,
        Severity::Warning => Tone::Warning,
        Severity::Info => Tone::Plain,
    };
    reason(label, &text, tone, layout)
}

/// What the walk said it did not look at.
fn not_looked_at(events: &[Event]) -> Vec<String> {
    let skipped = events.iter().filter_map(|event| match &event.what {
        Observation::NotLookedAt { what, why } => Some(format!("{what}: {why}")),
        _ => None,
    });
    let skipped: Vec<String> = skipped.collect();
    if skipped.len() > 5 { vec![words::list(skipped, 5)] } else { skipped }
}
