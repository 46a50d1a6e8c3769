//! Requests as hostile clients frame them, each with the rule that it breaks.

use super::*;

/// Everything that the machine says of `input`, cut at `cuts`.
fn judge(input: &[u8], cuts: &[usize]) -> (Vec<Piece>, Result<(), Rule>) {
    let mut framing = RequestFraming::new(FramingLimits::default());
    let mut pieces = Vec::new();
    let (mut at, mut cuts) = (0, cuts.iter().copied().chain([input.len()]));
    let mut known = 0;
    loop {
        match framing.next(&input[at..known]) {
            Err(rule) => return (pieces, Err(rule)),
            Ok(Piece::More) => match cuts.next() {
                Some(cut) => known = known.max(cut.min(input.len())),
                None => return (pieces, Ok(())),
            },
            Ok(piece) => {
                at += match piece {
                    Piece::Blank(n) | Piece::Head(n, _) | Piece::Content(n) | Piece::Framing(n) => {
                        n
                    }
                    Piece::End | Piece::More => 0,
                };
                match (pieces.last_mut(), piece) {
                    (Some(Piece::Content(sum)), Piece::Content(more)) => *sum += more,
                    _ => pieces.push(piece),
                }
            }
        }
    }
}

fn rule(input: &str) -> Result<(), Rule> {
    judge(input.as_bytes(), &[]).1
}

fn requests(input: &[u8]) -> usize {
    judge(input, &[]).0.iter().filter(|piece| **piece == Piece::End).count()
}

#[test]
fn good_requests_are_found() {
    for (input, count) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1),
        ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 1),
        ("GET / HTTP/1.0\r\n\r\n", 1),
        ("OPTIONS * HTTP/1.1\r\nhost:a\r\n\r\n", 1),
        ("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 1),
        ("GET http://a/?b HTTP/1.1\r\nHost: a\r\n\r\n", 1),
        ("GET HTTP://[::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 1),
        ("GET /\u{65e5}?\u{672c} HTTP/1.1\r\nHost: a\r\nX:\r\nY: \u{e9} \t\r\n\r\n", 1),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.0\r\n\r\n", 2),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n\
          5;a=b; c=\"d\\\"\"\r\nhello\r\n000\r\nX: y\r\n\r\nGET / HTTP/1.0\r\n\r\n",
            2,
        ),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 1),
    ] {
        assert_eq!(rule(input), Ok(()), "{input:?}");
        assert_eq!(requests(input.as_bytes()), count, "{input:?}");
    }
}

