//! Faults: what can be broken in the lab, and how it is mended.
//!
//! A fault is one file, `<layer>/<what>.rs`, its `mod` line in the layer's
//! `mod.rs`, and its place in [`ALL`]. The file says what the fault is, where it
//! may be, what a diagnosis of it owes, and which [changes](change::Change) it
//! makes; the engine (`active`) makes and unmakes them.

pub(crate) mod active;
pub mod change;
mod dns;
pub mod filter;
mod given;
pub(crate) mod ground;
mod http;
mod kernel;
mod link;
mod net;
pub mod param;
mod parse;
pub mod place;
mod routes;
mod served;
pub mod spec;
mod state;
mod tcp;
mod tls;

use change::Change;
use param::Value;

use crate::topology::Plan;

pub(crate) use active::ActiveFaults;
pub use active::Hits;
pub use given::Given;
pub(crate) use ground::Ground;
pub use parse::{FAULT_BYTES_MAX, FaultError, near, parse, parse_name};
pub use place::{Place, PlaceError};
pub use spec::FaultSpec;

/// Every fault, in the order of the matrix.
pub static ALL: &[&FaultSpec] = &[
    &link::interface_down::FAULT,
    &link::no_carrier::FAULT,
    &net::no_default_route::FAULT,
    &link::dead_gateway::FAULT,
    &net::dead_host::FAULT,
    &net::unreachable_route::FAULT,
    &net::prohibit_route::FAULT,
    &net::blackhole_route::FAULT,
    &net::forwarding_off::FAULT,
    &net::routing_loop::FAULT,
    &net::no_return_route::FAULT,
    &net::mtu_blackhole::FAULT,
    &net::ipv6_broken::FAULT,
    &tcp::port_closed::FAULT,
    &tcp::reset::FAULT,
    &tcp::reject_port_unreachable::FAULT,
    &tcp::reject_admin_prohibited::FAULT,
    &net::host_rejected::FAULT,
    &tcp::reject_host_unreachable::FAULT,
    &tcp::syn_dropped::FAULT,
    &net::host_filtered::FAULT,
    &tcp::syn_ack_dropped::FAULT,
    &tcp::reset_after_accept::FAULT,
    &tcp::closed_after_accept::FAULT,
    &http::silent::FAULT,
    &tcp::payload_dropped::FAULT,
    &tcp::address_dead::FAULT,
    &dns::resolver_port_closed::FAULT,
    &dns::udp_blocked::FAULT,
    &dns::resolver_silent::FAULT,
    &dns::nxdomain::FAULT,
    &dns::no_address::FAULT,
    &dns::servfail::FAULT,
    &dns::refused::FAULT,
    &dns::truncated::FAULT,
    &dns::malformed::FAULT,
    &dns::slow_resolver::FAULT,
    &dns::lame_delegation::FAULT,
    &dns::authority_silent::FAULT,
    &dns::dangling_cname::FAULT,
    &dns::cname_loop::FAULT,
    &tls::cert_expired::FAULT,
    &tls::cert_not_yet_valid::FAULT,
    &tls::wrong_host::FAULT,
    &tls::self_signed::FAULT,
    &tls::unknown_root::FAULT,
    &tls::missing_intermediate::FAULT,
    &tls::plaintext::FAULT,
    &tls::old_version::FAULT,
    &tls::client_cert_required::FAULT,
    &tls::unrecognized_name::FAULT,
    &tls::hello_dropped::FAULT,
    &tls::handshake_silent::FAULT,
    &tls::handshake_cut::FAULT,
    &tls::internal_error::FAULT,
    &http::server_error::FAULT,
    &http::client_error::FAULT,
    &http::redirect_loop::FAULT,
    &http::redirect_dead_name::FAULT,
    &http::slow::FAULT,
    &http::body_stalled::FAULT,
    &http::body_truncated::FAULT,
    &http::reset::FAULT,
    &http::encoding_corrupt::FAULT,
    &http::empty_reply::FAULT,
];

/// What is made in the same way and breaks nothing: variants of a healthy lab,
/// which a diagnosis must not take for faults.
pub static VARIANTS: &[&FaultSpec] = &[
    &net::mtu_reduced::FAULT,
    &net::router_silent::FAULT,
    &net::router_rate_limited::FAULT,
    &tls::cert_expires_soon::FAULT,
    &tls::no_http2::FAULT,
    &tls::only_1_2::FAULT,
    &tls::only_1_3::FAULT,
];

/// Every fault and every variant.
pub fn known() -> impl Iterator<Item = &'static FaultSpec> {
    ALL.iter().chain(VARIANTS).copied()
}

/// The fault, or the variant, with this name.
pub fn find(name: &str) -> Option<&'static FaultSpec> {
    known().find(|spec| spec.name == name)
}

