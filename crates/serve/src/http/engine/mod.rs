//! The life of a connection and of each request on it.
//!
//! ```text
//! stream -> Carrier (deadlines, framing, gentle end) -> hyper -> Conversation -> layers -> handler
//!                                                          <- Sent (counts what leaves) <-
//! ```

mod connection;
mod conversation;
mod exchange;
mod flow;
mod inlet;
mod leftover;
mod line;
mod outlet;
mod pass;
mod refusal;

pub(super) use connection::{http1, http2};
pub(super) use exchange::Journal;
pub(super) use inlet::Inlet;
pub(super) use line::{Line, Offence};
pub(super) use outlet::Outlet;
pub(super) use refusal::farewell;
