//! HTTP/1, RFC 9112; the frames of HTTP/2, RFC 9113; cookies, RFC 6265bis.

pub mod accept;
pub mod auth;
pub mod body;
pub mod cookie;
mod cookie_date;
pub mod field_section;
pub mod frame;
pub mod framing;
mod head;
pub mod multipart;
pub mod path;
pub mod range;
pub mod response;
pub mod url;
pub mod validator;

pub use head::{HEAD_BYTES_MAX, Head, HeaderLine, StartLine};
