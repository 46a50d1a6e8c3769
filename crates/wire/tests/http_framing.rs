//! The judgement of requests: the same for every way in which they come, and
//! never milder than that of the library which reads them next.

use plumb_wire::http::framing::{Body, FramingLimits, Piece, RequestFraming, RequestHead, Rule};
use proptest::prelude::*;

/// Headers with their bytes, how many requests ended, and the rule that was broken.
type Judgement = (Vec<(Vec<u8>, RequestHead)>, usize, Option<Rule>);

fn judge(input: &[u8], cuts: &[usize]) -> Judgement {
    let mut framing = RequestFraming::new(FramingLimits::default());
    let (mut heads, mut ends) = (Vec::new(), 0);
    let (mut at, mut known) = (0, 0);
    let mut cuts = cuts.iter().copied().chain([input.len()]);
    loop {
        match framing.next(&input[at..known]) {
            Err(rule) => return (heads, ends, Some(rule)),
            Ok(Piece::More) => match cuts.next() {
                Some(cut) => known = known.max(cut.min(input.len())),
                None => return (heads, ends, None),
            },
            Ok(Piece::End) => ends += 1,
            Ok(Piece::Head(bytes, head)) => {
                heads.push((input[at..at + bytes].to_vec(), head));
                at += bytes;
            }
            Ok(Piece::Blank(bytes) | Piece::Content(bytes) | Piece::Framing(bytes)) => at += bytes,
        }
    }
}

/// What hyper does with a header: httparse, then the types of `http`.
fn read_by_others(head: &[u8]) -> Result<(), String> {
    let mut fields = [httparse::EMPTY_HEADER; 128];
    let mut request = httparse::Request::new(&mut fields);
    let read = request.parse(head).map_err(|error| error.to_string())?;
    if read != httparse::Status::Complete(head.len()) {
        return Err(format!("{read:?} of {}", head.len()));
    }
    let method = request.method.ok_or("no method")?;
    http::Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string())?;
    request.path.ok_or("no path")?.parse::<http::Uri>().map_err(|error| error.to_string())?;
    for field in request.headers {
        http::HeaderName::from_bytes(field.name.as_bytes()).map_err(|error| error.to_string())?;
        http::HeaderValue::from_bytes(field.value).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Requests that are nearly right.
fn request() -> impl Strategy<Value = String> {
    let method = prop::sample::select(vec!["GET", "POST", "OPTIONS", "CONNECT", "B!", "G T"]);
    let target = prop_oneof![
        prop::sample::select(vec![
            "/",
            "*",
            "a:1",
            "http://a/x?y",
            "HTTPS://[::1]:1",
            "/\u{e9}?\u{e9}"
        ])
        .prop_map(str::to_owned),
        "/[!-~]{0,12}",
        "/[ -\u{ff}]{0,6}",
        "https?://[!-~]{0,12}",
    ];
    let version = prop::sample::select(vec!["HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "x"]);
    let field = prop_oneof![
        4 => Just("Host: a".to_owned()),
        1 => prop::sample::select(vec![
            "Content-Length: 3", "content-length: 0", "Content-Length: +1",
            "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Connection: close",
        ]).prop_map(str::to_owned),
        1 => "[!-~]{1,6}: ?[ -\u{ff}]{0,8}",
        1 => "[ -~\t\r\0]{0,8}:?[ -~]{0,4}",
    ];
    let end = prop::sample::select(vec!["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n"]);
    let body = prop_oneof![
        3 => Just(String::new()),
        1 => Just("abc".to_owned()),
        2 => Just("2;x=\"y\"\r\nab\r\n0\r\nT: u\r\n\r\n".to_owned()),
        1 => "[0-9a-f]{0,3}[;\r\n =a]{0,4}\r\n[a-z]{0,4}\r\n",
    ];
    let fields = prop::collection::vec((field, end), 0..5);
    (method, target, version, fields, body).prop_map(|(method, target, version, fields, body)| {
        let fields: String = fields.iter().map(|(field, end)| format!("{field}{end}")).collect();
        format!("{method} {target} {version}\r\n{fields}\r\n{body}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_cut_changes_the_judgement(
        requests in prop::collection::vec(request(), 1..4),
        mut cuts in prop::collection::vec(0_usize..400, 0..12),
    ) {
        let input = requests.concat().into_bytes();
        cuts.sort_unstable();
        prop_assert_eq!(judge(&input, &cuts), judge(&input, &[]));
    }

    #[test]
    fn what_is_let_through_can_be_read(requests in prop::collection::vec(request(), 1..4)) {
        for (head, judged) in judge(requests.concat().as_bytes(), &[]).0 {
            prop_assert_eq!(read_by_others(&head), Ok(()), "{:?}", String::from_utf8_lossy(&head));
            let text = String::from_utf8_lossy(&head).to_ascii_lowercase();
            let (length, coding) =
                (text.matches("\r\ncontent-length:").count(), text.matches("\r\ntransfer-encoding:").count());
            prop_assert!(length + coding <= 1);
            prop_assert_eq!(judged.body == Body::Chunked, coding == 1);
        }
    }

    #[test]
    fn any_bytes_are_judged(input in prop::collection::vec(any::<u8>(), 0..200)) {
        let every: Vec<usize> = (0..input.len()).collect();
        prop_assert_eq!(judge(&input, &every), judge(&input, &[]));
    }
}
