//! Which probe answers which question.

use plumb_evidence::observation::DnsRole;
use plumb_evidence::{Evidence, Observation, Purpose, Question};
use plumb_probe::resolve::{self, Ask, SystemResolver};
use plumb_probe::trust::LazyStore;
use plumb_probe::{
    Deadline, Retry, Scope, Stop, dial, hello, issuer, local, path, plain, policy, segment,
};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::walk::Walker;

/// Most questions that one run has answered. The longest line of questions of
/// any known fault is below ten.
const QUESTIONS_MAX: usize = 64;

/// Has the questions of the diagnosis answered, from the moment the walk first
/// waits until the walk is over and nothing is left to ask. Ends the walk's
/// wait when further waiting can change nothing.
pub(crate) async fn ask_until_clear(walker: &Walker, mut walk_over: watch::Receiver<bool>) {
    let recorder = &walker.scope.recorder;
    let mut asked = 0;
    // Nothing is asked before the walk waits for something or is over.
    tokio::select! {
        _ = walk_over.wait_for(|&over| over) => {}
        _ = recorder.stalled(0) => {}
    }
    loop {
        let events = recorder.len();
        let evidence = walker.evidence();
        let mut questions = plumb_diag::questions(&evidence);
        questions.truncate(QUESTIONS_MAX - asked);
        if !questions.is_empty() {
            asked += questions.len();
            answer_all(walker, &evidence, questions).await;
            continue;
        }
        if *walk_over.borrow() {
            return;
        }
        if plumb_diag::conclusive(&evidence) {
            walker.scope.stop.now();
        }
        // Whatever happens next may raise another question.
        let seen = u32::try_from(events).unwrap_or(u32::MAX);
        tokio::select! {
            _ = walk_over.wait_for(|&over| over) => {}
            _ = recorder.more_than(seen) => {}
        }
    }
}

/// All at once: none of them disturbs another.
async fn answer_all(walker: &Walker, evidence: &Evidence, questions: Vec<Question>) {
    let hop = evidence.events.iter().map(|event| event.hop).max().unwrap_or(0);
    // Probes are not ended with the walk: they are what ends it.
    let scope = walker.scope.hop(hop).purpose(Purpose::Probe).stopped_by(Stop::new());
    let mut answers = JoinSet::new();
    for question in questions {
        scope.record(Observation::Asked { question: question.clone() });
        let chain = matches!(question, Question::Issuer { .. }).then(|| Chain::last(evidence));
        let issuer =
            chain.flatten().map(|chain| (chain, walker.store.clone(), walker.system_resolver()));
        answers.spawn(answer(scope.clone(), issuer, question));
    }
    while answers.join_next().await.is_some() {}
}

async fn answer(
    scope: Scope,
    issuer: Option<(Chain, LazyStore, SystemResolver)>,
    question: Question,
) {
    let scope = &scope;
    let soon = Deadline::after(policy::PROBE_WAIT);
    match question {
        Question::Neighbour { address } => {
            let wait = Deadline::after(policy::NEIGHBOUR_WAIT);
            if let Err(error) = local::neighbour(scope, address, wait).await {
                scope.record(not_looked_at(format!("the neighbour {address}"), &error));
            }
        }
        Question::Route { destination } => {
            if let Err(error) = local::route(scope, destination) {
                scope.record(not_looked_at(format!("the route to {destination}"), &error));
            }
        }
        Question::Path { destination } => {
            path::trace(scope, destination, soon).await;
        }
        Question::OtherPort { address } | Question::OtherAddress { address } => {
            dial::attempt(scope, address, soon).await;
        }
        Question::SegmentSize { address, server_name, tls } => {
            segment::ladder(scope, address, server_name.as_deref(), tls, soon).await;
        }
        Question::Resolver { server, name, rtype, transport } => {
            let ask = Ask {
                server,
                role: DnsRole::SystemResolver,
                transport,
                name: &name,
                rtype: &rtype,
                recursion_desired: true,
                retry: Retry::DATAGRAM,
            };
            resolve::ask(scope, &ask, soon).await;
        }
        Question::Delegation { name, rtype } => {
            resolve::delegation(scope, &name, &rtype, &resolve::root_servers(), soon).await;
        }
        Question::Hello { address, server_name, variant } => {
            hello::probe(scope, address, server_name.as_deref(), variant, soon).await;
        }
        Question::PlainHttp { address, host } => plain::probe(scope, address, &host, soon).await,
        Question::Issuer { url } => {
            let Some((Chain { der, server_name }, store, resolver)) = issuer else { return };
            issuer::fetch_issuer(scope, &url, &der, &server_name, &store, &resolver, soon).await;
        }
    }
}

/// The chain of the last handshake, DER, leaf first.
struct Chain {
    der: Vec<Vec<u8>>,
    server_name: String,
}

impl Chain {
    fn last(evidence: &Evidence) -> Option<Chain> {
        evidence.events.iter().rev().find_map(|event| match &event.what {
            Observation::TlsHandshake(seen) if !seen.chain.is_empty() => Some(Chain {
                der: seen.chain.iter().map(|certificate| certificate.der.clone()).collect(),
                server_name: seen.server_name.clone().unwrap_or_default(),
            }),
            _ => None,
        })
    }
}

fn not_looked_at(what: String, why: &dyn std::fmt::Display) -> Observation {
    Observation::NotLookedAt { what, why: why.to_string() }
}
