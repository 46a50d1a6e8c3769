//! Each step of a server's and a connection's life, as a teacher tells it: the
//! call that does it, what happened, what it means.

use std::collections::HashMap;

use plumb_evidence::server::{
    Closed, ConnectionRecord, Endpoint, EventKind, HttpExchange, ServerEvent, Transport,
};

use super::{View, words};
use crate::styled::{self, Line, Tone};
use crate::{sanitize, units};

/// Columns of the number of a step, and of the call.
const NUMBER_COLUMNS: usize = 7;
const CALL_COLUMNS: usize = 29;

/// Steps are counted for this many connections; more are told without numbers.
const CONNECTIONS_MAX: usize = 100_000;

/// Lines of what was received or sent that are shown of each piece.
const LINES_MAX: usize = 12;

/// What an option means, in a clause that begins with a verb.
pub type MeaningOf = fn(&str) -> Option<&'static str>;

/// Tells a server's life step by step.
#[derive(Debug)]
pub struct Narration {
    color: bool,
    columns: usize,
    meaning_of: MeaningOf,
    server_steps: u64,
    accepts: bool,
    steps: HashMap<u64, u64>,
}

/// One step: what does it, and what is to be said of it.
struct Step {
    call: String,
    said: String,
    meaning: String,
    tone: Tone,
}

impl Step {
    fn new(call: impl Into<String>, said: impl Into<String>, meaning: impl Into<String>) -> Step {
        Step { call: call.into(), said: said.into(), meaning: meaning.into(), tone: Tone::Plain }
    }

    fn warning(mut self) -> Step {
        self.tone = Tone::Warning;
        self
    }
}

impl Narration {
    /// A narration of lines of at most `columns`; `meaning_of` explains the
    /// options of sockets.
    pub fn new(color: bool, columns: usize, meaning_of: MeaningOf) -> Narration {
        Narration {
            color,
            columns,
            meaning_of,
            server_steps: 0,
            accepts: false,
            steps: HashMap::new(),
        }
    }

    /// `3`, or of a connection `#2.3`.
    fn number(&mut self, event: &ServerEvent) -> String {
        let Some(connection) = event.connection else {
            self.server_steps += 1;
            return self.server_steps.to_string();
        };
        if self.steps.len() >= CONNECTIONS_MAX && !self.steps.contains_key(&connection) {
            return format!("#{connection}");
        }
        let step = self.steps.entry(connection).or_default();
        *step += 1;
        let text = format!("#{connection}.{step}");
        if matches!(event.kind, EventKind::Closed(_)) {
            self.steps.remove(&connection);
        }
        text
    }

    fn write(&self, number: &str, step: &Step, out: &mut Vec<u8>) {
        let head = NUMBER_COLUMNS + CALL_COLUMNS + 2;
        let width = self.columns.saturating_sub(head).max(CALL_COLUMNS);
        let mut line = Line::new()
            .and(Tone::Faint, format!("{number:<NUMBER_COLUMNS$}"))
            .and(Tone::Hint, format!("{:<CALL_COLUMNS$}  ", step.call));
        if line.width() > head {
            self.push(&line, out);
            line = Line::new().pad_to(head);
        }
        let said = if step.meaning.is_empty() {
            step.said.clone()
        } else {
            format!("{}: {}", step.said, step.meaning)
        };
        for part in styled::wrap(&said, width) {
            self.push(&line.and(step.tone, part), out);
            line = Line::new().pad_to(head);
        }
    }

    /// What was sent or received, as lines of its own below the step.
    fn show(&self, text: &str, out: &mut Vec<u8>) {
        let lines = escaped_lines(text);
        for part in lines.iter().take(LINES_MAX) {
            let line = Line::new().pad_to(NUMBER_COLUMNS).and(Tone::Faint, "| ");
            // Quotes need no backslash here.
            let part = part.replace("\\\"", "\"").replace("\\'", "'");
            self.push(&line.and(Tone::Strong, part).cut(self.columns), out);
        }
        if lines.len() > LINES_MAX {
            let more = words::count((lines.len() - LINES_MAX) as u64, "more line");
            self.push(&Line::new().pad_to(NUMBER_COLUMNS).and(Tone::Faint, more), out);
        }
    }

