//! The client: what is sent again, where redirects lead, whose cookies go along.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use plumb_evidence::Observation;
use plumb_evidence::evidence::Scheme;
use plumb_sys::options::Effective;
use plumb_wire::http::Head;
use plumb_wire::http::cookie::Cause;
use tokio::time::Instant;
use url::Url;

use super::auth::DigestState;
use super::dial::{Dialler, Origin, is_handed_over, proxy_for};
use super::exchange::{Exchange, Link, Pool};
use super::jar::{self, is_same_site};
use super::request::is_safe;
use super::{
    Auth, Config, Decision, Failure, Message, Request, Response, ResponseHead, redirect, retry,
};
use crate::proxy::Proxy;
use crate::trust::LazyStore;
use crate::{Deadline, Recorder, Scope, credentials};

/// Bytes of a body that nobody wants which are read to keep the connection:
/// more costs longer than a new one.
const DRAIN_BYTES_MAX: u64 = 256 << 10;

/// How often one request may be answered with 401 before that is the answer:
/// once for the first nonce, once for a stale one.
const CHALLENGES_MAX: u32 = 2;

/// What happens on the way to a response.
#[derive(Debug)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields say what their variant does")]
pub enum Told<'a> {
    /// A request goes out as the exchange with this number.
    Request { hop: u16, message: &'a Message, request: &'a Request },
    /// A connection was opened for it; what the kernel says of its options.
    Connected { hop: u16, connection: u32, options: Vec<Effective> },
    /// It goes over a connection that was there already.
    Reused { hop: u16, connection: u32, saved: Duration },
    /// A response of 1xx came before the final one.
    Interim { hop: u16, status: u16 },
    /// The head of a response that is not the last.
    Passed { hop: u16, head: &'a ResponseHead },
    /// A response led elsewhere; the method changes where the two differ.
    Redirect {
        status: u16,
        from: &'a Url,
        to: String,
        method: String,
        method_after: String,
        why_not: Option<&'static str>,
    },
    /// The same is tried again after this wait.
    Retry { attempt: u32, wait: Duration, why: String },
    /// What became of a cookie.
    Cookie(&'a Decision),
    /// What a person would want to know.
    Remark(String),
}

/// A client. Connections, cookies and digest challenges are shared by all its
/// requests.
pub struct Client {
    config: Config,
    scope: Scope,
    pool: Arc<Pool>,
    store: OnceLock<LazyStore>,
    hops: AtomicU16,
    digests: Mutex<HashMap<String, DigestState>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("config", &self.config).finish_non_exhaustive()
    }
}

/// One request on its way.
struct Journey<'t> {
    request: Request,
    auth: Option<Auth>,
    /// Another site led here.
    cross_site: bool,
    first: Url,
    visited: Vec<(String, Url)>,
    attempt: u32,
    challenges: u32,
    told: &'t mut (dyn FnMut(Told<'_>) + 't),
}

impl Client {
    /// A client that records what it sees in a stream of events of its own.
    pub fn new(config: Config) -> Client {
        Client::recording(config, Recorder::new())
    }

    /// A client that records what it sees here.
    pub fn recording(config: Config, recorder: Recorder) -> Client {
        let scope = Scope::new(recorder, Arc::clone(&config.network));
        Client {
            config,
            scope,
            pool: Arc::default(),
            store: OnceLock::new(),
            hops: AtomicU16::new(0),
            digests: Mutex::default(),
        }
    }

    /// What was seen so far.
    pub fn recorder(&self) -> &Recorder {
        &self.scope.recorder
    }

    /// Sends a request: the response with its head read.
    pub async fn send(&self, request: Request) -> Result<Response, Failure> {
        self.fetch(request, None, &mut |_| {}).await
    }

