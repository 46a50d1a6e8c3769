//! Files from a form: multipart/form-data into a directory, all or nothing.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::BytesMut;
use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use plumb_sys::file::Draft;
use plumb_wire::http::multipart::{Decoder, Event, PartHead};
use plumb_wire::http::path::{Segments, encode};

use super::config::UploadConfig;
use super::found::Found;
use super::page::{Form, Trouble, form, plain};
use super::upload::{Receiver, TAKEN, WRITE_BYTES, body_trouble, insert, publish, write};
use super::{Shelf, path_of};
use crate::http::message::{RequestBody, ResponseBody};

/// Files of one form: each is an open file until all are there.
const FILES_MAX: usize = 64;

/// A file that came and has no name yet.
struct Arrived {
    name: OsString,
    draft: Draft,
}

impl Shelf {
    /// `POST` of a form to a directory.
    pub(super) async fn post(
        self: &Arc<Self>,
        request: &Parts,
        body: RequestBody,
        upload: &UploadConfig,
    ) -> Result<Response<ResponseBody>, Trouble> {
        let mut asked = self.segments(request)?;
        let directory = path_of(&asked);
        match self.find(&directory)? {
            Found::Directory => asked.directory = true,
            Found::File(_) => return Err(Trouble::NotAllowed("GET, HEAD, OPTIONS, PUT")),
        }
        let kind = request.headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        if !kind.to_ascii_lowercase().starts_with(b"multipart/form-data") {
            return Err(Trouble::Unsupported("Files are taken as multipart/form-data."));
        }
        let decoder = Decoder::new(kind).map_err(|error| Trouble::Form(error.to_string()))?;
        let arrived = self.arrive(body, decoder, &directory, upload).await?;
        if arrived.is_empty() {
            return Err(Trouble::Bad("The form holds no file."));
        }
        let names = self.publish_all(arrived, &directory, upload).await?;
        Ok(said(request, &asked, &names))
    }

    /// The files of the form, none of which has its name yet.
    async fn arrive(
        &self,
        mut body: RequestBody,
        mut decoder: Decoder,
        directory: &std::path::Path,
        upload: &UploadConfig,
    ) -> Result<Vec<Arrived>, Trouble> {
        let mut receiver = Receiver::new(upload);
        receiver.announced(&body)?;
        let mut arrived: Vec<Arrived> = Vec::new();
        let mut current: Option<Arrived> = None;
        let mut gathered = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| body_trouble(&error))?;
            let Ok(data) = frame.into_data() else { continue };
            receiver.count(data.len())?;
            decoder.feed(&data);
            while let Some(event) =
                decoder.next_event().map_err(|error| Trouble::Form(error.to_string()))?
            {
                match event {
                    Event::Part(head) => {
                        current = self.begin(&head, directory)?;
                        let full = arrived.len() == FILES_MAX;
                        if current.is_some() && full {
                            return Err(Trouble::Bad("The form holds too many files."));
                        }
                    }
                    Event::Data(data) if current.is_some() => {
                        gathered.extend_from_slice(&data);
                        if gathered.len() >= WRITE_BYTES {
                            current = flush(current, &mut gathered).await?;
                        }
                    }
                    Event::PartEnd => {
                        arrived.extend(flush(current.take(), &mut gathered).await?);
                    }
                    Event::Data(_) | Event::End => {}
                }
            }
        }
        if decoder.is_whole() { Ok(arrived) } else { Err(Trouble::Bad("The form is cut off.")) }
    }

    /// A part with a file, if it is one: a form that was sent without choosing
    /// has an empty name.
    fn begin(
        &self,
        head: &PartHead,
        directory: &std::path::Path,
    ) -> Result<Option<Arrived>, Trouble> {
        let Some(filename) = head.filename.as_deref().filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let name = sanitised(filename, self.config.hidden)
            .ok_or(Trouble::Bad("A file's name cannot be used."))?;
        let draft = self.draft_beside(&directory.join(&name))?;
        Ok(Some(Arrived { name, draft }))
    }

    /// Gives all files their names, or none.
    async fn publish_all(
        &self,
        arrived: Vec<Arrived>,
        directory: &std::path::Path,
        upload: &UploadConfig,
    ) -> Result<Vec<OsString>, Trouble> {
        let _alone = self.publishing.lock().await;
        for file in &arrived {
            match self.find(&directory.join(&file.name)) {
                Err(Trouble::NotFound) => {}
                Ok(Found::File(_)) if upload.overwrite => {}
                Ok(Found::Directory) => {
                    return Err(Trouble::Conflict("There is a folder of that name."));
                }
                Ok(_) => return Err(Trouble::Conflict(TAKEN)),
                Err(trouble) => return Err(trouble),
            }
        }
        let mut names: Vec<OsString> = Vec::new();
        for Arrived { name, draft } in arrived {
            let path = directory.join(&name);
            if let Err(trouble) = publish(draft, &path, upload.overwrite).await {
                self.take_back(&names, directory, upload);
                return Err(trouble);
            }
            names.push(name);
        }
        Ok(names)
    }

    /// Somebody else took a name meanwhile. What was replaced is gone already.
    fn take_back(&self, names: &[OsString], directory: &std::path::Path, upload: &UploadConfig) {
        if upload.overwrite {
            return;
        }
        for name in names {
            let path: PathBuf = directory.join(name);
            // It was there a moment ago; who removed it did our work.
            let _ = self.root.remove(&path);
        }
    }
}

