//! Challenges and credentials, RFC 9110 section 11, and the sums of Digest,
//! RFC 7616.

use std::fmt::Write as _;

use crate::hexadecimal;

/// The most parameters of one challenge: Digest, the largest, has eleven.
pub const PARAMETERS_MAX: usize = 32;

/// The most challenges of one field.
pub const CHALLENGES_MAX: usize = 16;

/// A challenge of a server or the credentials of a client: a scheme with a
/// token or with parameters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Auth {
    /// As it came: `Basic`, `Bearer`, `Digest`.
    pub scheme: String,
    /// What stands behind the scheme where it is no list of parameters.
    pub token68: Option<String>,
    /// Names in lower case, values without quotes and escapes.
    pub parameters: Vec<(String, String)>,
}

impl Auth {
    /// The credentials of an `Authorization` field.
    ///
    /// `None` where there is no scheme, or the parameters break the grammar.
    pub fn credentials(field: &str) -> Option<Auth> {
        let mut all = Auth::challenges(field)?;
        (all.len() == 1).then(|| all.remove(0))
    }

    /// The challenges of a `WWW-Authenticate` field, in their order (RFC 9110
    /// section 11.6.1).
    ///
    /// `None` where the field breaks the grammar or has more than
    /// [`CHALLENGES_MAX`].
    pub fn challenges(field: &str) -> Option<Vec<Auth>> {
        let mut scanner = Scanner { rest: field };
        let mut found: Vec<Auth> = Vec::new();
        loop {
            scanner.skip(|byte| matches!(byte, b' ' | b'\t' | b','));
            if scanner.rest.is_empty() {
                return (!found.is_empty()).then_some(found);
            }
            let word = scanner.token()?;
            // `name=value` goes on with the challenge before, a lone word begins one.
            if let Some(value) = scanner.value()? {
                let challenge = found.last_mut().filter(|last| last.token68.is_none())?;
                if challenge.parameters.len() >= PARAMETERS_MAX {
                    return None;
                }
                challenge.parameters.push((word.to_ascii_lowercase(), value));
                continue;
            }
            if found.len() >= CHALLENGES_MAX {
                return None;
            }
            let token68 = scanner.token68();
            found.push(Auth { scheme: word.to_owned(), token68, parameters: Vec::new() });
        }
    }

    /// Whether the scheme is this one; schemes have no case.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The first parameter of that name, which stands in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// `text` as a quoted string, RFC 9110 section 5.6.4.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn skip(&mut self, wanted: impl Fn(u8) -> bool) {
        let count = self.rest.bytes().take_while(|&byte| wanted(byte)).count();
        self.rest = &self.rest[count..];
    }

    fn token(&mut self) -> Option<&'a str> {
        let count = self.rest.bytes().take_while(|&byte| is_token(byte)).count();
        let (token, rest) = self.rest.split_at(count);
        self.rest = rest;
        (!token.is_empty()).then_some(token)
    }

    /// The value behind `=`, if one stands there. `None` outside means that it
    /// breaks the grammar.
    fn value(&mut self) -> Option<Option<String>> {
        let trimmed = self.rest.trim_start_matches([' ', '\t']);
        let Some(behind) = trimmed.strip_prefix('=') else { return Some(None) };
        let behind = behind.trim_start_matches([' ', '\t']);
        self.rest = behind;
        match behind.strip_prefix('"') {
            Some(inner) => self.quoted(inner).map(Some),
            None => self.token().map(|token| Some(token.to_owned())),
        }
    }

    fn quoted(&mut self, inner: &'a str) -> Option<String> {
        let mut value = String::new();
        let mut characters = inner.char_indices();
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    self.rest = &inner[at + 1..];
                    return Some(value);
                }
                '\\' => value.push(characters.next()?.1),
                _ => value.push(c),
            }
        }
        None
    }

    /// What stands behind a scheme, unless it is a parameter or nothing.
    fn token68(&mut self) -> Option<String> {
        let behind = self.rest.trim_start_matches(' ');
        if behind.len() == self.rest.len() {
            return None;
        }
        let is_68 = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        let body = behind.bytes().take_while(|&byte| is_68(byte)).count();
        let padding = behind[body..].bytes().take_while(|&byte| byte == b'=').count();
        let (token, rest) = behind.split_at(body + padding);
        // It ends the challenge, or it was the name of a parameter.
        let ends = rest.trim_start_matches([' ', '\t']);
        if body == 0 || !(ends.is_empty() || ends.starts_with(',')) {
            return None;
        }
        self.rest = rest;
        Some(token.to_owned())
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The sum of Digest, RFC 7616 section 3.4, over what both ends know.
#[derive(Debug, Clone, Copy)]
pub struct Digest<'a> {
    /// The user's name.
    pub username: &'a str,
    /// The user's password.
    pub password: &'a str,
    /// Which part of a site it is for.
    pub realm: &'a str,
    /// The method of the request.
    pub method: &'a str,
    /// The request target, as the `uri` parameter has it.
    pub uri: &'a str,
    /// What the server gave out.
    pub nonce: &'a str,
    /// What the client chose; needed with `qop` and with `-sess`.
    pub cnonce: &'a str,
    /// The count of requests with this nonce, eight hexadecimal digits.
    pub nc: &'a str,
    /// `auth`, `auth-int`, or nothing as in RFC 2069.
    pub qop: Option<&'a str>,
    /// Whether the algorithm ends in `-sess`.
    pub session: bool,
    /// The body of the request, which `auth-int` covers.
    pub body: &'a [u8],
}

