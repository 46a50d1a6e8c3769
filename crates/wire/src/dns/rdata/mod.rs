//! Record data: one file per type, and the one list of them.
//!
//! To add a type, write `rdata/<type>.rs` with the four items that every file here has (`Data`,
//! `blank`, `lay`, `present`), and add its line to `with_data` below.

use std::fmt;

use super::name::{Name, Names};
use crate::code::code_points;
use crate::layout::DecodeError;
use crate::wire::Wire;

macro_rules! record_types {
    (
        with_data { $($module:ident: $variant:ident = $number:literal => $name:literal,)* }
        name_only { $($bare:ident = $bare_number:literal => $bare_name:literal,)* }
    ) => {
        $(pub mod $module;)*

        code_points! {
            /// A record type, <https://www.iana.org/assignments/dns-parameters>. One without a
            /// name is written `TYPE731` (RFC 3597 section 5).
            "record type", pub enum Rtype: u16, unknown "TYPE{}" {
                $($variant = $number => $name,)*
                $($bare = $bare_number => $bare_name,)*
            }
        }

        /// The data of a record.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum Rdata {
            $(
                #[doc = concat!("`", $name, "`, see [`", stringify!($module), "`].")]
                $variant($module::Data),
            )*
            /// A type whose format is not known here (RFC 3597).
            Unknown {
                /// The type's number.
                rtype: u16,
                /// The data as it stood on the wire.
                data: Vec<u8>,
            },
        }

        impl Rdata {
            /// The type of this data.
            pub fn rtype(&self) -> Rtype {
                match self {
                    $(Rdata::$variant(_) => Rtype::$variant,)*
                    Rdata::Unknown { rtype, .. } => Rtype::from(*rtype),
                }
            }

            /// Empty data of that type, to be laid.
            pub(super) fn blank(rtype: Rtype) -> Rdata {
                match rtype {
                    $(Rtype::$variant => Rdata::$variant($module::blank()),)*
                    other => Rdata::Unknown { rtype: other.number(), data: Vec::new() },
                }
            }

            /// The data, without the length before it.
            pub(super) fn lay(
                &mut self,
                wire: &mut Wire<'_>,
                names: &mut Names,
            ) -> Result<(), DecodeError> {
                match self {
                    $(Rdata::$variant(data) => $module::lay(data, wire, names),)*
                    Rdata::Unknown { data, .. } => wire.rest("data", data).map(drop),
                }
            }
        }

        impl fmt::Display for Rdata {
            /// The notation of zone files, RFC 1035 section 5 and the RFC of the type; `\# 2
            /// 0102` (RFC 3597 section 5) where the type is not known.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Rdata::$variant(data) => $module::present(data, f),)*
                    Rdata::Unknown { data, .. } => present_unknown(data, f),
                }
            }
        }
    };
}

