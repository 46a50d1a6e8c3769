//! HTTP/1, RFC 9112, and the URLs that it speaks of.

mod head;
pub mod url;

pub use head::{HEAD_BYTES_MAX, Head, HeaderLine, StartLine};
