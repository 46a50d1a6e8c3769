//! `plumb http` as users call it, against servers that say exactly what a test
//! wants said, and beside HTTPie and curl.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod download;
mod process;
mod proxy;
mod request;
mod shown;
mod told;
mod way;

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

fn plumb() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plumb"));
    command.arg("http").stdin(Stdio::null());
    command.env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8").env("HOME", "/nonexistent");
    for variable in [
        "http_proxy",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "no_proxy",
        "NO_PROXY",
        "PLUMB_USER",
        "PLUMB_TOKEN",
        "NETRC",
        "XDG_DATA_HOME",
    ] {
        command.env_remove(variable);
    }
    command
}

fn run(arguments: &[&str]) -> Output {
    plumb().args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A directory of this test's own, gone when it ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("plumb-http-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A server that answers each request by a function of it.
struct Server {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
    accepted: Arc<Mutex<usize>>,
}

impl Server {
    fn new(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, accepted) =
            (Arc::<Mutex<Vec<Vec<u8>>>>::default(), Arc::<Mutex<usize>>::default());
        let (all, count, answer) = (Arc::clone(&heard), Arc::clone(&accepted), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                *count.lock().unwrap() += 1;
                let (all, answer) = (Arc::clone(&all), Arc::clone(&answer));
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    while let Some(request) = request(&mut stream) {
                        all.lock().unwrap().push(request.clone());
                        let said = answer(&String::from_utf8_lossy(&request));
                        let close = said.windows(17).any(|w| w == b"Connection: close");
                        if stream.write_all(&said).is_err() || close {
                            return;
                        }
                    }
                });
            }
        });
        Server { address, heard, accepted }
    }

    /// Always the same.
    fn saying(answer: &'static str) -> Server {
        Server::new(move |_| answer.as_bytes().to_vec())
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn heard(&self) -> Vec<String> {
        self.heard
            .lock()
            .unwrap()
            .iter()
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .collect()
    }
}

/// One request with its body.
fn request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut piece = [0; 65536];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            let whole = match length {
                Some(length) => bytes.len() >= end + 4 + length,
                None => {
                    !head.contains("transfer-encoding: chunked") || bytes.ends_with(b"0\r\n\r\n")
                }
            };
            if whole {
                return Some(bytes);
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

fn has(program: &str) -> bool {
    let found =
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_err() {
        println!("SKIP: {program} is not installed");
    }
    found.is_ok()
}

/// A file with ranges, as servers serve it.
fn file_server(data: Vec<u8>) -> Server {
    Server::new(move |request| {
        let lower = request.to_ascii_lowercase();
        let total = data.len();
        let start = lower.lines().find_map(|line| {
            line.strip_prefix("range: bytes=")?.strip_suffix('-')?.parse::<usize>().ok()
        });
        let changed = lower.contains("if-range: ") && !lower.contains("if-range: \"v1\"");
        let named = "Content-Disposition: attachment; filename=\"../../evil.bin\"\r\n";
        let (head, body) = match start.filter(|_| !changed) {
            Some(start) if start >= total => (
                format!(
                    "HTTP/1.1 416 No\r\nContent-Range: bytes */{total}\r\nContent-Length: 0\r\n\r\n"
                ),
                &data[..0],
            ),
            Some(start) => (
                format!(
                    "HTTP/1.1 206 Part\r\nContent-Range: bytes {start}-{}/{total}\r\nETag: \"v1\"\r\nContent-Length: {}\r\n\r\n",
                    total - 1,
                    total - start
                ),
                &data[start..],
            ),
            None if lower.starts_with("get /cut") => (
                format!(
                    "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nConnection: close\r\nContent-Length: {total}\r\n\r\n"
                ),
                &data[..total / 2],
            ),
            None => (
                format!(
                    "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\n{named}Content-Length: {total}\r\n\r\n"
                ),
                &data[..],
            ),
        };
        [head.as_bytes(), body].concat()
    })
}
