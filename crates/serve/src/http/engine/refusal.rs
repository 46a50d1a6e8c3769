//! Answers of the engine itself.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};

use crate::core::Refusal;
use crate::http::message::ResponseBody;
use crate::http::phrase;

/// An answer that says in a line why; the connection is closed after it.
pub(super) fn refusal(status: StatusCode, why: &str) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::full(format!("{why}\n")));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The same as bytes, for where hyper has no request to answer.
pub(super) fn refusal_bytes(status: StatusCode, why: &str, retry_after: Option<Duration>) -> Bytes {
    let retry = retry_after.map(|wait| format!("retry-after: {}\r\n", whole_seconds(wait)));
    Bytes::from(format!(
        "HTTP/1.1 {} {}\r\nserver: plumb\r\ndate: {}\r\nconnection: close\r\n{}\
         cache-control: no-store\r\ncontent-type: text/plain; charset=utf-8\r\n\
         content-length: {}\r\n\r\n{why}\n",
        status.as_u16(),
        phrase::of(status).unwrap_or_default(),
        httpdate::fmt_http_date(SystemTime::now()),
        retry.unwrap_or_default(),
        why.len() + 1,
    ))
}

/// What a client is told that is not served at all.
pub(in crate::http) fn farewell(refusal: &Refusal) -> Vec<u8> {
    /// When a connection may have become free.
    const LATER: Duration = Duration::from_secs(1);
    let (status, retry_after) = match refusal {
        Refusal::Access => (StatusCode::FORBIDDEN, None),
        Refusal::Rate { retry_after } => (StatusCode::TOO_MANY_REQUESTS, Some(*retry_after)),
        Refusal::ClientFull { .. } => (StatusCode::TOO_MANY_REQUESTS, Some(LATER)),
        _ => (StatusCode::SERVICE_UNAVAILABLE, Some(LATER)),
    };
    refusal_bytes(status, &refusal.to_string(), retry_after).to_vec()
}

/// `Retry-After` counts whole seconds; 0 would invite at once.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}
