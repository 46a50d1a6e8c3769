//! `plumb url query URL [KEY]`.

use clap::Args;
use plumb_report::{Line, Tone, sanitize, styled};
use plumb_wire::http::url::{Parts, pairs};

use super::{Pair, Run};
use crate::args::output::OutputArgs;
use crate::args::texts::each_text;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};

/// Show the pairs of a query, decoded
///
/// In their order, repeats kept. With KEY, each of its values on a line of its
/// own; exit code 1 if there is none.
#[derive(Debug, Args)]
pub struct Query {
    /// A URL, a query with or without its ?, or - for lines on stdin
    url: String,

    /// Show the values of this name alone
    #[arg(value_name = "KEY")]
    key: Option<String>,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Query {
    const EXAMPLES: &'static str = "
        plumb url query 'https://www.example.com/?page=1&q=hello+world'
        plumb url query 'https://www.example.com/?page=1&q=hello+world' q";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "url query")?;
        let mut found = false;
        each_text(std::slice::from_ref(&self.url), |text| {
            let mut wanted = pairs(query_of(text));
            wanted.retain(|pair| self.key.as_ref().is_none_or(|key| pair.name == key.as_bytes()));
            found |= !wanted.is_empty();
            for pair in &wanted {
                session.record("pair", &Pair::of(pair))?;
            }
            let lines = lines(&wanted, self.key.is_some());
            session.lines(&lines)
        })?;
        session.end(if found || self.key.is_none() { ExitStatus::GOOD } else { ExitStatus::NO })
    }
}

/// The query of a URL; what holds pairs and is no URL is a query itself.
fn query_of(text: &str) -> &str {
    let parts = Parts::rfc3986(text);
    match parts.query {
        Some(range) => &text[range],
        None if parts.scheme.is_none() && !text.starts_with('/') && text.contains('=') => text,
        None => "",
    }
}

fn lines(pairs: &[plumb_wire::http::url::Pair], values_alone: bool) -> Vec<Line> {
    let shown = |bytes: &[u8]| sanitize::bytes(bytes, usize::MAX);
    let width = pairs.iter().map(|pair| styled::width(&shown(&pair.name))).max().unwrap_or(0);
    let line = |pair: &plumb_wire::http::url::Pair| {
        let value = shown(pair.value.as_deref().unwrap_or_default());
        if values_alone {
            return Line::plain(value);
        }
        Line::new().and(Tone::Hint, shown(&pair.name)).pad_to(width + 2).and(Tone::Plain, value)
    };
    pairs.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_may_stand_alone() {
        for (text, query) in [
            ("http://h/?a=1&b#c", "a=1&b"),
            ("?a=1", "a=1"),
            ("page=2&q=a+b", "page=2&q=a+b"),
            ("to=http://h/&b=2", "to=http://h/&b=2"),
            ("http://h/a=1", ""),
            ("/a=1", ""),
            ("h/a", ""),
        ] {
            assert_eq!(query_of(text), query, "{text}");
        }
    }
}
