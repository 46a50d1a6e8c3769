//! A body from stdin, and never a wait for one that nobody meant.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileTypeExt as _;
use std::time::Duration;

use plumb_probe::http::{Payload, Pieces};
use tokio::sync::mpsc;

use crate::error::CommandError;

/// How long a pipe may be silent before it is taken for one that was inherited
/// and not meant: programs that write at all have begun by then.
const SILENCE_MAX: Duration = Duration::from_secs(1);

/// Bytes read at once.
const PIECE_BYTES: usize = 64 << 10;

/// Bytes of a pipe that are read before the request is sent: servers that know
/// no chunks get a length, as curl and HTTPie send it.
const AHEAD_BYTES_MAX: u64 = 1 << 20;

/// Pieces that wait to be sent.
const PIECES_MAX: usize = 4;

/// What stdin has for a request.
pub(super) enum Found {
    Body(Payload),
    Nothing,
    /// A pipe on which nothing came.
    Silent,
}

/// Stdin as a body, asked for or not. `waits` is whether the method means a
/// body, so that a moment may be waited for one. In chunks it is sent as it
/// comes.
pub(super) fn find(asked: bool, waits: bool, chunked: bool) -> Result<Found, CommandError> {
    let stdin = io::stdin();
    if asked {
        if stdin.is_terminal() {
            crate::output::note("reading the body from the terminal, until Ctrl-D");
        }
        return stream(chunked).map(Found::Body);
    }
    if stdin.is_terminal() {
        return Ok(Found::Nothing);
    }
    let cannot = |error| CommandError::not_measured(format!("cannot look at stdin: {error}"));
    let Ok(own) = stdin.as_fd().try_clone_to_owned() else { return Ok(Found::Nothing) };
    let file = File::from(own);
    let Ok(about) = file.metadata() else { return Ok(Found::Nothing) };
    let kind = about.file_type();
    if kind.is_file() {
        return if about.len() > 0 { stream(chunked).map(Found::Body) } else { Ok(Found::Nothing) };
    }
    if !kind.is_fifo() && !kind.is_socket() {
        return Ok(Found::Nothing);
    }
    let wait = if waits { SILENCE_MAX } else { Duration::ZERO };
    match plumb_sys::readable::within(&file, wait).map_err(cannot)? {
        plumb_sys::readable::Readable::Data => stream(chunked).map(Found::Body),
        plumb_sys::readable::Readable::Ended => Ok(Found::Nothing),
        plumb_sys::readable::Readable::Silent if waits => Ok(Found::Silent),
        plumb_sys::readable::Readable::Silent => Ok(Found::Nothing),
    }
}

/// Stdin as a body. A file has a length; of a pipe as much is read ahead as
/// makes a small body, whose length is known then; the rest is read by a thread
/// of its own while it is sent.
fn stream(chunked: bool) -> Result<Payload, CommandError> {
    let cannot = |error| CommandError::not_measured(format!("cannot read stdin: {error}"));
    let mut file = File::from(io::stdin().as_fd().try_clone_to_owned().map_err(cannot)?);
    let size_bytes = file.metadata().ok().filter(std::fs::Metadata::is_file).and_then(|about| {
        use std::io::Seek as _;
        Some(about.len().saturating_sub(file.stream_position().ok()?))
    });
    let mut payload = Payload::empty();
    if size_bytes.is_none() && !chunked {
        let mut ahead = Vec::new();
        file.by_ref().take(AHEAD_BYTES_MAX).read_to_end(&mut ahead).map_err(cannot)?;
        let ended = (ahead.len() as u64) < AHEAD_BYTES_MAX;
        payload.push_bytes(ahead);
        if ended {
            return Ok(payload);
        }
    }
    payload.push_stream(pieces(file).map_err(cannot)?, size_bytes);
    Ok(payload)
}

fn pieces(mut file: File) -> io::Result<Pieces> {
    let (sender, pieces): (_, Pieces) = mpsc::channel(PIECES_MAX);
    let read = move || loop {
        let mut piece = vec![0; PIECE_BYTES];
        let next = match file.read(&mut piece) {
            Ok(0) => return,
            Ok(count) => {
                piece.truncate(count);
                Ok(piece.into())
            }
            Err(error) => Err(error),
        };
        let failed = next.is_err();
        if sender.blocking_send(next).is_err() || failed {
            return;
        }
    };
    std::thread::Builder::new().name("stdin".into()).spawn(read)?;
    Ok(pieces)
}
