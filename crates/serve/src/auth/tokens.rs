//! Opaque bearer tokens from a file.

use std::collections::HashMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::hmac;

use crate::watched;

/// Tokens in one file.
pub const TOKENS_MAX: usize = 10_000;

/// A token shorter than this may be guessed. 16 characters of base64 are 96 bits.
const TOKEN_CHARACTERS_MIN: usize = 16;

/// The tokens of a file, by their keyed hash: how long a look-up takes says
/// nothing about any token.
#[derive(Debug)]
pub(super) struct Tokens {
    key: hmac::Key,
    names: HashMap<Digest, String>,
}

type Digest = [u8; 32];

/// A file of tokens cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message says it")]
pub enum TokensError {
    #[error("cannot read {path}: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path}:{line}: {detail}")]
    Line { path: PathBuf, line: usize, detail: String },
    #[error("there is no token in {path}; make one: plumb serve token issue --opaque --sub NAME")]
    Empty { path: PathBuf },
}

impl Tokens {
    /// Reads a file of lines `NAME:TOKEN` or `TOKEN`; `#` begins a comment.
    pub(super) fn read(path: &Path) -> Result<Self, TokensError> {
        let unreadable = |source| TokensError::Unreadable { path: path.to_owned(), source };
        let bytes = watched::read(path).map_err(unreadable)?;
        let text = String::from_utf8(bytes).map_err(|_| {
            unreadable(io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
        })?;
        let mut tokens = Tokens { key: random_key(), names: HashMap::new() };
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let number = index + 1;
            tokens.add(line, number).map_err(|detail| TokensError::Line {
                path: path.to_owned(),
                line: number,
                detail,
            })?;
        }
        if tokens.names.is_empty() {
            return Err(TokensError::Empty { path: path.to_owned() });
        }
        Ok(tokens)
    }

    fn add(&mut self, line: &str, number: usize) -> Result<(), String> {
        let (name, token) = match line.split_once(':') {
            Some((name, token)) => (name.trim().to_owned(), token.trim()),
            None => (format!("token-{number}"), line),
        };
        if name.is_empty() || name.contains(char::is_control) {
            return Err("the name before the colon is empty or has control characters".to_owned());
        }
        if !is_bearer_token(token) {
            return Err("a token has letters, digits and - . _ ~ + / only (RFC 6750)".to_owned());
        }
        if self.names.len() == TOKENS_MAX {
            return Err(format!("there are more than {TOKENS_MAX} tokens"));
        }
        match self.names.insert(self.digest(token), name) {
            None => Ok(()),
            Some(before) => Err(format!("the token is {before}'s already")),
        }
    }

    fn digest(&self, token: &str) -> Digest {
        let mut digest = Digest::default();
        digest.copy_from_slice(hmac::sign(&self.key, token.as_bytes()).as_ref());
        digest
    }

    /// Whose token it is.
    pub(super) fn owner(&self, token: &str) -> Option<&str> {
        self.names.get(&self.digest(token)).map(String::as_str)
    }
}

/// A key for hashes that nobody else can make.
pub(super) fn random_key() -> hmac::Key {
    let mut bytes = [0; 32];
    // Without randomness there is no secret to keep either; the system's
    // source does not fail once it has begun.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    hmac::Key::new(hmac::HMAC_SHA256, &bytes)
}

/// `b64token`, RFC 6750 section 2.1.
pub(super) fn is_bearer_token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !body.is_empty() && body.bytes().all(allowed)
}

/// What is risky about a file of tokens.
///
/// # Errors
/// None: what cannot be read has nothing to warn of here.
pub fn warnings(path: &Path) -> Vec<String> {
    let mut warnings: Vec<String> = open_to_others(path).into_iter().collect();
    let text = watched::read(path).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.unwrap_or_default();
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let short = lines
        .filter(|line| {
            line.split_once(':').map_or(*line, |(_, token)| token).len() < TOKEN_CHARACTERS_MIN
        })
        .count();
    if short > 0 {
        warnings.push(format!(
            "{short} of the tokens in {} have fewer than {TOKEN_CHARACTERS_MIN} characters and may be guessed",
            path.display()
        ));
    }
    warnings
}

/// A word about a file of secrets that others can read.
pub fn open_to_others(path: &Path) -> Option<String> {
    /// Read or write for group or others, less what a group is often given.
    const OTHERS: u32 = 0o006;
    let mode = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?.mode();
    (mode & OTHERS != 0).then(|| {
        let path = path.display();
        format!("everybody on this machine can read {path}: chmod 600 {path}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(lines: &[&str]) -> Result<Tokens, String> {
        let mut tokens = Tokens { key: random_key(), names: HashMap::new() };
        for (index, line) in lines.iter().enumerate() {
            tokens.add(line, index + 1)?;
        }
        Ok(tokens)
    }

    #[test]
    fn tokens_have_owners() {
        let tokens = tokens(&["alice:abc", "xyz=="]).unwrap();
        assert_eq!(tokens.owner("abc"), Some("alice"));
        assert_eq!(tokens.owner("xyz=="), Some("token-2"));
        for wrong in ["", "ab", "abcd", "ABC", "alice:abc"] {
            assert_eq!(tokens.owner(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lines_that_make_no_sense_are_refused() {
        for line in [":abc", "a:", "a:b c", "a:b:c", "a:=", "ä"] {
            assert!(tokens(&[line]).is_err(), "{line}");
        }
        assert!(tokens(&["a:same", "b:same"]).is_err());
    }

    #[test]
    fn tokens_at_the_limit_and_one_past_it() {
        let lines: Vec<String> = (0..=TOKENS_MAX).map(|number| format!("t{number}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert!(tokens(&lines[..TOKENS_MAX]).is_ok());
        assert!(tokens(&lines).is_err());
    }
}
