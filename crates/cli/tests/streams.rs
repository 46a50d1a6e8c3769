//! What goes where, and how plumb ends: stdout is the answer, everything else
//! is stderr; JSON Lines begin and end; a closed pipe is quiet; saved evidence
//! gives the same verdict.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use plumb_report::examples::{self, Example};
use serde_json::Value;

fn plumb() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plumb"));
    command.env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8");
    for proxy in
        ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "PLUMB_USER"]
    {
        command.env_remove(proxy);
    }
    command
}

/// A directory of this test's own, gone when it ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path =
            std::env::temp_dir().join(format!("plumb-streams-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    /// The evidence of an example, as `--save` would keep it.
    fn evidence(&self, example: &Example) -> PathBuf {
        let path = self.0.join("run.json");
        std::fs::write(&path, serde_json::to_vec(&example.evidence).unwrap()).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn records(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn json_lines_begin_and_end_and_hold_the_verdict() {
    let scratch = Scratch::new("json");
    let example = examples::expired_certificate();
    let run = scratch.evidence(&example);
    let output = plumb().args(["check", "--json", "--replay"]).arg(run).output().unwrap();
    let records = records(&output);
    assert!(records.iter().all(|record| record["v"] == 1));
    assert_eq!(records.first().unwrap()["type"], "begin");
    assert_eq!(records.first().unwrap()["data"]["command"], "check");
    let last = records.last().unwrap();
    assert_eq!(last["type"], "end");
    assert_eq!(last["data"]["exit_code"], output.status.code().unwrap());
    let events = records.iter().filter(|record| record["type"] == "event").count();
    assert_eq!(events, example.evidence.events.len());
    let verdict = &records[records.len() - 2];
    assert_eq!(verdict["type"], "verdict");
    assert_eq!(verdict["data"]["root"], "tls.cert.expired");
    assert_eq!(verdict["data"]["phases"].as_array().unwrap().len(), 6);
    assert_eq!(output.status.code(), Some(15));
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn a_replay_gives_the_verdict_of_the_evidence() {
    let scratch = Scratch::new("replay");
    let run = scratch.evidence(&examples::healthy());
    let output = plumb().args(["check", "-q", "--replay"]).arg(&run).output().unwrap();
    assert_eq!(text(&output.stdout), "ok https://www.example.com/\n");
    assert_eq!(output.status.code(), Some(0));
    let file = scratch.0.join("answer.txt");
    let output =
        plumb().args(["check", "--replay"]).arg(&run).arg("-o").arg(&file).output().unwrap();
    assert_eq!(text(&output.stdout), "");
    assert!(std::fs::read_to_string(file).unwrap().contains(" ✓ OK"));
}

#[test]
fn a_real_check_is_kept_and_judged_again_alike() {
    let scratch = Scratch::new("save");
    let run = scratch.0.join("run.json");
    // A port of this host on which nobody listens: it was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let seen = plumb()
        .args(["check", "--json", &format!("tcp://127.0.0.1:{port}"), "--save"])
        .arg(&run)
        .output()
        .unwrap();
    let again = plumb().args(["check", "--json", "--replay"]).arg(&run).output().unwrap();
    let verdict =
        |output: &Output| records(output).into_iter().find(|record| record["type"] == "verdict");
    assert!(verdict(&seen).is_some(), "{}", text(&seen.stderr));
    assert_eq!(verdict(&seen), verdict(&again));
    assert_eq!(seen.status.code(), again.status.code());
    assert_eq!(seen.status.code(), Some(14), "{}", text(&seen.stdout));
}

#[test]
fn secrets_are_neither_printed_nor_saved() {
    let scratch = Scratch::new("secrets");
    let secret = scratch.0.join("user");
    std::fs::write(&secret, "alice:correct-horse\n").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        use std::io::Write;
        let mut head = String::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
                head.push_str(&std::mem::take(&mut line));
            }
            if head.contains("HTTP/1.1") {
                let _ = stream
                    .write_all(b"HTTP/1.1 204 No Content\r\nset-cookie: id=battery-staple\r\n\r\n");
                return head;
            }
        }
        head
    });
    let run = scratch.0.join("run.json");
    let output = plumb()
        .args(["check", "--json", &format!("http://bob:tr0ub4dor@127.0.0.1:{port}/")])
        .args(["-H", "Cookie: session=purple-monkey", "--user-file"])
        .arg(&secret)
        .arg("--save")
        .arg(&run)
        .output()
        .unwrap();
    let sent = server.join().unwrap().to_ascii_lowercase();
    // "alice:correct-horse" in base64.
    let encoded = "YWxpY2U6Y29ycmVjdC1ob3JzZQ==";
    assert!(
        sent.contains(&format!("authorization: basic {}", encoded.to_ascii_lowercase())),
        "{sent}"
    );
    let kept = std::fs::read_to_string(run).unwrap();
    for shown in [text(&output.stdout), text(&output.stderr), kept] {
        for secret in [encoded, "correct-horse", "battery-staple", "purple-monkey", "tr0ub4dor"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child =
        plumb().args(["explain"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn mistakes_leave_stdout_empty() {
    for arguments in
        [&["check", "host:70000"][..], &["nonsense"], &["check"], &["check", "--replay", "/"]]
    {
        let output = plumb().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
        assert!(text(&output.stderr).starts_with("error: "), "{arguments:?}");
    }
}

#[test]
fn an_interrupted_check_says_what_it_saw_and_ends_with_130() {
    // A server that accepts and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut child = plumb()
        .args(["check", "--json", "--timeout", "60s", &url])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    // Connected: from here on nothing comes.
    while !line.contains("\"kind\":\"connect\"") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the check ended by itself");
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    let status = child.wait().unwrap();
    let last: Vec<&str> = rest.lines().rev().take(2).collect();
    assert!(
        last[0].contains("\"type\":\"end\"") && last[0].contains("\"interrupted\":true"),
        "{rest}"
    );
    assert!(last[1].contains("\"type\":\"verdict\""), "{rest}");
    assert_eq!(status.code(), Some(130));
}
