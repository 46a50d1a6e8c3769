//! Downloads.

use super::*;

#[test]
fn downloads_go_on_where_they_were_cut_and_replace_nothing_unasked() {
    let data: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let server = file_server(data.clone());
    let scratch = Scratch::new("download");
    let at = |arguments: &[&str]| plumb().current_dir(&scratch.0).args(arguments).output().unwrap();
    let read = |name: &str| std::fs::read(scratch.path(name)).unwrap();
    // The server's name is taken, and never a path.
    assert_eq!(at(&["--download", &server.url("/file")]).status.code(), Some(0));
    assert_eq!(read("evil.bin"), data);
    assert_eq!(at(&["--download", &server.url("/file")]).status.code(), Some(0));
    assert_eq!(read("evil.bin.1"), data);
    // A file that is there stays, unless it may be replaced.
    scratch.file("mine", b"precious");
    assert_eq!(at(&["--download", "-o", "mine", &server.url("/file")]).status.code(), Some(2));
    assert_eq!(read("mine"), b"precious");
    assert_eq!(
        at(&["--download", "--overwrite", "-o", "mine", &server.url("/file")]).status.code(),
        Some(0)
    );
    assert_eq!(read("mine"), data);
    // Cut, said, and gone on with, the validator in If-Range.
    let output = at(&["--download", "-o", "part", &server.url("/cut")]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert_eq!(read("part").len(), data.len() / 2);
    let output = at(&["--continue", "-o", "part", &server.url("/cut")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(read("part"), data);
    let last = server.heard().last().unwrap().clone();
    assert!(last.contains("If-Range: \"v1\"") && last.contains("Range: bytes=150000-"), "{last}");
    // Complete already; and within one run by itself.
    assert_eq!(at(&["-c", "-o", "part", &server.url("/cut")]).status.code(), Some(0));
    let output = at(&[
        "--download",
        "-o",
        "alone",
        "--retries",
        "1",
        "--retry-delay",
        "1ms",
        &server.url("/cut"),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(read("alone"), data);
    let names: Vec<_> =
        std::fs::read_dir(&scratch.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        names.iter().all(|name| !name.to_string_lossy().ends_with(".plumb-download")),
        "{names:?}"
    );
    // A full disk is said.
    if Path::new("/dev/full").exists() {
        let output = at(&["--download", "-o", "/dev/full", &server.url("/file")]);
        assert_eq!(output.status.code(), Some(3));
        assert!(
            text(&output.stderr).contains("cannot write /dev/full: No space left"),
            "{}",
            text(&output.stderr)
        );
    }
}
