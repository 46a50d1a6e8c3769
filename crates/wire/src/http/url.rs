//! Where the parts of a URL are, as each of the two standards splits it.
//!
//! RFC 3986 (appendix B) cuts at the first `:`, `//`, `/`, `?` and `#` and leaves every byte as it
//! is. The URL standard of browsers (WHATWG) trims blanks, drops tabs and line ends, and for the
//! schemes of the web takes `\` for `/` and any number of them for two. Text that the two split
//! differently goes to one host in one program and to another in the next.
//!
//! Nothing is refused here: this says where a part would be, not whether it may stand there.

use std::ops::Range;

/// The places of the parts, in bytes of the text that was split. Delimiters belong to no part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts {
    /// Before the first colon.
    pub scheme: Option<Range<usize>>,
    /// Before the last `@` of the authority.
    pub userinfo: Option<Range<usize>>,
    /// With the brackets of an IPv6 address.
    pub host: Option<Range<usize>>,
    /// After the colon behind the host; may be empty.
    pub port: Option<Range<usize>>,
    /// With its first slash; may be empty.
    pub path: Range<usize>,
    /// After the `?`; may be empty.
    pub query: Option<Range<usize>>,
    /// After the `#`; may be empty.
    pub fragment: Option<Range<usize>>,
}

impl Parts {
    /// As RFC 3986 appendix B splits, userinfo and port by section 3.2.
    ///
    /// ```
    /// use plumb_wire::http::url::Parts;
    ///
    /// let text = "http://user@www.example.com:8080/a?b#c";
    /// let parts = Parts::rfc3986(text);
    /// assert_eq!(&text[parts.host.unwrap()], "www.example.com");
    /// ```
    pub fn rfc3986(text: &str) -> Parts {
        let mut parts = Parts::default();
        let mut at = 0;
        if let Some(colon) =
            text.find([':', '/', '?', '#']).filter(|&at| text[at..].starts_with(':'))
            && is_scheme(&text[..colon])
        {
            parts.scheme = Some(0..colon);
            at = colon + 1;
        }
        if text[at..].starts_with("//") {
            let end = find(text, at + 2, &['/', '?', '#']);
            parts.authority(text, at + 2..end);
            at = end;
        }
        parts.rest(text, at, text.len());
        parts
    }

    /// As the URL standard splits where there is no base; none if there is no scheme, without
    /// which it needs a base.
    pub fn whatwg(text: &str) -> Option<Parts> {
        let blank = |c: char| c <= ' ';
        let start = text.len() - text.trim_start_matches(blank).len();
        let end = start + text[start..].trim_end_matches(blank).len();
        let colon = start + text[start..end].find(':')?;
        let name: String = text[start..colon].chars().filter(|c| !is_dropped(*c)).collect();
        if !is_scheme(&name) {
            return None;
        }
        let scheme = name.to_ascii_lowercase();
        let mut parts = Parts { scheme: Some(start..colon), ..Parts::default() };
        let text = &text[..end];
        let special = is_special(&scheme);
        let (slashes, after) = leading_slashes(text, colon + 1, special, &scheme);
        let has_authority = if scheme == "file" || !special { slashes == 2 } else { true };
        if !has_authority {
            parts.rest(text, colon + 1, end);
            return Some(parts);
        }
        let delimiters: &[char] = if special { &['/', '\\', '?', '#'] } else { &['/', '?', '#'] };
        let stop = find(text, after, delimiters);
        if scheme == "file" {
            parts.file_host(text, after..stop);
        } else {
            parts.authority(text, after..stop);
        }
        let path_at = if parts.host.is_none() { after } else { stop };
        parts.rest(text, path_at, end);
        Some(parts)
    }

    /// Every part that is there with its name, in their order; an empty path is not there.
    pub fn named(&self) -> Vec<(&'static str, Range<usize>)> {
        let path = Some(self.path.clone()).filter(|path| !path.is_empty());
        [
            ("scheme", &self.scheme),
            ("userinfo", &self.userinfo),
            ("host", &self.host),
            ("port", &self.port),
            ("path", &path),
            ("query", &self.query),
            ("fragment", &self.fragment),
        ]
        .into_iter()
        .filter_map(|(name, range)| Some((name, range.clone()?)))
        .collect()
    }

