//! One question to one name server.

use std::io;
use std::net::SocketAddr;

use aws_lc_rs::rand;
use plumb_evidence::Observation;
use plumb_evidence::observation::{
    DnsExchange, DnsOutcome, DnsRecord, DnsReply, DnsRole, DnsTransport, IcmpError,
};
use plumb_sys::tcp::{self, DialOutcome};
use plumb_sys::udp::{ProbeSocket, Reply};
use plumb_wire::dns::{Edns, EdnsOption, Message, Name, Rdata, Record, Rtype};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{Deadline, Retry, Scope, dial, kernel};

/// Records of one section that evidence keeps; the largest honest answers
/// (the root's own servers with addresses) have 27.
const RECORDS_MAX: usize = 100;

/// One question to one server.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// Who is asked.
    pub server: SocketAddr,
    /// As what: the resolver of the system, an authority.
    pub role: DnsRole,
    /// Over UDP or TCP.
    pub transport: DnsTransport,
    /// In presentation form.
    pub name: &'a str,
    /// `A`, `AAAA`, `NS`, ... or `TYPE123`.
    pub rtype: &'a str,
    /// The RD bit, RFC 1035 section 4.1.1.
    pub recursion_desired: bool,
    /// How often, and for how long, a reply is waited for.
    pub retry: Retry,
}

/// Asks, records `Dns`, and gives back what was recorded.
///
/// A question that was ended by the scope's stop is given back as silence but
/// not recorded: nobody waited for its answer.
pub async fn ask(scope: &Scope, ask: &Ask<'_>, deadline: Deadline) -> DnsExchange {
    let start_ns = scope.elapsed_ns();
    let mut seen = DnsExchange {
        server: ask.server,
        role: ask.role.clone(),
        transport: ask.transport,
        name: ask.name.to_owned(),
        rtype: ask.rtype.to_owned(),
        recursion_desired: ask.recursion_desired,
        tries: 0,
        mismatched: 0,
        outcome: DnsOutcome::Silence { icmp: Vec::new() },
        start_ns,
        duration_ns: 0,
    };
    let query = match query(ask) {
        Ok(query) => query,
        Err(error) => {
            // Nothing was sent, so there is nothing to record.
            seen.outcome = DnsOutcome::Malformed { error, size_bytes: 0 };
            return seen;
        }
    };
    let asking = async {
        match ask.transport {
            DnsTransport::Udp => over_udp(scope, ask, &query, deadline, &mut seen).await,
            DnsTransport::Tcp => over_tcp(scope, ask, &query, deadline, &mut seen).await,
        }
    };
    let outcome = tokio::select! {
        biased;
        outcome = asking => outcome,
        () = scope.stop.asked() => return seen,
    };
    seen.outcome = outcome;
    seen.duration_ns = scope.elapsed_ns().saturating_sub(start_ns);
    scope.record(Observation::Dns(seen.clone()));
    seen
}

/// A query with an id that nobody can guess, and EDNS, so that servers may say
/// more (RFC 8914).
fn query(ask: &Ask<'_>) -> Result<Message, String> {
    let name: Name = ask.name.parse().map_err(|error| format!("{error}"))?;
    let rtype: Rtype = ask.rtype.parse().map_err(|error| format!("{error}"))?;
    let mut id = [0; 2];
    rand::fill(&mut id).map_err(|_| "no random numbers".to_owned())?;
    let id = u16::from_be_bytes(id);
    Ok(Message::query(id, name, rtype, ask.recursion_desired).with_edns(Edns::default()))
}

async fn over_udp(
    scope: &Scope,
    ask: &Ask<'_>,
    query: &Message,
    deadline: Deadline,
    seen: &mut DnsExchange,
) -> DnsOutcome {
    let to = match scope.mapped(ask.server) {
        Ok(to) => to,
        Err(error) => return refused(&error, Vec::new()),
    };
    let source = scope.network.source.filter(|source| source.is_ipv4() == to.is_ipv4());
    let socket = match ProbeSocket::connect(to, source) {
        Ok(socket) => socket,
        Err(error) => return refused(&error, Vec::new()),
    };
    let bytes = query.encode();
    for attempt in 1..=ask.retry.tries {
        if deadline.has_passed() {
            break;
        }
        seen.tries = attempt;
        if let Err(error) = socket.send(&bytes) {
            return refused(&error, Vec::new());
        }
        let wait = deadline.within(ask.retry.wait(attempt));
        if let Ok(outcome) = wait.run(reply(&socket, query, &mut seen.mismatched)).await {
            return outcome;
        }
    }
    DnsOutcome::Silence { icmp: Vec::new() }
}

