//! Messages on UDP and TCP: how much fits, and where one ends.

use std::future::Future;
use std::io;

use plumb_wire::dns::{
    Edns, EdnsOption, ExtendedErrorCode, Message, Opcode, Question, Rcode, Record, UDP_BYTES_MAX,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::core::{Context, EventKind, Io, Transport, nanoseconds};

/// What our servers send over UDP at most: it fits into every path that
/// carries IPv6, so it is never fragmented (DNS flag day 2020).
const UDP_SENT_BYTES_MAX: usize = 1232;
/// The header, RFC 1035 section 4.1.1.
const HEADER_BYTES: usize = 12;

/// What a server does with a query that was understood. `None`: no answer.
pub(super) trait Answerer: Send + Sync {
    fn respond(
        &self,
        query: Message,
        question: Question,
        over: Transport,
        context: &Context,
    ) -> impl Future<Output = Option<Message>> + Send;
}

/// The answer to the bytes of one message, if any is due.
pub(super) async fn answer(
    server: &impl Answerer,
    bytes: &[u8],
    over: Transport,
    context: &Context,
) -> Option<Vec<u8>> {
    let began = std::time::Instant::now();
    let query = match Message::decode(bytes) {
        Ok(query) => query,
        Err(_) => return malformed(bytes),
    };
    if query.flags.response {
        // Answering answers would make two servers talk for ever.
        return None;
    }
    let udp_size = query.edns().map(|edns| usize::from(edns.udp_size));
    let response = respond(server, query, over, context).await;
    context.events.emit(EventKind::DnsQuery {
        question: question_text(bytes),
        rcode: response.as_ref().map(|message| message.flags.rcode.to_string()),
        duration_ns: nanoseconds(began.elapsed()),
    });
    let response = response?;
    Some(match over {
        Transport::Tcp | Transport::Unix => response.encode(),
        Transport::Udp => {
            let size = udp_size.unwrap_or(UDP_BYTES_MAX).clamp(UDP_BYTES_MAX, UDP_SENT_BYTES_MAX);
            fit(response, size)
        }
    })
}

/// For a message that cannot be read: FORMERR with its id, if it has one.
fn malformed(bytes: &[u8]) -> Option<Vec<u8>> {
    let header = bytes.get(..HEADER_BYTES)?;
    let is_response = header[2] & 0x80 != 0;
    let id = u16::from_be_bytes([header[0], header[1]]);
    let query = Message { id, ..Message::default() };
    (!is_response).then(|| query.response(Rcode::FormErr).encode())
}

fn question_text(bytes: &[u8]) -> String {
    let query = Message::decode(bytes).ok();
    let question = query.as_ref().and_then(|query| query.questions.first());
    question.map(Question::to_string).unwrap_or_default()
}

async fn respond(
    server: &impl Answerer,
    query: Message,
    over: Transport,
    context: &Context,
) -> Option<Message> {
    if query.flags.opcode != Opcode::Query {
        return Some(with_edns_of(&query, query.response(Rcode::NotImp)));
    }
    if query.edns().is_some_and(|edns| edns.version != 0) {
        return Some(with_edns_of(&query, query.response(Rcode::BadVers)));
    }
    let [question] = query.questions.as_slice() else {
        return Some(with_edns_of(&query, query.response(Rcode::FormErr)));
    };
    let question = question.clone();
    let asked = query.clone();
    let response = server.respond(query, question, over, context).await?;
    Some(with_edns_of(&asked, response))
}

/// An answer has EDNS if, and only if, the query had, RFC 6891 section 6.1.1.
fn with_edns_of(query: &Message, mut response: Message) -> Message {
    match (query.edns(), response.edns()) {
        (Some(asked), None) => {
            let edns = Edns { dnssec_ok: asked.dnssec_ok, ..Edns::default() };
            response.with_edns(edns)
        }
        (None, Some(_)) => {
            response.additionals.retain(|record| record.rtype() != plumb_wire::dns::Rtype::Opt);
            response
        }
        _ => response,
    }
}

/// Adds an extended error, RFC 8914.
pub(super) fn explain(message: &mut Message, code: ExtendedErrorCode, text: String) {
    /// RFC 8914 section 6 asks for short texts: an answer should not be cut for them.
    const TEXT_BYTES_MAX: usize = 160;
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let option = EdnsOption::ExtendedError { code, text: text[..end].to_owned() };
    for record in &mut message.additionals {
        if let plumb_wire::dns::Rdata::Opt(edns) = &mut record.data {
            edns.options.push(option);
            return;
        }
    }
    let edns = Edns { options: vec![option], ..Edns::default() };
    message.additionals.push(Record::opt(edns));
}

/// The message, or, where it is too long, an empty one that says so, RFC 2181 section 9.
fn fit(message: Message, size: usize) -> Vec<u8> {
    let bytes = message.encode();
    match bytes.len() <= size {
        true => bytes,
        false => truncated(message).encode(),
    }
}

/// The same answer without its records: ask again over TCP.
pub(super) fn truncated(mut message: Message) -> Message {
    message.flags.truncated = true;
    message.answers.clear();
    message.authorities.clear();
    message.additionals.retain(|record| record.rtype() == plumb_wire::dns::Rtype::Opt);
    message
}

/// Serves one TCP connection: messages, each after its length, RFC 1035 section 4.2.2.
pub(super) async fn serve_tcp<S: Io>(
    server: &impl Answerer,
    mut stream: S,
    context: Context,
) -> io::Result<()> {
    let asking = async {
        while let Some(bytes) = read_message(&mut stream).await? {
            let Some(answer) = answer(server, &bytes, Transport::Tcp, &context).await else {
                continue;
            };
            write_message(&mut stream, &answer).await?;
        }
        Ok(())
    };
    let stop = context.stop.clone();
    stop.run_until_cancelled(asking).await.unwrap_or(Ok(()))
}

/// One message from a TCP connection; nothing if the peer is done.
pub(super) async fn read_message<S: tokio::io::AsyncRead + Unpin>(
    stream: &mut S,
) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 2];
    if stream.read(&mut length[..1]).await? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut length[1..]).await?;
    let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut bytes).await?;
    Ok(Some(bytes))
}

/// One message to a TCP connection, length and all in one segment, RFC 7766 section 8.
pub(super) async fn write_message<S: tokio::io::AsyncWrite + Unpin>(
    stream: &mut S,
    message: &[u8],
) -> io::Result<()> {
    let length = u16::try_from(message.len())
        .map_err(|_| io::Error::other("a DNS message is longer than 65535 bytes"))?;
    stream.write_all(&[&length.to_be_bytes()[..], message].concat()).await
}
