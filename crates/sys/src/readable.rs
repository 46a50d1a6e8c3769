//! Whether something can be read, without reading it.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// What a look at a file descriptor showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readable {
    /// Bytes wait.
    Data,
    /// The other end is gone and left nothing.
    Ended,
    /// Nothing came in time.
    Silent,
}

/// Waits until a pipe or socket has something to read, at most this long.
pub fn within(file: impl AsFd, wait: Duration) -> io::Result<Readable> {
    let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
    let timeout = PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX);
    if poll(&mut fds, timeout)? == 0 {
        return Ok(Readable::Silent);
    }
    let seen = fds[0].revents().unwrap_or(PollFlags::empty());
    Ok(if seen.contains(PollFlags::POLLIN) { Readable::Data } else { Readable::Ended })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_pipe_is_silent_then_has_data_then_ends() {
        let (reader, mut writer) = io::pipe().unwrap();
        assert_eq!(within(&reader, Duration::ZERO).unwrap(), Readable::Silent);
        writer.write_all(b"x").unwrap();
        assert_eq!(within(&reader, Duration::ZERO).unwrap(), Readable::Data);
        let (reader, writer) = io::pipe().unwrap();
        drop(writer);
        assert_eq!(within(&reader, Duration::ZERO).unwrap(), Readable::Ended);
    }
}
