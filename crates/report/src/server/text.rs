//! Lines for a person: one per request and per end of a connection, and
//! whatever stands out.

use plumb_evidence::server::{Closed, EventKind, HttpExchange, ServerEvent};

use super::{View, WallClock, words};
use crate::styled::{Line, Tone};
use crate::units;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Requests, ends of connections, and what stands out.
    Normal,
    /// The steps between, and the effective socket options.
    Verbose,
    /// Every read and write as well.
    Bytes,
}

/// Lines for a person.
#[derive(Debug)]
pub struct Text {
    detail: Detail,
    color: bool,
    clock: WallClock,
}

/// Columns of the number of a connection, and of the client's address.
const NUMBER_COLUMNS: usize = 6;
const PEER_COLUMNS: usize = 22;

impl Text {
    /// Lines in this detail, coloured or not, with the times of this clock.
    pub fn new(detail: Detail, color: bool, clock: WallClock) -> Text {
        Text { detail, color, clock }
    }

    /// Whether events of this kind are told in this detail.
    pub fn tells(detail: Detail, kind: &EventKind) -> bool {
        match kind {
            EventKind::Received { .. } | EventKind::Sent { .. } => detail >= Detail::Bytes,
            // On stderr, when it is so.
            EventKind::Listening { .. } | EventKind::Ready => false,
            EventKind::SocketCreated { .. }
            | EventKind::OptionSet { .. }
            | EventKind::Bound
            | EventKind::Confined { .. }
            | EventKind::Accepted
            | EventKind::ProxyHeader { .. }
            | EventKind::TlsHandshake(_)
            | EventKind::HalfClosed
            | EventKind::DnsUpstream { .. } => detail >= Detail::Verbose,
            _ => true,
        }
    }

    /// The line of an event that happened at `time`.
    fn line(time: &str, event: &ServerEvent) -> Line {
        let mut line = Line::new().and(Tone::Faint, time);
        if event.connection.is_some() || event.peer.is_some() {
            let number = event.connection.map(|number| format!("#{number}")).unwrap_or_default();
            let peer = event.peer.as_ref().map(ToString::to_string).unwrap_or_default();
            line = line
                .and(Tone::Faint, format!("{number:<NUMBER_COLUMNS$}"))
                .and(Tone::Plain, format!("{peer:<PEER_COLUMNS$} "));
        }
        match &event.kind {
            EventKind::HttpRequest(exchange) => request(line, exchange),
            EventKind::Security { rule, phase, detail } => line
                .and(Tone::Warning, format!("! {detail}"))
                .and(Tone::Faint, format!(" (rule {rule}, phase {phase})")),
            EventKind::Closed(record) => line.and(
                match record.how {
                    Closed::Finished => Tone::Faint,
                    Closed::Cut(_) | Closed::Failed(_) => Tone::Warning,
                    Closed::Panicked(_) => Tone::Bad,
                },
                words::closed(record),
            ),
            kind if words::is_warning(kind) => {
                line.and(Tone::Warning, format!("! {}", words::of(kind)))
            }
            EventKind::Note { text } => line.and(Tone::Strong, text),
            EventKind::Bound => match &event.local {
                Some(local) => line.and(Tone::Plain, format!("bound to {local}")),
                None => line.and(Tone::Plain, "bound"),
            },
            kind => line.and(Tone::Plain, words::of(kind)),
        }
    }
}

fn request(line: Line, exchange: &HttpExchange) -> Line {
    let tone = match exchange.status {
        ..400 => Tone::Good,
        400..500 => Tone::Warning,
        _ => Tone::Bad,
    };
    let line = if exchange.method.is_empty() {
        line.and(Tone::Strong, "no request ")
    } else {
        line.and(Tone::Strong, &exchange.method)
            .and(Tone::Plain, " ")
            .and(Tone::Plain, &exchange.target)
            .and(Tone::Plain, " ")
    };
    let line = line
        .and(tone, exchange.status.to_string())
        .and(Tone::Plain, format!(" {}", units::size(exchange.response_body_bytes)))
        .and(Tone::Faint, format!(" {}", units::duration(exchange.duration_ns)));
    match &exchange.user {
        Some(user) => line.and(Tone::Faint, format!(" user {user}")),
        None => line,
    }
}

impl View for Text {
    fn event(&mut self, event: &ServerEvent, out: &mut Vec<u8>) {
        if !Text::tells(self.detail, &event.kind) {
            return;
        }
        let time = self.clock.millisecond(event.unix_ns) + "  ";
        let line = Text::line(&time, event);
        out.extend_from_slice(line.render(self.color).as_bytes());
        out.push(b'\n');
    }
}
