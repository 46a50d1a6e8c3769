//! A file as a response.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING,
    CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    LAST_MODIFIED, RANGE, VARY,
};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use plumb_wire::http::range::{Selected, content_range, select};
use tokio::sync::OwnedSemaphorePermit;

use super::coding::{Accepted, BY_SIZE, BY_SPEED, Coding, Compressed};
use super::found::{Found, FoundFile, Labels};
use super::kind::{compressible, content_type};
use super::page::{Trouble, trouble_of};
use super::parts::Multipart;
use super::validator::{Judged, judge, range_is_of};
use super::{Shelf, name};
use crate::http::message::ResponseBody;

/// Files up to this size are read at once and sent in one piece: as much as a
/// socket's send buffer takes without waiting.
const SMALL_BYTES_MAX: u64 = 64 * 1024;
/// Fields of an answer with those that the engine adds: one allocation, and
/// not one each time that the map has grown.
const HEADERS_USUAL: usize = 16;
/// Below this, a compressed file needs as many packets as a plain one.
const WORTH_COMPRESSING_BYTES: u64 = 1024;
/// Files up to this size are compressed as a whole, and kept so: most pages
/// and scripts. Larger ones are compressed while they are sent.
const COMPRESSED_WHOLE_BYTES_MAX: u64 = 512 * 1024;
/// Compressors at work at once: a few megabytes and much of a processor each.
/// What comes beyond is sent as it is.
pub(super) const COMPRESSORS_MAX: usize = 32;

/// Which bytes stand for the file in this answer.
enum Chosen {
    Plain,
    /// Those of a file beside it.
    Beside(Coding, FoundFile),
    /// Made now.
    Made(Coding, OwnedSemaphorePermit),
}

impl Chosen {
    fn coding(&self) -> Option<Coding> {
        match self {
            Chosen::Plain => None,
            Chosen::Beside(coding, _) | Chosen::Made(coding, _) => Some(*coding),
        }
    }
}

