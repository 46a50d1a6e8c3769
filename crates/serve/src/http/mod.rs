//! A small site with inspection endpoints.
//!
//! [`Site`] speaks HTTP/1.1 and HTTP/2 on any stream. By the name that the
//! client asks for it is a pleasant little site, httpbin.org, or one of the
//! other names that programs written for the real Internet expect.

mod asked;
mod behaviour;
mod body;
mod carrier;
mod encoding;
mod inspect;
mod message;
mod names;
mod pages;
mod reply;
mod route;
mod site;

pub use behaviour::{RedirectFault, SiteBehaviour};
pub use message::{About, BodyError, Handler, RequestBody, ResponseBody};
pub use names::NAMES;
pub use site::Site;
