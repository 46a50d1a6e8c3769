//! Rows, and the page that they make.

use std::fmt::Write as _;
use std::time::Duration;

/// One line of the table.
pub(crate) struct Row {
    pub(crate) job: String,
    pub(crate) figure: String,
    pub(crate) peer: String,
    pub(crate) target: String,
    pub(crate) reached: bool,
}

pub(crate) fn limit(job: &str, took: Duration, target: Duration) -> Row {
    Row {
        job: job.to_owned(),
        figure: format!("{} ms", milliseconds(took)),
        peer: String::new(),
        target: format!("{} ms", target.as_millis()),
        reached: took <= target,
    }
}

/// A section of the page: its heading, what its figures are, its rows.
pub(crate) fn section(heading: &str, about: &str, rows: &[Row]) -> String {
    let mut text = format!(
        "## {heading}\n\n{about}\n\n| job | figure | beside | target | reached |\n| --- | --- | --- | --- | --- |\n"
    );
    for row in rows {
        let reached = if row.reached { "yes" } else { "**no**" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {reached} |",
            row.job, row.figure, row.peer, row.target
        );
    }
    text
}

/// `page` with this section in the place of the one of the same heading, or
/// behind the others.
pub(crate) fn put(page: &str, section: &str) -> String {
    const TITLE: &str = "# Benchmarks\n\nMade by `cargo run --release -p plumb-bench`, as an ordinary user on the \
        machine\nthat last ran it. Where there is a peer the two run in turn, in the same run: the\nratio \
        counts, not the figure.\n\n";
    let heading = section.lines().next().unwrap_or_default();
    let mut sections: Vec<String> = Vec::new();
    for line in page.lines() {
        if line.starts_with("## ") {
            sections.push(String::new());
        }
        if let Some(last) = sections.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    match sections.iter_mut().find(|known| known.lines().next() == Some(heading)) {
        Some(known) => section.clone_into(known),
        None => sections.push(section.to_owned()),
    }
    let sections: Vec<&str> = sections.iter().map(|section| section.trim_end()).collect();
    format!("{TITLE}{}\n", sections.join("\n\n"))
}

pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

pub(crate) fn milliseconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}
