//! What a handler left of a body. A server that answers without reading knows
//! neither whether the rest is well framed nor where the next request begins.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::http::message::Intake;

/// What is read away: about what is on its way when the answer is ready. More
/// costs less in a new connection.
const BYTES_MAX: usize = 256 * 1024;
/// A client that sends so little for so long is not about to finish.
const TIME_MAX: Duration = Duration::from_secs(2);

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leftover {
    /// With its last byte.
    Nothing,
    /// It may go on, or it broke off.
    More,
}

/// Reads the rest of a body, if it is short. A client that `waits` to be asked
/// for it is not asked.
pub(super) async fn read_away(intake: &Arc<Intake>, waits: bool) -> Leftover {
    let Some(body) = intake.take_left() else { return Leftover::Nothing };
    if waits && !intake.has_begun() {
        return Leftover::More;
    }
    tokio::time::timeout(TIME_MAX, to_the_end(body)).await.unwrap_or(Leftover::More)
}

async fn to_the_end(mut body: Incoming) -> Leftover {
    let mut read_bytes = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Leftover::More };
        read_bytes += frame.data_ref().map_or(0, bytes::Bytes::len);
        if read_bytes > BYTES_MAX {
            return Leftover::More;
        }
    }
    Leftover::Nothing
}
