//! What holds of every verdict, also of evidence that was cut off or makes no
//! sense.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod scenario;

use std::collections::BTreeSet;

use plumb_diag::{QUESTIONS_MAX, QUESTIONS_PER_RUN_MAX, conclusive, judge, questions};
use plumb_evidence::evidence::Scheme;
use plumb_evidence::observation::*;
use plumb_evidence::{Evidence, FindingId, Observation, Outcome, Purpose, Severity};
use scenario::*;

/// A seeded generator (SplitMix64): a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % below as u64).unwrap()
    }
}

/// Runs of every sort, each with the root that the whole of it has.
fn runs() -> Vec<Run> {
    let silent = || {
        Run::www().resolved().both_fail(
            (ConnectOutcome::TimedOut, vec![]),
            (ConnectOutcome::TimedOut, vec![]),
            5 * S,
        )
    };
    let far = |code| icmp(3, code, "10.130.1.1", MS);
    let far6 = |code| icmp6(1, code, "2001:db8:130::1", MS);
    let secure = || Run::www().resolved().connected();
    let url = "https://www.example.com/";
    vec![
        secure().secured().page(200),
        secure().secured().page(503),
        silent().gateways_answer().traces(4).other_ports(ConnectOutcome::TimedOut, vec![]),
        silent().traces(4).other_ports(ConnectOutcome::Connected, vec![]),
        Run::www()
            .resolved()
            .both_fail(
                (failed(113, "EHOSTUNREACH"), vec![far(13)]),
                (failed(13, "EACCES"), vec![far6(1)]),
                MS,
            )
            .traces(4)
            .other_ports(ConnectOutcome::Refused, vec![]),
        Run::www()
            .route("10.1.1.1")
            .dns("A", rcode("servfail", 2), MS)
            .dns("AAAA", rcode("servfail", 2), MS)
            .system_failed("EAI_AGAIN")
            .delegation(rcode("refused", 5)),
        Run::www()
            .route("10.1.1.1")
            .dns("A", silence(), 2 * S)
            .dns("AAAA", silence(), 2 * S)
            .system(SystemResult::TimedOut, 5 * S)
            .neighbour("192.168.1.1", NeighbourState::Failed),
        secure()
            .stalls(PhaseName::Tls, 0)
            .segments(V6, &[(1_220, false), (640, true), (641, false)])
            .hellos_silent(true, true)
            .tls(TlsOutcome::Abandoned, |_| ()),
        secure()
            .stalls(PhaseName::Tls, 2)
            .segments(V6, &[(1_220, false), (640, false)])
            .hellos_silent(false, true),
        secure().untrusted(TrustResult::UnknownIssuer, vec![leaf(DAY)]),
        secure()
            .tls(TlsOutcome::Alert { code: 70, name: "protocol_version".to_owned() }, |_| ())
            .versions([server_hello("TLSv1.0"), server_hello("TLSv1.0"), HelloOutcome::Reset]),
        secure()
            .secured()
            .page(302)
            .redirects(url, "https://gone.example.com/", "gone.example.com", None)
            .dns("A", rcode("nxdomain", 3), MS)
            .dns("AAAA", rcode("nxdomain", 3), MS)
            .system_failed("EAI_NONAME"),
        secure().secured().page(302).redirects(url, url, "", Some("loop")),
        Run::to("tcp://10.130.1.4:25", Scheme::Tcp, "10.130.1.4", 25)
            .route("10.130.1.4")
            .connect("10.130.1.4:25", ConnectOutcome::Refused, MS)
            .phase(PhaseName::Tcp, false)
            .see(Observation::Retry { attempt: 1, wait_ms: 1 })
            .connect("10.130.1.4:25", ConnectOutcome::Connected, MS),
    ]
}

