//! One conversation: what came so far, and what is answered to what comes.

use std::ops::ControlFlow;

use plumb_wire::transport::message::{Framing, Message, Splitter, TooLong};

use super::EchoOptions;

/// Why a conversation is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// The client sends nothing more.
    EndOfStream,
    /// The client said the close word; `forgiven` is what it wrote, where that
    /// was not exactly the word.
    CloseWord { forgiven: Option<Box<str>> },
    /// Everything was said that was to be said.
    Said,
    /// A message was too long.
    TooLong(TooLong),
    /// A message was not UTF-8.
    NotUtf8,
    /// The server stops.
    Stopped,
}

/// The state of one conversation. Between messages it holds no bytes.
#[derive(Debug, Default)]
pub(super) struct Talk {
    splitter: Splitter,
    answered: u64,
    asked: u64,
    /// Who the client is, where replies name it.
    peer: Box<str>,
}

/// Longest part of what was taken for the close word that is told.
const TOLD_BYTES_MAX: usize = 64;

impl Talk {
    pub(super) fn new(peer: Box<str>) -> Talk {
        Talk { peer, asked: u64::MAX, ..Talk::default() }
    }

    /// Messages that were answered.
    pub(super) fn answered(&self) -> u64 {
        self.answered
    }

    /// Whether a part of a message came whose end did not.
    pub(super) fn is_within_a_message(&self) -> bool {
        !self.splitter.rest().is_empty()
    }

    /// Whether a message was answered since this was last asked, or it was
    /// never asked.
    pub(super) fn has_answered_since_asked(&mut self) -> bool {
        let changed = self.asked != self.answered;
        self.asked = self.answered;
        changed
    }

    /// Answers what came, into `out`; nothing is the end of the stream.
    pub(super) fn take(
        &mut self,
        options: &EchoOptions,
        came: &[u8],
        line_bytes_max: usize,
        message_bytes_max: usize,
        out: &mut Vec<u8>,
    ) -> ControlFlow<Ending> {
        if came.is_empty() {
            return ControlFlow::Break(self.last(options, out));
        }
        let max_bytes = match options.framing {
            Framing::Line => line_bytes_max,
            _ => message_bytes_max,
        };
        let mut splitter = std::mem::take(&mut self.splitter);
        // In raw mode a read may end within a character.
        let (came, tail) = match (&options.framing, &options.utf8) {
            (Framing::Raw, Some(_)) => {
                let held = std::mem::take(&mut splitter);
                let whole = [held.rest(), came].concat();
                let tail = incomplete_tail(&whole);
                (whole[..whole.len() - tail].to_vec().into(), whole[whole.len() - tail..].to_vec())
            }
            _ => (std::borrow::Cow::Borrowed(came), Vec::new()),
        };
        let fed = splitter
            .feed(&options.framing, max_bytes, &came, |message| self.answer(options, message, out));
        self.splitter = if tail.is_empty() { splitter } else { Splitter::holding(tail) };
        match fed {
            Ok(next) => next,
            Err(error) => ControlFlow::Break(Ending::TooLong(error)),
        }
    }

    /// A message whose end never came is answered too, without an end: the
    /// client has sent all that it had.
    fn last(&mut self, options: &EchoOptions, out: &mut Vec<u8>) -> Ending {
        let rest = self.splitter.rest().to_vec();
        if rest.is_empty() || matches!(options.framing, Framing::Length(_)) {
            return Ending::EndOfStream;
        }
        match self.answer(options, Message { bytes: &rest, end: &[] }, out) {
            ControlFlow::Break(ending @ Ending::NotUtf8) => ending,
            _ => Ending::EndOfStream,
        }
    }

    fn answer(
        &mut self,
        options: &EchoOptions,
        message: Message<'_>,
        out: &mut Vec<u8>,
    ) -> ControlFlow<Ending> {
        let Message { bytes, end } = message;
        // Mirrored: a client that ends its lines with CR LF gets such lines.
        let mirrored = Some(end);
        if let Some(refusal) = &options.utf8
            && std::str::from_utf8(bytes).is_err()
        {
            let _ = options.framing.put(refusal, mirrored, out);
            return ControlFlow::Break(Ending::NotUtf8);
        }
        self.answered += 1;
        let closed = options.close_word.as_deref().and_then(|word| is_close_word(word, bytes));
        if let Some(forgiven) = closed {
            if let Some(closing) = &options.closing {
                let _ = options.framing.put(closing, mirrored, out);
            }
            return ControlFlow::Break(Ending::CloseWord { forgiven });
        }
        let put = match &options.reply {
            None => options.framing.put(bytes, mirrored, out),
            Some(template) => {
                let mut reply = Vec::new();
                template.fill(bytes, self.answered, &self.peer, &mut reply);
                // Who writes the line end into the reply means it.
                let end =
                    if !end.is_empty() && reply.ends_with(end) { Some(&[][..]) } else { mirrored };
                options.framing.put(&reply, end, out)
            }
        };
        match put {
            // A reply that its length cannot say: the message was too long for it.
            Err(error) => ControlFlow::Break(Ending::TooLong(error)),
            Ok(()) if options.messages_max == Some(self.answered) => {
                ControlFlow::Break(Ending::Said)
            }
            Ok(()) => ControlFlow::Continue(()),
        }
    }
}

