//! Reading without holding a buffer.
//!
//! Ten thousand connections that wait need no buffer each: bytes come when a
//! socket is readable, and then there is one buffer for each thread. These
//! functions wait holding nothing, and lend that buffer for the moment.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

/// A full TLS record (RFC 8446 section 5.1).
const BUFFER_BYTES: usize = 16 * 1024;
/// An output that grew beyond this is not kept for the next.
const OUTPUT_BYTES_KEPT: usize = 64 * 1024;

/// The buffers of one thread. Who takes them while they are lent gets others.
#[derive(Default)]
struct Buffers {
    input: Vec<u8>,
    output: Vec<u8>,
}

thread_local! {
    static LENT: Cell<Option<Box<Buffers>>> = const { Cell::new(None) };
}

fn with_buffers<T>(work: impl FnOnce(&mut Buffers) -> T) -> T {
    let mut buffers = LENT.take().unwrap_or_default();
    buffers.input.resize(BUFFER_BYTES, 0);
    let result = work(&mut buffers);
    buffers.output.clear();
    buffers.output.shrink_to(OUTPUT_BYTES_KEPT);
    LENT.set(Some(buffers));
    result
}

fn poll_read_lent<T>(
    stream: &mut (impl AsyncRead + Unpin),
    cx: &mut Context<'_>,
    input: &mut [u8],
    take: impl FnOnce(&[u8], &mut Context<'_>) -> T,
) -> Poll<io::Result<T>> {
    let mut buffer = ReadBuf::new(input);
    ready!(Pin::new(stream).poll_read(cx, &mut buffer))?;
    Poll::Ready(Ok(take(buffer.filled(), cx)))
}

/// Waits until `stream` has something to read and shows it to `take`: at most
/// 16 KiB, nothing at the end of the stream.
///
/// # Errors
/// What reading says.
pub async fn read_lent<T>(
    stream: &mut (impl AsyncRead + Unpin),
    mut take: impl FnMut(&[u8]) -> T,
) -> io::Result<T> {
    poll_fn(|cx| {
        with_buffers(|buffers| {
            poll_read_lent(stream, cx, &mut buffers.input, |bytes, _| take(bytes))
        })
    })
    .await
}

/// Reads once and sends what `answer` puts into the output: the turn of a
/// conversation. Nothing is allocated unless the peer does not take the answer
/// at once.
///
/// `answer` sees what came (nothing at the end of the stream) and says whether
/// to go on; the result is what it said.
///
/// # Errors
/// What reading or writing says.
pub async fn answer_lent<S: AsyncRead + AsyncWrite + Unpin, B>(
    stream: &mut S,
    mut answer: impl FnMut(&[u8], &mut Vec<u8>) -> ControlFlow<B>,
) -> io::Result<ControlFlow<B>> {
    let (next, rest) = poll_fn(|cx| poll_turn_lent(stream, cx, &mut answer)).await?;
    finish_turn(stream, &rest).await?;
    Ok(next)
}

/// The same, up to the point where the peer takes no more: gives what is left
/// for [`finish_turn`]. Nothing is lost when it is not polled again.
///
/// # Errors
/// What reading or writing says.
pub fn poll_turn_lent<S: AsyncRead + AsyncWrite + Unpin, B>(
    stream: &mut S,
    cx: &mut Context<'_>,
    answer: &mut impl FnMut(&[u8], &mut Vec<u8>) -> ControlFlow<B>,
) -> Poll<io::Result<(ControlFlow<B>, Vec<u8>)>> {
    with_buffers(|Buffers { input, output }| {
        let next = ready!(poll_read_lent(stream, cx, input, |bytes, _| answer(bytes, output)))?;
        Poll::Ready(Ok((next, write_now(stream, cx, output)?)))
    })
}

/// Sends what a turn left over.
///
/// # Errors
/// What writing says.
pub async fn finish_turn<S: AsyncWrite + Unpin>(stream: &mut S, rest: &[u8]) -> io::Result<()> {
    if !rest.is_empty() {
        stream.write_all(rest).await?;
    }
    // TLS holds records back until it is flushed; a socket has nothing to do.
    stream.flush().await
}

/// Sends back whatever comes, until the peer has sent all: the echo of RFC 862
/// without a copy in between.
///
/// # Errors
/// What reading or writing says.
pub async fn echo_lent<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    loop {
        let turn = poll_fn(|cx| {
            with_buffers(|Buffers { input, .. }| {
                let mut buffer = ReadBuf::new(input);
                ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer))?;
                let bytes = buffer.filled();
                let rest = write_now(stream, cx, bytes)?;
                Poll::Ready(io::Result::Ok((bytes.is_empty(), rest)))
            })
        });
        let (ended, rest) = turn.await?;
        if ended {
            return Ok(());
        }
        if !rest.is_empty() {
            stream.write_all(&rest).await?;
        }
        stream.flush().await?;
    }
}

/// Writes what can be written now; gives what is left.
fn write_now<S: AsyncWrite + Unpin>(
    stream: &mut S,
    cx: &mut Context<'_>,
    mut bytes: &[u8],
) -> io::Result<Vec<u8>> {
    while !bytes.is_empty() {
        match Pin::new(&mut *stream).poll_write(cx, bytes) {
            Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(count)) => bytes = &bytes[count..],
            Poll::Ready(Err(error)) => return Err(error),
            Poll::Pending => break,
        }
    }
    Ok(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn what_comes_is_shown_once() {
        let (mut near, mut far) = tokio::io::duplex(8);
        far.write_all(b"hello").await.unwrap();
        assert_eq!(read_lent(&mut near, <[u8]>::to_vec).await.unwrap(), b"hello");
        drop(far);
        assert_eq!(read_lent(&mut near, <[u8]>::len).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn an_answer_that_does_not_fit_waits_for_the_peer() {
        let (mut near, mut far) = tokio::io::duplex(4);
        let serving = async {
            answer_lent(&mut near, |bytes, output| {
                output.extend(bytes.iter().flat_map(|&byte| [byte; 100]));
                ControlFlow::<()>::Continue(())
            })
            .await
        };
        let asking = async {
            far.write_all(b"ab").await.unwrap();
            let mut answer = [0; 200];
            far.read_exact(&mut answer).await.unwrap();
            answer
        };
        let (next, answer) = tokio::join!(serving, asking);
        assert_eq!(next.unwrap(), ControlFlow::Continue(()));
        assert_eq!(answer, [[b'a'; 100], [b'b'; 100]].concat()[..]);
    }

    #[tokio::test]
    async fn an_echo_ends_with_its_peer() {
        let (mut near, mut far) = tokio::io::duplex(3);
        let message: Vec<u8> = (0..=255).cycle().take(40_000).collect();
        let echoing = async {
            echo_lent(&mut near).await.unwrap();
            near.shutdown().await.unwrap();
        };
        let (mut reader, mut writer) = tokio::io::split(&mut far);
        let sending = async {
            writer.write_all(&message).await.unwrap();
            writer.shutdown().await.unwrap();
        };
        let mut answer = Vec::new();
        let (_, _, received) = tokio::join!(echoing, sending, reader.read_to_end(&mut answer));
        received.unwrap();
        assert_eq!(answer, message);
    }
}