/// What must hold whatever the events are.
fn holds(evidence: &Evidence) {
    let verdict = judge(evidence);
    let known: BTreeSet<u32> = evidence.events.iter().map(|event| event.seq).collect();
    let mut ids = BTreeSet::new();
    for finding in &verdict.findings {
        assert!(ids.insert(finding.id), "{} twice", finding.id);
        assert!(!finding.because.is_empty(), "{} rests on nothing", finding.id);
        for cited in finding.because.iter().chain(&finding.ruled_out) {
            assert!(!cited.events.is_empty(), "{}: {:?}", finding.id, cited.text);
            assert!(cited.events.iter().all(|seq| known.contains(seq)), "{}", finding.id);
        }
    }
    match verdict.outcome {
        Outcome::Broken | Outcome::Degraded => {
            assert_eq!(verdict.root, Some(verdict.findings[0].id));
            assert_eq!(verdict.layer, verdict.root.map(FindingId::layer));
        }
        Outcome::Ok | Outcome::Unknown => {
            assert_eq!((verdict.root, verdict.layer), (None, None));
            assert!(verdict.findings.iter().all(|f| f.severity != Severity::Error));
        }
    }
    assert_eq!(verdict.place.is_none(), verdict.outcome == Outcome::Ok);
    let hops = evidence.events.iter().map(|event| event.hop).max().unwrap_or(0);
    assert!(verdict.phases.len() <= 6 * (usize::from(hops) + 1));
    assert_eq!(verdict.phases.len() % 6, 0);
    let wanted = questions(evidence);
    assert!(wanted.len() <= QUESTIONS_MAX);
    let again: BTreeSet<String> = wanted.iter().map(|q| format!("{q:?}")).collect();
    assert_eq!(again.len(), wanted.len(), "a question twice");
    if conclusive(evidence) {
        assert!(wanted.is_empty());
    }
    // Saved and read back, it is judged alike.
    let text = serde_json::to_string(evidence).unwrap();
    let read: Evidence = serde_json::from_str(&text).unwrap();
    assert_eq!(judge(&read), verdict);
}

#[test]
fn every_prefix_has_a_verdict_that_its_events_support() {
    for run in runs() {
        for end in 0..=run.evidence.events.len() {
            let mut prefix = run.evidence.clone();
            prefix.events.truncate(end);
            holds(&prefix);
        }
    }
}

#[test]
fn nothing_is_claimed_before_anything_was_seen() {
    for run in runs() {
        let mut none = run.evidence.clone();
        none.events.clear();
        let verdict = judge(&none);
        assert_eq!((verdict.outcome, verdict.findings.len()), (Outcome::Unknown, 0));
        assert_eq!(questions(&none), []);
    }
}

#[test]
fn evidence_that_makes_no_sense_is_judged_without_panic() {
    let pool: Vec<_> = runs().into_iter().flat_map(|run| run.evidence.events).collect();
    let base = runs().remove(0).evidence;
    for seed in 0..1_500 {
        let mut random = Random(seed);
        let mut evidence = base.clone();
        evidence.events.clear();
        let scheme = [Scheme::Https, Scheme::Http, Scheme::Tls, Scheme::Tcp, Scheme::Udp];
        evidence.target.scheme = scheme[random.next(5)];
        evidence.target.aia = random.next(2) == 0;
        evidence.target.insecure = random.next(3) == 0;
        for seq in 1..=u32::try_from(random.next(40)).unwrap() {
            let mut event = pool[random.next(pool.len())].clone();
            event.seq = seq;
            event.hop = u16::try_from(random.next(3)).unwrap();
            event.purpose = [Purpose::Walk, Purpose::Aside, Purpose::Probe][random.next(3)];
            evidence.events.push(event);
        }
        holds(&evidence);
    }
}

/// Asking comes to an end, whatever the answers: here nothing ever answers.
#[test]
fn a_run_asks_a_bounded_number_of_questions() {
    for run in runs() {
        let mut run = run;
        let mut asked = 0;
        loop {
            let wanted = questions(&run.evidence);
            if wanted.is_empty() {
                break;
            }
            asked += wanted.len();
            assert!(asked <= QUESTIONS_PER_RUN_MAX);
            for question in wanted {
                run = run.seen_as(Purpose::Probe).asked(question);
            }
        }
        assert!(asked <= 16, "{asked} questions where nothing answers");
    }
}
