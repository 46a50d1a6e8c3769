//! Extensions of the hellos, RFC 8446 section 4.2 and the RFC of each.
//!
//! What cannot be read as its RFC wants it is kept as bytes, so that a hello with one broken
//! extension is still a hello.

use serde::{Deserialize, Serialize};

use super::registry::{ExtensionType, NamedGroup, SignatureScheme, Version, is_grease};
use crate::layout::DecodeError;
use crate::wire::Wire;

/// One extension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Extension {
    /// Whom the client wants to speak to (SNI, RFC 6066 section 3).
    ServerName(Vec<ServerName>),
    /// `supported_groups`, RFC 8446 section 4.2.7.
    SupportedGroups(Vec<NamedGroup>),
    /// `ec_point_formats`, RFC 8422 section 5.1.2; 0 is uncompressed.
    EcPointFormats(Vec<u8>),
    /// `signature_algorithms`, RFC 8446 section 4.2.3.
    SignatureAlgorithms(Vec<SignatureScheme>),
    /// `signature_algorithms_cert`, the same for certificates.
    SignatureAlgorithmsCert(Vec<SignatureScheme>),
    /// ALPN, RFC 7301: the protocols offered, or the one chosen.
    Alpn(Vec<Vec<u8>>),
    /// `extended_master_secret`, RFC 7627.
    ExtendedMasterSecret,
    /// `encrypt_then_mac`, RFC 7366.
    EncryptThenMac,
    /// `session_ticket`, RFC 5077; empty to ask for one.
    SessionTicket(Vec<u8>),
    /// `supported_versions` of a client: all that it offers.
    SupportedVersions(Vec<Version>),
    /// `supported_versions` of a server: the one chosen.
    SelectedVersion(Version),
    /// `psk_key_exchange_modes`, RFC 8446 section 4.2.9.
    PskKeyExchangeModes(Vec<u8>),
    /// `key_share` of a client.
    KeyShares(Vec<KeyShareEntry>),
    /// `key_share` of a server.
    SelectedKeyShare(KeyShareEntry),
    /// `key_share` of a HelloRetryRequest: the group that the server wants instead.
    RetryGroup(NamedGroup),
    /// `cookie`, RFC 8446 section 4.2.2.
    Cookie(Vec<u8>),
    /// `renegotiation_info`, RFC 5746.
    RenegotiationInfo(Vec<u8>),
    /// Any other, or one whose data is not as its RFC wants it.
    Unknown {
        /// The extension's number.
        kind: u16,
        /// Its data.
        data: Vec<u8>,
    },
}

/// One name of the extension `server_name`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServerName {
    /// 0 is a host name; there is no other.
    pub kind: u8,
    /// The name, without a trailing dot; ASCII where all is well.
    pub name: Vec<u8>,
}

/// A public key for one group.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeyShareEntry {
    /// The group.
    pub group: NamedGroup,
    /// The public key, in the form of the group.
    pub key: Vec<u8>,
}

/// Whose hello it is: some extensions look different in the other direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    Client,
    Server,
}

impl Default for Extension {
    fn default() -> Extension {
        Extension::Unknown { kind: 0, data: Vec::new() }
    }
}

impl Extension {
    /// SNI with one host name.
    pub fn server_name(host: &str) -> Extension {
        Extension::ServerName(vec![ServerName { kind: 0, name: host.as_bytes().to_vec() }])
    }

    /// ALPN with these protocols, the most wanted first.
    pub fn alpn(protocols: &[&str]) -> Extension {
        Extension::Alpn(protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect())
    }

