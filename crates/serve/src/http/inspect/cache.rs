//! Validators, lifetimes, and header fields on demand.

use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use super::bad_parameter;
use super::request::{pairs, request};
use crate::http::asked::Asked;
use crate::http::reply::Reply;
use crate::http::route::{READ, Route, Shelf};

pub(super) const ROUTES: &[Route] = &[
    Route { path: "/cache", methods: READ, handler: cache },
    Route { path: "/cache/{}", methods: READ, handler: cache_for },
    Route { path: "/etag/{}", methods: READ, handler: etag },
    Route {
        path: "/response-headers",
        methods: "GET, HEAD, POST, OPTIONS",
        handler: response_headers,
    },
];

fn cache(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    let text = HeaderValue::from_static;
    let conditional = [IF_NONE_MATCH, IF_MODIFIED_SINCE];
    let reply = match conditional.iter().any(|name| asked.headers.contains_key(name)) {
        true => Reply::new(StatusCode::NOT_MODIFIED),
        false => Reply::json(&request(asked)),
    };
    reply
        .with(LAST_MODIFIED, text("Thu, 01 Jan 2026 00:00:00 GMT"))
        .with(ETAG, text("\"plumb-cache\""))
}

fn cache_for(asked: &Asked, _: &Shelf, seconds: &str) -> Reply {
    let Ok(seconds) = seconds.parse::<u32>() else {
        return bad_parameter("A time to live is a number of seconds.");
    };
    let value = HeaderValue::from_str(&format!("public, max-age={seconds}"));
    let reply = Reply::json(&request(asked));
    value.map_or_else(|_| Reply::json(&request(asked)), |value| reply.with(CACHE_CONTROL, value))
}

/// A page whose entity tag is in its path, RFC 9110 section 13.1.
fn etag(asked: &Asked, _: &Shelf, tag: &str) -> Reply {
    let Ok(quoted) = HeaderValue::from_str(&format!("\"{tag}\"")) else {
        return bad_parameter("This cannot stand in an entity tag.");
    };
    let reply = match (asked.headers.get(IF_NONE_MATCH), asked.headers.get(IF_MATCH)) {
        (Some(_), _) if lists(&asked.headers, IF_NONE_MATCH, tag) => {
            Reply::new(StatusCode::NOT_MODIFIED)
        }
        (None, Some(_)) if !lists(&asked.headers, IF_MATCH, tag) => {
            return Reply::new(StatusCode::PRECONDITION_FAILED);
        }
        _ => Reply::json(&request(asked)),
    };
    reply.with(ETAG, quoted)
}

/// Whether a list of entity tags names this one. Quotes may be missing, as
/// people type them.
fn lists(headers: &HeaderMap, name: HeaderName, tag: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|listed| {
        let listed = listed.trim();
        let listed = listed.strip_prefix("W/").unwrap_or(listed);
        listed == "*" || listed.trim_matches('"') == tag
    })
}

/// Fields that frame the message or end the connection: a query sets none.
fn is_framing(name: &HeaderName) -> bool {
    const FRAMING: [&str; 6] =
        ["content-length", "transfer-encoding", "connection", "trailer", "upgrade", "te"];
    FRAMING.contains(&name.as_str())
}

/// Whether a browser would run what is in a body of this type.
fn is_active(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    ["html", "xml", "svg", "javascript"].iter().any(|part| value.contains(part))
}

/// The query as fields of the response; the body names all of them.
fn response_headers(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    let mut fields = Vec::new();
    for (name, value) in asked.query() {
        let (Ok(parsed), Ok(value_of)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value))
        else {
            return bad_parameter("A header field is a token and printable text.");
        };
        if is_framing(&parsed) || (parsed == CONTENT_TYPE && is_active(&value)) {
            return bad_parameter("This field cannot be set by a query.");
        }
        fields.push((name, value, parsed, value_of));
    }
    // The body names its own length, which may make it longer.
    let mut length = 0;
    loop {
        let mut shown = Map::new();
        shown.insert("Content-Length".to_owned(), Value::from(length.to_string()));
        shown.insert("Content-Type".to_owned(), Value::from("application/json"));
        let given = fields.iter().map(|(name, value, ..)| (name.clone(), value.clone()));
        if let Value::Object(given) = pairs(given) {
            shown.extend(given);
        }
        let body = format!("{:#}\n", Value::Object(shown));
        if body.len() == length {
            let reply = Reply::of("application/json", body);
            return fields.into_iter().fold(reply, |mut reply, (_, _, name, value)| {
                if name == CONTENT_TYPE {
                    reply.headers.retain(|(name, _)| name != CONTENT_TYPE);
                }
                debug_assert!(name != CONTENT_LENGTH);
                reply.with(name, value)
            });
        }
        length = body.len();
    }
}
