//! The plain beginning of a protocol up to the place where TLS may begin.
//!
//! A client's side as a pure state machine: what to send, and what to make of
//! what comes. Bytes that a server, or somebody on the way, sends behind its
//! go-ahead are refused: they would be taken for bytes inside TLS (the
//! injection of CVE-2011-0411 and its kin).

use std::fmt;

/// A protocol that begins plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names of the protocols")]
pub enum Protocol {
    /// RFC 3207.
    Smtp,
    /// RFC 2033.
    Lmtp,
    /// RFC 9051 section 6.2.1.
    Imap,
    /// RFC 2595 section 4.
    Pop3,
    /// RFC 4217 section 4.
    Ftp,
    /// RFC 4642.
    Nntp,
    /// RFC 5804 section 2.2.
    Sieve,
    /// RFC 6120 section 5, to a server as a client.
    Xmpp,
    /// RFC 6120 section 5, between servers.
    XmppServer,
    /// PostgreSQL's SSLRequest.
    Postgres,
    /// RFC 4511 section 4.14.
    Ldap,
}

const NAMES: [(&str, Protocol); 11] = [
    ("smtp", Protocol::Smtp),
    ("lmtp", Protocol::Lmtp),
    ("imap", Protocol::Imap),
    ("pop3", Protocol::Pop3),
    ("ftp", Protocol::Ftp),
    ("nntp", Protocol::Nntp),
    ("sieve", Protocol::Sieve),
    ("xmpp", Protocol::Xmpp),
    ("xmpp-server", Protocol::XmppServer),
    ("postgres", Protocol::Postgres),
    ("ldap", Protocol::Ldap),
];

impl Protocol {
    /// The protocol of a name, in any case.
    ///
    /// # Errors
    /// What there is, when there is none of that name.
    pub fn parse(name: &str) -> Result<Protocol, String> {
        let found = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, protocol)| *protocol).ok_or_else(|| {
            let all: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            format!("there are {}", all.join(", "))
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, protocol)| *protocol == self).map_or("", |(name, _)| name)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a client does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Send this, then wait for more.
    Send(Vec<u8>),
    /// Wait for more.
    Wait,
    /// TLS may begin.
    Ready,
    /// It may not; the server's own words, or what is wrong with them.
    Refused(String),
}

/// Bytes of a reply that are looked at: a long list of abilities has some
/// kilobytes.
pub const REPLY_MAX_BYTES: usize = 64 * 1024;

/// Longest part of a server's words that is kept.
const WORDS_MAX_BYTES: usize = 512;

/// A client on its way to TLS.
#[derive(Debug, Clone)]
pub struct Upgrade {
    protocol: Protocol,
    host: String,
    step: u8,
    unread: Vec<u8>,
}

/// A whole reply of a line protocol.
enum Reply {
    Good(usize),
    Bad(String),
    Incomplete,
}

impl Upgrade {
    /// For a server that is called `host`.
    pub fn new(protocol: Protocol, host: &str) -> Upgrade {
        Upgrade { protocol, host: host.to_owned(), step: 0, unread: Vec::new() }
    }

    /// What to do before anything came: some servers wait for the client.
    pub fn begin(&self) -> Next {
        match self.protocol {
            Protocol::Postgres => Next::Send(postgres_request()),
            Protocol::Ldap => Next::Send(ldap_request()),
            Protocol::Xmpp => Next::Send(self.stream_header("jabber:client")),
            Protocol::XmppServer => Next::Send(self.stream_header("jabber:server")),
            _ => Next::Wait,
        }
    }

