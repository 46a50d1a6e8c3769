//! The generated documents.
//!
//! Everything but the picture is the same for the same source: `--check` says
//! whether the files are fresh. The picture shows a real run, with its real
//! times.

mod findings;
mod json;
mod man;
mod picture;
mod reference;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::{Error, say};

#[derive(Debug, clap::Args)]
pub(crate) struct Docs {
    /// Write nothing; fail if a file is not what it should be
    #[arg(long)]
    check: bool,

    /// The program whose run becomes the picture
    #[arg(long, value_name = "FILE")]
    plumb: Option<PathBuf>,

    /// Leave the picture as it is
    #[arg(long)]
    no_picture: bool,
}

/// Documents by their path below the workspace.
type Files = BTreeMap<PathBuf, Vec<u8>>;

impl Docs {
    pub(crate) fn run(self) -> Result<ExitCode, Error> {
        let root = workspace();
        let mut files = files()?;
        if self.check {
            return check(&root, &files);
        }
        if !self.no_picture {
            let svg = picture::render(self.plumb.as_deref())?;
            files.insert(picture::PATH.into(), svg.into_bytes());
        }
        for (path, text) in &files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(&root))?;
            std::fs::write(&path, text)?;
        }
        say(&format!("{} files written", files.len()));
        Ok(ExitCode::SUCCESS)
    }
}

/// Every document that is the same for the same source.
fn files() -> Result<Files, Error> {
    let mut files = Files::new();
    files.insert("docs/findings.md".into(), findings::render().into_bytes());
    files.insert("docs/json.md".into(), json::render()?.into_bytes());
    reference::render(&mut files);
    man::render(&mut files)?;
    Ok(files)
}

fn check(root: &Path, files: &Files) -> Result<ExitCode, Error> {
    let mut fresh = true;
    for (path, text) in files {
        if std::fs::read(root.join(path)).ok().as_ref() != Some(text) {
            say(&format!("{} is not fresh", path.display()));
            fresh = false;
        }
    }
    if !root.join(picture::PATH).is_file() {
        say(&format!("{} is missing", picture::PATH));
        fresh = false;
    }
    if fresh {
        return Ok(ExitCode::SUCCESS);
    }
    say("write them with: cargo xtask docs");
    Ok(ExitCode::FAILURE)
}

/// The workspace that this program was built from.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_are_fresh() {
        let files = files().unwrap();
        let stale: Vec<_> = files
            .iter()
            .filter(|(path, text)| {
                std::fs::read(workspace().join(path)).ok().as_ref() != Some(*text)
            })
            .map(|(path, _)| path)
            .collect();
        assert!(stale.is_empty(), "write them with `cargo xtask docs`: {stale:?}");
    }
}
