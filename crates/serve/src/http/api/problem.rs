//! What went wrong, for machines: RFC 9457.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::http::phrase;
use crate::http::reply::Reply;

/// A problem with this status, and what led to it in words.
pub(super) fn problem(status: StatusCode, detail: &str) -> Reply {
    with_members(status, detail, json!({}))
}

/// The same with more members.
pub(super) fn with_members(status: StatusCode, detail: &str, more: Value) -> Reply {
    let title = phrase::of(status).unwrap_or("Problem");
    let mut shown = json!({ "status": status.as_u16(), "title": title, "detail": detail });
    if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
        shown.extend(more);
    }
    let mut reply = Reply::json(&shown);
    reply.status = status;
    reply.headers.retain(|(name, _)| name != CONTENT_TYPE);
    reply.with(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))
}
