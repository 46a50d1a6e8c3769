//! The processes of a lab that begin in the middle of another program.
//!
//! A lab's supervisor and the process in front of a program on a lab machine
//! are this same executable, started again under a name that no user types.
//! They take over before `main`: so any program that links this library, a test
//! binary included, can start a lab, and there is one thread only, without
//! which no user namespace can be entered.
//!
//! They are the one exception to "no crate below the command line reads its
//! arguments, prints or exits", and this file has all of it.

use std::ffi::OsStr;
use std::io::Write as _;
use std::process::Command;

use plumb_sys::process::SELF_EXE;

/// `argv[0]` of a lab's supervisor.
const SUPERVISOR: &str = "plumb-lab";
/// `argv[0]` of the process in front of a program on a lab machine.
const EXEC: &str = "plumb-lab-exec";
/// `argv[0]` of what stays behind when the program has left daemons.
const KEEPER: &str = "plumb-lab-keeper";
/// `argv[0]` of the process in which permissions are tried.
const DOCTOR: &str = "plumb-lab-doctor";

/// How such a process ends.
pub(crate) struct Ended {
    /// The exit status.
    pub(crate) status: i32,
    /// What its user should read on stderr.
    pub(crate) complaint: Option<String>,
}

pub(crate) fn supervisor() -> Command {
    itself(SUPERVISOR)
}

pub(crate) fn exec() -> Command {
    itself(EXEC)
}

pub(crate) fn keeper() -> Command {
    itself(KEEPER)
}

pub(crate) fn doctor() -> Command {
    itself(DOCTOR)
}

fn itself(role: &str) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(SELF_EXE);
    command.arg0(role);
    command
}

#[ctor::ctor(unsafe)]
fn before_main() {
    let mut arguments = std::env::args_os();
    let role = arguments.next().unwrap_or_default();
    let ended = if role == OsStr::new(SUPERVISOR) {
        crate::supervisor::main()
    } else if role == OsStr::new(EXEC) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        crate::exec::main(arguments.collect(), &path)
    } else if role == OsStr::new(KEEPER) {
        crate::exec::keep()
    } else if role == OsStr::new(DOCTOR) {
        crate::doctor::child(std::io::stdout())
    } else {
        return;
    };
    if let Some(complaint) = ended.complaint {
        // There is no command line above this process that could tell it.
        let _ = writeln!(std::io::stderr(), "plumb: {complaint}");
    }
    // The program around this one must not begin.
    #[allow(clippy::exit)]
    std::process::exit(ended.status);
}

impl Ended {
    /// With this status, and nothing to say.
    pub(crate) fn quietly(status: i32) -> Ended {
        Ended { status, complaint: None }
    }
}
