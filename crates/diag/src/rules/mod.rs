//! The rules, layer by layer.
//!
//! A rule is a pair of pure functions over the [`Facts`]: what they show, and
//! what to ask to know more. To add one: write its file in the directory of
//! its layer and its line in [`TABLE`].

use plumb_evidence::{Finding, Question};

use crate::facts::Facts;

pub(crate) mod dns;
pub(crate) mod http;
pub(crate) mod link;
pub(crate) mod net;
pub(crate) mod tcp;
pub(crate) mod tls;
pub(crate) mod udp;
pub(crate) mod unreached;

/// One subject, judged.
#[derive(Debug)]
pub(crate) struct Rule {
    /// What the facts show.
    pub findings: fn(&Facts<'_>) -> Vec<Finding>,
    /// What to ask to know more.
    pub questions: fn(&Facts<'_>) -> Vec<Question>,
}

impl Rule {
    const fn new(
        findings: fn(&Facts<'_>) -> Vec<Finding>,
        questions: fn(&Facts<'_>) -> Vec<Question>,
    ) -> Rule {
        Rule { findings, questions }
    }

    /// A rule to which the others' questions are enough.
    const fn silent(findings: fn(&Facts<'_>) -> Vec<Finding>) -> Rule {
        Rule { findings, questions: |_| Vec::new() }
    }
}

/// Every rule, bottom layer first.
pub(crate) const TABLE: &[Rule] = &[
    Rule::new(|_| Vec::new(), unreached::questions),
    Rule::silent(link::interface::findings),
    Rule::silent(link::neighbour::findings),
    Rule::silent(net::local::findings),
    Rule::silent(net::route::findings),
    Rule::silent(net::host::findings),
    Rule::silent(net::silence::findings),
    Rule::new(net::mtu::findings, net::mtu::questions),
    Rule::silent(net::loss::findings),
    Rule::new(net::family::findings, net::family::questions),
    Rule::new(dns::resolver::findings, dns::resolver::questions),
    Rule::silent(dns::answer::findings),
    Rule::silent(dns::answer::unusable),
    Rule::new(dns::failure::findings, dns::failure::questions),
    Rule::new(dns::slow::findings, dns::slow::questions),
    Rule::new(dns::system::findings, dns::system::questions),
    Rule::silent(tcp::port::findings),
    Rule::silent(tcp::local::findings),
    Rule::new(tcp::accepted::findings, tcp::accepted::questions),
    Rule::silent(udp::port::findings),
    Rule::new(tls::cert::findings, tls::cert::questions),
    Rule::new(tls::hello::findings, tls::hello::questions),
    Rule::new(tls::refusal::findings, tls::refusal::questions),
    Rule::silent(tls::client_cert::findings),
    Rule::silent(http::status::findings),
    Rule::silent(http::redirect::findings),
    Rule::new(http::response::findings, http::response::questions),
    Rule::silent(http::body::findings),
    Rule::silent(http::proxy::findings),
];
