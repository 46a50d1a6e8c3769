//! Redirects, relative, absolute, and to anywhere.

use http::StatusCode;

use super::bad_parameter;
use super::request::form;
use crate::http::asked::Asked;
use crate::http::reply::Reply;
use crate::http::route::{ANY, READ, Route, Shelf};

pub(super) const ROUTES: &[Route] = &[
    Route { path: "/redirect/{}", methods: READ, handler: redirect },
    Route { path: "/relative-redirect/{}", methods: READ, handler: relative },
    Route { path: "/absolute-redirect/{}", methods: READ, handler: absolute },
    Route { path: "/redirect-to", methods: ANY, handler: redirect_to },
];

/// The longest chain of redirects that a client may ask for.
const REDIRECTS_MAX: u32 = 100;

fn redirect(asked: &Asked, shelf: &Shelf, count: &str) -> Reply {
    match asked.query_value("absolute").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        true => absolute(asked, shelf, count),
        false => chain(count, "", "redirect"),
    }
}

fn relative(_: &Asked, _: &Shelf, count: &str) -> Reply {
    chain(count, "", "relative-redirect")
}

fn absolute(asked: &Asked, _: &Shelf, count: &str) -> Reply {
    let scheme = if asked.secure { "https" } else { "http" };
    chain(count, &format!("{scheme}://{}", asked.authority), "absolute-redirect")
}

fn chain(count: &str, origin: &str, path: &str) -> Reply {
    let Some(count @ 1..=REDIRECTS_MAX) = count.parse().ok() else {
        return bad_parameter("A number of redirects is from 1 to 100.");
    };
    let to = match count {
        1 => format!("{origin}/get"),
        more => format!("{origin}/{path}/{}", more - 1),
    };
    Reply::redirect(StatusCode::FOUND, &to)
}

fn redirect_to(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    let pairs: Vec<(String, String)> = asked.query().chain(form(asked)).collect();
    let value = |key: &str| {
        let found = pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        found.map(|(_, value)| value.as_str())
    };
    let Some(to) = value("url") else {
        return bad_parameter("The query must say where to: ?url=");
    };
    let status = value("status_code").and_then(|code| code.parse().ok());
    let status = status.and_then(|code: u16| StatusCode::from_u16(code).ok());
    let status = status.filter(StatusCode::is_redirection).unwrap_or(StatusCode::FOUND);
    Reply::redirect(status, to)
}
