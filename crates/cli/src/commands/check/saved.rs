//! Evidence in files.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use plumb_evidence::Evidence;
use plumb_evidence::evidence::{EVENTS_MAX, FORMAT_VERSION};
use plumb_sys::file::Draft;

use super::{Check, run};
use crate::args::request::read_file;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};

/// Largest file of evidence that is read: a full stream of events with chains
/// of certificates stays below.
const EVIDENCE_BYTES_MAX: u64 = 256 << 20;

/// The umask decides who may read a run.
const EVIDENCE_MODE: u32 = 0o666;

/// Whether evidence can be kept in the file, as far as that can be told before
/// there is any.
pub(super) fn check_place(path: &Path) -> Result<(), CommandError> {
    let unfit = |why: &dyn std::fmt::Display| CommandError::file("keep the evidence in", path, why);
    let place = Place::of(path).map_err(|error| unfit(&error))?;
    if let Place::Replaced(file) = &place {
        if file.is_dir() {
            return Err(unfit(&std::io::Error::from(std::io::ErrorKind::IsADirectory)));
        }
        Draft::beside(file, EVIDENCE_MODE).map_err(|error| unfit(&error))?;
    }
    Ok(())
}

/// What the evidence goes to.
enum Place {
    /// A file that is there as a whole or not at all; what a symbolic link
    /// leads to, the link itself stays.
    Replaced(PathBuf),
    /// A device, a pipe: written to as it is.
    Written(PathBuf),
}

impl Place {
    fn of(path: &Path) -> std::io::Result<Place> {
        match fs::metadata(path) {
            Ok(found) if found.is_file() || found.is_dir() => {
                fs::canonicalize(path).map(Place::Replaced)
            }
            Ok(_) => Ok(Place::Written(path.to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Place::Replaced(path.to_owned()))
            }
            Err(error) => Err(error),
        }
    }
}

/// Writes the evidence so that nobody ever sees half of it.
pub(super) fn save(path: &Path, evidence: &Evidence) -> Result<(), CommandError> {
    let failed = |error: &dyn std::fmt::Display| {
        CommandError::not_measured(format!(
            "cannot keep the evidence in {}: {error}",
            path.display()
        ))
    };
    let mut json = serde_json::to_vec(evidence).map_err(|error| failed(&error))?;
    json.push(b'\n');
    let file = match Place::of(path).map_err(|error| failed(&error))? {
        Place::Replaced(file) => file,
        Place::Written(file) => {
            let mut open = OpenOptions::new().write(true).open(file);
            return open.as_mut().map_or_else(
                |error| Err(failed(error)),
                |open| open.write_all(&json).map_err(|error| failed(&error)),
            );
        }
    };
    plumb_sys::file::replace(&file, &json, EVIDENCE_MODE).map_err(|error| failed(&error))
}

/// Judges a file of evidence again.
pub(super) fn replay(path: &Path, check: &Check) -> Result<ExitStatus, CommandError> {
    let evidence = read(path)?;
    let mut output = Output::open(&check.output)?;
    let mut session = Session::begin(&mut output, "check")?;
    let verdict = run::again(&evidence, session.output())?;
    session.end(ExitStatus::of_verdicts([&verdict], check.strict))
}

fn read(path: &Path) -> Result<Evidence, CommandError> {
    let bytes = read_file(path, EVIDENCE_BYTES_MAX)?;
    let unfit = |why: String| CommandError::file("replay", path, why);
    /// What every format has.
    #[derive(serde::Deserialize)]
    struct Head {
        format: u32,
        plumb: String,
    }
    let head: Head = serde_json::from_slice(&bytes)
        .map_err(|error| unfit(format!("it is no evidence of plumb ({error})")))?;
    if head.format > FORMAT_VERSION {
        return Err(unfit(format!(
            "plumb {} wrote it in format {}, newer than {FORMAT_VERSION}",
            head.plumb, head.format
        )));
    }
    let evidence: Evidence =
        serde_json::from_slice(&bytes).map_err(|error| unfit(error.to_string()))?;
    if evidence.events.len() > EVENTS_MAX {
        return Err(unfit(format!("it has more than {EVENTS_MAX} events")));
    }
    Ok(evidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_reads_back_and_nothing_half_done_stays() {
        let directory = std::env::temp_dir().join(format!("plumb-saved-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("run.json");
        let evidence = plumb_report::examples::expired_certificate().evidence;
        save(&path, &evidence).unwrap();
        save(&path, &evidence).unwrap();
        assert_eq!(read(&path).unwrap(), evidence);
        assert!(check_place(&path).is_ok() && check_place(&directory.join("new")).is_ok());
        assert!(check_place(&directory).is_err());
        let nowhere = directory.join("none/run.json");
        assert!(check_place(&nowhere).is_err() && save(&nowhere, &evidence).is_err());
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        let link = directory.join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        save(&link, &evidence).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(read(&path).unwrap(), evidence);
        let device = directory.join("device");
        std::os::unix::fs::symlink("/dev/null", &device).unwrap();
        check_place(&device).unwrap();
        save(&device, &evidence).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        fs::write(&path, "{\"format\":99,\"plumb\":\"9.9\"}").unwrap();
        assert!(read(&path).unwrap_err().message.contains("newer"));
        fs::write(&path, "half").unwrap();
        assert!(read(&path).unwrap_err().message.contains("no evidence"));
        fs::remove_dir_all(&directory).unwrap();
    }
}