async fn flush(
    current: Option<Arrived>,
    gathered: &mut BytesMut,
) -> Result<Option<Arrived>, Trouble> {
    let Some(Arrived { name, draft }) = current else { return Ok(None) };
    Ok(Some(Arrived { name, draft: write(draft, gathered).await? }))
}

/// The last name of whatever path the client sent, as a name that does no
/// harm: no controls, not hidden unless that is wished.
fn sanitised(filename: &[u8], hidden: bool) -> Option<OsString> {
    let last = filename.rsplit(|byte| matches!(byte, b'/' | b'\\')).next()?;
    let mut name: Vec<u8> =
        last.iter().map(|&byte| if byte.is_ascii_control() { b'_' } else { byte }).collect();
    let name_only_dots = name.iter().all(|&byte| byte == b'.');
    if name_only_dots {
        return None;
    }
    if name[0] == b'.' && !hidden {
        name[0] = b'_';
    }
    Some(OsString::from_vec(name))
}

/// A browser goes back to the listing; a program learns where its files are.
fn said(request: &Parts, asked: &Segments, names: &[OsString]) -> Response<ResponseBody> {
    let base = asked.encoded();
    if form(&request.headers, [Form::Text, Form::Json, Form::Html]) == Form::Html {
        let mut response = plain(request, StatusCode::SEE_OTHER, "The files are there.");
        insert(response.headers_mut(), LOCATION, &base);
        return response;
    }
    let link = |name: &OsStr| {
        let mut link = base.clone();
        encode(name.as_bytes(), &mut link);
        link
    };
    let links: Vec<String> = names.iter().map(|name| link(name)).collect();
    let mut response = plain(request, StatusCode::CREATED, &links.join(" "));
    let location = if let [only] = &links[..] { only } else { &base };
    insert(response.headers_mut(), LOCATION, location);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_no_harm() {
        for (filename, name) in [
            (&b"a.txt"[..], Some("a.txt")),
            (b"../../etc/passwd", Some("passwd")),
            (b"C:\\fakepath\\a.txt", Some("a.txt")),
            (b"a\r\nb\0.txt", Some("a__b_.txt")),
            (b".bashrc", Some("_bashrc")),
            (b"..", None),
            (b"a/", None),
            (b"/", None),
            (b"", None),
        ] {
            assert_eq!(sanitised(filename, false).as_deref(), name.map(OsStr::new));
        }
        assert_eq!(sanitised(b".bashrc", true).unwrap(), ".bashrc");
        assert_eq!(sanitised(b"..", true), None);
    }
}
