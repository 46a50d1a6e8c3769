//! One request of the redirect chain, and what a redirect makes of it.

use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use plumb_evidence::evidence::Scheme;
use plumb_probe::http::redirect;
use url::Url;

use crate::request::Request;

/// One request of the redirect chain.
#[derive(Debug, Clone)]
pub(crate) struct Hop {
    pub(crate) scheme: Scheme,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) url: Option<Url>,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Hop {
    /// What the user asked for.
    pub(crate) fn first(request: &Request) -> Hop {
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            // The command line has checked both; what is not a header is not sent.
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str()))
            {
                headers.append(name, value);
            }
        }
        Hop {
            scheme: request.target.scheme,
            host: request.target.host.clone(),
            port: request.target.port,
            url: request.url.clone(),
            method: Method::from_bytes(request.method.as_bytes()).unwrap_or(Method::GET),
            headers,
            body: Bytes::from(request.body.clone()),
        }
    }

    /// The request that follows a redirect. Credentials stay with their origin.
    /// `None` where the URL is not HTTP.
    pub(crate) fn redirected(&self, status: StatusCode, url: Url) -> Option<Hop> {
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return None,
        };
        let (host, port) = (url.host_str()?.to_owned(), url.port_or_known_default()?);
        let mut next = self.clone();
        if redirect::method_after(status.as_u16(), self.method.as_str()) != self.method.as_str() {
            next.method = Method::GET;
            next.body = Bytes::new();
        }
        if (scheme, host.as_str(), port) != (self.scheme, self.host.as_str(), self.port) {
            next.headers.remove(AUTHORIZATION);
            next.headers.remove(COOKIE);
        }
        Some(Hop { scheme, host, port, url: Some(url), ..next })
    }
}

#[cfg(test)]
mod tests {
    use plumb_evidence::Target;

    use super::*;

    fn post(url: &str) -> Hop {
        let url: Url = url.parse().unwrap();
        let target = Target {
            text: url.to_string(),
            scheme: Scheme::Https,
            host: url.host_str().unwrap().to_owned(),
            port: url.port_or_known_default().unwrap(),
            insecure: false,
            aia: false,
            timeout_ms: 5000,
        };
        let mut request = Request::new(target, Some(url), 0);
        request.method = "POST".to_owned();
        request.body = b"name=value".to_vec();
        request.headers = vec![("Authorization".to_owned(), "Bearer secret".to_owned())];
        Hop::first(&request)
    }

    fn led(status: u16, to: &str) -> Option<Hop> {
        let status = StatusCode::from_u16(status).unwrap();
        post("https://www.example.com/a").redirected(status, to.parse().unwrap())
    }

    /// RFC 9110 sections 15.4.2 to 15.4.9.
    #[test]
    fn a_post_stays_a_post_only_where_it_must() {
        for (status, method, body) in [
            (301, Method::GET, ""),
            (302, Method::GET, ""),
            (303, Method::GET, ""),
            (307, Method::POST, "name=value"),
            (308, Method::POST, "name=value"),
        ] {
            let next = led(status, "https://www.example.com/b").unwrap();
            assert_eq!((next.method, &next.body[..]), (method, body.as_bytes()), "{status}");
        }
    }

    #[test]
    fn credentials_stay_with_their_origin() {
        let same = led(307, "https://www.example.com/b").unwrap();
        assert!(same.headers.contains_key(AUTHORIZATION));
        for other in
            ["http://www.example.com/b", "https://example.com/b", "https://www.example.com:8443/b"]
        {
            assert!(!led(307, other).unwrap().headers.contains_key(AUTHORIZATION), "{other}");
        }
    }

    #[test]
    fn only_http_is_followed() {
        for other in ["ftp://www.example.com/", "file:///etc/passwd", "javascript:alert(1)"] {
            assert!(led(302, other).is_none(), "{other}");
        }
    }
}
