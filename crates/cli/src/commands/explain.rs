//! `plumb explain TOPIC`.

use clap::Args;
use plumb_evidence::{FindingId, Layer};
use plumb_report::{Line, Tone, page};
use serde::Serialize;

use super::Run;
use crate::args::output::OutputArgs;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::lab_client;
use crate::output::{Output, Session};
use crate::suggest;

/// Explain a finding or a fault of the lab
///
/// A finding's page says what it means, how it looks on the wire, what to do,
/// and how the lab shows it. Without a topic, every finding is listed.
#[derive(Debug, Args)]
pub struct Explain {
    /// A finding such as tls.cert.expired, or a fault such as tls.cert-expired
    #[arg(value_name = "TOPIC")]
    topic: Option<String>,

    #[command(flatten)]
    output: OutputArgs,
}

/// The data of an `explanation` record.
#[derive(Debug, Serialize)]
struct Explanation<'a> {
    topic: &'a str,
    title: &'a str,
    layer: Layer,
    nel: Option<&'a str>,
    curl: Option<&'a str>,
    fault: Option<&'a str>,
    text: &'a str,
}

impl Run for Explain {
    const EXAMPLES: &'static str = "
        plumb explain tls.cert.expired  # a finding
        plumb explain net.mtu-blackhole # a fault of the lab
        plumb explain                   # every finding";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "explain")?;
        match self.topic.as_deref() {
            None => list(&mut session)?,
            Some(topic) => explain(&mut session, topic)?,
        }
        session.end(ExitStatus::GOOD)
    }
}

fn explain(session: &mut Session<'_>, topic: &str) -> Result<(), CommandError> {
    if let Some(id) = FindingId::from_id(topic) {
        session.record("explanation", &of_finding(id))?;
        return session.lines(&page::finding(id));
    }
    if let Some(fault) = lab_client::fault(topic) {
        let text = fault.page_text();
        session.record(
            "explanation",
            &Explanation {
                topic: fault.name,
                title: fault.title,
                layer: fault.layer(),
                nel: None,
                curl: None,
                fault: Some(fault.name),
                text: &text,
            },
        )?;
        return session.lines(&page::markdown(&text));
    }
    let findings = FindingId::ALL.iter().map(|id| id.as_str());
    let known: Vec<&str> = findings.chain(lab_client::fault_names()).collect();
    Err(CommandError::usage(format!("nothing is called {topic:?}"))
        .hint_if(suggest::did_you_mean(topic, known))
        .hint("plumb explain lists every finding, plumb lab faults every fault"))
}

fn of_finding(id: FindingId) -> Explanation<'static> {
    let page = id.page();
    Explanation {
        topic: id.as_str(),
        title: page.title,
        layer: id.layer(),
        nel: page.nel,
        curl: page.curl,
        fault: page.fault,
        text: page.text,
    }
}

fn list(session: &mut Session<'_>) -> Result<(), CommandError> {
    for &id in FindingId::ALL {
        session.record("explanation", &of_finding(id))?;
    }
    let width = FindingId::ALL.iter().map(|id| id.as_str().len()).max().unwrap_or(0);
    let lines: Vec<Line> = FindingId::ALL
        .iter()
        .map(|id| {
            Line::new()
                .and(Tone::Strong, id.as_str())
                .pad_to(width + 2)
                .and(Tone::Plain, id.page().title)
                .cut(plumb_report::text::COLUMNS_MAX)
        })
        .collect();
    session.lines(&lines)
}
