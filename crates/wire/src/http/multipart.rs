//! Forms with files, multipart/form-data: RFC 7578, in the syntax of RFC 2046
//! section 5.1, with what browsers make of names (WHATWG HTML).

use thiserror::Error;

/// The head of one part: a disposition and a type.
pub const HEAD_BYTES_MAX: usize = 8 * 1024;
/// Parts of one form.
pub const PARTS_MAX: usize = 1000;
/// Longest boundary, RFC 2046 section 5.1.1.
pub const BOUNDARY_BYTES_MAX: usize = 70;
/// Blanks that a gateway may have put behind a boundary.
const PADDING_BYTES_MAX: usize = 64;

/// What comes next in a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A part begins.
    Part(PartHead),
    /// Some of its content, never empty.
    Data(Vec<u8>),
    /// It is whole.
    PartEnd,
    /// The form is whole; what follows means nothing.
    End,
}

/// What stands at the head of a part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PartHead {
    /// The field's name, usually UTF-8.
    pub name: Vec<u8>,
    /// What the client calls the file: as untrue as any name.
    pub filename: Option<Vec<u8>>,
    /// The media type, if it is said.
    pub content_type: Option<Vec<u8>>,
}

/// Why a body is no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MultipartError {
    /// The content type names no usable boundary.
    #[error("no boundary of 1 to {BOUNDARY_BYTES_MAX} characters is named")]
    Boundary,
    /// The head of a part is too long.
    #[error("the head of a part is longer than {HEAD_BYTES_MAX} bytes")]
    Head,
    /// A part does not say which field it is.
    #[error("a part has no Content-Disposition: form-data with a name")]
    Disposition,
    /// There are too many.
    #[error("there are more than {PARTS_MAX} parts")]
    Parts,
    /// Something else stands behind a boundary.
    #[error("a boundary is not followed by a line end")]
    Delimiter,
}

/// Takes a form apart as it comes. After each [`feed`](Decoder::feed), take
/// events until there is none; then never more is kept than one head, or a
/// boundary that may have begun.
#[derive(Debug)]
pub struct Decoder {
    /// CRLF, two dashes and the boundary.
    delimiter: Vec<u8>,
    kept: Vec<u8>,
    state: State,
    parts: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Preamble,
    /// Right behind a boundary.
    Delimiter,
    Head,
    Content,
    Epilogue,
    Over,
}

impl Decoder {
    /// A decoder of a body with this `Content-Type`.
    ///
    /// # Errors
    /// When it names no boundary. Whether it is multipart/form-data at all is
    /// the caller's question.
    pub fn new(content_type: &[u8]) -> Result<Decoder, MultipartError> {
        let boundary = parameter(content_type, "boundary").ok_or(MultipartError::Boundary)?;
        let good = (1..=BOUNDARY_BYTES_MAX).contains(&boundary.len())
            && boundary.iter().all(|byte| (b' '..=b'~').contains(byte));
        if !good {
            return Err(MultipartError::Boundary);
        }
        // The first boundary need not stand behind a line end.
        let kept = b"\r\n".to_vec();
        let delimiter = [b"\r\n--", &boundary[..]].concat();
        Ok(Decoder { delimiter, kept, state: State::Preamble, parts: 0 })
    }

    /// Adds what came.
    pub fn feed(&mut self, bytes: &[u8]) {
        if !matches!(self.state, State::Epilogue | State::Over) {
            self.kept.extend_from_slice(bytes);
        }
    }

    /// The next event; `None` when more must come.
    ///
    /// # Errors
    /// See [`MultipartError`]; there is no way on after one.
    pub fn next_event(&mut self) -> Result<Option<Event>, MultipartError> {
        loop {
            match self.state {
                State::Preamble => {
                    let (before, found) = self.until_delimiter();
                    self.kept.drain(..before);
                    if !found {
                        return Ok(None);
                    }
                    self.pass_delimiter();
                }
                State::Content => {
                    let (before, found) = self.until_delimiter();
                    if before > 0 {
                        return Ok(Some(Event::Data(self.kept.drain(..before).collect())));
                    }
                    if !found {
                        return Ok(None);
                    }
                    self.pass_delimiter();
                    return Ok(Some(Event::PartEnd));
                }
                State::Delimiter => match self.behind_delimiter()? {
                    Some(state) => self.state = state,
                    None => return Ok(None),
                },
                State::Head => return self.head(),
                State::Epilogue => {
                    self.state = State::Over;
                    return Ok(Some(Event::End));
                }
                State::Over => return Ok(None),
            }
        }
    }

    /// Whether the last boundary came.
    pub fn is_whole(&self) -> bool {
        matches!(self.state, State::Epilogue | State::Over)
    }

    /// Bytes before the delimiter, or that cannot be part of one, and whether
    /// it follows them.
    fn until_delimiter(&self) -> (usize, bool) {
        let mut from = 0;
        while let Some(at) = self.kept[from..].iter().position(|&byte| byte == b'\r') {
            let rest = &self.kept[from + at..];
            if rest.starts_with(&self.delimiter) {
                return (from + at, true);
            }
            if self.delimiter.starts_with(rest) {
                return (from + at, false);
            }
            from += at + 1;
        }
        (self.kept.len(), false)
    }