    /// The same with credentials, told of what happens on the way.
    pub async fn fetch(
        &self,
        request: Request,
        auth: Option<Auth>,
        told: &mut dyn FnMut(Told<'_>),
    ) -> Result<Response, Failure> {
        let first = request.url.clone();
        let visited = vec![(request.method.clone(), first.clone())];
        let journey = Journey {
            request,
            auth,
            cross_site: false,
            first,
            visited,
            attempt: 1,
            challenges: 0,
            told,
        };
        match self.config.total_timeout {
            None => self.go(journey).await,
            Some(limit) => match Deadline::after(limit).run(self.go(journey)).await {
                Ok(result) => result,
                Err(_) => Err(Failure::OutOfTime { limit_ms: limit.as_millis() }),
            },
        }
    }

    /// The request as it would be sent first, with cookies and credentials; of
    /// each cookie it is told whether it goes along.
    pub fn preview(
        &self,
        request: &Request,
        auth: Option<&Auth>,
        told: &mut dyn FnMut(Told<'_>),
    ) -> Message {
        let mut journey = Journey {
            request: request.clone(),
            auth: auth.cloned(),
            cross_site: false,
            first: request.url.clone(),
            visited: Vec::new(),
            attempt: 1,
            challenges: 0,
            told,
        };
        let request = self.dressed(&mut journey);
        let proxy = proxy_for(&self.config, &request.url);
        let mut message = request.message();
        message.absolute = proxy.is_some_and(|proxy| is_handed_over(proxy, &request.url));
        message
    }

    async fn go(&self, mut journey: Journey<'_>) -> Result<Response, Failure> {
        loop {
            let request = self.dressed(&mut journey);
            let result = self.once(&request, &mut journey).await;
            if let Some(wait) = self.again(&request, &result, &mut journey) {
                if let Ok(mut response) = result {
                    self.pass(&mut response, &mut journey).await;
                }
                tokio::time::sleep(wait).await;
                continue;
            }
            let mut response = result?;
            self.keep_cookies(&response, &mut journey);
            if self.is_to_answer(&response, &mut journey) {
                self.pass(&mut response, &mut journey).await;
                continue;
            }
            if redirect::leads_on(response.status())
                && self.config.redirects_max.is_some()
                && self.follow(&response, &mut journey)?
            {
                self.pass(&mut response, &mut journey).await;
                continue;
            }
            return Ok(response);
        }
    }

    /// Lets a response go that is not the last.
    async fn pass(&self, response: &mut Response, journey: &mut Journey<'_>) {
        (journey.told)(Told::Passed { hop: response.hop, head: &response.head });
        response.drain(DRAIN_BYTES_MAX).await;
    }

    /// The request with cookies and credentials.
    fn dressed(&self, journey: &mut Journey<'_>) -> Request {
        let mut request = journey.request.clone();
        if !request.headers.contains("cookie") {
            let cause =
                Cause { cross_site: journey.cross_site, safe_method: is_safe(&request.method) };
            let (field, decisions) =
                self.jar().along(&request.url, cause, plumb_sys::clock::unix_s());
            for decision in &decisions {
                (journey.told)(Told::Cookie(decision));
            }
            if let Some(field) = field {
                request.headers.append("Cookie", field);
            }
        }
        if let Some(proxy) = proxy_for(&self.config, &request.url)
            && is_handed_over(proxy, &request.url)
            && let Some(value) = Proxy::new(proxy.url.clone()).authorization()
        {
            request.headers.append("Proxy-Authorization", value.as_bytes());
        }
        let unset = request.without.iter().any(|name| name.eq_ignore_ascii_case("authorization"));
        if request.headers.contains("authorization") || unset {
            return request;
        }
        let at_once = journey.auth.as_ref().and_then(Auth::at_once);
        if let Some(value) = at_once.or_else(|| self.digest(&request, journey.auth.as_ref())) {
            request.headers.append("Authorization", value);
        }
        request
    }

    /// A digest for a server that has asked for one before.
    fn digest(&self, request: &Request, auth: Option<&Auth>) -> Option<String> {
        let Some(Auth::Digest(pair)) = auth else { return None };
        let mut digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        let state = digests.get_mut(&request.url.origin().ascii_serialization())?;
        Some(state.answer(pair, &request.method, &request.message().target(), &random_hex()?))
    }

    /// Sends once, over a connection that waits or a new one.
    async fn once(
        &self,
        request: &Request,
        journey: &mut Journey<'_>,
    ) -> Result<Response, Failure> {
        let hop = self.hops.fetch_add(1, Ordering::Relaxed);
        let scope = self.scope.hop(hop);
        let origin = self.origin(&request.url)?;
        let proxy = proxy_for(&self.config, &request.url);
        let mut message = request.message();
        message.absolute = proxy.is_some_and(|proxy| is_handed_over(proxy, &request.url));
        scope.record(Observation::HopBegins {
            scheme: if origin.is_tls() { Scheme::Https } else { Scheme::Http },
            host: origin.host.clone(),
            port: origin.port,
            url: Some(credentials::hidden(&request.url)),
        });
        (journey.told)(Told::Request { hop, message: &message, request });
        let exchange = Exchange {
            scope: &scope,
            hop,
            patience: self.config.timeout,
            pool: &self.pool,
            request,
            message: &message,
        };
        if let Some(link) = self.pool.take(&origin).await {
            let (connection, saved) = (link.about.connection, link.about.setup);
            (journey.told)(Told::Reused { hop, connection, saved });
            match exchange.run(link).await {
                // The server ended it while it waited: RFC 9112 section 9.3.1.
                Err(Failure::NoResponse { .. }) if request.is_repeatable() => {}
                other => return other.map(|seen| interim(seen, hop, journey)),
            }
        }
        let link = self.dial(&scope, &origin, request, journey).await?;
        let run = exchange.run(link).await;
        run.map(|seen| interim(seen, hop, journey))
    }

    async fn dial(
        &self,
        scope: &Scope,
        origin: &Origin,
        request: &Request,
        journey: &mut Journey<'_>,
    ) -> Result<Link, Failure> {
        let began = Instant::now();
        let proxy = proxy_for(&self.config, &request.url);
        // A certificate of ours was meant for whom the user named.
        let is_named = request.url.origin() == journey.first.origin();
        let dialler = Dialler { config: &self.config, store: &self.store, scope, is_named };
        let way = dialler.open(origin, proxy).await?;
        if let Some(untrusted) = &way.untrusted {
            (journey.told)(Told::Remark(untrusted.clone()));
        }
        let socket = &way.connection.watch.socket;
        (journey.told)(Told::Connected {
            hop: scope.hop,
            connection: way.connection.id,
            options: self.config.network.socket.effective(&**socket),
        });
        let opened = Link::open(way, origin.clone(), began.elapsed(), &self.config).await;
        opened.map_err(|no| Failure::NoResponse { place: origin.place(), why: format!("{no:?}") })
    }

    fn origin(&self, url: &Url) -> Result<Origin, Failure> {
        let what = credentials::hidden(url);
        let wrong = |why: &str| Failure::Unsendable { what: what.clone(), why: why.to_owned() };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("only http and https are spoken here"));
        }
        let host = url.host_str().ok_or_else(|| wrong("it has no host"))?.to_owned();
        let port = url.port_or_known_default().ok_or_else(|| wrong("it has no port"))?;
        let proxy = proxy_for(&self.config, url).map(|proxy| proxy.url.to_string());
        Ok(Origin { scheme: url.scheme().to_owned(), host, port, proxy })
    }

