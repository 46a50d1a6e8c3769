//! The inspection endpoints, with the paths and JSON shapes of httpbin.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, COOKIE, ETAG, HOST, HeaderMap, HeaderName,
    HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, PROXY_AUTHENTICATE,
    SET_COOKIE, USER_AGENT, WWW_AUTHENTICATE,
};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::asked::Asked;
use super::body::Paced;
use super::encoding;
use super::reply::Reply;
use super::route::{ANY, READ, Route, Shelf};

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
    Route { path: "/status/{}", methods: ANY, handler: status },
    Route { path: "/delay/{}", methods: ANY, handler: delay },
    Route { path: "/redirect/{}", methods: READ, handler: redirect },
    Route { path: "/redirect-to", methods: ANY, handler: redirect_to },
    Route { path: "/bytes/{}", methods: READ, handler: bytes },
    Route { path: "/stream/{}", methods: READ, handler: stream },
    Route { path: "/drip", methods: READ, handler: drip },
    Route { path: "/gzip", methods: READ, handler: gzip },
    Route { path: "/deflate", methods: READ, handler: deflate },
    Route { path: "/json", methods: READ, handler: slideshow },
    Route { path: "/cache", methods: READ, handler: cache },
    Route { path: "/cache/{}", methods: READ, handler: cache_for },
    Route { path: "/cookies", methods: READ, handler: cookies },
    Route { path: "/cookies/set", methods: READ, handler: set_cookies },
    Route { path: "/cookies/delete", methods: READ, handler: delete_cookies },
];

/// The longest wait that a client may ask for.
const DELAY_MAX: Duration = Duration::from_secs(10);
/// The largest body that a client may ask for.
const BODY_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// The most parts that a client may ask for.
const PARTS_MAX: u64 = 100;
/// The longest chain of redirects that a client may ask for.
const REDIRECTS_MAX: u32 = 100;

fn bad_parameter(what: &str) -> Reply {
    Reply::error(StatusCode::BAD_REQUEST, what)
}

/// What /get shows of a request.
fn request(asked: &Asked) -> Value {
    json!({
        "args": pairs(asked.query()),
        "headers": header_object(asked),
        "origin": asked.origin(),
        "url": asked.url(),
    })
}

/// What /post shows of a request.
fn request_with_body(asked: &Asked) -> Value {
    const FORM: &str = "application/x-www-form-urlencoded";
    let mut shown = request(asked);
    let is_form = asked.header(CONTENT_TYPE).starts_with(FORM);
    let form: Vec<(String, String)> = match is_form {
        true => form_urlencoded::parse(&asked.body).into_owned().collect(),
        false => Vec::new(),
    };
    let data = if is_form { Value::from("") } else { text_or_data_url(&asked.body) };
    shown["data"] = data;
    shown["files"] = json!({});
    shown["form"] = pairs(form.into_iter());
    shown["json"] = match is_form {
        true => Value::Null,
        false => serde_json::from_slice(&asked.body).unwrap_or(Value::Null),
    };
    shown
}

/// Text as it is; other bytes as httpbin shows them.
fn text_or_data_url(bytes: &Bytes) -> Value {
    use base64::Engine as _;
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::from(text),
        Err(_) => {
            let text = base64::engine::general_purpose::STANDARD.encode(bytes);
            Value::from(format!("data:application/octet-stream;base64,{text}"))
        }
    }
}

/// An object of pairs; a key that stands there twice has a list.
fn pairs(pairs: impl Iterator<Item = (String, String)>) -> Value {
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

fn status(_: &Asked, _: &Shelf, code: &str) -> Reply {
    let code = code.parse().ok().filter(|code| (200..600).contains(code));
    let Some(status) = code.and_then(|code| StatusCode::from_u16(code).ok()) else {
        return bad_parameter("A status code is a number from 200 to 599.");
    };
    let text = HeaderValue::from_static;
    match status.as_u16() {
        204 | 205 | 304 => Reply::new(status),
        300..=399 => Reply::new(status).with(LOCATION, text("/redirect/1")),
        401 => Reply::new(status).with(WWW_AUTHENTICATE, text("Basic realm=\"Fake Realm\"")),
        407 => Reply::new(status).with(PROXY_AUTHENTICATE, text("Basic realm=\"Fake Realm\"")),
        418 => Reply::new(status).with_body("text/plain", "I'm a teapot, short and stout.\n"),
        _ => Reply::new(status),
    }
}

fn delay(asked: &Asked, _: &Shelf, seconds: &str) -> Reply {
    let Some(wait) = seconds_of(seconds) else {
        return bad_parameter("A delay is a number of seconds.");
    };
    Reply { delay: wait.min(DELAY_MAX), ..Reply::json(&request_with_body(asked)) }
}

fn seconds_of(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn redirect(_: &Asked, _: &Shelf, count: &str) -> Reply {
    let Some(count @ 1..=REDIRECTS_MAX) = count.parse().ok() else {
        return bad_parameter("A number of redirects is from 1 to 100.");
    };
    let to = match count {
        1 => "/get".to_owned(),
        more => format!("/redirect/{}", more - 1),
    };
    Reply::redirect(StatusCode::FOUND, &to)
}

fn redirect_to(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    let Some(to) = asked.query_value("url") else {
        return bad_parameter("The query must say where to: ?url=");
    };
    let status = asked.query_value("status_code").and_then(|code| code.parse().ok());
    let status = status.and_then(|code: u16| StatusCode::from_u16(code).ok());
    let status = status.filter(StatusCode::is_redirection).unwrap_or(StatusCode::FOUND);
    Reply::redirect(status, &to)
}

/// Random bytes, the same for the same `seed` and, without one, for the same count.
fn bytes(asked: &Asked, _: &Shelf, count: &str) -> Reply {
    const CHUNK_BYTES: u64 = 16 * 1024;
    let Some(count) = count.parse::<u64>().ok().filter(|&count| count <= BODY_BYTES_MAX) else {
        return bad_parameter("A number of bytes is from 0 to 16777216.");
    };
    let seed = asked.query_value("seed").and_then(|seed| seed.parse().ok());
    let mut random = SplitMix(seed.unwrap_or(count));
    let mut left = count;
    let parts = std::iter::from_fn(move || {
        let size = left.min(CHUNK_BYTES);
        left -= size;
        (size > 0).then(|| random.bytes(size as usize))
    });
    let body = Paced::body(parts, Duration::ZERO);
    Reply::new(StatusCode::OK).with_parts("application/octet-stream", body, Some(count))
}

/// SplitMix64: small, seeded, and good enough to be incompressible.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn bytes(&mut self, count: usize) -> Bytes {
        let words = std::iter::repeat_with(|| self.next().to_le_bytes());
        words.flatten().take(count).collect()
    }
}

