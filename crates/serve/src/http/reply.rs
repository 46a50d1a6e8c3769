//! Responses in the making.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use http::{Response, StatusCode};

use super::body::{SiteBody, full};
use super::phrase;

/// What a route answers, before encodings and faults are applied.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) content: Content,
    /// Waited before the response begins.
    pub(super) delay: Duration,
}

/// What the body is made of.
pub(super) enum Content {
    Whole(Bytes),
    /// Parts that come one by one, and their whole length where it is known.
    Parts {
        body: SiteBody,
        length: Option<u64>,
    },
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Content::Whole(bytes) => write!(f, "{} bytes", bytes.len()),
            Content::Parts { length, .. } => write!(f, "parts of {length:?} bytes"),
        }
    }
}

impl Reply {
    pub(super) fn new(status: StatusCode) -> Self {
        let content = Content::Whole(Bytes::new());
        Reply { status, headers: Vec::new(), content, delay: Duration::ZERO }
    }

    pub(super) fn of(kind: &'static str, body: impl Into<Bytes>) -> Self {
        Reply::new(StatusCode::OK).with_body(kind, body)
    }

    pub(super) fn html(body: impl Into<Bytes>) -> Self {
        Reply::of("text/html; charset=utf-8", body)
    }

    pub(super) fn text(body: impl Into<Bytes>) -> Self {
        Reply::of("text/plain; charset=utf-8", body)
    }

    /// JSON as httpbin writes it: indented, keys in order, a newline at the end.
    pub(super) fn json(value: &serde_json::Value) -> Self {
        Reply::of("application/json", format!("{value:#}\n"))
    }

    pub(super) fn redirect(status: StatusCode, to: &str) -> Self {
        match HeaderValue::from_str(to) {
            Ok(to) => {
                let page = "<!doctype html>\n<title>Redirect</title>\n<p>The page is elsewhere.\n";
                let mut reply = Reply::html(page).with(LOCATION, to);
                reply.status = status;
                reply
            }
            Err(_) => Reply::error(StatusCode::BAD_REQUEST, "This cannot stand in a header."),
        }
    }

    /// A short page that says what is wrong.
    pub(super) fn error(status: StatusCode, why: &str) -> Self {
        let title = phrase::of(status).unwrap_or("Status");
        let page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<title>{code} {title}</title>\n\
             <h1>{code} {title}</h1>\n<p>{why}\n</html>\n",
            code = status.as_u16(),
        );
        let mut reply = Reply::html(page);
        reply.status = status;
        reply
    }

    /// 405 names what is allowed, RFC 9110 section 15.5.6.
    pub(super) fn not_allowed(allow: &'static str) -> Self {
        Reply::error(StatusCode::METHOD_NOT_ALLOWED, "This page does not know the method.")
            .with(ALLOW, HeaderValue::from_static(allow))
    }

    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn with_body(self, kind: &'static str, body: impl Into<Bytes>) -> Self {
        let mut reply = self.with(CONTENT_TYPE, HeaderValue::from_static(kind));
        reply.content = Content::Whole(body.into());
        reply
    }

    pub(super) fn with_parts(
        self,
        kind: &'static str,
        body: SiteBody,
        length: Option<u64>,
    ) -> Self {
        let mut reply = self.with(CONTENT_TYPE, HeaderValue::from_static(kind));
        reply.content = Content::Parts { body, length };
        reply
    }

    pub(super) fn into_response(self) -> Response<SiteBody> {
        let (body, length) = match self.content {
            Content::Whole(bytes) => {
                let length = bytes.len() as u64;
                (full(bytes), Some(length))
            }
            Content::Parts { body, length } => (body, length),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        if let Some(length) = length {
            set_length(&mut response, length);
        }
        response
    }
}

/// RFC 9110 section 8.6: no Content-Length in 1xx and 204, and in 304 only
/// that of the page that was not sent, which is not known here.
fn set_length(response: &mut Response<SiteBody>, length: u64) {
    let without = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED];
    if !without.contains(&response.status()) {
        let name = http::header::CONTENT_LENGTH;
        response.headers_mut().insert(name, HeaderValue::from(length));
    }
}