    /// How long to wait before the same is tried again, if it is.
    fn again(
        &self,
        request: &Request,
        result: &Result<Response, Failure>,
        journey: &mut Journey<'_>,
    ) -> Option<Duration> {
        if journey.attempt >= self.config.retry.tries || !request.body.is_repeatable() {
            return None;
        }
        let may_repeat = self.config.retry_all || request.is_repeatable();
        let (why, asked) = match result {
            Err(failure) if failure.may_pass() && (may_repeat || failure.is_before_request()) => {
                (failure.to_string(), None)
            }
            Ok(response) if may_repeat && retry::may_pass(response.status()) => {
                let now = plumb_sys::clock::unix_s();
                let asked =
                    response.header("retry-after").and_then(|value| retry::after(&value, now));
                (format!("{} {}", response.status(), response.head.reason), asked)
            }
            _ => return None,
        };
        let wait = asked.unwrap_or_else(|| self.config.retry.wait(journey.attempt));
        if wait > self.config.retry_after_max {
            let text = format!("the server asks to wait for {} s: not tried again", wait.as_secs());
            (journey.told)(Told::Remark(text));
            return None;
        }
        (journey.told)(Told::Retry { attempt: journey.attempt, wait, why });
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.scope.record(Observation::Retry { attempt: journey.attempt, wait_ms });
        journey.attempt += 1;
        Some(wait)
    }

