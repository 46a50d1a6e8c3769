//! No way out of the directory, however the path is written.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;
use plumb_serve::http::files::Symlinks;

/// Ways that others have got out of a directory by.
const WAYS: &[&str] = &[
    "/../secret.txt",
    "/..//secret.txt",
    "/./../secret.txt",
    "/sub/../../secret.txt",
    "/sub/../sub/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/%2E%2E/secret.txt",
    "/.%2e/secret.txt",
    "/%2e./secret.txt",
    "/..%2fsecret.txt",
    "/..%2Fsecret.txt",
    "/%2e%2e%2fsecret.txt",
    "/sub/..%2f..%2fsecret.txt",
    "/..%5csecret.txt",
    "/..\\secret.txt",
    "/%5c..%5csecret.txt",
    "/%252e%252e/secret.txt",
    "/%252e%252e%252fsecret.txt",
    "/..%252fsecret.txt",
    "/%c0%ae%c0%ae/secret.txt",
    "/%c0%ae%c0%ae%c0%afsecret.txt",
    "/..%c0%afsecret.txt",
    "/..%c1%9csecret.txt",
    "/%e0%80%ae%e0%80%ae/secret.txt",
    "/%uff0e%uff0e/secret.txt",
    "/%u002e%u002e/secret.txt",
    "/..;/secret.txt",
    "/..%00/secret.txt",
    "/..%0d%0a/secret.txt",
    "/.../secret.txt",
    "/....//secret.txt",
    "/..%20/secret.txt",
    "/a.txt/../../secret.txt",
    "/a.txt%00.html",
    "/secret.txt%00a.txt",
    "//../secret.txt",
    "///../../secret.txt",
    "/%2f%2e%2e%2fsecret.txt",
    "/%2fetc/passwd",
    "//etc/passwd",
    "/%2f%2fetc%2fpasswd",
    "/file:///etc/passwd",
    "/proc/self/environ",
    "/sub/..",
    "/sub/%2e%2e/..",
    "/%%32%65%%32%65/secret.txt",
    "/%2",
    "/%",
    "/%g1",
];

