//! `plumb serve echo`.

use std::time::Duration;

use clap::Args;
use plumb_serve::core::Limits;
use plumb_serve::echo::{self, EchoOptions, Template, TemplateError};
use plumb_wire::transport::message::{Framing, LengthWidth};

use crate::args::duration;
use crate::args::serve::ServeArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::serving::{self, Plan};

/// Where it listens unless told otherwise: like echo's port 7, without the
/// privilege that ports below 1024 want.
const PORT: u16 = 7007;
/// What `begin` calls it.
const COMMAND: &str = "serve echo";

/// Send back what comes, or a reply to it
///
/// Listens on tcp://127.0.0.1:7007 unless told otherwise. A message is a line;
/// --raw, --length-prefix and --delimiter say otherwise. Texts may hold \n \r
/// \t \0 \\ and \xNN.
#[derive(Debug, Args)]
pub struct Echo {
    #[command(flatten)]
    messages: MessageArgs,

    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Messages")]
struct MessageArgs {
    /// Take whatever comes at once for a message, as a loop of recv() does
    #[arg(long, conflicts_with_all = ["length_prefix", "delimiter"])]
    raw: bool,

    /// Expect a number of N bytes before each message that says how long it is
    #[arg(long, value_name = "1|2|4", value_parser = length_width, conflicts_with = "delimiter")]
    length_prefix: Option<LengthWidth>,

    /// End each message with TEXT instead of a line end
    #[arg(long, value_name = "TEXT")]
    delimiter: Option<String>,

    /// Answer with TEXT, in which {msg} is the message, {peer} the client, and
    /// n in braces the message's number (of the connection; of all datagrams)
    #[arg(long, value_name = "TEXT", conflicts_with = "ack")]
    reply: Option<String>,

    /// Answer with ACK
    #[arg(long)]
    ack: bool,

    /// Say TEXT when a client has connected
    #[arg(long, value_name = "TEXT")]
    greet: Option<String>,

    /// End the conversation when the client says WORD, in any case
    #[arg(long, value_name = "WORD")]
    close_word: Option<String>,

    /// Answer the close word with TEXT
    #[arg(long, value_name = "TEXT", requires = "close_word")]
    closing: Option<String>,

    /// Answer one message of each client, then close
    #[arg(long)]
    once: bool,

    /// Answer N messages of each client, then close; 0 closes after the
    /// greeting
    #[arg(long, value_name = "N", conflicts_with = "once")]
    messages: Option<u64>,

    /// Say TEXT to a client that is cut for saying nothing (see --idle)
    #[arg(long, value_name = "TEXT")]
    idle_text: Option<String>,

    /// Take only UTF-8; what is not is refused in words, and the client cut
    #[arg(long)]
    utf8: bool,

    /// Say something whenever DUR has passed without a message
    #[arg(long, value_name = "DUR", value_parser = duration::parse)]
    heartbeat: Option<Duration>,

    /// What --heartbeat says
    #[arg(long, value_name = "TEXT", requires = "heartbeat", default_value = "heartbeat")]
    heartbeat_text: String,
}

/// What a message that is not UTF-8 is answered with.
const NOT_UTF8: &str = "Received data is not UTF-8 encoded";

impl Run for Echo {
    const EXAMPLES: &'static str = "
        plumb serve echo
        plumb serve echo --listen udp://127.0.0.1:9006 --ack
        plumb serve echo --listen 0 --raw --once --greet CONNECTED
        plumb serve echo --close-word close --closing closed --idle 5s
        plumb serve echo --listen tls://127.0.0.1:7443 --narrate
        plumb serve echo --listen unix:/tmp/echo.sock --length-prefix 4";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let plan = self.messages.options().map(plan);
        serving::run(COMMAND, plan, &self.serve)
    }
}

fn plan(options: EchoOptions) -> Plan<echo::Echo, echo::Echo> {
    let echo = echo::Echo::new(options);
    Plan {
        command: COMMAND,
        server: "echo",
        port: PORT,
        stream: echo.clone(),
        datagrams: Some(echo),
        limits: Limits::conversation(),
        alpn: &[],
        url_scheme: None,
        gatekeeper: None,
        // An answer costs less than to wake a thread for it: measured on two
        // processors, one thread gives half as many answers again as two.
        workers: serving::processors().div_ceil(2),
        files: Vec::new(),
    }
}

