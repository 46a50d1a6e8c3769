//! What is said when a file is not sent.

use std::io;

use http::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, HeaderMap, HeaderValue, VARY,
};
use http::request::Parts;
use http::{Response, StatusCode};
use maud::{DOCTYPE, PreEscaped, html};
use plumb_wire::http::accept::media_weight;
use plumb_wire::http::path::PathError;

use crate::http::message::ResponseBody;
use crate::http::phrase;

/// Why a file is not sent or taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// 400: the path is none.
    Path(PathError),
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 405, with what is allowed.
    NotAllowed(&'static str),
    /// 412.
    PreconditionFailed,
    /// 416, with the size in bytes.
    RangeNotSatisfiable(u64),
    /// 400: what was sent is not what it should be.
    Bad(&'static str),
    /// 400: no form, with what is wrong with it.
    Form(String),
    /// 403: another site's page asks for it.
    Elsewhere,
    /// 403, to what would be written.
    NotWritable,
    /// 408.
    Slow,
    /// 409: what is there does not allow it.
    Conflict(&'static str),
    /// 413, with what is allowed, in bytes.
    TooLarge(u64),
    /// 415.
    Unsupported(&'static str),
    /// 507.
    Full,
    /// 414: longer than the system's names.
    TooLong,
    /// 503: something that passes, such as too many open files.
    Busy,
    /// 500.
    Broken,
}

/// What the system says of a file, as the client is told: never more than that
/// it is not there, where that is a secret.
pub(super) fn trouble_of(error: &io::Error) -> Trouble {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::NotFound | Kind::NotADirectory => Trouble::NotFound,
        // Links that lead out, and links that are not followed.
        Kind::CrossesDevices => Trouble::NotFound,
        Kind::PermissionDenied => Trouble::Forbidden,
        Kind::InvalidFilename => Trouble::TooLong,
        Kind::ResourceBusy | Kind::WouldBlock | Kind::OutOfMemory => Trouble::Busy,
        _ => match error.raw_os_error() {
            Some(ELOOP) => Trouble::NotFound,
            Some(EMFILE | ENFILE) => Trouble::Busy,
            // A socket cannot be opened, nor a device without its driver.
            Some(ENXIO | ENODEV) => Trouble::Forbidden,
            _ => Trouble::Broken,
        },
    }
}

/// The same of a file that is being written.
pub(super) fn write_trouble_of(error: &io::Error) -> Trouble {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => Trouble::Full,
        Kind::FileTooLarge => Trouble::Full,
        Kind::PermissionDenied | Kind::ReadOnlyFilesystem => Trouble::NotWritable,
        _ => trouble_of(error),
    }
}

// errno(3), the same on every architecture of Linux.
const ENXIO: i32 = 6;
const ENODEV: i32 = 19;
const ELOOP: i32 = 40;
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;

impl Trouble {
    fn status(&self) -> StatusCode {
        match self {
            Trouble::Path(_) | Trouble::Bad(_) | Trouble::Form(_) => StatusCode::BAD_REQUEST,
            Trouble::Forbidden | Trouble::Elsewhere | Trouble::NotWritable => StatusCode::FORBIDDEN,
            Trouble::Slow => StatusCode::REQUEST_TIMEOUT,
            Trouble::Conflict(_) => StatusCode::CONFLICT,
            Trouble::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Trouble::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Trouble::Full => StatusCode::INSUFFICIENT_STORAGE,
            Trouble::NotFound => StatusCode::NOT_FOUND,
            Trouble::NotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Trouble::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Trouble::RangeNotSatisfiable(_) => StatusCode::RANGE_NOT_SATISFIABLE,
            Trouble::TooLong => StatusCode::URI_TOO_LONG,
            Trouble::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Trouble::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn words(&self) -> String {
        match self {
            Trouble::Path(error) => format!("The address is malformed: {error}."),
            Trouble::Bad(words) | Trouble::Conflict(words) | Trouble::Unsupported(words) => {
                (*words).to_owned()
            }
            Trouble::Form(error) => format!("This is no form: {error}."),
            Trouble::Elsewhere => "A page of another site asks for this.".to_owned(),
            Trouble::NotWritable => "This may not be written.".to_owned(),
            Trouble::Slow => "The content did not come in time.".to_owned(),
            Trouble::TooLarge(max) => format!("At most {max} bytes are taken."),
            Trouble::Full => "There is no space left.".to_owned(),
            Trouble::Forbidden => "This may not be read.".to_owned(),
            Trouble::NotFound => "There is nothing of that name here.".to_owned(),
            Trouble::NotAllowed(allow) => format!("What can be done here is {allow}."),
            Trouble::PreconditionFailed => "It is not the version that you have.".to_owned(),
            Trouble::RangeNotSatisfiable(size) => format!("The file has {size} bytes."),
            Trouble::TooLong => "No file has so long a name.".to_owned(),
            Trouble::Busy => "Too much at once; please try again.".to_owned(),
            Trouble::Broken => "The file could not be read.".to_owned(),
        }
    }

    /// The answer to the client.
    pub(super) fn response(&self, request: &Parts) -> Response<ResponseBody> {
        let mut response = plain(request, self.status(), &self.words());
        let headers = response.headers_mut();
        match self {
            Trouble::NotAllowed(allow) => {
                headers.insert(ALLOW, HeaderValue::from_static(allow));
            }
            Trouble::RangeNotSatisfiable(size) => {
                if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}")) {
                    headers.insert(CONTENT_RANGE, value);
                }
            }
            Trouble::Busy => {
                headers.insert(http::header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

/// In which form a client wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Html,
    Json,
    Text,
}

/// The form that `Accept` likes best; `when_equal` decides among equals.
pub(super) fn form(headers: &HeaderMap, when_equal: [Form; 3]) -> Form {
    let accept = headers.get(ACCEPT).map_or(&b"*/*"[..], HeaderValue::as_bytes);
    let weight = |form: Form| {
        media_weight(
            accept,
            match form {
                Form::Html => "text/html",
                Form::Json => "application/json",
                Form::Text => "text/plain",
            },
        )
    };
    // The last maximum wins.
    when_equal.into_iter().rev().max_by_key(|form| weight(*form)).unwrap_or(Form::Text)
}

/// Pages that we make need nothing but their own style, and no other site may
/// put them in a frame.
pub(super) fn protect(headers: &mut HeaderMap) {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
        base-uri 'none'; frame-ancestors 'none'";
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
}

/// A few words as a page for a browser, JSON for a program, a line for curl.
pub(super) fn plain(request: &Parts, status: StatusCode, words: &str) -> Response<ResponseBody> {
    let title = phrase::of(status).unwrap_or("Status");
    let code = status.as_u16();
    let (kind, body) = match form(&request.headers, [Form::Text, Form::Html, Form::Json]) {
        Form::Html => ("text/html; charset=utf-8", page(code, title, words)),
        Form::Text => ("text/plain; charset=utf-8", format!("{code} {title}: {words}\n")),
        Form::Json => {
            let body = serde_json::json!({ "status": code, "title": title, "detail": words });
            ("application/problem+json", format!("{body}\n"))
        }
    };
    let mut response = Response::new(ResponseBody::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    protect(headers);
    if status.is_client_error() || status.is_server_error() {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    *response.body_mut() = ResponseBody::full(body);
    response
}

fn page(code: u16, title: &str, words: &str) -> String {
    const STYLE: &str = ":root{color-scheme:light dark}\
        body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:18vh auto 0;padding:0 1.5rem}\
        h1{font-size:1.4rem;margin:0 0 .5rem}p{margin:0 0 1rem}";
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (code) " " (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (code) " " (title) }
                p { (words) }
                p { a href="/" { "To the start" } }
            }
        }
    }
    .into_string()
}
