//! A response whose body is still to be read.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use plumb_evidence::Observation;
use plumb_evidence::observation::{BodyEnd, HttpBody, PhaseName};
use tokio::time::Instant;
use url::Url;

use super::exchange::{Kind, Link, Pool};
use super::h1::Broken;
use super::{BodyFailure, ResponseHead};
use crate::Scope;
use crate::decode::{self, Decoder};
use crate::redact::Secrets;

/// First bytes of a body that evidence keeps.
const FIRST_BYTES_MAX: usize = 256;

/// A response. Its body is read by [`Response::data`], [`Response::copy_to`]
/// or [`Response::bytes`]; a whole body makes the connection free again.
pub struct Response {
    /// Status and header.
    pub head: ResponseHead,
    /// Where it came from.
    pub url: Url,
    /// Which exchange of this client it was, from 0.
    pub hop: u16,
    /// Content-Length, if there is one.
    pub declared_bytes: Option<u64>,
    /// What was odd about the response, in words; complete when the body is.
    pub remarks: Vec<String>,
    pub(super) link: Option<Link>,
    pub(super) pool: Arc<Pool>,
    pub(super) scope: Scope,
    pub(super) secrets: Secrets,
    /// How long nothing may come.
    pub(super) patience: Duration,
    pub(super) reusable: bool,
    pub(super) received_bytes: u64,
    pub(super) first_bytes: Vec<u8>,
    pub(super) start_ns: u64,
    /// From the request's first byte to the response's.
    pub(super) wait: Duration,
    pub(super) began: Instant,
    pub(super) finished: Option<Finished>,
}

/// What the body was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// As it came, out of its framing.
    pub received_bytes: u64,
    /// After content encodings were undone; `None` where they were not.
    pub decoded_bytes: Option<u64>,
    /// From the first byte of the request to the last of the body.
    pub duration: Duration,
}

impl Response {
    /// The status, as a number.
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// The value of the first header of this name.
    pub fn header(&self, name: &str) -> Option<String> {
        self.head.headers.get(name)
    }

    /// From the first byte of the request to the first of the response.
    pub fn wait(&self) -> Duration {
        self.wait
    }