/// Waits for the reply to this query, or for an error that ends the wait.
async fn reply(socket: &ProbeSocket, query: &Message, mismatched: &mut u32) -> DnsOutcome {
    loop {
        match socket.receive().await {
            Ok(Reply::Datagram { data, .. }) => {
                if let Some(outcome) = judge(query, &data, mismatched) {
                    return outcome;
                }
            }
            Ok(Reply::Error(error)) => {
                let icmp = kernel::icmp_error(&error);
                let (errno, name) = kernel::errno(&io::Error::from_raw_os_error(error.errno));
                return DnsOutcome::Refused { errno, errno_name: name, icmp: vec![icmp] };
            }
            Ok(Reply::Failed(errno)) => {
                return refused(&io::Error::from_raw_os_error(errno), Vec::new());
            }
            Err(error) => return refused(&error, Vec::new()),
        }
    }
}

/// What bytes are to a query: its answer, nothing that can be read, or (None)
/// something else's answer, which is counted and waited past.
fn judge(query: &Message, data: &[u8], mismatched: &mut u32) -> Option<DnsOutcome> {
    let message = match Message::decode(data) {
        Ok(message) => message,
        // Only who knows the id may end the wait with rubbish, or rubbish too
        // short to have one.
        Err(_) if data.len() >= 12 && data[..2] != query.id.to_be_bytes() => {
            *mismatched += 1;
            return None;
        }
        Err(error) => {
            let size_bytes = u32::try_from(data.len()).unwrap_or(u32::MAX);
            return Some(DnsOutcome::Malformed { error: error.to_string(), size_bytes });
        }
    };
    // Servers that cannot read a query may leave its question out.
    let fits = message.flags.response
        && message.id == query.id
        && (message.questions == query.questions || message.questions.is_empty());
    if !fits {
        *mismatched += 1;
        return None;
    }
    Some(DnsOutcome::Reply(reply_of(&message, data.len())))
}

async fn over_tcp(
    scope: &Scope,
    ask: &Ask<'_>,
    query: &Message,
    deadline: Deadline,
    seen: &mut DnsExchange,
) -> DnsOutcome {
    let to = match scope.mapped(ask.server) {
        Ok(to) => to,
        Err(error) => return refused(&error, Vec::new()),
    };
    seen.tries = 1;
    let report = match tcp::dial(to, &dial::options(scope, to, deadline)).await {
        Ok(report) => report,
        Err(error) => return refused(&error, Vec::new()),
    };
    let icmp = kernel::icmp_errors(&report.errors);
    let mut stream = match report.outcome {
        DialOutcome::Connected(stream) => stream,
        DialOutcome::Failed(error) => return refused(&error, icmp),
        DialOutcome::TimedOut => return DnsOutcome::Silence { icmp },
    };
    let bytes = query.encode();
    match deadline.run(framed(&mut stream, &bytes)).await {
        Err(_) => DnsOutcome::Silence { icmp },
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => DnsOutcome::Malformed {
            error: "the server closed the connection without an answer".into(),
            size_bytes: 0,
        },
        Ok(Err(error)) => refused(&error, icmp),
        Ok(Ok(data)) => judge(query, &data, &mut seen.mismatched).unwrap_or_else(|| {
            let size_bytes = u32::try_from(data.len()).unwrap_or(u32::MAX);
            let error = "it answers another question".into();
            DnsOutcome::Malformed { error, size_bytes }
        }),
    }
}

