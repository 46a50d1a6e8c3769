//! The processes of a lab that begin in the middle of another program.
//!
//! A lab's supervisor and the process in front of a program on a lab machine
//! are this same executable, started again under a name that no user types.
//! They take over before `main`: so any program that links this library, a test
//! binary included, can start a lab, and there is one thread only, without
//! which no user namespace can be entered.

use std::ffi::OsStr;
use std::process::Command;

/// The executable that is running, even when its file has been replaced.
const SELF: &str = "/proc/self/exe";

/// `argv[0]` of a lab's supervisor.
const SUPERVISOR: &str = "plumb-lab";
/// `argv[0]` of the process in front of a program on a lab machine.
const EXEC: &str = "plumb-lab-exec";
/// `argv[0]` of what stays behind when the program has left daemons.
const KEEPER: &str = "plumb-lab-keeper";

pub(crate) fn supervisor() -> Command {
    itself(SUPERVISOR)
}

pub(crate) fn exec() -> Command {
    itself(EXEC)
}

pub(crate) fn keeper() -> Command {
    itself(KEEPER)
}

fn itself(role: &str) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(SELF);
    command.arg0(role);
    command
}

#[ctor::ctor(unsafe)]
fn before_main() {
    let mut arguments = std::env::args_os();
    let role = arguments.next().unwrap_or_default();
    let code = if role == OsStr::new(SUPERVISOR) {
        crate::supervisor::main()
    } else if role == OsStr::new(EXEC) {
        crate::exec::main(arguments.collect())
    } else if role == OsStr::new(KEEPER) {
        crate::exec::keep()
    } else if role == OsStr::new(crate::doctor::CHILD_MARKER) {
        crate::doctor::child();
        0
    } else {
        return;
    };
    // The program around this one must not begin.
    #[allow(clippy::exit)]
    std::process::exit(code);
}
