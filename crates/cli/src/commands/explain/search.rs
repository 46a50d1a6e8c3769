//! `plumb explain --search WORD...`.

use plumb_evidence::reference::{self, Document, Match, Subject};
use plumb_report::text::COLUMNS_MAX;
use plumb_report::{Line, Tone};

use super::record::PageRecord;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::lab_client;
use crate::output::Session;

/// More than this on a terminal is no answer; records have all.
const SHOWN_MAX: usize = 25;

/// Everything that can be searched.
fn documents() -> impl Iterator<Item = Document> {
    let faults = lab_client::faults().iter().map(|fault| {
        let subject = Subject::Fault { name: fault.name, title: fault.title };
        Document::new(subject, fault.name, &fault.page_text())
    });
    Document::pages().chain(Document::findings()).chain(faults)
}

/// The page that has the words best.
pub(super) fn first(words: &[&str]) -> Option<Match> {
    let words: Vec<String> =
        words.iter().flat_map(|word| word.split_whitespace()).map(str::to_owned).collect();
    if words.is_empty() {
        return None;
    }
    reference::search(&words, documents()).into_iter().next()
}

/// Lists the pages that have all of the words, the best first.
pub(super) fn search(
    session: &mut Session<'_>,
    words: &[String],
) -> Result<ExitStatus, CommandError> {
    let words: Vec<String> =
        words.iter().flat_map(|word| word.split_whitespace()).map(str::to_owned).collect();
    if words.is_empty() {
        return Err(CommandError::usage("there is no word to search for"));
    }
    let found = reference::search(&words, documents());
    for one in &found {
        let record = PageRecord {
            topic: one.subject.topic(),
            title: one.subject.title(),
            line: Some(&one.line),
        };
        session.record("match", &record)?;
    }
    if found.is_empty() {
        let missing = format!("no page has {}", words.join(" and "));
        session.lines(&[Line::plain(missing)])?;
        return Ok(ExitStatus::NO);
    }
    let mut lines = Vec::new();
    for one in found.iter().take(SHOWN_MAX) {
        let heading = Line::new().and(Tone::Strong, one.subject.topic());
        lines.push(heading.and(Tone::Plain, format!("  {}", one.subject.title())).cut(COLUMNS_MAX));
        lines.push(Line::plain("  ").and(Tone::Faint, &one.line).cut(COLUMNS_MAX));
    }
    if found.len() > SHOWN_MAX {
        let more = format!("and {} more; another word narrows it", found.len() - SHOWN_MAX);
        lines.push(Line::new().and(Tone::Hint, more));
    }
    session.lines(&lines)?;
    Ok(ExitStatus::GOOD)
}
