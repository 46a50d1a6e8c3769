//! What is asked of the server, with the names that curl's users know.

use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use plumb_probe::credentials;
use plumb_probe::handshake::Identity;
use plumb_probe::trust::{Source, Store};
use plumb_probe::way::{Override, Proxies, ProxyChoice};
use url::Url;

use crate::environment;
use crate::error::CommandError;

/// Largest body that is sent: a check is not an upload.
pub const BODY_BYTES_MAX: u64 = 16 << 20;
/// Largest file of certificates, keys, headers or credentials: the bundle of a
/// whole operating system has a quarter of a megabyte.
pub const FILE_BYTES_MAX: u64 = 4 << 20;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Request")]
pub struct RequestArgs {
    /// Use this method [default: GET, or POST with --data]
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    pub method: Option<String>,

    /// Send this header, or those in @FILE, a line each (can be repeated)
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,

    /// Send this body, or that of @FILE, or of stdin with @- (can be repeated)
    #[arg(short, long, value_name = "DATA")]
    pub data: Vec<String>,

    /// Use these addresses for a name, without asking (can be repeated)
    #[arg(long, value_name = "HOST:PORT:ADDR[,ADDR...]")]
    pub resolve: Vec<String>,

    /// Trust the authorities in this PEM file, and no others
    #[arg(long, value_name = "FILE")]
    pub cacert: Option<PathBuf>,

    /// Show this client certificate, a PEM file
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,

    /// The key of the client certificate, a PEM file
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,

    /// Log in with USER:PASSWORD, the line in FILE [or in PLUMB_USER]
    #[arg(long, value_name = "FILE", visible_alias = "auth-file")]
    pub user_file: Option<PathBuf>,

    /// Go through this proxy [or http_proxy, https_proxy, all_proxy, no_proxy]
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,

    /// Follow at most this many redirects
    #[arg(long, value_name = "N", default_value_t = plumb_check::request::REDIRECTS_MAX_DEFAULT)]
    pub max_redirects: u16,

    /// Go on although the certificate does not verify, and say so
    #[arg(short = 'k', long)]
    pub insecure: bool,
}

impl RequestArgs {
    /// The method: a token of RFC 9110 section 5.6.2.
    pub fn method(&self) -> Result<String, CommandError> {
        let Some(method) = &self.method else {
            return Ok(if self.data.is_empty() { "GET" } else { "POST" }.to_owned());
        };
        method_token(method)
    }

    /// The headers in order, those of files in place; credentials last.
    pub fn headers(&self) -> Result<Vec<(String, String)>, CommandError> {
        let mut headers = self.given_headers()?;
        let has = |name: &str| {
            headers.iter().any(|(known, _): &(String, String)| known.eq_ignore_ascii_case(name))
        };
        if !self.data.is_empty() && !has("content-type") {
            headers
                .push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
        }
        if let Some(user) = self.user()? {
            headers.extend(credentials::header(&user));
        }
        Ok(headers)
    }

