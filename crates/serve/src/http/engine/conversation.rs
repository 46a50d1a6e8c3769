//! A request, from its header to the header of its response.

use std::borrow::Cow;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HeaderValue, SERVER};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::{Body, Incoming};

use super::exchange::{Exchange, Journal, Sent};
use super::flow::Flow;
use super::leftover::{self, Leftover};
use super::line::Line;
use super::outlet::Outlet;
use super::pass::{Passed, Stopped};
use super::refusal::refusal;
use crate::core::pace::Pace;
use crate::core::{Context, HttpExchange, Phase, Rule};
use crate::http::asked::authority;
use crate::http::carrier::Cutter;
use crate::http::layers::request_id::X_REQUEST_ID;
use crate::http::message::{About, Handler, Intake, RequestBody, ResponseBody};
use crate::http::phrase;
use crate::http::web::Shared;

/// What the requests of one connection have in common.
#[derive(Debug)]
pub(super) struct Conversation<H> {
    pub(super) web: Arc<Shared<H>>,
    pub(super) context: Context,
    cutter: Arc<Cutter>,
    journal: Arc<Journal>,
    line: Arc<Line>,
    outlet: Option<Arc<Outlet>>,
    /// In HTTP/2, what its streams do.
    flow: Option<Arc<Flow>>,
    requests: AtomicU64,
    /// Used again by the next request, so that its strings need no new space.
    about: Mutex<Option<Box<About>>>,
}

impl<H: Handler> Conversation<H> {
    pub(super) fn new(
        web: &Arc<Shared<H>>,
        context: Context,
        cutter: Arc<Cutter>,
        journal: Arc<Journal>,
        line: Arc<Line>,
    ) -> Self {
        let web = Arc::clone(web);
        let requests = AtomicU64::new(0);
        let about = Mutex::default();
        let (outlet, flow) = (None, None);
        Conversation { web, context, cutter, journal, line, outlet, flow, requests, about }
    }

    /// On a connection that can send files.
    pub(super) fn with_outlet(self, outlet: Option<Arc<Outlet>>) -> Self {
        Conversation { outlet, ..self }
    }

    /// On a connection of several streams.
    pub(super) fn with_flow(self, flow: Arc<Flow>) -> Self {
        Conversation { flow: Some(flow), ..self }
    }

