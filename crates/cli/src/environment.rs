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

/// The directory for temporary files.
pub fn temporary_dir() -> PathBuf {
    std::env::temp_dir()
}

/// Where programs are looked for.
pub(crate) fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