    /// Every `--header`, those of files in place.
    pub fn given_headers(&self) -> Result<Vec<(String, String)>, CommandError> {
        let mut headers = Vec::new();
        for given in &self.headers {
            match given.strip_prefix('@') {
                Some(path) => {
                    let text = read_text(Path::new(path))?;
                    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                        headers.push(header(line)?);
                    }
                }
                None => headers.push(header(given)?),
            }
        }
        Ok(headers)
    }

    /// Whether an argument holds a secret, which everybody on the machine can
    /// read as long as the process lives.
    pub fn shows_secret(&self) -> bool {
        let in_header = |given: &String| header(given).is_ok_and(|header| is_secret(&header));
        let in_proxy = |given: &String| given.split('@').count() > 1 && given.contains(':');
        self.headers.iter().filter(|given| !given.starts_with('@')).any(in_header)
            || self.proxy.as_ref().is_some_and(in_proxy)
    }

    /// `user:password` from the file or the environment.
    fn user(&self) -> Result<Option<String>, CommandError> {
        let Some(path) = &self.user_file else { return Ok(environment::user()) };
        let text = read_text(path)?;
        let line = text.lines().next().unwrap_or_default().trim_end();
        if line.contains(':') {
            return Ok(Some(line.to_owned()));
        }
        Err(CommandError::file("use", path, "its first line is not USER:PASSWORD"))
    }

    /// The body: all `--data` joined with `&`, as curl does.
    pub fn body(&self) -> Result<Vec<u8>, CommandError> {
        let mut body = Vec::new();
        for (i, given) in self.data.iter().enumerate() {
            if i > 0 {
                body.push(b'&');
            }
            match given.strip_prefix('@') {
                Some("-") => {
                    body.extend(read_limited("stdin", std::io::stdin().lock(), BODY_BYTES_MAX)?)
                }
                Some(path) => body.extend(read_file(Path::new(path), BODY_BYTES_MAX)?),
                None => body.extend(given.as_bytes()),
            }
        }
        Ok(body)
    }

    /// Whom to trust. A file that was named is tried at once: a wrong one is a
    /// mistake of the command line and no finding.
    pub fn roots(&self) -> Result<Source, CommandError> {
        if let Some(path) = &self.cacert {
            let source = Source::File(path.clone());
            Store::read(&source).map_err(|error| CommandError::usage(error.to_string()))?;
            return Ok(source);
        }
        Ok(match environment::trusted_roots() {
            (None, None) => Source::System,
            (file, directory) => Source::Paths { file, directory },
        })
    }

    /// The client certificate, if one is to be shown.
    pub fn identity(&self) -> Result<Option<Identity>, CommandError> {
        let Some(certificate) = &self.cert else { return Ok(None) };
        let identity = Identity::read(certificate, self.key.as_deref());
        identity.map(Some).map_err(|error| CommandError::usage(error.to_string()))
    }

    /// The first line of the file of credentials.
    pub fn secret_line(&self) -> Result<Option<String>, CommandError> {
        let Some(path) = &self.user_file else { return Ok(None) };
        let text = read_text(path)?;
        Ok(Some(text.lines().next().unwrap_or_default().trim_end().to_owned()))
    }

    /// Every `--resolve`.
    pub fn overrides(&self) -> Result<Vec<Override>, CommandError> {
        self.resolve.iter().map(|given| resolve(given)).collect()
    }

    /// The proxies: `--proxy`, else what the environment says.
    /// `schemes` are those that a proxy may be spoken to with.
    pub fn proxies(&self, schemes: &[&str]) -> Result<Proxies, CommandError> {
        if let Some(given) = &self.proxy {
            let choice = proxy("--proxy", given, schemes)?;
            return Ok(Proxies {
                http: Some(choice.clone()),
                https: Some(choice),
                bypass: Vec::new(),
            });
        }
        let read = |named: Option<(&'static str, String)>| {
            named.map(|(from, value)| proxy(from, &value, schemes)).transpose()
        };
        Ok(Proxies {
            http: read(environment::http_proxy())?,
            https: read(environment::https_proxy())?,
            bypass: environment::no_proxy(),
        })
    }
}

/// A method: a token of RFC 9110 section 5.6.2.
pub fn method_token(method: &str) -> Result<String, CommandError> {
    match method.find(|c: char| !is_token_char(c)) {
        None if !method.is_empty() => Ok(method.to_owned()),
        at => {
            let at = at.unwrap_or(0);
            let end = at + method[at..].chars().next().map_or(0, char::len_utf8);
            Err(CommandError::usage("this cannot be a method").at(method, at..end))
        }
    }
}

/// The proxies that a check goes through.
pub const HTTP_PROXY: &[&str] = &["http"];

/// The proxies that a client goes through: with `socks5` names are resolved
/// here, with `socks5h` by the proxy.
pub const EVERY_PROXY: &[&str] = &["http", "socks5", "socks5h"];

/// `tchar` of RFC 9110 section 5.6.2.
pub(crate) fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// `NAME: VALUE`.
pub(crate) fn header(line: &str) -> Result<(String, String), CommandError> {
    let Some(colon) = line.find(':') else {
        return Err(CommandError::usage("a header is NAME: VALUE").at(line, line.len()..line.len()));
    };
    let (name, value) = (&line[..colon], line[colon + 1..].trim());
    if let Some(at) = name.find(|c| !is_token_char(c)).or(name.is_empty().then_some(0)) {
        let end = at + line[at..].chars().next().map_or(0, char::len_utf8);
        return Err(CommandError::usage("this cannot stand in a header's name").at(line, at..end));
    }
    if let Some(at) = value.find(|c: char| c.is_control() && c != '\t') {
        let start = line.len() - line[colon + 1..].trim_start().len() + at;
        return Err(
            CommandError::usage("this cannot stand in a header's value").at(line, start..start + 1)
        );
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// Whether a header carries credentials.
fn is_secret((name, value): &(String, String)) -> bool {
    const SECRET: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];
    !value.is_empty() && SECRET.contains(&name.to_ascii_lowercase().as_str())
}

/// `HOST:PORT:ADDR[,ADDR...]`; an IPv6 address may stand in brackets.
fn resolve(given: &str) -> Result<Override, CommandError> {
    let error = |message: &str, start: usize, end: usize| {
        Err(CommandError::usage(message)
            .at(given, start..end)
            .hint("such as www.example.com:443:10.0.0.1"))
    };
    let Some(host_end) = given.find(':') else {
        return error("--resolve takes HOST:PORT:ADDR", given.len(), given.len());
    };
    let Some(port_end) = given[host_end + 1..].find(':').map(|at| host_end + 1 + at) else {
        return error("there is no address", given.len(), given.len());
    };
    if host_end == 0 {
        return error("there is no host", 0, 1);
    }
    let port = match given[host_end + 1..port_end].parse::<u16>() {
        Ok(port) if port > 0 => port,
        _ => return error("this is no port: 1 to 65535", host_end + 1, port_end),
    };
    let mut addresses = Vec::new();
    let mut start = port_end + 1;
    for part in given[start..].split(',') {
        match part.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => addresses.push(address),
            Err(_) => return error("this is no address", start, start + part.len()),
        }
        start += part.len() + 1;
    }
    Ok(Override { host: given[..host_end].to_owned(), port, addresses })
}

