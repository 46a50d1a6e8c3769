//! HTTP/1, RFC 9112.

mod head;

pub use head::{HEAD_BYTES_MAX, Head, HeaderLine, StartLine};
