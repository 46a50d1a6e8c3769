//! What the two ends of hyper have to tell each other about one connection.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use http::StatusCode;
use plumb_wire::http::framing;
use tokio_util::sync::CancellationToken;

/// Shared by the carrier below hyper and the conversation above it.
#[derive(Debug, Default)]
pub(in crate::http) struct Line {
    violation: OnceLock<Violation>,
    answered: AtomicBool,
    /// Requests whose header was handed to hyper.
    requests: AtomicU64,
    /// Cancelled when the connection has had its share of requests.
    pub(in crate::http) enough: CancellationToken,
}

/// What a client did that ends its connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) struct Violation {
    pub(in crate::http) what: Offence,
    /// The number of the request that it is about, from 1.
    pub(in crate::http) request: u64,
    /// The body was concerned, so the request is already being answered.
    pub(in crate::http) in_body: bool,
}

/// The kind of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Offence {
    /// The framing is wrong.
    Framing(framing::Rule),
    /// It took too long.
    TooSlow,
}

impl Offence {
    pub(in crate::http) fn status(self) -> StatusCode {
        match self {
            Offence::Framing(rule) => {
                StatusCode::from_u16(rule.status()).unwrap_or(StatusCode::BAD_REQUEST)
            }
            Offence::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }

    /// In words, for the client.
    pub(in crate::http) fn words(self) -> String {
        match self {
            Offence::Framing(rule) => rule.to_string(),
            Offence::TooSlow => "the request came too slowly".to_owned(),
        }
    }
}

impl Line {
    /// One more header is whole; its request's number.
    pub(super) fn count_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Notes the first violation.
    pub(super) fn violated(&self, violation: Violation) {
        let _ = self.violation.set(violation);
    }

    /// Whether there was one.
    pub(in crate::http) fn is_violated(&self) -> bool {
        self.violation.get().is_some()
    }

    /// What was wrong with the body of this request.
    pub(super) fn violation_in(&self, request: u64) -> Option<Offence> {
        let violation = self.violation.get()?;
        (violation.in_body && violation.request == request).then_some(violation.what)
    }

    /// Says that an answer to the request `request` has begun: nothing else
    /// can be said of it then.
    pub(super) fn answers(&self, request: u64) {
        if self.violation.get().is_some_and(|found| found.in_body && found.request == request) {
            self.answered.store(true, Ordering::Relaxed);
        }
    }

    /// A violation that nobody has answered. It is given once.
    pub(in crate::http) fn take_unanswered(&self) -> Option<&Violation> {
        let violation = self.violation.get()?;
        (!self.answered.swap(true, Ordering::Relaxed)).then_some(violation)
    }
}