    /// What to do after these bytes came.
    pub fn received(&mut self, bytes: &[u8]) -> Next {
        if self.unread.len() + bytes.len() > REPLY_MAX_BYTES {
            return Next::Refused(format!("more than {REPLY_MAX_BYTES} bytes of reply"));
        }
        self.unread.extend_from_slice(bytes);
        let next = match self.protocol {
            Protocol::Smtp => {
                self.dialogue(&[(b'2', b"EHLO plumb\r\n"), (b'2', b"STARTTLS\r\n"), (b'2', b"")])
            }
            Protocol::Lmtp => {
                self.dialogue(&[(b'2', b"LHLO plumb\r\n"), (b'2', b"STARTTLS\r\n"), (b'2', b"")])
            }
            Protocol::Ftp => self.dialogue(&[(b'2', b"AUTH TLS\r\n"), (b'2', b"")]),
            Protocol::Nntp => self.dialogue(&[(b'2', b"STARTTLS\r\n"), (b'3', b"")]),
            Protocol::Imap => self.lines(&["* OK", "a OK"], b"a STARTTLS\r\n"),
            Protocol::Pop3 => self.lines(&["+OK", "+OK"], b"STLS\r\n"),
            Protocol::Sieve => self.lines(&["OK", "OK"], b"STARTTLS\r\n"),
            Protocol::Xmpp | Protocol::XmppServer => self.xmpp(),
            Protocol::Postgres => self.postgres(),
            Protocol::Ldap => self.ldap(),
        };
        match next {
            Next::Ready if !self.unread.is_empty() => Next::Refused(format!(
                "{} bytes stand behind the go-ahead, where TLS should begin",
                self.unread.len()
            )),
            next => next,
        }
    }

    /// Replies of three digits (RFC 5321 section 4.2): the first digit that
    /// each must have, and what is sent after it.
    fn dialogue(&mut self, steps: &[(u8, &[u8])]) -> Next {
        let Some(&(digit, then)) = steps.get(usize::from(self.step)) else { return Next::Wait };
        match three_digits(&self.unread, digit) {
            Reply::Incomplete => Next::Wait,
            Reply::Bad(words) => Next::Refused(words),
            Reply::Good(end) => self.advance(end, then, usize::from(self.step) + 1 == steps.len()),
        }
    }

    /// Replies of one line that begin so; lines before it are passed over
    /// where they are not a refusal.
    fn lines(&mut self, good: &[&str; 2], command: &[u8]) -> Next {
        let Some(wanted) = good.get(usize::from(self.step)) else { return Next::Wait };
        let mut start = 0;
        while let Some(end) = self.unread[start..].iter().position(|&byte| byte == b'\n') {
            let end = start + end + 1;
            let line = &self.unread[start..end];
            if begins(line, wanted) {
                return self.advance(end, command, self.step == 1);
            }
            let refusals = ["-ERR", "a NO", "a BAD", "* BYE", "NO", "BYE"];
            if refusals.iter().any(|refusal| begins(line, refusal)) {
                return Next::Refused(words(line));
            }
            start = end;
        }
        Next::Wait
    }

    fn advance(&mut self, read: usize, then: &[u8], last: bool) -> Next {
        self.unread.drain(..read);
        self.step += 1;
        if last {
            Next::Ready
        } else if self.unread.is_empty() {
            Next::Send(then.to_vec())
        } else {
            Next::Refused("the server answered before it was asked".to_owned())
        }
    }

