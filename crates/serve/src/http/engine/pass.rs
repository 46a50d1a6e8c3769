//! What a request passes before the handler sees it.

use std::time::Duration;

use http::header::{ALLOW, EXPECT, HeaderValue, RETRY_AFTER};
use http::request::Parts;
use http::{Method, Response, StatusCode, Version};
use hyper::body::{Body, Incoming};

use super::conversation::Conversation;
use super::refusal::refusal;
use crate::auth::Decision;
use crate::core::{Phase, Rule};
use crate::http::layers::headers::ALL_METHODS;
use crate::http::layers::overload::Admitted;
use crate::http::layers::proxies;
use crate::http::message::{About, Handler, LetsIn, ResponseBody};

/// It may go on, and is counted while it does.
pub(super) struct Passed(pub(super) Option<Admitted>);

/// It is answered here.
pub(super) struct Stopped(pub(super) Box<Response<ResponseBody>>);

impl From<Response<ResponseBody>> for Stopped {
    fn from(response: Response<ResponseBody>) -> Self {
        Stopped(Box::new(response))
    }
}

/// When an overloaded server is worth another try.
const OVERLOAD_RETRY: Duration = Duration::from_secs(1);

impl<H: Handler> Conversation<H> {
    /// The layers in their order; see [`crate::http::layers`].
    pub(super) async fn pass(
        &self,
        parts: &Parts,
        body: &Incoming,
        about: &mut About,
    ) -> Result<Passed, Stopped> {
        let options = &self.web.options;
        if !options.proxies.is_empty() {
            let said = proxies::read(&options.proxies, about.client, &parts.headers);
            about.client = said.client.or(about.client);
            about.secure = said.secure.unwrap_or(about.secure);
        }
        self.within_rate(about)?;
        let admitted = match options.requests_max {
            None => None,
            Some(max) => Some(self.web.overload.admit(max).ok_or_else(|| self.overloaded(max))?),
        };
        let cors = options.cors.as_ref();
        if let Some(answer) = cors.and_then(|cors| cors.preflight(&parts.method, &parts.headers)) {
            return Err(answer.into());
        }
        self.well_formed(parts, body)?;
        if let Some(gatekeeper) = &options.gatekeeper {
            about.user = match self.web.handler.lets_in(parts) {
                LetsIn::Everybody => None,
                LetsIn::User(user) => Some(user),
                LetsIn::WithCredentials => match gatekeeper.check(parts, about).await {
                    Decision::Allow { user } => user,
                    Decision::Refuse(refused) => return Err(refused.response().into()),
                },
            };
            if let Some(user) = &about.user {
                self.context.ledger.set_user(user);
            }
        }
        match parts.uri.path() == "*" {
            true => Err(options_of_all().into()),
            false => Ok(Passed(admitted)),
        }
    }

    fn within_rate(&self, about: &About) -> Result<(), Stopped> {
        let Some(rates) = self.web.rates(&self.context.limits) else { return Ok(()) };
        let Some(client) = about.client else { return Ok(()) };
        rates.check(client).map_err(|wait| {
            let detail = format!("requests of {client} too fast; answered 429");
            self.context.events.security(Rule::Rate, Phase::Header, detail);
            later(StatusCode::TOO_MANY_REQUESTS, "too many requests", wait.0).into()
        })
    }

    fn overloaded(&self, max: usize) -> Stopped {
        let detail = format!("{max} requests are being answered; answered 503");
        self.context.events.security(Rule::RequestsMax, Phase::Header, detail);
        later(StatusCode::SERVICE_UNAVAILABLE, "the server is busy", OVERLOAD_RETRY).into()
    }

    /// What no handler has to think of.
    fn well_formed(&self, parts: &Parts, body: &Incoming) -> Result<(), Stopped> {
        if !is_known(&parts.method) {
            return Err(refusal(StatusCode::NOT_IMPLEMENTED, "the method is not known").into());
        }
        if matches!(parts.method, Method::TRACE | Method::CONNECT) {
            let why = "the method is not allowed";
            let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, why);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(ALL_METHODS));
            return Err(response.into());
        }
        if parts.version >= Version::HTTP_11
            && let Some(expected) = parts.headers.get(EXPECT)
            && !expected.as_bytes().eq_ignore_ascii_case(b"100-continue")
        {
            let why = "nothing but 100-continue can be expected";
            return Err(refusal(StatusCode::EXPECTATION_FAILED, why).into());
        }
        let max_bytes = self.context.limits.body_bytes_max;
        if body.size_hint().lower() > max_bytes {
            let detail = format!("a body of more than {max_bytes} bytes; answered 413");
            self.context.events.security(Rule::BodySize, Phase::Header, detail);
            let why = format!("the body is larger than {max_bytes} bytes");
            return Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, &why).into());
        }
        Ok(())
    }
}

/// The methods that RFC 9110 and RFC 5789 define.
fn is_known(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET
            | Method::HEAD
            | Method::POST
            | Method::PUT
            | Method::PATCH
            | Method::DELETE
            | Method::OPTIONS
            | Method::TRACE
            | Method::CONNECT
    )
}

/// `OPTIONS *`, RFC 9110 section 9.3.7: what the server as a whole can do.
fn options_of_all() -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(ALL_METHODS));
    response
}

/// Not now: RFC 9110 section 10.2.3. The connection may stay.
fn later(status: StatusCode, why: &str, wait: Duration) -> Response<ResponseBody> {
    let mut response = refusal(status, why);
    let headers = response.headers_mut();
    headers.remove(http::header::CONNECTION);
    headers.insert(RETRY_AFTER, HeaderValue::from(super::refusal::whole_seconds(wait)));
    response
}
