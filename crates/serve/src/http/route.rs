//! Which host has which pages.

use http::header::ALLOW;
use http::{HeaderValue, StatusCode};

use super::asked::Asked;
use super::inspect;
use super::names;
use super::pages;
use super::reply::Reply;

/// What the pages need beside the request.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    pub(super) root_pem: Option<String>,
    pub(super) intermediate_der: Option<Vec<u8>>,
}

/// One page: a path, the methods that it knows, and what it answers. A path
/// that ends in `/{}` takes whatever stands there, and gives it to the handler.
pub(super) struct Route {
    pub(super) path: &'static str,
    pub(super) methods: &'static str,
    pub(super) handler: fn(&Asked, &Shelf, &str) -> Reply,
}

/// Pages that can only be read.
pub(super) const READ: &str = "GET, HEAD, OPTIONS";
/// Endpoints that take anything.
pub(super) const ANY: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// The answer to `asked`.
pub(super) fn answer(asked: &Asked, shelf: &Shelf) -> Reply {
    let tables: &[&[Route]] = match asked.host.as_str() {
        "ca.example.com" => &[names::AUTHORITY],
        "maps.google.com" => &[names::MAPS],
        "api.github.com" => &[names::GITHUB],
        "www.python.org" => &[names::PYTHON],
        "httpbin.org" => &[names::HTTPBIN, inspect::ROUTES],
        _ => &[pages::ROUTES, inspect::ROUTES],
    };
    let found = tables
        .iter()
        .copied()
        .flatten()
        .find_map(|route| Some((route, parameter(route.path, asked.path())?)));
    let Some((route, parameter)) = found else {
        return Reply::error(StatusCode::NOT_FOUND, "There is no such page here.");
    };
    if !route.methods.split(", ").any(|known| known == asked.method.as_str()) {
        return Reply::not_allowed(route.methods);
    }
    if asked.method == http::Method::OPTIONS {
        let allow = HeaderValue::from_static(route.methods);
        return Reply::new(StatusCode::NO_CONTENT).with(ALLOW, allow);
    }
    (route.handler)(asked, shelf, parameter)
}

/// What stands in place of `{}`, or nothing if the path is another.
fn parameter<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    match pattern.strip_suffix("{}") {
        Some(prefix) => path.strip_prefix(prefix).filter(|rest| !rest.is_empty()),
        None => (pattern == path).then_some(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_paths() {
        assert_eq!(parameter("/get", "/get"), Some(""));
        assert_eq!(parameter("/get", "/gets"), None);
        assert_eq!(parameter("/status/{}", "/status/404"), Some("404"));
        assert_eq!(parameter("/status/{}", "/status/"), None);
    }
}