    fn stream_header(&self, namespace: &str) -> Vec<u8> {
        let host = self.host.replace(['&', '<', '>', '\'', '"'], "");
        format!(
            "<?xml version='1.0'?><stream:stream to='{host}' version='1.0' xmlns='{namespace}' \
             xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        .into_bytes()
    }

    fn xmpp(&mut self) -> Next {
        let find = |text: &[u8], wanted: &str| {
            text.windows(wanted.len()).position(|window| window == wanted.as_bytes())
        };
        if self.step == 0 {
            let Some(end) = find(&self.unread, "</stream:features>") else {
                return if find(&self.unread, "<stream:error").is_some() {
                    Next::Refused(words(&self.unread))
                } else {
                    Next::Wait
                };
            };
            if find(&self.unread, "urn:ietf:params:xml:ns:xmpp-tls").is_none() {
                return Next::Refused("the server does not offer STARTTLS".to_owned());
            }
            let end = end + "</stream:features>".len();
            return self.advance(
                end,
                b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
                false,
            );
        }
        let Some(start) = find(&self.unread, "<proceed") else {
            return if find(&self.unread, "<failure").is_some() {
                Next::Refused(words(&self.unread))
            } else {
                Next::Wait
            };
        };
        match self.unread[start..].iter().position(|&byte| byte == b'>') {
            Some(end) => self.advance(start + end + 1, b"", true),
            None => Next::Wait,
        }
    }

    fn postgres(&mut self) -> Next {
        match self.unread.first() {
            None => Next::Wait,
            Some(b'S') => self.advance(1, b"", true),
            Some(b'N') => Next::Refused("the server has no TLS (N)".to_owned()),
            Some(_) => Next::Refused(words(&self.unread)),
        }
    }

    /// ExtendedResponse (RFC 4511 section 4.12): a SEQUENCE with the message's
    /// number and an `[APPLICATION 24]` whose first element is the result.
    fn ldap(&mut self) -> Next {
        let Some((_, message, end)) = element(&self.unread, 0x30) else {
            return match self.unread.first() {
                Some(0x30) | None => Next::Wait,
                Some(_) => Next::Refused("what came is not LDAP".to_owned()),
            };
        };
        let code = element(message, 0x02)
            .and_then(|(_, _, at)| element(&message[at..], 0x78))
            .and_then(|(_, response, _)| element(response, 0x0a))
            .map(|(_, code, _)| code.to_vec());
        match code.as_deref() {
            Some([0]) => self.advance(end, b"", true),
            Some([code]) => Next::Refused(format!("the server answers with result code {code}")),
            _ => Next::Refused("what came is no answer to the request".to_owned()),
        }
    }
}

/// The end of a reply of three digits, the last line of which has a space
/// behind them.
fn three_digits(bytes: &[u8], digit: u8) -> Reply {
    let mut start = 0;
    while let Some(length) = bytes[start..].iter().position(|&byte| byte == b'\n') {
        let end = start + length + 1;
        let line = &bytes[start..end];
        let code = line.get(..3).filter(|code| code.iter().all(u8::is_ascii_digit));
        let Some(code) = code else { return Reply::Bad(words(line)) };
        if line.get(3) != Some(&b'-') {
            return if code.first() == Some(&digit) {
                Reply::Good(end)
            } else {
                Reply::Bad(words(line))
            };
        }
        start = end;
    }
    Reply::Incomplete
}

fn begins(line: &[u8], with: &str) -> bool {
    line.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()))
}

/// A server's words, cut where they are long.
fn words(bytes: &[u8]) -> String {
    let end = bytes.len().min(WORDS_MAX_BYTES);
    String::from_utf8_lossy(&bytes[..end]).trim_end().to_owned()
}

/// An element of BER (X.690) with this tag: where its content starts, the
/// content, and where the element ends.
fn element(bytes: &[u8], tag: u8) -> Option<(usize, &[u8], usize)> {
    if *bytes.first()? != tag {
        return None;
    }
    let first = usize::from(*bytes.get(1)?);
    let (length, start) = if first < 0x80 {
        (first, 2)
    } else {
        let octets = first & 0x7f;
        if octets == 0 || octets > size_of::<u32>() {
            return None;
        }
        let digits = bytes.get(2..2 + octets)?;
        let length = digits.iter().fold(0_usize, |length, &byte| length << 8 | usize::from(byte));
        (length, 2 + octets)
    };
    let end = start.checked_add(length)?;
    Some((start, bytes.get(start..end)?, end))
}

/// Length 8, code 80877103 (PostgreSQL's protocol, message formats).
fn postgres_request() -> Vec<u8> {
    [8_u32.to_be_bytes(), 80_877_103_u32.to_be_bytes()].concat()
}

