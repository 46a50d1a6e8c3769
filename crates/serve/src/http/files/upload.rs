//! What clients may change: `PUT`, forms with files, `DELETE`.
//!
//! Every upload is written to a file without a name, which gets its name when
//! it is whole and on the disk. So nothing is ever seen half, and what breaks
//! off leaves nothing behind.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::BytesMut;
use http::header::{CONTENT_ENCODING, CONTENT_RANGE, ETAG, HeaderValue, LOCATION, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Body;
use plumb_sys::file::Draft;
use plumb_wire::http::path::Segments;

use super::config::UploadConfig;
use super::found::Found;
use super::page::{Trouble, plain, write_trouble_of};
use super::validator::{Judged, judge};
use super::{Shelf, path_of};
use crate::http::message::{About, BodyError, RequestBody, ResponseBody};

/// Written at once: few calls for a large file, little memory for many.
pub(super) const WRITE_BYTES: usize = 256 * 1024;

impl Shelf {
    /// What may be changed, where this request may.
    pub(super) fn uploads(&self, request: &Parts, about: &About) -> Result<&UploadConfig, Trouble> {
        let upload = self.config.upload.as_ref().ok_or(Trouble::NotAllowed(self.allowed()))?;
        if comes_from_elsewhere(&request.headers, &about.authority, upload) {
            return Err(Trouble::Elsewhere);
        }
        Ok(upload)
    }

    /// `PUT`, RFC 9110 section 9.3.4.
    pub(super) async fn put(
        self: &Arc<Self>,
        request: &Parts,
        body: RequestBody,
        upload: &UploadConfig,
    ) -> Result<Response<ResponseBody>, Trouble> {
        let asked = self.segments(request)?;
        if asked.directory {
            return Err(Trouble::Conflict("A file's name must not end in a slash."));
        }
        if request.headers.contains_key(CONTENT_RANGE) {
            return Err(Trouble::Bad("Parts of a file are not taken, only the whole."));
        }
        if request.headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            return Err(Trouble::Unsupported("The content must not be encoded."));
        }
        if asked.names().iter().any(|name| !is_good(name)) {
            return Err(Trouble::Bad("A name must not hold control characters."));
        }
        let path = path_of(&asked);
        self.may_write(request, &path, upload)?;
        if upload.make_directories {
            self.make_parents(&asked)?;
        }
        let mut receiver = Receiver::new(upload);
        receiver.announced(&body)?;
        let draft = self.draft_beside(&path)?;
        let draft = receiver.receive(body, draft).await?;
        // Nobody else publishes between the look and the act.
        let _alone = self.publishing.lock().await;
        let exists = self.may_write(request, &path, upload)?;
        let file = publish(draft, &path, upload.overwrite).await?;
        let mut response = Response::new(ResponseBody::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if !exists {
            response = plain(request, StatusCode::CREATED, "The file is there.");
            insert(response.headers_mut(), LOCATION, &asked.encoded());
        }
        if let Ok(version) = super::found::version(&file) {
            let tag = format!("\"{}\"", version.tag(""));
            insert(response.headers_mut(), ETAG, &tag);
        }
        Ok(response)
    }

    /// `DELETE`, RFC 9110 section 9.3.5.
    pub(super) async fn delete(
        &self,
        request: &Parts,
        upload: &UploadConfig,
    ) -> Result<Response<ResponseBody>, Trouble> {
        if !upload.delete {
            return Err(Trouble::NotAllowed(self.allowed()));
        }
        let asked = self.segments(request)?;
        let path = path_of(&asked);
        let _alone = self.publishing.lock().await;
        match self.find(&path)? {
            Found::Directory => return Err(Trouble::Conflict("Folders are not removed.")),
            Found::File(_) if asked.directory => return Err(Trouble::NotFound),
            Found::File(file) => conditions(request, Some(&file))?,
        }
        self.root.remove(&path).map_err(|error| write_trouble_of(&error))?;
        let mut response = Response::new(ResponseBody::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        Ok(response)
    }

    /// Whether there is a file already, which may be replaced.
    fn may_write(
        &self,
        request: &Parts,
        path: &Path,
        upload: &UploadConfig,
    ) -> Result<bool, Trouble> {
        match self.find(path) {
            Ok(Found::Directory) => Err(Trouble::Conflict("There is a folder of that name.")),
            Ok(Found::File(file)) => {
                conditions(request, Some(&file))?;
                if upload.overwrite { Ok(true) } else { Err(Trouble::Conflict(TAKEN)) }
            }
            Err(Trouble::NotFound) => conditions(request, None).map(|()| false),
            Err(trouble) => Err(trouble),
        }
    }

    /// A draft in the directory that `path` is in.
    pub(super) fn draft_beside(&self, path: &Path) -> Result<Draft, Trouble> {
        let directory = path.parent().unwrap_or(Path::new(""));
        self.root.draft(directory).map_err(|error| match write_trouble_of(&error) {
            Trouble::NotFound => Trouble::Conflict("Its folder is not there."),
            trouble => trouble,
        })
    }

    fn make_parents(&self, asked: &Segments) -> Result<(), Trouble> {
        let mut path = PathBuf::new();
        for name in asked.names().iter().rev().skip(1).rev() {
            path.push(OsStr::from_bytes(name));
            match self.root.make_directory(&path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(write_trouble_of(&error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

pub(super) const TAKEN: &str = "There is a file of that name already, and it may not be replaced.";

fn conditions(request: &Parts, file: Option<&super::found::FoundFile>) -> Result<(), Trouble> {
    let now = std::time::SystemTime::now();
    let tag = file.map(|file| file.version.tag(""));
    let modified = file.map(|file| file.version.modified(now));
    match judge(request, tag.as_deref(), modified) {
        Judged::Go | Judged::NotModified => Ok(()),
        Judged::Failed => Err(Trouble::PreconditionFailed),
    }
}

/// Takes a body of at most so many bytes into drafts.
pub(super) struct Receiver {
    left_bytes: u64,
    max_bytes: u64,
}

impl Receiver {
    pub(super) fn new(upload: &UploadConfig) -> Receiver {
        Receiver { left_bytes: upload.size_bytes_max, max_bytes: upload.size_bytes_max }
    }

    /// Refuses what is said to be too large before any of it comes.
    pub(super) fn announced(&self, body: &RequestBody) -> Result<(), Trouble> {
        if body.size_hint().lower() > self.left_bytes { Err(self.too_large()) } else { Ok(()) }
    }

    /// Counts what came.
    pub(super) fn count(&mut self, size_bytes: usize) -> Result<(), Trouble> {
        match self.left_bytes.checked_sub(size_bytes as u64) {
            Some(left) => self.left_bytes = left,
            None => return Err(self.too_large()),
        }
        Ok(())
    }

    fn too_large(&self) -> Trouble {
        Trouble::TooLarge(self.max_bytes)
    }

    async fn receive(&mut self, mut body: RequestBody, mut draft: Draft) -> Result<Draft, Trouble> {
        let mut gathered = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|error| body_trouble(&error))?.into_data() else {
                continue;
            };
            self.count(data.len())?;
            gathered.extend_from_slice(&data);
            if gathered.len() >= WRITE_BYTES {
                draft = write(draft, &mut gathered).await?;
            }
        }
        write(draft, &mut gathered).await
    }
}

pub(super) fn body_trouble(error: &BodyError) -> Trouble {
    match error {
        BodyError::TooLarge { max_bytes } => Trouble::TooLarge(*max_bytes),
        BodyError::TimedOut => Trouble::Slow,
        BodyError::Broken(_) => Trouble::Bad("The content did not come whole."),
    }
}

/// Writes what was gathered, where waiting for a disk holds up nobody.
pub(super) async fn write(mut draft: Draft, gathered: &mut BytesMut) -> Result<Draft, Trouble> {
    if gathered.is_empty() {
        return Ok(draft);
    }
    let bytes = gathered.split().freeze();
    blocking(move || draft.file().write_all(&bytes).map(|()| draft)).await
}

pub(super) async fn publish(draft: Draft, path: &Path, replace: bool) -> Result<File, Trouble> {
    let name = path.file_name().unwrap_or_default().to_owned();
    blocking(move || draft.publish(&name, replace)).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Trouble> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| Trouble::Broken)?;
    done.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Trouble::Conflict(TAKEN),
        _ => write_trouble_of(&error),
    })
}

/// Names with control characters are traps for whoever lists them.
fn is_good(name: &[u8]) -> bool {
    !name.iter().any(u8::is_ascii_control)
}

/// Whether a page of another site makes the browser do this. A browser says
/// from where; another program says nothing, or what it likes.
fn comes_from_elsewhere(headers: &HeaderMap, authority: &str, upload: &UploadConfig) -> bool {
    let origin = headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
    let allowed = |allowed: &String| allowed == "*" || Some(&allowed[..]) == origin;
    if upload.origins.iter().any(allowed) {
        return false;
    }
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return true;
    }
    let Some(origin) = origin else { return false };
    let host = origin.split_once("://").map(|(_, host)| host);
    !host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
}

pub(super) fn insert(headers: &mut HeaderMap, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
