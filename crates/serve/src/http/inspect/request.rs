//! What a request was, as JSON.

use base64::Engine as _;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use plumb_wire::http::multipart::{Decoder, Event, PartHead};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::{DELAY_MAX, bad_parameter, seconds_of};
use crate::http::asked::Asked;
use crate::http::reply::Reply;
use crate::http::route::{ANY, READ, Route, Shelf};

pub(super) const ROUTES: &[Route] = &[
    Route { path: "/get", methods: READ, handler: |asked, _, _| Reply::json(&request(asked)) },
    Route { path: "/post", methods: "POST, OPTIONS", handler: with_body },
    Route { path: "/put", methods: "PUT, OPTIONS", handler: with_body },
    Route { path: "/patch", methods: "PATCH, OPTIONS", handler: with_body },
    Route { path: "/delete", methods: "DELETE, OPTIONS", handler: with_body },
    Route { path: "/anything", methods: ANY, handler: anything },
    Route { path: "/anything/{}", methods: ANY, handler: anything },
    Route { path: "/headers", methods: READ, handler: headers },
    Route { path: "/ip", methods: READ, handler: ip },
    Route { path: "/user-agent", methods: READ, handler: user_agent },
    Route { path: "/delay/{}", methods: ANY, handler: delay },
];

/// What /get shows of a request.
pub(super) fn request(asked: &Asked) -> Value {
    json!({
        "args": pairs(asked.query()),
        "headers": header_object(asked),
        "origin": asked.origin(),
        "url": asked.url(),
    })
}

/// The fields of a form that the body is, URL-encoded (WHATWG URL section 5).
pub(in crate::http) fn form(asked: &Asked) -> Vec<(String, String)> {
    match asked.header(CONTENT_TYPE).starts_with(URL_ENCODED) {
        true => form_urlencoded::parse(&asked.body).into_owned().collect(),
        false => Vec::new(),
    }
}

/// What /post shows of a request.
fn request_with_body(asked: &Asked) -> Value {
    let mut shown = request(asked);
    let uploads = Uploads::of(asked);
    let is_form = uploads.is_some() || asked.header(CONTENT_TYPE).starts_with(URL_ENCODED);
    let uploads = uploads.unwrap_or_default();
    let fields = form(asked).into_iter().chain(uploads.fields);
    shown["form"] = pairs(fields);
    shown["files"] = pairs(uploads.files.into_iter());
    let body = if is_form { &Bytes::new() } else { &asked.body };
    shown["data"] = text_or_data_url(body, OCTET_STREAM).into();
    shown["json"] = serde_json::from_slice(body).unwrap_or(Value::Null);
    shown
}

const URL_ENCODED: &str = "application/x-www-form-urlencoded";
const OCTET_STREAM: &str = "application/octet-stream";

/// What a form with files holds, RFC 7578.
#[derive(Debug, Default)]
struct Uploads {
    fields: Vec<(String, String)>,
    files: Vec<(String, String)>,
}

impl Uploads {
    /// `None` where the body is no such form.
    fn of(asked: &Asked) -> Option<Uploads> {
        let kind = asked.header(CONTENT_TYPE);
        let mut decoder = Decoder::new(kind.as_bytes()).ok()?;
        if !kind.starts_with("multipart/form-data") {
            return None;
        }
        decoder.feed(&asked.body);
        let mut uploads = Uploads::default();
        let mut part: Option<(PartHead, Vec<u8>)> = None;
        // What comes after a mistake is not shown.
        while let Ok(Some(event)) = decoder.next_event() {
            match (event, &mut part) {
                (Event::Part(head), _) => part = Some((head, Vec::new())),
                (Event::Data(data), Some((_, content))) => content.extend_from_slice(&data),
                (Event::PartEnd, _) => uploads.extend(part.take()),
                (Event::Data(_), None) | (Event::End, _) => {}
            }
        }
        Some(uploads)
    }

    fn extend(&mut self, part: Option<(PartHead, Vec<u8>)>) {
        let Some((head, content)) = part else { return };
        let name = String::from_utf8_lossy(&head.name).into_owned();
        match &head.filename {
            None => self.fields.push((name, String::from_utf8_lossy(&content).into_owned())),
            Some(_) => {
                let kind = head.content_type.as_deref().map(String::from_utf8_lossy);
                let kind = kind.as_deref().unwrap_or(OCTET_STREAM);
                self.files.push((name, text_or_data_url(&content, kind)));
            }
        }
    }
}

/// Text as it is; other bytes as httpbin shows them.
fn text_or_data_url(bytes: &[u8], kind: &str) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let text = base64::engine::general_purpose::STANDARD.encode(bytes);
            format!("data:{kind};base64,{text}")
        }
    }
}

/// An object of pairs; a key that stands there twice has a list.
pub(super) fn pairs(pairs: impl Iterator<Item = (String, String)>) -> Value {
    let mut object = Map::new();
    for (key, value) in pairs {
        match object.get_mut(&key) {
            None => {
                object.insert(key, Value::from(value));
            }
            Some(Value::Array(values)) => values.push(Value::from(value)),
            Some(one) => *one = json!([one.take(), value]),
        }
    }
    Value::Object(object)
}

/// Headers as httpbin shows them: Title-Case, several values joined.
fn header_object(asked: &Asked) -> Value {
    let mut object = Map::new();
    for name in asked.headers.keys() {
        let values = asked.headers.get_all(name).iter();
        let text: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        object.insert(title_case(name.as_str()), Value::from(text.join(",")));
    }
    if !asked.headers.contains_key(HOST) && !asked.authority.is_empty() {
        object.insert("Host".to_owned(), Value::from(asked.authority.clone()));
    }
    Value::Object(object)
}

fn title_case(name: &str) -> String {
    let mut start = true;
    let letter = |letter: char| {
        let shown = if start { letter.to_ascii_uppercase() } else { letter };
        start = letter == '-';
        shown
    };
    name.chars().map(letter).collect()
}

fn with_body(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    Reply::json(&request_with_body(asked))
}

fn anything(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    let mut shown = request_with_body(asked);
    shown["method"] = Value::from(asked.method.as_str());
    Reply::json(&shown)
}

fn headers(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    Reply::json(&json!({ "headers": header_object(asked) }))
}

fn ip(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    Reply::json(&json!({ "origin": asked.origin() }))
}

fn user_agent(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    let agent = asked.headers.get(USER_AGENT).map(|_| asked.header(USER_AGENT));
    Reply::json(&json!({ "user-agent": agent }))
}

fn delay(asked: &Asked, _: &Shelf, seconds: &str) -> Reply {
    let Some(wait) = seconds_of(seconds) else {
        return bad_parameter("A delay is a number of seconds.");
    };
    let mut shown = request_with_body(asked);
    if let Value::Object(shown) = &mut shown {
        shown.remove("json");
    }
    Reply { delay: wait.min(DELAY_MAX), ..Reply::json(&shown) }
}
