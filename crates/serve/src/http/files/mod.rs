//! The files of a directory.
//!
//! ```text
//! path -> names -> opened beneath the directory -> conditions -> ranges | encodings -> body
//! ```
//!
//! [`Files`] answers `GET` and `HEAD` for what is below one directory, lists
//! directories, and takes uploads where it is told to. It opens what is asked
//! for by the kernel's own look-up beneath the directory, so that no encoding
//! and no link leads out of it.
//!
//! Small files are read at once on the thread that answers: handing such a
//! read to another thread costs many times the read.

mod cache;
mod coding;
mod config;
mod form;
mod found;
mod kind;
mod listing;
mod listing_page;
mod name;
mod page;
mod parts;
mod send;
mod upload;
mod validator;

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, HeaderValue, LOCATION};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use plumb_sys::file::Root;
use plumb_wire::http::path::{PathError, Segments};
use tokio::sync::{Mutex, Semaphore};

use super::message::{About, Handler, RequestBody, ResponseBody};
use cache::Cache;
use coding::Coding;
pub use config::{FilesConfig, FilesError, Symlinks, UPLOAD_BYTES_MAX, UploadConfig};
use found::{Found, Held};
use page::Trouble;
use validator::Version;

/// A handler for the files of a directory. Clones share it.
#[derive(Debug, Clone)]
pub struct Files(Arc<Shelf>);

/// What the answers to all requests have in common.
#[derive(Debug)]
struct Shelf {
    config: FilesConfig,
    root: Root,
    cache_control: Option<HeaderValue>,
    /// Of files as they were when they were compressed.
    compressed: Cache<(Version, Coding), Bytes>,
    held: Held,
    compressors: Arc<Semaphore>,
    /// Held from looking at what is there until it is changed.
    publishing: Mutex<()>,
}

impl Files {
    /// Serves the directory that `config` names.
    ///
    /// # Errors
    /// When it cannot be opened, or the configuration cannot be told to a client.
    pub fn open(config: FilesConfig) -> Result<Files, FilesError> {
        let root = Root::open(&config.directory, config.symlinks)
            .map_err(|error| FilesError::Directory { path: config.directory.clone(), error })?;
        let cache_control = match &config.cache_control {
            Some(text) => {
                let wrong = |_| FilesError::CacheControl { text: text.clone() };
                Some(HeaderValue::from_str(text).map_err(wrong)?)
            }
            None => None,
        };
        let compressors = Arc::new(Semaphore::new(send::COMPRESSORS_MAX));
        Ok(Files(Arc::new(Shelf {
            config,
            root,
            cache_control,
            compressed: Cache::default(),
            held: Held::default(),
            compressors,
            publishing: Mutex::new(()),
        })))
    }
}

impl Handler for Files {
    async fn handle(&self, request: Request<RequestBody>, about: &About) -> Response<ResponseBody> {
        let (parts, body) = request.into_parts();
        match self.0.answer(&parts, body, about).await {
            Ok(response) => response,
            Err(trouble) => trouble.response(&parts),
        }
    }
}

impl Shelf {
    async fn answer(
        self: &Arc<Self>,
        request: &Parts,
        body: RequestBody,
        about: &About,
    ) -> Result<Response<ResponseBody>, Trouble> {
        match request.method {
            Method::GET | Method::HEAD => self.read(request).await,
            Method::OPTIONS => Ok(self.options()),
            Method::PUT => self.put(request, body, self.uploads(request, about)?).await,
            Method::POST => self.post(request, body, self.uploads(request, about)?).await,
            Method::DELETE => self.delete(request, self.uploads(request, about)?).await,
            _ => Err(Trouble::NotAllowed(self.allowed())),
        }
    }

    fn allowed(&self) -> &'static str {
        match &self.config.upload {
            None => "GET, HEAD, OPTIONS",
            Some(upload) if upload.delete => "GET, HEAD, OPTIONS, PUT, POST, DELETE",
            Some(_) => "GET, HEAD, OPTIONS, PUT, POST",
        }
    }

    fn options(&self) -> Response<ResponseBody> {
        let mut response = Response::new(ResponseBody::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(self.allowed()));
        response
    }

    async fn read(self: &Arc<Self>, request: &Parts) -> Result<Response<ResponseBody>, Trouble> {
        let asked = self.segments(request)?;
        let path = path_of(&asked);
        if !asked.directory {
            return match self.find(&path)? {
                Found::File(file) => self.send(request, &path, file).await,
                Found::Directory => Ok(to_directory(request, asked)),
            };
        }
        for index in &self.config.index {
            let index = path.join(index);
            match self.find(&index) {
                Ok(Found::File(file)) => return self.send(request, &index, file).await,
                Ok(Found::Directory) | Err(Trouble::NotFound) => {}
                Err(trouble) => return Err(trouble),
            }
        }
        match self.find(&path)? {
            Found::Directory if self.config.listing => self.list(request, asked).await,
            Found::Directory => Err(Trouble::Forbidden),
            // A file has nothing below it.
            Found::File(_) => Err(Trouble::NotFound),
        }
    }

    /// The names that a path stands for, where they may be asked for.
    fn segments(&self, request: &Parts) -> Result<Segments, Trouble> {
        let asked = Segments::parse(request.uri.path()).map_err(|error| match error {
            PathError::Impossible(_) => Trouble::NotFound,
            error => Trouble::Path(error),
        })?;
        let hidden =
            asked.names().iter().enumerate().any(|(depth, name)| {
                name.starts_with(b".") && !(depth == 0 && name == b".well-known")
            });
        if hidden && !self.config.hidden {
            return Err(Trouble::NotFound);
        }
        Ok(asked)
    }

    fn find(&self, path: &std::path::Path) -> Result<Found, Trouble> {
        match self.held.get(&self.root, path) {
            Some(file) => Ok(Found::File(file)),
            None => Found::open(&self.root, path),
        }
    }
}

fn path_of(asked: &Segments) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    PathBuf::from(std::ffi::OsString::from_vec(asked.relative()))
}

/// Relative links in a directory's page need the slash at its end.
fn to_directory(request: &Parts, mut asked: Segments) -> Response<ResponseBody> {
    asked.directory = true;
    let mut location = asked.encoded();
    if let Some(query) = request.uri.query() {
        location.push('?');
        location.push_str(query);
    }
    let mut response = page::plain(request, StatusCode::MOVED_PERMANENTLY, "A directory.");
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}
