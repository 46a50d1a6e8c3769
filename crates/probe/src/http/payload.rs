//! What a request carries: bytes, files and streams, never whole in memory
//! unless they were.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::mpsc;

/// Bytes that are read and sent at once: few system calls for a large file,
/// little memory for many clients.
pub(crate) const PIECE_BYTES: usize = 256 << 10;

/// The body of a request, in pieces that follow each other.
#[derive(Debug, Clone, Default)]
pub struct Payload {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
enum Piece {
    Bytes(Bytes),
    /// Opened when it is its turn.
    File {
        path: PathBuf,
        size_bytes: u64,
    },
    /// Can be taken once.
    Stream {
        from: Arc<Mutex<Option<Pieces>>>,
        size_bytes: Option<u64>,
    },
}

/// Pieces of a stream as they come, from a thread that reads them.
pub type Pieces = mpsc::Receiver<io::Result<Bytes>>;

impl Payload {
    /// None.
    pub fn empty() -> Payload {
        Payload::default()
    }

    /// These bytes.
    pub fn bytes(bytes: impl Into<Bytes>) -> Payload {
        let mut payload = Payload::default();
        payload.push_bytes(bytes);
        payload
    }

    /// A file's content, read while it is sent.
    pub fn file(path: impl Into<PathBuf>) -> io::Result<Payload> {
        let mut payload = Payload::default();
        payload.push_file(path)?;
        Ok(payload)
    }

    /// What comes from elsewhere; it can be sent once.
    pub fn stream(from: Pieces, size_bytes: Option<u64>) -> Payload {
        let mut payload = Payload::default();
        payload.push_stream(from, size_bytes);
        payload
    }

    /// Adds what comes from elsewhere behind what there is.
    pub fn push_stream(&mut self, from: Pieces, size_bytes: Option<u64>) {
        let from = Arc::new(Mutex::new(Some(from)));
        self.pieces.push(Piece::Stream { from, size_bytes });
    }

    /// Adds bytes behind what there is.
    pub fn push_bytes(&mut self, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        if !bytes.is_empty() {
            self.pieces.push(Piece::Bytes(bytes));
        }
    }

    /// Adds a file's content behind what there is.
    pub fn push_file(&mut self, path: impl Into<PathBuf>) -> io::Result<()> {
        let path = path.into();
        let about = std::fs::metadata(&path)?;
        if about.is_dir() {
            return Err(io::Error::other("it is a directory"));
        }
        self.pieces.push(Piece::File { path, size_bytes: about.len() });
        Ok(())
    }

    /// Bytes in all, where that is known.
    pub fn size_bytes(&self) -> Option<u64> {
        self.pieces.iter().try_fold(0, |sum, piece| match piece {
            Piece::Bytes(bytes) => Some(sum + bytes.len() as u64),
            Piece::File { size_bytes, .. } => Some(sum + size_bytes),
            Piece::Stream { size_bytes, .. } => size_bytes.map(|size| sum + size),
        })
    }

    /// Whether there is no piece in it.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Whether it can be sent again.
    pub fn is_repeatable(&self) -> bool {
        !self.pieces.iter().any(|piece| matches!(piece, Piece::Stream { .. }))
    }

    /// All of it, where it is bytes alone.
    pub fn as_bytes(&self) -> Option<Bytes> {
        match self.pieces.as_slice() {
            [] => Some(Bytes::new()),
            [Piece::Bytes(bytes)] => Some(bytes.clone()),
            _ => None,
        }
    }

    /// Begins to read it.
    pub fn open(&self) -> Reader {
        Reader { waiting: self.pieces.clone().into(), open: None }
    }
}

/// Reads a payload piece by piece.
#[derive(Debug)]
pub struct Reader {
    waiting: VecDeque<Piece>,
    open: Option<Open>,
}

#[derive(Debug)]
enum Open {
    File { path: PathBuf, file: File, left_bytes: u64 },
    Stream(Pieces),
}

impl Reader {
    /// The next bytes; `None` at the end.
    pub async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            match &mut self.open {
                Some(Open::File { path, file, left_bytes }) => {
                    if let Some(bytes) = next_of_file(path, file, left_bytes)? {
                        return Ok(Some(bytes));
                    }
                    self.open = None;
                }
                Some(Open::Stream(pieces)) => {
                    if let Some(bytes) = pieces.recv().await {
                        return bytes.map(Some);
                    }
                    self.open = None;
                }
                None => {}
            }
            match self.waiting.pop_front() {
                None => return Ok(None),
                Some(Piece::Bytes(bytes)) => return Ok(Some(bytes)),
                Some(Piece::File { path, size_bytes }) => {
                    let file = File::open(&path).map_err(|error| about(&path, &error))?;
                    self.open = Some(Open::File { path, file, left_bytes: size_bytes });
                }
                Some(Piece::Stream { from, .. }) => {
                    let taken = from.lock().unwrap_or_else(PoisonError::into_inner).take();
                    let gone =
                        || io::Error::other("the body was a stream and has been sent before");
                    self.open = Some(Open::Stream(taken.ok_or_else(gone)?));
                }
            }
        }
    }
}

/// A file is as long as it was said to be: Content-Length has been sent.
fn next_of_file(
    path: &std::path::Path,
    file: &mut File,
    left_bytes: &mut u64,
) -> io::Result<Option<Bytes>> {
    let size = usize::try_from(*left_bytes).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
    if size == 0 {
        return Ok(None);
    }
    let mut piece = vec![0; size];
    // A page cache answers at once; a disk, soon.
    let count = file.read(&mut piece).map_err(|error| about(path, &error))?;
    if count == 0 {
        return Err(about(path, &io::Error::other("it became shorter while it was sent")));
    }
    piece.truncate(count);
    *left_bytes -= count as u64;
    Ok(Some(piece.into()))
}

fn about(path: &std::path::Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pieces_come_in_their_order_and_a_stream_only_once() {
        let (sender, from) = mpsc::channel(1);
        sender.try_send(Ok(Bytes::from_static(b"stream"))).unwrap();
        drop(sender);
        let mut payload = Payload::stream(from, None);
        payload.push_bytes("bytes");
        assert_eq!((payload.size_bytes(), payload.is_repeatable()), (None, false));
        let mut reader = payload.open();
        let mut all = Vec::new();
        while let Some(bytes) = reader.next().await.unwrap() {
            all.extend_from_slice(&bytes);
        }
        assert_eq!(all, b"streambytes");
        assert!(payload.open().next().await.is_err());
    }
}
