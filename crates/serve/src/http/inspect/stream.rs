//! Bodies that come piece by piece.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::request::request;
use super::{DELAY_MAX, PARTS_MAX, bad_parameter, seconds_of};
use crate::http::asked::Asked;
use crate::http::body::Paced;
use crate::http::reply::Reply;
use crate::http::route::{READ, Route, Shelf};

pub(super) const ROUTES: &[Route] = &[
    Route { path: "/stream/{}", methods: READ, handler: stream },
    Route { path: "/drip", methods: READ, handler: drip },
    Route { path: "/sse", methods: READ, handler: server_sent_events },
];

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

/// The most stars: as httpbin has it.
const DRIP_BYTES_MAX: u64 = 10 * 1024 * 1024;

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
    let (Some(status), 1..=DRIP_BYTES_MAX) = (status, count) else {
        return bad_parameter("The code is from 200 to 999, numbytes from 1 to 10485760.");
    };
    let parts = count.min(PARTS_MAX);
    let pause = duration.min(DELAY_MAX) / parts as u32;
    let sizes = (0..parts).map(move |part| count * (part + 1) / parts - count * part / parts);
    let stars = sizes.map(|size| Bytes::from(vec![b'*'; size as usize]));
    let reply = Reply::new(status).with_parts(
        "application/octet-stream",
        Paced::body(stars, pause),
        Some(count),
    );
    Reply { delay: wait.min(DELAY_MAX), ..reply }
}

/// Events as a browser's EventSource reads them (HTML, section 9.2).
fn server_sent_events(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    let number = |key, default: &str| asked.query_value(key).unwrap_or_else(|| default.to_owned());
    let (Some(duration), Some(wait), Ok(count @ 1..=PARTS_MAX)) = (
        seconds_of(number("duration", "1").trim_end_matches('s')),
        seconds_of(number("delay", "0").trim_end_matches('s')),
        number("count", "10").parse::<u64>(),
    ) else {
        return bad_parameter("The query is count (from 1 to 100), duration and delay in seconds.");
    };
    let pause = duration.min(DELAY_MAX) / count as u32;
    let events = (0..count).map(|id| {
        let milliseconds = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
        let data = json!({ "id": id, "timestamp": milliseconds as i64 });
        Bytes::from(format!("event: ping\nid: {id}\ndata: {data}\n\n"))
    });
    let reply = Reply::new(StatusCode::OK)
        .with_parts("text/event-stream", Paced::body(events, pause), None)
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Reply { delay: wait.min(DELAY_MAX), ..reply }
}
