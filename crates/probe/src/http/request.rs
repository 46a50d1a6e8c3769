//! What is asked for, and the bytes that ask for it.

use std::time::Duration;

use plumb_wire::http::{Head, HeaderLine, StartLine};
use url::Url;

use super::{Headers, Payload};
use crate::exchange::authority;

/// The request's own name, as servers' logs show it.
pub const USER_AGENT: &str = concat!("plumb/", env!("CARGO_PKG_VERSION"));

/// The content encodings that are undone here.
pub const ACCEPT_ENCODING: &str = "gzip, deflate, br, zstd";

/// One request, before it is known on which connection it goes.
#[derive(Debug, Clone)]
pub struct Request {
    /// A token of RFC 9110 section 5.6.2.
    pub method: String,
    /// Without credentials.
    pub url: Url,
    /// Sent in this order, names as they stand, before the fields that every
    /// request has, which they replace.
    pub headers: Headers,
    /// Fields that are not sent although every request has them.
    pub without: Vec<String>,
    /// Send `Host` and what was given, and nothing else of one's own accord.
    pub bare: bool,
    /// What is sent after the header.
    pub body: Payload,
    /// Send the body in chunks although its length is known.
    pub chunked: bool,
    /// Wait for `100 Continue` before the body, at most this long (RFC 9110
    /// section 10.1.1).
    pub expect: Option<Duration>,
}

impl Request {
    /// A GET.
    pub fn get(url: Url) -> Request {
        Request::new("GET", url)
    }

    /// A request with this method.
    pub fn new(method: impl Into<String>, url: Url) -> Request {
        Request {
            method: method.into(),
            url,
            headers: Headers::new(),
            without: Vec::new(),
            bare: false,
            body: Payload::empty(),
            chunked: false,
            expect: None,
        }
    }

    /// With one more field.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.append(name, value);
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: Payload) -> Request {
        self.body = body;
        self
    }

    /// Whether doing it twice is as good as doing it once (RFC 9110 section
    /// 9.2.2), and the body can be sent again.
    pub fn is_repeatable(&self) -> bool {
        is_idempotent(&self.method) && self.body.is_repeatable()
    }

    /// The request as it is sent. Credentials and cookies are among `headers`
    /// by now.
    pub fn message(&self) -> Message {
        let mut headers = Headers::new();
        let named = |name: &str| self.without.iter().any(|w| w.eq_ignore_ascii_case(name));
        let host = self.headers.get("host").or_else(|| authority(&self.url));
        if let Some(host) = host.filter(|_| !named("host")) {
            headers.append("Host", host);
        }
        for (name, value) in self.headers.iter().filter(|(n, _)| !n.eq_ignore_ascii_case("host")) {
            headers.append(name, value);
        }
        let mut default = |name: &str, value: &str| {
            if !named(name) {
                headers.or_default(name, value);
            }
        };
        if !self.bare {
            default("User-Agent", USER_AGENT);
            default("Accept", "*/*");
            default("Accept-Encoding", ACCEPT_ENCODING);
        }
        if self.expect.is_some() && !self.body.is_empty() {
            default("Expect", "100-continue");
        }
        self.frame(&mut headers, named("content-length"));
        Message { method: self.method.clone(), url: self.url.clone(), headers, absolute: false }
    }

    /// The fields that say where the body ends (RFC 9112 section 6.2).
    fn frame(&self, headers: &mut Headers, without_length: bool) {
        let size = self.body.size_bytes();
        if headers.contains("transfer-encoding") {
            return;
        }
        match size {
            Some(_) if headers.contains("content-length") && !self.chunked => {}
            Some(size) if !self.chunked => {
                // RFC 9110 section 8.6: a method that means a body says that there is none.
                let means_one = matches!(self.method.as_str(), "POST" | "PUT" | "PATCH");
                if (size > 0 || means_one) && !without_length {
                    headers.append("Content-Length", size.to_string());
                }
            }
            _ => {
                headers.remove("content-length");
                headers.append("Transfer-Encoding", "chunked");
            }
        }
    }
}

/// RFC 9110 section 9.2.2.
pub fn is_idempotent(method: &str) -> bool {
    is_safe(method) || matches!(method, "PUT" | "DELETE")
}

/// RFC 9110 section 9.2.1.
pub fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
}

/// A request as it goes over a connection.
#[derive(Debug, Clone)]
pub struct Message {
    /// A token of RFC 9110 section 5.6.2.
    pub method: String,
    /// Whose path and query are asked for.
    pub url: Url,
    /// `Host` first.
    pub headers: Headers,
    /// The target is the whole URL, for a proxy (RFC 9112 section 3.2.2).
    pub absolute: bool,
}

impl Message {
    /// The request target (RFC 9112 section 3.2).
    pub fn target(&self) -> String {
        let url = &self.url;
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        match authority(url).filter(|_| self.absolute) {
            Some(authority) => format!("{}://{authority}{path}", url.scheme()),
            None => path.to_owned(),
        }
    }

    /// The head of HTTP/1.1, byte for byte.
    pub fn head(&self) -> Vec<u8> {
        use plumb_wire::Layout as _;
        let line = |(name, value): (&str, &[u8])| match value {
            // No blank at the end of a line.
            [] => HeaderLine { gap: b":".to_vec(), ..HeaderLine::new(name, "") },
            value => HeaderLine::new(name, value),
        };
        Head {
            start: StartLine::new(&self.method, self.target(), "HTTP/1.1"),
            headers: self.headers.iter().map(line).collect(),
            ..Head::default()
        }
        .encode()
    }

    /// Whether the connection is to end with this exchange (RFC 9112 section
    /// 9.6).
    pub(crate) fn asks_to_close(&self) -> bool {
        let options = self.headers.get("connection").unwrap_or_default().to_ascii_lowercase();
        options.split(',').any(|option| option.trim() == "close")
    }

    /// Whether the body goes in chunks.
    pub fn is_chunked(&self) -> bool {
        let codings = self.headers.get("transfer-encoding");
        codings.is_some_and(|codings| codings.to_ascii_lowercase().contains("chunked"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(request: &Request) -> String {
        String::from_utf8(request.message().head()).unwrap()
    }

    #[test]
    fn a_request_is_written_as_it_was_given() {
        let mut request = Request::get("http://example.com/".parse().unwrap())
            .header("Connection", "close")
            .header("Accept", "text/html")
            .header("User-Agent", "MyClient/1.0");
        request.without.push("accept-encoding".to_owned());
        let written = "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\nAccept: text/html\r\nUser-Agent: MyClient/1.0\r\n\r\n";
        assert_eq!(head(&request), written);
        assert_eq!(written.len(), 101);
    }

    #[test]
    fn a_body_says_where_it_ends() {
        let url: Url = "http://h:8080/p?q#f".parse().unwrap();
        let mut request = Request::new("POST", url).body(Payload::bytes("caf\u{e9}"));
        request.bare = true;
        assert_eq!(
            head(&request),
            "POST /p?q HTTP/1.1\r\nHost: h:8080\r\nContent-Length: 5\r\n\r\n"
        );
        request.chunked = true;
        assert!(head(&request).contains("Transfer-Encoding: chunked\r\n"));
        request.chunked = false;
        request.body = Payload::empty();
        assert!(head(&request).contains("Content-Length: 0\r\n"));
        request.method = "GET".to_owned();
        assert!(!head(&request).contains("Content-Length"));
    }
}
