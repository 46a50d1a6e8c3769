//! Socket options as flags, each named as its manual page names the option.
//!
//! The flags are made from [`plumb_sys::options::TABLE`].

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use clap::builder::{TypedValueParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use plumb_sys::options::{
    Description, Kind, Linger, Membership, SocketOptions, TABLE, Value, dscp_by_name,
};

use super::duration;
use super::size;

/// The options of every socket that a command opens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SocketArgs {
    pub options: SocketOptions,
}

const HEADING: &str = "Socket options";

/// Longest time of a keep-alive timer (tcp(7): 32767 s).
const SECONDS_MAX: Duration = Duration::from_secs(32_767);

/// The option's flag without dashes: `so-reuseaddr`, `ttl`.
pub fn flag(description: &Description) -> String {
    match description.name {
        "IP_TOS" => "dscp".to_owned(),
        name => {
            let short = name.strip_prefix("IP_").or_else(|| name.strip_prefix("IPV6_"));
            short.unwrap_or(name).to_ascii_lowercase().replace('_', "-")
        }
    }
}

fn option(description: &'static Description) -> Arg {
    let name = flag(description);
    let mut help = description.meaning.to_owned();
    if name != description.name.to_ascii_lowercase().replace('_', "-") {
        help.push_str(&format!(" ({})", description.name));
    }
    let arg = Arg::new(name.clone())
        .long(name)
        .help(help)
        .help_heading(HEADING)
        .hide_short_help(true)
        .action(ArgAction::Set);
    match description.kind {
        Kind::Flag => arg
            .value_name("BOOL")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("on")
            .value_parser(reader(flag_value)),
        Kind::Number => arg.value_name("N").value_parser(reader(number)),
        Kind::Bytes => arg.value_name("SIZE").value_parser(reader(buffer)),
        Kind::Seconds => arg.value_name("DUR").value_parser(reader(seconds)),
        Kind::Timeout => arg.value_name("DUR").value_parser(reader(timeout)),
        Kind::Linger => arg.value_name("DUR|0|off").value_parser(reader(linger)),
        Kind::Dscp => arg.value_name("N|NAME").value_parser(reader(dscp)),
        Kind::Hops => arg.value_name("N").value_parser(reader(hops)),
    }
}

fn reader(read: fn(&str) -> Result<Value, String>) -> ValueParser {
    ValueParser::from(
        clap::builder::NonEmptyStringValueParser::new()
            .try_map(move |text: String| read(&text).map_err(std::io::Error::other)),
    )
}

fn flag_value(text: &str) -> Result<Value, String> {
    match text {
        "on" | "true" | "yes" | "1" => Ok(Value::Flag(true)),
        "off" | "false" | "no" | "0" => Ok(Value::Flag(false)),
        _ => Err("write on or off".to_owned()),
    }
}

fn number(text: &str) -> Result<Value, String> {
    text.parse().map(Value::Number).map_err(|_| format!("{text:?} is not a number"))
}

/// The size of a buffer: the kernel takes it as an int.
fn buffer(text: &str) -> Result<Value, String> {
    let bytes = u32::try_from(size::parse(text)?).ok();
    let bytes = bytes.filter(|&bytes| i32::try_from(bytes).is_ok());
    bytes.map(Value::Bytes).ok_or_else(|| "no buffer is that large".to_owned())
}

fn seconds(text: &str) -> Result<Value, String> {
    let time = duration::parse(text)?;
    if time > SECONDS_MAX { Err("at most 32767s".to_owned()) } else { Ok(Value::Seconds(time)) }
}

fn timeout(text: &str) -> Result<Value, String> {
    duration::parse(text).map(Value::Timeout)
}

fn linger(text: &str) -> Result<Value, String> {
    Ok(Value::Linger(match text {
        "off" => Linger::Off,
        "0" | "0s" => Linger::For(Duration::ZERO),
        _ => Linger::For(duration::parse(text)?),
    }))
}

fn dscp(text: &str) -> Result<Value, String> {
    /// Six bits, RFC 2474 section 3.
    const DSCP_MAX: u8 = 63;
    let number = text.parse().ok().filter(|&number| number <= DSCP_MAX);
    number
        .or_else(|| dscp_by_name(text))
        .map(Value::Dscp)
        .ok_or_else(|| "a code point is 0 to 63, or a name such as EF, AF21, CS1".to_owned())
}

fn hops(text: &str) -> Result<Value, String> {
    text.parse().map(Value::Hops).map_err(|_| "0 to 255".to_owned())
}

/// `GROUP[%IFACE]`.
fn group(text: &str) -> Result<Membership, String> {
    let (group, interface) = match text.split_once('%') {
        Some((group, interface)) => (group, Some(interface.to_owned())),
        None => (text, None),
    };
    let group: IpAddr = group.parse().map_err(|_| format!("{group:?} is not an address"))?;
    if !group.is_multicast() {
        return Err(format!("{group} is no group: those are 224.0.0.0/4 and ff00::/8"));
    }
    Ok(Membership { group, interface })
}