    fn pass_delimiter(&mut self) {
        self.kept.drain(..self.delimiter.len());
        self.state = State::Delimiter;
    }

    /// `--` ends the form, a line end begins a part.
    fn behind_delimiter(&mut self) -> Result<Option<State>, MultipartError> {
        if self.kept.starts_with(b"--") {
            self.kept.clear();
            return Ok(Some(State::Epilogue));
        }
        let blanks = self.kept.iter().take_while(|byte| b" \t".contains(byte)).count();
        let rest = &self.kept[blanks..];
        if blanks > PADDING_BYTES_MAX {
            return Err(MultipartError::Delimiter);
        }
        if rest.starts_with(b"\r\n") {
            // The line end stays: a part may have no line in its head.
            self.kept.drain(..blanks);
            return Ok(Some(State::Head));
        }
        let may_become = b"\r\n".starts_with(rest) || (blanks == 0 && b"--".starts_with(rest));
        if may_become { Ok(None) } else { Err(MultipartError::Delimiter) }
    }

    fn head(&mut self) -> Result<Option<Event>, MultipartError> {
        let Some(end) =
            self.kept.windows(4).take(HEAD_BYTES_MAX).position(|four| four == b"\r\n\r\n")
        else {
            if self.kept.len() > HEAD_BYTES_MAX + 3 {
                return Err(MultipartError::Head);
            }
            return Ok(None);
        };
        if self.parts == PARTS_MAX {
            return Err(MultipartError::Parts);
        }
        self.parts += 1;
        let head = PartHead::parse(&self.kept[..end])?;
        // The last line end stays where no content stands before a boundary.
        self.kept.drain(..end + 4);
        self.state = State::Content;
        Ok(Some(Event::Part(head)))
    }
}