    /// Answers one request.
    pub(super) async fn respond(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Sent>, Infallible> {
        let mut exchange = Exchange {
            began: Instant::now(),
            record: Box::default(),
            working: Some(self.context.ledger.working()),
            stream: self.flow.as_ref().map(Flow::stream),
        };
        self.context.ledger.count_request();
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let (parts, body) = request.into_parts();
        let method = parts.method.clone();
        record(&parts, number, &mut exchange.record);
        let mut about = self.take_about();
        let intake = (!body.is_end_stream()).then(Arc::<Intake>::default);
        let waits = parts.version >= Version::HTTP_11 && parts.headers.contains_key(EXPECT);
        let cors = self.web.options.cors.as_ref().map(|cors| (cors, cors.judge(&parts.headers)));

        let mut response = self.answer(parts, body, intake.as_ref(), &mut about).await;
        if let Some(intake) = &intake {
            exchange.record.request_body_bytes = intake.read_bytes();
            // Who was too slow is not waited for once more.
            let left = match response.status() {
                StatusCode::REQUEST_TIMEOUT => Leftover::More,
                _ => leftover::read_away(intake, waits).await,
            };
            self.settle(number, left, &mut response);
        }
        let headers = response.headers_mut();
        if let Some((cors, allowed)) = cors {
            cors.answer(allowed, headers);
        }
        self.web.options.headers.apply(headers, about.secure);
        if self.web.options.request_ids
            && let Ok(id) = HeaderValue::from_str(&about.request_id)
        {
            headers.insert(X_REQUEST_ID, id);
        }
        if number >= self.context.limits.requests_per_connection_max {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
            self.line.enough.cancel();
        }
        self.note(&about, &mut exchange.record);
        *self.about.lock().unwrap_or_else(PoisonError::into_inner) = Some(about);
        Ok(self.finish(&method, response, exchange))
    }

    /// The answer of the handler, or of what stands before it.
    async fn answer(
        &self,
        parts: Parts,
        body: Incoming,
        intake: Option<&Arc<Intake>>,
        about: &mut About,
    ) -> Response<ResponseBody> {
        match authority(&parts) {
            Ok(host) => host.clone_into(&mut about.authority),
            Err(why) => {
                let events = &self.context.events;
                events.security(Rule::Malformed, Phase::Header, format!("{why} Answered 400."));
                return refusal(StatusCode::BAD_REQUEST, &why.to_string());
            }
        }
        self.web.request_ids.name(&parts.headers, &mut about.request_id);
        let _admitted = match self.pass(&parts, &body, about).await {
            Ok(Passed(admitted)) => admitted,
            Err(Stopped(response)) => return *response,
        };
        let body = match intake {
            None => RequestBody::full(bytes::Bytes::new()),
            Some(intake) => {
                let max_bytes = self.context.limits.body_bytes_max;
                RequestBody::incoming(body, Arc::clone(intake), max_bytes)
            }
        };
        self.handle(Request::from_parts(parts, body), intake, about).await
    }

    async fn handle(
        &self,
        request: Request<RequestBody>,
        intake: Option<&Arc<Intake>>,
        about: &About,
    ) -> Response<ResponseBody> {
        let mut handling = pin!(self.web.handler.handle(request, about));
        // Most answers are there at once, and need no timer.
        let first = poll_fn(|cx| Poll::Ready(handling.as_mut().poll(cx))).await;
        if let Poll::Ready(response) = first {
            return response;
        }
        let limits = &self.context.limits;
        let (mut waited, mut read_bytes) = (Duration::ZERO, 0);
        while waited < limits.request {
            let rest = limits.request.saturating_sub(waited);
            // Of HTTP/1 the inlet watches each window of the pace.
            let window = match self.flow {
                Some(_) => limits.body_pace.window.min(rest),
                None => rest,
            };
            if let Ok(response) = tokio::time::timeout(window, handling.as_mut()).await {
                return response;
            }
            let Some(intake) = intake else {
                waited += window;
                continue;
            };
            let came_bytes = intake.read_bytes() - read_bytes;
            read_bytes += came_bytes;
            let pace = Pace { window, ..limits.body_pace };
            let is_last = waited + window >= limits.request;
            if intake.waits()
                && (came_bytes < pace.bytes_per_window() || is_last && came_bytes == 0)
            {
                return self.too_slow();
            }
            // A body that comes fast enough takes the time that it needs.
            waited = if came_bytes > 0 { Duration::ZERO } else { waited + window };
        }
        if self.cutter.is_silent() {
            // Held for as long as any request; no word even then.
            self.cutter.cut(false);
            std::future::pending::<()>().await;
        }
        let events = &self.context.events;
        events.security(Rule::RequestTime, Phase::Response, "no answer in time; answered 503");
        refusal(StatusCode::SERVICE_UNAVAILABLE, "the answer took too long")
    }

    /// The client is not waited for any longer.
    fn too_slow(&self) -> Response<ResponseBody> {
        let events = &self.context.events;
        events.security(Rule::SlowSender, Phase::Body, "a body came too slowly; answered 408");
        refusal(StatusCode::REQUEST_TIMEOUT, "the request came too slowly")
    }

    /// What a body that was broken or not read does to the answer.
    fn settle(&self, number: u64, left: Leftover, response: &mut Response<ResponseBody>) {
        if let Some(offence) = self.line.violation_in(number) {
            self.line.answers(number);
            *response = refusal(offence.status(), &offence.words());
        } else if left == Leftover::More {
            // What follows cannot be told from the rest of the body.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }

    /// What is known before the first request, or what the last request left.
    fn take_about(&self) -> Box<About> {
        let context = &self.context;
        let kept = self.about.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut about = kept.unwrap_or_else(|| {
            let context = context.clone();
            Box::new(About {
                tls: context.tls,
                cutter: Arc::clone(&self.cutter),
                ..About::new(
                    context.peer,
                    context.local,
                    context.limits,
                    context.events,
                    context.stop,
                )
            })
        });
        about.secure = context.tls.is_some();
        about.client = context.peer.ip();
        about.user = None;
        about
    }

    /// What became known of a request while it was answered.
    fn note(&self, about: &About, record: &mut HttpExchange) {
        record.host.clone_from(&about.authority);
        record.request_id = Some(about.request_id.clone());
        record.user.clone_from(&about.user);
        if about.client != self.context.peer.ip() {
            record.forwarded_for = about.client.map(|client| client.to_string());
        }
    }

    fn finish(
        &self,
        method: &Method,
        response: Response<ResponseBody>,
        exchange: Exchange,
    ) -> Response<Sent> {
        let (mut parts, mut body) = response.into_parts();
        parts.headers.insert(SERVER, HeaderValue::from_static("plumb"));
        phrase::put(&mut parts);
        let bodiless = matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if bodiless {
            body = ResponseBody::empty();
        } else if method == Method::HEAD {
            // RFC 9110 section 9.3.2: the header is that of GET.
            if let Some(length) = body.size_hint().exact()
                && !parts.headers.contains_key(CONTENT_LENGTH)
            {
                parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            body = ResponseBody::empty();
        }
        if parts.status == StatusCode::NO_CONTENT {
            parts.headers.remove(CONTENT_LENGTH);
        }
        let journal = Arc::clone(&self.journal);
        let sent = Sent::new(&parts, body, exchange, journal, self.outlet.as_ref());
        Response::from_parts(parts, sent)
    }
}

/// What the header says, for the log.
fn record(parts: &Parts, number: u64, record: &mut HttpExchange) {
    let text = |name| {
        let value: Option<&HeaderValue> = parts.headers.get(name);
        value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    record.method = method_name(&parts.method);
    // Of HTTP/2 the scheme and the authority are fields of their own; of HTTP/1 a
    // target that names them was sent as such, to a proxy.
    let in_parts = parts.version == Version::HTTP_2 || parts.uri.authority().is_none();
    record.target = match parts.uri.path_and_query() {
        Some(target) if in_parts => target.as_str().to_owned(),
        _ => parts.uri.to_string(),
    };
    record.version = match parts.version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/1.1",
    }
    .into();
    record.number = number;
    record.referer = text(http::header::REFERER);
    record.user_agent = text(http::header::USER_AGENT);
}

/// The usual ones need no space.
fn method_name(method: &Method) -> Cow<'static, str> {
    match *method {
        Method::GET => Cow::Borrowed("GET"),
        Method::HEAD => Cow::Borrowed("HEAD"),
        Method::POST => Cow::Borrowed("POST"),
        ref other => Cow::Owned(other.as_str().to_owned()),
    }
}
