//! The inspection endpoints, with the paths and JSON shapes of httpbin.
//!
//! Where httpbin breaks a rule of HTTP, the rule is kept: an entity tag stands
//! in quotes (RFC 9110 section 8.8.3), and a length, a framing or an active
//! media type cannot be set by a query.

mod auth;
mod cache;
mod compression;
mod cookies;
mod formats;
mod payload;
mod redirects;
mod request;
mod status;
mod stream;

use std::time::Duration;

use http::StatusCode;

pub(super) use cookies::cookie_pairs;
pub(super) use request::form;

use super::reply::Reply;
use super::route::Route;

/// Every endpoint.
pub(super) const TABLES: &[&[Route]] = &[
    request::ROUTES,
    status::ROUTES,
    redirects::ROUTES,
    auth::ROUTES,
    payload::ROUTES,
    stream::ROUTES,
    compression::ROUTES,
    formats::ROUTES,
    cache::ROUTES,
    cookies::ROUTES,
];

/// The longest wait that a client may ask for.
const DELAY_MAX: Duration = Duration::from_secs(10);
/// The most parts that a client may ask for.
const PARTS_MAX: u64 = 100;

fn bad_parameter(what: &str) -> Reply {
    Reply::error(StatusCode::BAD_REQUEST, what)
}

/// A number of seconds, with a fraction or without.
fn seconds_of(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Unpredictable bytes, for nonces and identifiers.
fn unpredictable<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The kernel's generator cannot fail once it has begun; were it to, an
    // identifier that repeats does no harm here.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    bytes
}