#[test]
fn each_rule_is_kept() {
    let chunks = |body: &str| {
        rule(&format!("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}"))
    };
    let field = |field: &str| rule(&format!("GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n"));
    let line = |line: &str| rule(&format!("{line}\r\nHost: a\r\n\r\n"));
    for (found, wanted) in [
        (line("GET /"), Rule::RequestLine),
        (line("GET  / HTTP/1.1"), Rule::RequestLine),
        (line("GET / HTTP/1.1 "), Rule::RequestLine),
        (line("\n"), Rule::RequestLine),
        (line("\u{16}\u{3}\u{1}"), Rule::RequestLine),
        (line("G(T / HTTP/1.1"), Rule::Method),
        (line("GET * HTTP/1.1"), Rule::Target),
        (line("GET a/b HTTP/1.1"), Rule::Target),
        (line("GET ftp://a/ HTTP/1.1"), Rule::Target),
        (line("GET http:///x HTTP/1.1"), Rule::Target),
        (line("GET http://u@a/x HTTP/1.1"), Rule::Target),
        (line("GET /a#b HTTP/1.1"), Rule::Target),
        (line("GET /a\u{7}b HTTP/1.1"), Rule::Target),
        (line("CONNECT /a HTTP/1.1"), Rule::Target),
        (line("CONNECT a HTTP/1.1"), Rule::Target),
        (line("GET / HTTP/1.1\r"), Rule::BareCr),
        (line("GET / http/1.1"), Rule::Version),
        (line("GET / HTTP/1.10"), Rule::Version),
        (line("GET / HTTP/1.2"), Rule::VersionUnsupported),
        (line("GET / HTTP/2.0"), Rule::VersionUnsupported),
        (rule("GET / HTTP/1.1\nHost: a\n\n"), Rule::BareLf),
        (field("X: a\nY: b"), Rule::BareLf),
        (field("X: a\rY: b"), Rule::BareCr),
        (field("X: a\0"), Rule::FieldValue),
        (field("X\u{b}: a"), Rule::FieldName),
        (field(": a"), Rule::FieldName),
        (field("X"), Rule::FieldName),
        (field("X : a"), Rule::SpaceBeforeColon),
        (field(" folded"), Rule::Folded),
        (field("Host: a"), Rule::HostSeveral),
        (rule("GET / HTTP/1.1\r\n\r\n"), Rule::HostMissing),
        (rule("GET http://a/ HTTP/1.1\r\n\r\n"), Rule::HostMissing),
        (rule("GET / HTTP/1.0\r\nHost: a/b\r\n\r\n"), Rule::HostInvalid),
        (field("Content-Length: 0\r\nContent-Length: 0"), Rule::LengthSeveral),
        (field("Content-Length: +5"), Rule::LengthInvalid),
        (field("Content-Length: 5, 5"), Rule::LengthInvalid),
        (field("Content-Length: 0x5"), Rule::LengthInvalid),
        (field("Content-Length:"), Rule::LengthInvalid),
        (field("Content-Length: 9223372036854775808"), Rule::LengthInvalid),
        (field("Content-Length: 99999999999999999999999"), Rule::LengthInvalid),
        (field("Content-Length: 5\r\nTransfer-Encoding: chunked"), Rule::LengthAndTransferEncoding),
        (field("Transfer-Encoding: chunked\r\nContent-Length: 5"), Rule::LengthAndTransferEncoding),
        (field("Transfer-Encoding: xchunked"), Rule::TransferEncoding),
        (field("Transfer-Encoding: chunked, identity"), Rule::TransferEncoding),
        (field("Transfer-Encoding: chunked, chunked"), Rule::TransferEncoding),
        (field("Transfer-Encoding: \u{b}chunked"), Rule::FieldValue),
        (field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), Rule::TransferEncoding),
        (field("Transfer-Encoding: gzip, chunked"), Rule::TransferEncodingUnknown),
        (rule("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), Rule::TransferEncodingOld),
        (chunks("xyz\r\n"), Rule::ChunkSize),
        (chunks("\r\n"), Rule::ChunkSize),
        (chunks("-1\r\n"), Rule::ChunkSize),
        (chunks("5x\r\n"), Rule::ChunkSize),
        (chunks("0x5\r\n"), Rule::ChunkSize),
        (chunks("8000000000000000\r\n"), Rule::ChunkSize),
        (chunks("00000000000000005\r\n"), Rule::ChunkSize),
        (chunks("5\nhello"), Rule::BareLf),
        (chunks("5 \r\nhello"), Rule::ChunkExtension),
        (chunks("5;\r\nhello"), Rule::ChunkExtension),
        (chunks("5;a=\"\r\nhello"), Rule::ChunkExtension),
        (chunks("5;a\rb\r\nhello"), Rule::BareCr),
        (chunks("5\r\nhelloX"), Rule::ChunkEnd),
        (chunks("5\r\nhello\n"), Rule::BareLf),
        (chunks("5\r\nhello\r\rX"), Rule::ChunkEnd),
        (chunks("0\r\nContent-Length: 5\r\n\r\n"), Rule::TrailerForbidden),
        (chunks("0\r\n folded\r\n\r\n"), Rule::Folded),
    ] {
        assert_eq!(found, Err(wanted));
    }
}

#[test]
fn at_each_limit_and_one_past_it() {
    let limits = FramingLimits::default();
    let line = |bytes: usize| {
        let target = "/".repeat(bytes - "GET  HTTP/1.1\r\n".len());
        rule(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"))
    };
    assert_eq!(line(limits.request_line_bytes_max), Ok(()));
    assert_eq!(line(limits.request_line_bytes_max + 1), Err(Rule::TargetTooLong));
    let header = |bytes: usize| {
        let value = "x".repeat(bytes - "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".len());
        rule(&format!("GET / HTTP/1.1\r\nHost: a\r\nX: {value}\r\n\r\n"))
    };
    assert_eq!(header(limits.header_bytes_max), Ok(()));
    assert_eq!(header(limits.header_bytes_max + 1), Err(Rule::HeaderTooLarge));
    let fields =
        |count: usize| rule(&format!("GET / HTTP/1.0\r\n{}\r\n", "X: y\r\n".repeat(count)));
    assert_eq!(fields(limits.fields_max), Ok(()));
    assert_eq!(fields(limits.fields_max + 1), Err(Rule::FieldsTooMany));
    let chunks = |body: String| {
        rule(&format!("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}"))
    };
    let sized = |bytes: usize| chunks(format!("1;{}\r\n", "x".repeat(bytes - 4)));
    assert_eq!(sized(chunked::LINE_BYTES_MAX), Ok(()));
    assert_eq!(sized(chunked::LINE_BYTES_MAX + 1), Err(Rule::ChunkLineTooLong));
    let trailers = |bytes: usize| chunks(format!("0\r\nX: {}\r\n", "x".repeat(bytes - 5)));
    assert_eq!(trailers(chunked::TRAILERS_BYTES_MAX), Ok(()));
    assert_eq!(trailers(chunked::TRAILERS_BYTES_MAX + 1), Err(Rule::TrailersTooLarge));
    let extended = |count: usize| chunks(format!("1;{}\r\n!\r\n", "x".repeat(511)).repeat(count));
    assert_eq!(extended(chunked::EXTENSIONS_BYTES_MAX / 512), Ok(()));
    assert_eq!(extended(chunked::EXTENSIONS_BYTES_MAX / 512 + 1), Err(Rule::ChunkLineTooLong));
}

#[test]
fn hosts() {
    for good in ["a", "a:80", "a:", "127.0.0.1:1", "[::1]", "[::1]:65535", "a_b.c-d~%20", "a,b"] {
        assert!(is_host(good.as_bytes()), "{good}");
    }
    for bad in [
        "", ":80", "a/b@c", "a b", "u@a", "a:port", "a:65536", "a:000080", "[::1", "[::1]x", "[a]",
        "a:1:2", "::1", "%2", "a%zz", "\u{e9}",
    ] {
        assert!(!is_host(bad.as_bytes()), "{bad}");
    }
}

#[test]
fn the_requests_before_a_broken_one_are_whole() {
    let two = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let input = format!("{two}GET / HTTP/1.1\r\n\r\n");
    assert_eq!(requests(input.as_bytes()), 2);
    assert_eq!(rule(&input), Err(Rule::HostMissing));
}

#[test]
fn no_cut_changes_the_judgement() {
    let input = "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\n\
        abc\r\n0\r\nT: u\r\n\r\nPUT / HTTP/1.0\r\nContent-Length: 2\r\n\r\nxyGET / HTTP/1.1\nHost";
    let whole = judge(input.as_bytes(), &[]);
    assert_eq!(whole.1, Err(Rule::BareLf));
    for cut in 0..input.len() {
        assert_eq!(judge(input.as_bytes(), &[cut]), whole, "{cut}");
    }
    let every: Vec<usize> = (0..input.len()).collect();
    assert_eq!(judge(input.as_bytes(), &every), whole);
}