    fn keep_cookies(&self, response: &Response, journey: &mut Journey<'_>) {
        let now = plumb_sys::clock::unix_s();
        for line in response.head.headers.all("set-cookie") {
            let decision = self.jar().take(line, &response.url, now);
            (journey.told)(Told::Cookie(&decision));
        }
    }

    /// Whether a 401 asks for a digest that can be given.
    fn is_to_answer(&self, response: &Response, journey: &mut Journey<'_>) -> bool {
        let Some(Auth::Digest(_)) = &journey.auth else { return false };
        if response.status() != 401 || !journey.request.body.is_repeatable() {
            return false;
        }
        let Some((state, stale)) = DigestState::from(&response.head.headers) else { return false };
        let origin = journey.request.url.origin().ascii_serialization();
        let mut digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        let known = digests.insert(origin, state).is_some();
        journey.challenges += 1;
        // A second refusal of a fresh answer is the answer.
        journey.challenges <= CHALLENGES_MAX && (!known || stale || journey.challenges == 1)
    }

    /// Goes where a redirect leads; false where it does not lead on.
    fn follow(&self, response: &Response, journey: &mut Journey<'_>) -> Result<bool, Failure> {
        let (status, from) = (response.status(), response.url.clone());
        let Some(place) = response.header("location") else {
            (journey.told)(Told::Remark(format!("{status} without Location leads nowhere")));
            return Ok(false);
        };
        let method = journey.request.method.clone();
        let method_after = redirect::method_after(status, &method).to_owned();
        let to = from.join(&place);
        let max = usize::from(self.config.redirects_max.unwrap_or(0));
        let why_not = match &to {
            Err(_) => Some("it leads to no URL"),
            Ok(to) if !matches!(to.scheme(), "http" | "https") => Some("it leads away from HTTP"),
            Ok(to)
                if journey.visited.contains(&(method_after.clone(), to.clone()))
                    && !self.has_cookies() =>
            {
                Some("a loop")
            }
            Ok(_) if journey.visited.len() > max => Some("too many redirects"),
            Ok(_) if method_after == method && !journey.request.body.is_repeatable() => {
                Some("the body was a stream and cannot be sent again")
            }
            Ok(_) => None,
        };
        let shown = to.as_ref().map_or(place, credentials::hidden);
        self.scope.hop(response.hop).record(Observation::Redirect {
            from: credentials::hidden(&from),
            to: shown.clone(),
            status,
            followed: why_not.is_none(),
            why_not: why_not.map(str::to_owned),
        });
        (journey.told)(Told::Redirect {
            status,
            from: &from,
            to: shown,
            method,
            method_after: method_after.clone(),
            why_not,
        });
        let (Ok(to), None) = (to, why_not) else { return Ok(false) };
        journey.turn(&from, to, method_after);
        Ok(true)
    }

    fn has_cookies(&self) -> bool {
        !self.jar().cookies().is_empty()
    }

    /// The cookies.
    pub fn jar(&self) -> MutexGuard<'_, jar::Jar> {
        self.config.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journey<'_> {
    /// Makes the request that follows a redirect.
    fn turn(&mut self, from: &Url, mut to: Url, method: String) {
        if method != self.request.method {
            self.request.method = method;
            self.request.body = super::Payload::empty();
            for name in redirect::OF_BODY {
                self.request.headers.remove(name);
            }
        }
        if to.fragment().is_none() {
            to.set_fragment(from.fragment());
        }
        if to.origin() != from.origin() {
            for name in redirect::OF_ORIGIN {
                self.request.headers.remove(name);
            }
            self.auth = None;
        }
        // Credentials of a Location are for the server it leads to.
        if let Some(pair) = credentials::take(&mut to) {
            self.auth.get_or_insert(Auth::Basic(pair));
        }
        self.cross_site |= !is_same_site(from, &to);
        self.challenges = 0;
        self.attempt = 1;
        self.visited.push((self.request.method.clone(), to.clone()));
        self.request.url = to;
    }
}

/// Tells of interim responses.
fn interim(
    (heads, response): (Vec<Head>, Response),
    hop: u16,
    journey: &mut Journey<'_>,
) -> Response {
    for head in heads {
        let status = head.status().unwrap_or(0);
        (journey.told)(Told::Interim { hop, status });
    }
    response
}

fn random_hex() -> Option<String> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(plumb_wire::hexadecimal(&bytes))
}
