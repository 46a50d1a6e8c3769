//! What a directory without an index shows.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::*;

#[tokio::test]
async fn a_directory_for_people() {
    let place = Place::new();
    place.write("<script>alert(1)<script>", "x");
    place.write("\"onmouseover=\"x", "x");
    place.write("javascript:alert(1)", "x");
    place.write(OsStr::from_bytes(b"\x1b[31m\xff"), "x");
    let files = place.files();
    let answer = ask(&files, "/", &["Accept: text/html"]).await;
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    let page = answer.text();
    assert!(!page.contains("<script") && !page.contains("=\"x\"") && !page.contains('\x1b'));
    assert!(
        page.contains("href=\"./javascript%3Aalert%281%29\"")
            || page.contains("href=\"./javascript%3Aalert(1)\"")
    );
    assert!(page.contains("href=\"./%1B%5B31m%FF\""));
    assert!(page.contains("href=\"./sub/\""));
    assert!(!page.contains("http://") && !page.contains("https://"), "nothing from elsewhere");
    assert!(!page.contains("<form"), "no uploads");
    let head = ask(&files, "HEAD /", &["Accept: text/html"]).await;
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), answer.header("content-length"));
}

#[tokio::test]
async fn a_directory_for_programs() {
    let place = Place::new();
    let files = place.files();
    let answer = ask(&files, "/", &["Accept: application/json"]).await;
    assert_eq!(answer.header("content-type"), "application/json");
    let json = answer.json();
    assert_eq!(json["path"], "/");
    let entry = &json["entries"][1];
    assert_eq!(entry["name"], "a.txt");
    assert_eq!(entry["type"], "file");
    assert_eq!(entry["size_bytes"], 26);
    assert_eq!(entry["modified"], "1994-11-06T08:49:37Z");
    assert_eq!(json["entries"][0]["type"], "directory");
    assert!(json["entries"][0]["size_bytes"].is_null());
    // A browser's own list of wishes gets the page.
    let browser = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    assert!(ask(&files, "/", &[browser]).await.text().starts_with("<!DOCTYPE html>"));
    assert_eq!(ask(&files, "/", &["Accept: text/plain"]).await.text(), "sub/\na.txt\n");
}

#[tokio::test]
async fn long_directories_have_pages() {
    let place = Place::new();
    for number in 0..501 {
        fs::write(place.path(format!("sub/{number}")), "").unwrap();
    }
    let files = place.files();
    let json = async |query: &str| {
        ask(&files, &format!("/sub/{query}"), &["Accept: application/json"]).await.json()
    };
    let first = json("").await;
    assert_eq!(first["entries"].as_array().unwrap().len(), 500);
    assert_eq!((&first["pages"], &first["files"]), (&2.into(), &501.into()));
    let second = json("?page=2&sort=name&order=asc").await;
    assert_eq!(second["entries"][0]["name"], "500");
    let page = ask(&files, "/sub/", &[]).await;
    assert!(page.text().contains("page=2") && page.text().contains("rel=\"next\""));
}

#[tokio::test]
async fn a_listing_is_compressed_too() {
    let place = Place::new();
    let files = place.files();
    let answer = ask(&files, "/", &["Accept-Encoding: gzip"]).await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert_eq!(answer.header("vary"), "Accept, Accept-Encoding");
}