    /// `userinfo@host:port`. Both standards let the last `@` count; a port begins at the last
    /// colon outside of brackets.
    fn authority(&mut self, text: &str, range: Range<usize>) {
        let authority = &text[range.clone()];
        let host_at = match authority.rfind('@') {
            Some(at) => {
                self.userinfo = Some(range.start..range.start + at);
                range.start + at + 1
            }
            None => range.start,
        };
        let host = &text[host_at..range.end];
        let after_bracket = host.rfind(']').map_or(0, |at| at + 1);
        match host[after_bracket..].rfind(':') {
            Some(at) => {
                let colon = host_at + after_bracket + at;
                self.host = Some(host_at..colon);
                self.port = Some(colon + 1..range.end);
            }
            None => self.host = Some(host_at..range.end),
        }
    }

    /// The host of a file URL, which has no port. A drive letter is none.
    fn file_host(&mut self, text: &str, range: Range<usize>) {
        let bytes: Vec<u8> =
            text[range.clone()].bytes().filter(|b| !is_dropped(char::from(*b))).collect();
        let drive = matches!(bytes[..], [letter, b':' | b'|'] if letter.is_ascii_alphabetic());
        if !drive {
            self.host = Some(range);
        }
    }

    /// Path, query and fragment.
    fn rest(&mut self, text: &str, at: usize, end: usize) {
        let path_end = find(text, at, &['?', '#']).min(end);
        self.path = at..path_end;
        let mut at = path_end;
        if text[at..end].starts_with('?') {
            let query_end = find(text, at + 1, &['#']).min(end);
            self.query = Some(at + 1..query_end);
            at = query_end;
        }
        if text[at..end].starts_with('#') {
            self.fragment = Some(at + 1..end);
        }
    }
}

/// Whether this can be a scheme: `ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )`, RFC 3986 section 3.1.
pub fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// The schemes for which the URL standard has rules of their own.
pub fn is_special(scheme: &str) -> bool {
    matches!(scheme, "http" | "https" | "ws" | "wss" | "ftp" | "file")
}

/// Tab, line feed and carriage return: browsers drop them wherever they stand.
pub fn is_dropped(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r')
}

/// The first of the delimiters at or after `at`, or the end.
fn find(text: &str, at: usize, delimiters: &[char]) -> usize {
    text[at..].find(delimiters).map_or(text.len(), |found| at + found)
}

/// How many slashes follow, and where they end: for a scheme of the web all there are, of either
/// kind; else at most two.
fn leading_slashes(text: &str, from: usize, special: bool, scheme: &str) -> (usize, usize) {
    let max = if special && scheme != "file" { usize::MAX } else { 2 };
    let (mut count, mut end) = (0, from);
    for (at, c) in text[from..].char_indices() {
        if c == '/' || (special && c == '\\') {
            count += 1;
        } else if !is_dropped(c) {
            break;
        }
        end = from + at + 1;
        if count == max {
            break;
        }
    }
    (count, end)
}

/// What percent-encoding and form encoding leave as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Letters, digits and `-._~`: safe in every place.
    Unreserved,
    /// What one segment of a path may hold: `pchar`, so not the slash.
    Segment,
    /// What a whole path may hold: `pchar` and the slash.
    Path,
    /// What the name or value of a pair may hold in a query: not `&`, `=`, `+` or `;`.
    Query,
    /// What a user's name may hold: not the colon.
    Userinfo,
    /// What a fragment may hold: `pchar`, slash and question mark.
    Fragment,
    /// A name or value of `application/x-www-form-urlencoded`: a blank becomes `+`.
    Form,
}

impl Keep {
    fn keeps(self, byte: u8) -> bool {
        let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        match self {
            Keep::Unreserved => unreserved,
            Keep::Segment => unreserved || b"!$&'()*+,;=:@".contains(&byte),
            Keep::Path => unreserved || b"!$&'()*+,;=:@/".contains(&byte),
            Keep::Query => unreserved || b"!$'()*,:@/?".contains(&byte),
            Keep::Userinfo => unreserved || b"!$&'()*+,;=".contains(&byte),
            Keep::Fragment => unreserved || b"!$&'()*+,;=:@/?".contains(&byte),
            Keep::Form => byte.is_ascii_alphanumeric() || b"-._*".contains(&byte),
        }
    }
}