    /// The messages that were received or sent whole, by name.
    fn name(&self, messages: &[String], out: &mut Vec<u8>) {
        let partial = ["a part of a message, whose end is to come".to_owned()];
        let shown = if messages.is_empty() { &partial[..] } else { messages };
        let width = self.columns.saturating_sub(NUMBER_COLUMNS + 4).max(CALL_COLUMNS);
        for message in shown.iter().take(LINES_MAX) {
            let mut bullet = "- ";
            for part in styled::wrap(&sanitize::text(message), width) {
                let line = Line::new().pad_to(NUMBER_COLUMNS).and(Tone::Faint, bullet);
                self.push(&line.and(Tone::Strong, part), out);
                bullet = "  ";
            }
        }
        if shown.len() > LINES_MAX {
            let more = words::count((shown.len() - LINES_MAX) as u64, "more message");
            self.push(&Line::new().pad_to(NUMBER_COLUMNS).and(Tone::Faint, more), out);
        }
    }

    fn push(&self, line: &Line, out: &mut Vec<u8>) {
        out.extend_from_slice(line.render(self.color).as_bytes());
        out.push(b'\n');
    }

    fn step(&self, event: &ServerEvent) -> Step {
        let local = event.local.as_ref().map(ToString::to_string).unwrap_or_default();
        match &event.kind {
            EventKind::SocketCreated { family, socket_type } => Step::new(
                format!("socket({family}, {socket_type})"),
                format!("socket created ({family}, {socket_type})"),
                socket_meaning(family, socket_type),
            ),
            EventKind::OptionSet { option, asked, effective } => {
                let meaning = (self.meaning_of)(option).map(lower_first).unwrap_or_default();
                option_set(option, asked, effective, meaning)
            }
            EventKind::Bound => Step::new(
                format!("bind({local})"),
                format!("bound to {local}"),
                "this is where clients find the server",
            ),
            EventKind::Listening { transport: Transport::Udp, .. } => Step::new(
                "recvfrom()",
                format!("waiting for datagrams on {local}"),
                "one socket hears all clients; there are no connections",
            ),
            EventKind::Listening { backlog, .. } => listening(*backlog),
            EventKind::Ready => Step::new(
                "accept()",
                "waiting for a connection",
                "the call sleeps until a client has connected",
            ),
            EventKind::Accepted => accepted(event),
            EventKind::Received { size_bytes, .. } => Step::new(
                format!("recv() = {size_bytes}"),
                format!("received {}", words::bytes(*size_bytes)),
                "",
            ),
            EventKind::Sent { size_bytes, .. } => Step::new(
                format!("send() = {size_bytes}"),
                format!("sent {}", words::bytes(*size_bytes)),
                "",
            ),
            EventKind::HalfClosed => Step::new(
                "recv() = 0",
                "end of stream",
                "the client's FIN came: it sends nothing more, and may still read",
            ),
            EventKind::HttpRequest(exchange) => answered(exchange),
            EventKind::Datagram { .. } => {
                Step::new("recvfrom(), sendto()", words::of(&event.kind), "")
            }
            EventKind::TlsHandshake(record) => Step::new(
                "TLS handshake",
                words::tls(record),
                "from here on all bytes are encrypted",
            ),
            EventKind::Closed(record) => closed(record),
            EventKind::Security { rule, phase, detail } => {
                Step::new(format!("rule {rule}"), detail, format!("in the phase {phase}")).warning()
            }
            EventKind::Stopping { .. } => Step::new(
                "close()",
                words::of(&event.kind),
                "nobody is accepted any more; who is connected is served to the end",
            ),
            EventKind::Confined { what, .. } => Step::new(what, words::of(&event.kind), ""),
            EventKind::Note { text } => Step::new("", text, ""),
            kind if words::is_warning(kind) => Step::new("", words::of(kind), "").warning(),
            kind => Step::new("", words::of(kind), ""),
        }
    }
}

