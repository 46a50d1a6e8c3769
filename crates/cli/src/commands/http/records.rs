//! What `--json` says of an exchange.

use plumb_probe::http::{BodyFailure, Headers, Message, Request, Response};
use serde::Serialize;

/// `request`: one is sent.
#[derive(Debug, Serialize)]
pub(super) struct RequestRecord {
    hop: u16,
    method: String,
    url: String,
    /// In order; the values of secrets replaced.
    headers: Vec<(String, String)>,
    /// `null` where it is not known before.
    body_bytes: Option<u64>,
}

/// `response`: its head is here.
#[derive(Debug, Serialize)]
pub(super) struct ResponseRecord {
    hop: u16,
    url: String,
    version: String,
    status: u16,
    reason: Option<String>,
    headers: Vec<(String, String)>,
    /// From the first byte of the request to the first of the response.
    wait_ns: u64,
}

/// `body`: it came, or as much of it as did.
#[derive(Debug, Serialize)]
pub(super) struct BodyRecord {
    hop: u16,
    received_bytes: u64,
    declared_bytes: Option<u64>,
    decoded_bytes: Option<u64>,
    complete: bool,
    error: Option<String>,
    remarks: Vec<String>,
    /// From the first byte of the request to the last of the body.
    duration_ns: Option<u64>,
    /// Decoded, where it is UTF-8 and not too long.
    text: Option<String>,
    /// Where a download went.
    file: Option<String>,
}

/// `redirect`: a response led elsewhere.
#[derive(Debug, Serialize)]
pub(super) struct RedirectRecord<'a> {
    pub(super) status: u16,
    pub(super) from: String,
    pub(super) to: &'a str,
    pub(super) method: &'a str,
    pub(super) method_after: &'a str,
    pub(super) followed: bool,
    pub(super) why_not: Option<&'a str>,
}

/// `retry`: the same is tried again.
#[derive(Debug, Serialize)]
pub(super) struct RetryRecord<'a> {
    pub(super) attempt: u32,
    pub(super) wait_ms: u64,
    pub(super) why: &'a str,
}

/// `failure`: there is no response.
#[derive(Debug, Serialize)]
pub(super) struct FailureRecord<'a> {
    pub(super) url: &'a str,
    pub(super) error: String,
}

/// `remark`: what a person would want to know.
#[derive(Debug, Serialize)]
pub(super) struct RemarkRecord<'a> {
    pub(super) text: &'a str,
}

fn shown(headers: &Headers) -> Vec<(String, String)> {
    let text = |(name, value): (&str, &[u8])| {
        (name.to_owned(), String::from_utf8_lossy(value).into_owned())
    };
    headers.redacted().iter().map(text).collect()
}

impl RequestRecord {
    pub(super) fn of(hop: u16, message: &Message, request: &Request) -> RequestRecord {
        RequestRecord {
            hop,
            method: message.method.clone(),
            url: plumb_probe::credentials::hidden(&message.url),
            headers: shown(&message.headers),
            body_bytes: request.body.size_bytes(),
        }
    }
}

impl ResponseRecord {
    pub(super) fn of(response: &Response) -> ResponseRecord {
        ResponseRecord {
            hop: response.hop,
            url: plumb_probe::credentials::hidden(&response.url),
            version: response.head.version.clone(),
            status: response.status(),
            reason: Some(response.head.reason.clone()).filter(|reason| !reason.is_empty()),
            headers: shown(&response.head.headers),
            wait_ns: u64::try_from(response.wait().as_nanos()).unwrap_or(u64::MAX),
        }
    }
}

impl BodyRecord {
    pub(super) fn of(
        response: &Response,
        failure: Option<&BodyFailure>,
        text: Option<String>,
        file: Option<String>,
    ) -> BodyRecord {
        let finished = response.finished();
        BodyRecord {
            hop: response.hop,
            received_bytes: response.received_bytes(),
            declared_bytes: response.declared_bytes,
            decoded_bytes: finished.and_then(|finished| finished.decoded_bytes),
            complete: failure.is_none(),
            error: failure.map(ToString::to_string),
            remarks: response.remarks.clone(),
            duration_ns: finished.map(|f| u64::try_from(f.duration.as_nanos()).unwrap_or(u64::MAX)),
            text,
            file,
        }
    }
}