/// Percent-encodes every byte that may not stand, RFC 3986 section 2.1.
///
/// ```
/// use plumb_wire::http::url::{Keep, encode};
///
/// assert_eq!(encode("a b/c", Keep::Segment), "a%20b%2Fc");
/// assert_eq!(encode("a b/c", Keep::Form), "a+b%2Fc");
/// ```
pub fn encode(text: impl AsRef<[u8]>, keep: Keep) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let bytes = text.as_ref();
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        if keep == Keep::Form && byte == b' ' {
            out.push('+');
        } else if keep.keeps(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 0xf)]));
        }
    }
    out
}

/// Bytes without their percent-encoding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decoded {
    /// What is broken stands as it was written.
    pub bytes: Vec<u8>,
    /// Every `%` that no two hexadecimal digits follow, with what stands in their place.
    pub broken: Vec<Range<usize>>,
}

/// Takes the percent-encoding off.
pub fn decode(text: &str) -> Decoded {
    let bytes = text.as_bytes();
    let mut decoded = Decoded { bytes: Vec::with_capacity(bytes.len()), broken: Vec::new() };
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digit = |place: usize| char::from(*bytes.get(place)?).to_digit(16);
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.bytes.push((high * 16 + low) as u8);
                at += 3;
                continue;
            }
            (b'%', ..) => {
                let shown = text[at..]
                    .chars()
                    .take(3)
                    .take_while(|c| *c == '%' || c.is_ascii_alphanumeric());
                decoded.broken.push(at..at + shown.map(char::len_utf8).sum::<usize>());
            }
            _ => {}
        }
        decoded.bytes.push(byte);
        at += 1;
    }
    decoded
}

/// As [`decode`], a `+` being a blank: the encoding of forms.
pub fn decode_form(text: &str) -> Decoded {
    decode(&text.replace('+', " "))
}

/// One pair of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Where it stands in the query.
    pub place: Range<usize>,
    /// Decoded.
    pub name: Vec<u8>,
    /// Decoded; none if there was no `=`.
    pub value: Option<Vec<u8>>,
}

