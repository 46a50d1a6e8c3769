//! Lists of pages: what there is, everything of a kind, several readings.

use plumb_evidence::FindingId;
use plumb_evidence::reference::{Kind, Subject};
use plumb_report::text::COLUMNS_MAX;
use plumb_report::{Line, Tone};

use super::record::{Explanation, KindRecord, PageRecord};
use super::topic::{Collection, FAULT, FINDING};
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::lab_client;
use crate::output::Session;

/// What there is: the kinds, and every finding.
pub(super) fn overview(session: &mut Session<'_>) -> Result<ExitStatus, CommandError> {
    let mut kinds: Vec<KindRecord> = Kind::ALL.iter().map(|&kind| KindRecord::of(kind)).collect();
    kinds.push(KindRecord {
        prefix: FINDING,
        title: "Findings of plumb check",
        pages: FindingId::ALL.len(),
        example: "tls.cert.expired".to_owned(),
    });
    kinds.push(KindRecord {
        prefix: FAULT,
        title: "Faults of the lab",
        pages: lab_client::faults().len(),
        example: "net.mtu-blackhole".to_owned(),
    });
    for kind in &kinds {
        session.record("kind", kind)?;
    }
    for &id in FindingId::ALL {
        session.record("explanation", &Explanation::of_finding(id))?;
    }
    let mut lines = vec![Line::new().and(Tone::Strong, "plumb explain TOPIC")];
    lines.push(Line::plain("A prefix is needed only where a word alone is ambiguous."));
    lines.push(Line::new());
    let titles = kinds.iter().map(|kind| kind.title.len()).max().unwrap_or(0);
    lines.extend(kinds.iter().map(|kind| {
        Line::new()
            .and(Tone::Strong, format!("{}:", kind.prefix))
            .pad_to(11)
            .and(Tone::Plain, format!("{:>4}  {}", kind.pages, kind.title))
            .pad_to(11 + 6 + titles + 2)
            .and(Tone::Faint, &kind.example)
            .cut(COLUMNS_MAX)
    }));
    lines.push(Line::new());
    lines.push(Line::new().and(Tone::Strong, "Findings, bottom layer first"));
    let findings = FindingId::ALL.iter().map(|id| (id.as_str().to_owned(), id.page().title));
    lines.extend(table(findings.collect()));
    session.lines(&lines)?;
    Ok(ExitStatus::GOOD)
}

/// Everything with one prefix.
pub(super) fn all(
    session: &mut Session<'_>,
    collection: Collection,
) -> Result<ExitStatus, CommandError> {
    let rows = match collection {
        Collection::Pages(kind) => {
            for page in kind.pages() {
                session.record("explanation", &Explanation::of_page(page))?;
            }
            kind.pages().map(|page| (page.topic(), page.title())).collect()
        }
        Collection::Findings => {
            for &id in FindingId::ALL {
                session.record("explanation", &Explanation::of_finding(id))?;
            }
            FindingId::ALL.iter().map(|id| (id.to_string(), id.page().title)).collect()
        }
        Collection::Faults => {
            for fault in lab_client::faults() {
                session.record("explanation", &Explanation::of_fault(fault.name))?;
            }
            lab_client::faults().iter().map(|fault| (fault.name.to_owned(), fault.title)).collect()
        }
    };
    session.lines(&table(rows))?;
    Ok(ExitStatus::GOOD)
}

/// Several that are meant equally.
pub(super) fn readings(
    session: &mut Session<'_>,
    topic: &str,
    subjects: &[Subject],
) -> Result<(), CommandError> {
    for subject in subjects {
        let record = PageRecord { topic: subject.topic(), title: subject.title(), line: None };
        session.record("reading", &record)?;
    }
    let heading = format!("{topic} may mean one of these:");
    let mut lines = vec![Line::new().and(Tone::Strong, heading), Line::new()];
    let rows = subjects.iter().map(|subject| (subject.topic(), subject.title())).collect();
    lines.extend(table(rows));
    lines.push(Line::new());
    if let Some(first) = subjects.first() {
        let say = format!("say which, for instance: plumb explain {}", quoted(&first.topic()));
        lines.push(Line::new().and(Tone::Hint, say));
    }
    session.lines(&lines)
}

/// A topic as a shell takes it.
fn quoted(topic: &str) -> String {
    if topic.contains(' ') { format!("'{topic}'") } else { topic.to_owned() }
}

/// Topics with their titles, aligned.
pub(super) fn table(rows: Vec<(String, &str)>) -> Vec<Line> {
    /// A topic that is longer than this pushes only its own title aside.
    const TOPIC_COLUMNS_MAX: usize = 40;
    let width = rows.iter().map(|(topic, _)| topic.len()).max().unwrap_or(0);
    let width = width.min(TOPIC_COLUMNS_MAX) + 2;
    rows.into_iter()
        .map(|(topic, title)| {
            let line = Line::new().and(Tone::Strong, topic).pad_to(width - 2);
            line.and(Tone::Plain, format!("  {title}")).cut(COLUMNS_MAX)
        })
        .collect()
}
