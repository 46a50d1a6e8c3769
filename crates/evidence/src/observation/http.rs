//! What can be seen of requests and responses.

use serde::{Deserialize, Serialize};

use super::base64_bytes;
use super::transport::TcpInfo;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    pub connection: u32,
    pub method: String,
    pub url: String,
    /// `HTTP/1.1`, `HTTP/2`.
    pub version: String,
    /// Secrets replaced.
    pub headers: Vec<(String, String)>,
    pub body_bytes: u64,
    pub start_ns: u64,
    pub duration_ns: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpResponse {
    pub connection: u32,
    pub version: String,
    pub status: u16,
    /// Secrets (cookies) replaced.
    pub headers: Vec<(String, String)>,
    /// When the wait for the first byte began: the request had been sent.
    pub start_ns: u64,
    pub duration_ns: u64,
    pub tcp: Option<TcpInfo>,
}

impl HttpResponse {
    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpBody {
    pub connection: u32,
    /// As it came, before decoding.
    pub received_bytes: u64,
    /// Content-Length, if the response had one.
    pub declared_bytes: Option<u64>,
    pub decoded_bytes: Option<u64>,
    pub ended: BodyEnd,
    /// Content-Encoding, and whether the body really is that.
    pub encoding: Option<String>,
    pub encoding_error: Option<String>,
    pub start_ns: u64,
    pub duration_ns: u64,
    /// The first bytes, at most 256, for a look at what it is.
    #[serde(with = "base64_bytes")]
    pub first_bytes: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum BodyEnd {
    Complete,
    /// The connection ended before the declared length or the last chunk.
    Short,
    Reset,
    /// Nothing more came within the time-out.
    Stalled,
    /// The framing was wrong.
    Malformed {
        text: String,
    },
    /// plumb stopped reading at its limit.
    Limit,
}

/// How an exchange ended without a response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum HttpError {
    /// No first byte within the time-out.
    TimedOut,
    /// End of stream before any byte of a response.
    EmptyReply,
    Reset,
    /// A TLS alert came in place of a response.
    Alert {
        code: u8,
        name: String,
    },
    /// What came is not HTTP.
    NotHttp {
        first_bytes: Vec<u8>,
    },
    /// Too large a head, bad framing, an HTTP/2 error.
    Protocol {
        text: String,
    },
    Abandoned,
}
