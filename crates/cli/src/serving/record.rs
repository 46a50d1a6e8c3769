//! Where the events of a server go.

use plumb_report::json::{Begin, End, JsonLines};
use plumb_serve::core::{EventSink, ServerEvent};

use crate::args::output::OutputArgs;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output;

/// Records what a server tells about itself.
#[derive(Debug)]
pub(super) struct Recorder {
    json: bool,
    clock: std::time::Instant,
}

/// The server's end of a recorder.
#[derive(Debug)]
pub(super) struct Sink;

impl EventSink for Sink {
    fn event(&self, _: ServerEvent) {}
}

impl Recorder {
    pub(super) fn begin(command: &str, output: &OutputArgs) -> Result<Recorder, CommandError> {
        let recorder = Recorder { json: output.json, clock: std::time::Instant::now() };
        if recorder.json {
            let started_unix_s = plumb_sys::clock::unix_s();
            recorder.record(
                "begin",
                &Begin { plumb: env!("CARGO_PKG_VERSION"), command, started_unix_s },
            );
        }
        Ok(recorder)
    }

    pub(super) fn sink(&self) -> Sink {
        Sink
    }

    fn record<T: serde::Serialize>(&self, kind: &str, data: &T) {
        let _ = JsonLines::new(std::io::stdout()).record(kind, data);
    }

    /// Says that a socket is served.
    pub(super) fn listening(&self, address: &str) {
        output::tell(&[plumb_report::Line::plain(format!("listening on {address}"))]);
        if self.json {
            self.record("listening", &serde_json::json!({ "address": address }));
        }
    }

    pub(super) fn end(self, status: ExitStatus) -> Result<ExitStatus, CommandError> {
        if self.json {
            let duration_ns = u64::try_from(self.clock.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.record("end", &End { exit_code: status.code(), interrupted: false, duration_ns });
        }
        Ok(status)
    }
}