record_types! {
    with_data {
        a: A = 1 => "A",
        ns: Ns = 2 => "NS",
        cname: Cname = 5 => "CNAME",
        soa: Soa = 6 => "SOA",
        ptr: Ptr = 12 => "PTR",
        mx: Mx = 15 => "MX",
        txt: Txt = 16 => "TXT",
        aaaa: Aaaa = 28 => "AAAA",
        srv: Srv = 33 => "SRV",
        opt: Opt = 41 => "OPT",
        caa: Caa = 257 => "CAA",
    }
    name_only {
        Md = 3 => "MD",
        Mf = 4 => "MF",
        Mb = 7 => "MB",
        Mg = 8 => "MG",
        Mr = 9 => "MR",
        Null = 10 => "NULL",
        Wks = 11 => "WKS",
        Hinfo = 13 => "HINFO",
        Minfo = 14 => "MINFO",
        Rp = 17 => "RP",
        Afsdb = 18 => "AFSDB",
        X25 = 19 => "X25",
        Isdn = 20 => "ISDN",
        Rt = 21 => "RT",
        Nsap = 22 => "NSAP",
        NsapPtr = 23 => "NSAP-PTR",
        Sig = 24 => "SIG",
        Key = 25 => "KEY",
        Px = 26 => "PX",
        Gpos = 27 => "GPOS",
        Loc = 29 => "LOC",
        Nxt = 30 => "NXT",
        Eid = 31 => "EID",
        Nimloc = 32 => "NIMLOC",
        Atma = 34 => "ATMA",
        Naptr = 35 => "NAPTR",
        Kx = 36 => "KX",
        Cert = 37 => "CERT",
        A6 = 38 => "A6",
        Dname = 39 => "DNAME",
        Sink = 40 => "SINK",
        Apl = 42 => "APL",
        Ds = 43 => "DS",
        Sshfp = 44 => "SSHFP",
        Ipseckey = 45 => "IPSECKEY",
        Rrsig = 46 => "RRSIG",
        Nsec = 47 => "NSEC",
        Dnskey = 48 => "DNSKEY",
        Dhcid = 49 => "DHCID",
        Nsec3 = 50 => "NSEC3",
        Nsec3param = 51 => "NSEC3PARAM",
        Tlsa = 52 => "TLSA",
        Smimea = 53 => "SMIMEA",
        Hip = 55 => "HIP",
        Ninfo = 56 => "NINFO",
        Rkey = 57 => "RKEY",
        Talink = 58 => "TALINK",
        Cds = 59 => "CDS",
        Cdnskey = 60 => "CDNSKEY",
        Openpgpkey = 61 => "OPENPGPKEY",
        Csync = 62 => "CSYNC",
        Zonemd = 63 => "ZONEMD",
        Svcb = 64 => "SVCB",
        Https = 65 => "HTTPS",
        Dsync = 66 => "DSYNC",
        Hhit = 67 => "HHIT",
        Brid = 68 => "BRID",
        Unece = 69 => "UNECE",
        Iso = 70 => "ISO",
        Spf = 99 => "SPF",
        Uinfo = 100 => "UINFO",
        Uid = 101 => "UID",
        Gid = 102 => "GID",
        Unspec = 103 => "UNSPEC",
        Nid = 104 => "NID",
        L32 = 105 => "L32",
        L64 = 106 => "L64",
        Lp = 107 => "LP",
        Eui48 = 108 => "EUI48",
        Eui64 = 109 => "EUI64",
        Nxname = 128 => "NXNAME",
        Tkey = 249 => "TKEY",
        Tsig = 250 => "TSIG",
        Ixfr = 251 => "IXFR",
        Axfr = 252 => "AXFR",
        Mailb = 253 => "MAILB",
        Maila = 254 => "MAILA",
        Any = 255 => "ANY",
        Uri = 256 => "URI",
        Avc = 258 => "AVC",
        Doa = 259 => "DOA",
        Amtrelay = 260 => "AMTRELAY",
        Resinfo = 261 => "RESINFO",
        Wallet = 262 => "WALLET",
        Cla = 263 => "CLA",
        Ipn = 264 => "IPN",
        Ta = 32768 => "TA",
        Dlv = 32769 => "DLV",
    }
}

/// A name as a zone file has it when no origin is meant: with the trailing dot.
pub(super) struct Absolute<'a>(pub(super) &'a Name);

impl fmt::Display for Absolute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot = if self.0.is_root() { "" } else { "." };
        write!(f, "{}{dot}", self.0)
    }
}

/// Bytes in quotes, RFC 1035 section 5.1.
fn present_quoted(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => write!(f, "\\{}", char::from(byte))?,
            0x20..=0x7e => write!(f, "{}", char::from(byte))?,
            _ => write!(f, "\\{byte:03}")?,
        }
    }
    f.write_str("\"")
}

fn present_unknown(data: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "\\# {}", data.len())?;
    if !data.is_empty() {
        f.write_str(" ")?;
    }
    data.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}
