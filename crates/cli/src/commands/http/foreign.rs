//! Options of curl and HTTPie that `plumb http` does not have, with what to use
//! in their place.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::CommandError;

/// The option, as it is written, and what its users want here.
const FOREIGN: &[(&[&str], &str)] = &[
    (
        &["-u", "--user", "-a", "--auth"],
        "write USER:PASSWORD into a file for --user-file FILE, or set PLUMB_USER or PLUMB_TOKEN: \
         everybody on this machine can read arguments",
    ),
    (&["--oauth2-bearer"], "set PLUMB_TOKEN: everybody on this machine can read arguments"),
    (&["--basic"], "use --auth-type basic"),
    (&["--digest"], "use --auth-type digest"),
    (&["--netrc", "--netrc-optional"], "~/.netrc is read anyway; --netrc-file names another"),
    (&["--ignore-netrc"], "use --no-netrc"),
    (
        &["--verify"],
        "use --insecure (-k) for --verify=no, and --cacert FILE to trust other authorities",
    ),
    (&["--no-verify"], "use --insecure (-k)"),
    (&["--cert-key"], "use --key FILE"),
    (&["-E"], "use --cert FILE with --key FILE"),
    (&["--capath"], "use --cacert FILE with the authorities in one file"),
    (&["--ssl", "--tlsv1.2", "--tlsv1.3", "--ciphers"], "the best that both sides have is used"),
    (&["-I", "--head"], "write HEAD before the URL: plumb http HEAD URL"),
    (&["-i", "--include", "--show-headers"], "use --print hb for headers and body"),
    (&["-D", "--dump-header"], "use --headers, with -o FILE"),
    (&["-s", "--silent"], "leave it out: there is no progress to hide; -q shows less"),
    (&["-S", "--show-error"], "leave it out: errors are always shown, and bodies always streamed"),
    (&["--stream", "-N", "--no-buffer"], "leave it out: what comes is shown as it comes"),
    (&["--progress-bar", "-#"], "use --download: it shows its progress on a terminal"),
    (&["--fail", "--fail-with-body"], "use --check-status"),
    (&["-l", "--location"], "use --follow (-L)"),
    (&["--location-trusted"], "use --follow (-L); credentials stay with the origin they are for"),
    (&["--max-redirs"], "use --max-redirects N"),
    (&["--all"], "use -v with --follow: it shows what came on the way"),
    (&["-m"], "use --max-time DUR, such as 10s"),
    (&["--retry"], "use --retries N"),
    (&["--retry-all-errors"], "use --retry-all"),
    (&["--compress"], "bodies of requests are never compressed"),
    (&["--compressed"], "leave it out: compression is asked for and undone anyway"),
    (&["-x"], "use --proxy URL, as curl's -x means it; bodies are never compressed"),
    (&["--socks5", "--socks5-hostname"], "use --proxy socks5h://HOST:PORT"),
    (&["--preproxy"], "use --proxy URL: one proxy is gone through"),
    (&["-j"], "leave it out: items become JSON anyway"),
    (
        &["--data-raw", "--data-binary", "--data-ascii"],
        "use --data DATA, or @FILE for a file, which is sent byte for byte",
    ),
    (&["--data-urlencode"], "use --form name=value: fields of forms are encoded"),
    (&["-G", "--get"], "write name==value for each parameter: plumb http GET URL name==value"),
    (&["--url-query"], "write name==value for each parameter"),
    (&["--form-string"], "use --multipart name=value"),
    (&["-T", "--upload-file"], "use PUT URL @FILE"),
    (&["-O", "--remote-name", "-J", "--remote-header-name"], "use --download"),
    (&["-C", "--continue-at"], "use --download --continue"),
    (&["--url"], "write the URL as it is, without an option"),
    (&["-e", "--referer"], "write the header as an item: Referer:URL"),
    (&["--user-agent"], "write the header as an item: User-Agent:NAME"),
    (&["-r", "--range"], "write the header as an item: Range:bytes=0-99"),
    (
        &["--cookie", "--cookie-jar"],
        "use --session NAME to keep cookies, or write one as an item: Cookie:name=value",
    ),
    (&["-w", "--write-out"], "use --phases for times, --json for all that is known, as records"),
    (&["--trace", "--trace-ascii"], "use --raw for the bytes, --narrate for the steps"),
    (&["--meta"], "use --print m"),
    (&["--style", "--format-options", "--sorted", "--unsorted"], "use --pretty HOW"),
    (&["--default-scheme"], "write https:// before the URL"),
    (&["--path-as-is"], "use --raw to see that paths are sent as they were normalised"),
    (&["--http1.0", "-0"], "use --http1.1: HTTP/1.0 is not spoken"),
    (&["--http2-prior-knowledge"], "use --http2: it speaks HTTP/2 without TLS too"),
    (&["--http3"], "use --http2: HTTP/3 is not spoken"),
    (&["--unix-socket"], "plumb connect unix:PATH speaks to a socket of this host"),
    (&["--connect-to"], "use --resolve HOST:PORT:ADDR"),
    (&["-g", "--globoff"], "leave it out: braces in URLs mean nothing here"),
    (&["-Z", "--parallel"], "several URLs are asked one after the other"),
    (&["-n"], "~/.netrc is read anyway"),
];

/// What to say of an option that `plumb http` does not have, where it is one of
/// another program's.
pub(crate) fn instead(error: &clap::Error) -> Option<CommandError> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let name = given.split('=').next().unwrap_or(given);
    let (_, instead) = FOREIGN.iter().find(|(names, _)| names.contains(&name))?;
    Some(CommandError::usage(format!("plumb http has no {name}: {instead}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(arguments: &[&str]) -> Result<clap::ArgMatches, clap::Error> {
        let all = ["plumb", "http"].iter().chain(arguments).chain(&["http://h.example/"]);
        crate::command().try_get_matches_from(all)
    }

    #[test]
    fn every_foreign_option_is_unknown_and_has_one_line() {
        for &(names, instead) in FOREIGN {
            for name in names {
                let error = tried(&[name]).map(|_| *name).unwrap_err();
                let said = super::instead(&error).unwrap_or_else(|| panic!("{name}: {error}"));
                assert!(said.message.starts_with(&format!("plumb http has no {name}: ")));
                assert!(said.lines().len() == 1 && !instead.contains('\n'), "{name}");
            }
        }
    }

    #[test]
    fn what_stands_in_its_place_is_there() {
        let definition = crate::command();
        let http = definition.find_subcommand("http").unwrap();
        let known: Vec<String> = http
            .get_arguments()
            .flat_map(|a| a.get_long_and_visible_aliases().unwrap_or_default())
            .map(|long| format!("--{long}"))
            .collect();
        for (names, instead) in FOREIGN {
            for word in instead.split([' ', ',', ';', ':', '(', ')', '=']) {
                let own = word.starts_with("--") && !names.contains(&word);
                assert!(!own || known.iter().any(|name| name == word), "{names:?}: {word}");
            }
        }
    }
}
