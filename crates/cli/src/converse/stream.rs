//! A conversation over a connection.
//!
//! Each direction has an end of its own. When this side has nothing more to
//! say it says so (SHUT_WR) and goes on listening; when the peer has said so,
//! what this side has at hand is still sent.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::process::Child;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::near::{Input, Near};
use super::tell::Teller;
use super::text::{Cutter, Lines, Way};
use super::{CHUNK_BYTES, End, Manner, Outcome, interrupted};

/// After the peer's end: silence of this side that counts as having nothing
/// more at hand; long enough for a program that writes to a busy machine's pipe.
const AT_HAND: Duration = Duration::from_millis(200);

/// After this side's program has ended: how long the peer may take to end too.
/// Closing with bytes unread would send RST, and RST makes the peer forget
/// what it has not read yet.
const LINGER: Duration = Duration::from_secs(2);

/// What both directions share.
struct Shared<'a> {
    teller: &'a Teller,
    output: Mutex<&'a mut Box<dyn AsyncWrite + Send + Unpin>>,
    is_program: bool,
    last: Cell<Instant>,
    sent_bytes: Cell<u64>,
    received_bytes: Cell<u64>,
}

impl Shared<'_> {
    fn passed(&self, way: Way, bytes: &[u8]) {
        self.last.set(Instant::now());
        let count = match way {
            Way::Sent => &self.sent_bytes,
            Way::Received => &self.received_bytes,
        };
        let before = count.get();
        count.set(before + bytes.len() as u64);
        self.teller.passed(way, before, bytes, None);
    }

    /// Shows what passed on this side.
    async fn show(&self, way: Way, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let Some(shown) = self.teller.shown(way, offset, bytes) else { return Ok(()) };
        let mut output = self.output.lock().await;
        output.write_all(&shown).await?;
        output.flush().await
    }
}

/// How the peer's direction ended.
enum PeerEnd {
    Eof,
    Broken(io::Error),
    Silence(Duration),
    /// This side takes no more.
    Output(io::Error),
}

/// Converses until the end; `near` may go on with another connection then.
pub(crate) async fn converse<S>(
    stream: S,
    near: &mut Near,
    manner: Manner,
    teller: &Teller,
) -> Outcome
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Near { input, output, program } = near;
    let is_program = program.is_some();
    let shared = Shared {
        teller,
        output: Mutex::new(output),
        is_program,
        last: Cell::new(Instant::now()),
        sent_bytes: Cell::new(0),
        received_bytes: Cell::new(0),
    };
    let (reader, writer) = tokio::io::split(stream);
    let end = both_ways(reader, writer, input, program.as_mut(), manner, &shared).await;
    Outcome {
        end,
        sent_bytes: shared.sent_bytes.get(),
        received_bytes: shared.received_bytes.get(),
        input_ended: input.ended,
    }
}

async fn both_ways<S>(
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    input: &mut Input,
    program: Option<&mut Child>,
    manner: Manner,
    shared: &Shared<'_>,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let sending = send(writer, input, manner.lines, shared);
    let receiving = receive(reader, manner, shared);
    let signalled = interrupted();
    let ended = program_end(program);
    tokio::pin!(sending, receiving, signalled, ended);
    let mut sent = None;
    let mut gone = false;
    loop {
        tokio::select! {
            result = &mut receiving => {
                return match result {
                    PeerEnd::Silence(time) => End::Silence(time),
                    PeerEnd::Output(error) => End::of_output(error),
                    PeerEnd::Broken(error) => End::Broken(error),
                    PeerEnd::Eof => match sent {
                        Some(Ok(())) => End::Both,
                        Some(Err(error)) => End::Broken(error),
                        None if manner.keep_open || shared.is_program => {
                            after_peer(sending.await)
                        }
                        None => rest(sending, shared).await,
                    },
                };
            }
            result = &mut sending, if sent.is_none() => {
                sent = Some(result);
                if gone {
                    let _ = timeout(LINGER, &mut receiving).await;
                    return End::Program;
                }
            }
            () = &mut ended, if !gone => {
                gone = true;
                if sent.is_some() {
                    let _ = timeout(LINGER, &mut receiving).await;
                    return End::Program;
                }
            }
            () = &mut signalled => return End::Interrupted,
        }
    }
}

