//! The program under test, and who runs it.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

/// An ordinary user, for when a task itself runs as root.
pub(crate) const ORDINARY_ID: u32 = 54_321;

/// The plumb binary: the one that was named, else the one beside this program,
/// built first by the cargo that runs this task.
pub(crate) fn plumb(given: Option<&Path>) -> Result<PathBuf, Error> {
    if let Some(path) = given {
        let path = std::path::absolute(path)?;
        if !path.is_file() {
            return Err(format!("{} is no file", path.display()).into());
        }
        return Ok(path);
    }
    let here = std::env::current_exe()?;
    let directory = here.parent().ok_or("this program lies in no directory")?;
    if let Some(cargo) = std::env::var_os("CARGO") {
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "plumb", "--bin", "plumb"]);
        if directory.ends_with("release") {
            build.arg("--release");
        }
        if !build.status()?.success() {
            return Err("plumb does not build".into());
        }
    }
    let path = directory.join("plumb");
    if path.is_file() { Ok(path) } else { Err(format!("there is no {}", path.display()).into()) }
}

/// A directory of this run's own, readable by everybody.
pub(crate) fn scratch_directory() -> Result<PathBuf, Error> {
    use std::os::unix::fs::PermissionsExt;
    let path = std::env::temp_dir().join(format!("plumb-xtask-{}", std::process::id()));
    std::fs::create_dir_all(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    if plumb_sys::process::uid() == 0 {
        std::os::unix::fs::chown(&path, Some(ORDINARY_ID), Some(ORDINARY_ID))?;
    }
    Ok(path)
}

/// The same command as an ordinary user, if this task runs as root.
pub(crate) fn as_ordinary_user(command: &mut Command) -> &mut Command {
    if plumb_sys::process::uid() == 0 {
        command.uid(ORDINARY_ID).gid(ORDINARY_ID);
    }
    command
}
