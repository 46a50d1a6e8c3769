//! The events as JSON Lines.

use plumb_evidence::server::{EventKind, ServerEvent};
use serde::Serialize;

use super::View;
use crate::json::JsonLines;

/// JSON Lines: `listening`, `connection`, `request`, `security`, and `server`
/// for everything else; `kind` within the data says what it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Records;

/// An event with what is easier to read off than to put together.
#[derive(Debug, Serialize)]
struct Listening<'a> {
    /// As stderr says it: `tcp://127.0.0.1:8080`.
    address: Option<String>,
    /// The port, to connect to.
    port: Option<u16>,
    #[serde(flatten)]
    event: &'a ServerEvent,
}

impl Records {
    /// The type of the record that an event makes.
    pub fn kind(kind: &EventKind) -> &'static str {
        match kind {
            EventKind::Listening { .. } => "listening",
            EventKind::Closed(_) => "connection",
            EventKind::HttpRequest(_) => "request",
            EventKind::Security { .. } => "security",
            _ => "server",
        }
    }
}

impl View for Records {
    fn event(&mut self, event: &ServerEvent, out: &mut Vec<u8>) {
        let kind = Records::kind(&event.kind);
        let mut lines = JsonLines::new(out);
        // Writing to a Vec cannot fail.
        let _ = match &event.kind {
            EventKind::Listening { transport, .. } => {
                let local = event.local.as_ref();
                let address = local.map(|local| match local.ip() {
                    Some(_) => format!("{}://{local}", transport.scheme()),
                    None => local.to_string(),
                });
                let port = local.and_then(plumb_evidence::server::Endpoint::port);
                lines.record(kind, &Listening { address, port, event })
            }
            _ => lines.record(kind, event),
        };
    }
}
