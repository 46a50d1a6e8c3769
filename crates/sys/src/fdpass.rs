//! Passing open descriptors over a UNIX socket (unix(7), SCM_RIGHTS).

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

/// Descriptors in one message: a lab's machines with room; the kernel takes
/// 253 (SCM_MAX_FD).
pub const DESCRIPTORS_MAX: usize = 64;

/// Sends `bytes` (at least one) with descriptors; returns how many bytes went.
/// On a non-blocking socket WouldBlock means that nothing was sent.
pub fn send(socket: &impl AsFd, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
    if bytes.is_empty() || fds.len() > DESCRIPTORS_MAX {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let raw: Vec<RawFd> = fds.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let control: &[ControlMessage] = if raw.is_empty() { &[] } else { &rights };
    let parts = [IoSlice::new(bytes)];
    let socket = socket.as_fd().as_raw_fd();
    let sent = sendmsg::<()>(socket, &parts, control, MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(sent)
}

/// Receives up to `buffer.len()` bytes and the descriptors that came with
/// them, which are closed on exec. 0 bytes mean that the peer is gone.
pub fn receive(socket: &impl AsFd, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut control = nix::cmsg_space!([RawFd; DESCRIPTORS_MAX]);
    let mut parts = [IoSliceMut::new(buffer)];
    let message = recvmsg::<()>(
        socket.as_fd().as_raw_fd(),
        &mut parts,
        Some(&mut control),
        MsgFlags::MSG_CMSG_CLOEXEC,
    )?;
    let mut fds = Vec::new();
    for part in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(raw) = part {
            // SAFETY: the kernel just installed these descriptors for this
            // call, and nobody else knows of them.
            fds.extend(raw.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    if message.flags.contains(MsgFlags::MSG_CTRUNC) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "descriptors were cut off"));
    }
    Ok((message.bytes, fds))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_descriptor_arrives_usable() {
        let (left, right) = UnixStream::pair().expect("a pair");
        let (mut inner_left, inner_right) = UnixStream::pair().expect("a pair");
        send(&left, b"x", &[inner_right.as_fd()]).expect("send");
        drop(inner_right);
        let mut buffer = [0; 8];
        let (size, mut fds) = receive(&right, &mut buffer).expect("receive");
        assert_eq!((size, fds.len()), (1, 1));
        let mut passed = UnixStream::from(fds.remove(0));
        inner_left.write_all(b"hello").expect("write");
        let mut text = [0; 5];
        passed.read_exact(&mut text).expect("read");
        assert_eq!(&text, b"hello");
    }

    #[test]
    fn the_limit_holds_and_one_more_is_refused() {
        let (left, right) = UnixStream::pair().expect("a pair");
        let many = vec![left.as_fd(); DESCRIPTORS_MAX];
        send(&left, b"x", &many).expect("at the limit");
        let (_, fds) = receive(&right, &mut [0; 8]).expect("receive");
        assert_eq!(fds.len(), DESCRIPTORS_MAX);
        let more = vec![left.as_fd(); DESCRIPTORS_MAX + 1];
        assert!(send(&left, b"x", &more).is_err());
        assert!(send(&left, b"", &[]).is_err());
    }
}