/// A fault that was asked for, held against a lab: it can be made there.
#[derive(Debug, Clone)]
pub struct Fault {
    pub spec: &'static FaultSpec,
    /// As the user wrote it, with the place spelt out.
    pub text: String,
    pub place: Option<Place>,
    /// Every parameter, given or default.
    values: Vec<(&'static str, Value)>,
}

impl Fault {
    /// What this fault changes in the lab of `plan`.
    pub fn changes(&self, plan: &Plan) -> Result<Vec<Change>, FaultError> {
        (self.spec.changes)(&Given { fault: self, plan })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn plan() -> Plan {
        crate::topology::builtin("internet").unwrap().unwrap()
    }

    #[test]
    fn every_fault_has_its_name_row_and_page() {
        let mut names = BTreeSet::new();
        let mut rows = BTreeSet::new();
        for spec in ALL {
            let (layer, what) = spec.name.split_once('.').unwrap();
            assert_eq!(layer, spec.layer().name(), "{}", spec.name);
            assert!(!what.contains('.'), "{}", spec.name);
            assert!(names.insert(spec.name), "{} stands twice", spec.name);
            rows.insert(spec.row.unwrap());
            assert!(!spec.expect.is_empty(), "{}", spec.name);
            assert_ne!(spec.outcome, plumb_evidence::Outcome::Ok, "{}", spec.name);
            for text in [spec.title, spec.page.what, spec.page.wire, spec.page.undo] {
                assert!(!text.is_empty(), "{}", spec.name);
            }
            assert!(spec.page_text().contains(spec.name));
        }
        let wanted = [
            1, 2, 4, 5, 7, 8, 9, 12, 14, 18, 25, 27, 28, 29, 30, 32, 39, 45, 48, 50, 52, 55, 58,
            60, 67, 77, 80, 82, 83, 84, 90, 92, 94, 97, 106, 108, 109, 112, 115, 118,
        ];
        assert!(rows.is_superset(&BTreeSet::from(wanted)), "{rows:?}");
        assert!(ALL.is_sorted_by_key(|spec| spec.row));
    }

    #[test]
    fn every_fault_can_be_made_in_the_built_in_lab_by_its_name() {
        let plan = plan();
        for spec in known() {
            let fault = parse(spec.name, &plan).unwrap_or_else(|e| panic!("{e}"));
            let changes = fault.changes(&plan).unwrap_or_else(|e| panic!("{e}"));
            assert!(!changes.is_empty(), "{}", spec.name);
            assert_eq!(changes.iter().all(served::is_served), spec.loopback, "{}", spec.name);
            let spelt = parse(&spec.spelt_out(), &plan).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(spelt.changes(&plan).unwrap(), changes, "{}", spec.name);
        }
    }

    #[test]
    fn a_fault_is_generic_in_its_place() {
        let plan = plan();
        for text in [
            "net.mtu-blackhole@backbone,mtu=1200",
            "net.mtu-blackhole@isp:eth0,mtu=1200,direction=both",
            "tcp.syn-dropped@backbone,port=80",
            "tcp.syn-dropped@h1",
            "tcp.reset@isp",
            "tcp.reset@exampleCOM",
            "tcp.reject-port-unreachable@isp-modemA,port=80",
            "net.unreachable-route@backbone",
            "net.prohibit-route@isp,host=mail",
            "net.dead-host@mail",
            "net.no-return-route@backbone",
            "net.ipv6-broken@isp,how=unreachable",
            "link.no-carrier@backbone-example",
            "link.no-carrier@www",
            "link.interface-down@modemA:eth0",
            "link.dead-gateway@www",
            "dns.nxdomain,name=httpbin.org",
            "dns.lame-delegation,zone=google.com",
            "dns.udp-blocked@modemA",
            "http.server-error,status=503",
            "tcp.port-closed@www,port=80",
            "tls.hello-dropped@isp",
        ] {
            let fault = parse(text, &plan).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert!(!fault.changes(&plan).unwrap_or_else(|e| panic!("{text}: {e}")).is_empty());
        }
    }

    #[test]
    fn errors_point_at_the_character_and_ask_what_was_meant() {
        let plan = plan();
        for (text, at, hint) in [
            ("tls.cert-expird", 1, Some("tls.cert-expired")),
            ("cert-expired", 1, Some("tls.cert-expired")),
            ("", 1, None),
            ("@www", 1, None),
            ("tls.cert-expired@wwww", 18, Some("www")),
            ("tls.cert-expired@", 18, None),
            ("tls.cert-expired@h1", 18, None),
            ("tls.cert-expired@exampleCOM", 18, None),
            ("dns.nxdomain@www", 14, None),
            ("link.interface-down@h1:eth0", 24, Some("eth1")),
            ("link.interface-down@h1:eth1,x=1", 29, None),
            ("tcp.reset,port=70000", 16, None),
            ("tcp.reset,prt=443", 11, Some("port")),
            ("tcp.reset,port", 11, None),
            ("tcp.reset,port=1,port=2", 18, None),
            ("tcp.reset,", 11, None),
            ("net.unreachable-route,host=ww", 28, Some("www")),
        ] {
            match parse(text, &plan) {
                Err(FaultError::Text { at: found, near, .. }) => {
                    assert_eq!((found, near.as_deref()), (at, hint), "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_record_is_what_a_bench_reads() {
        let record = find("net.mtu-blackhole").unwrap().record();
        assert_eq!(record["layer"], "net");
        assert_eq!(record["row"], 18);
        assert_eq!(record["check"]["at"], "h1");
        assert_eq!(record["check"]["args"][0], "https://www.example.com/");
        assert!(record["check"]["env"].is_object());
        assert_eq!(record["outcome"], "broken");
        assert_eq!(record["expect"][0], "net.mtu.blackhole");
        assert_eq!(record["params"][0]["key"], "mtu");
    }
}
