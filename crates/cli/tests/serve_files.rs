//! `plumb serve http DIR`, as curl, wget, Python, nginx and a browser find it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ground;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use ground::{Serving, installed, second_opinions};

/// A directory with something of everything, gone with the test.
struct Place(PathBuf);

impl Place {
    fn new() -> Place {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("plumb-serve-files-{}-{number}", std::process::id());
        let place = Place(std::env::temp_dir().join(name));
        fs::create_dir_all(place.0.join("root/sub")).unwrap();
        fs::create_dir_all(place.0.join("root/bare")).unwrap();
        place.write("secret.txt", b"the secret");
        place.write("root/a.txt", b"abcdefghijklmnopqrstuvwxyz");
        place.write("root/empty.txt", b"");
        place.write("root/large.bin", &pattern(3_000_000));
        place.write("root/text.txt", "one plumb line\n".repeat(20_000).as_bytes());
        place.write("root/sub/index.html", b"<title>Index</title>");
        place.write("root/packed.txt", b"packed and packed and packed");
        place
    }

    fn root(&self) -> PathBuf {
        self.0.join("root")
    }

    fn write(&self, name: &str, content: &[u8]) {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
    }

    fn serve(&self, more: &[&str]) -> Serving {
        let root = self.root();
        let arguments = ["serve", "http", "-q", root.to_str().unwrap()];
        Serving::start(arguments.iter().chain(more))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Bytes of which no two places look alike.
fn pattern(size_bytes: usize) -> Vec<u8> {
    (0u32..).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).take(size_bytes).collect()
}

fn run(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program).args(arguments).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {}\n{stderr}", output.status);
    output
}

fn curl(arguments: &[&str]) -> Vec<u8> {
    run("curl", &[&["-sS", "--path-as-is"], arguments].concat()).stdout
}

#[test]
fn curl_gets_ranges_encodings_and_the_rest_of_a_download() {
    if !installed("curl") {
        return;
    }
    let place = Place::new();
    let server = place.serve(&[]);
    let large = fs::read(place.root().join("large.bin")).unwrap();
    let text = fs::read(place.root().join("text.txt")).unwrap();
    assert!(curl(&[&server.url("/large.bin")]) == large);
    assert!(curl(&["--http2-prior-knowledge", &server.url("/large.bin")]) == large);
    assert!(curl(&["-0", &server.url("/large.bin")]) == large);
    assert!(curl(&["-r", "1000-2000000", &server.url("/large.bin")]) == large[1000..=2_000_000]);
    assert!(curl(&["-r", "-5", &server.url("/large.bin")]) == large[2_999_995..]);
    assert!(curl(&["--compressed", &server.url("/text.txt")]) == text);
    for coding in ["gzip", "br", "zstd"] {
        let features = String::from_utf8(curl(&["--version"])).unwrap();
        let feature = if coding == "br" { "brotli" } else { coding };
        if features.contains(feature) || coding == "gzip" {
            let field = format!("Accept-Encoding: {coding}");
            let arguments = ["--compressed", "-H", &field, "-w", "%{size_download}"];
            let found = curl(&[&arguments[..], &[&server.url("/text.txt")]].concat());
            assert!(found.starts_with(&text) && found.len() < text.len() + 8, "{coding}");
        }
    }
    // Taken up where it broke off; and when there is nothing left, nothing comes.
    let part = place.0.join("part");
    fs::write(&part, &large[..1_234_567]).unwrap();
    curl(&["-C", "-", "-o", part.to_str().unwrap(), &server.url("/large.bin")]);
    assert!(fs::read(&part).unwrap() == large);
    let code = |more: &[&str]| {
        let fixed = ["-o", "/dev/null", "-w", "%{http_code}"];
        String::from_utf8(curl(&[&fixed[..], more].concat())).unwrap()
    };
    let when = "Sun, 06 Nov 1994 08:49:37 GMT";
    assert_eq!(code(&["-z", when, &server.url("/a.txt")]), "304");
    assert_eq!(code(&["-z", "1 Jan 1990", &server.url("/a.txt")]), "200");
    let tags = place.0.join("tags");
    let tags = tags.to_str().unwrap();
    assert_eq!(code(&["--etag-save", tags, &server.url("/a.txt")]), "200");
    assert_eq!(code(&["--etag-compare", tags, &server.url("/a.txt")]), "304");
}