/// `ADDR[:PORT]`.
fn source(text: &str) -> Result<SocketAddr, String> {
    let ip = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    ip.map(|ip| SocketAddr::new(ip, 0))
        .or_else(|_| text.parse())
        .map_err(|_| format!("{text:?} is not an address of this host, with or without :PORT"))
}

/// Permission bits in octal.
fn mode(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|&mode| mode <= 0o777)
        .ok_or_else(|| "permissions are octal, such as 0660".to_owned())
}

/// The options that are not a single value of setsockopt().
fn others() -> [Arg; 5] {
    let arg = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .help(help)
            .help_heading(HEADING)
            .hide_short_help(true)
            .action(ArgAction::Set)
    };
    [
        arg("backlog", "N", "Let this many connections wait for accept(); somaxconn caps it")
            .value_parser(clap::value_parser!(u32)),
        arg("source", "ADDR[:PORT]", "Bind to this address before connecting")
            .value_parser(ValueParser::from(source)),
        arg("interface", "NAME", "Use this interface only (SO_BINDTODEVICE)"),
        arg("multicast", "GROUP[%IFACE]", "Join this group (can be repeated) (IP_ADD_MEMBERSHIP)")
            .action(ArgAction::Append)
            .value_parser(ValueParser::from(group)),
        arg("unix-mode", "OCTAL", "Give the file of a Unix socket these permissions")
            .value_parser(ValueParser::from(mode)),
    ]
}

impl Args for SocketArgs {
    fn augment_args(command: Command) -> Command {
        command.args(TABLE.iter().map(option)).args(others())
    }

    fn augment_args_for_update(command: Command) -> Command {
        SocketArgs::augment_args(command)
    }
}

impl FromArgMatches for SocketArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut arguments = SocketArgs::default();
        arguments.update_from_arg_matches(matches)?;
        Ok(arguments)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let options = &mut self.options;
        for row in TABLE {
            if let Some(value) = matches.get_one::<Value>(&flag(row)) {
                (row.ask)(options, *value);
            }
        }
        options.backlog = matches.get_one("backlog").copied();
        options.source = matches.get_one("source").copied();
        options.interface = matches.get_one("interface").cloned();
        options.join = matches.get_many("multicast").into_iter().flatten().cloned().collect();
        options.mode = matches.get_one("unix-mode").copied();
        let timers = options.keep_idle.is_some()
            || options.keep_interval.is_some()
            || options.keep_count.is_some();
        if timers {
            // The timers say nothing while the probes are off.
            options.keep_alive.get_or_insert(true);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<SocketOptions, String> {
        let command = SocketArgs::augment_args(Command::new("x").no_binary_name(true));
        let matches = command.try_get_matches_from(words).map_err(|error| error.to_string())?;
        Ok(SocketArgs::from_arg_matches(&matches).map_err(|error| error.to_string())?.options)
    }

    #[test]
    fn every_option_has_a_flag_by_its_name() {
        let flags: Vec<String> = TABLE.iter().map(flag).collect();
        insta::assert_snapshot!(flags.join(" "));
    }

    #[test]
    fn flags_become_options() {
        let options = parse(&[
            "--so-reuseaddr=off",
            "--tcp-nodelay",
            "--so-rcvbuf",
            "64k",
            "--tcp-keepidle",
            "60s",
            "--so-linger",
            "0",
            "--dscp",
            "ef",
            "--ttl",
            "9",
            "--backlog",
            "5",
            "--source",
            "[::1]:99",
            "--interface",
            "lo",
            "--multicast",
            "224.0.0.251%lo",
            "--multicast",
            "ff02::fb",
            "--multicast-loop=no",
            "--so-rcvtimeo",
            "5s",
            "--v6only",
        ])
        .unwrap();
        assert_eq!(options.reuse_address, Some(false));
        assert_eq!(options.no_delay, Some(true));
        assert_eq!(options.receive_buffer_bytes, Some(65_536));
        assert_eq!(
            (options.keep_idle, options.keep_alive),
            (Some(Duration::from_secs(60)), Some(true))
        );
        assert_eq!(options.linger, Some(Linger::For(Duration::ZERO)));
        assert_eq!((options.dscp, options.ttl, options.backlog), (Some(46), Some(9), Some(5)));
        assert_eq!(options.source, "[::1]:99".parse().ok());
        assert_eq!(options.join.len(), 2);
        assert_eq!(options.join[0].interface.as_deref(), Some("lo"));
        assert_eq!(options.multicast_loop, Some(false));
        assert_eq!(options.receive_timeout, Some(Duration::from_secs(5)));
        assert_eq!(options.only_v6, Some(true));
        assert_eq!(parse(&[]).unwrap(), SocketOptions::default());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for words in [
            &["--so-reuseaddr=maybe"][..],
            &["--so-rcvbuf", "3G"],
            &["--so-rcvbuf", "4095M"],
            &["--dscp", "64"],
            &["--ttl", "256"],
            &["--multicast", "10.0.0.1"],
            &["--source", "here"],
            &["--unix-mode", "8"],
            &["--so-linger", "5"],
            &["--tcp-keepcnt", "many"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }
}
