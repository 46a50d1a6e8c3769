//! The store of `serve http --api`: methods that mean what they mean, kept
//! through kill -9; and sessions. Asked with curl.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ground;

use std::process::Command;

use ground::{Serving, installed};
use serde_json::{Value, json};

/// What curl showed: status, fields in lower case, body.
struct Answer {
    status: u16,
    phrase: String,
    fields: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// `curl ARGUMENTS URL`; words of a field or a method are separate arguments.
fn curl(serving: &Serving, path: &str, arguments: &[&str]) -> Answer {
    let mut command = Command::new("curl");
    command.args(["-s", "-i", "--noproxy", "*"]).args(arguments).arg(serving.url(path));
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let status_line = lines.next().unwrap_or_default();
    let mut words = status_line.splitn(3, ' ').skip(1);
    let (status, phrase) = (words.next().unwrap_or("0"), words.next().unwrap_or_default());
    let fields = lines.filter_map(|line| line.split_once(": "));
    Answer {
        status: status.parse().unwrap(),
        phrase: phrase.to_owned(),
        fields: fields.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect(),
        body: body.to_owned(),
    }
}

fn send(serving: &Serving, method: &str, path: &str, body: &Value, more: &[&str]) -> Answer {
    let body = body.to_string();
    let mut arguments = vec!["-X", method, "-H", "Content-Type: application/json", "-d", &body];
    arguments.extend(more);
    curl(serving, path, &arguments)
}

/// As RFC 9110 section 15.5.21 has it, on the status line and in the problem.
const UNPROCESSABLE: &str = "Unprocessable Content";

#[test]
fn methods_mean_what_they_mean() {
    if !installed("curl") {
        return;
    }
    let serving = Serving::start(["serve", "http", "--api"]);
    let ada = json!({ "name": "Ada", "email": "ada@example.com" });

    let made = send(&serving, "POST", "/users", &ada, &[]);
    assert_eq!((made.status, made.field("location")), (201, "/users/1"), "{}", made.body);
    assert_eq!(made.json(), json!({ "id": 1, "name": "Ada", "email": "ada@example.com" }));
    let double = send(&serving, "POST", "/users", &ada, &[]);
    assert_eq!(double.status, 409);
    assert_eq!(double.json()["conflict"], "/users/1");
    let key = ["-H", "Idempotency-Key: k1"];
    let first = send(&serving, "POST", "/users", &json!({ "name": "Bob" }), &key);
    let again = send(&serving, "POST", "/users", &json!({ "name": "Bob" }), &key);
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.json(), again.json());
    assert_eq!(send(&serving, "POST", "/users", &json!({ "name": "Eve" }), &key).status, 422);

    let wrong = send(&serving, "POST", "/users", &json!({ "name": "", "email": "x" }), &[]);
    assert_eq!((wrong.status, wrong.field("content-type")), (422, "application/problem+json"));
    assert_eq!(wrong.json()["errors"][1]["pointer"], "/email");
    assert_eq!(wrong.phrase, UNPROCESSABLE);
    assert_eq!(wrong.json()["title"], UNPROCESSABLE);
    let broken = ["-X", "POST", "-H", "Content-Type: application/json", "-d", "{"];
    assert_eq!(curl(&serving, "/users", &broken).status, 400);
    assert_eq!(curl(&serving, "/users", &["-d", "name=x"]).status, 415);

    let shown = curl(&serving, "/users/1", &[]);
    let if_none_match = format!("If-None-Match: {}", shown.field("etag"));
    assert_eq!(curl(&serving, "/users/1", &["-H", &if_none_match]).status, 304);
    let if_match = format!("If-Match: {}", shown.field("etag"));
    let if_match = ["-H", if_match.as_str()];
    let replaced = send(&serving, "PUT", "/users/1", &json!({ "name": "Ada L." }), &if_match);
    assert_eq!((replaced.status, replaced.json()), (200, json!({ "id": 1, "name": "Ada L." })));
    let late = send(&serving, "PUT", "/users/1", &json!({ "name": "X" }), &if_match);
    assert_eq!(late.status, 412);
    let twice = send(&serving, "PUT", "/users/1", &json!({ "name": "Ada L." }), &[]);
    assert_eq!(twice.field("etag"), replaced.field("etag"), "the same PUT again changes nothing");
    let patched = send(&serving, "PATCH", "/users/1", &json!({ "age": 36 }), &[]);
    assert_eq!(patched.json(), json!({ "id": 1, "name": "Ada L.", "age": 36 }));
    assert_eq!(send(&serving, "PUT", "/users/9", &json!({ "name": "Nine" }), &[]).status, 201);

