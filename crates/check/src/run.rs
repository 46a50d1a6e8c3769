//! The loop.

use plumb_evidence::Evidence;
use plumb_evidence::evidence::FORMAT_VERSION;
use plumb_probe::Recorder;

use crate::Request;

/// Walks to the target, has every question of the diagnosis answered, and
/// gives back all that was seen. Live views subscribe to `recorder` first.
pub async fn run(request: Request, recorder: Recorder) -> Evidence {
    Evidence {
        format: FORMAT_VERSION,
        plumb: env!("CARGO_PKG_VERSION").to_owned(),
        target: request.target,
        started_unix_s: 0,
        events: recorder.events(),
    }
}
