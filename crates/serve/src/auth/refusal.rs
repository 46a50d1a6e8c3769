//! The answers to those who may not, or not now.

use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

use plumb_wire::http::auth::quoted;

use crate::http::ResponseBody;

/// An answer in place of what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// 400, 401, 429 or 503.
    pub status: StatusCode,
    /// `WWW-Authenticate` fields, the first for browsers.
    pub challenges: Vec<String>,
    /// `Retry-After`.
    pub retry_after: Option<Duration>,
    /// Why, in words for the client.
    pub reason: String,
}

/// What a refusal needs to know of the server.
#[derive(Debug, Clone)]
pub(super) struct Challenges {
    pub(super) realm: String,
    pub(super) basic: bool,
    pub(super) bearer: bool,
}

impl Challenges {
    /// No credentials came: what is wanted, RFC 9110 section 15.5.2.
    pub(super) fn wanted(&self, reason: &str) -> Refusal {
        let bearer = format!("Bearer realm={}", quoted(&self.realm));
        self.refusal(StatusCode::UNAUTHORIZED, bearer, reason)
    }

    /// The credentials are wrong.
    pub(super) fn wrong_password(&self) -> Refusal {
        self.wanted("the name or the password is wrong")
    }

    /// The token is not good, RFC 6750 section 3.1.
    pub(super) fn invalid_token(&self, reason: &str) -> Refusal {
        self.bearer_error(StatusCode::UNAUTHORIZED, "invalid_token", reason)
    }

    /// The request makes no sense, RFC 6750 section 3.1.
    pub(super) fn invalid_request(&self, reason: &str) -> Refusal {
        self.bearer_error(StatusCode::BAD_REQUEST, "invalid_request", reason)
    }

    fn bearer_error(&self, status: StatusCode, error: &str, reason: &str) -> Refusal {
        let (realm, reason_quoted) = (quoted(&self.realm), quoted(reason));
        let bearer =
            format!("Bearer realm={realm}, error=\"{error}\", error_description={reason_quoted}");
        self.refusal(status, bearer, reason)
    }

    fn refusal(&self, status: StatusCode, bearer: String, reason: &str) -> Refusal {
        let basic = format!("Basic realm={}, charset=\"UTF-8\"", quoted(&self.realm));
        let challenges = [(self.basic, basic), (self.bearer, bearer)];
        let challenges = challenges.into_iter().filter(|(offered, _)| *offered);
        Refusal {
            status,
            challenges: challenges.map(|(_, challenge)| challenge).collect(),
            retry_after: None,
            reason: reason.to_owned(),
        }
    }
}

impl Refusal {
    /// Too many failures, RFC 6585 section 4.
    pub(super) fn locked(wait: Duration) -> Self {
        Refusal {
            status: StatusCode::TOO_MANY_REQUESTS,
            challenges: Vec::new(),
            retry_after: Some(wait),
            reason: "too many failures; wait and try again".to_owned(),
        }
    }

    /// More passwords than can be checked now.
    pub(super) fn busy() -> Self {
        Refusal {
            status: StatusCode::SERVICE_UNAVAILABLE,
            challenges: Vec::new(),
            retry_after: Some(Duration::from_secs(1)),
            reason: "too many passwords are being checked; try again".to_owned(),
        }
    }

    /// The response; its body says why in a line of text.
    pub fn response(&self) -> Response<ResponseBody> {
        let mut response = Response::new(ResponseBody::full(format!("{}\n", self.reason)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        for challenge in &self.challenges {
            // A realm with control characters is refused when it is set.
            if let Ok(value) = HeaderValue::from_str(challenge) {
                headers.append(WWW_AUTHENTICATE, value);
            }
        }
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
