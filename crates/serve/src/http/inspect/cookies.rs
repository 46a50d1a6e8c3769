//! Cookies that are set, shown and deleted.

use http::StatusCode;
use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::bad_parameter;
use super::request::pairs;
use crate::http::asked::Asked;
use crate::http::reply::Reply;
use crate::http::route::{READ, Route, Shelf};

pub(super) const ROUTES: &[Route] = &[
    Route { path: "/cookies", methods: READ, handler: cookies },
    Route { path: "/cookies/set", methods: READ, handler: set_cookies },
    Route { path: "/cookies/set/{}", methods: READ, handler: set_cookie },
    Route { path: "/cookies/delete", methods: READ, handler: delete_cookies },
];

/// The cookies of a request, RFC 6265 section 4.2.1.
pub(in crate::http) fn cookie_pairs(
    headers: &HeaderMap,
) -> impl Iterator<Item = (String, String)> + '_ {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(';')).filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    })
}

fn cookies(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    Reply::json(&json!({ "cookies": pairs(cookie_pairs(&asked.headers)) }))
}

fn set_cookies(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    to_cookies(asked.query().map(|(name, value)| setting(&name, &value)))
}

/// `/cookies/set/NAME/VALUE`.
fn set_cookie(_: &Asked, _: &Shelf, rest: &str) -> Reply {
    let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    match rest.split_once('/') {
        Some((name, value)) => to_cookies([setting(&decoded(name), &decoded(value))].into_iter()),
        None => bad_parameter("A cookie is /cookies/set/NAME/VALUE."),
    }
}

fn delete_cookies(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    const LONG_AGO: &str = "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/";
    to_cookies(asked.query().map(|(name, _)| format!("{}=; {LONG_AGO}", token(&name))))
}

fn setting(name: &str, value: &str) -> String {
    // A semicolon would begin an attribute that nobody asked for.
    let value: String = value.chars().filter(|&c| c != ';' && !c.is_control()).collect();
    format!("{}={value}; Path=/", token(name))
}

fn token(name: &str) -> String {
    name.chars().filter(|&c| !matches!(c, ';' | '=' | ' ') && !c.is_control()).collect()
}

fn to_cookies(lines: impl Iterator<Item = String>) -> Reply {
    lines
        .filter_map(|line| HeaderValue::from_str(&line).ok())
        .fold(Reply::redirect(StatusCode::FOUND, "/cookies"), |reply, line| {
            reply.with(SET_COOKIE, line)
        })
}
