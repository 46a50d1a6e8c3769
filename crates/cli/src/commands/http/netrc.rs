//! Credentials by host, from the file that ftp(1) and curl read.

use std::path::Path;

use crate::args::request::read_text;
use crate::error::CommandError;

/// The entries of a file, in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Netrc {
    entries: Vec<Entry>,
}

#[derive(Default, PartialEq, Eq)]
struct Entry {
    /// `None` for `default`.
    host: Option<String>,
    login: String,
    password: String,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Netrc {
    pub(super) fn read(path: &Path) -> Result<Netrc, CommandError> {
        Ok(Netrc::parse(&read_text(path)?))
    }

    fn parse(text: &str) -> Netrc {
        let mut entries: Vec<Entry> = Vec::new();
        let tokens = tokens(text);
        let mut tokens = tokens.iter();
        while let Some(token) = tokens.next() {
            match token.as_str() {
                "machine" => {
                    let host = tokens.next().map(|host| host.to_ascii_lowercase());
                    entries.push(Entry { host, ..Entry::default() });
                }
                "default" => entries.push(Entry::default()),
                "login" | "password" | "account" => {
                    let value = tokens.next().cloned().unwrap_or_default();
                    match (entries.last_mut(), token.as_str()) {
                        (Some(entry), "login") => entry.login = value,
                        (Some(entry), "password") => entry.password = value,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        Netrc { entries }
    }

    /// `login:password` for a host, or that of `default`.
    pub(super) fn pair(&self, host: &str) -> Option<String> {
        let host = host.to_ascii_lowercase();
        let fits = |entry: &&Entry| entry.host.as_ref().is_none_or(|known| *known == host);
        let entry = self.entries.iter().find(fits)?;
        Some(format!("{}:{}", entry.login, entry.password))
    }
}

/// Words, quoted ones whole; without comments and macros.
fn tokens(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut in_macro = false;
    for line in text.lines() {
        // A macro ends with an empty line.
        in_macro &= !line.trim().is_empty();
        if in_macro {
            continue;
        }
        let mut rest = line.trim_start();
        while !rest.is_empty() && !rest.starts_with('#') {
            let word = match rest.strip_prefix('"') {
                Some(quoted) => {
                    let (word, after) = unquote(quoted);
                    rest = after;
                    word
                }
                None => {
                    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                    let word = rest[..end].to_owned();
                    rest = &rest[end..];
                    word
                }
            };
            rest = rest.trim_start();
            in_macro = word == "macdef";
            if in_macro {
                break;
            }
            all.push(word);
        }
    }
    all
}

fn unquote(text: &str) -> (String, &str) {
    let mut word = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (word, &text[at + 1..]),
            '\\' => word.extend(chars.next().map(|(_, c)| c)),
            c => word.push(c),
        }
    }
    (word, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_host() {
        let file = "# mine\nmachine A.example login me password \"p w\\\"\"\nmacdef init\nmachine x login y\n\n\
                    machine b.example\n  login you\n  password pw\ndefault login anonymous password a@b";
        let netrc = Netrc::parse(file);
        assert_eq!(netrc.pair("a.EXAMPLE").as_deref(), Some("me:p w\""));
        assert_eq!(netrc.pair("b.example").as_deref(), Some("you:pw"));
        assert_eq!(netrc.pair("x").as_deref(), Some("anonymous:a@b"));
        assert_eq!(Netrc::parse("").pair("x"), None);
    }
}