#[test]
fn wget_continues_and_mirrors() {
    if !installed("wget") {
        return;
    }
    let place = Place::new();
    let server = place.serve(&[]);
    let large = fs::read(place.root().join("large.bin")).unwrap();
    let part = place.0.join("large.bin");
    fs::write(&part, &large[..2_000_001]).unwrap();
    let at = place.0.to_str().unwrap();
    run("wget", &["-q", "-c", "-P", at, &server.url("/large.bin")]);
    assert!(fs::read(&part).unwrap() == large);
    // The listing is a page whose links lead to everything.
    let mirror = place.0.join("mirror");
    let to = mirror.to_str().unwrap();
    run("wget", &["-q", "-r", "-np", "-nH", "-e", "robots=off", "-P", to, &server.url("/")]);
    for name in ["a.txt", "large.bin", "sub/index.html", "bare/index.html"] {
        assert!(mirror.join(name).is_file(), "{name}");
    }
    assert!(fs::read(mirror.join("large.bin")).unwrap() == large);
}

#[test]
fn python_asks_and_uploads() {
    let Some(python) = second_opinions() else { return };
    let place = Place::new();
    let server = place.serve(&["--upload", "--overwrite", "--delete"]);
    let script = r#"
import sys, requests, urllib.request
base = sys.argv[1]
s = requests.Session()
r = s.get(base + "/text.txt")
assert r.status_code == 200 and r.headers["Content-Encoding"] in ("gzip", "zstd", "br"), r.headers
assert r.text == "one plumb line\n" * 20000 and r.encoding == "utf-8"
etag = r.headers["ETag"]
assert s.get(base + "/text.txt", headers={"If-None-Match": etag}).status_code == 304
assert urllib.request.urlopen(base + "/a.txt").read() == b"abcdefghijklmnopqrstuvwxyz"
r = s.get(base + "/a.txt", headers={"Range": "bytes=0-1", "Accept-Encoding": "identity"})
assert (r.status_code, r.content) == (206, b"ab")
r = s.get(base + "/", headers={"Accept": "application/json"})
assert "a.txt" in [entry["name"] for entry in r.json()["entries"]]

r = s.put(base + "/up/x.txt", data=b"x")
assert r.status_code == 409, r.status_code
r = s.put(base + "/x y.txt", data=b"first")
assert (r.status_code, r.headers["Location"]) == (201, "/x%20y.txt")
r = s.put(base + "/x y.txt", data=(piece for piece in [b"sec", b"ond"]), headers={"If-Match": r.headers["ETag"]})
assert r.status_code == 204, r.text
assert s.get(base + "/x y.txt").text == "second"
assert s.put(base + "/x y.txt", data=b"no", headers={"If-None-Match": "*"}).status_code == 412
r = s.post(base + "/sub/", files=[("file", ("ä.txt", b"one")), ("file", ("b\"q.bin", b"\0" * 1000000)), ("note", (None, "a field"))])
assert r.status_code == 201, r.text
assert s.get(base + "/sub/ä.txt").content == b"one"
assert s.get(base + "/sub/b\"q.bin").content == b"\0" * 1000000
assert s.delete(base + "/sub/ä.txt").status_code == 204
assert s.delete(base + "/sub/ä.txt").status_code == 404
"#;
    run(python.to_str().unwrap(), &["-c", script, &server.url("")]);
    let left: Vec<_> = fs::read_dir(place.root().join("sub")).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

/// An upload that is cut leaves nothing, and one that is killed neither.
#[test]
fn an_upload_that_breaks_off_leaves_nothing() {
    use std::io::{Read, Write};
    let place = Place::new();
    let server = place.serve(&["--upload", "--max-upload", "1000000"]);
    let count = || fs::read_dir(place.root()).unwrap().count();
    let before = count();
    let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
    let head = "PUT /new HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&[b'x'; 500_000]).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 20"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(count(), before);
    // A length beyond the limit is refused before any of it is sent.
    let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
    let head =
        "PUT /new HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000001\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
    assert_eq!(count(), before);
}

/// nginx on a Unix socket, until it is dropped.
struct Nginx {
    configuration: PathBuf,
    socket: PathBuf,
}

impl Nginx {
    fn start(place: &Place) -> Nginx {
        let at = place.0.join("nginx");
        fs::create_dir_all(&at).unwrap();
        let (configuration, socket) = (at.join("nginx.conf"), at.join("socket"));
        let user = if nix::unistd::geteuid().is_root() { "user root;" } else { "" };
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {}/{kind};", at.display()))
            .concat();
        let text = format!(
            "{user} pid {at}/pid; error_log {at}/error.log; worker_processes 1;
            events {{}}
            http {{
              access_log off; {temporary}
              types {{ text/html html; text/plain txt; application/octet-stream bin; }}
              charset utf-8; gzip_static on; gzip_vary on; if_modified_since before;
              absolute_redirect off;
              server {{ listen unix:{socket}; root {root}; }}
            }}",
            at = at.display(),
            socket = socket.display(),
            root = place.root().display(),
        );
        fs::write(&configuration, text).unwrap();
        let nginx = Nginx { configuration, socket };
        // It goes to the background when its socket is there.
        nginx.call(&[]);
        nginx
    }

    fn call(&self, more: &[&str]) {
        let program =
            if Path::new("/usr/sbin/nginx").is_file() { "/usr/sbin/nginx" } else { "nginx" };
        let fixed = ["-c", self.configuration.to_str().unwrap()];
        run(program, &[&fixed[..], more].concat());
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.call(&["-s", "stop"]);
    }
}

/// What both servers are asked: a name, the path, what else curl is told, and
/// the fields that may differ. `{tag}` is each server's own entity tag.
const QUESTIONS: &[(&str, &[&str], &[&str])] = &[
    ("/a.txt", &[], &[]),
    ("/a.txt", &["-I"], &[]),
    ("/empty.txt", &[], &[]),
    ("/large.bin", &[], &[]),
    ("/a.txt?query", &[], &[]),
    ("/sub/../a.txt", &[], &[]),
    ("//a.txt", &[], &[]),
    ("/%61.txt", &[], &[]),
    ("/sub/", &[], &[]),
    ("/sub", &[], &[]),
    ("/sub?x=y", &[], &[]),
    ("/none", &[], &[]),
    ("/none/", &[], &[]),
    ("/a.txt/", &[], &[]),
    ("/../secret.txt", &[], &[]),
    ("/%2e%2e/secret.txt", &[], &[]),
    // It says nginx's directory is closed where this one is listed.
    ("/bare/", &[], &["status", "content-type", "content-length", "vary"]),
    ("/a.txt", &["-X", "POST"], &[]),
    ("/a.txt", &["-X", "DELETE"], &[]),
    ("/a.txt", &["-r", "0-3"], &[]),
    ("/a.txt", &["-r", "20-"], &[]),
    ("/a.txt", &["-r", "-5"], &[]),
    ("/a.txt", &["-r", "-500"], &[]),
    ("/a.txt", &["-r", "20-500"], &[]),
    ("/large.bin", &["-r", "0-0,1000000-1000009"], &[]),
    ("/large.bin", &["-r", "1000000-1000009,5-6"], &[]),
    ("/a.txt", &["-r", "26-"], &[]),
    ("/a.txt", &["-r", "500-600"], &[]),
    ("/empty.txt", &["-r", "0-"], &[]),
    ("/a.txt", &["-H", "Range: lines=1-2"], &[]),
    // A malformed range is no range, RFC 9110 section 14.2; nginx says 416.
    ("/a.txt", &["-H", "Range: bytes=9-3"], RANGE_ON_WHOLE),
    ("/a.txt", &["-H", "Range: bytes=x"], RANGE_ON_WHOLE),
    // Parts that overlap are joined here, RFC 9110 section 15.3.7.2.
    ("/a.txt", &["-r", "0-5,3-9"], &["content-type", "content-length", "content-range"]),
    // Ranges are defined for GET alone, RFC 9110 section 14.2.
    ("/a.txt", &["-I", "-H", "Range: bytes=0-3"], RANGE_ON_WHOLE),
    ("/a.txt", &["-H", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"], NOT_MODIFIED),
    ("/a.txt", &["-H", "If-Modified-Since: Mon, 07 Nov 1994 08:49:37 GMT"], NOT_MODIFIED),
    ("/a.txt", &["-H", "If-Modified-Since: Sat, 05 Nov 1994 08:49:37 GMT"], &[]),
    ("/a.txt", &["-H", "If-Modified-Since: nonsense"], &[]),
    ("/a.txt", &["-H", "If-None-Match: {tag}"], NOT_MODIFIED),
    ("/a.txt", &["-H", "If-None-Match: W/{tag}"], NOT_MODIFIED),
    ("/a.txt", &["-H", "If-None-Match: *"], NOT_MODIFIED),
    ("/a.txt", &["-H", "If-None-Match: \"x\""], &[]),
    ("/a.txt", &["-H", "If-Match: {tag}"], &[]),
    ("/a.txt", &["-H", "If-Match: \"x\""], &[]),
    ("/a.txt", &["-H", "If-Match: W/{tag}"], &[]),
    ("/a.txt", &["-H", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT"], &[]),
    ("/a.txt", &["-H", "If-Unmodified-Since: Sat, 05 Nov 1994 08:49:37 GMT"], &[]),
    ("/a.txt", &["-r", "0-3", "-H", "If-Range: {tag}"], &[]),
    ("/a.txt", &["-r", "0-3", "-H", "If-Range: \"x\""], &[]),
    ("/a.txt", &["-r", "0-3", "-H", "If-Range: Sun, 06 Nov 1994 08:49:37 GMT"], &[]),
    ("/a.txt", &["-r", "0-3", "-H", "If-Range: Mon, 07 Nov 1994 08:49:37 GMT"], &[]),
    ("/packed.txt", &["-H", "Accept-Encoding: gzip"], &[]),
    ("/packed.txt", &["-H", "Accept-Encoding: gzip;q=0"], &[]),
    ("/packed.txt", &["-H", "Accept-Encoding: br"], &[]),
    ("/packed.txt", &[], &[]),
];

const RANGE_ON_WHOLE: &[&str] =
    &["status", "content-length", "content-range", "content-type", "last-modified"];
/// A 304 that has an entity tag need not repeat the date, RFC 9110 section
/// 15.4.5.
const NOT_MODIFIED: &[&str] = &["last-modified"];

/// The fields that are compared, and which say something else in an error.
const FIELDS: &[&str] = &[
    "status",
    "content-length",
    "content-type",
    "content-range",
    "content-encoding",
    "last-modified",
    "location",
];
const FIELDS_OF_ERRORS: &[&str] = &["status", "content-range", "location"];

/// The fields of an answer in lower case, without what only names parts.
fn answer(to: &[&str], path: &str, arguments: &[&str]) -> BTreeMap<String, String> {
    let url = format!("{}{path}", to[to.len() - 1]);
    let fixed = ["-o", "/dev/null", "-D", "-"];
    let head = curl(&[&fixed[..], &to[..to.len() - 1], arguments, &[&url]].concat());
    let head = String::from_utf8(head).unwrap();
    let mut fields = BTreeMap::new();
    fields.insert("status".to_owned(), head.split(' ').nth(1).unwrap_or_default().to_owned());
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        let value = value.split("; boundary=").next().unwrap_or_default();
        fields.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    fields
}

#[test]
fn nginx_answers_the_same() {
    if !installed("curl") || !installed("nginx") || !installed("gzip") {
        return;
    }
    let place = Place::new();
    run("gzip", &["-k", place.root().join("packed.txt").to_str().unwrap()]);
    let nginx = Nginx::start(&place);
    let server = place.serve(&["--cache-control", "max-age=60"]);
    let socket = nginx.socket.to_str().unwrap();
    let theirs = ["--unix-socket", socket, "http://localhost"];
    let base = server.url("");
    let ours = [&base[..]];
    let mut differ = Vec::new();
    for (path, arguments, may_differ) in QUESTIONS {
        let ask = |to: &[&str]| {
            let tag = answer(to, path, &[]).get("etag").cloned().unwrap_or_default();
            let told: Vec<String> =
                arguments.iter().map(|argument| argument.replace("{tag}", &tag)).collect();
            let told: Vec<&str> = told.iter().map(String::as_str).collect();
            answer(to, path, &told)
        };
        let (ours, theirs) = (ask(&ours), ask(&theirs));
        let whole = ours["status"].starts_with('2') || ours["status"] == "304";
        for field in if whole { FIELDS } else { FIELDS_OF_ERRORS } {
            if ours.get(*field) != theirs.get(*field) && !may_differ.contains(field) {
                let (ours, theirs) = (ours.get(*field), theirs.get(*field));
                differ.push(format!("{path} {arguments:?} {field}: {ours:?}, nginx {theirs:?}"));
            }
        }
        let both = whole && theirs["status"] == ours["status"];
        assert!(!both || ours.contains_key("etag") == theirs.contains_key("etag"), "{path}");
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

/// Chromium without a window, a network or a profile.
fn chromium(place: &Place, url: &str) -> String {
    let profile = place.0.join("profile");
    let profile = format!("--user-data-dir={}", profile.display());
    let output = run(
        "chromium",
        &[
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--virtual-time-budget=10000",
            &profile,
            "--dump-dom",
            url,
        ],
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_browser_lists_and_uploads() {
    if !installed("chromium") {
        return;
    }
    let place = Place::new();
    place.write("root/<img src=x onerror=document.title='owned'>", b"x");
    place.write("root/\"><b id=owned>", b"x");
    // What a person does with the form of the listing, as far as a script can.
    let page = br#"<title>waiting</title><script>
        (async () => {
            const listing = await (await fetch("/bare/")).text();
            const form = new DOMParser().parseFromString(listing, "text/html").forms[0];
            const data = new FormData();
            data.append(form.elements[0].name, new File(["first"], "one \"1\".txt"));
            data.append(form.elements[0].name, new File(["second"], "..\\two.txt"));
            const answer = await fetch("/bare/", { method: form.method, body: data });
            const other = await fetch(location.hash.slice(1), { method: "POST", body: data, mode: "no-cors" });
            document.title = "done " + answer.status + " " + new URL(answer.url).pathname;
        })().catch(error => document.title = "failed " + error);
        </script>"#;
    place.write("root/drive.html", page);
    let server = place.serve(&["--upload"]);
    let listing = chromium(&place, &server.url("/"));
    assert!(listing.contains("&lt;img src=x onerror=document.title='owned'&gt;"), "{listing}");
    assert!(!listing.contains("<b id") && !listing.contains("<title>owned"));
    let elsewhere = Place::new();
    let other = elsewhere.serve(&["--upload"]);
    let driven =
        chromium(&place, &format!("{}#{}", server.url("/drive.html"), other.url("/bare/")));
    assert!(driven.contains("<title>done 201 /bare/</title>"), "{driven}");
    assert_eq!(fs::read(place.root().join("bare/one \"1\".txt")).unwrap(), b"first");
    assert_eq!(fs::read(place.root().join("bare/two.txt")).unwrap(), b"second");
    let got = fs::read_dir(elsewhere.root().join("bare")).unwrap().count();
    assert_eq!(got, 0, "a page of another site sent a form");
}
