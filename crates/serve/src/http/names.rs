//! The other names that the site answers to, so that programs written for the
//! real Internet run unchanged.

use http::StatusCode;
use serde_json::json;

use super::asked::Asked;
use super::reply::Reply;
use super::route::{READ, Route, Shelf};

/// Every name that the site has pages of its own for.
pub const NAMES: &[&str] = &[
    "www.example.com",
    "example.com",
    "ca.example.com",
    "httpbin.org",
    "maps.google.com",
    "api.github.com",
    "www.python.org",
];

/// The certificate authority's own pages.
pub(super) const AUTHORITY: &[Route] = &[
    Route { path: "/", methods: READ, handler: authority_index },
    Route { path: "/root.pem", methods: READ, handler: root_pem },
    Route { path: "/intermediate.cer", methods: READ, handler: intermediate },
];

pub(super) const MAPS: &[Route] =
    &[Route { path: "/maps/api/geocode/json", methods: READ, handler: geocode }];

pub(super) const GITHUB: &[Route] = &[
    Route { path: "/", methods: READ, handler: github_index },
    Route { path: "/zen", methods: READ, handler: github_zen },
    Route { path: "/users/{}", methods: READ, handler: github_user },
];

pub(super) const PYTHON: &[Route] = &[Route { path: "/", methods: READ, handler: python }];

pub(super) const HTTPBIN: &[Route] = &[Route { path: "/", methods: READ, handler: httpbin }];

fn authority_index(_: &Asked, _: &Shelf, _: &str) -> Reply {
    Reply::html(
        "<!doctype html>\n<html lang=\"en\">\n<title>The lab's certificate authority</title>\n\
         <h1>The lab's certificate authority</h1>\n<ul>\n\
         <li><a href=\"/root.pem\">The root certificate</a>\n\
         <li><a href=\"/intermediate.cer\">The intermediate certificate</a>\n</ul>\n</html>\n",
    )
}

fn root_pem(_: &Asked, shelf: &Shelf, _: &str) -> Reply {
    match &shelf.root_pem {
        Some(pem) => Reply::of("application/x-pem-file", pem.clone()),
        None => no_authority(),
    }
}

/// RFC 5280 section 4.2.2.1: one certificate in DER, of type application/pkix-cert.
fn intermediate(_: &Asked, shelf: &Shelf, _: &str) -> Reply {
    match &shelf.intermediate_der {
        Some(der) => Reply::of("application/pkix-cert", der.clone()),
        None => no_authority(),
    }
}

fn no_authority() -> Reply {
    Reply::error(StatusCode::NOT_FOUND, "There is no certificate authority here.")
}

/// The one address that the geocoder knows, written as Google's writes it.
const ARCHBOLD: &str = r#"{
   "results" : [
      {
         "formatted_address" : "207 N Defiance St, Archbold, OH 43502, USA",
         "geometry" : {
            "location" : {
               "lat" : 41.521954,
               "lng" : -84.306691
            },
            "location_type" : "ROOFTOP"
         },
         "types" : [ "street_address" ]
      }
   ],
   "status" : "OK"
}
"#;

fn geocode(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    const JSON: &str = "application/json; charset=UTF-8";
    let address = asked.query_value("address").unwrap_or_default().to_ascii_lowercase();
    let status = match address {
        found if found.contains("archbold") => return Reply::of(JSON, ARCHBOLD),
        none if none.is_empty() => "INVALID_REQUEST",
        _ => "ZERO_RESULTS",
    };
    Reply::of(JSON, format!("{{\n   \"results\" : [],\n   \"status\" : \"{status}\"\n}}\n"))
}

fn github_index(_: &Asked, _: &Shelf, _: &str) -> Reply {
    Reply::json(&json!({
        "current_user_url": "https://api.github.com/user",
        "user_url": "https://api.github.com/users/{user}",
        "zen_url": "https://api.github.com/zen",
    }))
}

fn github_zen(_: &Asked, _: &Shelf, _: &str) -> Reply {
    Reply::text("Keep it logically awesome.")
}

fn github_user(_: &Asked, _: &Shelf, login: &str) -> Reply {
    Reply::json(&json!({
        "login": login,
        "type": "User",
        "url": format!("https://api.github.com/users/{login}"),
        "html_url": format!("https://github.com/{login}"),
    }))
}

fn python(_: &Asked, _: &Shelf, _: &str) -> Reply {
    Reply::html(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>Welcome to Python.org</title>\n</head>\n<body>\n<h1>Python</h1>\n\
         <p>This page stands in for www.python.org on a tiny Internet.\n</body>\n</html>\n",
    )
}

fn httpbin(_: &Asked, _: &Shelf, _: &str) -> Reply {
    Reply::html(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>httpbin.org</title>\n</head>\n<body>\n<h1>httpbin.org</h1>\n\
         <p>A simple HTTP request and response service.\n<ul>\n\
         <li><a href=\"/get\">/get</a>\n<li><a href=\"/headers\">/headers</a>\n\
         <li><a href=\"/ip\">/ip</a>\n<li><a href=\"/status/404\">/status/404</a>\n\
         <li><a href=\"/delay/1\">/delay/1</a>\n<li><a href=\"/redirect/3\">/redirect/3</a>\n\
         </ul>\n</body>\n</html>\n",
    )
}
