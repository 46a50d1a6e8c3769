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

/// The answer to `asked` on the lab's names.
pub(super) fn answer(asked: &Asked, shelf: &Shelf) -> Reply {
    let (own, inspects): (&[Route], bool) = match asked.host.as_str() {
        "ca.example.com" => (names::AUTHORITY, false),
        "maps.google.com" => (names::MAPS, false),
        "api.github.com" => (names::GITHUB, false),
        "www.python.org" => (names::PYTHON, false),
        "httpbin.org" => (names::HTTPBIN, true),
        _ => (pages::ROUTES, true),
    };
    let inspect = if inspects { inspect::TABLES } else { &[] };
    match find([own].iter().chain(inspect), asked.path()) {
        Some((route, parameter)) => route.answer(asked, shelf, parameter),
        None => Reply::error(StatusCode::NOT_FOUND, "There is no such page here."),
    }
}

/// The route for a path, and what stands in place of its `{}`.
pub(super) fn find<'a, 'p>(
    tables: impl IntoIterator<Item = &'a &'a [Route]>,
    path: &'p str,
) -> Option<(&'a Route, &'p str)> {
    let mut routes = tables.into_iter().copied().flatten();
    routes.find_map(|route| Some((route, parameter(route.path, path)?)))
}

impl Route {
    /// The answer, by the rules of methods (RFC 9110 sections 9.3.7 and 15.5.6).
    pub(super) fn answer(&self, asked: &Asked, shelf: &Shelf, parameter: &str) -> Reply {
        if !self.methods.split(", ").any(|known| known == asked.method.as_str()) {
            return Reply::not_allowed(self.methods);
        }
        if asked.method == http::Method::OPTIONS {
            let allow = HeaderValue::from_static(self.methods);
            return Reply::new(StatusCode::NO_CONTENT).with(ALLOW, allow);
        }
        (self.handler)(asked, shelf, parameter)
    }
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