impl View for Narration {
    fn event(&mut self, event: &ServerEvent, out: &mut Vec<u8>) {
        match &event.kind {
            EventKind::Listening { transport, .. } => self.accepts |= *transport != Transport::Udp,
            EventKind::Ready if !self.accepts => return,
            _ => {}
        }
        let step = self.step(event);
        let number = self.number(event);
        self.write(&number, &step, out);
        match &event.kind {
            EventKind::Received { messages: Some(messages), .. }
            | EventKind::Sent { messages: Some(messages), .. } => self.name(messages, out),
            EventKind::Received { first_bytes, .. } | EventKind::Sent { first_bytes, .. } => {
                self.show(first_bytes, out);
            }
            _ => {}
        }
    }
}

fn option_set(option: &str, asked: &str, effective: &str, meaning: String) -> Step {
    let now = if asked == effective {
        String::new()
    } else {
        format!(" (asked for {asked}, effective {effective})")
    };
    Step::new(format!("setsockopt({option}, {asked})"), format!("{option} set{now}"), meaning)
}

fn listening(backlog: Option<u32>) -> Step {
    let call = backlog.map(|backlog| backlog.to_string()).unwrap_or_default();
    let said = backlog.map(|backlog| format!(" (backlog={backlog})")).unwrap_or_default();
    Step::new(
        format!("listen({call})"),
        format!("listening{said}"),
        "the kernel now completes handshakes and queues this many for accept()",
    )
}

fn answered(exchange: &HttpExchange) -> Step {
    let method = if exchange.method.is_empty() { "no request" } else { &exchange.method };
    Step::new(
        format!("{method} {}", exchange.status),
        format!(
            "answered with status {}, {}, {} of body, in {}",
            exchange.status,
            exchange.content_type.as_deref().unwrap_or("no content type"),
            words::bytes(exchange.response_body_bytes),
            units::duration(exchange.duration_ns)
        ),
        "",
    )
}

fn closed(record: &ConnectionRecord) -> Step {
    let meaning = match &record.how {
        Closed::Finished => "the client sees end of stream (FIN)",
        Closed::Cut(_) => "a limit of the server ended it",
        Closed::Failed(_) => "the connection could not go on",
        Closed::Panicked(_) => "a bug ended this connection and no other",
    };
    let step = Step::new("close()", words::closed(record), meaning);
    if record.how == Closed::Finished { step } else { step.warning() }
}

fn accepted(event: &ServerEvent) -> Step {
    let said = match &event.peer {
        Some(Endpoint::Ip(peer)) => {
            format!("new connection from {}, ephemeral port {}", peer.ip(), peer.port())
        }
        _ => "new connection from a process of this host".to_owned(),
    };
    Step::new(
        "accept()",
        said,
        "a new socket for this one client; the listening one stays as it was",
    )
}

fn socket_meaning(family: &str, socket_type: &str) -> String {
    let family = match family {
        "AF_INET" => "IPv4",
        "AF_INET6" => "IPv6",
        "AF_UNIX" => "this host only",
        other => other,
    };
    match socket_type {
        "SOCK_STREAM" => format!("a reliable stream of bytes, {family}"),
        "SOCK_DGRAM" => format!("single datagrams, {family}"),
        other => format!("{other}, {family}"),
    }
}

/// Splits escaped text behind each `\n`. A backslash escapes what follows it,
/// so an escaped backslash before an `n` is no line end.
fn escaped_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let (mut from, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        if escaped && c == 'n' {
            lines.push(&text[from..=at]);
            from = at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    if from < text.len() {
        lines.push(&text[from..]);
    }
    lines
}

/// `Let packets pass` within a sentence.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
