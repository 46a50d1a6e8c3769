//! What is said of a conversation: on stderr for people, as records with
//! `--json`, and in a file with `--record`.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plumb_report::json::{Begin, End as EndRecord, JsonLines};
use plumb_report::{Line, Tone, units};
use plumb_sys::options::Effective;
use plumb_sys::tcp::TcpInfo;
use serde::Serialize;

use super::text::{Way, hex};
use super::{Outcome, narrate};
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{self, Output};

/// Where hexadecimal dumps go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Hex {
    /// To stdout, in place of the bytes, both directions
    Instead,
    /// To stderr, both directions; the bytes go to stdout as ever
    Stderr,
}

/// How much is said on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detail {
    Quiet,
    Normal,
    Verbose,
    /// Each step, with its call.
    Narrate,
}

/// Says what happens.
pub(crate) struct Teller {
    detail: Detail,
    hex: Option<Hex>,
    clock: Instant,
    sinks: RefCell<Sinks>,
}

struct Sinks {
    json: Option<Output>,
    file: Option<JsonLines<BufWriter<File>>>,
    /// Why the file could not be written, once.
    file_failed: bool,
}

impl std::fmt::Debug for Teller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Teller").field("hex", &self.hex).finish_non_exhaustive()
    }
}

/// Bytes that passed. One of `text` and `base64` is null.
#[derive(Debug, Serialize)]
struct Passed<'a> {
    at_ns: u64,
    /// How many bytes of this direction came before.
    offset_bytes: u64,
    size_bytes: usize,
    peer: Option<&'a str>,
    /// Where the bytes are UTF-8.
    text: Option<&'a str>,
    base64: Option<String>,
}

/// An option of the socket, as it is.
#[derive(Debug, Serialize)]
pub(crate) struct OptionRecord {
    name: &'static str,
    asked: Option<String>,
    value: String,
}

impl From<Effective> for OptionRecord {
    fn from(effective: Effective) -> OptionRecord {
        let Effective { name, asked, value } = effective;
        OptionRecord { name, asked, value }
    }
}

/// The parts of TCP_INFO that people look at.
#[derive(Debug, Serialize)]
pub(crate) struct TcpRecord {
    state: &'static str,
    rtt_us: u32,
    rtt_min_us: Option<u32>,
    retransmits: u32,
    send_mss_bytes: u32,
    path_mtu_bytes: u32,
    congestion_window_segments: u32,
}

impl From<TcpInfo> for TcpRecord {
    fn from(info: TcpInfo) -> TcpRecord {
        TcpRecord {
            state: info.state,
            rtt_us: info.rtt_us,
            rtt_min_us: info.rtt_min_us,
            retransmits: info.total_retransmits,
            send_mss_bytes: info.send_mss_bytes,
            path_mtu_bytes: info.path_mtu_bytes,
            congestion_window_segments: info.congestion_window_segments,
        }
    }
}

/// A conversation that has begun.
#[derive(Debug, Serialize)]
pub(crate) struct Connected {
    pub(crate) at_ns: u64,
    /// As it was written: `tls://h.example:443`.
    pub(crate) address: String,
    pub(crate) peer: String,
    pub(crate) local: Option<String>,
    /// From the first packet to a connection that can be used.
    pub(crate) duration_ns: Option<u64>,
    pub(crate) tls: Option<TlsRecord>,
    pub(crate) options: Vec<OptionRecord>,
    pub(crate) tcp: Option<TcpRecord>,
}

/// How a conversation begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// This side connected.
    Connected,
    /// This side will send datagrams; nothing has passed.
    Sending,
    /// The peer connected.
    Accepted,
}

impl Begun {
    fn verb(self) -> &'static str {
        match self {
            Begun::Connected => "connected to",
            Begun::Sending => "sending to",
            Begun::Accepted => "connection from",
        }
    }

    /// Between the peer and this side.
    fn preposition(self) -> &'static str {
        match self {
            Begun::Accepted => "to",
            Begun::Connected | Begun::Sending => "from",
        }
    }
}

/// What TLS agreed on.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TlsRecord {
    pub(crate) version: Option<String>,
    pub(crate) cipher_suite: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) alpn: Option<String>,
    pub(crate) server_name: Option<String>,
    /// The subject of the peer's certificate.
    pub(crate) subject: Option<String>,
    pub(crate) verified: bool,
    pub(crate) resumed: bool,
    /// What passed in the handshake, by name, where that is narrated.
    #[serde(skip)]
    pub(crate) messages: Vec<(Way, String)>,
}

#[derive(Debug, Serialize)]
struct Closed<'a> {
    at_ns: u64,
    why: &'a str,
    text: &'a str,
    sent_bytes: u64,
    received_bytes: u64,
    duration_ns: u64,
    tcp: Option<TcpRecord>,
}

