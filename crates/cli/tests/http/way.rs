//! Several requests: connections, redirects, sessions.

use super::*;

#[test]
fn several_urls_share_a_connection_and_the_waterfall_says_so() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    let output = run(&["--phases", &server.url("/1"), &server.url("/2"), &server.url("/3")]);
    assert_eq!(text(&output.stdout), "xxx");
    assert_eq!((server.heard().len(), *server.accepted.lock().unwrap()), (3, 1));
    let told = text(&output.stderr);
    assert_eq!(told.matches("saved by the connection that was there").count(), 2, "{told}");
}

#[test]
fn redirects_are_followed_when_asked_and_a_change_of_method_is_said() {
    let server = Server::new(|request| match request {
        _ if request.starts_with("POST /start") => {
            b"HTTP/1.1 303 See Other\r\nLocation: /end\r\nContent-Length: 0\r\n\r\n".to_vec()
        }
        _ => b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone".to_vec(),
    });
    let output = run(&["--print", "h", &server.url("/start"), "a=b"]);
    assert!(text(&output.stdout).starts_with("HTTP/1.1 303"));
    let output = run(&["--follow", &server.url("/start"), "a=b"]);
    assert_eq!(text(&output.stdout), "done");
    assert!(text(&output.stderr).contains("POST becomes GET"), "{}", text(&output.stderr));
    assert!(server.heard().last().unwrap().starts_with("GET /end "));
}

#[test]
fn a_session_keeps_cookies_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::new(|request| {
        if request.starts_with("GET /cookies/set?test=value") {
            return b"HTTP/1.1 200 OK\r\nSet-Cookie: test=value; Path=/\r\nSet-Cookie: auth=tok; Path=/api; Secure\r\n\
                Set-Cookie: x=1; Domain=com\r\nContent-Length: 0\r\n\r\n"
                .to_vec();
        }
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()
    });
    let scratch = Scratch::new("session");
    let session = scratch.path("s.json");
    let output =
        run(&["--session", &session, "--explain-cookies", &server.url("/cookies/set?test=value")]);
    let told = text(&output.stderr);
    assert!(
        told.contains("cookie test accepted") && told.contains("cookie auth rejected: Secure"),
        "{told}"
    );
    assert!(told.contains("cookie x rejected: com is a public suffix"), "{told}");
    assert_eq!(std::fs::metadata(&session).unwrap().permissions().mode() & 0o777, 0o600);
    let output = run(&["--session", &session, "--explain-cookies", "-v", &server.url("/next")]);
    assert!(text(&output.stderr).contains("cookie test sent"));
    assert!(server.heard().last().unwrap().contains("\r\nCookie: test=value\r\n"));
    let offline = ["--session", &session, "--explain-cookies", "--offline", &server.url("/next")];
    assert!(text(&run(&offline).stderr).contains("cookie test sent"));
    // What is printed shows no value of a cookie that is sent.
    assert!(!text(&output.stdout).contains("test=value"), "{}", text(&output.stdout));
    let before = std::fs::read(&session).unwrap();
    run(&["--session-read-only", &session, &server.url("/cookies/set?test=value")]);
    assert_eq!(std::fs::read(&session).unwrap(), before);
}