    assert_eq!(curl(&serving, "/users/1", &["-X", "DELETE"]).status, 204);
    assert_eq!(curl(&serving, "/users/1", &["-X", "DELETE"]).status, 404);
    assert_eq!(curl(&serving, "/users/1", &[]).status, 404);
    let options = curl(&serving, "/users", &["-X", "OPTIONS"]);
    assert_eq!((options.status, options.field("allow")), (204, "GET, HEAD, POST, OPTIONS"));
    let refused = curl(&serving, "/users", &["-X", "DELETE"]);
    assert_eq!((refused.status, refused.field("allow")), (405, "GET, HEAD, POST, OPTIONS"));
}

#[test]
fn the_list_comes_in_pages() {
    if !installed("curl") {
        return;
    }
    let serving = Serving::start(["serve", "http", "--api"]);
    for n in 1..=5 {
        send(&serving, "POST", "/users", &json!({ "name": format!("user {n}") }), &[]);
    }
    let page = curl(&serving, "/users?page=2&limit=2", &[]);
    assert_eq!(page.json(), json!([{ "id": 3, "name": "user 3" }, { "id": 4, "name": "user 4" }]));
    assert_eq!(page.field("x-total-count"), "5");
    for link in [
        "</users?page=1&limit=2>; rel=\"first\"",
        "</users?page=3&limit=2>; rel=\"last\"",
        "</users?page=1&limit=2>; rel=\"prev\"",
        "</users?page=3&limit=2>; rel=\"next\"",
    ] {
        assert!(page.field("link").contains(link), "{}", page.field("link"));
    }
    assert_eq!(curl(&serving, "/users?page=9&limit=2", &[]).json(), json!([]));
    assert_eq!(curl(&serving, "/users?q=USER%203", &[]).field("x-total-count"), "1");
    for bad in ["page=0", "page=x", "limit=0", "limit=101"] {
        assert_eq!(curl(&serving, &format!("/users?{bad}"), &[]).status, 400, "{bad}");
    }
}

#[test]
fn the_store_survives_kill_9() {
    if !installed("curl") {
        return;
    }
    let directory = std::env::temp_dir().join(format!("plumb-users-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("users.redb");
    let arguments = ["serve", "http", "--api", "--store", file.to_str().unwrap()];
    for n in 1..=5 {
        let mut serving = Serving::start(arguments);
        let key = format!("Idempotency-Key: {n}");
        let made = send(&serving, "POST", "/users", &json!({ "name": "n" }), &["-H", &key]);
        assert_eq!(made.field("location"), format!("/users/{n}"));
        // Asked again in its next life, the key still prevents the double.
        let before = format!("Idempotency-Key: {}", n - 1);
        if n > 1 {
            let again = send(&serving, "POST", "/users", &json!({ "name": "n" }), &["-H", &before]);
            assert_eq!(again.field("location"), format!("/users/{}", n - 1));
        }
        serving.signal(nix::sys::signal::Signal::SIGKILL);
        serving.wait();
    }
    let serving = Serving::start(arguments);
    assert_eq!(curl(&serving, "/users", &[]).field("x-total-count"), "5");
    // The file belongs to one server at a time.
    let second = ground::plumb(arguments.iter().copied().chain(["--listen", "127.0.0.1:0"]));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(matches!(second.status.code(), Some(2 | 3)), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    drop(serving);
    let _ = std::fs::remove_dir_all(&directory);
}

#[test]
fn a_session_is_random_kept_by_the_server_and_rotated() {
    if !installed("curl") {
        return;
    }
    let serving = Serving::start(["serve", "http", "--api"]);
    let login = |more: &[&str]| {
        let mut arguments = vec!["-d", "user=ada&password=secret"];
        arguments.extend(more);
        curl(&serving, "/login", &arguments)
    };
    let cookie_of = |answer: &Answer| {
        let set = answer.field("set-cookie");
        for attribute in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/"] {
            assert!(set.contains(attribute), "{set}");
        }
        format!("Cookie: {}", set.split(';').next().unwrap())
    };
    assert_eq!(curl(&serving, "/session", &[]).status, 401);
    let first = cookie_of(&login(&[]));
    assert_eq!(curl(&serving, "/session", &["-H", &first]).json()["user"], "ada");
    let second = cookie_of(&login(&["-H", &first]));
    assert_ne!(first, second);
    assert_eq!(curl(&serving, "/session", &["-H", &first]).status, 401, "the login rotated it");
    assert_eq!(curl(&serving, "/session", &["-H", &second]).status, 200);
    let elsewhere = login(&["-H", "Origin: https://evil.example"]);
    assert_eq!((elsewhere.status, elsewhere.field("set-cookie")), (403, ""));
    assert_eq!(curl(&serving, "/logout", &["-X", "POST", "-H", &second]).status, 204);
    assert_eq!(curl(&serving, "/session", &["-H", &second]).status, 401);
    assert_eq!(curl(&serving, "/login", &["-d", "user=ada"]).status, 422);
}
