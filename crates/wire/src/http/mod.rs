//! HTTP/1, RFC 9112; the frames of HTTP/2, RFC 9113; cookies, RFC 6265bis.

pub mod auth;
pub mod body;
pub mod cookie;
mod cookie_date;
pub mod frame;
mod head;
pub mod path;
pub mod response;

pub use head::{HEAD_BYTES_MAX, Head, HeaderLine, StartLine};