impl MessageArgs {
    fn options(&self) -> Result<EchoOptions, CommandError> {
        let framing = self.framing()?;
        let text = |text: &Option<String>| text.as_deref().map(unescape).transpose();
        let reply = match &self.reply {
            _ if self.ack => Some(template("ACK")?),
            Some(text) => Some(template(text)?),
            None => None,
        };
        if self.close_word.as_deref().is_some_and(|word| word.trim().is_empty()) {
            return Err(CommandError::usage("the close word cannot be empty"));
        }
        let options = EchoOptions {
            reply,
            greeting: text(&self.greet)?,
            close_word: self.close_word.clone(),
            closing: text(&self.closing)?,
            messages_max: if self.once { Some(1) } else { self.messages },
            idle_text: text(&self.idle_text)?,
            utf8: self.utf8.then(|| NOT_UTF8.into()),
            heartbeat: match self.heartbeat {
                Some(every) => Some((every, unescape(&self.heartbeat_text)?)),
                None => None,
            },
            framing,
        };
        if options.messages_max == Some(0) && options.greeting.is_none() {
            return Err(CommandError::usage("--messages 0 answers nothing")
                .hint("with --greet TEXT the server says that and closes"));
        }
        fits(&options)?;
        Ok(options)
    }

    fn framing(&self) -> Result<Framing, CommandError> {
        Ok(match (self.raw, self.length_prefix, &self.delimiter) {
            (true, ..) => Framing::Raw,
            (_, Some(width), _) => Framing::Length(width),
            (_, _, Some(text)) if text.is_empty() => {
                return Err(CommandError::usage("the delimiter cannot be empty")
                    .hint("--raw takes what comes as it comes"));
            }
            (_, _, Some(text)) => Framing::Delimiter(unescape(text)?),
            _ => Framing::Line,
        })
    }
}

/// The server's own texts must fit what its length can say.
fn fits(options: &EchoOptions) -> Result<(), CommandError> {
    let heartbeat = options.heartbeat.as_ref().map(|(_, text)| text);
    let texts = [&options.greeting, &options.closing, &options.idle_text, &options.utf8];
    for text in texts.into_iter().flatten().chain(heartbeat) {
        options.framing.put(text, None, &mut Vec::new()).map_err(|error| {
            CommandError::usage(format!("a text does not fit its length prefix: {error}"))
        })?;
    }
    Ok(())
}

fn length_width(text: &str) -> Result<LengthWidth, String> {
    match text {
        "1" => Ok(LengthWidth::One),
        "2" => Ok(LengthWidth::Two),
        "4" => Ok(LengthWidth::Four),
        _ => Err("a length has 1, 2 or 4 bytes".to_owned()),
    }
}

fn template(text: &str) -> Result<Template, CommandError> {
    text.parse().map_err(|error| at(text, &error))
}

fn unescape(text: &str) -> Result<Vec<u8>, CommandError> {
    echo::unescape(text).map_err(|error| at(text, &error))
}

fn at(text: &str, error: &TemplateError) -> CommandError {
    CommandError::usage(error.to_string()).at(text, error.place.clone())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        messages: MessageArgs,
    }

    fn refused(words: &[&str]) -> String {
        let line = Line::try_parse_from([&["echo"], words].concat()).unwrap();
        let error = line.messages.options().unwrap_err();
        plumb_report::styled::render(&error.lines(), false)
    }

    #[test]
    fn mistakes_are_said_in_one_line() {
        let long = "x".repeat(256);
        let all: String = [
            &["--reply", "Echo: {message}"][..],
            &["--reply", "a\\qb"],
            &["--greet", "\\x4"],
            &["--delimiter", ""],
            &["--messages", "0"],
            &["--close-word", " "],
            &["--length-prefix", "1", "--greet", &long],
        ]
        .map(refused)
        .concat();
        insta::assert_snapshot!(all);
    }
}
