//! From a topology file to a [`Plan`].
//!
//! A topology is a TOML file in the words of a network drawing: LANs, cables,
//! the machines that are plugged into them, and the zones of the name system.
//! [`parse`] reads one; whatever is wrong with it is reported with its line and
//! column, before anything is built.
//! Every machine also serves echo, discard and daytime. One of the two files
//! inside the binary uses every word that there is:
//!
//! ```toml
#![doc = include_str!("../../topologies/office.toml")]
//! ```

mod error;
mod file;
mod names;
mod plan;
mod resolve;

use std::fs::File;
use std::io::{self, Read as _};

use crate::error::LabError;

pub use error::TopologyError;
pub use plan::{
    Interface, Link, Machine, Plan, Route, Service, Zone, ZoneData, ZoneRecord, ZoneServer,
    is_link_local,
};

pub(crate) use names::names_of;

/// The topologies inside the binary: their names and their files.
pub const BUILTIN: [(&str, &str); 2] = [
    ("internet", include_str!("../../topologies/internet.toml")),
    ("office", include_str!("../../topologies/office.toml")),
];

/// The topology that is built when none is named.
pub const DEFAULT: &str = "internet";

/// What a command line calls a topology, one inside the binary or a file: its
/// name in error messages, and its text.
///
/// # Errors
/// When there is no such file, or it is too large or no text.
pub fn read(word: &str) -> Result<(String, String), LabError> {
    if let Some((name, text)) = BUILTIN.iter().find(|(name, _)| *name == word) {
        return Ok((format!("{name}.toml"), (*text).to_owned()));
    }
    let cannot = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => LabError::NoTopology {
            name: word.to_owned(),
            builtin: BUILTIN.iter().map(|(name, _)| (*name).to_owned()).collect(),
        },
        // The file that was named is at fault, not the machine.
        _ => LabError::Usage(format!("cannot read {word}: {error}")),
    };
    let mut text = Vec::new();
    let one_more = file::FILE_BYTES_MAX as u64 + 1;
    File::open(word).and_then(|file| file.take(one_more).read_to_end(&mut text)).map_err(cannot)?;
    if text.len() > file::FILE_BYTES_MAX {
        let most = file::FILE_BYTES_MAX;
        return Err(LabError::Usage(format!("{word}: a topology has at most {most} bytes")));
    }
    let text = String::from_utf8(text)
        .map_err(|_| LabError::Usage(format!("{word}: this is not UTF-8 text")))?;
    Ok((word.to_owned(), text))
}

/// Reads a topology file. `origin` is its name in error messages.
pub fn parse(origin: &str, text: &str) -> Result<Plan, TopologyError> {
    let file = file::read(origin, text)?;
    resolve::plan(&file, &error::Source { origin, text })
}

/// The plan of a topology inside the binary, if there is one of that name.
pub fn builtin(name: &str) -> Option<Result<Plan, TopologyError>> {
    BUILTIN
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(known, text)| parse(&format!("{known}.toml"), text))
}
