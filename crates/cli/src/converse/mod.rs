//! A conversation: what comes from this side goes to the peer and back, each
//! direction until its own end.
//!
//! * [`near`]: this side, stdin and stdout or a program;
//! * [`stream`]: over a connection, with half-close;
//! * [`datagrams`]: over a UDP or Unix datagram socket;
//! * [`text`]: line mode, line ends and hexadecimal dumps;
//! * [`narrate`]: each step for who wants to learn;
//! * [`tell`]: what is said of it on stderr, as records, and in a file.

pub(crate) mod args;
pub(crate) mod datagrams;
pub(crate) mod narrate;
pub(crate) mod near;
pub(crate) mod stream;
pub(crate) mod tell;
pub(crate) mod text;

use std::time::Duration;

use text::Lines;

/// How to converse.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// Line by line, and how lines end.
    pub(crate) lines: Lines,
    /// Go on sending after the peer has ended its direction.
    pub(crate) keep_open: bool,
    /// End after this long without a byte in either direction.
    pub(crate) read_timeout: Option<Duration>,
}

/// Bytes read in one go; a TLS record and a default pipe hold less.
pub(crate) const CHUNK_BYTES: usize = 64 * 1024;

/// How a conversation ended.
#[derive(Debug)]
pub(crate) enum End {
    /// Both sides said all that they had to say.
    Both,
    /// The peer ended the connection while this side still could speak.
    Peer,
    /// The peer, or somebody on the way, broke the connection.
    Broken(std::io::Error),
    /// Nothing came for as long as was to be waited.
    Silence(Duration),
    /// Nobody reads the output any more.
    OutputClosed,
    /// What came could not be written: a full disk.
    OutputFailed(std::io::Error),
    /// The program on this side ended.
    Program,
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

impl End {
    /// What came cannot be written: a reader that went away is no error.
    pub(crate) fn of_output(error: std::io::Error) -> End {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => End::OutputClosed,
            _ => End::OutputFailed(error),
        }
    }

    /// In words, for people.
    pub(crate) fn words(&self) -> String {
        match self {
            End::Both => "both sides were done".to_owned(),
            End::Peer => "the peer ended the connection".to_owned(),
            End::Broken(error) => broken_words(error),
            End::Silence(time) => {
                format!("nothing came for {} (timeout)", crate::args::duration::text(*time))
            }
            End::OutputClosed => "nobody reads the output".to_owned(),
            End::OutputFailed(error) => format!("what came cannot be written: {error}"),
            End::Program => "the program ended".to_owned(),
            End::Interrupted => "interrupted".to_owned(),
        }
    }

    /// A word, for programs.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            End::Both => "both_done",
            End::Peer => "peer_closed",
            End::Broken(_) => "broken",
            End::Silence(_) => "silence",
            End::OutputClosed => "output_closed",
            End::OutputFailed(_) => "output_failed",
            End::Program => "program_ended",
            End::Interrupted => "interrupted",
        }
    }
}

fn broken_words(error: &std::io::Error) -> String {
    use std::io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionReset => "the peer reset the connection (RST)".to_owned(),
        Kind::BrokenPipe => "the peer no longer takes anything".to_owned(),
        Kind::TimedOut => "the peer stopped acknowledging".to_owned(),
        Kind::UnexpectedEof => {
            "the peer ended the connection without saying so in TLS (no close_notify)".to_owned()
        }
        _ => plumb_probe::handshake::alert_words(error).unwrap_or_else(|| error.to_string()),
    }
}

/// What passed, and why it ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) end: End,
    pub(crate) sent_bytes: u64,
    pub(crate) received_bytes: u64,
    /// Whether this side has nothing more to say.
    pub(crate) input_ended: bool,
}

/// Waits for Ctrl-C or SIGTERM.
pub(crate) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers the signals end the process by themselves.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
