//! Whole files: what is sent, of what type, and what is not there.

use super::*;

#[tokio::test]
async fn a_file_comes_with_what_is_known_of_it() {
    let place = Place::new();
    let files = place.files();
    let answer = ask(&files, "/a.txt", &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text(), ALPHABET);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.header("content-length"), "26");
    assert_eq!(answer.header("last-modified"), LONG_AGO);
    assert_eq!(answer.header("accept-ranges"), "bytes");
    assert_eq!(answer.header("cache-control"), "no-cache");
    assert!(answer.header("etag").starts_with('"'), "a strong tag");
    let head = ask(&files, "HEAD /a.txt", &[]).await;
    assert!(head.body.is_empty());
    for (name, value) in &answer.headers {
        assert_eq!(head.headers.get(name), Some(value), "{name}");
    }
    // Ranges are for GET alone.
    let head = ask(&files, "HEAD /a.txt", &["Range: bytes=0-1"]).await;
    assert_eq!((head.status.as_u16(), head.header("content-length")), (200, "26"));
}

#[tokio::test]
async fn files_of_every_size() {
    let place = Place::new();
    let files = place.files();
    for size in [0usize, 1, 65_535, 65_536, 65_537, 1_000_000] {
        let content: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        place.write("x.bin", &content);
        let answer = ask(&files, "/x.bin", &[]).await;
        assert!(answer.body == content, "{size}");
        assert_eq!(answer.header("content-length"), size.to_string());
        assert_eq!(answer.header("content-type"), "application/octet-stream");
    }
}

#[tokio::test]
async fn every_change_is_another_tag() {
    let place = Place::new();
    let files = place.files();
    let mut tags = vec![ask(&files, "/a.txt", &[]).await.header("etag").to_owned()];
    assert_eq!(ask(&files, "/a.txt", &[]).await.header("etag"), tags[0]);
    // Same length, same time of modification, another file or the same.
    let upper = ALPHABET.to_uppercase();
    fs::write(place.path("new"), &upper).unwrap();
    fs::rename(place.path("new"), place.path("a.txt")).unwrap();
    tags.push(ask(&files, "/a.txt", &[]).await.header("etag").to_owned());
    place.write("a.txt", "shorter");
    tags.push(ask(&files, "/a.txt", &[]).await.header("etag").to_owned());
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 3);
}

#[tokio::test]
async fn directories_have_a_slash_and_an_index() {
    let place = Place::new();
    let files = place.files();
    for (asked, location) in [
        ("/sub", "/sub/"),
        ("//sub", "/sub/"),
        ("/sub?a=b//c", "/sub/?a=b//c"),
        ("/./sub", "/sub/"),
        ("/sub/../sub", "/sub/"),
    ] {
        let answer = ask(&files, asked, &[]).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (301, location), "{asked}");
    }
    place.write("sub/index.htm", "second");
    assert_eq!(ask(&files, "/sub/", &[]).await.text(), "second");
    place.write("sub/index.html", "first");
    let index = ask(&files, "/sub/", &[]).await;
    assert_eq!(index.text(), "first");
    assert_eq!(index.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(ask(&files, "/a.txt/", &[]).await.status, 404);
    assert_eq!(ask(&files, "/a.txt/b", &[]).await.status, 404);
    let closed = place.files_with(|config| {
        config.listing = false;
        config.index.clear();
    });
    assert_eq!(ask(&closed, "/sub/", &[]).await.status, 403);
}

#[tokio::test]
async fn methods_that_are_not_known_here() {
    let place = Place::new();
    let files = place.files();
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"] {
        let answer = ask(&files, &format!("{method} /a.txt"), &[]).await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS");
    }
    let answer = ask(&files, "OPTIONS /a.txt", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (204, "GET, HEAD, OPTIONS"));
}

#[tokio::test]
async fn what_is_wrong_is_said_in_the_form_that_is_liked() {
    let place = Place::new();
    let files = place.files();
    for (accept, kind) in [
        ("*/*", "text/plain; charset=utf-8"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("application/json", "application/problem+json"),
        ("application/json;q=0.5, text/html", "text/html; charset=utf-8"),
        ("image/png", "text/plain; charset=utf-8"),
    ] {
        let answer = ask(&files, "/none", &[&format!("Accept: {accept}")]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (404, kind),
            "{accept}"
        );
        assert!(answer.text().contains("404"));
    }
    let answer = ask(&files, "/none", &["Accept: application/json"]).await;
    assert_eq!(answer.json()["status"], 404);
}

#[tokio::test]
async fn headers_that_are_asked_for() {
    let place = Place::new();
    place.write("app.3f9a1c2b.js", "x");
    let files = place.files_with(|config| {
        config.cache_control = Some("max-age=60".to_owned());
        config.immutable_hashed = true;
    });
    let plain = ask(&files, "/a.txt?download", &[]).await;
    assert_eq!(plain.header("cache-control"), "max-age=60");
    assert_eq!(plain.header("content-disposition"), "attachment; filename=\"a.txt\"");
    let hashed = ask(&files, "/app.3f9a1c2b.js", &[]).await;
    assert!(hashed.header("cache-control").contains("immutable"));
    assert!(hashed.headers.get("content-disposition").is_none());
}

#[test]
fn a_directory_that_cannot_be_served_is_one_line() {
    let place = Place::new();
    for directory in ["none", "root/a.txt"] {
        let error = Files::open(FilesConfig::new(place.above.join(directory))).unwrap_err();
        assert_eq!(error.to_string().lines().count(), 1);
    }
    let mut config = FilesConfig::new(place.root());
    config.cache_control = Some("a\nb".to_owned());
    assert!(Files::open(config).is_err());
}
