//! `plumb url` beside Python's `urllib.parse`, and the starts of its commands.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod ground;

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What both must read alike.
const ALIKE: &[&str] = &[
    "https://api.example.com:8443/v2/users?page=1&limit=10&q=hello+world#section",
    "http://user@www.example.com/",
    "http://www.example.com",
    "http://www.example.com/a;b=c/d;e?f;g#h",
    "HTTP://WWW.EXAMPLE.COM/A",
    "http://[2001:db8::1]:8080/x",
    "http://1.2.3.4:80/",
    "mailto:someone@example.com?subject=a%20b",
    "file:///etc/hosts",
    "urn:isbn:0451450523",
    "ftp://ftp.example.com/a%2Fb",
    "http://www.example.com/?",
    "http://www.example.com/#a?b",
    "http://a@b@c/",
    "https://h/?a=1&a=2&b=&=x&%C3%A9=+%2B",
    "//www.example.com/path",
    "../a/b?c",
    "?q=1",
    "http:path",
    "http:///path",
    r"http://www.example.com\@evil.example/",
];

/// What they read differently, and why.
const DIFFERENT: &[(&str, &str)] = &[
    (
        "http://h/a\tb",
        "Python drops tabs and line ends as browsers do; RFC 3986 keeps and refuses them",
    ),
    (" http://h/", "Python drops blanks in front; by RFC 3986 what begins with one has no scheme"),
    ("http://h:x/", "Python has no port and an exception; RFC 3986 splits it off and refuses it"),
];

const PYTHON: &str = r#"
import json, sys
from urllib.parse import urlsplit, parse_qsl
for line in sys.stdin:
    text = json.loads(line)
    try:
        parts = urlsplit(text)
        print(json.dumps([parts.scheme, parts.hostname or "", str(parts.port or ""), parts.path,
            parts.query, parts.fragment, parse_qsl(parts.query, keep_blank_values=True)]))
    except ValueError:
        print(json.dumps(["ValueError"]))
"#;

fn python(texts: &[&str]) -> Vec<Value> {
    let mut child = Command::new("python3")
        .args(["-c", PYTHON])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for text in texts {
        writeln!(stdin, "{}", serde_json::to_string(text).unwrap()).unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The same fields of the same text by `plumb url --json`.
fn plumb(text: &str) -> Value {
    let output = ground::plumb(["url", "--json", "--", text]);
    let stdout = String::from_utf8(output.stdout).unwrap();
    let record = stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|record| record["type"] == "url");
    let Some(record) = record else { return serde_json::json!(["refused"]) };
    let data = &record["data"];
    let part = |name: &str| {
        let parts = data["parts"].as_array().unwrap();
        let found = parts.iter().find(|part| part["name"] == name);
        found.map_or(String::new(), |part| part["text"].as_str().unwrap().to_owned())
    };
    let pairs: Vec<Value> = data["pairs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| serde_json::json!([pair["name"], pair["value"].as_str().unwrap_or_default()]))
        .collect();
    serde_json::json!([
        part("scheme").to_lowercase(),
        part("host").to_lowercase().trim_matches(['[', ']']),
        part("port"),
        part("path"),
        part("query"),
        part("fragment"),
        pairs,
    ])
}

#[test]
fn python_reads_them_alike_but_where_a_reason_is_known() {
    if !ground::installed("python3") {
        return;
    }
    for (text, theirs) in ALIKE.iter().zip(python(ALIKE)) {
        assert_eq!(plumb(text), theirs, "{text}");
    }
    let texts: Vec<&str> = DIFFERENT.iter().map(|(text, _)| *text).collect();
    for ((text, why), theirs) in DIFFERENT.iter().zip(python(&texts)) {
        assert_ne!(plumb(text), theirs, "{text:?} is read alike now, though: {why}");
    }
}

#[test]
fn python_encodes_alike() {
    if !ground::installed("python3") {
        return;
    }
    let script = "import sys, urllib.parse as u\n\
        t = sys.argv[1]\n\
        print(u.quote(t, safe=''), u.quote_plus(t, safe='*').replace('~', '%7E'))";
    for text in ["user name with spaces/and slashes", "café résumé", "a+b=c&d~e*f", "日本"] {
        let output = Command::new("python3").args(["-c", script, text]).output().unwrap();
        let theirs = String::from_utf8(output.stdout).unwrap();
        let ours = |arguments: &[&str]| {
            let output = ground::plumb(arguments.iter().chain(&["--", text]));
            String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
        };
        let both = [ours(&["url", "encode"]), ours(&["url", "encode", "--component", "form"])];
        assert_eq!(both.join(" "), theirs.trim_end());
    }
}

#[test]
fn lines_of_stdin_are_read_one_by_one() {
    let mut child = Command::new(ground::PLUMB)
        .args(["url", "--json", "--strict", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = b"https://www.example.com/\r\n\nhttp://[::1\nhttp://0x7f.1/";
    child.stdin.take().unwrap().write_all(lines).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let records: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = records.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["begin", "url", "url", "url", "end"]);
    assert_eq!(records[3]["data"]["whatwg"]["host"], "127.0.0.1");
    assert_eq!(records[3]["data"]["notices"][0]["id"], "host-ipv4-form");
    assert_eq!(records[1]["data"]["agree"], true);
}

#[test]
fn a_password_is_in_no_output() {
    let url = "https://alice:correct-horse@www.example.com/a";
    for arguments in [
        &["url", url][..],
        &["url", "--json", url],
        &["url", "join", url, "b"],
        &["url", "join", "--json", url, "b"],
        &["url", "set", url, "port=8443"],
        &["url", "set", "--json", url, "host=h"],
    ] {
        let output = ground::plumb(arguments);
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert!(text.contains("<redacted>"), "{arguments:?}: {text}");
        assert!(!text.contains("correct-horse"), "{arguments:?}: {text}");
    }
}
