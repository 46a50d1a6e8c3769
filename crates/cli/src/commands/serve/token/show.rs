//! `plumb serve token show`.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use plumb_report::{Line, Tone, units};
use plumb_serve::auth::jwt::{self, Claims, Invalid, Parts, Rules, TOKEN_BYTES_MAX};
use plumb_serve::auth::{Key, algorithm_name, read_pinned};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::args::output::OutputArgs;
use crate::args::who::{Algorithm, algorithm};
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};

/// Take a JSON Web Token apart, and judge it
///
/// Reads the token from FILE or stdin, never from the command line, where
/// others can see it. Without a key the signature is not checked. Ends with 1
/// if the token is not valid.
#[derive(Debug, Args)]
pub struct Show {
    /// The file that holds the token; stdin if there is none, or -
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Check the signature with the key in FILE: a secret, a PEM public or
    /// private key, or a certificate
    #[arg(long, alias = "jwt-key", value_name = "FILE")]
    key: Option<PathBuf>,

    /// Take only these algorithms; else every one that goes with the key
    #[arg(long, alias = "jwt-alg", value_name = "ALG", value_delimiter = ',', value_parser = algorithm, requires = "key")]
    alg: Vec<Algorithm>,

    /// Demand this issuer
    #[arg(long, aliases = ["issuer", "jwt-issuer"], value_name = "ISS")]
    iss: Vec<String>,

    /// Demand that it is meant for this audience
    #[arg(long, aliases = ["audience", "jwt-audience"], value_name = "AUD")]
    aud: Vec<String>,

    #[command(flatten)]
    output: OutputArgs,
}

/// The answer.
#[derive(Debug, Serialize)]
struct Shown {
    header: Option<Map<String, Value>>,
    claims: Option<Claims>,
    /// Null where no key was given.
    signature_valid: Option<bool>,
    valid: bool,
    problems: Vec<String>,
}

impl Run for Show {
    const EXAMPLES: &'static str = "
        plumb serve token show token.txt
        plumb serve token show token.txt --key key.txt
        plumb serve token show --key public.pem --aud api --json";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let text = self.read()?;
        let token = bare(&text);
        let key = self.key.as_deref().map(|path| self.pinned(path)).transpose()?;
        let now = u64::try_from(plumb_sys::clock::unix_s()).unwrap_or(0);
        let parts = jwt::parts(token);
        let shown = self.judge(token, &parts, key.as_ref(), now);
        let mut session = Session::begin(&mut output, "serve token show")?;
        session.record("token", &shown)?;
        session.lines(&lines(&shown, parts.as_ref().ok(), key.as_ref(), now))?;
        session.end(if shown.valid { ExitStatus::GOOD } else { ExitStatus::NO })
    }
}

impl Show {
    fn read(&self) -> Result<String, CommandError> {
        let limit = TOKEN_BYTES_MAX as u64 * 2;
        let mut text = String::new();
        let (name, read) = match self.file.as_deref().filter(|path| *path != Path::new("-")) {
            None => {
                let read = std::io::stdin().lock().take(limit).read_to_string(&mut text);
                (PathBuf::from("stdin"), read)
            }
            Some(path) => {
                let file = std::fs::File::open(path);
                let read = file.and_then(|file| file.take(limit).read_to_string(&mut text));
                (path.to_owned(), read)
            }
        };
        read.map_err(|error| {
            CommandError::file("read the token from", &name, error).hint(
                "the token stands in a file or comes through stdin, never on the command line",
            )
        })?;
        Ok(text)
    }

    fn pinned(&self, path: &Path) -> Result<(Key, Vec<Algorithm>), CommandError> {
        let (key, pinned) =
            read_pinned(path, &self.alg).map_err(|error| CommandError::usage(error.to_string()))?;
        let all = key.kind().algorithms().to_vec();
        Ok(if self.alg.is_empty() { (key, all) } else { (key, pinned) })
    }

    fn judge(
        &self,
        token: &str,
        parts: &Result<Parts, Invalid>,
        key: Option<&(Key, Vec<Algorithm>)>,
        now: u64,
    ) -> Shown {
        let parts = match parts {
            Ok(parts) => parts,
            Err(why) => {
                return Shown {
                    header: None,
                    claims: None,
                    signature_valid: None,
                    valid: false,
                    problems: vec![why.to_string()],
                };
            }
        };
        let signature =
            key.map(|(key, algorithms)| jwt::check_signature(token, parts, key, algorithms));
        let rules = Rules {
            algorithms: Vec::new(),
            issuers: self.iss.clone(),
            audiences: self.aud.clone(),
            leeway_s: 0,
        };
        let mut problems: Vec<Invalid> =
            signature.iter().filter_map(|checked| checked.as_ref().err().cloned()).collect();
        // Whom it is meant for is no fault of the token while nobody asks.
        let asked = |why: &Invalid| !self.aud.is_empty() || *why != Invalid::Audience;
        problems.extend(jwt::judge(&parts.claims, &rules, now).into_iter().filter(asked));
        let unsigned = parts.header.get("alg").and_then(Value::as_str);
        if key.is_none() && unsigned.is_some_and(|alg| alg.eq_ignore_ascii_case("none")) {
            problems.insert(0, Invalid::NotSigned);
        }
        Shown {
            header: Some(parts.header.clone()),
            claims: Some(parts.claims.clone()),
            signature_valid: signature.map(|checked| checked.is_ok()),
            valid: problems.is_empty(),
            problems: problems.iter().map(ToString::to_string).collect(),
        }
    }
}

