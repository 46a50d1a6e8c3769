//! What a client would rather have: lists with weights, RFC 9110 section 12.4.2.

/// Elements of one list that are looked at; browsers send fewer than ten.
pub const ELEMENTS_MAX: usize = 64;

/// A weight of 1, in thousandths: more digits than three are not allowed.
pub const WEIGHT_MAX: u16 = 1000;

/// An element of a list with how much it is liked, 0 (not at all) to
/// [`WEIGHT_MAX`]. Parameters other than the weight are left away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weighted<'a> {
    /// `gzip`, `text/html`, `*`, as the client wrote it.
    pub element: &'a str,
    /// In thousandths.
    pub weight: u16,
}

/// The elements of a field's value. What is malformed is passed over.
pub fn elements(field: &[u8]) -> impl Iterator<Item = Weighted<'_>> {
    split(field, b',').take(ELEMENTS_MAX).filter_map(|element| {
        let mut parts = split(element, b';');
        let name = std::str::from_utf8(parts.next()?).ok()?.trim_matches(BLANK);
        let weight = parts.find_map(|parameter| {
            let text = std::str::from_utf8(parameter).ok()?.trim_matches(BLANK);
            let value = text.strip_prefix("q=").or_else(|| text.strip_prefix("Q="))?;
            Some(parse_weight(value))
        });
        let weight = weight.unwrap_or(Some(WEIGHT_MAX))?;
        (!name.is_empty()).then_some(Weighted { element: name, weight })
    })
}

/// How much a content coding is liked, RFC 9110 section 12.5.3. Only what is
/// named or covered by `*` is acceptable, and `identity` also when nothing
/// speaks against it.
pub fn coding_weight(field: &[u8], coding: &str) -> u16 {
    let mut any = None;
    for Weighted { element, weight } in elements(field) {
        if same_coding(element, coding) {
            return weight;
        }
        if element == "*" {
            any = Some(weight);
        }
    }
    let silent = if coding == "identity" { 1 } else { 0 };
    match any {
        // A `*` that allows everything does not make identity the favourite.
        Some(weight) if coding == "identity" => weight.min(silent),
        Some(weight) => weight,
        None => silent,
    }
}

/// How much a media type is liked, RFC 9110 section 12.5.1: the most specific
/// range that covers it decides.
pub fn media_weight(field: &[u8], media_type: &str) -> u16 {
    let (wanted, _) = media_type.split_once('/').unwrap_or((media_type, ""));
    let mut best = (0, 0);
    for Weighted { element, weight } in elements(field) {
        let (kind, subtype) = element.split_once('/').unwrap_or((element, ""));
        let specific = match (kind, subtype) {
            _ if element.eq_ignore_ascii_case(media_type) => 3,
            (kind, "*") if kind.eq_ignore_ascii_case(wanted) => 2,
            ("*", "*") => 1,
            _ => continue,
        };
        if specific > best.0 {
            best = (specific, weight);
        }
    }
    best.1
}

const BLANK: [char; 2] = [' ', '\t'];

/// `x-gzip` is an old name of `gzip`, RFC 9110 section 8.4.1.3.
fn same_coding(asked: &str, coding: &str) -> bool {
    asked.eq_ignore_ascii_case(coding) || (coding == "gzip" && asked.eq_ignore_ascii_case("x-gzip"))
}

/// `0`, `0.5`, `1.000`; nothing else, so that a broken weight is not a wish.
fn parse_weight(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = fraction.bytes().chain([b'0'; 3]).take(3);
    let thousandths = digits.fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(WEIGHT_MAX),
        _ => None,
    }
}

/// The parts between separators that do not stand in quotes.
fn split(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |&byte| {
        let literal = std::mem::take(&mut escaped);
        match byte {
            b'\\' if quoted && !literal => escaped = true,
            b'"' if !literal => quoted = !quoted,
            _ => {}
        }
        !quoted && byte == separator
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_read_strictly() {
        let list: Vec<_> = elements(
            b"gzip;q=1.0, br ; q=0.25,zstd;q=0.001, x;q=2, y;q=0.1234, z;a=\"q=0,\";q=0.5,,",
        )
        .map(|w| (w.element, w.weight))
        .collect();
        assert_eq!(list, [("gzip", 1000), ("br", 250), ("zstd", 1), ("z", 500)]);
        assert_eq!(elements(&b"a,".repeat(ELEMENTS_MAX + 1)).count(), ELEMENTS_MAX);
        assert_eq!(elements(b"\xff, a;q=\xff, b").count(), 2);
    }

    #[test]
    fn codings() {
        for (field, coding, weight) in [
            ("gzip, br;q=0.5", "br", 500),
            ("GZIP", "gzip", 1000),
            ("x-gzip", "gzip", 1000),
            ("*", "zstd", 1000),
            ("*;q=0, gzip", "br", 0),
            ("", "br", 0),
            ("", "identity", 1),
            ("identity;q=0", "identity", 0),
            ("*;q=0", "identity", 0),
            ("*", "identity", 1),
            ("gzip;q=0.5, identity;q=0.8", "identity", 800),
        ] {
            assert_eq!(coding_weight(field.as_bytes(), coding), weight, "{field} {coding}");
        }
    }

    #[test]
    fn media_types() {
        let field = b"text/*;q=0.3, text/html;q=0.7, application/json, */*;q=0.1";
        for (kind, weight) in [
            ("text/html", 700),
            ("text/plain", 300),
            ("application/json", 1000),
            ("image/png", 100),
        ] {
            assert_eq!(media_weight(field, kind), weight, "{kind}");
        }
        assert_eq!(media_weight(b"", "text/html"), 0);
    }
}
