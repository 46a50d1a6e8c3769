//! Named sessions: cookies, and headers by origin, kept in a file of one's own.

use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use plumb_probe::http::{Jar, Request};
use serde::{Deserialize, Serialize};

use super::Http;
use crate::environment;
use crate::error::CommandError;

/// Largest file of a session: cookies to their limit have 12 MB.
const SESSION_BYTES_MAX: u64 = 16 << 20;

/// Headers that belong to one request, or are secrets.
const NOT_KEPT: [&str; 6] =
    ["authorization", "cookie", "proxy-authorization", "host", "expect", "accept-encoding"];

/// What a session's file holds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The version of this format.
    #[serde(default)]
    plumb_session: u32,
    #[serde(default)]
    pub(super) cookies: Jar,
    /// By origin: header fields sent again.
    #[serde(default)]
    headers: BTreeMap<String, Vec<(String, String)>>,
}

/// A session in use.
pub(super) struct Session {
    path: PathBuf,
    read_only: bool,
    pub(super) kept: Kept,
}

impl Session {
    /// The session that was asked for, as its file has it.
    pub(super) fn open(http: &Http) -> Result<Option<Session>, CommandError> {
        let (given, read_only) = match (&http.way.session, &http.way.session_read_only) {
            (Some(given), _) => (given, false),
            (None, Some(given)) => (given, true),
            (None, None) => return Ok(None),
        };
        let path = path_of(given)?;
        let kept = match std::fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Kept::default(),
            Err(error) => return Err(CommandError::file("read", &path, error)),
            Ok(about) if about.len() > SESSION_BYTES_MAX => {
                return Err(CommandError::file("read", &path, "it is too large for a session"));
            }
            Ok(_) => {
                let text = std::fs::read(&path)
                    .map_err(|error| CommandError::file("read", &path, error))?;
                serde_json::from_slice(&text).map_err(|error| {
                    CommandError::file("use", &path, format!("it is no session: {error}"))
                })?
            }
        };
        Ok(Some(Session { path, read_only, kept }))
    }

    /// Adds the headers that the session has for the request's origin, and
    /// remembers those that were given.
    pub(super) fn dress(&mut self, request: &mut Request) {
        let origin = request.url.origin().ascii_serialization();
        let known = self.kept.headers.entry(origin).or_default();
        let given: Vec<(String, String)> = request
            .headers
            .iter()
            .filter(|(name, _)| is_kept(name))
            .map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value).into_owned()))
            .collect();
        known.retain(|(name, _)| {
            let replaced = given.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
            !replaced && !request.without.iter().any(|unset| unset.eq_ignore_ascii_case(name))
        });
        for (name, value) in known.iter() {
            request.headers.or_default(name, value.as_bytes());
        }
        known.extend(given);
    }

    /// Writes the file: readable by its owner alone, whole or not at all.
    pub(super) fn save(mut self, cookies: Jar) -> Result<(), CommandError> {
        if self.read_only {
            return Ok(());
        }
        self.kept.cookies = cookies;
        self.kept.plumb_session = 1;
        self.kept.headers.retain(|_, headers| !headers.is_empty());
        write(&self.path, &self.kept).map_err(|error| {
            CommandError::not_measured(format!(
                "cannot keep the session in {}: {error}",
                self.path.display()
            ))
        })
    }
}

fn is_kept(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !name.starts_with("content-") && !name.starts_with("if-") && !NOT_KEPT.contains(&name.as_str())
}

/// A name is a file among the user's own sessions; what has a slash is a path.
fn path_of(given: &str) -> Result<PathBuf, CommandError> {
    if given.contains('/') || given.ends_with(".json") {
        return Ok(PathBuf::from(given));
    }
    let allowed = |c: char| c.is_alphanumeric() || "._-".contains(c);
    if let Some(at) =
        given.find(|c| !allowed(c)).or((given.is_empty() || given.starts_with('.')).then_some(0))
    {
        return Err(CommandError::usage("a session's name has letters, digits, . _ and -")
            .at(given, at..(at + 1).min(given.len()))
            .hint("a path has a slash: ./name"));
    }
    let dir = environment::sessions_dir().ok_or_else(|| {
        CommandError::usage("there is no HOME to keep sessions in").hint("--session ./name.json")
    })?;
    Ok(dir.join(format!("{given}.json")))
}

fn write(path: &Path, kept: &Kept) -> std::io::Result<()> {
    // A bare file name has the empty path for its parent.
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let mut json = serde_json::to_vec_pretty(kept)?;
    json.push(b'\n');
    plumb_sys::file::replace(path, &json, 0o600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_where_sessions_are() {
        assert_eq!(path_of("./a").unwrap(), PathBuf::from("./a"));
        assert_eq!(path_of("x.json").unwrap(), PathBuf::from("x.json"));
        for bad in ["", "..", "a b", ".hidden"] {
            assert!(path_of(bad).is_err(), "{bad}");
        }
    }
}