    /// Since the request began.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// A text of the response with the secrets of the request replaced, which
    /// a server may repeat.
    pub fn without_secrets(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.secrets.out_of(text.as_bytes())).into_owned()
    }

    /// What the body was, once it has been read.
    pub fn finished(&self) -> Option<&Finished> {
        self.finished.as_ref()
    }

    /// Bytes of the body so far.
    pub fn received_bytes(&self) -> u64 {
        self.received_bytes
    }

    /// The next bytes of the body as they came; `None` at its end.
    pub async fn data(&mut self) -> Result<Option<&[u8]>, BodyFailure> {
        let Some(link) = self.link.as_mut() else { return Ok(None) };
        let (received, declared) = (self.received_bytes, self.declared_bytes);
        let next = tokio::time::timeout(self.patience, link.data()).await;
        let failure = match next {
            Ok(Ok(Some(data))) => {
                self.received_bytes += data.len() as u64;
                if self.first_bytes.len() < FIRST_BYTES_MAX {
                    let room = FIRST_BYTES_MAX - self.first_bytes.len();
                    self.first_bytes.extend_from_slice(&data[..data.len().min(room)]);
                }
                // Asked again for the borrow checker's sake: it costs nothing.
                let link = self.link.as_ref();
                return Ok(link.map(Link::last));
            }
            Ok(Ok(None)) => {
                self.finish(None, Some(received)).await;
                return Ok(None);
            }
            Ok(Err(Broken::Short)) => {
                BodyFailure::Short { received_bytes: received, declared_bytes: declared }
            }
            Ok(Err(Broken::Io(error))) if error.kind() == io::ErrorKind::ConnectionReset => {
                BodyFailure::Reset { received_bytes: received, declared_bytes: declared }
            }
            Ok(Err(Broken::Io(error))) => {
                BodyFailure::Malformed { received_bytes: received, why: error.to_string() }
            }
            Ok(Err(Broken::Malformed(why))) => {
                BodyFailure::Malformed { received_bytes: received, why }
            }
            Err(_) => BodyFailure::Stalled {
                received_bytes: received,
                declared_bytes: declared,
                patience_ms: self.patience.as_millis(),
            },
        };
        self.finish(Some(&failure), None).await;
        Err(failure)
    }

    /// Writes the body to `out` as it comes, its content encodings undone if
    /// `decode` says so.
    pub async fn copy_to(&mut self, out: &mut dyn Write, decode: bool) -> Result<(), BodyFailure> {
        let encodings = self.header("content-encoding").filter(|_| decode).unwrap_or_default();
        let names = match decode::names(&encodings) {
            Ok(names) => names,
            Err(unknown) => {
                self.remarks.push(unknown.to_string());
                Vec::new()
            }
        };
        let mut counted = Counted { out, bytes: 0, failed: None };
        let copied = self.copy_through(&names, &mut counted).await;
        let decoded = counted.bytes;
        match (copied, counted.failed) {
            (Err(BodyFailure::Encoding { .. }), Some(error)) => Err(BodyFailure::Write(error)),
            (Err(failure), _) => Err(failure),
            (Ok(()), _) => {
                if let Some(finished) = &mut self.finished {
                    finished.decoded_bytes = Some(decoded);
                }
                Ok(())
            }
        }
    }

    async fn copy_through(
        &mut self,
        names: &[String],
        out: &mut Counted<'_>,
    ) -> Result<(), BodyFailure> {
        let encoding = names.join(", ");
        let wrong = |error: io::Error| BodyFailure::Encoding {
            encoding: encoding.clone(),
            why: error.to_string(),
        };
        let mut chain = match chain(names, out) {
            Ok(chain) => chain,
            Err((out, unknown)) => {
                self.remarks.push(format!("{unknown}: the body is as it came"));
                Chain::Plain(out)
            }
        };
        let mut any = false;
        loop {
            let written = match self.data().await? {
                None => break,
                Some(data) => {
                    any |= !data.is_empty();
                    match &mut chain {
                        Chain::Plain(out) => out.write_all(data).map_err(BodyFailure::Write),
                        Chain::Encoded(decoder) => decoder.write_all(data).map_err(&wrong),
                    }
                }
            };
            if let Err(failure) = written {
                self.finish(Some(&failure), None).await;
                return Err(failure);
            }
        }
        match &mut chain {
            Chain::Plain(out) => out.flush().map_err(BodyFailure::Write),
            // HEAD and 304 say an encoding and have no body.
            Chain::Encoded(_) if !any => Ok(()),
            Chain::Encoded(decoder) => {
                decoder.flush().and_then(|()| decoder.finish()).map_err(wrong)
            }
        }
    }

    /// The whole body, its encodings undone, if it has at most so many bytes.
    pub async fn bytes(&mut self, limit_bytes: u64) -> Result<Vec<u8>, BodyFailure> {
        let mut kept = Kept { bytes: Vec::new(), limit_bytes, full: false };
        let copied = self.copy_to(&mut kept, true).await;
        if kept.full {
            Err(BodyFailure::TooLarge { limit_bytes })
        } else {
            copied.map(|()| kept.bytes)
        }
    }

    /// Reads what is left of the body, up to so many bytes, so that the
    /// connection can be used again.
    pub async fn drain(&mut self, limit_bytes: u64) {
        while self.received_bytes <= limit_bytes {
            if !matches!(self.data().await, Ok(Some(_))) {
                return;
            }
        }
        self.finish(Some(&BodyFailure::TooLarge { limit_bytes }), None).await;
    }

    /// Records what the body was, and frees the connection or ends it.
    async fn finish(&mut self, failure: Option<&BodyFailure>, decoded_bytes: Option<u64>) {
        let Some(mut link) = self.link.take() else { return };
        let whole = failure.is_none();
        let mut reusable = self.reusable && whole;
        if let Kind::H1(h1) = &mut link.kind {
            self.remarks.extend(h1.remarks().iter().map(|&remark| remark.to_owned()));
            if h1.unannounced_end {
                self.remarks.push(
                    "the connection ended without TLS saying so: the body may be cut".to_owned(),
                );
            }
            if whole && reusable {
                let (extra, closed) = h1.after_end().await;
                if extra > 0 {
                    self.remarks.push(format!("{extra} bytes follow the end of the response"));
                }
                reusable = extra == 0 && !closed;
            }
            reusable &= !h1.cut_short;
        }
        let encoding = self.header("content-encoding").filter(|encoding| encoding != "identity");
        let now_ns = self.scope.elapsed_ns();
        self.scope.record(Observation::HttpBody(HttpBody {
            connection: link.about.connection,
            received_bytes: self.received_bytes,
            declared_bytes: self.declared_bytes,
            decoded_bytes: decoded_bytes.filter(|_| encoding.is_none()),
            ended: failure.map_or(BodyEnd::Complete, BodyFailure::end),
            encoding,
            encoding_error: match failure {
                Some(BodyFailure::Encoding { why, .. }) => Some(why.clone()),
                _ => None,
            },
            start_ns: self.start_ns,
            duration_ns: now_ns.saturating_sub(self.start_ns),
            first_bytes: self.secrets.first(&self.first_bytes, FIRST_BYTES_MAX),
        }));
        self.scope.phase(PhaseName::Response, self.start_ns, whole);
        self.finished = Some(Finished {
            received_bytes: self.received_bytes,
            decoded_bytes,
            duration: self.began.elapsed(),
        });
        if reusable {
            self.pool.put(link);
        }
    }
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.head.status)
            .field("url", &self.url.as_str())
            .finish_non_exhaustive()
    }
}