/// ExtendedRequest with the name of StartTLS, as message 1.
fn ldap_request() -> Vec<u8> {
    const NAME: &[u8] = b"1.3.6.1.4.1.1466.20037";
    let mut request = vec![0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16];
    request.extend_from_slice(NAME);
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a server's words against the client, byte by byte; what the
    /// client sent, and how it ended.
    fn play(protocol: Protocol, server: &[&[u8]]) -> (Vec<String>, Next) {
        let mut upgrade = Upgrade::new(protocol, "h.example");
        let mut sent = Vec::new();
        let mut last = upgrade.begin();
        let mut note = |next: &Next| {
            if let Next::Send(bytes) = next {
                sent.push(String::from_utf8_lossy(bytes).into_owned());
            }
        };
        note(&last);
        for words in server {
            for byte in *words {
                last = upgrade.received(&[*byte]);
                note(&last);
                if matches!(last, Next::Ready | Next::Refused(_)) {
                    break;
                }
            }
        }
        (sent, last)
    }

    #[test]
    fn each_protocol_reaches_the_place_where_tls_begins() {
        let xmpp: &[&[u8]] = &[
            b"<?xml version='1.0'?><stream:stream id='1'><stream:features><starttls \
              xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>",
            b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        ];
        let cases: [(Protocol, &[&[u8]], &str); 9] = [
            (
                Protocol::Smtp,
                &[b"220-a\r\n220 b\r\n", b"250-h\r\n250 STARTTLS\r\n", b"220 go\r\n"],
                "EHLO plumb\r\nSTARTTLS\r\n",
            ),
            (Protocol::Imap, &[b"* OK hi\r\n", b"* CAPABILITY X\r\na OK go\r\n"], "a STARTTLS\r\n"),
            (Protocol::Pop3, &[b"+OK hi\r\n", b"+OK go\r\n"], "STLS\r\n"),
            (Protocol::Ftp, &[b"220 hi\r\n", b"234 go\r\n"], "AUTH TLS\r\n"),
            (Protocol::Nntp, &[b"200 hi\r\n", b"382 go\r\n"], "STARTTLS\r\n"),
            (
                Protocol::Sieve,
                &[b"\"STARTTLS\"\r\nOK \"hi\"\r\n", b"OK \"go\"\r\n"],
                "STARTTLS\r\n",
            ),
            (Protocol::Postgres, &[b"S"], "\0\0\0\u{8}\u{4}\u{fffd}\u{16}/"),
            (Protocol::Xmpp, xmpp, ""),
            (Protocol::Ldap, &[b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"], ""),
        ];
        for (protocol, server, expected) in cases {
            let (sent, end) = play(protocol, server);
            assert_eq!(end, Next::Ready, "{protocol}");
            if !expected.is_empty() {
                assert_eq!(sent.concat(), expected, "{protocol}");
            }
        }
    }

    #[test]
    fn a_refusal_is_told_in_the_server_s_words() {
        for (protocol, server, words) in [
            (Protocol::Smtp, &b"554 no service\r\n"[..], "554 no service"),
            (Protocol::Imap, b"* BYE busy\r\n", "* BYE busy"),
            (Protocol::Pop3, b"-ERR no\r\n", "-ERR no"),
            (Protocol::Postgres, b"N", "the server has no TLS (N)"),
            (Protocol::Smtp, b"SSH-2.0-x\r\n", "SSH-2.0-x"),
            (Protocol::Ldap, b"HTTP", "what came is not LDAP"),
        ] {
            let (_, end) = play(protocol, &[server]);
            assert_eq!(end, Next::Refused(words.to_owned()), "{protocol}");
        }
    }

    #[test]
    fn bytes_behind_the_go_ahead_are_refused() {
        let mut upgrade = Upgrade::new(Protocol::Pop3, "h");
        assert_eq!(upgrade.received(b"+OK hi\r\n"), Next::Send(b"STLS\r\n".to_vec()));
        let next = upgrade.received(b"+OK go\r\n+OK injected\r\n");
        assert!(matches!(next, Next::Refused(_)), "{next:?}");
        let mut upgrade = Upgrade::new(Protocol::Pop3, "h");
        let next = upgrade.received(b"+OK hi\r\n+OK early\r\n");
        assert!(matches!(next, Next::Refused(_)), "{next:?}");
    }

    #[test]
    fn a_reply_at_the_limit_and_one_past_it() {
        let mut upgrade = Upgrade::new(Protocol::Smtp, "h");
        assert_eq!(upgrade.received(&vec![b'2'; REPLY_MAX_BYTES]), Next::Wait);
        assert!(matches!(upgrade.received(b"2"), Next::Refused(_)));
    }

    #[test]
    fn no_bytes_make_a_client_panic() {
        // Bytes that steer each protocol's branches, in an order that a small
        // generator picks.
        const PARTS: [&[u8]; 12] = [
            b"220 ",
            b"2",
            b"-",
            b"\r\n",
            b"+OK",
            b"a OK",
            b"\x30\x84",
            b"\xff\xff\xff\xff",
            b"<proceed",
            b"</stream:features>",
            b"urn:ietf:params:xml:ns:xmpp-tls",
            b"\0",
        ];
        for (_, protocol) in NAMES {
            let mut state = 1_u32;
            for _ in 0..200 {
                let mut upgrade = Upgrade::new(protocol, "<'&>");
                let _ = upgrade.begin();
                for _ in 0..20 {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let _ = upgrade.received(PARTS[(state >> 24) as usize % PARTS.len()]);
                }
            }
        }
    }
}
