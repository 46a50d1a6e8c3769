//! One request and the head of its response, on a connection of either version.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plumb_evidence::Observation;
use plumb_evidence::observation::{HttpError, HttpRequest, HttpResponse, PhaseName};
use plumb_wire::http::{Head, response};
use tokio::time::Instant;

use super::dial::{Origin, Way};
use super::h1::{Broken, H1, NoHead};
use super::h2::{H2, No};
use super::response::Response;
use super::{Config, Failure, Headers, Message, Request, ResponseHead};
use crate::connection::{Ended, Watch};
use crate::handshake::{alert_name, alert_words, tls_error};
use crate::redact::Secrets;
use crate::{Deadline, Scope, credentials};

/// Connections that are kept for another request; a command seldom speaks to
/// more servers at once.
const IDLE_MAX: usize = 16;

/// A connection with what is known of it.
pub(crate) struct Link {
    pub(crate) kind: Kind,
    pub(crate) about: About,
}

pub(crate) enum Kind {
    H1(H1),
    H2(H2),
}

/// What is known of a connection.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) connection: u32,
    pub(crate) origin: Origin,
    pub(crate) watch: Watch,
    /// How long names, TCP and TLS took: what using it again saves.
    pub(crate) setup: Duration,
    /// It has carried a response before.
    pub(crate) used: bool,
}

impl Link {
    pub(crate) async fn open(
        way: Way,
        origin: Origin,
        setup: Duration,
        config: &Config,
    ) -> Result<Link, NoHead> {
        let connection = way.connection;
        let about = About {
            connection: connection.id,
            origin,
            watch: connection.watch,
            setup,
            used: false,
        };
        let stream = match &config.tap {
            Some(tap) => Box::new(tap.on(connection.id, connection.stream)),
            None => connection.stream,
        };
        let kind = match way.is_h2 {
            true => Kind::H2(H2::open(stream).await?),
            false => Kind::H1(H1::new(stream)),
        };
        Ok(Link { kind, about })
    }

    pub(crate) async fn data(&mut self) -> Result<Option<&[u8]>, Broken> {
        match &mut self.kind {
            Kind::H1(h1) => h1.data().await,
            Kind::H2(h2) => h2.data().await,
        }
    }

    /// What [`Link::data`] gave last.
    pub(crate) fn last(&self) -> &[u8] {
        match &self.kind {
            Kind::H1(h1) => h1.last(),
            Kind::H2(h2) => h2.last(),
        }
    }

    const fn version(&self) -> &'static str {
        match self.kind {
            Kind::H1(_) => "HTTP/1.1",
            Kind::H2(_) => "HTTP/2",
        }
    }

    /// Whether the peer still holds it open, as far as can be seen at once.
    async fn is_alive(&mut self) -> bool {
        match &mut self.kind {
            Kind::H1(h1) => h1.after_end().await == (0, false),
            Kind::H2(h2) => h2.is_open(),
        }
    }
}

/// Connections that wait for another request.
#[derive(Default)]
pub(crate) struct Pool(Mutex<Vec<Link>>);

impl Pool {
    pub(crate) fn put(&self, mut link: Link) {
        link.about.used = true;
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() >= IDLE_MAX {
            idle.remove(0);
        }
        idle.push(link);
    }

    /// One that leads there and still lives.
    pub(crate) async fn take(&self, origin: &Origin) -> Option<Link> {
        loop {
            let taken = {
                let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let at = idle.iter().rposition(|link| link.about.origin == *origin)?;
                Some(idle.swap_remove(at))
            };
            if let Some(mut link) = taken
                && link.is_alive().await
            {
                return Some(link);
            }
        }
    }
}

/// Sends `request` over `link` and reads the head of the response. Records
/// `HttpRequest`, `HttpResponse` or `HttpFailure`, and the phases `request` and
/// `wait`.
pub(crate) struct Exchange<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) hop: u16,
    pub(crate) patience: Duration,
    pub(crate) pool: &'a Arc<Pool>,
    pub(crate) request: &'a Request,
    pub(crate) message: &'a Message,
}

