//! How a command ends.

use std::process::ExitCode;

use plumb_evidence::Verdict;

/// The status that the caller of plumb sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitStatus(u8);

impl ExitStatus {
    /// Answered, and good.
    pub const GOOD: ExitStatus = ExitStatus(0);
    /// Answered, and the answer is no.
    pub const NO: ExitStatus = ExitStatus(1);
    /// The command line made no sense.
    pub const USAGE: ExitStatus = ExitStatus(2);
    /// Nothing could be measured.
    pub const NOT_MEASURED: ExitStatus = ExitStatus(3);
    /// A bug in plumb (EX_SOFTWARE of sysexits.h).
    pub const BUG: ExitStatus = ExitStatus(70);
    /// plumb itself failed where it only passes on what a program says
    /// (`lab exec`, `lab run`), as env(1) and docker do.
    pub const NOT_PASSED_ON: ExitStatus = ExitStatus(125);
    /// Stopped by the user, as a shell says of SIGINT.
    pub const INTERRUPTED: ExitStatus = ExitStatus(130);

    pub const fn code(self) -> u8 {
        self.0
    }

    /// The status of a check: that of the lowest broken layer, else
    /// [`NOT_MEASURED`](Self::NOT_MEASURED) if one target is unknown, else
    /// [`GOOD`](Self::GOOD).
    pub fn of_verdicts<'a>(
        verdicts: impl IntoIterator<Item = &'a Verdict>,
        strict: bool,
    ) -> ExitStatus {
        ExitStatus(plumb_evidence::verdict::exit_code_of_all(verdicts, strict))
    }

    /// The status of a program that ran: its own, or 128 and the signal that
    /// ended it.
    pub fn of_program(status: std::process::ExitStatus) -> ExitStatus {
        use std::os::unix::process::ExitStatusExt;
        let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
        code.map_or(ExitStatus::NOT_PASSED_ON, ExitStatus::of_code)
    }

    /// The status of a program by number.
    pub fn of_code(code: i32) -> ExitStatus {
        u8::try_from(code).map_or(ExitStatus::NOT_PASSED_ON, ExitStatus)
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> ExitCode {
        ExitCode::from(status.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn programs_pass_their_status_on() {
        let of_raw = |raw| ExitStatus::of_program(std::process::ExitStatus::from_raw(raw)).code();
        assert_eq!(of_raw(0), 0);
        assert_eq!(of_raw(7 << 8), 7);
        assert_eq!(of_raw(15), 143);
    }
}
