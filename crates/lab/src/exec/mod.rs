//! The process in front of a program on a lab machine: it enters the machine,
//! starts the program there, passes signals and the exit status on, and sees
//! to it that nothing of the program outlives the lab.

mod enter;
mod guard;

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use plumb_sys::process;

use crate::client::Client;
use crate::entry::{self, Ended};
use crate::error::LabError;
use crate::runtime_dir::RuntimeDir;

/// What a shell gives for a program that was found and could not be started.
const NOT_EXECUTABLE: i32 = 126;
/// What a shell gives for a program that was not found.
const NOT_FOUND: i32 = 127;
/// plumb itself failed, as env(1) and chroot(1) give it.
const FAILED: i32 = 125;

const PRIVILEGED: &str = "privileged";
const UNPRIVILEGED: &str = "unprivileged";

/// A command that runs `program` on `machine` of the lab `name`. It has the
/// caller's user id, terminal, environment and directory, and every capability
/// over the lab's namespaces unless `unprivileged`. Its exit status is the
/// program's; a signal is 128 more than its number.
pub fn command(
    runtime_dir: &Path,
    name: &str,
    machine: &str,
    unprivileged: bool,
    program: impl Into<OsString>,
) -> Command {
    let mut command = entry::exec();
    command
        .arg(runtime_dir)
        .arg(name)
        .arg(machine)
        .arg(if unprivileged { UNPRIVILEGED } else { PRIVILEGED })
        .arg(program.into());
    command
}

/// Takes the place of `main`; `path` is where the caller's programs are.
pub(crate) fn main(arguments: Vec<OsString>, path: &OsStr) -> Ended {
    run(arguments, path)
        .unwrap_or_else(|error| Ended { status: FAILED, complaint: Some(error.to_string()) })
}

fn run(arguments: Vec<OsString>, path: &OsStr) -> Result<Ended, LabError> {
    let [runtime_dir, name, machine, rights, program, arguments @ ..] = arguments.as_slice() else {
        return Err(LabError::Usage("this is not started by hand".to_owned()));
    };
    let runtime_dir = RuntimeDir::open(&PathBuf::from(runtime_dir))?;
    let client = Client::connect(&runtime_dir, &name.to_string_lossy())?;
    let (reply, namespaces) = client.enter(&machine.to_string_lossy())?;
    enter::enter(&reply, &namespaces, rights == UNPRIVILEGED)?;
    drop(namespaces);
    process::become_subreaper().map_err(LabError::io("adopt", "the program's children"))?;
    let mut command = Command::new(program);
    command.args(arguments);
    process::end_with_this_thread(&mut command);
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let (status, complaint) = not_started(program, path, &error);
            return Ok(Ended { status, complaint: Some(complaint) });
        }
    };
    let status = guard::wait(child, client)?;
    Ok(Ended::quietly(code(status)))
}

/// Stays behind when a program has left daemons on its machine, and ends them
/// with the lab. Its standard input is the connection to the lab.
pub(crate) fn keep() -> Ended {
    guard::keep();
    Ended::quietly(0)
}

/// What a shell would make of a program that could not be started: the exit
/// status, and what to tell. `path` is where it was looked for.
pub fn not_started(program: &OsStr, path: &OsStr, error: &std::io::Error) -> (i32, String) {
    let found = error.kind() != ErrorKind::NotFound && is_anywhere(program, path);
    let (status, why) = if found {
        (NOT_EXECUTABLE, error.to_string())
    } else {
        (NOT_FOUND, "no such program".to_owned())
    };
    (status, format!("{}: {why}", program.to_string_lossy()))
}

/// Whether there is such a file. execvp(3) reports a directory of the path that
/// may not be searched like a program that may not be run.
fn is_anywhere(program: &OsStr, path: &OsStr) -> bool {
    let named = Path::new(program);
    if named.components().count() != 1 || program.as_encoded_bytes().contains(&b'/') {
        return true;
    }
    std::env::split_paths(path).any(|directory| directory.join(named).exists())
}

fn code(status: ExitStatus) -> i32 {
    /// As shells do.
    const SIGNALLED: i32 = 128;
    status.code().or_else(|| status.signal().map(|signal| SIGNALLED + signal)).unwrap_or(FAILED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_missing_or_may_not_be_run() {
        let status = |program: &str, kind: ErrorKind| {
            let error = std::io::Error::from(kind);
            not_started(OsStr::new(program), OsStr::new("/usr/bin:/bin"), &error).0
        };
        assert_eq!(status("no-such-program", ErrorKind::NotFound), NOT_FOUND);
        assert_eq!(status("no-such-program", ErrorKind::PermissionDenied), NOT_FOUND);
        assert_eq!(status("/etc/passwd", ErrorKind::PermissionDenied), NOT_EXECUTABLE);
        assert_eq!(status("/no/such", ErrorKind::NotFound), NOT_FOUND);
        assert!(is_anywhere(OsStr::new("passwd"), OsStr::new("/nowhere:/etc")));
    }
}
