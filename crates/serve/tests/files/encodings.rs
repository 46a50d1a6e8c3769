//! Compressed files: those that lie there, and those made on the way.

use std::io::Read;

use super::*;

fn decoded(answer: &Answer) -> Vec<u8> {
    let mut plain = Vec::new();
    match answer.header("content-encoding") {
        "" => plain.clone_from(&answer.body),
        "gzip" => {
            flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut plain).unwrap();
        }
        "br" => {
            brotli::Decompressor::new(&answer.body[..], 4096).read_to_end(&mut plain).unwrap();
        }
        "zstd" => plain = zstd::decode_all(&answer.body[..]).unwrap(),
        other => panic!("{other}"),
    }
    plain
}

#[tokio::test]
async fn text_is_compressed_as_the_client_likes() {
    let place = Place::new();
    // One that is compressed at once, and one while it is sent.
    for size in [2_000, 600_000] {
        let content: Vec<u8> =
            (0..).flat_map(|n: u32| format!("{n}\n").into_bytes()).take(size).collect();
        place.write("a.txt", &content);
        let files = place.files();
        for (accepted, coding) in [
            ("gzip", "gzip"),
            ("br", "br"),
            ("zstd", "zstd"),
            ("gzip, deflate, br, zstd", "zstd"),
            ("gzip;q=1, zstd;q=0.9", "gzip"),
            ("x-gzip", "gzip"),
            ("*", "zstd"),
            ("deflate", ""),
            ("gzip;q=0", ""),
            ("identity, gzip;q=0.5", ""),
            ("*;q=0", ""),
        ] {
            let field = format!("Accept-Encoding: {accepted}");
            // Twice: the second may come from what was kept.
            for _ in 0..2 {
                let answer = ask(&files, "/a.txt", &[&field]).await;
                assert_eq!(answer.header("content-encoding"), coding, "{accepted}");
                assert!(decoded(&answer) == content, "{accepted}, {size}");
                assert_eq!(answer.header("vary"), "Accept-Encoding");
                assert!(coding.is_empty() || answer.body.len() < size / 2);
                let head = ask(&files, "HEAD /a.txt", &[&field]).await;
                assert_eq!(head.header("etag"), answer.header("etag"));
                assert_eq!(head.header("content-encoding"), coding);
            }
        }
    }
}

#[tokio::test]
async fn what_gains_nothing_is_left_as_it_is() {
    let place = Place::new();
    place.write("small.txt", "x".repeat(1023));
    place.write("large.txt", "x".repeat(1024));
    place.write("x.png", "x".repeat(5000));
    let files = place.files();
    for (path, coding) in [("/small.txt", ""), ("/large.txt", "gzip"), ("/x.png", "")] {
        let answer = ask(&files, path, &["Accept-Encoding: gzip"]).await;
        assert_eq!(answer.header("content-encoding"), coding, "{path}");
    }
    // Who refuses the plain bytes gets none.
    let answer = ask(&files, "/small.txt", &["Accept-Encoding: gzip, identity;q=0"]).await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    let answer = ask(&files, "/large.txt", &["Accept-Encoding: gzip", "Range: bytes=0-1"]).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-encoding")), (206, ""));
    let off = place.files_with(|config| config.compress = false);
    let answer = ask(&off, "/large.txt", &["Accept-Encoding: gzip"]).await;
    assert_eq!(answer.header("content-encoding"), "");
}

#[tokio::test]
async fn files_that_were_compressed_beforehand_are_preferred() {
    let place = Place::new();
    place.write("app.js", "plain");
    place.write("app.js.gz", "made by gzip");
    place.write("app.js.br", "made by brotli");
    let files = place.files();
    for (accepted, body) in [
        ("gzip", "made by gzip"),
        ("br, gzip", "made by brotli"),
        ("gzip;q=1, br;q=0.2", "made by gzip"),
        ("zstd", "plain"),
    ] {
        let answer = ask(&files, "/app.js", &[&format!("Accept-Encoding: {accepted}")]).await;
        assert_eq!(answer.text(), body, "{accepted}");
        assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
        assert_eq!(answer.header("vary"), "Accept-Encoding");
    }
    // What is older than its source was made of another version.
    fs::write(place.path("app.js"), "newer").unwrap();
    let answer = ask(&files, "/app.js", &["Accept-Encoding: gzip"]).await;
    assert_eq!(answer.text(), "newer");
    let itself = ask(&files, "/app.js.gz", &[]).await;
    assert_eq!(itself.header("content-type"), "application/gzip");
    assert_eq!(itself.header("content-encoding"), "");
}

#[tokio::test]
async fn a_changed_file_is_compressed_anew() {
    let place = Place::new();
    let files = place.files();
    for letter in ["a", "b"] {
        place.write("x.txt", letter.repeat(3000));
        let answer = ask(&files, "/x.txt", &["Accept-Encoding: gzip"]).await;
        assert!(decoded(&answer) == letter.repeat(3000).as_bytes());
    }
}