    /// Which extension it is.
    pub fn kind(&self) -> ExtensionType {
        match self {
            Extension::ServerName(_) => ExtensionType::ServerName,
            Extension::SupportedGroups(_) => ExtensionType::SupportedGroups,
            Extension::EcPointFormats(_) => ExtensionType::EcPointFormats,
            Extension::SignatureAlgorithms(_) => ExtensionType::SignatureAlgorithms,
            Extension::SignatureAlgorithmsCert(_) => ExtensionType::SignatureAlgorithmsCert,
            Extension::Alpn(_) => ExtensionType::Alpn,
            Extension::ExtendedMasterSecret => ExtensionType::ExtendedMasterSecret,
            Extension::EncryptThenMac => ExtensionType::EncryptThenMac,
            Extension::SessionTicket(_) => ExtensionType::SessionTicket,
            Extension::SupportedVersions(_) | Extension::SelectedVersion(_) => {
                ExtensionType::SupportedVersions
            }
            Extension::PskKeyExchangeModes(_) => ExtensionType::PskKeyExchangeModes,
            Extension::KeyShares(_) | Extension::SelectedKeyShare(_) | Extension::RetryGroup(_) => {
                ExtensionType::KeyShare
            }
            Extension::Cookie(_) => ExtensionType::Cookie,
            Extension::RenegotiationInfo(_) => ExtensionType::RenegotiationInfo,
            Extension::Unknown { kind, .. } => ExtensionType::from(*kind),
        }
    }

    /// The extension to read into, given what its data is like.
    fn blank(kind: ExtensionType, sender: Sender, length_bytes: usize) -> Extension {
        match (kind, sender) {
            (ExtensionType::ServerName, _) if length_bytes > 0 => Extension::ServerName(Vec::new()),
            (ExtensionType::SupportedGroups, _) => Extension::SupportedGroups(Vec::new()),
            (ExtensionType::EcPointFormats, _) => Extension::EcPointFormats(Vec::new()),
            (ExtensionType::SignatureAlgorithms, _) => Extension::SignatureAlgorithms(Vec::new()),
            (ExtensionType::SignatureAlgorithmsCert, _) => {
                Extension::SignatureAlgorithmsCert(Vec::new())
            }
            (ExtensionType::Alpn, _) => Extension::Alpn(Vec::new()),
            (ExtensionType::ExtendedMasterSecret, _) => Extension::ExtendedMasterSecret,
            (ExtensionType::EncryptThenMac, _) => Extension::EncryptThenMac,
            (ExtensionType::SessionTicket, _) => Extension::SessionTicket(Vec::new()),
            (ExtensionType::SupportedVersions, Sender::Client) => {
                Extension::SupportedVersions(Vec::new())
            }
            (ExtensionType::SupportedVersions, Sender::Server) => {
                Extension::SelectedVersion(Version::default())
            }
            (ExtensionType::PskKeyExchangeModes, _) => Extension::PskKeyExchangeModes(Vec::new()),
            (ExtensionType::KeyShare, Sender::Client) => Extension::KeyShares(Vec::new()),
            (ExtensionType::KeyShare, Sender::Server) if length_bytes == 2 => {
                Extension::RetryGroup(NamedGroup::default())
            }
            (ExtensionType::KeyShare, Sender::Server) => {
                Extension::SelectedKeyShare(KeyShareEntry::default())
            }
            (ExtensionType::Cookie, _) => Extension::Cookie(Vec::new()),
            (ExtensionType::RenegotiationInfo, _) => Extension::RenegotiationInfo(Vec::new()),
            _ => Extension::Unknown { kind: kind.number(), data: Vec::new() },
        }
    }

    /// Kind, length and data.
    fn lay(&mut self, wire: &mut Wire<'_>, sender: Sender) -> Result<(), DecodeError> {
        let mut kind = self.kind();
        wire.u16("type", &mut kind)?.meaning_if(is_grease(kind.number()), || GREASE);
        wire.here().meaning(|| kind.to_string());
        wire.vector("data", 2, |wire| {
            if wire.is_reading() {
                *self = Extension::blank(kind, sender, wire.remaining_bytes());
            }
            wire.strict_or(self, Extension::lay_data, |extension, wire, error| {
                wire.here().anomaly(true, || error.to_string());
                let mut data = Vec::new();
                wire.rest("bytes", &mut data)?;
                *extension = Extension::Unknown { kind: kind.number(), data };
                Ok(())
            })
        })
    }

