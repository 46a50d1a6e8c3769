//! Users with hashed passwords, in a file.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

use argon2::password_hash::{Output, PasswordHash, PasswordHasher, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use plumb_sys::file::{Draft, Lock};

use crate::watched;

/// Users in one file.
pub const USERS_MAX: usize = 10_000;
/// Longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 128;
/// Longest password, in bytes: a hash of a novel costs nothing, but its
/// transport does.
pub const PASSWORD_BYTES_MAX: usize = 1024;
/// Shortest password that is taken for a new user, NIST SP 800-63B section 3.1.1.
pub const PASSWORD_CHARACTERS_MIN: usize = 8;
/// Most memory that one hash may ask for: one in the file can be anybody's.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
/// Most passes over that memory.
const PASSES_MAX: u32 = 16;
/// Most lanes.
const LANES_MAX: u32 = 16;

/// Names and password hashes, PHC strings of argon2id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Users(BTreeMap<String, String>);

/// What became of users that were read to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<T> {
    /// They are others now.
    Write(T),
    /// They are as they were.
    Nothing(T),
}

/// A file of users cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message says it")]
pub enum UsersError {
    #[error("cannot {operation} {path}: {source}")]
    File { operation: &'static str, path: PathBuf, source: io::Error },
    #[error("{path}:{line}: {detail}")]
    Line { path: PathBuf, line: usize, detail: String },
    #[error("there is no user in {path}; add one: plumb serve user add NAME --file {path}")]
    Empty { path: PathBuf },
    #[error("{0}")]
    Name(String),
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
}

/// What an unknown user's password is compared with, so that it takes as long.
/// Nobody knows a password for it.
pub(super) fn hash_of_nobody(users: &Users) -> String {
    users.0.values().next().cloned().unwrap_or_default()
}

impl Users {
    /// Reads a file of lines `NAME:$argon2id$...`; `#` begins a comment.
    ///
    /// # Errors
    /// When the file cannot be read, or a line makes no sense.
    pub fn read(path: &Path) -> Result<Self, UsersError> {
        let failed = |source| UsersError::File { operation: "read", path: path.to_owned(), source };
        let bytes = watched::read(path).map_err(failed)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| failed(io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8")))?;
        let mut users = Users::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            users.add_line(line).map_err(|detail| UsersError::Line {
                path: path.to_owned(),
                line: index + 1,
                detail,
            })?;
        }
        Ok(users)
    }

    /// The same, where there must be one user at least.
    pub(super) fn read_some(path: &Path) -> Result<Self, UsersError> {
        let users = Users::read(path)?;
        if users.0.is_empty() {
            return Err(UsersError::Empty { path: path.to_owned() });
        }
        Ok(users)
    }

