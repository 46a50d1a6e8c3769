//! Probes in the tiny Internet, where there are routers to be asked.
//!
//! A probe must run on one of the lab's machines, so each test starts a lab
//! and then this very binary again, on h1 and without any capability, with one
//! of the tests of `inside`, which are ignored everywhere else.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a test fails by panicking, and says SKIP

use std::process::Command;

use plumb_lab::Lab;

/// Runs a test of `inside` on h1; None where this system forbids labs.
fn on_h1(fault: Option<&str>, test: &str) {
    let runtime = std::env::temp_dir().join(format!("plumb-probe-{}", std::process::id()));
    let lab = match Lab::builder().runtime_dir(&runtime).start() {
        Ok(lab) => lab,
        Err(error) => {
            println!("SKIP: no lab here: {error}");
            return;
        }
    };
    if let Some(fault) = fault {
        lab.break_fault(fault).unwrap();
    }
    let mut command: Command = lab.unprivileged_command("h1", std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture", &format!("inside::{test}")]);
    let output = command.output().unwrap();
    drop(lab);
    // Whether other tests still have their labs in it or not.
    let _ = std::fs::remove_dir(runtime.join("lab"));
    let _ = std::fs::remove_dir(&runtime);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let passed = output.status.success() && stdout.contains("1 passed");
    assert!(passed, "{stdout}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_router_on_the_way_is_found() {
    on_h1(None, "the_path_is_open");
}

#[test]
fn a_router_without_a_route_answers_for_itself() {
    on_h1(Some("net.unreachable-route@example"), "the_last_router_has_no_route");
}

#[test]
fn a_firewall_answers_for_what_it_does_not_pass_on() {
    on_h1(Some("tcp.reject-admin-prohibited@example,port=443"), "the_last_router_rejects");
}

#[test]
fn a_silent_destination_ends_the_path_in_silence() {
    on_h1(Some("tcp.syn-dropped@example,port=443"), "the_destination_is_silent");
}

#[test]
fn a_hole_of_every_size_is_sized_exactly() {
    for mtu in [400, 700, 1420, 1499] {
        let fault = format!("net.mtu-blackhole@example,mtu={mtu}");
        on_h1(Some(&fault), &format!("the_hole_is_{mtu}"));
    }
}

#[test]
fn the_delegation_is_walked_from_the_root() {
    on_h1(None, "the_delegation_leads_to_the_address");
}

#[test]
fn the_gateway_answers_and_a_dead_one_does_not() {
    on_h1(None, "the_gateway_is_there");
}

#[test]
fn a_walk_that_waits_says_so() {
    on_h1(Some("tcp.syn-dropped@example,port=443"), "the_walk_says_that_it_waits");
}

#[test]
fn whoever_rejects_a_connection_is_named() {
    on_h1(Some("tcp.reject-port-unreachable@example,port=443"), "the_router_is_named");
}

/// What runs on h1.
mod inside {
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use plumb_evidence::Observation;
    use plumb_evidence::observation::{
        ConnectOutcome, DnsExchange, DnsOutcome, DnsRole, HopOutcome, HopProbe, NeighbourState,
        PhaseName,
    };
    use plumb_probe::{Deadline, Network, Recorder, Scope, dial, local, path, resolve, segment};

    const V4: &str = "10.130.1.4:443";
    const V6: &str = "[2001:db8:130::4]:443";

    fn scope() -> Scope {
        Scope::new(Recorder::new(), Arc::new(Network::default()))
    }

    fn patient() -> Deadline {
        Deadline::after(Duration::from_secs(30))
    }

    async fn trace(destination: &str) -> Vec<HopProbe> {
        path::trace(&scope(), destination.parse().unwrap(), patient()).await
    }

    fn routers(hops: &[HopProbe]) -> Vec<String> {
        let routers = hops.iter().filter_map(|hop| match &hop.outcome {
            HopOutcome::TimeExceeded { router, .. } => Some(router.to_string()),
            _ => None,
        });
        routers.collect()
    }

    const ROUTERS: [&str; 4] = ["192.168.1.1", "10.25.1.1", "10.1.1.1", "10.130.1.1"];
    const ROUTERS_V6: [&str; 4] =
        ["2001:db8:25:a::1", "2001:db8:25::1", "2001:db8:1::1", "2001:db8:130::1"];

    #[tokio::test]
    #[ignore = "runs on a machine of the lab"]
    async fn the_path_is_open() {
        for (destination, expected) in [(V4, ROUTERS), (V6, ROUTERS_V6)] {
            let hops = trace(destination).await;
            assert_eq!(routers(&hops), expected);
            assert_eq!(hops.last().unwrap().outcome, HopOutcome::Connected);
            assert_eq!(hops.len(), 5);
        }
    }

    /// The last hop's ICMP type, code and sender.
    fn rejection(hops: &[HopProbe]) -> (u8, u8, String) {
        match &hops.last().unwrap().outcome {
            HopOutcome::Icmp { error } => {
                (error.icmp_type, error.icmp_code, error.offender.unwrap().to_string())
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    #[ignore = "runs on a machine of the lab"]
    async fn the_last_router_has_no_route() {
        // A router looks for the route before it counts the hop down.
        let hops = trace(V4).await;
        assert_eq!(routers(&hops), ROUTERS[..3]);
        assert_eq!(rejection(&hops), (3, 1, "10.130.1.1".into()));
        let hops = trace(V6).await;
        assert_eq!(routers(&hops), ROUTERS_V6[..3]);
        assert_eq!(rejection(&hops).0, 1);
    }

    #[tokio::test]
    #[ignore = "runs on a machine of the lab"]
    async fn the_last_router_rejects() {
        // A firewall sees only what is to be passed on.
        let hops = trace(V4).await;
        assert_eq!(routers(&hops), ROUTERS);
        assert_eq!(rejection(&hops), (3, 13, "10.130.1.1".into()));
        let hops = trace(V6).await;
        assert_eq!(rejection(&hops), (1, 1, "2001:db8:130::1".into()));
    }

    #[tokio::test]
    #[ignore = "runs on a machine of the lab"]
    async fn the_destination_is_silent() {
        let hops = trace(V4).await;
        assert_eq!(routers(&hops), ROUTERS);
        assert!(hops.len() > 10, "a silence is asked about more than once");
        assert!(hops[4..].iter().all(|hop| hop.outcome == HopOutcome::Silent));
    }

    #[tokio::test]
    #[ignore = "runs on a machine of the lab"]
    async fn the_walk_says_that_it_waits() {
        let scope = scope();
        let addresses: Vec<SocketAddr> = [V6, V4].map(|text| text.parse().unwrap()).to_vec();
        let wait = Deadline::after(Duration::from_millis(1200));
        let dial = dial::connect(&scope, &addresses, wait).await;
        assert!(dial.connection.is_none());
        let outcomes: Vec<_> = dial.attempts.iter().map(|attempt| &attempt.outcome).collect();
        assert_eq!(outcomes, [&ConnectOutcome::TimedOut; 2]);
        // The kernel's own view of an unanswered SYN.
        let state = dial.attempts[0].tcp.as_ref().unwrap();
        assert_eq!((&*state.state, state.retransmits), ("SYN-SENT", 1));
        assert_eq!(scope.recorder.stalled(0).await.phase, PhaseName::Tcp);
        let waiting = scope.recorder.events().into_iter().find_map(|event| match event.what {
            Observation::Waiting { addresses, .. } => Some(addresses),
            _ => None,
        });
        assert_eq!(waiting.unwrap(), addresses);
    }

    #[tokio::test]
    #[ignore = "runs on a machine of the lab"]
    async fn the_router_is_named() {
        for (destination, expected) in [(V4, (3, 3, "10.130.1.1")), (V6, (1, 4, "2001:db8:130::1"))]
        {
            let seen = dial::attempt(&scope(), destination.parse().unwrap(), patient()).await;
            assert!(matches!(seen.outcome, ConnectOutcome::Failed { .. }), "{seen:?}");
            let icmp = &seen.icmp[0];
            assert_eq!((icmp.icmp_type, icmp.icmp_code), (expected.0, expected.1));
            assert_eq!(icmp.offender.unwrap().to_string(), expected.2);
            assert!(!icmp.offender_is_self);
        }
    }

    async fn hole(mtu_bytes: u16) {
        for (destination, headers_bytes) in [(V4, 40), (V6, 60)] {
            let address: SocketAddr = destination.parse().unwrap();
            let name = Some("www.example.com");
            let ladder = segment::ladder(&scope(), address, name, true, patient()).await;
            assert!(!ladder.default_answered);
            assert_eq!(ladder.largest_bytes, Some(mtu_bytes - headers_bytes), "{destination}");
        }
    }

    #[tokio::test]
    #[ignore = "runs on a machine of the lab"]
    async fn the_hole_is_400() {
        hole(400).await;
    }

    #[tokio::test]
    #[ignore = "runs on a machine of the lab"]
    async fn the_hole_is_700() {
        hole(700).await;
    }

    #[tokio::test]
    #[ignore = "runs on a machine of the lab"]
    async fn the_hole_is_1420() {
        hole(1420).await;
    }

    #[tokio::test]
    #[ignore = "runs on a machine of the lab"]
    async fn the_hole_is_1499() {
        hole(1499).await;
    }

    #[tokio::test]
    #[ignore = "runs on a machine of the lab"]
    async fn the_delegation_leads_to_the_address() {
        let scope = scope();
        let roots = resolve::root_servers();
        resolve::delegation(&scope, "www.example.com", "A", &roots, patient()).await;
        let events = scope.recorder.events();
        let asked: Vec<&DnsExchange> = events
            .iter()
            .filter_map(|event| match &event.what {
                Observation::Dns(exchange) => Some(exchange),
                _ => None,
            })
            .collect();
        let zone = |exchange: &DnsExchange| match &exchange.role {
            DnsRole::Authority { zone, .. } => zone.clone(),
            DnsRole::SystemResolver => panic!("nobody else is asked"),
        };
        let mut zones: Vec<String> = asked.iter().map(|exchange| zone(exchange)).collect();
        zones.dedup();
        assert_eq!(zones, [".", "com", "example.com"]);
        let answered = asked.iter().filter(|exchange| match &exchange.outcome {
            DnsOutcome::Reply(reply) => {
                reply.authoritative && reply.answers.iter().any(|r| r.data == "10.130.1.4")
            }
            _ => false,
        });
        assert!(answered.count() >= 2, "every server of the last zone is asked");
    }

    #[tokio::test]
    #[ignore = "runs on a machine of the lab"]
    async fn the_gateway_is_there() {
        let scope = scope();
        let there = local::neighbour(&scope, "192.168.1.1".parse().unwrap(), patient()).await;
        assert_eq!(there.unwrap(), NeighbourState::Reachable);
        let gone = local::neighbour(&scope, "192.168.1.77".parse().unwrap(), patient()).await;
        assert_eq!(gone.unwrap(), NeighbourState::Failed);
    }
}
