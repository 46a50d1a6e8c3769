//! The lab's site: by the name that the client asks for, and with the faults
//! that were switched on.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;

use super::asked::Asked;
use super::behaviour::{RedirectFault, SiteBehaviour};
use super::body::{Broken, SiteBody};
use super::encoding;
use super::message::{About, BodyError, Handler, RequestBody, ResponseBody};
use super::reply::{Content, Reply};
use super::route::{self, Shelf};
use super::web::{Web, WebOptions};
use crate::Switch;
use crate::core::{Context, Io, Refusal, Service};
use crate::tls::CertificateAuthority;

/// The largest request body: it is echoed, so it stands in memory.
const BODY_BYTES_MAX: u64 = 1024 * 1024;

/// The site.
#[derive(Debug, Clone)]
pub struct Site(Web<Pages>);

/// What the site has to show.
#[derive(Debug, Clone)]
struct Pages {
    behaviour: Switch<SiteBehaviour>,
    shelf: Arc<Shelf>,
}

impl Site {
    /// A site that behaves as `behaviour` says.
    pub fn new(behaviour: Switch<SiteBehaviour>) -> Self {
        Site::of(Pages { behaviour, shelf: Arc::default() })
    }

    fn of(pages: Pages) -> Self {
        Site(Web::new(pages, WebOptions::default()))
    }

    /// With the certificates of `authority` at ca.example.com.
    pub fn with_authority(self, authority: &CertificateAuthority) -> Self {
        let shelf = Shelf {
            root_pem: Some(authority.root_pem()),
            intermediate_der: Some(authority.intermediate_der().to_vec()),
        };
        Site::of(Pages { shelf: Arc::new(shelf), ..self.0.handler().clone() })
    }

    /// The cell that changes how the site behaves.
    pub fn behaviour(&self) -> &Switch<SiteBehaviour> {
        &self.0.handler().behaviour
    }
}

impl Pages {
    /// The answer with all that a fault makes of it.
    async fn answer(
        &self,
        asked: &Asked,
        behaviour: &SiteBehaviour,
        about: &About,
    ) -> Response<SiteBody> {
        let cutter = &about.cutter;
        if behaviour.silent {
            cutter.say_no_more();
        }
        if behaviour.close || behaviour.reset {
            cutter.cut(behaviour.reset);
        }
        if behaviour.silent || behaviour.close || behaviour.reset {
            std::future::pending::<()>().await;
        }
        let mut reply = match faulty(asked, behaviour) {
            Some(reply) => reply,
            None => route::answer(asked, &self.shelf),
        };
        if behaviour.corrupt_gzip {
            reply = encoding::corrupt(reply);
        }
        let wait = reply.delay + behaviour.delay.unwrap_or_default();
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let whole = match &reply.content {
            Content::Whole(bytes) => Some(bytes.clone()),
            Content::Parts { .. } => None,
        };
        let mut response = reply.into_response();
        let broken = behaviour.truncate_body || behaviour.stall_body;
        if let (true, Some(whole)) = (broken, whole) {
            // A connection that stalls is held no longer than one that is idle.
            let stall = behaviour.stall_body.then_some(about.limits.idle);
            *response.body_mut() = Broken::body(&whole, Arc::clone(cutter), stall);
        }
        response
    }
}

impl Handler for Pages {
    async fn handle(&self, request: Request<RequestBody>, about: &About) -> Response<ResponseBody> {
        let behaviour = self.behaviour.get();
        let (parts, body) = request.into_parts();
        let response = match read_body(body).await {
            Ok(body) => self.answer(&Asked::new(parts, body, about), &behaviour, about).await,
            Err(refused) => refused,
        };
        response.map(|body| ResponseBody::stream(body.map_err(|never| match never {})))
    }
}

impl Service for Site {
    async fn serve<S: Io>(&self, stream: S, context: Context) -> io::Result<()> {
        self.0.serve(stream, context).await
    }

    fn farewell(&self, refusal: &Refusal) -> Option<Vec<u8>> {
        self.0.farewell(refusal)
    }
}

/// What a fault answers instead of the page.
fn faulty(asked: &Asked, behaviour: &SiteBehaviour) -> Option<Reply> {
    if let Some(status) = behaviour.status {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return Some(Reply::error(status, "The server is not well."));
    }
    let to = match behaviour.redirect.as_ref()? {
        RedirectFault::LoopSelf => asked.url(),
        RedirectFault::To(url) => url.clone(),
    };
    Some(Reply::redirect(StatusCode::FOUND, &to))
}

fn refusal(status: StatusCode, why: &str) -> Response<SiteBody> {
    let mut response = Reply::error(status, why).into_response();
    // What follows on the connection cannot be trusted to be the next request.
    // (HTTP/2 has no such header, and hyper drops it there.)
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(http::header::CONNECTION, close);
    response
}

async fn read_body(body: RequestBody) -> Result<Bytes, Response<SiteBody>> {
    body.collect_up_to(BODY_BYTES_MAX).await.map_err(|error| match error {
        BodyError::TooLarge { .. } => {
            refusal(StatusCode::PAYLOAD_TOO_LARGE, "The body is longer than 1 MiB.")
        }
        _ => refusal(StatusCode::BAD_REQUEST, "The body could not be read."),
    })
}
