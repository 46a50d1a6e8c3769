//! Challenges: what `WWW-Authenticate` and `Proxy-Authenticate` hold, RFC 9110 section 11.

/// One scheme with what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// In lower case: `basic`, `digest`.
    pub scheme: String,
    /// Names in lower case, quotes undone.
    pub params: Vec<(String, String)>,
}

/// Challenges of one field that are read; servers offer two or three.
const CHALLENGES_MAX: usize = 16;

/// Parameters of one challenge that are read.
const PARAMS_MAX: usize = 32;

impl Challenge {
    /// The parameter of this name.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a field's value; what makes no sense is left out.
pub fn parse(value: &str) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find(|c: char| !is_token_char(c)).unwrap_or(rest.len());
        if end == 0 {
            return found;
        }
        let (word, after) = rest.split_at(end);
        let trimmed = after.trim_start_matches([' ', '\t']);
        let param = trimmed.strip_prefix('=').filter(|_| !found.is_empty());
        match param {
            // `name=value` of the challenge before.
            Some(after) => {
                let (value, after) = value_of(after.trim_start_matches([' ', '\t']));
                if let Some(last) = found.last_mut().filter(|last| last.params.len() < PARAMS_MAX) {
                    last.params.push((word.to_ascii_lowercase(), value));
                }
                rest = after;
            }
            None if found.len() < CHALLENGES_MAX => {
                found.push(Challenge { scheme: word.to_ascii_lowercase(), params: Vec::new() });
                rest = after_token68(trimmed);
            }
            None => return found,
        }
    }
}

/// What follows a token68 such as Negotiate's: up to the next comma, if it is no parameter.
fn after_token68(text: &str) -> &str {
    let end = text.find([',', ' ', '"']).unwrap_or(text.len());
    let word = &text[..end];
    let bare = word.trim_end_matches('=');
    let is_token68 = !word.is_empty()
        && !bare.contains('=')
        && (text[end..].starts_with(',') || end == text.len());
    if is_token68 { &text[end..] } else { text }
}

/// A token or a quoted string, and what follows it.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c: char| c == ',' || c.is_ascii_whitespace()).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_challenges_in_one_field() {
        let value = r#"Basic realm="a, \"b\"", Digest realm="r", qop="auth, auth-int",algorithm=SHA-256 , nonce="x=="#;
        let found = parse(value);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].param("realm"), Some("a, \"b\""));
        assert_eq!(found[1].scheme, "digest");
        assert_eq!(found[1].param("qop"), Some("auth, auth-int"));
        assert_eq!(found[1].param("algorithm"), Some("SHA-256"));
        assert_eq!(found[1].param("nonce"), Some("x=="));
    }

    #[test]
    fn schemes_without_parameters() {
        let found = parse("Negotiate, NTLM TlRM==, Bearer");
        let schemes: Vec<&str> = found.iter().map(|challenge| challenge.scheme.as_str()).collect();
        assert_eq!(schemes, ["negotiate", "ntlm", "bearer"]);
        assert_eq!(parse(""), []);
        assert_eq!(parse("\"?"), []);
    }
}
