//! Conditional requests, RFC 9110 section 13.

use super::*;

#[tokio::test]
async fn a_copy_that_is_fresh_is_not_sent_again() {
    let place = Place::new();
    place.write("a.txt", ALPHABET.repeat(100));
    let files = place.files();
    let first = ask(&files, "/a.txt", &[]).await;
    let tag = first.header("etag").to_owned();
    for condition in [
        format!("If-None-Match: {tag}"),
        format!("If-None-Match: W/{tag}"),
        format!("If-None-Match: \"other\", {tag}"),
        "If-None-Match: *".to_owned(),
        format!("If-Modified-Since: {LONG_AGO}"),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = ask(&files, &format!("{method} /a.txt"), &[&condition]).await;
            assert_eq!(answer.status, 304, "{condition}");
            assert!(answer.body.is_empty());
            for name in ["etag", "cache-control", "vary"] {
                assert_eq!(answer.header(name), first.header(name), "{name}");
            }
            for name in ["content-length", "content-type", "content-encoding"] {
                assert!(answer.headers.get(name).is_none(), "{name}");
            }
        }
    }
    for condition in [
        "If-None-Match: \"other\"",
        "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT",
        "If-Modified-Since: yesterday",
    ] {
        assert_eq!(ask(&files, "/a.txt", &[condition]).await.status, 200, "{condition}");
    }
}

#[tokio::test]
async fn another_version_than_wanted_is_not_sent() {
    let place = Place::new();
    let files = place.files();
    let tag = ask(&files, "/a.txt", &[]).await.header("etag").to_owned();
    for (condition, status) in [
        (format!("If-Match: {tag}"), 200),
        ("If-Match: *".to_owned(), 200),
        (format!("If-Match: W/{tag}"), 412),
        ("If-Match: \"other\"".to_owned(), 412),
        (format!("If-Unmodified-Since: {LONG_AGO}"), 200),
        ("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT".to_owned(), 412),
    ] {
        assert_eq!(ask(&files, "/a.txt", &[&condition]).await.status, status, "{condition}");
    }
}

#[tokio::test]
async fn each_encoding_has_its_own_tag() {
    let place = Place::new();
    place.write("a.txt", ALPHABET.repeat(100));
    let files = place.files();
    let plain = ask(&files, "/a.txt", &[]).await.header("etag").to_owned();
    let gzip = ask(&files, "/a.txt", &["Accept-Encoding: gzip"]).await.header("etag").to_owned();
    let br = ask(&files, "/a.txt", &["Accept-Encoding: br"]).await.header("etag").to_owned();
    assert!(plain != gzip && gzip != br && br != plain);
    let again = format!("If-None-Match: {gzip}");
    assert_eq!(ask(&files, "/a.txt", &["Accept-Encoding: gzip", &again]).await.status, 304);
    assert_eq!(ask(&files, "/a.txt", &["Accept-Encoding: br", &again]).await.status, 200);
    assert_eq!(ask(&files, "/a.txt", &[&again]).await.status, 200);
}
