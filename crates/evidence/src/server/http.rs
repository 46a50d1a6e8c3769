//! A request and its answer, as the server saw them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// One request that was answered. Secrets in it are already hidden.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HttpExchange {
    /// The method as it came.
    pub method: Cow<'static, str>,
    /// The request target as it came.
    pub target: String,
    /// `HTTP/1.0`, `HTTP/1.1`, `HTTP/2`.
    pub version: Cow<'static, str>,
    /// What the client called the server, or empty.
    pub host: String,
    /// The status of the answer.
    pub status: u16,
    /// Bytes of the request's body that were read.
    pub request_body_bytes: u64,
    /// Bytes of the response's body that were sent.
    pub response_body_bytes: u64,
    /// From the last byte of the request's header to the last of the answer, in
    /// nanoseconds.
    pub duration_ns: u64,
    /// The request's number on its connection, from 1.
    pub number: u64,
    /// `X-Request-ID`, taken over or made.
    pub request_id: Option<String>,
    /// Who asked, where they proved it.
    pub user: Option<String>,
    /// The client behind proxies that are believed, where there was one.
    pub forwarded_for: Option<String>,
    /// The `Referer` field.
    pub referer: Option<String>,
    /// The `User-Agent` field.
    pub user_agent: Option<String>,
    /// The answer's `Content-Type`.
    pub content_type: Option<String>,
}
