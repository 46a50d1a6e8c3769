//! Rows of the transport layer.

use super::*;

const REFUSED: [F; 2] = [F::TcpPortClosed, F::TcpResetFirewall];

#[test]
fn rows_27_and_28_refused() {
    let run = Run::www().resolved().both_fail(
        (ConnectOutcome::Refused, vec![]),
        (ConnectOutcome::Refused, vec![]),
        MS,
    );
    broken(&run, F::TcpConnectRefused, &REFUSED);
    assert_eq!(questions(&run.evidence), [], "nothing more can be known");
}

fn rejected(v4: IcmpError, v6: IcmpError) -> Run {
    Run::www()
        .resolved()
        .both_fail((unreachable(), vec![v4]), (unreachable(), vec![v6]), MS)
        .traces(4)
}

#[test]
fn row_29_port_unreachable() {
    let run = rejected(icmp(3, 3, "10.130.1.1", MS), icmp6(1, 4, "2001:db8:130::1", MS));
    let one = run.clone().other_ports(ConnectOutcome::Connected, vec![]);
    broken(&one, F::TcpRejectedPortUnreachable, &[]);
    let all = run.other_ports(unreachable(), vec![icmp(3, 3, "10.130.1.1", MS)]);
    broken(&all, F::NetHostRejected, &[]);
}

#[test]
fn row_30_admin_prohibited() {
    let run = rejected(icmp(3, 13, "10.130.1.1", MS), icmp6(1, 1, "2001:db8:130::1", MS));
    let one = run.clone().other_ports(ConnectOutcome::Connected, vec![]);
    let verdict = broken(&one, F::TcpRejectedAdminProhibited, &[]);
    assert_eq!(verdict.findings.len(), 1, "one fault, one finding");
    let all = run.other_ports(unreachable(), vec![icmp(3, 13, "10.130.1.1", MS)]);
    broken(&all, F::NetHostRejected, &[]);
}

#[test]
fn row_31_host_unreachable_by_a_filter() {
    let run = rejected(icmp(3, 1, "10.130.1.1", MS), icmp6(1, 3, "2001:db8:130::1", MS));
    let one = run.clone().other_ports(ConnectOutcome::Connected, vec![]);
    broken(&one, F::TcpRejectedHostUnreachable, &[]);
    let all = run.other_ports(unreachable(), vec![icmp(3, 1, "10.130.1.1", MS)]);
    broken(&all, F::NetHostRejected, &[]);
}

#[test]
fn row_32_syn_dropped() {
    let candidates = [F::TcpSynFiltered, F::TcpSynAckFiltered, F::TcpBacklogFull];
    let run = both_silent().gateways_answer().traces(4);
    let open = run.clone().other_ports(ConnectOutcome::Connected, vec![]);
    broken(&open, F::TcpPortSilent, &candidates);
    let closed = run.other_ports(ConnectOutcome::Refused, vec![]);
    broken(&closed, F::TcpPortSilent, &candidates);
}

#[test]
fn rows_34_and_35_local_firewall() {
    let run = Run::www()
        .route("10.1.1.1")
        .dns("A", dns_refused(1, "EPERM"), 20_000)
        .dns("AAAA", dns_refused(1, "EPERM"), 20_000)
        .system_failed("EAI_AGAIN");
    broken(&run, F::TcpLocalFirewall, &[]);
    let own = vec![icmp(3, 3, "192.168.1.11", 30_000)];
    let own6 = vec![icmp6(1, 4, "2001:db8:25:a::11", 30_000)];
    let run = Run::www().resolved().both_fail(
        (failed(111, "ECONNREFUSED"), own),
        (failed(111, "ECONNREFUSED"), own6),
        30_000,
    );
    broken(&run, F::TcpLocalFirewall, &[]);
}

#[test]
fn row_37_and_38_taken_and_ended() {
    let run = Run::www().resolved().connected();
    let reset = run.clone().tls(TlsOutcome::Reset, |_| ()).hello(
        HelloVariant::Nothing,
        HelloOutcome::Reset,
        None,
    );
    broken(&reset, F::TcpResetAfterAccept, &[]);
    // The same, where the RST came so soon that connect() itself fails with it.
    let at_once = failed(104, "ECONNRESET");
    let at_once = Run::www().resolved().both_fail((at_once.clone(), vec![]), (at_once, vec![]), MS);
    broken(&at_once, F::TcpResetAfterAccept, &[]);
    let closed = run.clone().tls(TlsOutcome::Closed, |_| ()).hello(
        HelloVariant::Nothing,
        HelloOutcome::Closed,
        None,
    );
    broken(&closed, F::TcpClosedAfterAccept, &[]);
    let on_hello = run.tls(TlsOutcome::Closed, |_| ()).hello(
        HelloVariant::Nothing,
        HelloOutcome::Silent,
        None,
    );
    broken(&on_hello, F::TlsHandshakeCut, &[]);
}

#[test]
fn row_40_payload_dropped() {
    let run = Run::www()
        .resolved()
        .connected()
        .stalls(PhaseName::Tls, 2)
        .segments(V6, &[(1_440, false), (600, false)])
        .hellos_silent(false, false);
    broken(&run, F::TcpPayloadDropped, &[]);
}

#[test]
fn row_43_ports_exhausted() {
    let run = Run::www().resolved().both_fail(
        (failed(99, "EADDRNOTAVAIL"), vec![]),
        (failed(99, "EADDRNOTAVAIL"), vec![]),
        20_000,
    );
    broken(&run, F::TcpLocalExhausted, &[]);
}

#[test]
fn row_45_one_dead_address() {
    let run = Run::www()
        .route("10.1.1.1")
        .dns("A", addresses(&["10.130.1.99", "10.130.1.4"]), MS)
        .dns("AAAA", addresses(&["2001:db8:130::4"]), MS)
        .system_addresses(&["2001:db8:130::4", "10.130.1.99", "10.130.1.4"])
        .connect(V6, ConnectOutcome::Connected, MS)
        .phase(PhaseName::Tcp, true)
        .seen_as(Purpose::Aside)
        .connect(V4, ConnectOutcome::Connected, MS)
        .connect("10.130.1.99:443", ConnectOutcome::TimedOut, 1_500 * MS)
        .seen_as(Purpose::Walk)
        .secured()
        .page(200);
    let verdict = degraded(&run, F::TcpAddressDead);
    assert_eq!(verdict.findings.len(), 1);
}

#[test]
fn a_refusing_family_is_a_dead_address() {
    degraded(&v6_dead(ConnectOutcome::Refused, vec![]), F::TcpAddressDead);
}

#[test]
fn a_host_that_refuses_counts_before_a_dead_family() {
    let run = Run::www()
        .resolved()
        .both_fail((ConnectOutcome::Refused, vec![]), (ConnectOutcome::TimedOut, vec![]), 5 * S)
        .traces(4)
        .other_ports(ConnectOutcome::TimedOut, vec![]);
    let verdict = broken(&run, F::TcpConnectRefused, &REFUSED);
    assert_eq!(verdict.findings[1].id, F::NetIpv6Broken);
}