    fn lay_data(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        match self {
            Extension::ServerName(names) => {
                wire.vector("names", 2, |wire| wire.each(names, |wire, name| name.lay(wire)))
            }
            Extension::SupportedGroups(groups) => {
                wire.vector("groups", 2, |wire| wire.each(groups, lay_group))
            }
            Extension::EcPointFormats(formats) => {
                wire.vector("formats", 1, |wire| wire.rest("formats", formats).map(drop))
            }
            Extension::SignatureAlgorithms(schemes)
            | Extension::SignatureAlgorithmsCert(schemes) => {
                wire.vector("schemes", 2, |wire| lay_schemes(wire, schemes))
            }
            Extension::Alpn(protocols) => wire.vector("protocols", 2, |wire| {
                wire.each(protocols, |wire, protocol| {
                    wire.vector("protocol", 1, |wire| lay_text(wire, "name", protocol))
                })
            }),
            Extension::ExtendedMasterSecret | Extension::EncryptThenMac => Ok(()),
            Extension::SessionTicket(ticket) => wire.rest("ticket", ticket).map(drop),
            Extension::SupportedVersions(versions) => wire.vector("versions", 1, |wire| {
                wire.each(versions, |wire, version| {
                    wire.u16("version", version)?
                        .meaning_if(is_grease(version.number()), || GREASE);
                    Ok(())
                })
            }),
            Extension::SelectedVersion(version) => wire.u16("version", version).map(drop),
            Extension::PskKeyExchangeModes(modes) => {
                wire.vector("modes", 1, |wire| wire.rest("modes", modes).map(drop))
            }
            Extension::KeyShares(shares) => wire.vector("shares", 2, |wire| {
                wire.each(shares, |wire, share| wire.group("share", |wire| share.lay(wire)))
            }),
            Extension::SelectedKeyShare(share) => share.lay(wire),
            Extension::RetryGroup(group) => lay_group(wire, group),
            Extension::Cookie(cookie) => {
                wire.vector("cookie", 2, |wire| wire.rest("cookie", cookie).map(drop))
            }
            Extension::RenegotiationInfo(info) => {
                wire.vector("info", 1, |wire| wire.rest("verify data", info).map(drop))
            }
            Extension::Unknown { data, .. } => wire.rest("bytes", data).map(drop),
        }
    }
}

const GREASE: &str = "GREASE: a value that means nothing, RFC 8701";

/// The extensions of a hello; before TLS 1.3 the whole list may be missing, and an empty one is
/// written that way.
pub(super) fn lay_extensions(
    wire: &mut Wire<'_>,
    extensions: &mut Vec<Extension>,
    sender: Sender,
) -> Result<(), DecodeError> {
    let absent =
        if wire.is_reading() { wire.remaining_bytes() == 0 } else { extensions.is_empty() };
    if absent {
        extensions.clear();
        return Ok(());
    }
    wire.vector("extensions", 2, |wire| {
        wire.each(extensions, |wire, extension| {
            wire.group("extension", |wire| extension.lay(wire, sender))
        })
    })
}

fn lay_group(wire: &mut Wire<'_>, group: &mut NamedGroup) -> Result<(), DecodeError> {
    wire.u16("group", group)?.meaning_if(is_grease(group.number()), || GREASE);
    Ok(())
}

/// Signature schemes until the region ends.
pub(super) fn lay_schemes(
    wire: &mut Wire<'_>,
    schemes: &mut Vec<SignatureScheme>,
) -> Result<(), DecodeError> {
    wire.each(schemes, |wire, scheme| {
        wire.u16("scheme", scheme)?.meaning_if(is_grease(scheme.number()), || GREASE);
        Ok(())
    })
}

/// The rest of the region, which is text where all is well.
fn lay_text(
    wire: &mut Wire<'_>,
    field: &'static str,
    text: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    wire.text(field, wire.remaining_bytes(), text).map(drop)
}

impl ServerName {
    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        wire.u8("name type", &mut self.kind)?
            .meaning_if(self.kind == 0, || "host_name")
            .anomaly(self.kind != 0, || "only host_name (0) is defined");
        wire.vector("name", 2, |wire| lay_text(wire, "host name", &mut self.name))
    }
}

impl KeyShareEntry {
    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        lay_group(wire, &mut self.group)?;
        wire.vector("key exchange", 2, |wire| wire.rest("key", &mut self.key).map(drop))
    }
}
