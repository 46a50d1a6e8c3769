//! A client of HTTP/1.1 and HTTP/2, for programs.
//!
//! It reports what it sees as events, as every operation does, and tells the
//! caller on the way of what it does of its own accord: redirects, retries,
//! cookies. Bodies are never held whole in memory, in either direction.
//!
//! A request with a deadline and retries:
//!
//! ```no_run
//! use std::time::Duration;
//! use plumb_probe::Retry;
//! use plumb_probe::http::{Client, Config, Request};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new(Config {
//!     timeout: Duration::from_secs(5),
//!     total_timeout: Some(Duration::from_secs(30)),
//!     retry: Retry { base: Duration::from_secs(1), factor: 1, ..Retry::walk(2, 0) },
//!     ..Config::default()
//! });
//! let mut response = client.send(Request::get("http://127.0.0.1:8080/health".parse()?)).await?;
//! let body = response.bytes(1 << 20).await?;
//! println!("{} {} bytes in {:?}", response.status(), body.len(), response.elapsed());
//! # Ok(())
//! # }
//! ```

mod auth;
mod client;
mod config;
mod dial;
mod exchange;
mod failure;
mod h1;
mod h2;
mod headers;
pub mod jar;
mod payload;
pub mod redirect;
mod request;
mod response;
pub mod retry;
mod socks;
mod tap;

pub use auth::Auth;
pub use client::{Client, Told};
pub use config::{CONNECT_TIMEOUT_DEFAULT, Config, RETRY_AFTER_MAX, TIMEOUT_DEFAULT, Versions};
pub use failure::{BodyFailure, Failure};
pub use headers::Headers;
pub use jar::{Decision, Fate, Jar};
pub use payload::{Payload, Pieces};
pub use request::{ACCEPT_ENCODING, Message, Request, USER_AGENT, is_idempotent, is_safe};
pub use response::{Finished, Response};
pub(crate) use tap::Until;
pub use tap::{Tap, Way};

/// The head of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseHead {
    /// `HTTP/1.1`, `HTTP/2`.
    pub version: String,
    /// Three digits, RFC 9110 section 15.
    pub status: u16,
    /// The server's own words; HTTP/2 has none.
    pub reason: String,
    /// In their order; of HTTP/2 in lower case.
    pub headers: Headers,
    /// As it came, of HTTP/1.
    pub bytes: Vec<u8>,
}
