//! Entries in the native protocol of systemd's journal.
//!
//! An entry is one datagram: `FIELD=value` lines; a value with a line end in it
//! is written as the name, the length in eight bytes little endian, the bytes.
//! See <https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>.

use plumb_evidence::server::{EventKind, ServerEvent};

use super::{View, words};
use crate::sanitize;

/// Priorities of syslog(3), which the journal uses too.
mod priority {
    pub(super) const ERROR: &str = "3";
    pub(super) const WARNING: &str = "4";
    pub(super) const INFO: &str = "6";
    pub(super) const DEBUG: &str = "7";
}

/// Makes one datagram per event.
#[derive(Debug, Clone)]
pub struct Journal {
    identifier: String,
}

impl Journal {
    /// Entries with this `SYSLOG_IDENTIFIER`.
    pub fn new(identifier: impl Into<String>) -> Journal {
        Journal { identifier: identifier.into() }
    }
}

impl View for Journal {
    fn event(&mut self, event: &ServerEvent, out: &mut Vec<u8>) {
        let priority = match &event.kind {
            EventKind::Closed(record)
                if matches!(record.how, plumb_evidence::server::Closed::Panicked(_)) =>
            {
                priority::ERROR
            }
            kind if words::is_warning(kind) => priority::WARNING,
            EventKind::SocketCreated { .. }
            | EventKind::OptionSet { .. }
            | EventKind::Bound
            | EventKind::Accepted
            | EventKind::Received { .. }
            | EventKind::Sent { .. }
            | EventKind::HalfClosed => priority::DEBUG,
            _ => priority::INFO,
        };
        let peer = event.peer.as_ref().map(ToString::to_string);
        let said = words::of(&event.kind);
        let message = match &peer {
            Some(peer) => format!("{peer} {said}"),
            None => said,
        };
        field("MESSAGE", &sanitize::text(&message), out);
        field("PRIORITY", priority, out);
        field("SYSLOG_IDENTIFIER", &self.identifier, out);
        field("PLUMB_SERVER", &event.server, out);
        if let Some(connection) = event.connection {
            field("PLUMB_CONNECTION", &connection.to_string(), out);
        }
        if let Some(peer) = &peer {
            field("PLUMB_PEER", peer, out);
        }
        if let Some(local) = &event.local {
            field("PLUMB_LOCAL", &local.to_string(), out);
        }
        match &event.kind {
            EventKind::Security { rule, phase, .. } => {
                field("PLUMB_RULE", rule.name(), out);
                field("PLUMB_PHASE", phase.name(), out);
            }
            EventKind::HttpRequest(exchange) => {
                field("PLUMB_METHOD", &exchange.method, out);
                field("PLUMB_TARGET", &exchange.target, out);
                field("PLUMB_STATUS", &exchange.status.to_string(), out);
                if let Some(id) = &exchange.request_id {
                    field("PLUMB_REQUEST_ID", id, out);
                }
            }
            _ => {}
        }
    }
}

/// One field. A value that a peer chose may hold a line end, which would begin
/// a field of the peer's choice: such a value goes with its length.
fn field(name: &str, value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        out.push(b'\n');
        out.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        out.push(b'=');
    }
    out.extend_from_slice(value.as_bytes());
    out.push(b'\n');
}