impl Shelf {
    /// The file at `path`, as the request wants it.
    pub(super) async fn send(
        &self,
        request: &Parts,
        path: &Path,
        found: FoundFile,
    ) -> Result<Response<ResponseBody>, Trouble> {
        let now = SystemTime::now();
        let Labels { etag, modified: last_modified, kind } = found.labels(path, now);
        let chosen = self.choose(request, path, kind, &found);
        let etag = match &chosen {
            Chosen::Plain => etag,
            Chosen::Made(coding, _) => found.version.etag(coding.ending()),
            Chosen::Beside(coding, file) => file.version.etag(coding.ending()),
        };
        let tag = etag.to_str().unwrap_or_default().trim_matches('"');
        let modified = found.version.modified(now);
        let mut response = Response::new(ResponseBody::empty());
        let headers = response.headers_mut();
        headers.reserve(HEADERS_USUAL);
        headers.insert(ETAG, etag.clone());
        if let Some(value) = self.cache_control_of(path) {
            headers.insert(CACHE_CONTROL, value);
        }
        if self.negotiates(kind, &found) {
            headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        match judge(request, Some(tag), Some(modified)) {
            Judged::Failed => return Err(Trouble::PreconditionFailed),
            Judged::NotModified => {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                return Ok(response);
            }
            Judged::Go => {}
        }
        headers.insert(LAST_MODIFIED, last_modified);
        headers.insert(CONTENT_TYPE, content_type(kind));
        if asks_download(request) {
            set(headers, CONTENT_DISPOSITION, &name::attachment(path));
        }
        if let Some(coding) = chosen.coding() {
            headers.insert(CONTENT_ENCODING, coding.value());
        }
        match chosen {
            Chosen::Plain => {
                headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
                let ranges = request.headers.get(RANGE).filter(|_| {
                    request.method == Method::GET
                        && range_is_of(&request.headers, tag, modified, now)
                });
                match ranges.map(|field| select(field.as_bytes(), found.version.0.size_bytes)) {
                    None | Some(Selected::Whole) => {
                        self.whole(request, path, &mut response, &found, now)?
                    }
                    Some(Selected::Parts(parts)) => part(&mut response, &found, &parts, kind),
                    Some(Selected::Nothing) => {
                        return Err(Trouble::RangeNotSatisfiable(found.version.0.size_bytes));
                    }
                }
            }
            Chosen::Beside(coding, file) => {
                let path = beside_of(path, coding);
                self.whole(request, &path, &mut response, &file, now)?;
            }
            Chosen::Made(coding, permit) => {
                self.compress(request, &mut response, found, coding, permit).await?;
            }
        }
        Ok(response)
    }

    /// Whether the answer depends on `Accept-Encoding`.
    fn negotiates(&self, kind: &str, found: &FoundFile) -> bool {
        compressible(kind)
            && (self.config.precompressed
                || self.config.compress && found.version.0.size_bytes >= WORTH_COMPRESSING_BYTES)
    }

    /// Ranges are of the plain bytes, so that a download can be taken up again
    /// by clients that decode what they save.
    fn choose(&self, request: &Parts, path: &Path, kind: &str, found: &FoundFile) -> Chosen {
        if !request.headers.contains_key(ACCEPT_ENCODING) {
            return Chosen::Plain;
        }
        let accepted = Accepted::of(&request.headers);
        let must = accepted.refuses_plain();
        let ranges = request.method == Method::GET && request.headers.contains_key(RANGE);
        if !must && (ranges || !self.negotiates(kind, found)) {
            return Chosen::Plain;
        }
        if self.config.precompressed
            && let Some((coding, file)) = self.beside(path, found, &accepted)
        {
            return Chosen::Beside(coding, file);
        }
        if !self.config.compress || !must && found.version.0.size_bytes < WORTH_COMPRESSING_BYTES {
            return Chosen::Plain;
        }
        let Some(coding) = accepted.codings(BY_SPEED).first().copied() else {
            return Chosen::Plain;
        };
        match Arc::clone(&self.compressors).try_acquire_owned() {
            Ok(permit) => Chosen::Made(coding, permit),
            Err(_) => Chosen::Plain,
        }
    }

    /// A file that holds the compressed bytes, unless it is older than what it
    /// was made of.
    fn beside(
        &self,
        path: &Path,
        found: &FoundFile,
        accepted: &Accepted,
    ) -> Option<(Coding, FoundFile)> {
        accepted.codings(BY_SIZE).into_iter().find_map(|coding| {
            match self.find(&beside_of(path, coding)) {
                Ok(Found::File(file))
                    if file.version.0.modified_unix_s >= found.version.0.modified_unix_s =>
                {
                    Some((coding, file))
                }
                _ => None,
            }
        })
    }

    /// 200 with all of it; small files are held for the next who asks.
    fn whole(
        &self,
        request: &Parts,
        path: &Path,
        response: &mut Response<ResponseBody>,
        found: &FoundFile,
        now: SystemTime,
    ) -> Result<(), Trouble> {
        let size = found.version.0.size_bytes;
        let mut length = HeaderValue::from(size);
        if request.method != Method::HEAD {
            *response.body_mut() = if size > SMALL_BYTES_MAX {
                found.part(&(0..size))
            } else {
                let bytes = found.read_whole()?;
                if bytes.len() as u64 != size {
                    // What became shorter meanwhile is told as it is.
                    length = HeaderValue::from(bytes.len());
                }
                self.held.put(path, found, &bytes, now);
                ResponseBody::full(bytes)
            };
        }
        response.headers_mut().insert(CONTENT_LENGTH, length);
        Ok(())
    }

    async fn compress(
        &self,
        request: &Parts,
        response: &mut Response<ResponseBody>,
        found: FoundFile,
        coding: Coding,
        permit: OwnedSemaphorePermit,
    ) -> Result<(), Trouble> {
        let version = found.version;
        let kept = self.compressed.get(&(version, coding));
        if request.method == Method::HEAD && kept.is_none() {
            return Ok(());
        }
        if kept.is_none()
            && version.0.size_bytes > COMPRESSED_WHOLE_BYTES_MAX
            && let Some(file) = found.file()
        {
            let body = Compressed::new(coding, file, version.0.size_bytes, permit)
                .map_err(|error| trouble_of(&error))?;
            *response.body_mut() = ResponseBody::stream(body);
            return Ok(());
        }
        let bytes = match kept {
            Some(bytes) => bytes,
            None => {
                let made = compress_whole(found, coding).await?;
                self.compressed.put((version, coding), made.clone());
                made
            }
        };
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        if request.method != Method::HEAD {
            *response.body_mut() = ResponseBody::full(bytes);
        }
        Ok(())
    }

    /// The `Cache-Control` of a file.
    fn cache_control_of(&self, path: &Path) -> Option<HeaderValue> {
        if self.config.immutable_hashed && name::holds_hash(path) {
            // A year, as long as caches heed.
            return Some(HeaderValue::from_static("public, max-age=31536000, immutable"));
        }
        self.cache_control.clone()
    }
}

/// The name of the file that holds another one in a coding.
fn beside_of(path: &Path, coding: Coding) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(coding.ending());
    PathBuf::from(name)
}

async fn compress_whole(found: FoundFile, coding: Coding) -> Result<Bytes, Trouble> {
    let work = move || {
        let plain = found.read_whole()?;
        coding.compress(&plain).map(Bytes::from).map_err(|error| trouble_of(&error))
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| Trouble::Broken)?
}

/// 206 with one part as it is, several as multipart/byteranges.
fn part(
    response: &mut Response<ResponseBody>,
    found: &FoundFile,
    parts: &[std::ops::Range<u64>],
    kind: &'static str,
) {
    let size = found.version.0.size_bytes;
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    let headers = response.headers_mut();
    if let [part] = parts {
        set(headers, CONTENT_RANGE, &content_range(part, size));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(part.end - part.start));
        *response.body_mut() = found.part(part);
        return;
    }
    let kind = content_type(kind);
    let body = Multipart::new(found, parts, size, kind.to_str().unwrap_or_default());
    set(headers, CONTENT_TYPE, &body.content_type);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.size_bytes()));
    *response.body_mut() = ResponseBody::stream(body);
}

/// `?download`: to be saved, not shown.
fn asks_download(request: &Parts) -> bool {
    let query = request.uri.query().unwrap_or_default();
    query.split('&').any(|pair| pair.split('=').next() == Some("download"))
}

/// A value that we made, and that can stand in a header.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