impl Digest<'_> {
    /// The `response` parameter in hexadecimal, with the algorithm's hash
    /// function: bytes to digest.
    pub fn response(&self, hash: impl Fn(&[u8]) -> Vec<u8>) -> String {
        let sum = |text: String| hexadecimal(&hash(text.as_bytes()));
        let mut ha1 = sum(format!("{}:{}:{}", self.username, self.realm, self.password));
        if self.session {
            ha1 = sum(format!("{ha1}:{}:{}", self.nonce, self.cnonce));
        }
        let mut a2 = format!("{}:{}", self.method, self.uri);
        if self.qop == Some("auth-int") {
            let _ = write!(a2, ":{}", hexadecimal(&hash(self.body)));
        }
        let ha2 = sum(a2);
        match self.qop {
            Some(qop) => {
                let Digest { nonce, nc, cnonce, .. } = self;
                sum(format!("{ha1}:{nonce}:{nc}:{cnonce}:{qop}:{ha2}"))
            }
            None => sum(format!("{ha1}:{}:{ha2}", self.nonce)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_a_token_or_parameters() {
        let basic = Auth::credentials("Basic dXNlcjpwYXNz").unwrap();
        assert!(basic.is("basic"));
        assert_eq!(basic.token68.as_deref(), Some("dXNlcjpwYXNz"));
        let padded = Auth::credentials("Bearer abc==").unwrap();
        assert_eq!(padded.token68.as_deref(), Some("abc=="));
        let digest = r#"Digest username="a\"b", realm="x, y", qop=auth, nc=00000001"#;
        let digest = Auth::credentials(digest).unwrap();
        assert_eq!(digest.parameter("username"), Some("a\"b"));
        assert_eq!(digest.parameter("realm"), Some("x, y"));
        assert_eq!(
            (digest.parameter("nc"), digest.parameter("qop")),
            (Some("00000001"), Some("auth"))
        );
        assert_eq!(digest.parameter("opaque"), None);
    }

    #[test]
    fn several_challenges_stand_in_one_field() {
        let field = r#"Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple", Negotiate, Bearer"#;
        let all = Auth::challenges(field).unwrap();
        let schemes: Vec<_> = all.iter().map(|auth| auth.scheme.as_str()).collect();
        assert_eq!(schemes, ["Newauth", "Basic", "Negotiate", "Bearer"]);
        assert_eq!(all[0].parameter("title"), Some("Login to \"apps\""));
        assert_eq!(all[1].parameters, [("realm".to_owned(), "simple".to_owned())]);
    }

    #[test]
    fn what_breaks_the_grammar_is_nothing() {
        for field in ["", " , ", "=x", "realm=\"x\"", "Basic realm=\"x", "\"x\"", "Basic \u{e9}"] {
            assert_eq!(Auth::challenges(field), None, "{field:?}");
        }
        assert_eq!(Auth::credentials("Basic a, Bearer b"), None);
        let many = format!("X {}", "a=b,".repeat(PARAMETERS_MAX + 1));
        assert_eq!(Auth::challenges(&many), None);
        let many = "X,".repeat(CHALLENGES_MAX);
        assert!(Auth::challenges(&many).is_some());
        assert!(Auth::challenges(&format!("{many}X")).is_none());
    }

    #[test]
    fn the_digest_covers_what_it_says() {
        // A hash that shows what it was given, so that the formula can be read.
        let digest = Digest {
            username: "u",
            password: "p",
            realm: "r",
            method: "GET",
            uri: "/",
            nonce: "n",
            cnonce: "c",
            nc: "00000001",
            qop: Some("auth"),
            session: false,
            body: b"",
        };
        let shown = |digest: Digest<'_>| digest.response(|bytes| vec![bytes.len() as u8]);
        // "u:r:p" has 5 bytes, "GET:/" 5, the whole 2+1+1+1+8+1+1+1+4+1+2.
        assert_eq!(shown(digest), format!("{:02x}", 23));
        assert_eq!(shown(Digest { qop: None, ..digest }), format!("{:02x}", 7));
    }
}
