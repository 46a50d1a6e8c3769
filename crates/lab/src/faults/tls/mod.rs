//! Faults of the tls layer.

pub(super) mod cert_expired;
pub(super) mod cert_expires_soon;
pub(super) mod cert_not_yet_valid;
pub(super) mod client_cert_required;
pub(super) mod handshake_cut;
pub(super) mod handshake_silent;
pub(super) mod hello_dropped;
pub(super) mod internal_error;
pub(super) mod missing_intermediate;
pub(super) mod no_http2;
pub(super) mod old_version;
pub(super) mod only_1_2;
pub(super) mod only_1_3;
pub(super) mod plaintext;
pub(super) mod self_signed;
pub(super) mod unknown_root;
pub(super) mod unrecognized_name;
pub(super) mod wrong_host;
