//! Names: what the system answers, and what DNS itself says.

mod ask;
mod delegation;
mod stub;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use plumb_evidence::Observation;
use plumb_evidence::observation::{
    DnsExchange, DnsOutcome, DnsRole, DnsTransport, PhaseName, SystemResult,
};
use plumb_sys::names::{self, GaiError};
use tokio::sync::oneshot;

use crate::local::ResolverConfig;
use crate::policy::STALL;
use crate::{Deadline, Family, Retry, Scope};

pub use ask::{Ask, ask};
pub use delegation::{delegation, root_servers};

/// Who answers [`system`].
#[derive(Debug, Clone)]
pub enum SystemResolver {
    /// The C library's getaddrinfo, as every other program asks it.
    Library,
    /// plumb's own stub over these servers, where the library cannot be
    /// pointed at them (the loopback lab).
    Stub(ResolverConfig),
}

/// What the operating system answers for `name`. Records `SystemAnswer` and
/// the phase `dns`; announces a stall when it takes long.
pub async fn system(
    scope: &Scope,
    resolver: &SystemResolver,
    name: &str,
    deadline: Deadline,
) -> SystemResult {
    let start_ns = scope.elapsed_ns();
    let answer = async {
        match resolver {
            SystemResolver::Library => library(scope.network.family, name).await,
            SystemResolver::Stub(config) => stub::answer(scope, config, name, deadline).await,
        }
    };
    tokio::pin!(answer);
    let mut stall = Some(Deadline::after(STALL));
    let result = loop {
        let silence = stall.map_or(Duration::MAX, Deadline::remaining);
        tokio::select! {
            biased;
            // First: a stub's own questions end with it, and look like silence.
            () = scope.stop.asked() => break SystemResult::Abandoned,
            result = &mut answer => break result,
            () = tokio::time::sleep(deadline.remaining()) => break SystemResult::TimedOut,
            () = tokio::time::sleep(silence), if stall.is_some() => {
                stall = None;
                let silent_ns = scope.elapsed_ns().saturating_sub(start_ns);
                scope.waiting(PhaseName::Dns, Vec::new(), silent_ns);
            }
        }
    };
    scope.record(Observation::SystemAnswer {
        name: name.to_owned(),
        result: result.clone(),
        start_ns,
        duration_ns: scope.elapsed_ns().saturating_sub(start_ns),
    });
    let ok = matches!(&result, SystemResult::Addresses { addresses } if !addresses.is_empty());
    scope.phase(PhaseName::Dns, start_ns, ok);
    result
}

/// getaddrinfo on a thread of its own: it cannot be cancelled, so a thread of
/// tokio's pool would keep the runtime from ending until the library gives up.
async fn library(family: Family, name: &str) -> SystemResult {
    let (sender, answer) = oneshot::channel();
    let asked = name.to_owned();
    let thread = std::thread::Builder::new().name("getaddrinfo".into()).spawn(move || {
        // Nobody listens any longer when the walk was abandoned.
        let _ = sender.send(names::getaddrinfo(&asked, family));
    });
    if let Err(error) = thread {
        let text = format!("no thread to ask on: {error}");
        return SystemResult::Failed { eai: 0, eai_name: "EAI_SYSTEM".into(), text };
    }
    match answer.await {
        Ok(Ok(addresses)) => SystemResult::Addresses { addresses },
        Ok(Err(error)) => gai_failure(&error),
        // The thread ended without a word: it panicked.
        Err(_) => SystemResult::Abandoned,
    }
}

fn gai_failure(error: &GaiError) -> SystemResult {
    SystemResult::Failed {
        eai: error.code,
        eai_name: error.name.to_owned(),
        text: error.text.clone(),
    }
}

/// What DNS itself says beside the walk: A and AAAA of `name` from the first
/// system resolver that answers, over TCP where UDP is cut, at the same time
/// as the system's own answer.
pub async fn beside(
    scope: &Scope,
    config: &ResolverConfig,
    name: &str,
    deadline: Deadline,
) -> Vec<DnsExchange> {
    let types: &[&str] = match scope.network.family {
        Family::Any => &["A", "AAAA"],
        Family::V4 => &["A"],
        Family::V6 => &["AAAA"],
    };
    let mut seen = Vec::new();
    for &server in &config.servers {
        let answers = match types {
            [first, second] => {
                let (a, b) = tokio::join!(
                    with_tcp(scope, server, name, first, deadline),
                    with_tcp(scope, server, name, second, deadline)
                );
                [a, b].concat()
            }
            types => with_tcp(scope, server, name, types[0], deadline).await,
        };
        let answered = answers.iter().any(|seen| matches!(seen.outcome, DnsOutcome::Reply(_)));
        seen.extend(answers);
        if answered || deadline.has_passed() {
            break;
        }
    }
    seen
}

/// The question over UDP and, where the reply is cut, over TCP (RFC 7766).
async fn with_tcp(
    scope: &Scope,
    server: SocketAddr,
    name: &str,
    rtype: &str,
    deadline: Deadline,
) -> Vec<DnsExchange> {
    let mut question = Ask {
        server,
        role: DnsRole::SystemResolver,
        transport: DnsTransport::Udp,
        name,
        rtype,
        recursion_desired: true,
        retry: Retry::DATAGRAM,
    };
    let mut seen = vec![ask(scope, &question, deadline).await];
    if seen.iter().any(is_truncated) {
        question.transport = DnsTransport::Tcp;
        seen.push(ask(scope, &question, deadline).await);
    }
    seen
}

