//! Bodies in a content encoding, whether it was asked for or not.

use std::io::Write;

use http::header::{CONTENT_ENCODING, HeaderValue};
use serde_json::Value;

use super::request::request;
use crate::http::asked::Asked;
use crate::http::encoding;
use crate::http::reply::Reply;
use crate::http::route::{READ, Route, Shelf};

pub(super) const ROUTES: &[Route] = &[
    Route { path: "/gzip", methods: READ, handler: gzip },
    Route { path: "/deflate", methods: READ, handler: deflate },
    Route { path: "/brotli", methods: READ, handler: brotli },
];

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
    let Value::Object(mut shown) = request(asked) else { return Reply::json(&Value::Null) };
    shown.retain(|key, _| key == "headers" || key == "origin");
    let mut shown = Value::Object(shown);
    shown[mark] = Value::from(true);
    shown["method"] = Value::from(asked.method.as_str());
    let text = format!("{shown:#}\n");
    Reply::of("application/json", encode(text.as_bytes()))
        .with(CONTENT_ENCODING, HeaderValue::from_static(coding))
}

fn brotli(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    compressed(asked, "brotli", "br", |bytes| {
        /// Half-way: the page is small and made anew for each request.
        const QUALITY: u32 = 5;
        /// 4 MiB of window, brotli's default.
        const WINDOW_LOG2: u32 = 22;
        let mut encoder = ::brotli::CompressorWriter::new(Vec::new(), 4096, QUALITY, WINDOW_LOG2);
        // Writing into a Vec cannot fail.
        let _ = encoder.write_all(bytes);
        encoder.into_inner()
    })
}
