//! `plumb url decode TEXT`.

use clap::Args;
use plumb_report::{Line, sanitize};
use plumb_wire::http::url;
use serde::Serialize;

use super::Run;
use super::encode::Component;
use crate::args::output::OutputArgs;
use crate::args::texts::each_text;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};

/// Take percent-encoding off
///
/// With --component form a + is a blank as well. On a terminal controls are
/// shown as escapes; a pipe gets the bytes that were encoded.
#[derive(Debug, Args)]
pub struct Decode {
    /// Texts, or - for lines on stdin
    #[arg(value_name = "TEXT", required = true)]
    texts: Vec<String>,

    /// Where the text stood
    #[arg(long, value_name = "PLACE", value_enum)]
    component: Option<Component>,

    /// Leave broken encodings as they are
    #[arg(long)]
    lenient: bool,

    #[command(flatten)]
    output: OutputArgs,
}

/// The data of a `decoded` record.
#[derive(Debug, Serialize)]
struct Decoded<'a> {
    text: &'a str,
    /// Null if the bytes are not UTF-8.
    decoded: Option<&'a str>,
    hex: String,
    broken: Vec<Broken>,
}

/// A `%` that no two hexadecimal digits follow.
#[derive(Debug, Serialize)]
struct Broken {
    start: usize,
    end: usize,
}

impl Run for Decode {
    const EXAMPLES: &'static str = "
        plumb url decode user%20name%2Fand%20more
        plumb url decode --component form caf%C3%A9+r%C3%A9sum%C3%A9";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "url decode")?;
        let form = self.component == Some(Component::Form);
        each_text(&self.texts, |text| {
            let decoded = if form { url::decode_form(text) } else { url::decode(text) };
            if let Some(broken) = decoded.broken.first().filter(|_| !self.lenient) {
                return Err(CommandError::usage("two hexadecimal digits must follow a %")
                    .at(text, broken.clone())
                    .hint("a % itself is written %25; --lenient leaves it as it is"));
            }
            let broken = decoded.broken.iter();
            session.record(
                "decoded",
                &Decoded {
                    text,
                    decoded: std::str::from_utf8(&decoded.bytes).ok(),
                    hex: plumb_wire::hexadecimal(&decoded.bytes),
                    broken: broken.map(|at| Broken { start: at.start, end: at.end }).collect(),
                },
            )?;
            show(&mut session, decoded.bytes)
        })?;
        session.end(ExitStatus::GOOD)
    }
}

/// Safe on a terminal, exact in a pipe.
fn show(session: &mut Session<'_>, mut bytes: Vec<u8>) -> Result<(), CommandError> {
    let output = session.output();
    if output.json {
        return Ok(());
    }
    if output.live {
        return output.lines(&[Line::plain(sanitize::bytes(&bytes, usize::MAX))]);
    }
    bytes.push(b'\n');
    output.raw(&bytes)
}
