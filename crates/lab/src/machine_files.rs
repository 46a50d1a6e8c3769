//! The files under `/etc` that make a process on a lab machine use the lab's
//! resolver and trust the lab's certificate authority, with no environment
//! variable set.

use std::fmt::Write;

use crate::protocol::MachineFile;
use crate::subject_hash::subject_hash;
use crate::topology::Machine;

/// Where programs look for a bundle of trusted certificates. The first is
/// always made; the others are laid over what the system has.
const BUNDLES: [(&str, bool); 6] = [
    ("ssl/certs/ca-certificates.crt", false),
    ("ssl/cert.pem", true),
    ("ssl/certs/ca-bundle.crt", true),
    ("ssl/ca-bundle.pem", true),
    ("pki/tls/certs/ca-bundle.crt", true),
    ("pki/ca-trust/extracted/pem/tls-ca-bundle.pem", true),
];

/// The files of `machine`, given the lab's root certificate in both forms.
pub(crate) fn machine_files(machine: &Machine, ca_pem: &str, ca_der: &[u8]) -> Vec<MachineFile> {
    let mut files = vec![
        file("resolv.conf", resolv_conf(machine)),
        file("hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost\n".to_owned()),
        file("hostname", format!("{}\n", machine.name)),
    ];
    for (path, only_over) in BUNDLES {
        files.push(MachineFile { path: path.to_owned(), text: ca_pem.to_owned(), only_over });
    }
    if let Some(hash) = subject_hash(ca_der) {
        files.push(file(&format!("ssl/certs/{hash}.0"), ca_pem.to_owned()));
    }
    files
}

fn file(path: &str, text: String) -> MachineFile {
    MachineFile { path: path.to_owned(), text, only_over: false }
}

fn resolv_conf(machine: &Machine) -> String {
    let mut text = String::new();
    for server in &machine.resolvers {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "nameserver {server}");
    }
    if !machine.search.is_empty() {
        let _ = writeln!(text, "search {}", machine.search.join(" "));
    }
    text
}