/// The pairs of a query as forms write them, in their order, repeats kept; `&&` is no pair.
pub fn pairs(query: &str) -> Vec<Pair> {
    let mut at = 0;
    let mut pairs = Vec::new();
    for piece in query.split('&') {
        let place = at..at + piece.len();
        at = place.end + 1;
        if piece.is_empty() {
            continue;
        }
        let (name, value) = match piece.split_once('=') {
            Some((name, value)) => (name, Some(decode_form(value).bytes)),
            None => (piece, None),
        };
        pairs.push(Pair { place, name: decode_form(name).bytes, value });
    }
    pairs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str, parts: Option<Parts>) -> Vec<(&'static str, &str)> {
        let parts = parts.map(|parts| parts.named()).unwrap_or_default();
        parts.into_iter().map(|(name, range)| (name, &text[range])).collect()
    }

    fn rfc(text: &str) -> Vec<(&'static str, &str)> {
        shown(text, Some(Parts::rfc3986(text)))
    }

    fn whatwg(text: &str) -> Vec<(&'static str, &str)> {
        shown(text, Parts::whatwg(text))
    }

    #[test]
    fn both_split_an_ordinary_url_alike() {
        let text = "https://u:p@api.example.com:8443/v2/users?page=1&q=a+b#section";
        let expected = vec![
            ("scheme", "https"),
            ("userinfo", "u:p"),
            ("host", "api.example.com"),
            ("port", "8443"),
            ("path", "/v2/users"),
            ("query", "page=1&q=a+b"),
            ("fragment", "section"),
        ];
        assert_eq!(rfc(text), expected);
        assert_eq!(whatwg(text), expected);
    }

    #[test]
    fn a_backslash_ends_the_host_in_a_browser_only() {
        let text = r"http://good.example\@evil.example/";
        assert_eq!(rfc(text)[2], ("host", "evil.example"));
        assert_eq!(whatwg(text)[1], ("host", "good.example"));
        assert_eq!(whatwg(text)[2], ("path", r"\@evil.example/"));
    }

    #[test]
    fn a_browser_needs_no_two_slashes() {
        for text in [r"http:/\evil.example", "http:evil.example", "http:////evil.example"] {
            assert_eq!(whatwg(text), [("scheme", "http"), ("host", "evil.example")], "{text}");
            assert!(rfc(text).iter().all(|(name, _)| *name != "host") || rfc(text)[1].1.is_empty());
        }
    }

    #[test]
    fn tabs_and_blanks_do_not_hide_the_scheme() {
        let text = " \tht\ntp://h/ ";
        assert_eq!(whatwg(text), [("scheme", "ht\ntp"), ("host", "h"), ("path", "/")]);
        assert_eq!(rfc(text)[0].0, "path");
    }

    #[test]
    fn other_schemes_have_an_authority_after_two_slashes_only() {
        assert_eq!(whatwg("mailto:a@b?x")[1], ("path", "a@b"));
        assert_eq!(whatwg(r"foo://h\x/p")[1], ("host", r"h\x"));
        assert_eq!(
            whatwg("file:///etc/hosts"),
            [("scheme", "file"), ("host", ""), ("path", "/etc/hosts")]
        );
        assert_eq!(whatwg("file://C:/x"), [("scheme", "file"), ("path", "C:/x")]);
        assert_eq!(whatwg("//host/path"), []);
    }

    #[test]
    fn an_ipv6_address_keeps_its_colons() {
        assert_eq!(rfc("http://[::1]:8080/")[1..3], [("host", "[::1]"), ("port", "8080")]);
        assert_eq!(rfc("http://[::1]/")[1], ("host", "[::1]"));
    }

    #[test]
    fn encoding_keeps_what_may_stand() {
        let segment = "user name with spaces/and slashes";
        let encoded = "user%20name%20with%20spaces%2Fand%20slashes";
        assert_eq!(encode(segment, Keep::Segment), encoded);
        assert_eq!(encode(segment, Keep::Unreserved), encoded);
        assert_eq!(decode(encoded).bytes, segment.as_bytes());
        assert_eq!(encode("café résumé", Keep::Form), "caf%C3%A9+r%C3%A9sum%C3%A9");
        assert_eq!(encode("a+b=c&d", Keep::Query), "a%2Bb%3Dc%26d");
        assert_eq!(encode("a:b@c", Keep::Userinfo), "a%3Ab%40c");
    }

    #[test]
    fn broken_encodings_are_kept_and_pointed_at() {
        let decoded = decode("a%20b%zz%4");
        assert_eq!(decoded.bytes, b"a b%zz%4");
        assert_eq!(decoded.broken, [5..8, 8..10]);
        assert_eq!(decode("%é").broken.first(), Some(&(0..1)));
    }

    #[test]
    fn pairs_keep_order_and_repeats() {
        let pairs = pairs("q=a+b&&x&q=%C3%A9&=v&e=");
        let shown: Vec<_> = pairs
            .iter()
            .map(|pair| {
                let value =
                    pair.value.as_ref().map(|value| String::from_utf8_lossy(value).into_owned());
                (String::from_utf8_lossy(&pair.name).into_owned(), value)
            })
            .collect();
        let pair = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        assert_eq!(
            shown,
            [
                pair("q", Some("a b")),
                pair("x", None),
                pair("q", Some("é")),
                pair("", Some("v")),
                pair("e", Some(""))
            ]
        );
        assert_eq!(pairs[2].place, 9..17);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_parts_are_in_order(text in r"[a-z:/\\?#@\[\]%. \té0-9]{0,40}") {
            for parts in [Some(Parts::rfc3986(&text)), Parts::whatwg(&text)].into_iter().flatten() {
                let mut end = 0;
                for (_, range) in parts.named() {
                    prop_assert!(range.start >= end && range.end <= text.len());
                    prop_assert!(text.get(range.clone()).is_some());
                    end = range.end;
                }
            }
            pairs(&text);
        }

        #[test]
        fn what_is_encoded_is_decoded(text in ".{0,40}") {
            for keep in [Keep::Unreserved, Keep::Segment, Keep::Path, Keep::Query, Keep::Userinfo, Keep::Fragment] {
                let decoded = decode(&encode(&text, keep));
                prop_assert_eq!(decoded.bytes, text.as_bytes());
                prop_assert!(decoded.broken.is_empty());
            }
            prop_assert_eq!(decode_form(&encode(&text, Keep::Form)).bytes, text.as_bytes());
        }
    }
}