enum Chain<'a, 'b> {
    Plain(&'a mut Counted<'b>),
    Encoded(Box<dyn Layer + 'a>),
}

/// A decoder whose sink may be another.
trait Layer: Write {
    fn finish(&mut self) -> io::Result<()>;
}

impl Layer for Counted<'_> {
    fn finish(&mut self) -> io::Result<()> {
        self.flush()
    }
}

impl Layer for &mut Counted<'_> {
    fn finish(&mut self) -> io::Result<()> {
        self.flush()
    }
}

impl<W: Write> Layer for Decoder<W> {
    fn finish(&mut self) -> io::Result<()> {
        Decoder::finish(self)
    }
}

/// The decoders of these encodings, the last applied first undone.
fn chain<'a, 'b>(
    names: &[String],
    out: &'a mut Counted<'b>,
) -> Result<Chain<'a, 'b>, (&'a mut Counted<'b>, String)> {
    const KNOWN: [&str; 5] = ["gzip", "x-gzip", "deflate", "br", "zstd"];
    if let Some(unknown) = names.iter().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err((out, decode::Unknown(unknown.clone()).to_string()));
    }
    if names.is_empty() {
        return Ok(Chain::Plain(out));
    }
    let mut layer: Box<dyn Layer + 'a> = Box::new(out);
    for name in names {
        layer = match Decoder::of(name, layer) {
            Ok(decoder) => Box::new(decoder),
            // Every known one can be made.
            Err(_) => return Ok(Chain::Encoded(Box::new(NotMade))),
        };
    }
    Ok(Chain::Encoded(layer))
}

/// Stands where a decoder could not be made.
struct NotMade;

impl Write for NotMade {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("no decoder could be made"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Layer for NotMade {
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts what is written and remembers why writing failed.
struct Counted<'a> {
    out: &'a mut dyn Write,
    bytes: u64,
    failed: Option<io::Error>,
}

impl Write for Counted<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self.out.write_all(data) {
            Ok(()) => {
                self.bytes += data.len() as u64;
                Ok(data.len())
            }
            Err(error) => {
                let shown = io::Error::new(error.kind(), error.to_string());
                self.failed = Some(error);
                Err(shown)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Bytes up to a limit.
struct Kept {
    bytes: Vec<u8>,
    limit_bytes: u64,
    full: bool,
}

impl Write for Kept {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.bytes.len() as u64 + data.len() as u64 > self.limit_bytes {
            self.full = true;
            return Err(io::Error::other("it is larger than it may be"));
        }
        self.bytes.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
