//! The topology file as it is written: words and positions, nothing resolved.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use toml::Spanned;

use super::error::{Source, TopologyError};

/// A topology is written by hand; whatever is larger is a mistake.
pub(super) const FILE_BYTES_MAX: usize = 1 << 20;

pub(super) type Named<T> = BTreeMap<Spanned<String>, T>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    pub(super) name: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) lan: Named<LinkEntry>,
    #[serde(default)]
    pub(super) cable: Named<LinkEntry>,
    #[serde(default)]
    pub(super) machine: Named<MachineEntry>,
    #[serde(default)]
    pub(super) zone: Named<ZoneEntry>,
    pub(super) resolver: Option<ResolverEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkEntry {
    pub(super) mtu: Option<Spanned<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct MachineEntry {
    #[serde(default)]
    pub(super) lan: Named<Spanned<Plug>>,
    #[serde(default)]
    pub(super) cable: Named<Spanned<Plug>>,
    pub(super) gateway: Option<Spanned<String>>,
    pub(super) name: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) router: bool,
    #[serde(default)]
    pub(super) proxy_arp: bool,
    pub(super) masquerade: Option<Spanned<String>>,
    pub(super) filter_inbound: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) services: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) route: Vec<Spanned<String>>,
    /// Further names, each with addresses of its own on the loopback interface.
    #[serde(default)]
    pub(super) hosts: Named<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ZoneEntry {
    #[serde(default)]
    pub(super) servers: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) record: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResolverEntry {
    pub(super) server: Spanned<String>,
    pub(super) search: Option<Spanned<String>>,
}

/// How a machine is plugged in: `"192.168.1.11/24"`, or a table that also names
/// the interface.
#[derive(Debug)]
pub(super) struct Plug {
    pub(super) interface: Option<Spanned<String>>,
    /// `None` when the plug itself is the string, whose position is the plug's.
    pub(super) address: Option<Spanned<String>>,
    pub(super) plain: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlugTable {
    interface: Option<Spanned<String>>,
    address: Option<Spanned<String>>,
}

impl<'de> Deserialize<'de> for Plug {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PlugVisitor;
        impl<'de> Visitor<'de> for PlugVisitor {
            type Value = Plug;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str(
                    "addresses such as \"192.168.1.11/24\", or { interface = ..., address = ... }",
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Plug, E> {
                Ok(Plug { interface: None, address: None, plain: Some(text.to_owned()) })
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Plug, M::Error> {
                let table = PlugTable::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Plug { interface: table.interface, address: table.address, plain: None })
            }
        }
        deserializer.deserialize_any(PlugVisitor)
    }
}

pub(super) fn read(origin: &str, text: &str) -> Result<File, TopologyError> {
    let source = Source { origin, text };
    if text.len() > FILE_BYTES_MAX {
        return Err(source.error(
            &(0..0),
            format!("the file has {} bytes; at most {FILE_BYTES_MAX} are read", text.len()),
        ));
    }
    toml::from_str(text).map_err(|error| {
        source.error(&error.span().unwrap_or(0..0), error.message().replace('\n', " "))
    })
}
