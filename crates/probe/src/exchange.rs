//! One HTTP request and its response, HTTP/1.1 or HTTP/2, on our own stream.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::{Connection, Deadline, Scope};

/// What is sent.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    /// Sent as they stand, after those that every request has (`Host`,
    /// `User-Agent`, `Accept`, `Accept-Encoding`), which they replace.
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The request target is the whole URL: for a proxy (RFC 9112 section 3.2.2).
    pub absolute_form: bool,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Decoded, as far as it was read.
    pub body: Bytes,
    /// The body came whole and was what it claimed to be.
    pub body_ok: bool,
}

/// Sends and reads. Records `HttpRequest`, `HttpResponse`, `HttpBody` or
/// `HttpFailure` and the phases `request`, `wait` and `response`. `None` where
/// no response came.
pub async fn exchange(
    scope: &Scope,
    connection: Connection,
    request: &Request,
    deadline: Deadline,
) -> Option<Response> {
    let _ = (scope, connection, request, deadline);
    std::future::pending().await
}