impl Exchange<'_> {
    /// The response, and the interim ones before it.
    pub(crate) async fn run(&self, mut link: Link) -> Result<(Vec<Head>, Response), Failure> {
        let began = Instant::now();
        let secrets = Secrets::among(self.message.headers.iter());
        let watch = link.about.watch.clone();
        // The peer may be slow to take a body: as long as something moves, it
        // is waited for.
        let head = self.head(&mut link, &watch).await;
        let sent_at = match &link.kind {
            Kind::H1(h1) => h1.sent_at,
            Kind::H2(h2) => h2.sent_at,
        };
        let sent_ns = self.record_request(&link, &secrets, began, sent_at);
        let (interim, head) = match head {
            Ok(read) => read,
            Err(no) => return Err(self.failed(&link, no, sent_ns, sent_at.is_some())),
        };
        let first_at = match &link.kind {
            Kind::H1(h1) => h1.first_at.unwrap_or_else(Instant::now),
            Kind::H2(_) => Instant::now(),
        };
        let start_ns = self.scope.ns_of(first_at).max(sent_ns);
        self.scope.phase_between(PhaseName::Wait, sent_ns, start_ns, true);
        self.scope.record(Observation::HttpResponse(HttpResponse {
            connection: link.about.connection,
            version: head.version.clone(),
            status: head.status,
            headers: secrets.fields(head.headers.iter()),
            start_ns: sent_ns,
            duration_ns: start_ns.saturating_sub(sent_ns),
            tcp: watch.tcp_info(),
        }));
        let response = self.begin_body(link, head, secrets, began, start_ns, first_at)?;
        Ok((interim, response))
    }

    async fn head(
        &self,
        link: &mut Link,
        watch: &Watch,
    ) -> Result<(Vec<Head>, ResponseHead), Wrong> {
        let mut payload = self.request.body.open();
        let has_body = !self.request.body.is_empty();
        match &mut link.kind {
            Kind::H1(h1) => {
                let expect = self.request.expect.filter(|_| has_body);
                let chunked = self.message.is_chunked();
                let sending = h1.send(self.message.head(), chunked, &mut payload, expect);
                self.moving(watch, PhaseName::Request, sending).await?.map_err(Wrong::Payload)?;
                let deadline = Deadline::after(self.patience);
                let reading = watch.over(self.scope, || PhaseName::Wait, deadline, h1.head());
                let (interim, head, bytes) =
                    reading.await.map_err(Wrong::of)?.map_err(Wrong::Head)?;
                Ok((interim, head_of(&head, bytes)))
            }
            Kind::H2(h2) => {
                let exchanging = h2.exchange(self.message, has_body, &mut payload);
                let answered = self.moving(watch, PhaseName::Wait, exchanging).await?;
                let head = answered.map_err(|no| match no {
                    No::Unsendable(text) => Wrong::Unsendable(text),
                    No::Payload(error) => Wrong::Payload(error),
                    No::Head(no) => Wrong::Head(no),
                })?;
                Ok((Vec::new(), head))
            }
        }
    }

    /// Waits for work as long as bytes move: each silence is at most as long
    /// as the patience.
    async fn moving<F: Future>(
        &self,
        watch: &Watch,
        phase: PhaseName,
        work: F,
    ) -> Result<F::Output, Wrong> {
        tokio::pin!(work);
        loop {
            let before = watch.traffic.passed();
            let deadline = Deadline::after(self.patience);
            match watch.over(self.scope, || phase, deadline, &mut work).await {
                Ok(done) => return Ok(done),
                Err(Ended::Stopped) => return Err(Wrong::Abandoned),
                Err(Ended::Deadline) => {
                    let after = watch.traffic.passed();
                    let moved = after.sent_bytes != before.sent_bytes
                        || after.received_bytes != before.received_bytes;
                    if !moved {
                        return Err(Wrong::TimedOut);
                    }
                }
            }
        }
    }

    fn record_request(
        &self,
        link: &Link,
        secrets: &Secrets,
        began: Instant,
        sent_at: Option<Instant>,
    ) -> u64 {
        let start_ns = self.scope.ns_of(began);
        let sent_ns = self.scope.ns_of(sent_at.unwrap_or_else(Instant::now));
        let headers = match link.kind {
            Kind::H1(_) => self.message.headers.clone(),
            Kind::H2(_) => self.message.headers.of_h2(),
        };
        self.scope.record(Observation::HttpRequest(HttpRequest {
            connection: link.about.connection,
            method: self.message.method.clone(),
            url: credentials::hidden(&self.message.url),
            version: link.version().to_owned(),
            headers: secrets.fields(headers.iter()),
            body_bytes: self.request.body.size_bytes().unwrap_or(0),
            start_ns,
            duration_ns: sent_ns.saturating_sub(start_ns),
        }));
        self.scope.phase_between(PhaseName::Request, start_ns, sent_ns, sent_at.is_some());
        sent_ns
    }

    fn failed(&self, link: &Link, wrong: Wrong, sent_ns: u64, sent: bool) -> Failure {
        let place = link.about.origin.place();
        let during = if sent { PhaseName::Wait } else { PhaseName::Request };
        if sent {
            self.scope.phase(PhaseName::Wait, sent_ns, false);
        }
        let reset = link.about.watch.traffic.passed().broken;
        let (error, failure) = wrong.told(place, reset, self.patience);
        if let Some(error) = error {
            let (connection, text) = (link.about.connection, failure.to_string());
            self.scope.record(Observation::HttpFailure { connection, during, error, text });
        }
        failure
    }

    fn begin_body(
        &self,
        mut link: Link,
        head: ResponseHead,
        secrets: Secrets,
        began: Instant,
        start_ns: u64,
        first_at: Instant,
    ) -> Result<Response, Failure> {
        let (mut reusable, mut remarks) = (true, Vec::new());
        let declared_bytes = match &mut link.kind {
            Kind::H1(h1) => {
                let read = Head::read(&head.bytes).ok().flatten().map(|(head, _)| head);
                let found =
                    response::framing(&read.unwrap_or_default(), self.message.method.as_bytes());
                let found = match found {
                    Ok(found) => found,
                    Err(ambiguous) => {
                        let wrong = Wrong::Head(NoHead::Malformed(ambiguous.to_string()));
                        return Err(self.failed(&link, wrong, start_ns, true));
                    }
                };
                h1.begin_body(found.framing);
                reusable = found.reusable && !self.message.asks_to_close();
                remarks = found.remarks;
                found.declared_bytes
            }
            Kind::H2(_) => {
                let length = head.headers.get("content-length");
                length.and_then(|length| length.trim().parse().ok())
            }
        };
        Ok(Response {
            head,
            url: self.message.url.clone(),
            hop: self.hop,
            declared_bytes,
            remarks,
            link: Some(link),
            pool: Arc::clone(self.pool),
            scope: self.scope.clone(),
            secrets,
            patience: self.patience,
            reusable,
            received_bytes: 0,
            first_bytes: Vec::new(),
            start_ns,
            wait: first_at.saturating_duration_since(began),
            began,
            finished: None,
        })
    }
}

