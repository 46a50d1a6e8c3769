//! The fields of entries in systemd's journal.

use plumb_evidence::server::{EventKind, ServerEvent};

use super::words;
use crate::sanitize;

/// Priorities of syslog(3), which the journal uses too.
mod priority {
    pub(super) const ERROR: &str = "3";
    pub(super) const WARNING: &str = "4";
    pub(super) const INFO: &str = "6";
    pub(super) const DEBUG: &str = "7";
}

/// A field of an entry: its name, which the journal demands in capitals, and
/// its value.
pub type Field = (&'static str, String);

/// The fields of the entry that an event makes; `identifier` is whom the
/// journal shows as the source.
pub fn journal_fields(event: &ServerEvent, identifier: &str) -> Vec<Field> {
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
    let mut fields = Vec::new();
    let mut field = |name, value: &str| fields.push((name, value.to_owned()));
    field("MESSAGE", &sanitize::text(&message));
    field("PRIORITY", priority);
    field("SYSLOG_IDENTIFIER", identifier);
    field("PLUMB_SERVER", &event.server);
    if let Some(connection) = event.connection {
        field("PLUMB_CONNECTION", &connection.to_string());
    }
    if let Some(peer) = &peer {
        field("PLUMB_PEER", peer);
    }
    if let Some(local) = &event.local {
        field("PLUMB_LOCAL", &local.to_string());
    }
    match &event.kind {
        EventKind::Security { rule, phase, .. } => {
            field("PLUMB_RULE", rule.name());
            field("PLUMB_PHASE", phase.name());
        }
        EventKind::HttpRequest(exchange) => {
            field("PLUMB_METHOD", &exchange.method);
            field("PLUMB_TARGET", &exchange.target);
            field("PLUMB_STATUS", &exchange.status.to_string());
            if let Some(id) = &exchange.request_id {
                field("PLUMB_REQUEST_ID", id);
            }
        }
        _ => {}
    }
    fields
}
