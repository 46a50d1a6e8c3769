//! A command that fails prints records where records are asked for.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use serde_json::{Value, json};

/// The line on stderr, and the records, of a command that fails with `code`.
fn failed(arguments: &[&str], code: i32) -> (String, Vec<Value>) {
    let output = Command::new(env!("CARGO_BIN_EXE_plumb"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let records = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (String::from_utf8(output.stderr).unwrap(), records)
}

#[test]
fn a_wrong_use_is_a_record_too() {
    for (arguments, command, message) in [
        (&["http", "--json", "http://[:"][..], "http", "the bracket is never closed"),
        (&["http", "--json", "--bad", "x"], "http", "unexpected argument '--bad'"),
        (&["connect", "--json"], "connect", "<"),
        (&["listen", "0", "--json", "--record", "/nonexistent/x"], "listen", "/nonexistent/x"),
        (&["check", "--timeout", "5", "x", "--json"], "check", "5 of what"),
        (&["check", "--json", "--replay", "no-such-file"], "check", "no-such-file"),
        (&["url", "decode", "--json", "--bad"], "url decode", "--bad"),
        (&["serve", "echo", "--json", "--listen", "1:2:3"], "serve echo", ""),
        (&["serve", "--json"], "serve", "--json"),
        (&["explain", "tls.cert.expird", "--json"], "explain", "nothing is called"),
    ] {
        let (stderr, records) = failed(arguments, 2);
        assert!(stderr.contains(message), "{arguments:?}: {stderr}");
        let kinds: Vec<&str> = records.iter().map(|r| r["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["begin", "error", "end"], "{arguments:?}");
        assert_eq!(records[0]["data"]["command"], command, "{arguments:?}");
        let told = records[1]["data"]["message"].as_str().unwrap();
        assert!(told.contains(message) && !told.contains('\n'), "{arguments:?}: {told}");
        assert!(stderr.starts_with("error: "), "{arguments:?}: {stderr}");
        assert_eq!(records[2]["data"]["exit_code"], 2, "{arguments:?}");
    }
}

#[test]
fn the_record_of_an_error_points_at_the_place() {
    let (_, records) = failed(&["check", "www.example.com:70000", "--json"], 2);
    let place = json!({ "text": "www.example.com:70000", "start": 16, "end": 21 });
    assert_eq!(records[1]["data"]["place"], place);
    let (_, records) = failed(&["explain", "tls.cert.expird", "--json"], 2);
    assert_eq!(records[1]["data"]["hints"][0], "did you mean tls.cert.expired?");
    assert_eq!(records[1]["data"]["place"], Value::Null);
    let (_, records) = failed(&["http", "--tiemout", "1s", "x", "--json"], 2);
    assert!(records[1]["data"]["hints"][0].as_str().unwrap().contains("--timeout"));
}

#[test]
fn an_option_of_curl_or_httpie_is_answered_in_one_line() {
    for (option, instead) in [
        ("-u", "--user-file"),
        ("-a", "PLUMB_TOKEN"),
        ("--verify=no", "--insecure"),
        ("-I", "HEAD"),
        ("-sS", "leave it out"),
    ] {
        let (stderr, records) = failed(&["http", option, "--json", "http://127.0.0.1:1/"], 2);
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains(instead), "{option}: {stderr}");
        assert!(records[1]["data"]["message"].as_str().unwrap().contains(instead), "{option}");
    }
}

#[test]
fn without_records_asked_for_stdout_stays_empty() {
    for arguments in [&["http", "--bad"][..], &["check", "a..b"]] {
        assert_eq!(failed(arguments, 2).1, Vec::<Value>::new(), "{arguments:?}");
    }
}