fn proxy(from: &str, given: &str, schemes: &[&str]) -> Result<ProxyChoice, CommandError> {
    // As curl: without a scheme it is an HTTP proxy.
    let text = if given.contains("://") { given.to_owned() } else { format!("http://{given}") };
    let url = Url::parse(&text)
        .map_err(|error| CommandError::usage(format!("{from} does not name a proxy: {error}")))?;
    if !schemes.contains(&url.scheme()) {
        let known = schemes.join(" or ");
        let message = format!("{from}: a proxy is spoken to with {known}, not {}", url.scheme());
        return Err(CommandError::usage(message));
    }
    Ok(ProxyChoice { from: from.to_owned(), url })
}

/// A whole file of at most `bytes_max`.
pub fn read_file(path: &Path, bytes_max: u64) -> Result<Vec<u8>, CommandError> {
    let file =
        std::fs::File::open(path).map_err(|error| CommandError::file("read", path, error))?;
    read_limited(&path.display().to_string(), file, bytes_max)
}

fn read_limited(name: &str, from: impl Read, bytes_max: u64) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    from.take(bytes_max + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| CommandError::file("read", name, error))?;
    if bytes.len() as u64 > bytes_max {
        return Err(CommandError::file(
            "read",
            name,
            format!("it has more than {bytes_max} bytes"),
        ));
    }
    Ok(bytes)
}

pub(crate) fn read_text(path: &Path) -> Result<String, CommandError> {
    String::from_utf8(read_file(path, FILE_BYTES_MAX)?)
        .map_err(|_| CommandError::file("use", path, "it is not text in UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(error: CommandError) -> String {
        plumb_report::styled::render(&error.lines(), false)
    }

    #[test]
    fn headers_are_name_and_value() {
        assert_eq!(
            header("Accept:  text/html ").unwrap(),
            ("Accept".to_owned(), "text/html".to_owned())
        );
        assert_eq!(header("X-Empty:").unwrap(), ("X-Empty".to_owned(), String::new()));
        for bad in ["", "no colon", ": value", "a b: c", "a: b\u{7}c"] {
            assert!(header(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_secret_in_an_argument_is_noticed() {
        for (given, secret) in [
            ("Authorization: Bearer token", true),
            ("cookie: session=1", true),
            ("Authorization:", false),
            ("Accept: text/html", false),
        ] {
            assert_eq!(is_secret(&header(given).unwrap()), secret, "{given}");
        }
    }

    #[test]
    fn resolve_reads_both_families() {
        let read = resolve("www.example.com:443:10.0.0.1,[2001:db8::1]").unwrap();
        assert_eq!((read.host.as_str(), read.port), ("www.example.com", 443));
        assert_eq!(
            read.addresses,
            ["10.0.0.1".parse::<IpAddr>().unwrap(), "2001:db8::1".parse().unwrap()]
        );
        assert_eq!(
            resolve("h:1:2001:db8::1").unwrap().addresses,
            ["2001:db8::1".parse::<IpAddr>().unwrap()]
        );
        insta::assert_snapshot!(shown(resolve("www.example.com:443:10.0.0.1,10.0.0.300").unwrap_err()), @r"
        error: this is no address
          www.example.com:443:10.0.0.1,10.0.0.300
                                       ^^^^^^^^^^
        hint: such as www.example.com:443:10.0.0.1
        ");
        for bad in ["", "h", "h:1", "h:0:10.0.0.1", "h:70000:10.0.0.1", ":1:10.0.0.1", "h:1:"] {
            assert!(resolve(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn proxies_are_urls() {
        assert_eq!(
            proxy("--proxy", "proxy.example:3128", HTTP_PROXY).unwrap().url.as_str(),
            "http://proxy.example:3128/"
        );
        assert!(proxy("--proxy", "socks5://proxy.example", HTTP_PROXY).is_err());
        assert!(proxy("https_proxy", "http://u:p@proxy.example", HTTP_PROXY).is_ok());
    }

    #[test]
    fn a_file_at_the_limit_and_one_past_it() {
        assert_eq!(read_limited("x", &b"1234"[..], 4).unwrap(), b"1234");
        assert!(read_limited("x", &b"12345"[..], 4).is_err());
    }
}
