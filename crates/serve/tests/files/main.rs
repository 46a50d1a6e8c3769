//! The files of a directory, asked without a network.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conditions;
mod encodings;
mod escapes;
mod listing;
mod ranges;
mod reading;
mod uploads;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use plumb_serve::core::{Endpoint, Events, Forget, Limits};
use plumb_serve::http::files::{Files, FilesConfig};
use plumb_serve::http::{About, Handler, RequestBody};

/// A directory beside a secret, gone with the test.
struct Place {
    above: PathBuf,
}

impl Place {
    fn new() -> Place {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("plumb-files-{}-{number}", std::process::id());
        let place = Place { above: std::env::temp_dir().join(name) };
        fs::create_dir_all(place.path("sub")).unwrap();
        fs::write(place.above.join("secret.txt"), SECRET).unwrap();
        place.write("a.txt", ALPHABET);
        place
    }

    fn root(&self) -> PathBuf {
        self.above.join("root")
    }

    fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root().join(name)
    }

    /// A file that was last changed long ago.
    fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        fs::File::options().write(true).open(path).unwrap().set_modified(long_ago()).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// All names in the directory and below.
    fn names(&self) -> Vec<String> {
        fn below(directory: &Path, prefix: &str, names: &mut Vec<String>) {
            for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                if entry.file_type().unwrap().is_dir() {
                    below(&entry.path(), &format!("{name}/"), names);
                }
                names.push(name);
            }
        }
        let mut names = Vec::new();
        below(&self.root(), "", &mut names);
        names.sort();
        names
    }

    fn files(&self) -> Files {
        self.files_with(|_| {})
    }

    fn files_with(&self, change: impl FnOnce(&mut FilesConfig)) -> Files {
        let mut config = FilesConfig::new(self.root());
        change(&mut config);
        Files::open(config).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.above);
    }
}

const SECRET: &str = "the secret";
const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz";
const LONG_AGO: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn long_ago() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777)
}

/// An answer, read to its end.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// `METHOD PATH`, or only the path, with fields as `Name: value`.
async fn ask(files: &Files, what: &str, fields: &[&str]) -> Answer {
    send(files, what, fields, Vec::new()).await
}

async fn send(files: &Files, what: &str, fields: &[&str], body: Vec<u8>) -> Answer {
    let (method, path) = what.split_once(' ').unwrap_or(("GET", what));
    let mut request = Request::builder().method(method).uri(path);
    for field in fields {
        let (name, value) = field.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    let request = request.body(RequestBody::full(body)).unwrap();
    let response = files.handle(request, &about()).await;
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    let length = head.headers.get("content-length").map(|l| l.to_str().unwrap().parse().unwrap());
    if method != "HEAD" && head.status != StatusCode::NOT_MODIFIED {
        assert_eq!(length.unwrap_or(body.len()), body.len(), "{what}");
    }
    Answer { status: head.status, headers: head.headers, body }
}

fn about() -> About {
    let end = Endpoint::Ip(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)));
    let events = Events::new("http", Forget);
    let mut about =
        About::new(end.clone(), end, Arc::new(Limits::default()), events, Default::default());
    about.authority = "localhost:8080".to_owned();
    about
}