fn is_truncated(seen: &DnsExchange) -> bool {
    matches!(&seen.outcome, DnsOutcome::Reply(reply) if reply.truncated)
}

/// The addresses that a reply has, whatever name they stand at: a resolver
/// gives the whole chain of aliases.
fn addresses_of(seen: &DnsExchange) -> Vec<IpAddr> {
    let DnsOutcome::Reply(reply) = &seen.outcome else { return Vec::new() };
    let records = reply.answers.iter().filter(|record| matches!(&*record.rtype, "A" | "AAAA"));
    records.filter_map(|record| record.data.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use plumb_wire::dns::{Message, Name, Rcode, Rdata, Record, Rtype};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, UdpSocket};

    use super::*;
    use crate::{Network, Recorder};

    fn scope() -> Scope {
        Scope::new(Recorder::new(), Arc::new(Network::default()))
    }

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(20))
    }

    /// A server of one zone: over UDP every reply is cut, over TCP the name
    /// `there.example` has one address of each family.
    async fn cut_server() -> SocketAddr {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = udp.local_addr().unwrap();
        let tcp = TcpListener::bind(address).await.unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 1500];
            while let Ok((size, from)) = udp.recv_from(&mut buffer).await {
                let mut reply = Message::decode(&buffer[..size]).unwrap().response(Rcode::NoError);
                reply.flags.truncated = true;
                udp.send_to(&reply.encode(), from).await.unwrap();
            }
        });
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = tcp.accept().await {
                let mut query = vec![0; usize::from(stream.read_u16().await.unwrap())];
                stream.read_exact(&mut query).await.unwrap();
                let reply = answer(&Message::decode(&query).unwrap()).encode();
                stream.write_u16(u16::try_from(reply.len()).unwrap()).await.unwrap();
                stream.write_all(&reply).await.unwrap();
            }
        });
        address
    }

    fn answer(query: &Message) -> Message {
        let question = &query.questions[0];
        let there: Name = "there.example".parse().unwrap();
        if question.name != there {
            return query.response(Rcode::NxDomain);
        }
        let mut reply = query.response(Rcode::NoError);
        let data = match question.rtype {
            Rtype::A => Rdata::A("192.0.2.1".parse().unwrap()),
            _ => Rdata::Aaaa("2001:db8::1".parse().unwrap()),
        };
        reply.answers.push(Record::new(there, 60, data));
        reply
    }

    #[tokio::test]
    async fn the_stub_answers_in_the_words_of_the_library() {
        let servers = vec![cut_server().await];
        let config = ResolverConfig { servers, ..ResolverConfig::default() };
        let stub = SystemResolver::Stub(config);
        let scope = scope();
        let found = system(&scope, &stub, "there.example", soon()).await;
        let SystemResult::Addresses { addresses } = found else { panic!("{found:?}") };
        let expected: [IpAddr; 2] = ["2001:db8::1".parse().unwrap(), "192.0.2.1".parse().unwrap()];
        assert_eq!(addresses, expected);
        let none = system(&scope, &stub, "nowhere.example", soon()).await;
        assert!(
            matches!(&none, SystemResult::Failed { eai: -2, eai_name, .. } if eai_name == "EAI_NONAME"),
            "{none:?}"
        );
        let phases: Vec<bool> = scope
            .recorder
            .events()
            .into_iter()
            .filter_map(|event| match event.what {
                Observation::Phase { phase: PhaseName::Dns, ok, .. } => Some(ok),
                _ => None,
            })
            .collect();
        assert_eq!(phases, [true, false]);
    }

    #[tokio::test]
    async fn what_is_cut_over_udp_is_asked_again_over_tcp() {
        let servers = vec![cut_server().await];
        let config = ResolverConfig { servers, ..ResolverConfig::default() };
        let seen = beside(&scope(), &config, "there.example", soon()).await;
        let mut transports: Vec<_> = seen.iter().map(|s| (s.transport, is_truncated(s))).collect();
        transports.sort_by_key(|(transport, _)| *transport == DnsTransport::Tcp);
        let (udp, tcp) = ((DnsTransport::Udp, true), (DnsTransport::Tcp, false));
        assert_eq!(transports, [udp, udp, tcp, tcp]);
    }

    #[tokio::test]
    async fn the_library_knows_this_host() {
        let found = system(&scope(), &SystemResolver::Library, "127.0.0.1", soon()).await;
        let addresses = vec!["127.0.0.1".parse().unwrap()];
        assert_eq!(found, SystemResult::Addresses { addresses });
    }

    #[tokio::test]
    async fn a_stop_abandons_the_question() {
        let scope = scope();
        scope.stop.now();
        let stub = SystemResolver::Stub(ResolverConfig {
            servers: vec![cut_server().await],
            ..ResolverConfig::default()
        });
        assert_eq!(system(&scope, &stub, "there.example", soon()).await, SystemResult::Abandoned);
    }
}
