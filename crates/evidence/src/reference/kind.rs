//! The kinds of pages: one table, and one data file for each.

use super::page::{Page, pages_of};

macro_rules! kinds {
    ($(
        $variant:ident $prefix:literal $title:literal, for instance $example:literal,
        $facts:literal, in $($file:literal)+ $(, number is also $spelled:literal)?
        $(, takes in $taken:ident)?;
    )*) => {
        /// What a page is about; the prefix of its topic.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $(#[doc = $title] $variant,)* }

        impl Kind {
            /// Every kind, in the order in which they are listed.
            pub const ALL: &[Kind] = &[$(Kind::$variant,)*];

            /// The files of the pages, below `crates/evidence/reference/`.
            pub const FILES: &[&str] = &[$($($file,)+)*];

            /// What stands before the colon: `status` in `status:404`.
            pub const fn prefix(self) -> &'static str {
                match self { $(Kind::$variant => $prefix,)* }
            }

            /// What its pages are, in the plural.
            pub const fn title(self) -> &'static str {
                match self { $(Kind::$variant => $title,)* }
            }

            /// A key that people ask for.
            pub const fn example(self) -> &'static str {
                match self { $(Kind::$variant => $example,)* }
            }

            /// The names of the facts that each page has, in their order.
            pub fn facts(self) -> impl Iterator<Item = &'static str> {
                match self { $(Kind::$variant => $facts,)* }.split(", ")
            }

            pub(super) const fn sources(self) -> &'static [&'static str] {
                match self { $(Kind::$variant => &[
                    $(include_str!(concat!("../../reference/", $file)),)+
                ],)* }
            }

            /// A word that may stand before a number, beside the prefix.
            pub(super) const fn spelled(self) -> Option<&'static str> {
                match self {
                    $($(Kind::$variant => Some($spelled),)?)*
                    #[allow(unreachable_patterns, reason = "a table in which every row has one")]
                    _ => None,
                }
            }

            /// The kind whose pages are found by this prefix too.
            pub(super) const fn takes_in(self) -> Option<Kind> {
                match self {
                    $($(Kind::$variant => Some(Kind::$taken),)?)*
                    #[allow(unreachable_patterns, reason = "a table in which every row has one")]
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    Method "method" "HTTP methods", for instance "PUT",
        "safe, idempotent, cacheable, request body, response body", in "method.md";
    Status "status" "HTTP status codes", for instance "404",
        "at fault, retry, owes", in "status.md";
    Header "header" "HTTP header fields", for instance "ETag",
        "direction, syntax, goes wrong", in "header.md" "header-rare.md";
    Rtype "rtype" "DNS record types", for instance "MX",
        "number, rdata", in "rtype.md", number is also "TYPE";
    Rcode "rcode" "DNS response codes", for instance "SERVFAIL",
        "number, at fault, retry", in "rcode.md";
    Ede "ede" "Extended DNS errors", for instance "22",
        "number, at fault, do", in "ede.md";
    Alert "alert" "TLS alerts", for instance "48",
        "number, level, cause, do", in "alert.md";
    Suite "suite" "TLS cipher suites", for instance "TLS_AES_128_GCM_SHA256",
        "number, key exchange, authentication, cipher, hash, verdict", in "suite.md";
    Group "group" "TLS groups for the key exchange", for instance "x25519",
        "number, type, strength", in "group.md";
    Tcp "tcp" "TCP flags, options and states", for instance "TIME-WAIT",
        "is, number, who", in "tcp.md";
    Icmp "icmp" "ICMP types and codes", for instance "3/4",
        "number, class, sender, do", in "icmp.md";
    Icmpv6 "icmpv6" "ICMPv6 types and codes", for instance "2",
        "number, class, sender, do", in "icmpv6.md";
    Errno "errno" "Errors of socket calls", for instance "ECONNREFUSED",
        "number, calls, cause, do", in "errno.md";
    Eai "eai" "Errors of name look-ups, getaddrinfo(3)", for instance "EAI_AGAIN",
        "number, cause, do", in "eai.md";
    Sockopt "sockopt" "Socket options", for instance "SO_LINGER",
        "level, number, type, changes, flag", in "sockopt.md";
    EtherType "ethertype" "EtherTypes", for instance "0x0806",
        "number, carries", in "ethertype.md";
    Proto "proto" "IP protocols", for instance "6",
        "number, layer", in "proto.md";
    Port "port" "Ports", for instance "443",
        "number, transport, use", in "port.md";
    Layer "layer" "Layers, OSI beside TCP/IP", for instance "transport",
        "number, unit, protocols, addresses", in "layer.md", takes in Protocol;
    Protocol "protocol" "Protocols", for instance "SCTP",
        "layer, runs on, unit", in "protocol.md";
}

impl Kind {
    /// The kind with this prefix, in any case.
    pub fn from_prefix(prefix: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.prefix().eq_ignore_ascii_case(prefix))
    }

    /// Whether its registry writes numbers as `0xc02f`.
    pub const fn is_hexadecimal(self) -> bool {
        matches!(self, Kind::Suite | Kind::Group | Kind::EtherType)
    }

    /// Whether a number has several pages of the kind: flags, options and
    /// states, or each level, count for themselves.
    pub const fn counts_apart(self) -> bool {
        matches!(self, Kind::Tcp | Kind::Sockopt)
    }

    /// Its pages, in the order of the file.
    pub fn pages(self) -> impl Iterator<Item = Page> {
        self.sources().iter().flat_map(move |source| pages_of(self, source))
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.prefix())
    }
}