/// Lines of JSON, one part each.
fn stream(asked: &Asked, _: &Shelf, count: &str) -> Reply {
    let Some(count) = count.parse::<u64>().ok() else {
        return bad_parameter("A number of lines is from 0 to 100.");
    };
    let shown = request(asked);
    let lines = (0..count.min(PARTS_MAX)).map(move |id| {
        let mut line = shown.clone();
        line["id"] = Value::from(id);
        Bytes::from(format!("{line}\n"))
    });
    let body = Paced::body(lines, Duration::ZERO);
    Reply::new(StatusCode::OK).with_parts("application/json", body, None)
}

/// Stars, spread over a time.
fn drip(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    let number = |key, default: &str| asked.query_value(key).unwrap_or_else(|| default.to_owned());
    let (Some(duration), Some(wait), Ok(count), Ok(code)) = (
        seconds_of(&number("duration", "2")),
        seconds_of(&number("delay", "0")),
        number("numbytes", "10").parse::<u64>(),
        number("code", "200").parse::<u16>(),
    ) else {
        return bad_parameter("The query is duration, delay, numbytes and code, all numbers.");
    };
    let status = StatusCode::from_u16(code).ok().filter(|status| status.as_u16() >= 200);
    let (Some(status), 1..=PARTS_MAX) = (status, count) else {
        return bad_parameter("The code is from 200 to 999, numbytes from 1 to 100.");
    };
    let pause = duration.min(DELAY_MAX) / count as u32;
    let body = Paced::body((0..count).map(|_| Bytes::from_static(b"*")), pause);
    let reply = Reply::new(status).with_parts("application/octet-stream", body, Some(count));
    Reply { delay: wait.min(DELAY_MAX), ..reply }
}

fn gzip(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    compressed(asked, "gzipped", "gzip", encoding::gzip)
}

fn deflate(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    compressed(asked, "deflated", "deflate", encoding::deflate)
}

fn compressed(
    asked: &Asked,
    mark: &str,
    coding: &'static str,
    encode: fn(&[u8]) -> Vec<u8>,
) -> Reply {
    let mut shown = request(asked);
    shown[mark] = Value::from(true);
    shown["method"] = Value::from(asked.method.as_str());
    let text = format!("{shown:#}\n");
    Reply::of("application/json", encode(text.as_bytes()))
        .with(CONTENT_ENCODING, HeaderValue::from_static(coding))
}

fn slideshow(_: &Asked, _: &Shelf, _: &str) -> Reply {
    Reply::json(&json!({
        "slideshow": {
            "author": "Yours Truly",
            "date": "date of publication",
            "slides": [
                { "title": "Wake up to WonderWidgets!", "type": "all" },
                {
                    "items": ["Why <em>WonderWidgets</em> are great", "Who <em>buys</em> WonderWidgets"],
                    "title": "Overview",
                    "type": "all",
                },
            ],
            "title": "Sample Slide Show",
        },
    }))
}

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

/// The cookies of a request, RFC 6265 section 4.2.1.
fn cookie_pairs(headers: &HeaderMap) -> impl Iterator<Item = (String, String)> + '_ {
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
    to_cookies(asked.query().map(|(name, value)| format!("{name}={value}; Path=/")))
}

fn delete_cookies(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    to_cookies(asked.query().map(|(name, _)| format!("{name}=; Max-Age=0; Path=/")))
}

fn to_cookies(lines: impl Iterator<Item = String>) -> Reply {
    let name: HeaderName = SET_COOKIE;
    lines
        .filter_map(|line| HeaderValue::from_str(&line).ok())
        .fold(Reply::redirect(StatusCode::FOUND, "/cookies"), |reply, line| {
            reply.with(name.clone(), line)
        })
}