/// The token itself: a copied header field, or a line of a token file's kind,
/// is taken too.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let text = text.strip_prefix("Authorization:").unwrap_or(text).trim_start();
    text.strip_prefix("Bearer ").unwrap_or(text).trim_start()
}

/// Room for the names of claims; a longer one shifts its line.
const NAME_COLUMNS: usize = 8;
/// Room for values, so that most explanations stand below one another.
const VALUE_COLUMNS: usize = 36;

fn lines(
    shown: &Shown,
    parts: Option<&Parts>,
    key: Option<&(Key, Vec<Algorithm>)>,
    now: u64,
) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(parts) = parts {
        lines.push(Line::new().and(Tone::Strong, "header"));
        lines.extend(
            parts.header.iter().map(|(name, value)| row(name, value, header_words(name, value))),
        );
        lines.push(Line::new().and(Tone::Strong, "claims"));
        lines.extend(
            parts.claims.iter().map(|(name, value)| row(name, value, words(name, value, now))),
        );
        lines.push(Line::new().and(Tone::Strong, "signature"));
        lines.push(Line::plain(match (shown.signature_valid, key) {
            (Some(true), Some((key, _))) => format!("  fits the key, {}", key.kind().words()),
            (Some(_), Some((key, algorithms))) => {
                let names: Vec<String> =
                    algorithms.iter().map(|one| algorithm_name(*one)).collect();
                format!("  not good for {} and {}", key.kind().words(), names.join(", "))
            }
            _ => "  not checked: no key was given (--key FILE)".to_owned(),
        }));
    }
    lines.push(match (shown.valid, shown.signature_valid) {
        (true, Some(_)) => Line::new().and(Tone::Good, "valid"),
        (true, None) => Line::new().and(Tone::Good, "valid by its claims, whoever made it"),
        (false, _) => Line::new()
            .and(Tone::Bad, "not valid")
            .and(Tone::Plain, format!(": {}", shown.problems.join("; "))),
    });
    lines
}

fn row(name: &str, value: &Value, meaning: Option<String>) -> Line {
    let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let line = Line::new()
        .and(Tone::Plain, "  ")
        .and(Tone::Strong, name)
        .pad_to(2 + NAME_COLUMNS)
        .and(Tone::Plain, shown);
    match meaning {
        Some(meaning) => line
            .pad_to(2 + NAME_COLUMNS + VALUE_COLUMNS)
            .and(Tone::Plain, "  ")
            .and(Tone::Hint, meaning),
        None => line,
    }
}

fn header_words(name: &str, value: &Value) -> Option<String> {
    let words = match name {
        "alg" => match value.as_str().unwrap_or_default() {
            "HS256" | "HS384" | "HS512" => "HMAC: who can check it can make it",
            "RS256" | "RS384" | "RS512" => "RSA, PKCS #1 v1.5",
            "PS256" | "PS384" | "PS512" => "RSA, PSS",
            "ES256" | "ES384" | "ES512" => "ECDSA",
            "EdDSA" => "Ed25519",
            _ => "no server should take this",
        },
        "typ" => "what kind of token it is",
        "kid" => "which of the issuer's keys signed it",
        "jku" | "x5u" => "where the key is said to be; never to be fetched from there",
        "jwk" | "x5c" => "a key that the token brings along; never to be believed",
        "crit" => "what must be understood to take it",
        _ => return None,
    };
    Some(words.to_owned())
}

/// What a claim means, RFC 7519 section 4.1.
fn words(name: &str, value: &Value, now: u64) -> Option<String> {
    let time = |what: &str| {
        let at = jwt::numeric_date(value)?;
        let stamp = units::timestamp(i64::try_from(at).ok()?);
        Some(format!("{what} {stamp}, {}", when(at, now)))
    };
    match name {
        "exp" => time("expires"),
        "nbf" => time("not valid before"),
        "iat" => time("issued"),
        "auth_time" => time("logged in"),
        "iss" => Some("who issued it".to_owned()),
        "sub" => Some("whom it is about".to_owned()),
        "aud" => Some("whom it is meant for".to_owned()),
        "jti" => Some("its number".to_owned()),
        "scope" => Some("what it allows".to_owned()),
        _ => None,
    }
}

/// A moment relative to now: `in 59 minutes`, `2 days ago`.
fn when(at: u64, now: u64) -> String {
    let span = |seconds: u64| {
        let (count, unit) = match seconds {
            0..120 => (seconds, "second"),
            120..7200 => (seconds / 60, "minute"),
            7200..172_800 => (seconds / 3600, "hour"),
            _ => (seconds / 86_400, "day"),
        };
        format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
    };
    match at.cmp(&now) {
        std::cmp::Ordering::Equal => "now".to_owned(),
        std::cmp::Ordering::Greater => format!("in {}", span(at - now)),
        std::cmp::Ordering::Less => format!("{} ago", span(now - at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_words() {
        for (at, words) in [
            (1000, "now"),
            (1001, "in 1 second"),
            (1119, "in 119 seconds"),
            (1000 + 120, "in 2 minutes"),
            (1000 + 7200, "in 2 hours"),
            (1000 + 172_800, "in 2 days"),
            (999, "1 second ago"),
            (0, "16 minutes ago"),
        ] {
            assert_eq!(when(at, 1000), words);
        }
    }

    #[test]
    fn a_token_is_found_in_what_was_copied() {
        for text in ["a.b.c", " a.b.c\n", "Bearer a.b.c", "Authorization: Bearer a.b.c\n"] {
            assert_eq!(bare(text), "a.b.c");
        }
    }
}