/// Why there is no head.
enum Wrong {
    TimedOut,
    Abandoned,
    Payload(std::io::Error),
    Unsendable(String),
    Head(NoHead),
}

impl Wrong {
    fn of(ended: Ended) -> Wrong {
        match ended {
            Ended::Deadline => Wrong::TimedOut,
            Ended::Stopped => Wrong::Abandoned,
        }
    }

    /// As evidence names it, and in words.
    fn told(self, place: String, reset: bool, patience: Duration) -> (Option<HttpError>, Failure) {
        let none =
            |error, why: String| (Some(error), Failure::NoResponse { place: place.clone(), why });
        match self {
            Wrong::Payload(error) => (None, Failure::Payload { why: error.to_string() }),
            Wrong::Unsendable(why) => {
                (None, Failure::Unsendable { what: "the request".into(), why })
            }
            Wrong::TimedOut => none(
                HttpError::TimedOut,
                format!("nothing came within {} ms", patience.as_millis()),
            ),
            Wrong::Abandoned => none(HttpError::Abandoned, "interrupted".into()),
            Wrong::Head(NoHead::Empty) if reset => {
                none(HttpError::Reset, "the connection was reset".into())
            }
            Wrong::Head(NoHead::Empty) => {
                let why = "the server closed the connection without a word".to_owned();
                none(HttpError::EmptyReply, why)
            }
            Wrong::Head(NoHead::Io(error)) => match tls_error(&error) {
                Some(rustls::Error::AlertReceived(description)) => {
                    let code = u8::from(*description);
                    let name = alert_name(code);
                    let why = alert_words(&error).unwrap_or_default();
                    none(HttpError::Alert { code, name }, why)
                }
                _ if error.kind() == std::io::ErrorKind::ConnectionReset => {
                    none(HttpError::Reset, "the connection was reset".into())
                }
                _ if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                    none(HttpError::EmptyReply, "the connection ended without a word".into())
                }
                _ => none(HttpError::Protocol { text: error.to_string() }, error.to_string()),
            },
            Wrong::Head(NoHead::Cut) => {
                let why = "the response ended in its head".to_owned();
                (Some(HttpError::Protocol { text: why.clone() }), Failure::Malformed { place, why })
            }
            Wrong::Head(NoHead::NotHttp(first_bytes)) => {
                let shown =
                    String::from_utf8_lossy(&first_bytes[..first_bytes.len().min(40)]).into_owned();
                let why = format!("it is not HTTP: {shown:?}");
                (Some(HttpError::NotHttp { first_bytes }), Failure::Malformed { place, why })
            }
            Wrong::Head(NoHead::Malformed(text)) => {
                let why = text.clone();
                (Some(HttpError::Protocol { text }), Failure::Malformed { place, why })
            }
        }
    }
}

fn head_of(head: &Head, bytes: Vec<u8>) -> ResponseHead {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = head.headers.iter().filter(|line| !line.name.is_empty());
    let headers: Headers = fields.map(|line| (text(&line.name), line.value.clone())).collect();
    ResponseHead {
        version: text(&head.start.first),
        status: head.status().unwrap_or(0),
        reason: text(&head.start.third),
        headers,
        bytes,
    }
}