    fn add_line(&mut self, line: &str) -> Result<(), String> {
        let Some((name, hash)) = line.split_once(':') else {
            return Err("there is no colon between name and hash".to_owned());
        };
        check_name(name)?;
        check_hash(hash)?;
        if self.0.len() == USERS_MAX {
            return Err(format!("there are more than {USERS_MAX} users"));
        }
        match self.0.insert(name.to_owned(), hash.to_owned()) {
            None => Ok(()),
            Some(_) => Err(format!("{name} stands there twice")),
        }
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn hash_of(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Adds a user, or gives one a new password; says whether it was there.
    ///
    /// # Errors
    /// When the name or the password will not do.
    pub fn set(&mut self, name: &str, password: &str) -> Result<bool, UsersError> {
        check_name(name).map_err(UsersError::Name)?;
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(UsersError::Hash(format!("it has more than {PASSWORD_BYTES_MAX} bytes")));
        }
        if !self.0.contains_key(name) && self.0.len() == USERS_MAX {
            return Err(UsersError::Name(format!("there are {USERS_MAX} users already")));
        }
        let hash = hash(password)?;
        Ok(self.0.insert(name.to_owned(), hash).is_some())
    }

    /// Removes a user; says whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    /// Reads the file, lets `change` have it, and writes it anew where that says
    /// so; nobody else's change comes between. A file that is not there is one
    /// without users.
    ///
    /// # Errors
    /// When the file cannot be locked, read or written, or what `change` said.
    pub fn change<T>(
        path: &Path,
        change: impl FnOnce(&mut Users) -> Result<Change<T>, UsersError>,
    ) -> Result<T, UsersError> {
        let failed = |source| UsersError::File { operation: "lock", path: path.to_owned(), source };
        let _lock = Lock::beside(&target(path)).map_err(failed)?;
        let mut users = match path.exists() {
            true => Users::read(path)?,
            false => Users::default(),
        };
        match change(&mut users)? {
            Change::Write(done) => users.write(path).map(|()| done),
            Change::Nothing(done) => Ok(done),
        }
    }

    /// Writes the file anew, whole or not at all, for its owner's eyes only.
    ///
    /// # Errors
    /// What the system said.
    pub fn write(&self, path: &Path) -> Result<(), UsersError> {
        let failed =
            |operation| move |source| UsersError::File { operation, path: path.to_owned(), source };
        let mut text = String::from("# plumb serve user: name and argon2id hash\n");
        for (name, hash) in &self.0 {
            text.push_str(&format!("{name}:{hash}\n"));
        }
        replace(&target(path), &text).map_err(failed("write"))
    }
}

/// A link stays what it is: what it leads to is replaced.
fn target(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn replace(target: &Path, text: &str) -> io::Result<()> {
    let name = target.file_name().ok_or(io::ErrorKind::IsADirectory)?;
    let mut draft = Draft::beside(target, 0o600)?;
    draft.file().write_all(text.as_bytes())?;
    if let Ok(before) = fs::metadata(target) {
        // Who may not give it away keeps it; the mode stays the owner's.
        let _ = fchown(draft.file(), Some(before.uid()), Some(before.gid()));
    }
    draft.publish(name, true).map(drop)
}

/// RFC 7617 section 2: no colon; and nothing that a terminal or a log would
/// take for something else.
fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(format!("a name has 1 to {NAME_BYTES_MAX} bytes"));
    }
    if name.contains(|c: char| c == ':' || c.is_control()) || name.starts_with('#') {
        return Err("a name has no colon, no control character and no # at its start".to_owned());
    }
    if name.trim() != name {
        return Err("a name has no space at its start or end".to_owned());
    }
    Ok(())
}

fn check_hash(hash: &str) -> Result<(), String> {
    const WANTED: &str = "what stands behind the colon is not a hash of argon2id \
        ($argon2id$v=19$m=...); make one with plumb serve user add";
    let parsed = PasswordHash::new(hash).map_err(|_| WANTED.to_owned())?;
    if parsed.algorithm != argon2::ARGON2ID_IDENT || parsed.salt.is_none() || parsed.hash.is_none()
    {
        return Err(WANTED.to_owned());
    }
    let params = Params::try_from(&parsed).map_err(|error| error.to_string())?;
    if params.m_cost() > MEMORY_KIB_MAX
        || params.t_cost() > PASSES_MAX
        || params.p_cost() > LANES_MAX
    {
        return Err(format!(
            "this hash costs too much: at most m={MEMORY_KIB_MAX},t={PASSES_MAX},p={LANES_MAX}"
        ));
    }
    Ok(())
}

fn hasher() -> Argon2<'static> {
    // argon2id with 19 MiB and two passes, the least that OWASP advises: a
    // server checks a password while somebody waits.
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

fn hash(password: &str) -> Result<String, UsersError> {
    /// RFC 9106 section 3.1: 16 bytes are enough for a password hash.
    const SALT_BYTES: usize = 16;
    let failed = |error: &dyn std::fmt::Display| UsersError::Hash(error.to_string());
    let mut salt = [0; SALT_BYTES];
    aws_lc_rs::rand::fill(&mut salt).map_err(|error| failed(&error))?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| failed(&error))?;
    let hash =
        hasher().hash_password(password.as_bytes(), &salt).map_err(|error| failed(&error))?;
    Ok(hash.to_string())
}

/// Whether the password is that of the hash. Takes tens of milliseconds, and
/// megabytes, which stay in `memory` for the next one.
pub(super) fn fits(hash: &str, password: &str, memory: &mut Vec<Block>) -> bool {
    PasswordHash::new(hash).ok().and_then(|hash| is_of(&hash, password, memory)).unwrap_or(false)
}

