//! One page in each format.

use serde_json::json;

use crate::http::asked::Asked;
use crate::http::reply::Reply;
use crate::http::route::{READ, Route, Shelf};

pub(super) const ROUTES: &[Route] = &[
    Route { path: "/json", methods: READ, handler: slideshow },
    Route { path: "/xml", methods: READ, handler: xml },
    Route { path: "/html", methods: READ, handler: html },
    Route { path: "/encoding/utf8", methods: READ, handler: utf8 },
    Route { path: "/forms/post", methods: READ, handler: post_form },
    Route { path: "/robots.txt", methods: READ, handler: robots },
    Route { path: "/deny", methods: READ, handler: deny },
];

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

fn xml(_: &Asked, _: &Shelf, _: &str) -> Reply {
    Reply::of("application/xml", include_str!("formats/slideshow.xml"))
}

fn html(_: &Asked, _: &Shelf, _: &str) -> Reply {
    Reply::html(include_str!("formats/page.html"))
}

fn utf8(_: &Asked, _: &Shelf, _: &str) -> Reply {
    Reply::html(include_str!("formats/utf8.html"))
}

fn post_form(_: &Asked, _: &Shelf, _: &str) -> Reply {
    Reply::html(include_str!("formats/form.html"))
}

fn robots(_: &Asked, _: &Shelf, _: &str) -> Reply {
    Reply::of("text/plain", "User-agent: *\nDisallow: /deny\n")
}

fn deny(_: &Asked, _: &Shelf, _: &str) -> Reply {
    Reply::of("text/plain", "Robots were asked not to come here.\n")
}
