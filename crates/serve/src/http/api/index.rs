//! What there is, for who opens the API in a browser.

use maud::{DOCTYPE, html};

use crate::http::inspect;
use crate::http::reply::Reply;

/// Endpoints that are not in the tables of the others, and what they are for.
const OWN: &[(&str, &str)] = &[
    ("/users", "GET, HEAD, POST, OPTIONS"),
    ("/users/{id}", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
    ("/login", "GET, HEAD, POST, OPTIONS"),
    ("/logout", "POST, OPTIONS"),
    ("/session", "GET, HEAD, OPTIONS"),
];

/// Colours and widths of the page.
const STYLE: &str = ":root{color-scheme:light dark}\
    body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}\
    h1{font-size:1.3rem}table{width:100%;border-collapse:collapse}\
    td{padding:.3rem 0;border-top:1px solid #8884;vertical-align:top}\
    td+td{padding-left:1rem;font-size:.8125rem;opacity:.75}td:first-child{overflow-wrap:anywhere}";

/// The list of all endpoints.
pub(super) fn page() -> Reply {
    let inspecting = inspect::TABLES.iter().copied().flatten();
    let inspecting = inspecting.map(|route| (route.path, route.methods));
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "Endpoints" }
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                h1 { "Endpoints to try clients on" }
                table { tbody {
                    @for (path, methods) in OWN.iter().copied().chain(inspecting) {
                        tr {
                            td {
                                @if path.contains('{') { (path.replace("{}", "…")) }
                                @else { a href=(path) { (path) } }
                            }
                            td { (methods) }
                        }
                    }
                } }
            }
        }
    };
    Reply::html(markup.into_string())
}
