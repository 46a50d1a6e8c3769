//! Files that come in: whole or not at all, and never over another unasked.

use super::*;
use plumb_serve::http::files::UploadConfig;

impl Place {
    fn taking(&self, upload: UploadConfig) -> Files {
        self.files_with(|config| config.upload = Some(upload))
    }
}

async fn put(files: &Files, path: &str, fields: &[&str], body: &str) -> Answer {
    send(files, &format!("PUT {path}"), fields, body.as_bytes().to_vec()).await
}

#[tokio::test]
async fn a_put_makes_a_file_and_never_replaces_one() {
    let place = Place::new();
    let files = place.taking(UploadConfig::default());
    let made = put(&files, "/sub/b%20c.txt", &[], "new").await;
    assert_eq!(made.status, 201);
    assert_eq!(made.header("location"), "/sub/b%20c.txt");
    let read = ask(&files, "/sub/b%20c.txt", &[]).await;
    assert_eq!(read.text(), "new");
    assert_eq!(read.header("etag"), made.header("etag"));
    assert_eq!(put(&files, "/a.txt", &[], "new").await.status, 409);
    assert_eq!(put(&files, "/a.txt", &["If-None-Match: *"], "new").await.status, 412);
    assert_eq!(place.read("a.txt"), ALPHABET.as_bytes());
    for (path, fields, status) in [
        ("/sub", &[][..], 409),
        ("/sub/", &[], 409),
        ("/none/a", &[], 409),
        ("/a.txt/b", &[], 409),
        ("/.hidden", &[], 404),
        ("/a%0ab", &[], 400),
        ("/x", &["Content-Range: bytes 0-1/2"], 400),
        ("/x", &["Content-Encoding: gzip"], 415),
        ("/x", &["If-Match: *"], 412),
        ("/x", &["If-Match: \"x\""], 412),
        ("/x", &["Origin: http://evil.example"], 403),
        ("/x", &["Origin: null"], 403),
        ("/x", &["Sec-Fetch-Site: cross-site"], 403),
        ("/x", &["Origin: http://localhost:8080", "If-None-Match: *"], 201),
    ] {
        assert_eq!(put(&files, path, fields, "x").await.status, status, "{path} {fields:?}");
    }
    assert_eq!(place.names(), ["a.txt", "sub", "sub/b c.txt", "x"]);
}

#[tokio::test]
async fn pages_of_other_sites_where_they_are_allowed() {
    let place = Place::new();
    for (origins, status) in [
        (&["*"][..], 201),
        (&["http://a.example"], 403),
        (&["http://a", "http://evil.example"], 201),
    ] {
        let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
        let files = place.taking(UploadConfig { origins, delete: true, ..Default::default() });
        let fields = ["Origin: http://evil.example", "Sec-Fetch-Site: cross-site"];
        assert_eq!(put(&files, "/x", &fields, "x").await.status, status);
        let _ = fs::remove_file(place.path("x"));
    }
}

#[tokio::test]
async fn a_file_is_replaced_only_where_it_is_allowed_and_meant() {
    let place = Place::new();
    let files = place.taking(UploadConfig { overwrite: true, ..Default::default() });
    let old = ask(&files, "/a.txt", &[]).await.header("etag").to_owned();
    let replaced = put(&files, "/a.txt", &[&format!("If-Match: {old}")], "new").await;
    assert_eq!(replaced.status, 204);
    assert_eq!(place.read("a.txt"), b"new");
    assert_ne!(replaced.header("etag"), old);
    assert_eq!(put(&files, "/a.txt", &[&format!("If-Match: {old}")], "lost").await.status, 412);
    assert_eq!(put(&files, "/a.txt", &["If-None-Match: *"], "lost").await.status, 412);
    assert_eq!(put(&files, "/a.txt", &[], "newer").await.status, 204);
    assert_eq!(place.read("a.txt"), b"newer");
    assert_eq!(place.names(), ["a.txt", "sub"]);
}

#[tokio::test]
async fn of_two_who_make_the_same_file_one_is_told() {
    let place = Place::new();
    let files = place.taking(UploadConfig::default());
    let tasks: Vec<_> = (0..16)
        .map(|number| {
            let files = files.clone();
            tokio::spawn(async move { put(&files, "/one", &[], &number.to_string()).await.status })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap().as_u16() {
            201 => made += 1,
            status => assert_eq!(status, 409),
        }
    }
    assert_eq!(made, 1);
}

#[tokio::test]
async fn sizes_have_their_limit() {
    let place = Place::new();
    let files = place.taking(UploadConfig { size_bytes_max: 1000, ..Default::default() });
    assert_eq!(put(&files, "/at", &[], &"x".repeat(1000)).await.status, 201);
    let past = put(&files, "/past", &[], &"x".repeat(1001)).await;
    assert_eq!(past.status, 413);
    assert_eq!(place.names(), ["a.txt", "at", "sub"]);
}

#[tokio::test]
async fn directories_are_made_where_that_is_asked() {
    let place = Place::new();
    let files = place.taking(UploadConfig { make_directories: true, ..Default::default() });
    assert_eq!(put(&files, "/x/y/z.txt", &[], "new").await.status, 201);
    assert_eq!(place.read("x/y/z.txt"), b"new");
    assert_eq!(put(&files, "/a.txt/y", &[], "new").await.status, 409);
}

#[tokio::test]
async fn files_are_removed_where_that_is_allowed() {
    let place = Place::new();
    let without = place.taking(UploadConfig::default());
    let answer = ask(&without, "DELETE /a.txt", &[]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("allow")),
        (405, "GET, HEAD, OPTIONS, PUT, POST")
    );
    let files = place.taking(UploadConfig { delete: true, ..Default::default() });
    for (path, field, status) in [
        ("/a.txt", "If-Match: \"x\"", 412),
        ("/a.txt", "Origin: http://evil.example", 403),
        ("/a.txt/", "X: x", 404),
        ("/sub", "X: x", 409),
        ("/sub/", "X: x", 409),
        ("/a.txt", "If-Match: *", 204),
        ("/a.txt", "X: x", 404),
    ] {
        let answer = ask(&files, &format!("DELETE {path}"), &[field]).await;
        assert_eq!(answer.status, status, "{path} {field}");
    }
    assert_eq!(place.names(), ["sub"]);
}

