//! OPT: the extension mechanism, RFC 6891. A pseudo record whose class and TTL fields hold
//! other things.
//!
//! ```text
//! +------------+--------------+------------------------------+
//! | NAME       | root         |                              |
//! | TYPE       | 41           |                              |
//! | CLASS      | UDP size     | what the sender can take     |
//! | TTL        | 8 bits       | upper bits of the RCODE      |
//! |            | 8 bits       | version                      |
//! |            | 1 bit + 15   | DO (DNSSEC OK), reserved     |
//! | RDATA      | options      | {code, length, data} ...     |
//! +------------+--------------+------------------------------+
//! ```

use std::fmt;

use crate::code::code_points;
use crate::dns::name::Names;
use crate::layout::DecodeError;
use crate::wire::Wire;

/// What EDNS says beside its part of the response code, which is in
/// [`Flags::rcode`](crate::dns::Flags::rcode).
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Edns {
    /// The largest UDP payload that the sender can take.
    pub udp_size: u16,
    /// The version; there is only 0.
    pub version: u8,
    /// DO: the sender wants DNSSEC records (RFC 3225).
    pub dnssec_ok: bool,
    /// The 15 bits after DO, which must be zero.
    pub reserved: u16,
    /// The options, in the order of the wire.
    pub options: Vec<EdnsOption>,
}

impl Default for Edns {
    /// 1232 bytes, which fit into any path that carries IPv6 (DNS flag day 2020, now RFC 9715).
    fn default() -> Edns {
        Edns { udp_size: 1232, version: 0, dnssec_ok: false, reserved: 0, options: Vec::new() }
    }
}

/// One option of EDNS.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum EdnsOption {
    /// Why the answer is as it is (EDE, RFC 8914).
    ExtendedError {
        /// What happened.
        code: ExtendedErrorCode,
        /// More words for a person; may be empty.
        text: String,
    },
    /// An option whose data is not taken apart here.
    Unknown {
        /// The option's number.
        code: u16,
        /// Its data.
        data: Vec<u8>,
    },
}

impl Default for EdnsOption {
    fn default() -> EdnsOption {
        EdnsOption::Unknown { code: 0, data: Vec::new() }
    }
}

code_points! {
    /// The kind of an EDNS option.
    "EDNS option", pub enum OptionCode: u16, unknown "OPT{}" {
        Llq = 1 => "LLQ",
        Nsid = 3 => "NSID",
        ClientSubnet = 8 => "client subnet",
        Expire = 9 => "EXPIRE",
        Cookie = 10 => "COOKIE",
        TcpKeepalive = 11 => "TCP keepalive",
        Padding = 12 => "padding",
        Chain = 13 => "CHAIN",
        KeyTag = 14 => "key tag",
        ExtendedError = 15 => "extended error",
        ReportChannel = 18 => "report channel",
    }
}

code_points! {
    /// Extended DNS errors, RFC 8914 section 4 and the registry.
    "extended DNS error", pub enum ExtendedErrorCode: u16, unknown "EDE{}" {
        Other = 0 => "Other Error",
        UnsupportedDnskeyAlgorithm = 1 => "Unsupported DNSKEY Algorithm",
        UnsupportedDsDigestType = 2 => "Unsupported DS Digest Type",
        StaleAnswer = 3 => "Stale Answer",
        ForgedAnswer = 4 => "Forged Answer",
        DnssecIndeterminate = 5 => "DNSSEC Indeterminate",
        DnssecBogus = 6 => "DNSSEC Bogus",
        SignatureExpired = 7 => "Signature Expired",
        SignatureNotYetValid = 8 => "Signature Not Yet Valid",
        DnskeyMissing = 9 => "DNSKEY Missing",
        RrsigsMissing = 10 => "RRSIGs Missing",
        NoZoneKeyBitSet = 11 => "No Zone Key Bit Set",
        NsecMissing = 12 => "NSEC Missing",
        CachedError = 13 => "Cached Error",
        NotReady = 14 => "Not Ready",
        Blocked = 15 => "Blocked",
        Censored = 16 => "Censored",
        Filtered = 17 => "Filtered",
        Prohibited = 18 => "Prohibited",
        StaleNxdomainAnswer = 19 => "Stale NXDOMAIN Answer",
        NotAuthoritative = 20 => "Not Authoritative",
        NotSupported = 21 => "Not Supported",
        NoReachableAuthority = 22 => "No Reachable Authority",
        NetworkError = 23 => "Network Error",
        InvalidData = 24 => "Invalid Data",
        SignatureExpiredBeforeValid = 25 => "Signature Expired before Valid",
        TooEarly = 26 => "Too Early",
        UnsupportedNsec3Iterations = 27 => "Unsupported NSEC3 Iterations Value",
        UnableToConformToPolicy = 28 => "Unable to conform to policy",
        Synthesized = 29 => "Synthesized",
        InvalidQueryType = 30 => "Invalid Query Type",
        RateLimited = 31 => "Rate Limited",
        OverQuota = 32 => "Over Quota",
        NegativeTrustAnchor = 33 => "Negative Trust Anchor",
        NewDelegationOnly = 34 => "New Delegation Only",
        BlockedByUpstreamDnsServer = 35 => "Blocked by Upstream DNS Server",
    }
}