#[derive(Debug, Serialize)]
struct StepRecord<'a> {
    call: &'a str,
    meaning: &'a str,
}

#[derive(Debug, Serialize)]
struct Note<'a> {
    at_ns: u64,
    text: &'a str,
}

impl Teller {
    /// `json` is the output of `--json`; it gets `begin` here.
    pub(crate) fn begin(
        command: &str,
        json: Option<Output>,
        record: Option<&Path>,
        hex: Option<Hex>,
        detail: Detail,
    ) -> Result<Teller, CommandError> {
        let file = record.map(|path| {
            File::create(path)
                .map(|file| JsonLines::new(BufWriter::new(file)))
                .map_err(|error| CommandError::file("write", path, error))
        });
        let sinks = RefCell::new(Sinks { json, file: file.transpose()?, file_failed: false });
        let teller = Teller { detail, hex, clock: Instant::now(), sinks };
        let started_unix_s = plumb_sys::clock::unix_s();
        let begin = Begin { plumb: env!("CARGO_PKG_VERSION"), command, started_unix_s };
        teller.record("begin", &begin);
        Ok(teller)
    }

    /// Whether details are wanted.
    pub(crate) fn is_verbose(&self) -> bool {
        self.detail == Detail::Verbose
    }

    fn narrate(&self, steps: &[Line]) {
        if self.detail == Detail::Narrate {
            output::tell(steps);
        }
    }

    /// A step of the system, with the call that did it.
    pub(crate) fn step(&self, call: &str, meaning: &str) {
        self.record("step", &StepRecord { call, meaning });
        match self.detail {
            Detail::Narrate => output::tell(&[narrate::step(call, meaning)]),
            Detail::Verbose => self.line(Tone::Faint, &format!("  {call}: {meaning}")),
            Detail::Quiet | Detail::Normal => {}
        }
    }

