//! Any status on demand.

use http::StatusCode;
use http::header::{HeaderValue, LOCATION, PROXY_AUTHENTICATE, WWW_AUTHENTICATE};
use serde_json::json;

use super::{bad_parameter, unpredictable};
use crate::http::asked::Asked;
use crate::http::reply::Reply;
use crate::http::route::{ANY, Route, Shelf};

pub(super) const ROUTES: &[Route] = &[Route { path: "/status/{}", methods: ANY, handler: status }];

/// The most codes that one request may list.
const CODES_MAX: usize = 100;

/// One code, or one of several by their weights: `/status/200:9,503:1`.
fn status(_: &Asked, _: &Shelf, codes: &str) -> Reply {
    match choose(codes) {
        Some(status) => with_its_fields(status),
        None => bad_parameter(
            "A status code is a number from 200 to 599, and its weight follows a colon.",
        ),
    }
}

fn choose(codes: &str) -> Option<StatusCode> {
    let mut choices = Vec::new();
    for choice in codes.split(',').take(CODES_MAX) {
        let (code, weight) = choice.split_once(':').unwrap_or((choice, "1"));
        let code = code.parse().ok().filter(|code| (200..600).contains(code))?;
        let weight =
            weight.parse::<f64>().ok().filter(|weight| weight.is_finite() && *weight >= 0.0)?;
        choices.push((StatusCode::from_u16(code).ok()?, weight));
    }
    let total: f64 = choices.iter().map(|(_, weight)| weight).sum();
    let random = u32::from_le_bytes(unpredictable());
    let mut left = total * f64::from(random) / (f64::from(u32::MAX) + 1.0);
    let last = choices.last()?.0;
    let chosen = choices.into_iter().find(|(_, weight)| {
        left -= weight;
        left < 0.0
    });
    Some(chosen.map_or(last, |(status, _)| status))
}

/// What a status owes its client, or people know it by.
fn with_its_fields(status: StatusCode) -> Reply {
    let text = HeaderValue::from_static;
    match status.as_u16() {
        301 | 302 | 303 | 305 | 307 | 308 => Reply::new(status).with(LOCATION, text("/redirect/1")),
        401 => Reply::new(status).with(WWW_AUTHENTICATE, text("Basic realm=\"Fake Realm\"")),
        406 => {
            let media = ["image/svg+xml", "application/json", "text/html"];
            let message = "Client did not request a supported media type.";
            let mut reply = Reply::json(&json!({ "message": message, "accept": media }));
            reply.status = status;
            reply
        }
        407 => Reply::new(status).with(PROXY_AUTHENTICATE, text("Basic realm=\"Fake Realm\"")),
        418 => Reply::new(status).with_body("text/plain", "I'm a teapot, short and stout.\n"),
        // RFC 9110 section 10.2.3: when to come again.
        429 | 503 => Reply::new(status).with(http::header::RETRY_AFTER, text("1")),
        _ => Reply::new(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_chosen_by_weight() {
        assert_eq!(choose("404"), Some(StatusCode::NOT_FOUND));
        assert_eq!(choose("404,404:3"), Some(StatusCode::NOT_FOUND));
        assert_eq!(choose("200:0,503:1"), Some(StatusCode::SERVICE_UNAVAILABLE));
        for bad in ["", "x", "99", "100", "600", "200:x", "200:-1", "200,", "200:NaN"] {
            assert_eq!(choose(bad), None, "{bad}");
        }
    }
}
