//! Which encoding bytes are in, and which notation a text is in: guesses, each
//! with its reason.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};

use super::charset::Charset;
use super::transfer::Transfer;

/// An encoding, and what speaks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guess<T> {
    pub(super) value: T,
    pub(super) because: String,
    /// Other answers are as good as excluded.
    pub(super) certain: bool,
}

impl<T> Guess<T> {
    fn sure(value: T, because: impl Into<String>) -> Guess<T> {
        Guess { value, because: because.into(), certain: true }
    }

    fn likely(value: T, because: impl Into<String>) -> Guess<T> {
        Guess { value, because: because.into(), certain: false }
    }
}

/// The encoding of characters.
pub(super) fn charset(bytes: &[u8]) -> Guess<Charset> {
    if let Some(marked) = Charset::of_mark(bytes) {
        let mark = spaced(marked.byte_order_mark());
        return Guess::sure(marked, format!("it begins with the byte-order mark {mark}"));
    }
    if let Some(guess) = by_zeros(bytes) {
        return guess;
    }
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return as_utf_8(text),
        Err(error) => error,
    };
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    let found = Charset::of(detector.guess(None, Utf8Detection::Deny));
    let because = format!(
        "not UTF-8 (byte {}), and its bytes are distributed as in {}; short texts mislead",
        error.valid_up_to() + 1,
        found.name()
    );
    Guess::likely(found, because)
}

/// Valid UTF-8, which may be ASCII, and with escape sequences something else.
fn as_utf_8(text: &str) -> Guess<Charset> {
    let long = text.chars().filter(|character| !character.is_ascii()).count();
    if long > 0 {
        let because = format!(
            "valid UTF-8 with {long} {} of several bytes, which other encodings hardly give by accident",
            if long == 1 { "character" } else { "characters" }
        );
        return Guess::sure(Charset::UTF_8, because);
    }
    if ["\x1b$B", "\x1b$@", "\x1b(J"].iter().any(|escape| text.contains(escape))
        && let Some(japanese) = Charset::from_label("iso-2022-jp")
    {
        return Guess::sure(japanese, "ASCII with the escape sequences of ISO-2022-JP");
    }
    Guess::sure(Charset::UTF_8, "ASCII only, which is the same in nearly every encoding")
}

/// UTF-16 of mostly Latin letters has a zero in every other byte.
fn by_zeros(bytes: &[u8]) -> Option<Guess<Charset>> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return None;
    }
    let first = pairs.iter().filter(|pair| pair[0] == 0 && pair[1] != 0).count();
    let second = pairs.iter().filter(|pair| pair[1] == 0 && pair[0] != 0).count();
    let (charset, zeros, others, which) = if second >= first {
        (Charset::UTF_16LE, second, first, "second")
    } else {
        (Charset::UTF_16BE, first, second, "first")
    };
    // A third of the units is more than any text without UTF-16 has.
    (zeros * 3 >= pairs.len() && zeros > others * 4).then(|| {
        let because =
            format!("no mark, but the {which} byte of {zeros} of {} pairs is zero", pairs.len());
        Guess::likely(charset, because)
    })
}

/// The notation of bytes that an argument is in; none where it is text.
pub(super) fn transfer(text: &str) -> Option<Guess<Transfer>> {
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if bare.is_empty() {
        return None;
    }
    let reads = |transfer: Transfer| transfer.read(text).is_ok();
    if reads(Transfer::Hex) && (bare.len() > 2 || bare.chars().any(|c| c.is_ascii_digit())) {
        // Between groups of digits nobody writes blanks but between bytes.
        let unsaid = bare == text && reads(Transfer::Base64);
        let because = "every byte is two hexadecimal digits";
        return Some(Guess { value: Transfer::Hex, because: because.to_owned(), certain: !unsaid });
    }
    if text.contains('%') && reads(Transfer::Percent) {
        return Some(Guess::sure(Transfer::Percent, "each % stands before two hexadecimal digits"));
    }
    let labels = || text.split('.');
    if labels().any(|label| label.to_ascii_lowercase().starts_with("xn--")) && reads(Transfer::Idna)
    {
        return Some(Guess::sure(Transfer::Idna, "a label begins with xn--"));
    }
    let alphabet =
        |extra: &str| bare.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c));
    if bare.len().is_multiple_of(4) && alphabet("+/=") && reads(Transfer::Base64) {
        return Some(Guess::likely(Transfer::Base64, "digits of base64 in groups of four"));
    }
    if bare.len() > 8 && alphabet("-_=") && reads(Transfer::Base64url) {
        return Some(Guess::likely(Transfer::Base64url, "digits of base64url only"));
    }
    None
}

/// `ff fe 34`
pub(super) fn spaced(bytes: &[u8]) -> String {
    let texts: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    texts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(bytes: &[u8]) -> &'static str {
        charset(bytes).value.name()
    }

    #[test]
    fn encodings_by_what_speaks_for_them() {
        assert_eq!(name_of(b"\xff\xfe4\x001\x00"), "UTF-16LE");
        assert_eq!(name_of(b"\xfe\xff\x004"), "UTF-16BE");
        assert_eq!(name_of(b"4\x001\x003\x00"), "UTF-16LE");
        assert_eq!(name_of(b"\x004\x001\x003"), "UTF-16BE");
        assert_eq!(name_of("café".as_bytes()), "UTF-8");
        assert_eq!(name_of(b"plain"), "UTF-8");
        assert_eq!(name_of(b"\x1b$B$3\x1b(B"), "ISO-2022-JP");
        assert_eq!(name_of(b"caf\xe9 cr\xe8me br\xfbl\xe9e"), "windows-1252");
        let russian = Charset::from_label("koi8-r").unwrap();
        let text = "съешь же ещё этих мягких французских булок, да выпей чаю";
        let bytes = russian.encode(text).unwrap().bytes;
        assert!(name_of(&bytes).starts_with("KOI8"), "{}", name_of(&bytes));
    }

    #[test]
    fn notations_by_their_digits() {
        let name_of = |text: &str| transfer(text).map(|guess| guess.value.name());
        assert_eq!(name_of("ff fe 34 00"), Some("hex"));
        assert_eq!(name_of("caf%C3%A9"), Some("percent"));
        assert_eq!(name_of("xn--bcher-kva.example"), Some("idna"));
        assert_eq!(name_of("aGVsbG8="), Some("base64"));
        assert_eq!(name_of("eyJhbGciOiJIUzI1NiJ9_-w"), Some("base64url"));
        assert_eq!(name_of("hello, world"), None);
        assert!(!transfer("deadbeef").unwrap().certain);
    }
}
