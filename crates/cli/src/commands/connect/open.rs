//! `connect -z`: is the port open?

use std::time::{Duration, Instant};

use plumb_report::{Line, Tone, units};
use plumb_sys::udp::Reply;
use serde::Serialize;

use super::Connect;
use super::reach::{Goal, Reached, Unreached, since};
use crate::args::duration;
use crate::converse::datagrams::Socket;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};

/// How long an empty datagram may stay unanswered.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// The data of a `port` record.
#[derive(Debug, Serialize)]
struct Port<'a> {
    address: String,
    peer: Option<String>,
    /// `open`, `refused`, `no_answer`, ...
    state: &'a str,
    open: Option<bool>,
    text: &'a str,
    duration_ns: u64,
}

pub(super) async fn is_open(
    connect: &Connect,
    goal: &Goal,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    let mut session = Session::begin(output, "connect")?;
    let start = Instant::now();
    let mut attempt = 1;
    let reached = loop {
        match goal.reach().await {
            Err(Unreached::No { .. }) if attempt <= connect.retries => {
                tokio::time::sleep(connect.retry().wait(attempt)).await;
                attempt += 1;
            }
            reached => break reached,
        }
    };
    let mut peer = None;
    let wait = connect.converse.read_timeout.unwrap_or(ANSWER_WAIT);
    let (state, open, text) = match reached {
        Err(Unreached::Error(error)) => return Err(error),
        Err(Unreached::No { words, word }) => (word, Some(false), words),
        Ok(Reached::Stream(connection, _)) => {
            peer = Some(connection.address.to_string());
            ("open", Some(true), "open".to_owned())
        }
        Ok(Reached::Unix(_)) => ("open", Some(true), "open".to_owned()),
        Ok(Reached::Datagrams(socket, address)) => {
            peer = address.map(|address| address.to_string());
            ask(&socket, wait).await
        }
    };
    let duration_ns = since(start);
    let address = goal.address.to_string();
    let mut line = Line::new().and(Tone::Plain, format!("{address} "));
    line.push(if open == Some(true) { Tone::Good } else { Tone::Bad }, &text);
    line.push(Tone::Faint, format!(" ({})", units::duration(duration_ns)));
    session.record("port", &Port { address, peer, state, open, text: &text, duration_ns })?;
    if !connect.output.quiet {
        session.lines(&[line])?;
    }
    session.end(match open {
        Some(true) => ExitStatus::GOOD,
        Some(false) => ExitStatus::NO,
        None => ExitStatus::NOT_MEASURED,
    })
}

/// An empty datagram; silence tells nothing.
async fn ask(socket: &Socket, wait: Duration) -> (&'static str, Option<bool>, String) {
    let silent = || {
        let text = format!(
            "silent for {}: open, or a filter drops what is sent there",
            duration::text(wait)
        );
        ("no_answer", None, text)
    };
    let Socket::Connected(probe) = socket else { return silent() };
    if let Err(error) = probe.send(&[]) {
        return ("unreachable", Some(false), format!("unreachable: {error}"));
    }
    match tokio::time::timeout(wait, probe.receive()).await {
        Err(_) => silent(),
        Ok(Ok(Reply::Datagram { .. })) => ("open", Some(true), "open".to_owned()),
        Ok(Ok(Reply::Error(error))) => {
            let words = crate::converse::datagrams::refused(&error);
            ("refused", Some(false), format!("closed: {words}"))
        }
        Ok(Ok(Reply::Failed(number))) => {
            let name = plumb_sys::errno::name(number);
            ("refused", Some(false), format!("closed: {name}"))
        }
        Ok(Err(error)) => ("unreachable", Some(false), format!("unreachable: {error}")),
    }
}
