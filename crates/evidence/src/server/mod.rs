//! What a server tells about itself: the other side of the wire.
//!
//! A [`ServerEvent`] is to a server what [`crate::Event`] is to a check: the
//! one stream from which log lines, JSON, metrics and the narration are folds.

mod endpoint;
mod event;
mod http;
mod security;

pub use endpoint::{Endpoint, Transport};
pub use event::{Closed, ConnectionRecord, Cut, EventKind, ServerEvent, TlsRecord};
pub use http::HttpExchange;
pub use security::{Phase, Rule};