    pub(crate) fn elapsed_ns(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// A record of this kind, where records are kept.
    pub(crate) fn record<T: Serialize + ?Sized>(&self, kind: &str, data: &T) {
        let mut sinks = self.sinks.borrow_mut();
        if let Some(json) = &mut sinks.json {
            // A reader that went away is noticed when the command ends.
            let _ = json.record(kind, data);
        }
        let Some(file) = &mut sinks.file else { return };
        if let Err(error) = file.record(kind, data)
            && !std::mem::replace(&mut sinks.file_failed, true)
        {
            drop(sinks);
            output::note(&format!("the record is not complete: {error}"));
        }
    }

    /// Bytes passed; `offset` of them had passed in this direction before.
    pub(crate) fn passed(&self, way: Way, offset: u64, bytes: &[u8], peer: Option<&str>) {
        if self.detail == Detail::Narrate {
            self.narrate(&[narrate::passed(way, bytes)]);
        }
        if self.hex == Some(Hex::Stderr) {
            output::tell(&dump_lines(way, offset, bytes));
        }
        {
            let sinks = self.sinks.borrow();
            if sinks.json.is_none() && sinks.file.is_none() {
                return;
            }
        }
        let text = std::str::from_utf8(bytes).ok();
        let base64 = if text.is_none() { Some(STANDARD.encode(bytes)) } else { None };
        let at_ns = self.elapsed_ns();
        let size_bytes = bytes.len();
        self.record(
            way.word(),
            &Passed { at_ns, offset_bytes: offset, size_bytes, peer, text, base64 },
        );
    }

    /// What is to appear on stdout of bytes that passed.
    pub(crate) fn shown<'a>(
        &self,
        way: Way,
        offset: u64,
        bytes: &'a [u8],
    ) -> Option<Cow<'a, [u8]>> {
        if self.hex == Some(Hex::Instead) {
            return Some(Cow::Owned(hex(way, offset, bytes).into_bytes()));
        }
        (way == Way::Received).then_some(Cow::Borrowed(bytes))
    }

    /// One direction has ended.
    pub(crate) fn half_closed(&self, way: Way) {
        #[derive(Serialize)]
        struct HalfClosed {
            at_ns: u64,
            direction: &'static str,
        }
        let (direction, words) = match way {
            Way::Sent => ("sent", "this side has said all (FIN sent)"),
            Way::Received => ("received", "the peer has said all (FIN received)"),
        };
        self.narrate(&[narrate::half_closed(way)]);
        self.record("half_closed", &HalfClosed { at_ns: self.elapsed_ns(), direction });
        if self.is_verbose() {
            self.line(Tone::Faint, words);
        }
    }

    /// A conversation has begun.
    pub(crate) fn connected(&self, connected: &Connected, begun: Begun) {
        self.record("connected", connected);
        if self.detail == Detail::Narrate {
            return self.narrate(&narrate::connected(connected, begun));
        }
        let mut text = begun.verb().to_owned();
        if !connected.address.is_empty() {
            text.push_str(&format!(" {}", connected.address));
        }
        if !connected.address.ends_with(&connected.peer) {
            text.push_str(&format!(" at {}", connected.peer));
        }
        if let Some(local) = connected.local.as_ref().filter(|local| !local.is_empty()) {
            text.push_str(&format!(" {} {local}", begun.preposition()));
        }
        if let Some(duration) = connected.duration_ns {
            text.push_str(&format!(" in {}", units::duration(duration)));
        }
        self.line(Tone::Good, &text);
        if let Some(tls) = &connected.tls {
            self.line(Tone::Plain, &tls.words());
        }
        if self.is_verbose() {
            for option in &connected.options {
                let asked = match &option.asked {
                    Some(asked) if *asked != option.value => format!(" (asked for {asked})"),
                    Some(_) => " (as asked)".to_owned(),
                    None => String::new(),
                };
                self.line(Tone::Faint, &format!("  {} = {}{asked}", option.name, option.value));
            }
            if let Some(tcp) = &connected.tcp {
                self.line(Tone::Faint, &tcp.words());
            }
        }
    }

    /// A conversation has ended.
    pub(crate) fn closed(&self, outcome: &Outcome, duration_ns: u64, tcp: Option<TcpInfo>) {
        let words = outcome.end.words();
        let tcp = tcp.map(TcpRecord::from);
        let shown = tcp.as_ref().filter(|_| self.is_verbose()).map(TcpRecord::words);
        let closed = Closed {
            at_ns: self.elapsed_ns(),
            why: outcome.end.word(),
            text: &words,
            sent_bytes: outcome.sent_bytes,
            received_bytes: outcome.received_bytes,
            duration_ns,
            tcp,
        };
        self.record("closed", &closed);
        self.narrate(&[narrate::closed(outcome)]);
        let text = format!(
            "closed: {words}; sent {}, received {} in {}",
            units::size(outcome.sent_bytes),
            units::size(outcome.received_bytes),
            units::duration(duration_ns)
        );
        self.line(Tone::Plain, &text);
        if let Some(shown) = shown {
            self.line(Tone::Faint, &shown);
        }
    }

    /// A line on stderr, unless it is to be quiet.
    pub(crate) fn line(&self, tone: Tone, text: &str) {
        if self.detail != Detail::Quiet {
            output::tell(&[Line::new().and(tone, text)]);
        }
    }

    /// A line on stderr that is a record too.
    pub(crate) fn note(&self, kind: &str, text: &str) {
        self.record(kind, &Note { at_ns: self.elapsed_ns(), text });
        self.line(Tone::Plain, text);
    }

    /// The kernel's state of a connection.
    pub(crate) fn tcp(&self, info: &plumb_evidence::observation::TcpInfo) {
        let rtt = units::duration(u64::from(info.rtt_us) * 1000);
        let text = format!(
            "  TCP_INFO: {}, rtt {rtt}, {} retransmitted, MSS {}, path MTU {}",
            info.state, info.total_retransmits, info.send_mss_bytes, info.path_mtu_bytes
        );
        self.line(Tone::Faint, &text);
    }

    /// `end`.
    pub(crate) fn say_end(&self, status: ExitStatus) {
        let end = EndRecord {
            exit_code: status.code(),
            interrupted: status == ExitStatus::INTERRUPTED,
            duration_ns: self.elapsed_ns(),
        };
        self.record("end", &end);
    }
}

impl OptionRecord {
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn asked(&self) -> Option<&str> {
        self.asked.as_deref()
    }

    pub(crate) fn value(&self) -> &str {
        &self.value
    }
}

impl TlsRecord {
    pub(crate) fn words(&self) -> String {
        let part = |value: &Option<String>| value.clone().unwrap_or_else(|| "?".to_owned());
        let mut text = format!("{}, {}", part(&self.version), part(&self.cipher_suite));
        if let Some(group) = &self.group {
            text.push_str(&format!(", {group}"));
        }
        if let Some(alpn) = &self.alpn {
            text.push_str(&format!(", ALPN {alpn}"));
        }
        if let Some(subject) = &self.subject {
            text.push_str(&format!(", certificate of {subject}"));
            text.push_str(if self.verified { " (verified)" } else { " (NOT verified)" });
        }
        text
    }
}

impl TcpRecord {
    fn words(&self) -> String {
        let rtt = units::duration(u64::from(self.rtt_us) * 1000);
        format!(
            "  TCP_INFO: {}, rtt {rtt}, {} retransmitted, MSS {}, path MTU {}, window {} segments",
            self.state,
            self.retransmits,
            self.send_mss_bytes,
            self.path_mtu_bytes,
            self.congestion_window_segments
        )
    }
}

fn dump_lines(way: Way, offset: u64, bytes: &[u8]) -> Vec<Line> {
    hex(way, offset, bytes).lines().map(Line::plain).collect()
}