impl PartHead {
    fn parse(head: &[u8]) -> Result<PartHead, MultipartError> {
        let mut found = PartHead::default();
        let mut named = false;
        for line in head.split(|&byte| byte == b'\n') {
            let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
            let (field, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
            if field.eq_ignore_ascii_case(b"content-type") {
                found.content_type = Some(value.to_vec());
            } else if field.eq_ignore_ascii_case(b"content-disposition") {
                let kind = value.split(|&byte| byte == b';').next().unwrap_or_default();
                named = kind.trim_ascii().eq_ignore_ascii_case(b"form-data");
                found.name = parameter(value, "name").ok_or(MultipartError::Disposition)?;
                found.filename = parameter(value, "filename");
            }
        }
        if named { Ok(found) } else { Err(MultipartError::Disposition) }
    }
}

/// A parameter of a field's value, without quotes.
fn parameter(value: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut rest = &value[value.iter().position(|&byte| byte == b';')?..];
    while let Some(after) = rest.strip_prefix(b";") {
        let after = after.trim_ascii_start();
        let end = after.iter().position(|byte| b"=;".contains(byte)).unwrap_or(after.len());
        let (key, after) = (after[..end].trim_ascii(), &after[end..]);
        let Some(text) = after.strip_prefix(b"=") else {
            rest = after;
            continue;
        };
        let (content, after) = content_of(text.trim_ascii_start());
        if key.eq_ignore_ascii_case(name.as_bytes()) {
            return Some(content);
        }
        rest = after.trim_ascii_start();
    }
    None
}

/// A token or a quoted string, and what follows. Within quotes, browsers write
/// `%22`, `%0D` and `%0A` for what would end it, others a backslash.
fn content_of(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|&byte| byte == b';').unwrap_or(text.len());
        return (text[..end].trim_ascii().to_vec(), &text[end..]);
    };
    let mut content = Vec::new();
    loop {
        let (byte, used) = match rest {
            [] => return (content, rest),
            [b'"', after @ ..] => return (content, after),
            [b'\\', byte @ (b'"' | b'\\'), ..] => (*byte, 2),
            [b'%', b'2', b'2', ..] => (b'"', 3),
            [b'%', b'0', b'D', ..] => (b'\r', 3),
            [b'%', b'0', b'A', ..] => (b'\n', 3),
            [byte, ..] => (*byte, 1),
        };
        content.push(byte);
        rest = &rest[used..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TYPE: &[u8] = b"multipart/form-data; boundary=xyz";

    fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut form = b"preamble, to be passed over".to_vec();
        for (disposition, content) in parts {
            form.extend_from_slice(b"\r\n--xyz\r\nContent-Disposition: ");
            form.extend_from_slice(disposition.as_bytes());
            form.extend_from_slice(b"\r\n\r\n");
            form.extend_from_slice(content);
        }
        form.extend_from_slice(b"\r\n--xyz--\r\nepilogue");
        form
    }

    /// The names with their contents, from a body that comes in such pieces.
    fn read(body: &[u8], piece: usize) -> Result<Vec<(String, Vec<u8>)>, MultipartError> {
        let mut decoder = Decoder::new(TYPE).unwrap();
        let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
        let mut open = false;
        for bytes in body.chunks(piece) {
            decoder.feed(bytes);
            while let Some(event) = decoder.next_event()? {
                match event {
                    Event::Part(head) => {
                        assert!(!open);
                        open = true;
                        parts.push((String::from_utf8_lossy(&head.name).into_owned(), vec![]));
                    }
                    Event::Data(data) => {
                        assert!(open && !data.is_empty());
                        parts.last_mut().unwrap().1.extend(data);
                    }
                    Event::PartEnd => open = false,
                    Event::End => assert!(decoder.is_whole()),
                }
            }
            assert!(decoder.kept.len() <= piece.max(HEAD_BYTES_MAX + 3) + 80);
        }
        Ok(parts)
    }

    #[test]
    fn parts_whatever_their_pieces() {
        let tricky = b"\r\n--xy\r\n\r\r\n-\r\n--xY".to_vec();
        let body = form(&[
            ("form-data; name=\"a\"", b"1"),
            ("form-data; name=b", b""),
            ("Form-Data; name=\"c\"; filename=\"f\"", &tricky),
        ]);
        for piece in 1..=body.len() {
            let expected = [("a", &b"1"[..]), ("b", b""), ("c", &tricky)]
                .map(|(name, content)| (name.to_owned(), content.to_vec()));
            assert_eq!(read(&body, piece).unwrap(), expected, "{piece}");
        }
    }

    #[test]
    fn names_of_files() {
        for (disposition, filename) in [
            ("form-data; name=f; filename=\"a b.txt\"", "a b.txt"),
            ("form-data; name=f; filename=\"a%22b%0D%0A%20.txt\"", "a\"b\r\n%20.txt"),
            ("form-data; name=f; filename=\"a\\\"b;c=\\\\d.txt\"", "a\"b;c=\\d.txt"),
            ("form-data; name=\"x; filename=no\"; filename=yes", "yes"),
            ("form-data; name=f; filename=\"../../ä\"", "../../ä"),
            ("form-data;name=f;FILENAME=\"\"", ""),
        ] {
            let head = format!("\r\nContent-Disposition: {disposition}");
            let head = PartHead::parse(head.as_bytes()).unwrap();
            assert_eq!(head.filename.as_deref(), Some(filename.as_bytes()), "{disposition}");
        }
    }

    #[test]
    fn what_is_no_form() {
        for content_type in
            ["multipart/form-data", "x; boundary=", "x; boundary=\"\"", "x; boundary=\u{e4}"]
        {
            let error = Decoder::new(content_type.as_bytes()).unwrap_err();
            assert_eq!(error, MultipartError::Boundary, "{content_type}");
        }
        let at = format!("x; boundary=\"{}\"", "b".repeat(BOUNDARY_BYTES_MAX));
        assert!(Decoder::new(at.as_bytes()).is_ok());
        let past = format!("x; boundary={}", "b".repeat(BOUNDARY_BYTES_MAX + 1));
        assert!(Decoder::new(past.as_bytes()).is_err());
        for (body, error) in [
            (&b"--xyzabc\r\n\r\n"[..], MultipartError::Delimiter),
            (b"--xyz-\r\n", MultipartError::Delimiter),
            (b"--xyz\r\n\r\nno head\r\n--xyz--", MultipartError::Disposition),
            (
                b"--xyz\r\nContent-Disposition: attachment; name=a\r\n\r\n",
                MultipartError::Disposition,
            ),
            (b"--xyz\r\nContent-Disposition: form-data\r\n\r\n", MultipartError::Disposition),
        ] {
            assert_eq!(read(body, 7), Err(error));
        }
    }

    #[test]
    fn heads_and_parts_have_their_limits() {
        let head = |padding: usize| {
            let lead = "Content-Disposition: form-data; name=a\r\nX: ";
            let body = format!("--xyz\r\n{lead}{}\r\n\r\n\r\n--xyz--", "x".repeat(padding));
            read(body.as_bytes(), 1000).map(|parts| parts.len())
        };
        let fixed = "\r\nContent-Disposition: form-data; name=a\r\nX: ".len();
        assert_eq!(head(HEAD_BYTES_MAX - 1 - fixed), Ok(1));
        assert_eq!(head(HEAD_BYTES_MAX - fixed), Err(MultipartError::Head));
        let parts = |count| read(&form(&vec![("form-data; name=a", &b""[..]); count]), 4096);
        assert_eq!(parts(PARTS_MAX).unwrap().len(), PARTS_MAX);
        assert_eq!(parts(PARTS_MAX + 1), Err(MultipartError::Parts));
    }

    proptest! {
        #[test]
        fn any_content_survives(content in proptest::collection::vec(
            proptest::sample::select(b"\r\n-xyz\0\xff".to_vec()), 0..200), piece in 1usize..50) {
            prop_assume!(!content.windows(7).any(|seven| seven == b"\r\n--xyz"));
            let body = form(&[("form-data; name=a", &content)]);
            // Content may end in what the boundary begins with.
            if let Ok(parts) = read(&body, piece) {
                prop_assert_eq!(&parts[0].1, &content);
            }
        }
    }
}
