//! Parts of files, RFC 9110 section 14.

use super::*;

#[tokio::test]
async fn one_part() {
    let place = Place::new();
    let files = place.files();
    for (range, content, content_range) in [
        ("bytes=0-3", "abcd", "bytes 0-3/26"),
        ("bytes=22-", "wxyz", "bytes 22-25/26"),
        ("bytes=-2", "yz", "bytes 24-25/26"),
        ("bytes=-100", ALPHABET, "bytes 0-25/26"),
        ("bytes=24-99", "yz", "bytes 24-25/26"),
        ("bytes=0-3,2-5", "abcdef", "bytes 0-5/26"),
        ("bytes=0-0,1-3", "abcd", "bytes 0-3/26"),
    ] {
        let answer = ask(&files, "/a.txt", &[&format!("Range: {range}")]).await;
        assert_eq!(answer.status, 206, "{range}");
        assert_eq!(answer.text(), content, "{range}");
        assert_eq!(answer.header("content-range"), content_range);
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert!(!answer.header("etag").is_empty());
    }
}

#[tokio::test]
async fn what_is_not_to_be_heeded_gives_the_whole() {
    let place = Place::new();
    place.write("empty", "");
    let files = place.files();
    for range in ["bytes=3-1", "bytes=x", "lines=1-2", "bytes 0-1", ""] {
        let answer = ask(&files, "/a.txt", &[&format!("Range: {range}")]).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, ALPHABET), "{range}");
    }
    let many = format!("Range: bytes={}", vec!["0-0"; 33].join(","));
    assert_eq!(ask(&files, "/a.txt", &[&many]).await.status, 200);
    for range in ["Range: bytes=-1", "Range: bytes=0-"] {
        assert_eq!(ask(&files, "/empty", &[range]).await.status, 200);
    }
}

#[tokio::test]
async fn what_is_not_there_is_416_with_the_size() {
    let place = Place::new();
    let files = place.files();
    for range in ["26-", "-0", "30-40,50-"] {
        let answer = ask(&files, "/a.txt", &[&format!("Range: bytes={range}")]).await;
        assert_eq!(answer.status, 416, "{range}");
        assert_eq!(answer.header("content-range"), "bytes */26");
    }
}

#[tokio::test]
async fn several_parts() {
    let place = Place::new();
    let content: Vec<u8> = (0..100_000u32).flat_map(|n| n.to_be_bytes()).collect();
    place.write("x.png", &content);
    let files = place.files();
    let answer = ask(&files, "/x.png", &["Range: bytes=-7, 300000-399000, 0-9"]).await;
    assert_eq!(answer.status, 206);
    assert!(answer.headers.get("content-range").is_none());
    let boundary = answer.header("content-type").strip_prefix("multipart/byteranges; boundary=");
    let delimiter = format!("\r\n--{}", boundary.unwrap());
    let mut expected = Vec::new();
    // In the order in which they were asked for.
    for part in [399_993..400_000, 300_000..399_001, 0..10] {
        let head = format!(
            "{delimiter}\r\nContent-Type: image/png\r\nContent-Range: bytes {}-{}/400000\r\n\r\n",
            part.start,
            part.end - 1
        );
        expected.extend_from_slice(head.as_bytes());
        expected.extend_from_slice(&content[part]);
    }
    expected.extend_from_slice(format!("{delimiter}--\r\n").as_bytes());
    assert!(answer.body == expected);
}

#[tokio::test]
async fn a_range_of_another_version_gives_the_whole() {
    let place = Place::new();
    let files = place.files();
    let tag = ask(&files, "/a.txt", &[]).await.header("etag").to_owned();
    for (condition, status) in [
        (tag.clone(), 206),
        (LONG_AGO.to_owned(), 206),
        (format!("W/{tag}"), 200),
        ("\"other\"".to_owned(), 200),
        ("Sun, 06 Nov 1994 08:49:38 GMT".to_owned(), 200),
        ("garbage".to_owned(), 200),
    ] {
        let fields = ["Range: bytes=0-1", &format!("If-Range: {condition}")];
        assert_eq!(ask(&files, "/a.txt", &fields).await.status, status, "{condition}");
    }
    // Conditions come first.
    let fields = ["Range: bytes=99-", &format!("If-None-Match: {tag}")];
    assert_eq!(ask(&files, "/a.txt", &fields).await.status, 304);
}
