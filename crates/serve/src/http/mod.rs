//! HTTP/1.0, 1.1 and 2 in front of any handler, and the handlers.
//!
//! [`Web`] is the server: what a client sends is judged before anything else
//! sees it (`engine`), then passes what stands around every handler (`layers`).
//! A [`Handler`] makes a response of a request and knows no sockets:
//!
//! * [`files`]: a directory;
//! * [`api`]: httpbin's endpoints (`inspect`), users and sessions;
//! * [`Site`]: the lab's. By the name that the client asks for it is a pleasant
//!   little site, httpbin.org, or one of the other names that programs written
//!   for the real Internet expect.

pub mod api;
mod asked;
mod behaviour;
mod body;
mod carrier;
mod encoding;
mod engine;
pub mod files;
mod inspect;
mod layers;
mod message;
mod names;
mod pages;
mod phrase;
mod reply;
mod route;
mod site;
mod web;

pub use behaviour::{RedirectFault, SiteBehaviour};
pub use layers::cors::{Cors, OriginError};
pub use layers::headers::{HeaderError, ResponseHeaders};
pub use message::{About, BodyError, Handler, LetsIn, RequestBody, ResponseBody};
pub use names::NAMES;
pub use site::Site;
pub use web::{Web, WebOptions};
