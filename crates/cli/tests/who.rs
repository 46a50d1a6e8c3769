//! Who may, with whole commands: users and tokens are made, servers ask for
//! them over TLS, and curl and Python bring them.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

mod ground;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use ground::{PLUMB, Serving, installed, plumb};
use serde_json::Value;

/// A directory of this test's own, gone when it ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("plumb-who-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.0.join(name), text).unwrap();
        self.path(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs plumb with something on stdin.
fn fed(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(PLUMB);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It may end without reading.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Status, headers and body that curl gets.
fn curl(arguments: &[&str]) -> String {
    let output = Command::new("curl")
        .args(["-sS", "-i", "--noproxy", "*", "-m", "30"])
        .args(arguments)
        .output()
        .unwrap();
    out(&output) + &err(&output)
}

#[test]
fn users_are_added_listed_and_removed() {
    let scratch = Scratch::new("users");
    let file = scratch.path("users");
    let add = fed(&["serve", "user", "add", "alice", "--file", &file], "correct horse\n");
    assert!(add.status.success() && out(&add).contains("alice: added"), "{add:?}");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("alice:$argon2id$v=19$") && !text.contains("correct"), "{text}");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let again = fed(&["serve", "user", "add", "alice", "--file", &file], "battery staple\n");
    assert!(out(&again).contains("alice: changed"), "{again:?}");
    assert_ne!(std::fs::read_to_string(&file).unwrap(), text);
    let empty = fed(&["serve", "user", "add", "bob", "--file", &file], "");
    assert_eq!(empty.status.code(), Some(2), "{empty:?}");
    assert_eq!(out(&plumb(["serve", "user", "list", "--file", &file])), "alice\n");
    let gone = plumb(["serve", "user", "remove", "alice", "--file", &file]);
    assert_eq!(gone.status.code(), Some(0));
    let gone = plumb(["serve", "user", "remove", "alice", "--file", &file]);
    assert_eq!(gone.status.code(), Some(1));
    let started = plumb(["serve", "http", "--users", &file, "--listen", "127.0.0.1:0"]);
    assert_eq!(started.status.code(), Some(2), "nobody could come in");
}

#[test]
fn of_users_that_are_added_at_once_none_is_lost() {
    let scratch = Scratch::new("at-once");
    let file = scratch.path("users");
    let names: Vec<String> = (0..8).map(|number| format!("user{number}")).collect();
    std::thread::scope(|scope| {
        for name in &names {
            let add = ["serve", "user", "add", name, "--file", &file];
            scope.spawn(move || assert!(fed(&add, "correct horse\n").status.success()));
        }
    });
    let listed = out(&plumb(["serve", "user", "list", "--file", &file]));
    assert_eq!(listed.lines().collect::<Vec<_>>(), names);
    let left = std::fs::read_dir(&scratch.0).unwrap().count();
    assert_eq!(left, 1, "no lock is left behind");
}

#[test]
fn tokens_are_issued_and_judged() {
    let scratch = Scratch::new("tokens");
    let key = scratch.path("key");
    let made = plumb(["serve", "token", "key", "--alg", "ES256", "--save", &key]);
    assert!(made.status.success(), "{made:?}");
    let public = format!("{key}.pub");
    let issue = ["serve", "token", "issue", "--key", &key, "--sub", "alice", "--ttl", "2h"];
    let issued = plumb([&issue[..], &["--claim", "level:=3"]].concat());
    let token = out(&issued);
    let shown = fed(&["serve", "token", "show", "--key", &public], &token);
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
    for words in ["ES256", "in 2 hours", "alice", "fits the key", "level"] {
        assert!(out(&shown).contains(words), "{words}: {}", out(&shown));
    }
    let other = scratch.path("other");
    plumb(["serve", "token", "key", "--alg", "ES256", "--save", &other]);
    let shown = fed(&["serve", "token", "show", "--key", &other, "--json"], &token);
    assert_eq!(shown.status.code(), Some(1));
    let record: Value = serde_json::from_str(out(&shown).lines().nth(1).unwrap()).unwrap();
    assert_eq!(record["data"]["signature_valid"], false);
    let old = out(&plumb([&issue[..], &["--claim", "exp:=1000000000"]].concat()));
    let shown = fed(&["serve", "token", "show"], &old);
    assert_eq!(shown.status.code(), Some(1), "no key is needed to see that it is over");
    assert!(out(&shown).contains("2001-09-09T01:46:40Z"), "{}", out(&shown));
    let shown = fed(&["serve", "token", "show"], "eyJhbGciOiJub25lIn0.e30.");
    assert!(shown.status.code() == Some(1) && out(&shown).contains("not signed"), "{shown:?}");
    // The names that the flags of the servers have.
    let names = ["--jwt-key", &public, "--jwt-issuer", "i", "--jwt-audience", "a"];
    let shown = fed(&[&["serve", "token", "show"][..], &names].concat(), &token);
    assert!(shown.status.code() == Some(1) && out(&shown).contains("audience"), "{shown:?}");
    let refused = plumb(["serve", "token", "issue", "--jwt-key", &public, "--subject", "x"]);
    assert!(refused.status.code() == Some(2) && err(&refused).contains("private key"));
}

#[test]
fn a_server_asks_for_passwords_and_tokens() {
    if !installed("curl") {
        return;
    }
    let scratch = Scratch::new("asks");
    let (users, key) = (scratch.path("users"), scratch.path("key"));
    fed(&["serve", "user", "add", "alice", "--file", &users], "correct horse\n");
    plumb(["serve", "token", "key", "--save", &key]);
    let line = out(&plumb(["serve", "token", "issue", "--opaque", "--sub", "carol"]));
    let tokens = scratch.write("tokens", &line);
    let opaque = line.trim().split_once(':').unwrap().1.to_owned();
    let issue = ["serve", "token", "issue", "--key", &key, "--sub", "bob", "--aud", "api"];
    let jwt = out(&plumb(issue)).trim().to_owned();
    scratch.write("index.html", "inside");
    let server = Serving::start([
        "serve",
        "http",
        &scratch.path(""),
        "--users",
        &users,
        "--token-file",
        &tokens,
        "--jwt-key",
        &key,
        "--jwt-audience",
        "api",
    ]);
    let url = server.url("/index.html");
    let none = curl(&[&url]);
    assert!(none.starts_with("HTTP/1.1 401"), "{none}");
    assert!(none.to_lowercase().contains("www-authenticate: basic realm=\"plumb\""), "{none}");
    assert!(none.to_lowercase().contains("www-authenticate: bearer realm=\"plumb\""), "{none}");
    for (credentials, user) in [
        (&["-u", "alice:correct horse"][..], "alice"),
        (&["--oauth2-bearer", &opaque], "carol"),
        (&["--oauth2-bearer", &jwt], "bob"),
    ] {
        let answer = curl(&[&[url.as_str()], credentials].concat());
        assert!(answer.contains("200 OK") && answer.ends_with("inside"), "{user}: {answer}");
    }
    let wrong = curl(&[&url, "--oauth2-bearer", &jwt[..jwt.len() - 2]]);
    assert!(wrong.contains("401") && wrong.contains("error=\"invalid_token\""), "{wrong}");
    for _ in 0..5 {
        curl(&[&url, "-u", "alice:wrong"]);
    }
    let locked = curl(&[&url, "-u", "dave:wrong"]);
    assert!(locked.contains("429") && locked.to_lowercase().contains("retry-after:"), "{locked}");
    let ended = server.stop();
    assert!(ended.status.success());
    let log = ended.stdout;
    for words in ["user alice", "user bob", "user carol", "credentials", "lock_out"] {
        assert!(log.contains(words), "{words}:\n{log}");
    }
    for secret in ["correct horse", opaque.as_str(), jwt.as_str(), "Y29ycmVjd"] {
        assert!(!log.contains(secret), "{secret} in\n{log}");
    }
}

#[test]
fn who_has_a_password_logs_in_with_it() {
    if !installed("curl") {
        return;
    }
    let scratch = Scratch::new("login");
    let users = scratch.path("users");
    fed(&["serve", "user", "add", "alice", "--file", &users], "correct horse\n");
    let server = Serving::start(["serve", "http", "--api", "--users", &users]);
    let url = server.url("/login");
    let login = |password: &str| {
        let form = format!("user=alice&password={password}");
        curl(&["-d", &form, &url])
    };
    let answer = login("correct+horse");
    assert!(answer.contains("200 OK") && answer.contains("logged_in"), "{answer}");
    assert!(login("battery+staple").contains("401"));
    // The session stands for the password from then on, and nothing else does.
    let (_, cookie) = answer.split_once("session=").unwrap();
    let cookie = format!("session={}", cookie.split(';').next().unwrap());
    let get = server.url("/get");
    assert!(curl(&["-b", &cookie, &get]).contains("200 OK"));
    assert!(curl(&["-b", "session=AAAA", &get]).contains("401"));
    assert!(curl(&[&get]).contains("401"));
    assert!(login(&"x".repeat(2000)).contains("401"));
    let log = server.stop().stdout;
    let told: Vec<&str> = log.lines().filter(|line| line.contains("rule credentials")).collect();
    assert!(told.len() == 2 && told[0].contains("a wrong password for \"alice\""), "{log}");
    assert!(told.iter().all(|line| line.contains("phase authentication")), "{log}");
    assert!(!log.contains("staple") && !log.contains("xxx"), "{log}");
}

#[test]
fn a_session_that_any_password_makes_opens_nothing() {
    if !installed("curl") {
        return;
    }
    let scratch = Scratch::new("demo");
    let tokens = scratch.write("tokens", "carol:0123456789abcdef0123456789abcdef\n");
    let server = Serving::start(["serve", "http", "--api", "--token-file", &tokens]);
    let answer = curl(&["-d", "user=eve&password=any", &server.url("/login")]);
    assert!(answer.contains("401"), "{answer}");
    let bearer = ["--oauth2-bearer", "0123456789abcdef0123456789abcdef"];
    let url = server.url("/login");
    let answer = curl(&[&bearer[..], &["-d", "user=eve&password=any", &url]].concat());
    let (_, cookie) = answer.split_once("session=").unwrap();
    let cookie = format!("session={}", cookie.split(';').next().unwrap());
    assert!(curl(&["-b", &cookie, &server.url("/get")]).contains("401"));
}

#[test]
fn a_certificate_made_on_the_spot_is_trusted_by_who_was_given_it() {
    if !installed("curl") {
        return;
    }
    let scratch = Scratch::new("self");
    let saved = scratch.path("cert.pem");
    scratch.write("index.html", "inside");
    let mut server =
        Serving::start(["serve", "http", "--tls", "self", &scratch.path(""), "--tls-save", &saved]);
    let fingerprint = server.line_with("sha256 Fingerprint=");
    assert!(server.line_with("--cacert").contains(&saved));
    let url = format!("https://localhost:{}/index.html", server.address().port());
    let answer = curl(&["--cacert", &saved, "-4", &url]);
    assert!(answer.contains("200") && answer.ends_with("inside"), "{answer}");
    let refused = curl(&["-4", &url]);
    assert!(refused.contains("(60)"), "{refused}");
    let openssl = Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in", &saved])
        .output();
    if let Ok(openssl) = openssl {
        let (_, said) = fingerprint.split_once("Fingerprint=").unwrap();
        assert!(out(&openssl).trim().ends_with(said.trim()), "{}", out(&openssl));
    }
    let words = curl(&[&server.url("/")]);
    assert!(words.contains("400") && words.contains("speaks HTTPS"), "{words}");
}

#[test]
fn client_certificates_name_the_user() {
    if !installed("curl") || !installed("openssl") {
        return;
    }
    let scratch = Scratch::new("mutual");
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
    };
    let new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    for (name, subject) in [("alice", "/CN=alice"), ("bob", "/CN=bob")] {
        let (key, certificate) =
            (scratch.path(&format!("{name}.key")), scratch.path(&format!("{name}.pem")));
        let make = ["req", "-x509", "-keyout", &key, "-out", &certificate, "-subj", subject];
        openssl(&[&make[..], &new].concat());
    }
    let both = ["alice.pem", "bob.pem"].map(|name| scratch.0.join(name));
    let both = both.map(|path| std::fs::read_to_string(path).unwrap()).concat();
    let list = scratch.write("list.pem", &both);
    scratch.write("index.html", "inside");
    let server = Serving::start([
        "serve",
        "http",
        "--tls",
        "self",
        &scratch.path(""),
        "--client-ca",
        &list,
        "--client-name",
        "alice",
    ]);
    let url = format!("https://{}/index.html", server.address());
    let with = |name: &str| {
        let (key, certificate) =
            (scratch.path(&format!("{name}.key")), scratch.path(&format!("{name}.pem")));
        curl(&["-k", "--cert", &certificate, "--key", &key, &url])
    };
    assert!(with("alice").ends_with("inside"));
    assert!(!with("bob").contains("inside"));
    assert!(!curl(&["-k", &url]).contains("inside"));
    let log = server.stop().stdout;
    assert!(log.contains("user alice") && log.contains("client_certificate"), "{log}");
}

#[test]
fn what_cannot_be_used_is_one_line_and_exit_2() {
    let scratch = Scratch::new("wrong");
    let empty = scratch.write("empty", "");
    for arguments in [
        &["--tls", "/nonexistent.pem", "/nonexistent.key"][..],
        &["--tls", &empty],
        &["--tls", "self", "--client-ca", &empty],
        &["--client-ca", &empty],
        &["--token-file", &empty],
        &["--jwt-key", &empty],
        &["--users", &empty],
    ] {
        let output = plumb([&["serve", "http", "--listen", "127.0.0.1:0"][..], arguments].concat());
        let text = err(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{text}");
        assert!(!text.contains("listening"), "{text}");
    }
}
