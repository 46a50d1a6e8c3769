//! A file as a response.

use std::path::Path;
use std::time::SystemTime;

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue, LAST_MODIFIED,
};
use http::request::Parts;
use http::{Method, Response, StatusCode};

use super::Shelf;
use super::found::FoundFile;
use super::kind::content_type;
use super::page::Trouble;
use super::validator::{Judged, judge};
use crate::http::message::ResponseBody;

/// Files up to this size are read at once and sent in one piece: as much as a
/// socket's send buffer takes without waiting.
const SMALL_BYTES_MAX: u64 = 64 * 1024;

impl Shelf {
    pub(super) fn send(
        &self,
        request: &Parts,
        path: &Path,
        found: FoundFile,
    ) -> Result<Response<ResponseBody>, Trouble> {
        let now = SystemTime::now();
        let tag = found.version.tag("");
        let modified = found.version.modified(now);
        let mut response = Response::new(ResponseBody::empty());
        let headers = response.headers_mut();
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{tag}\"")) {
            headers.insert(ETAG, tag);
        }
        if let Some(value) = &self.cache_control {
            headers.insert(CACHE_CONTROL, value.clone());
        }
        match judge(request, Some(&tag), Some(modified)) {
            Judged::Failed => return Err(Trouble::PreconditionFailed),
            Judged::NotModified => {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                return Ok(response);
            }
            Judged::Go => {}
        }
        if let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(modified)) {
            headers.insert(LAST_MODIFIED, date);
        }
        headers.insert(CONTENT_TYPE, content_type(path));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        let size = found.version.size_bytes;
        if request.method == Method::HEAD {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
            return Ok(response);
        }
        if size > SMALL_BYTES_MAX {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
            *response.body_mut() = ResponseBody::file(found.file, 0, size);
            return Ok(response);
        }
        let bytes = found.read_whole()?;
        headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        *response.body_mut() = ResponseBody::full(bytes);
        Ok(response)
    }
}
