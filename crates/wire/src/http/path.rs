//! The path of a request as names of a tree, RFC 3986 sections 2.1 and 5.2.4.

use thiserror::Error;

/// The names along a path, decoded once, without dot segments. No name is
/// empty, `.` or `..`, and none holds `/` or NUL; every other byte may occur.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Segments {
    names: Vec<Vec<u8>>,
    /// Whether the path names a directory: it ends in `/`, `.` or `..`.
    pub directory: bool,
}

/// What no tree can have, and what nobody asks by accident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PathError {
    /// Not `/...`.
    #[error("the path does not begin with a slash")]
    NotAbsolute,
    /// A `%` without two hexadecimal digits.
    #[error("a % at offset {at} is not followed by two hexadecimal digits")]
    Escape {
        /// Offset into the path, in bytes.
        at: usize,
    },
    /// `..` above the root.
    #[error("the path leads out of the root")]
    Outside,
    /// An encoded slash or NUL: no file has such a name.
    #[error("an encoded {0} cannot be part of a name")]
    Impossible(&'static str),
}

impl Segments {
    /// Takes a path apart, as it stands in the request line: what is encoded
    /// is decoded once, and never becomes a separator. Several slashes count
    /// as one.
    ///
    /// # Errors
    /// See [`PathError`].
    pub fn parse(path: &str) -> Result<Segments, PathError> {
        let mut offset = 1;
        let mut found = Segments { names: Vec::new(), directory: true };
        for raw in path.strip_prefix('/').ok_or(PathError::NotAbsolute)?.split('/') {
            let name = decode(raw, offset)?;
            offset += raw.len() + 1;
            found.directory = matches!(&name[..], b"" | b"." | b"..");
            match &name[..] {
                b"" | b"." => {}
                b".." => {
                    found.names.pop().ok_or(PathError::Outside)?;
                }
                _ => found.names.push(name),
            }
        }
        Ok(found)
    }

    /// The names, outermost first.
    pub fn names(&self) -> &[Vec<u8>] {
        &self.names
    }

    /// The names with a slash between each two: never absolute.
    pub fn relative(&self) -> Vec<u8> {
        self.names.join(&b'/')
    }

    /// The path again, encoded so that it can stand in a `Location` and in
    /// HTML: it begins with one slash, and nothing in it can be taken for
    /// another host's name.
    pub fn encoded(&self) -> String {
        let mut path = String::from("/");
        for (index, name) in self.names.iter().enumerate() {
            if index > 0 {
                path.push('/');
            }
            encode(name, &mut path);
        }
        if self.directory && !self.names.is_empty() {
            path.push('/');
        }
        path
    }
}

/// Appends a name as a segment: what is not unreserved is encoded, RFC 3986
/// section 2.3, and so is everything that means something to a browser.
pub fn encode(name: &[u8], into: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in name {
        if byte.is_ascii_alphanumeric() || b"-._~!$()*,=@+".contains(&byte) {
            into.push(char::from(byte));
        } else {
            into.push('%');
            into.push(char::from(HEX[usize::from(byte >> 4)]));
            into.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

fn decode(raw: &str, offset: usize) -> Result<Vec<u8>, PathError> {
    let mut name = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        if byte != b'%' {
            name.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|(_, byte)| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(PathError::Escape { at: offset + at });
        };
        name.push((high << 4 | low) as u8);
    }
    if name.contains(&b'/') {
        return Err(PathError::Impossible("slash"));
    }
    if name.contains(&0) {
        return Err(PathError::Impossible("NUL"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn relative(path: &str) -> Result<String, PathError> {
        Segments::parse(path).map(|s| String::from_utf8_lossy(&s.relative()).into_owned())
    }

    #[test]
    fn paths_become_names() {
        for (path, expected, directory) in [
            ("/", "", true),
            ("/a/b.txt", "a/b.txt", false),
            ("/a/b/", "a/b", true),
            ("//a///b", "a/b", false),
            ("/a/./b/../c", "a/c", false),
            ("/a/..", "", true),
            ("/a/%2e%2E/b", "b", false),
            ("/a%20b%C3%A4", "a bä", false),
            ("/%252e%252e/x", "%2e%2e/x", false),
            ("/..%5c..%5cx", "..\\..\\x", false),
            ("/.../x", ".../x", false),
        ] {
            assert_eq!(relative(path).as_deref(), Ok(expected), "{path}");
            assert_eq!(Segments::parse(path).unwrap().directory, directory, "{path}");
        }
    }

    #[test]
    fn what_leads_nowhere_is_an_error() {
        for path in ["/..", "/../x", "/a/../../x", "/%2e%2e/x", "/.%2e/x", "/a/%2E%2E/.."] {
            assert_eq!(relative(path), Err(PathError::Outside), "{path}");
        }
        for (path, error) in [
            ("", PathError::NotAbsolute),
            ("a", PathError::NotAbsolute),
            ("/a%", PathError::Escape { at: 2 }),
            ("/a/%4", PathError::Escape { at: 3 }),
            ("/%zz", PathError::Escape { at: 1 }),
            ("/a%2fb", PathError::Impossible("slash")),
            ("/..%2f..%2fx", PathError::Impossible("slash")),
            ("/a%00.txt", PathError::Impossible("NUL")),
        ] {
            assert_eq!(relative(path), Err(error), "{path}");
        }
    }

    #[test]
    fn an_encoded_path_names_no_host() {
        for (path, encoded) in [
            ("//evil.example//", "/evil.example/"),
            ("/%5cevil.example/", "/%5Cevil.example/"),
            ("/\\evil", "/%5Cevil"),
            ("/a%0d%0ax:%20y", "/a%0D%0Ax%3A%20y"),
            ("/%3cscript%3e\"'", "/%3Cscript%3E%22%27"),
            ("/", "/"),
        ] {
            assert_eq!(Segments::parse(path).unwrap().encoded(), encoded, "{path}");
        }
    }

    proptest! {
        #[test]
        fn names_never_lead_out(path in "[/.%25cefa\\\\0é]{0,40}") {
            if let Ok(found) = Segments::parse(&path) {
                for name in found.names() {
                    prop_assert!(!matches!(&name[..], b"" | b"." | b".."));
                    prop_assert!(!name.contains(&b'/') && !name.contains(&0));
                }
                prop_assert_eq!(Segments::parse(&found.encoded()), Ok(found));
            }
        }
    }
}