fn after_peer(result: io::Result<()>) -> End {
    match result {
        Ok(()) => End::Both,
        Err(_) => End::Peer,
    }
}

/// Lets what is at hand be sent: as long as bytes go out, with at most
/// [`AT_HAND`] between them.
async fn rest(
    mut sending: std::pin::Pin<&mut impl Future<Output = io::Result<()>>>,
    shared: &Shared<'_>,
) -> End {
    loop {
        let before = shared.sent_bytes.get();
        match timeout(AT_HAND, &mut sending).await {
            Ok(result) => return after_peer(result),
            Err(_) if shared.sent_bytes.get() == before => return End::Peer,
            Err(_) => {}
        }
    }
}

async fn program_end(program: Option<&mut Child>) {
    match program {
        Some(child) => drop(child.wait().await),
        None => std::future::pending().await,
    }
}

async fn send<S>(
    mut writer: WriteHalf<S>,
    input: &mut Input,
    lines: Lines,
    shared: &Shared<'_>,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut cutter = Cutter::new(lines);
    while input.fill().await.unwrap_or(false) {
        for piece in cutter.cut(&input.waiting) {
            write(&mut writer, &piece, shared).await?;
        }
        input.waiting.clear();
    }
    if let Some(rest) = cutter.end() {
        write(&mut writer, &rest, shared).await?;
    }
    writer.shutdown().await?;
    shared.teller.half_closed(Way::Sent);
    Ok(())
}

async fn write<S>(writer: &mut WriteHalf<S>, piece: &[u8], shared: &Shared<'_>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    writer.write_all(piece).await?;
    writer.flush().await?;
    let offset = shared.sent_bytes.get();
    shared.passed(Way::Sent, piece);
    // Who does not see what is sent still sends it.
    let _ = shared.show(Way::Sent, offset, piece).await;
    Ok(())
}

async fn receive<S>(mut reader: ReadHalf<S>, manner: Manner, shared: &Shared<'_>) -> PeerEnd
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut cutter = Cutter::new(Lines { crlf: false, ..manner.lines });
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut heard = Ok(());
    let mut end = loop {
        let read = reader.read(&mut buffer);
        let count = match in_time(read, manner.read_timeout, shared).await {
            Err(time) => break PeerEnd::Silence(time),
            Ok(Err(error)) => break PeerEnd::Broken(error),
            Ok(Ok(0)) => break PeerEnd::Eof,
            Ok(Ok(count)) => count,
        };
        for piece in cutter.cut(&buffer[..count]) {
            if heard.is_ok() {
                heard = deliver(&piece, shared).await;
            }
        }
        // A program that reads no more may still have something to say.
        if !shared.is_program
            && let Err(error) = std::mem::replace(&mut heard, Ok(()))
        {
            break PeerEnd::Output(error);
        }
    };
    if let Some(piece) = cutter.end()
        && let Err(error) = deliver(&piece, shared).await
        && !shared.is_program
        && matches!(end, PeerEnd::Eof)
    {
        end = PeerEnd::Output(error);
    }
    if matches!(end, PeerEnd::Eof) {
        shared.teller.half_closed(Way::Received);
        Near::end_of_peer(*shared.output.lock().await, shared.is_program).await;
    }
    end
}

async fn deliver(piece: &[u8], shared: &Shared<'_>) -> io::Result<()> {
    let offset = shared.received_bytes.get();
    shared.passed(Way::Received, piece);
    shared.show(Way::Received, offset, piece).await
}

/// Waits for `work` until nothing has passed for `limit`.
async fn in_time<F: Future>(
    work: F,
    limit: Option<Duration>,
    shared: &Shared<'_>,
) -> Result<F::Output, Duration> {
    let Some(limit) = limit else { return Ok(work.await) };
    tokio::pin!(work);
    loop {
        let deadline = shared.last.get() + limit;
        tokio::select! {
            done = &mut work => return Ok(done),
            () = tokio::time::sleep_until(deadline) => {
                if shared.last.get() + limit <= Instant::now() {
                    return Err(limit);
                }
            }
        }
    }
}