/// What EDNS says.
pub type Data = Edns;

pub(super) fn blank() -> Data {
    Edns::default()
}

/// The fields that stand where other records have their class and TTL. `rcode_high` is the
/// upper eight bits of the response code.
pub(in crate::dns) fn lay_head(
    data: &mut Data,
    wire: &mut Wire<'_>,
    rcode_high: &mut u8,
) -> Result<(), DecodeError> {
    wire.u16("UDP size", &mut data.udp_size)?
        .anomaly(data.udp_size < 512, || "below 512 counts as 512, RFC 6891 section 6.2.3");
    wire.u8("upper bits of the response code", rcode_high)?;
    wire.u8("version", &mut data.version)?
        .anomaly(data.version != 0, || "only version 0 is defined");
    wire.bits("DNSSEC OK", 1, &mut data.dnssec_ok)?;
    wire.bits("reserved", 15, &mut data.reserved)?
        .anomaly(data.reserved & 0x7fff != 0, || "must be zero");
    Ok(())
}

pub(super) fn lay(
    data: &mut Data,
    wire: &mut Wire<'_>,
    _names: &mut Names,
) -> Result<(), DecodeError> {
    wire.each(&mut data.options, |wire, option| wire.group("option", |wire| option.lay(wire)))
}

impl EdnsOption {
    /// Which option it is.
    pub fn code(&self) -> OptionCode {
        match self {
            EdnsOption::ExtendedError { .. } => OptionCode::ExtendedError,
            EdnsOption::Unknown { code, .. } => OptionCode::from(*code),
        }
    }

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        let mut code = self.code();
        wire.u16("code", &mut code)?;
        if wire.is_reading() {
            *self = EdnsOption::blank(code, wire.ahead());
        }
        wire.vector("data", 2, |wire| match self {
            EdnsOption::ExtendedError { code, text } => {
                wire.u16("info code", code)?;
                let mut bytes = std::mem::take(text).into_bytes();
                wire.rest("extra text", &mut bytes)?;
                *text = String::from_utf8(bytes).unwrap_or_default();
                Ok(())
            }
            EdnsOption::Unknown { data, .. } => wire.rest("value", data).map(drop),
        })
    }

    /// The option to read into. An extended error that is not as RFC 8914 wants it stays bytes,
    /// so that nothing of it is lost.
    fn blank(code: OptionCode, ahead: &[u8]) -> EdnsOption {
        let length = ahead.first_chunk().map(|prefix| usize::from(u16::from_be_bytes(*prefix)));
        let data = length.and_then(|length| ahead.get(2..2 + length));
        let text = data.and_then(|data| data.get(2..));
        if code == OptionCode::ExtendedError
            && text.is_some_and(|text| std::str::from_utf8(text).is_ok())
        {
            let code = ExtendedErrorCode::Other;
            return EdnsOption::ExtendedError { code, text: String::new() };
        }
        EdnsOption::Unknown { code: code.number(), data: Vec::new() }
    }
}

pub(super) fn present(data: &Data, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "version {} udp {}", data.version, data.udp_size)?;
    if data.dnssec_ok {
        f.write_str(" do")?;
    }
    for option in &data.options {
        match option {
            EdnsOption::ExtendedError { code, text } => {
                write!(f, " EDE {} ({code})", code.number())?;
                if !text.is_empty() {
                    write!(f, " {text:?}")?;
                }
            }
            EdnsOption::Unknown { data, .. } => {
                write!(f, " {} ({} bytes)", option.code(), data.len())?;
            }
        }
    }
    Ok(())
}
