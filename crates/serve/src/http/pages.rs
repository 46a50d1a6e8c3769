//! The small pleasant site.

use std::fmt::Write;

use http::StatusCode;
use http::header::{CACHE_CONTROL, ETAG, HeaderValue, IF_NONE_MATCH};

use super::asked::Asked;
use super::encoding;
use super::reply::{Content, Reply};
use super::route::{READ, Route, Shelf};

pub(super) const ROUTES: &[Route] = &[
    Route { path: "/", methods: READ, handler: |asked, _, _| page(asked, HTML, INDEX) },
    Route { path: "/about.html", methods: READ, handler: |asked, _, _| page(asked, HTML, ABOUT) },
    Route { path: "/style.css", methods: READ, handler: |asked, _, _| page(asked, CSS, STYLE) },
    Route { path: "/plumb.svg", methods: READ, handler: |asked, _, _| page(asked, SVG, IMAGE) },
    Route { path: "/robots.txt", methods: READ, handler: |asked, _, _| page(asked, TEXT, ROBOTS) },
    Route { path: "/numbers.html", methods: READ, handler: numbers },
];

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";

const INDEX: &str = include_str!("pages/index.html");
const ABOUT: &str = include_str!("pages/about.html");
const STYLE: &str = include_str!("pages/style.css");
const IMAGE: &str = include_str!("pages/plumb.svg");
const ROBOTS: &str = "User-agent: *\nDisallow:\n";

fn page(asked: &Asked, kind: &'static str, text: &'static str) -> Reply {
    validated(asked, Reply::of(kind, text))
}

/// A page of more than 100 kB, for whoever wants to see a long answer.
fn numbers(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    /// All numbers of twelve bits: well over 100 kB, several send windows.
    const ROWS: u32 = 4096;
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>Numbers</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n\
         <body>\n<h1>Numbers</h1>\n<table>\n\
         <tr><th>decimal<th>octal<th>hexadecimal<th>binary\n",
    );
    for number in 0..ROWS {
        // Writing into a String cannot fail.
        let _ = writeln!(
            html,
            "<tr><td>{number}<td>{number:o}<td>{number:x}<td>{:04b} {:04b} {:04b}",
            number >> 8,
            number >> 4 & 0xf,
            number & 0xf
        );
    }
    html.push_str("</table>\n</body>\n</html>\n");
    validated(asked, Reply::of(HTML, html))
}

/// Adds the validator and answers 304 to who has the page already, RFC 9110
/// section 13.1.2. The tag is that of the plain page, hence weak.
fn validated(asked: &Asked, reply: Reply) -> Reply {
    let Content::Whole(bytes) = &reply.content else { return reply };
    let tag = format!("W/\"{:08x}\"", fingerprint(bytes));
    let known = asked.header(IF_NONE_MATCH).split(',').any(|known| {
        let known = known.trim();
        known == "*" || known.trim_start_matches("W/") == tag.trim_start_matches("W/")
    });
    let reply = match known {
        true => Reply::new(StatusCode::NOT_MODIFIED),
        false => encoding::negotiate(asked, reply),
    };
    let reply = reply.with(CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
    match HeaderValue::from_str(&tag) {
        Ok(tag) => reply.with(ETAG, tag),
        Err(_) => reply,
    }
}

/// FNV-1a; tells pages apart, and protects nothing.
fn fingerprint(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
