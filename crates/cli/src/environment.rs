//! Every variable of the environment that plumb reads.
//!
//! Read once, here, and passed on as values.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The first of these variables that is set and not empty, with its name.
fn first<'a>(names: &[&'a str]) -> Option<(&'a str, String)> {
    names.iter().find_map(|name| {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
        Some((*name, value))
    })
}

/// The proxy for `http` URLs. Only the lower-case name: in a CGI program
/// `HTTP_PROXY` is a header that a client sent, so curl ignores it too.
pub fn http_proxy() -> Option<(&'static str, String)> {
    first(&["http_proxy", "all_proxy", "ALL_PROXY"])
}

/// The proxy for `https` URLs.
pub fn https_proxy() -> Option<(&'static str, String)> {
    first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
}

/// Hosts that are reached without a proxy: names, addresses, prefixes, `*`.
pub fn no_proxy() -> Vec<String> {
    let list = first(&["no_proxy", "NO_PROXY"]).map(|(_, value)| value).unwrap_or_default();
    list.split([',', ' ']).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

/// `user:password` for the target's server.
pub const USER_VARIABLE: &str = "PLUMB_USER";

/// The value of [`USER_VARIABLE`].
pub fn user() -> Option<String> {
    first(&[USER_VARIABLE]).map(|(_, value)| value)
}

/// A bearer token for the target's server.
pub const TOKEN_VARIABLE: &str = "PLUMB_TOKEN";

/// The value of [`TOKEN_VARIABLE`].
pub fn token() -> Option<String> {
    first(&[TOKEN_VARIABLE]).map(|(_, value)| value)
}

/// The file of credentials for hosts: `NETRC`, else `~/.netrc`.
pub fn netrc_file() -> Option<PathBuf> {
    let own = || Some(Path::new(&first(&["HOME"])?.1).join(".netrc"));
    first(&["NETRC"]).map(|(_, value)| value.into()).or_else(own)
}

/// Where sessions are kept: `$XDG_DATA_HOME/plumb/sessions`, else below
/// `~/.local/share`.
pub fn sessions_dir() -> Option<PathBuf> {
    let data = first(&["XDG_DATA_HOME"]).map(|(_, value)| PathBuf::from(value));
    let home = || Some(Path::new(&first(&["HOME"])?.1).join(".local/share"));
    Some(data.or_else(home)?.join("plumb/sessions"))
}

/// Whether the locale names a character set other than UTF-8. `C` says nothing
/// about the terminal.
pub fn locale_lacks_unicode() -> bool {
    let locale =
        first(&["LC_ALL", "LC_CTYPE", "LANG"]).map(|(_, value)| value.to_ascii_lowercase());
    locale.is_some_and(|locale| match locale.split_once('.') {
        Some((_, charset)) => !(charset.starts_with("utf-8") || charset.starts_with("utf8")),
        None => false,
    })
}

/// The program's own arguments, without its name.
pub fn arguments() -> Vec<OsString> {
    std::env::args_os().skip(1).collect()
}

/// The file and the directory of trusted roots that programs are pointed to:
/// curl's variable first, as curl has it, then OpenSSL's.
pub fn trusted_roots() -> (Option<PathBuf>, Option<PathBuf>) {
    let path = |names: &[&'static str]| first(names).map(|(_, value)| value.into());
    (path(&["CURL_CA_BUNDLE", "SSL_CERT_FILE"]), path(&["SSL_CERT_DIR"]))
}

/// Where this user's running labs are found: `$XDG_RUNTIME_DIR/plumb`, unless
/// there is none.
pub fn runtime_dir() -> Option<PathBuf> {
    first(&["XDG_RUNTIME_DIR"]).map(|(_, value)| Path::new(&value).join("plumb"))
}

/// The descriptors that the service manager passes on, by number: systemd's
/// LISTEN_FDS, from 3 on, where LISTEN_PID says that they are for this process
/// (sd_listen_fds(3)).
pub fn listen_descriptors() -> Vec<i32> {
    /// More sockets than any unit has.
    const MOST: i32 = 256;
    let number = |name: &str| std::env::var(name).ok()?.trim().parse::<i32>().ok();
    let own = i32::try_from(std::process::id()).ok();
    match number("LISTEN_FDS") {
        Some(count) if number("LISTEN_PID") == own => (3..3 + count.clamp(0, MOST)).collect(),
        _ => Vec::new(),
    }
}

/// The directory for temporary files.
pub fn temporary_dir() -> PathBuf {
    std::env::temp_dir()
}

/// Where programs are looked for.
pub(crate) fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