#[tokio::test]
async fn no_encoding_leads_out() {
    let place = Place::new();
    for symlinks in [Symlinks::Inside, Symlinks::None, Symlinks::All] {
        let files = place.files_with(|config| {
            config.symlinks = symlinks;
            config.hidden = true;
            config.listing = false;
        });
        for way in WAYS {
            let answer = ask(&files, way, &[]).await;
            assert!(
                matches!(answer.status.as_u16(), 400 | 403 | 404),
                "{way}: {} {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            );
            assert!(!String::from_utf8_lossy(&answer.body).contains(SECRET), "{way}");
        }
    }
}

#[tokio::test]
async fn no_upload_leads_out() {
    let place = Place::new();
    let before = place.names();
    let files = place.files_with(|config| {
        config.upload = Some(plumb_serve::http::files::UploadConfig {
            overwrite: true,
            delete: true,
            ..Default::default()
        });
    });
    symlink("..", place.path("up")).unwrap();
    symlink("../secret.txt", place.path("link.txt")).unwrap();
    for way in WAYS.iter().chain(&["/up/secret.txt", "/up/new.txt", "/link.txt/x"]) {
        for method in ["PUT", "DELETE"] {
            let answer = send(&files, &format!("{method} {way}"), &[], b"x".to_vec()).await;
            if answer.status == 201 {
                // A strange name is still a name in the directory.
                let location = answer.header("location").to_owned();
                assert_eq!(ask(&files, &format!("DELETE {location}"), &[]).await.status, 204);
            } else {
                assert!(!answer.status.is_success(), "{method} {way}: {}", answer.status);
            }
        }
    }
    // A link to the outside is replaced or removed itself, never followed.
    assert_ne!(send(&files, "PUT /link.txt", &[], b"x".to_vec()).await.status, 500);
    assert_eq!(fs::read_to_string(place.above.join("secret.txt")).unwrap(), SECRET);
    assert_eq!(fs::read_dir(&place.above).unwrap().count(), 2);
    fs::remove_file(place.path("up")).unwrap();
    let _ = fs::remove_file(place.path("link.txt"));
    assert_eq!(place.names(), before);
}

#[tokio::test]
async fn locations_stay_on_this_host() {
    let place = Place::new();
    fs::create_dir_all(place.path("evil.example")).unwrap();
    fs::create_dir_all(place.path("\\evil.example")).unwrap();
    fs::create_dir_all(place.path("a\r\nSet-Cookie: x")).unwrap();
    let files = place.files();
    for asked in [
        "//evil.example",
        "///evil.example",
        "/./evil.example",
        "/sub/..//evil.example",
        "/%5cevil.example",
        "/a%0d%0aSet-Cookie:%20x",
    ] {
        let answer = ask(&files, asked, &[]).await;
        assert_eq!(answer.status, 301, "{asked}");
        let location = answer.header("location");
        assert!(location.starts_with('/') && !location.starts_with("//"), "{location}");
        assert!(!location.contains('\\') && answer.headers.get("set-cookie").is_none());
    }
}

#[tokio::test]
async fn links_by_policy() {
    let place = Place::new();
    symlink("a.txt", place.path("inside")).unwrap();
    symlink(place.path("a.txt"), place.path("absolute")).unwrap();
    symlink("../secret.txt", place.path("outside")).unwrap();
    symlink("../..", place.path("sub/up")).unwrap();
    symlink("/proc/self/root", place.path("magic")).unwrap();
    symlink("loop", place.path("loop")).unwrap();
    for (symlinks, expected) in [
        (Symlinks::Inside, [200, 200, 404, 404, 404, 404]),
        (Symlinks::None, [404, 404, 404, 404, 404, 404]),
        (Symlinks::All, [200, 200, 200, 200, 200, 404]),
    ] {
        let files = place.files_with(|config| config.symlinks = symlinks);
        let paths = [
            "/inside",
            "/absolute",
            "/outside",
            "/sub/up/secret.txt",
            "/magic/etc/passwd",
            "/loop",
        ];
        for (path, status) in paths.into_iter().zip(expected) {
            assert_eq!(ask(&files, path, &[]).await.status, status, "{symlinks:?} {path}");
        }
    }
}

#[tokio::test]
async fn hidden_files_are_not_there_unless_wished() {
    let place = Place::new();
    fs::create_dir_all(place.path(".git")).unwrap();
    fs::create_dir_all(place.path(".well-known")).unwrap();
    place.write(".git/config", "x");
    place.write(".env", "x");
    place.write(".well-known/security.txt", "x");
    place.write("sub/.well-known", "x");
    let (without, with) = (place.files(), place.files_with(|config| config.hidden = true));
    for (path, status) in [
        ("/.env", 404),
        ("/.git/config", 404),
        ("/.git", 404),
        ("/sub/.well-known", 404),
        ("/.well-known/security.txt", 200),
    ] {
        assert_eq!(ask(&without, path, &[]).await.status, status, "{path}");
    }
    assert_eq!(ask(&with, "/.env", &[]).await.status, 200);
    assert!(!ask(&without, "/", &[]).await.text().contains(".env"));
    assert!(ask(&with, "/", &[]).await.text().contains(".env"));
}

#[tokio::test]
async fn what_is_no_file_is_not_waited_for() {
    let place = Place::new();
    let mode = nix::sys::stat::Mode::S_IRWXU;
    nix::unistd::mkfifo(&place.path("fifo"), mode).unwrap();
    let _socket = UnixListener::bind(place.path("socket")).unwrap();
    symlink("/dev/zero", place.path("zero")).unwrap();
    let files = place.files_with(|config| config.symlinks = Symlinks::All);
    for path in ["/fifo", "/socket", "/zero"] {
        assert_eq!(ask(&files, path, &[]).await.status, 403, "{path}");
    }
    let listing = ask(&files, "/", &[]).await;
    assert!(!listing.text().contains("fifo") && !listing.text().contains("zero"));
}

#[tokio::test]
async fn names_of_any_bytes() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let files = place.files();
    for (name, path) in [
        (&b"\xff\xfe.txt"[..], "/%ff%fe.txt"),
        (b"a b+c&d#e?f.txt", "/a%20b+c&d%23e%3ff.txt"),
        (b"100%.txt", "/100%25.txt"),
        (b"x..\\y.txt", "/x..%5cy.txt"),
        ("ä.txt".as_bytes(), "/%C3%A4.txt"),
        (b"new\nline.txt", "/new%0aline.txt"),
    ] {
        place.write(OsStr::from_bytes(name), "here");
        assert_eq!(ask(&files, path, &[]).await.text(), "here", "{path}");
    }
    let long = format!("/{}", "n".repeat(256));
    assert_eq!(ask(&files, &long, &[]).await.status, 414);
}
