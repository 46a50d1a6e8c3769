//! `plumb url encode TEXT`.

use clap::{Args, ValueEnum};
use plumb_report::Line;
use plumb_wire::http::url::{self, Keep};
use serde::Serialize;

use super::Run;
use crate::args::output::OutputArgs;
use crate::args::texts::each_text;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};

/// Percent-encode text for a place in a URL
///
/// Without --component everything is encoded but letters, digits and -._~,
/// which is right in every place. A component keeps what may also stand there
/// without being taken for a delimiter.
#[derive(Debug, Args)]
pub struct Encode {
    /// Texts, or - for lines on stdin
    #[arg(value_name = "TEXT", required = true)]
    texts: Vec<String>,

    /// Where the text is to stand
    #[arg(long, value_name = "PLACE", value_enum)]
    component: Option<Component>,

    /// Read each TEXT as NAME=VALUE, and print one query of them
    #[arg(long)]
    pairs: bool,

    #[command(flatten)]
    output: OutputArgs,
}

/// A place in a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Component {
    /// One segment of a path: a slash is encoded
    #[value(alias = "segment", alias = "path-segment")]
    Path,
    /// A whole path: slashes stay
    WholePath,
    /// A name or a value in a query: & = + ; are encoded
    Query,
    /// A name or a value in a form: a blank becomes +
    Form,
    /// A user's name: a colon is encoded
    Userinfo,
    /// A fragment
    Fragment,
}

impl Component {
    pub(super) fn keep(self) -> Keep {
        match self {
            Component::Path => Keep::Segment,
            Component::WholePath => Keep::Path,
            Component::Query => Keep::Query,
            Component::Form => Keep::Form,
            Component::Userinfo => Keep::Userinfo,
            Component::Fragment => Keep::Fragment,
        }
    }
}

/// The data of an `encoded` record.
#[derive(Debug, Serialize)]
struct Encoded<'a> {
    text: &'a str,
    encoded: &'a str,
}

impl Run for Encode {
    const EXAMPLES: &'static str = "
        plumb url encode 'user name with spaces/and slashes'
        plumb url encode --component form 'café résumé'
        plumb url encode --component form --pairs page=2 'q=café résumé'";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "url encode")?;
        let keep = self.component.map_or(Keep::Unreserved, Component::keep);
        let mut pairs = Vec::new();
        each_text(&self.texts, |text| {
            if self.pairs {
                pairs.push(pair(text, keep)?);
                return Ok(());
            }
            let encoded = url::encode(text, keep);
            session.record("encoded", &Encoded { text, encoded: &encoded })?;
            session.lines(&[Line::plain(&encoded)])
        })?;
        if self.pairs {
            let (text, encoded) = (self.texts.join("&"), pairs.join("&"));
            session.record("encoded", &Encoded { text: &text, encoded: &encoded })?;
            session.lines(&[Line::plain(&encoded)])?;
        }
        session.end(ExitStatus::GOOD)
    }
}

/// `NAME=VALUE` encoded; the first `=` divides.
pub(super) fn pair(text: &str, keep: Keep) -> Result<String, CommandError> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(CommandError::usage("a pair is NAME=VALUE").at(text, text.len()..text.len()));
    };
    Ok(format!("{}={}", url::encode(name, keep), url::encode(value, keep)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_of_a_form() {
        let texts = ["page=2", "limit=20", "sort=created_at", "q=café résumé"];
        let pairs: Vec<_> = texts.iter().map(|text| pair(text, Keep::Form).unwrap()).collect();
        assert_eq!(pairs.join("&"), "page=2&limit=20&sort=created_at&q=caf%C3%A9+r%C3%A9sum%C3%A9");
        assert_eq!(pair("a==b", Keep::Form).unwrap(), "a=%3Db");
    }
}