/// Each message goes after its length (RFC 1035 section 4.2.2).
async fn framed(stream: &mut TcpStream, query: &[u8]) -> io::Result<Vec<u8>> {
    let length = u16::try_from(query.len()).map_err(io::Error::other)?;
    let mut message = length.to_be_bytes().to_vec();
    message.extend_from_slice(query);
    stream.write_all(&message).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

fn refused(error: &io::Error, icmp: Vec<IcmpError>) -> DnsOutcome {
    let (errno, errno_name) = kernel::errno(error);
    DnsOutcome::Refused { errno, errno_name, icmp }
}

fn reply_of(message: &Message, size_bytes: usize) -> DnsReply {
    let flags = message.flags;
    let options = message.edns().map(|edns| edns.options.as_slice()).unwrap_or_default();
    let extended_errors = options.iter().filter_map(|option| match option {
        EdnsOption::ExtendedError { code, text } => Some((code.number(), text.clone())),
        EdnsOption::Unknown { .. } => None,
    });
    DnsReply {
        rcode: flags.rcode.to_string().to_ascii_lowercase(),
        rcode_raw: flags.rcode.number(),
        authoritative: flags.authoritative,
        truncated: flags.truncated,
        recursion_available: flags.recursion_available,
        answers: records(&message.answers),
        authorities: records(&message.authorities),
        additionals: records(&message.additionals),
        extended_errors: extended_errors.collect(),
        size_bytes: u32::try_from(size_bytes).unwrap_or(u32::MAX),
    }
}

fn records(section: &[Record]) -> Vec<DnsRecord> {
    let kept = section.iter().filter(|record| !matches!(record.data, Rdata::Opt(_)));
    kept.take(RECORDS_MAX)
        .map(|record| DnsRecord {
            name: record.name.to_string(),
            rtype: record.rtype().to_string(),
            ttl_s: record.ttl_s,
            data: record.data.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use plumb_wire::dns::Rcode;
    use tokio::net::{TcpListener, UdpSocket};

    use super::*;
    use crate::{Network, Recorder};

    fn scope() -> Scope {
        Scope::new(Recorder::new(), Arc::new(Network::default()))
    }

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(20))
    }

    fn question(server: SocketAddr, transport: DnsTransport) -> Ask<'static> {
        Ask {
            server,
            role: DnsRole::SystemResolver,
            transport,
            name: "www.example.com",
            rtype: "A",
            recursion_desired: true,
            retry: Retry::DATAGRAM,
        }
    }

    fn answer(query: &[u8]) -> Message {
        let query = Message::decode(query).unwrap();
        let mut response = query.response(Rcode::NoError);
        let name = query.questions[0].name.clone();
        let address = "192.0.2.1".parse().unwrap();
        response.answers.push(Record::new(name, 60, Rdata::A(address)));
        response
    }

    #[tokio::test]
    async fn a_forged_reply_is_counted_and_the_true_one_taken() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 1500];
            let (size, from) = server.recv_from(&mut buffer).await.unwrap();
            let good = answer(&buffer[..size]);
            let forged = Message { id: good.id ^ 1, ..good.clone() };
            server.send_to(&forged.encode(), from).await.unwrap();
            server.send_to(&good.encode(), from).await.unwrap();
        });
        let scope = scope();
        let seen = ask(&scope, &question(address, DnsTransport::Udp), soon()).await;
        let DnsOutcome::Reply(reply) = &seen.outcome else { panic!("{seen:?}") };
        assert_eq!((seen.mismatched, seen.tries, &*reply.rcode), (1, 1, "noerror"));
        assert_eq!(reply.answers[0].data, "192.0.2.1");
        assert_eq!(scope.recorder.events()[0].what, Observation::Dns(seen));
    }

    #[tokio::test]
    async fn a_late_reply_to_an_earlier_try_is_taken() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 1500];
            for _ in 0..2 {
                server.recv_from(&mut buffer).await.unwrap();
            }
            let (size, from) = server.recv_from(&mut buffer).await.unwrap();
            server.send_to(&answer(&buffer[..size]).encode(), from).await.unwrap();
        });
        let short = Duration::from_millis(1);
        let retry = Retry { tries: 1000, base: short, factor: 1, max: short, ..Retry::DATAGRAM };
        let asked = Ask { retry, ..question(address, DnsTransport::Udp) };
        let seen = ask(&scope(), &asked, soon()).await;
        assert!(matches!(seen.outcome, DnsOutcome::Reply(_)) && seen.tries >= 3, "{seen:?}");
    }

    #[tokio::test]
    async fn rubbish_and_a_closed_port_are_told_apart() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let rubbish = tokio::spawn(async move {
            let mut buffer = [0; 1500];
            let (_, from) = server.recv_from(&mut buffer).await.unwrap();
            server.send_to(&[1, 2], from).await.unwrap();
        });
        let asked = question(address, DnsTransport::Udp);
        let seen = ask(&scope(), &asked, soon()).await;
        assert!(matches!(seen.outcome, DnsOutcome::Malformed { size_bytes: 2, .. }), "{seen:?}");
        rubbish.await.unwrap();
        // The socket is gone with the task: now the port is closed.
        let seen = ask(&scope(), &asked, soon()).await;
        let DnsOutcome::Refused { errno_name, icmp, .. } = &seen.outcome else {
            panic!("{seen:?}")
        };
        assert_eq!(errno_name, "ECONNREFUSED");
        assert!(icmp[0].offender_is_self);
    }

    #[tokio::test]
    async fn tcp_frames_the_message_with_its_length() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut query = vec![0; usize::from(stream.read_u16().await.unwrap())];
            stream.read_exact(&mut query).await.unwrap();
            let response = answer(&query).encode();
            stream.write_u16(u16::try_from(response.len()).unwrap()).await.unwrap();
            stream.write_all(&response).await.unwrap();
            // The next one is closed without a word.
            drop(listener.accept().await.unwrap());
        });
        let asked = question(address, DnsTransport::Tcp);
        let seen = ask(&scope(), &asked, soon()).await;
        assert!(matches!(seen.outcome, DnsOutcome::Reply(_)), "{seen:?}");
        let seen = ask(&scope(), &asked, soon()).await;
        assert!(
            matches!(seen.outcome, DnsOutcome::Malformed { .. } | DnsOutcome::Refused { .. }),
            "{seen:?}"
        );
    }

    #[tokio::test]
    async fn a_name_that_is_none_is_not_sent() {
        let mut asked = question("127.0.0.1:9".parse().unwrap(), DnsTransport::Udp);
        asked.name = "a..b";
        let scope = scope();
        let seen = ask(&scope, &asked, soon()).await;
        assert!(matches!(seen.outcome, DnsOutcome::Malformed { .. }));
        assert!(scope.recorder.is_empty());
    }
}