/// Whether this is the close word, in any case and with any line end; and, if
/// it was not exactly the word, what it was.
pub(super) fn is_close_word(word: &str, bytes: &[u8]) -> Option<Option<Box<str>>> {
    let text = std::str::from_utf8(bytes).ok()?;
    if text == word {
        return Some(None);
    }
    let trimmed = text.trim_end_matches(['\r', '\n']);
    if trimmed.to_lowercase() != word.to_lowercase() {
        return None;
    }
    let shown = &bytes[..bytes.len().min(TOLD_BYTES_MAX)];
    Some(Some(format!("\"{}\"", shown.escape_ascii()).into()))
}

/// Bytes at the end that begin a character whose rest is still to come.
fn incomplete_tail(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => bytes.len() - error.valid_up_to(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> EchoOptions {
        EchoOptions::default()
    }

    /// Feeds the pieces, then the end of the stream.
    fn talk(options: &EchoOptions, pieces: &[&[u8]]) -> (String, Ending) {
        let mut talk = Talk::new("192.0.2.1:5".into());
        let mut out = Vec::new();
        for piece in pieces.iter().chain(&[&b""[..]]) {
            if let ControlFlow::Break(ending) = talk.take(options, piece, 16, 16, &mut out) {
                return (String::from_utf8(out).unwrap(), ending);
            }
        }
        panic!("the end of the stream ends it");
    }

    fn answer(options: &EchoOptions, pieces: &[&[u8]]) -> String {
        talk(options, pieces).0
    }

    #[test]
    fn a_line_is_answered_once_however_it_comes() {
        let reply = EchoOptions { reply: Some("Echo: {msg}".parse().unwrap()), ..options() };
        assert_eq!(answer(&reply, &[b"hel", b"lo\nyou\r\n"]), "Echo: hello\nEcho: you\r\n");
        assert_eq!(answer(&reply, &[b"without an end"]), "Echo: without an end");
        let own_end = EchoOptions { reply: Some("{n}\\n".parse().unwrap()), ..options() };
        assert_eq!(answer(&own_end, &[b"a\nb\n"]), "1\n2\n");
        assert_eq!(answer(&options(), &[b"a\r\n\nb"]), "a\r\n\nb");
    }

    #[test]
    fn the_close_word_in_any_case_with_any_end() {
        for (framing, said, forgiven) in [
            (Framing::Line, &b"close\n"[..], None),
            (Framing::Line, b"CLOSE\r\n", Some("\"CLOSE\"")),
            (Framing::Raw, b"close", None),
            (Framing::Raw, b"close\n", Some("\"close\\n\"")),
        ] {
            let options = EchoOptions {
                framing,
                reply: Some("accepted".parse().unwrap()),
                close_word: Some("close".into()),
                closing: Some(b"closed".to_vec()),
                ..options()
            };
            let (out, ending) = talk(&options, &[said]);
            assert!(out.starts_with("closed"), "{out}");
            assert_eq!(ending, Ending::CloseWord { forgiven: forgiven.map(Into::into) });
            assert!(answer(&options, &[b"close it\n"]).starts_with("accepted"));
        }
    }

    #[test]
    fn so_many_messages_and_no_more() {
        let options = EchoOptions { messages_max: Some(2), ..options() };
        assert_eq!(talk(&options, &[b"a\nb\nc\n"]), ("a\nb\n".to_owned(), Ending::Said));
    }

    #[test]
    fn what_is_not_utf8_is_refused_in_words() {
        let options = |framing| EchoOptions { framing, utf8: Some(b"no".to_vec()), ..options() };
        let line = options(Framing::Line);
        assert_eq!(talk(&line, &[b"\xc3\xa9\n\xff\n"]), ("é\nno\n".to_owned(), Ending::NotUtf8));
        assert_eq!(talk(&line, &[b"\xc3"]), ("no".to_owned(), Ending::NotUtf8));
        let raw = options(Framing::Raw);
        assert_eq!(answer(&raw, &[b"a\xc3", b"\xa9b"]), "aéb");
        assert_eq!(talk(&raw, &[b"a\xc3", b"b"]), ("ano".to_owned(), Ending::NotUtf8));
        assert_eq!(talk(&raw, &[b"a\xc3"]), ("ano".to_owned(), Ending::NotUtf8));
    }

    #[test]
    fn a_message_that_is_too_long_ends_it() {
        let (out, ending) = talk(&options(), &[b"a\n", &[b'x'; 17], b"xx"]);
        assert_eq!((out.as_str(), ending), ("a\n", Ending::TooLong(TooLong { max_bytes: 16 })));
    }
}
