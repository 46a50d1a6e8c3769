//! Which pages of other origins may read the answers: CORS, as the Fetch
//! standard has it (section 3.2).

use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::headers::ALL_METHODS;
use crate::http::message::ResponseBody;

/// How long a browser remembers a preflight: no browser keeps it for more than
/// two hours, and a change is to be seen sooner.
const MAX_AGE: Duration = Duration::from_secs(600);

/// What a page may see of an answer beside the seven fields that it always may.
const EXPOSED: &str =
    "Accept-Ranges, Content-Range, ETag, Link, Location, Retry-After, X-Request-ID";

/// The origins whose pages may read what is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cors {
    /// Every one, without credentials.
    Any,
    /// These, with credentials.
    Origins(Vec<String>),
}

/// An origin cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no origin: write https://name or https://name:port, or *")]
pub struct OriginError(String);

impl Cors {
    /// Of origins as they are written; `*` among them is all.
    ///
    /// # Errors
    /// When one is no origin: a scheme, a host, perhaps a port, nothing else.
    pub fn parse<'a>(origins: impl IntoIterator<Item = &'a str>) -> Result<Self, OriginError> {
        let mut list = Vec::new();
        for origin in origins {
            if origin == "*" {
                return Ok(Cors::Any);
            }
            let parsed = url::Url::parse(origin).ok().filter(|url| {
                url.has_host()
                    && url.path() == "/"
                    && !origin.ends_with('/')
                    && url.query().is_none()
            });
            let parsed = parsed.ok_or_else(|| OriginError(origin.to_owned()))?;
            list.push(parsed.origin().ascii_serialization());
        }
        Ok(Cors::Origins(list))
    }

    /// What stands in `Access-Control-Allow-Origin` for this request.
    fn allows(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        match self {
            Cors::Any => Some(HeaderValue::from_static("*")),
            Cors::Origins(list) => {
                list.iter().any(|one| one.as_bytes() == origin.as_bytes()).then(|| origin.clone())
            }
        }
    }

    /// The answer to a preflight, if the request is one.
    pub(in crate::http) fn preflight(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Option<Response<ResponseBody>> {
        if method != Method::OPTIONS || !headers.contains_key(ORIGIN) {
            return None;
        }
        let wanted = headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
        let mut response = Response::new(ResponseBody::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let answer = response.headers_mut();
        answer.insert(
            VARY,
            HeaderValue::from_static(
                "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
            ),
        );
        let known = ALL_METHODS.split(", ").any(|known| known.as_bytes() == wanted.as_bytes());
        // Without these fields the browser takes it for a no.
        if let (Some(origin), true) = (self.allows(headers), known) {
            self.allow(answer, origin);
            answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(ALL_METHODS));
            if let Some(fields) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
                answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, fields.clone());
            }
            answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(MAX_AGE.as_secs()));
        }
        Some(response)
    }

    /// Says on an answer who may read it.
    pub(in crate::http) fn answer(&self, allowed: Option<HeaderValue>, answer: &mut HeaderMap) {
        if *self != Cors::Any {
            answer.append(VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = allowed {
            self.allow(answer, origin);
            answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        }
    }

    /// For [`Cors::answer`], which comes when the request is gone.
    pub(in crate::http) fn judge(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        self.allows(headers)
    }

    /// `*` never goes with credentials: a browser would refuse it.
    fn allow(&self, answer: &mut HeaderMap, origin: HeaderValue) {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if *self != Cors::Any {
            let yes = HeaderValue::from_static("true");
            answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = fields.iter().map(|&(name, value)| {
            (http::HeaderName::from_static(name), HeaderValue::from_static(value))
        });
        pairs.collect()
    }

    #[test]
    fn origins_are_origins() {
        assert_eq!(Cors::parse(["https://a.example", "*"]), Ok(Cors::Any));
        let list = Cors::parse(["https://A.example:443", "http://b:8080"]).unwrap();
        let wanted = ["https://a.example", "http://b:8080"].map(str::to_owned).to_vec();
        assert_eq!(list, Cors::Origins(wanted));
        for bad in ["a.example", "https://a/", "https://a/x", "https://", "null"] {
            assert!(Cors::parse([bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_preflight_is_answered_without_the_handler() {
        let cors = Cors::parse(["https://a.example"]).unwrap();
        let asked = request(&[
            ("origin", "https://a.example"),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "x-one, x-two"),
        ]);
        let answer = cors.preflight(&Method::OPTIONS, &asked).unwrap();
        assert_eq!(answer.status(), 204);
        assert_eq!(answer.headers()["access-control-allow-origin"], "https://a.example");
        assert_eq!(answer.headers()["access-control-allow-headers"], "x-one, x-two");
        assert_eq!(answer.headers()["access-control-allow-credentials"], "true");
        assert!(cors.preflight(&Method::GET, &asked).is_none());
        let other =
            request(&[("origin", "https://b.example"), ("access-control-request-method", "PUT")]);
        let refused = cors.preflight(&Method::OPTIONS, &other).unwrap();
        assert!(!refused.headers().contains_key("access-control-allow-origin"));
        assert!(cors.preflight(&Method::OPTIONS, &request(&[("origin", "x")])).is_none());
    }

    #[test]
    fn any_origin_means_no_credentials() {
        let asked = request(&[("origin", "https://a.example")]);
        let mut answer = HeaderMap::new();
        Cors::Any.answer(Cors::Any.judge(&asked), &mut answer);
        assert_eq!(answer["access-control-allow-origin"], "*");
        assert!(!answer.contains_key("access-control-allow-credentials"));
        assert!(!answer.contains_key("vary"));
        let one = Cors::parse(["https://b.example"]).unwrap();
        let mut answer = HeaderMap::new();
        one.answer(one.judge(&asked), &mut answer);
        assert!(!answer.contains_key("access-control-allow-origin"));
        assert_eq!(answer["vary"], "Origin");
    }
}
