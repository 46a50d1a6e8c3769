//! `serve http` as a whole: versions, TLS, the API beside files, the fields
//! around every answer, slow clients, and what is wrong on the command line.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ground;

use std::path::PathBuf;
use std::process::Command;

use ground::{PLUMB, Serving, installed};

fn directory(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("plumb-serve-http-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("page.txt"), "a page\n").unwrap();
    path
}

fn url(serving: &Serving, scheme: &str, path: &str) -> String {
    let authority = serving.sockets[0].strip_prefix("tcp://").unwrap();
    format!("{scheme}://{authority}{path}")
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_version_is_spoken_with_and_without_tls() {
    if !installed("curl") {
        return;
    }
    let place = directory("versions");
    let plain = Serving::start(["serve".as_ref(), "http".as_ref(), place.as_os_str()]);
    let page = url(&plain, "http", "/page.txt");
    let write = ["-s", "-w", " %{http_version} %{response_code}"];
    for (flag, version) in
        [("--http1.0", "1.0"), ("--http1.1", "1.1"), ("--http2-prior-knowledge", "2")]
    {
        let answer = run("curl", &[&write[..], &[flag, &page]].concat());
        // A server of HTTP/1.1 names its own version to a client of 1.0.
        let named = answer.contains(&format!(" {version} 200")) || version == "1.0";
        assert!(answer.starts_with("a page\n") && named, "{flag}: {answer}");
    }
    let arguments =
        ["serve".as_ref(), "http".as_ref(), place.as_os_str(), "--tls".as_ref(), "self".as_ref()];
    let secure = Serving::start(arguments);
    let page = url(&secure, "https", "/page.txt");
    for (flag, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let answer = run("curl", &[&write[..], &["-k", flag, &page]].concat());
        assert_eq!(answer, format!("a page\n {version} 200"), "{flag}");
    }
}

#[test]
fn httpie_and_requests_are_served() {
    let place = directory("clients");
    let arguments = ["serve".as_ref(), "http".as_ref(), place.as_os_str(), "--api".as_ref()];
    let serving = Serving::start(arguments);
    if installed("http") {
        let address = url(&serving, "http", "/post");
        let answer = run("http", &["--ignore-stdin", "--body", "POST", &address, "a=1"]);
        assert!(answer.contains("\"a\": \"1\""), "{answer}");
    }
    let script = "import requests, sys\ns = requests.Session()\n\
        r = s.get(sys.argv[1] + '/page.txt')\nprint(r.status_code, r.text.strip())\n\
        r = s.put(sys.argv[1] + '/put', data=(b'x' for _ in range(3)))\nprint(r.json()['data'])\n";
    if installed("python3") {
        let answer = run("python3", &["-c", script, &url(&serving, "http", "")]);
        assert_eq!(answer, "200 a page\nxxx\n");
    }
}

#[test]
fn answers_carry_what_was_asked_for() {
    if !installed("curl") {
        return;
    }
    let place = directory("fields");
    let more =
        ["--cors", "https://a.example", "--header", "X-House: yes", "--header", "Referrer-Policy:"];
    let first = ["serve".as_ref(), "http".as_ref(), place.as_os_str()];
    let serving = Serving::start(first.into_iter().chain(more.map(AsRef::as_ref)));
    let page = url(&serving, "http", "/page.txt");
    let answer =
        run("curl", &["-si", "-H", "Origin: https://a.example", "-H", "X-Request-ID: mine", &page]);
    for field in [
        "x-house: yes",
        "x-request-id: mine",
        "x-content-type-options: nosniff",
        "access-control-allow-origin: https://a.example",
    ] {
        assert!(answer.contains(&format!("{field}\r\n")), "{field} in {answer}");
    }
    assert!(!answer.contains("referrer-policy"), "{answer}");
    let options = run("curl", &["-si", "-X", "OPTIONS", &page]);
    assert!(options.contains("allow: GET, HEAD, OPTIONS\r\n"), "{options}");
    let refused = run("curl", &["-si", "-X", "POST", &page]);
    assert!(refused.starts_with("HTTP/1.1 405") && refused.contains("allow: "), "{refused}");
}

#[test]
fn the_log_names_the_target_alike_for_every_version() {
    if !installed("curl") {
        return;
    }
    let place = directory("log");
    let first = ["serve".as_ref(), "http".as_ref(), place.as_os_str()];
    let serving = Serving::start(first.into_iter().chain(["--log", "combined"].map(AsRef::as_ref)));
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        run("curl", &["-s", version, &url(&serving, "http", "/page.txt?a=b")]);
    }
    let log = serving.stop().stdout;
    for version in ["1.1", "2.0"] {
        assert!(log.contains(&format!("\"GET /page.txt?a=b HTTP/{version}\" 200 ")), "{log}");
    }
}

#[test]
fn without_a_directory_the_api_stands_alone() {
    if !installed("curl") {
        return;
    }
    let serving = Serving::start(["serve", "http", "--api"]);
    let got = run("curl", &["-s", &url(&serving, "http", "/get?a=1")]);
    assert!(got.contains("\"a\": \"1\""), "{got}");
    let none = run(
        "curl",
        &["-s", "-o", "/dev/null", "-w", "%{response_code}", &url(&serving, "http", "/Cargo.toml")],
    );
    assert_eq!(none, "404");
    let index = run("curl", &["-s", &url(&serving, "http", "/")]);
    assert!(index.contains("href=\"/get\"") && index.contains("/status/…"), "{index}");
}

#[test]
fn slow_clients_do_not_keep_others_waiting() {
    if !installed("slowhttptest") || !installed("curl") {
        return;
    }
    let place = directory("slow");
    let first = ["serve".as_ref(), "http".as_ref(), place.as_os_str()];
    let more = ["--header-timeout", "500ms", "--slow-sender-rate", "1000"];
    let serving = Serving::start(first.into_iter().chain(more.map(AsRef::as_ref)));
    let page = url(&serving, "http", "/page.txt");
    // Headers that never end, then bodies that hardly begin.
    for mode in ["-H", "-B"] {
        let test = ["-c", "200", mode, "-i", "1", "-r", "200", "-l", "2", "-u", &page, "-p", "2"];
        let mut slow = Command::new("slowhttptest")
            .args(test)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        assert_eq!(run("curl", &["-s", &page]), "a page\n", "{mode}");
        slow.wait().unwrap();
    }
    let log = serving.stop().stdout;
    assert!(log.contains("the header of a request took too long (rule header_time"), "{log}");
}

#[test]
fn what_cannot_be_served_is_said_in_one_line() {
    let place = directory("wrong");
    let place = place.to_str().unwrap();
    for (arguments, code, says) in [
        (&["serve", "http", "/nowhere/at/all"][..], 3, "/nowhere/at/all"),
        (&["serve", "http", place, "--cors", "a.example"], 2, "`a.example` is no origin"),
        (&["serve", "http", place, "--header", "X"], 2, "`X` is no header"),
        (
            &["serve", "http", place, "--header", "Content-Length: 1"],
            2,
            "content-length is the server's own",
        ),
        (&["serve", "http", place, "--overwrite"], 2, "--upload"),
    ] {
        let output = Command::new(PLUMB).args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        assert!(text.contains(says), "{arguments:?}: {text}");
    }
}