/// As the hash itself says how; nothing where it says it wrongly.
fn is_of(hash: &PasswordHash<'_>, password: &str, memory: &mut Vec<Block>) -> Option<bool> {
    let algorithm = Algorithm::try_from(hash.algorithm).ok()?;
    let version = hash.version.map_or(Ok(Version::V0x13), Version::try_from).ok()?;
    let params = Params::try_from(hash).ok()?;
    let mut salt = [0; Salt::MAX_LENGTH];
    let salt = hash.salt?.decode_b64(&mut salt).ok()?;
    let wanted = hash.hash?;
    if memory.len() < params.block_count() {
        memory.resize(params.block_count(), Block::new());
    }
    let blocks = memory.get_mut(..params.block_count())?;
    let mut found = [0; Output::MAX_LENGTH];
    let found = found.get_mut(..wanted.len())?;
    let hasher = Argon2::new(algorithm, version, params);
    hasher.hash_password_into_with_memory(password.as_bytes(), salt, found, blocks).ok()?;
    // An output compares in constant time.
    Some(Output::new(found).ok()? == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hash that costs next to nothing.
    fn cheap(password: &str) -> String {
        let params = Params::new(8, 1, 1, None).unwrap();
        let salt = SaltString::encode_b64(b"saltsaltsaltsalt").unwrap();
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        hasher.hash_password(password.as_bytes(), &salt).unwrap().to_string()
    }

    #[test]
    fn a_hash_fits_its_password_alone() {
        let hash = cheap("päss");
        let memory = &mut Vec::new();
        let mut fits = |hash: &str, password| fits(hash, password, memory);
        assert!(fits(&hash, "päss"));
        assert!(!fits(&hash, "pass") && !fits(&hash, "") && !fits("", "päss"));
        let mut users = Users::default();
        assert!(!users.set("alice", "correct horse").unwrap());
        assert!(users.set("alice", "battery staple").unwrap(), "a new password");
        let hash = users.hash_of("alice").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(fits(hash, "battery staple") && !fits(hash, "correct horse"));
        assert!(fits(&cheap("after a larger one"), "after a larger one"));
        let most = 19_456;
        assert_eq!(memory.len(), most, "the memory of the largest is used again");
    }

    /// Of the tests of the reference implementation.
    #[test]
    fn a_hash_that_others_made_fits() {
        let hash = "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ\
            $bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc";
        check_hash(hash).unwrap();
        let memory = &mut vec![Block::new(); 1];
        assert!(fits(hash, "password", memory) && !fits(hash, "Password", memory));
    }

    #[test]
    fn lines_that_make_no_sense_are_refused() {
        let hash = cheap("x");
        let line = |line: String| Users::default().add_line(&line);
        assert_eq!(line(format!("alice:{hash}")), Ok(()));
        assert_eq!(line(format!("{}:{hash}", "n".repeat(NAME_BYTES_MAX))), Ok(()));
        for wrong in [
            "alice".to_owned(),
            "alice:password".to_owned(),
            "alice:$2b$12$abcdefghijklmnopqrstuv".to_owned(),
            format!(":{hash}"),
            format!("a\x1bb:{hash}"),
            format!("{}:{hash}", "n".repeat(NAME_BYTES_MAX + 1)),
            format!("alice:{}", hash.replace("m=8", "m=999999")),
            format!("alice:{}", hash.replace("argon2id", "argon2i")),
        ] {
            assert!(line(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_password_at_the_longest_and_one_byte_past_it() {
        let mut users = Users::default();
        assert!(users.set("a", &"x".repeat(PASSWORD_BYTES_MAX)).is_ok());
        assert!(users.set("a", &"x".repeat(PASSWORD_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn what_is_written_is_read_again_and_nobody_elses() {
        let path = std::env::temp_dir().join(format!("plumb-users-{}", std::process::id()));
        let mut users = Users::default();
        users.0.insert("alice".to_owned(), cheap("x"));
        users.write(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(Users::read(&path).unwrap(), users);
        assert!(users.remove("alice") && !users.remove("alice"));
        users.write(&path).unwrap();
        assert!(matches!(Users::read_some(&path), Err(UsersError::Empty { .. })));
        fs::remove_file(&path).unwrap();
    }
}
