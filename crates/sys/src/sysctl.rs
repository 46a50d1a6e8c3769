//! Kernel settings below /proc/sys; those of `net/` are of the calling
//! thread's network namespace.

use std::fs;
use std::path::PathBuf;

use crate::namespace::{NamespaceError, Stage};

/// Writes a setting, such as `net/ipv4/ip_forward`.
pub fn write(name: &str, value: &str) -> Result<(), NamespaceError> {
    let path = path_of(name);
    fs::write(&path, value)
        .map_err(|error| NamespaceError::at(Stage::Sysctl, "write", path.display(), error))
}

/// Reads a setting, without the line's end.
pub fn read(name: &str) -> Result<String, NamespaceError> {
    let path = path_of(name);
    let text = fs::read_to_string(&path)
        .map_err(|error| NamespaceError::at(Stage::Sysctl, "read", path.display(), error))?;
    Ok(text.trim_end().to_owned())
}

fn path_of(name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/sys/{name}"))
}
