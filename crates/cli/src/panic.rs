//! A panic is a bug in plumb, and says so.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

use crate::exit::ExitStatus;
use crate::output;

/// Runs `body`; if it panics, tells the user that it is not their fault and
/// gives [`ExitStatus::BUG`].
pub(crate) fn caught(body: impl FnOnce() -> ExitStatus) -> ExitStatus {
    set_hook(Box::new(|info| {
        let location = info.location().map(|at| format!(" at {at}")).unwrap_or_default();
        let message = info.payload_as_str().unwrap_or("no message");
        let backtrace = std::backtrace::Backtrace::capture();
        let mut text = format!("this is a bug in plumb{location}: {message}");
        if backtrace.status() == std::backtrace::BacktraceStatus::Captured {
            text.push_str(&format!("\n{backtrace}"));
        }
        output::show_bug(&text);
    }));
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        output::end_unfinished(ExitStatus::BUG);
        ExitStatus::BUG
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_exit_status_70() {
        assert_eq!(caught(|| panic!("as a test")), ExitStatus::BUG);
        assert_eq!(ExitStatus::BUG.code(), 70);
        assert_eq!(caught(|| ExitStatus::NO), ExitStatus::NO);
        drop(std::panic::take_hook());
    }
}