/// A form with files; where there is no file name, a field.
fn form(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut body = String::new();
    for (filename, content) in parts {
        body.push_str("--xyz\r\nContent-Disposition: form-data; name=\"file\"");
        if *filename != "-" {
            body.push_str(&format!("; filename=\"{filename}\"\r\nContent-Type: text/plain"));
        }
        body.push_str(&format!("\r\n\r\n{content}\r\n"));
    }
    body.push_str("--xyz--\r\n");
    body.into_bytes()
}

const FORM: &str = "Content-Type: multipart/form-data; boundary=xyz";

#[tokio::test]
async fn a_form_brings_all_its_files_or_none() {
    let place = Place::new();
    let files = place.taking(UploadConfig::default());
    let body = form(&[("-", "a field"), ("b.txt", "B"), ("", ""), ("../../c.txt", "C")]);
    let answer = send(&files, "POST /sub/", &[FORM], body).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (201, "/sub/"));
    assert_eq!(place.read("sub/b.txt"), b"B");
    assert_eq!(place.read("sub/c.txt"), b"C");
    let before = place.names();
    for (parts, status) in [
        (&[("new.txt", "x"), ("b.txt", "x")][..], 409),
        (&[("new.txt", "x"), ("..", "x")], 400),
        (&[("-", "no file")], 400),
        (&[("same.txt", "1"), ("same.txt", "2")], 409),
    ] {
        assert_eq!(send(&files, "POST /sub/", &[FORM], form(parts)).await.status, status);
    }
    let cut = &form(&[("new.txt", "x")])[..90];
    for (what, field, body, status) in [
        ("POST /sub/", FORM, cut, 400),
        ("POST /sub/", FORM, b"no form", 400),
        ("POST /sub/", "Content-Type: multipart/form-data", b"", 400),
        ("POST /sub/", "Content-Type: text/plain", b"x", 415),
        ("POST /sub/", "X: x", b"x", 415),
        ("POST /none/", FORM, b"x", 404),
        ("POST /a.txt", FORM, b"x", 405),
    ] {
        assert_eq!(send(&files, what, &[field], body.to_vec()).await.status, status, "{what}");
    }
    assert_eq!(place.names(), before);
    let browser = ["Accept: text/html", FORM];
    let answer = send(&files, "POST /sub", &browser, form(&[("d.txt", "D")])).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/sub/"));
    let one = send(&files, "POST /", &[FORM], form(&[("e f.txt", "E")])).await;
    assert_eq!(one.header("location"), "/e%20f.txt");
}

#[tokio::test]
async fn forms_have_their_limits() {
    let place = Place::new();
    let files = place.taking(UploadConfig { size_bytes_max: 40_000, ..Default::default() });
    let names: Vec<String> = (0..65).map(|number| format!("{number}.txt")).collect();
    let parts: Vec<_> = names.iter().map(|name| (&name[..], "x")).collect();
    assert_eq!(send(&files, "POST /sub/", &[FORM], form(&parts)).await.status, 400);
    assert_eq!(send(&files, "POST /sub/", &[FORM], form(&parts[..64])).await.status, 201);
    let large = form(&[("large", &"x".repeat(40_000))]);
    assert_eq!(send(&files, "POST /", &[FORM], large).await.status, 413);
    assert!(!place.names().contains(&"large".to_owned()));
}

#[tokio::test]
async fn a_listing_has_a_form_where_uploads_are_taken() {
    let place = Place::new();
    let page = ask(&place.taking(UploadConfig::default()), "/", &[]).await;
    assert!(page.text().contains("enctype=\"multipart/form-data\""));
}

#[tokio::test]
async fn a_full_disk_is_said() {
    let place = Place::new();
    // A file system of its own of a few pages, in a namespace of this thread's own.
    let done = std::thread::scope(|scope| {
        scope
            .spawn(|| {
                use nix::mount::{MsFlags, mount};
                use nix::sched::{CloneFlags, unshare};
                if let Err(error) = unshare(CloneFlags::CLONE_NEWNS) {
                    return Err(format!("no mount namespace: {error}"));
                }
                let none: Option<&str> = None;
                let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
                mount(none, "/", none, private, none)
                    .and_then(|()| {
                        let options = Some("size=64k");
                        mount(
                            Some("none"),
                            &place.path("sub"),
                            Some("tmpfs"),
                            MsFlags::empty(),
                            options,
                        )
                    })
                    .map_err(|error| format!("no tmpfs: {error}"))?;
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                // The directory is opened in this namespace; its descriptor stays there.
                let files = place.taking(UploadConfig::default());
                let full = put_in(&runtime, &files, 200_000);
                let left = fs::read_dir(place.path("sub")).unwrap().count();
                let fits = put_in(&runtime, &files, 20_000);
                Ok((full, left, fits))
            })
            .join()
            .unwrap()
    });
    match done {
        Ok(found) => assert_eq!(found, (507, 0, 201)),
        Err(why) => eprintln!("SKIP: {why}"),
    }
}

fn put_in(runtime: &tokio::runtime::Runtime, files: &Files, size: usize) -> u16 {
    runtime.block_on(async { put(files, "/sub/x", &[], &"x".repeat(size)).await.status.as_u16() })
}
