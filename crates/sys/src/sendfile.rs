//! Sending a file without passing it through this process's memory
//! (sendfile(2)).

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Most bytes of one sendfile(): other connections of the thread wait for it.
pub const SEND_MAX_BYTES: usize = 1 << 20;

/// Sends up to `count` bytes of `file`, from `offset` on, to a socket; gives
/// how many the kernel took. 0 means that the file ends there.
///
/// # Errors
/// [`io::ErrorKind::WouldBlock`] when a non-blocking socket is full; EINVAL
/// where the file cannot be sent this way (some virtual file systems).
pub fn send(socket: &impl AsFd, file: &File, offset: u64, count: u64) -> io::Result<usize> {
    let mut position = i64::try_from(offset)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "an offset beyond any file"))?;
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(SEND_MAX_BYTES);
    loop {
        // SAFETY: both descriptors are open, position is a valid pointer.
        let sent = unsafe {
            libc::sendfile(socket.as_fd().as_raw_fd(), file.as_raw_fd(), &raw mut position, count)
        };
        match usize::try_from(sent) {
            Ok(sent) => return Ok(sent),
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_file_is_sent_from_an_offset_until_the_socket_is_full() {
        let path = std::env::temp_dir().join(format!("plumb-sendfile-{}", std::process::id()));
        let content: Vec<u8> = (0..2_u32 << 20).map(|n| (n % 251) as u8).collect();
        fs::write(&path, &content).expect("written");
        let file = File::open(&path).expect("opened");
        fs::remove_file(&path).expect("removed");
        let (near, mut far) = UnixStream::pair().expect("a pair");
        near.set_nonblocking(true).expect("non-blocking");
        let mut offset = 1000_u64;
        let error = loop {
            match send(&near, &file, offset, u64::MAX) {
                Ok(sent) => offset += sent as u64,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        drop(near);
        let mut received = Vec::new();
        far.read_to_end(&mut received).expect("read");
        assert_eq!(received, content[1000..usize::try_from(offset).expect("fits")]);
        let (near, _far) = UnixStream::pair().expect("a pair");
        let end = content.len() as u64;
        assert_eq!(send(&near, &file, end, 10).expect("nothing"), 0);
        assert_eq!(send(&near, &file, end - 3, 10).expect("the rest"), 3);
    }
}
