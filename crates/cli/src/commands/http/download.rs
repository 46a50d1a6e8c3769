//! A body saved to a file, from where it was cut if that is asked for.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Seek as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use plumb_probe::http::{Request, Response};
use serde::{Deserialize, Serialize};
use url::Url;

use super::Http;
use crate::args::request::FILE_BYTES_MAX;
use crate::error::CommandError;

/// Longest name of a file that a server chooses; file systems take 255 bytes.
const NAME_BYTES_MAX: usize = 200;

/// Names tried beside one that is taken: `a.1`, `a.2`, ...
const NAMES_MAX: u32 = 1000;

/// How often the bar is drawn.
const DRAWN_EVERY: Duration = Duration::from_millis(100);

/// What is remembered of a download that is not complete, beside it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Begun {
    url: String,
    /// A strong ETag, or Last-Modified: what `If-Range` takes (RFC 9110
    /// section 13.1.5).
    validator: Option<String>,
}

/// A download.
pub(super) struct Download {
    /// `-o`.
    asked: Option<PathBuf>,
    resume: bool,
    overwrite: bool,
    quiet: bool,
    path: Option<PathBuf>,
}

/// What became of the response.
pub(super) enum Place {
    /// The body is to be written here.
    Open(Target),
    /// All of it was there already.
    Complete(PathBuf),
}

/// A file under way.
pub(super) struct Target {
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// Bytes that were there before.
    pub(super) begun_bytes: u64,
    bar: ProgressBar,
}

impl Download {
    /// Refuses what would replace a file before anything is sent.
    pub(super) fn new(http: &Http) -> Result<Download, CommandError> {
        let asked = http.output.output.clone();
        if let Some(path) = &asked
            && path.exists()
            && !http.shown.overwrite
            && !http.shown.resume
            && is_plain(path)
        {
            return Err(CommandError::usage(format!("{} is there already", path.display()))
                .hint("--overwrite replaces it, --continue goes on with it"));
        }
        Ok(Download {
            asked,
            resume: http.shown.resume,
            overwrite: http.shown.overwrite,
            quiet: http.output.quiet || http.output.json,
            path: None,
        })
    }

    /// Asks for the rest alone, where some is there (RFC 9110 section 14.2).
    pub(super) fn dress(&self, request: &mut Request) {
        let path = match (&self.path, self.resume) {
            (Some(path), _) => path.clone(),
            (None, true) => {
                self.asked.clone().unwrap_or_else(|| name_of(None, &request.url).into())
            }
            (None, false) => return,
        };
        let size = std::fs::metadata(&path).map_or(0, |about| about.len());
        if size == 0 {
            return;
        }
        request.headers.set("Range", format!("bytes={size}-"));
        let begun = read_begun(&path).filter(|begun| begun.url == request.url.as_str());
        if let Some(validator) = begun.and_then(|begun| begun.validator) {
            request.headers.set("If-Range", validator);
        }
    }

    /// Opens the file for the body of this response.
    pub(super) fn open(&mut self, response: &Response) -> Result<Place, CommandError> {
        let name = || name_of(response.header("content-disposition").as_deref(), &response.url);
        let again = self.path.is_some();
        let path = match (&self.path, &self.asked) {
            (Some(path), _) | (None, Some(path)) => path.clone(),
            (None, None) if self.resume => name_of(None, &response.url).into(),
            (None, None) if self.overwrite => name().into(),
            (None, None) => free(&name())?,
        };
        let there = std::fs::metadata(&path).map_or(0, |about| about.len());
        let cannot = |error: io::Error| cannot_write(&path, &error);
        if response.status() == 416 && there > 0 {
            return match range(response) {
                Some((_, Some(total))) if total == there => Ok(Place::Complete(path)),
                _ => Err(CommandError::not_measured(format!(
                    "{} has {there} bytes, and the server has no more than that: it is another file",
                    path.display()
                ))),
            };
        }
        let begun_bytes = match (response.status(), range(response)) {
            (206, Some((start, _))) if start == there => there,
            (206, _) => {
                let text = "the server sent another part than was asked for: nothing is written";
                return Err(CommandError::not_measured(text));
            }
            _ => 0,
        };
        let mut options = OpenOptions::new();
        options.write(true).mode(0o644);
        let new = !again && !self.resume && !self.overwrite && is_plain(&path);
        let mut file = options.create_new(new).create(!new).open(&path).map_err(cannot)?;
        if begun_bytes == 0 && is_plain(&path) {
            file.set_len(0).map_err(cannot)?;
        }
        file.seek(io::SeekFrom::Start(begun_bytes)).map_err(cannot)?;
        if is_plain(&path) {
            remember(&path, response);
        }
        self.path = Some(path.clone());
        let bar = self.bar(response, begun_bytes);
        Ok(Place::Open(Target { path, file, begun_bytes, bar }))
    }

    fn bar(&self, response: &Response, begun_bytes: u64) -> ProgressBar {
        if self.quiet || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let total = response.declared_bytes.map(|length| begun_bytes + length);
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(10));
        let template = match total {
            Some(_) => "{wide_bar:.cyan} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            None => "{spinner} {bytes} {bytes_per_sec} {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_position(begun_bytes);
        bar.enable_steady_tick(DRAWN_EVERY);
        bar
    }
}

impl Target {
    /// All of it is here.
    pub(super) fn done(&self) {
        self.bar.finish_and_clear();
        let _ = std::fs::remove_file(beside(&self.path));
    }

    /// It was cut.
    pub(super) fn cut(&self) {
        self.bar.abandon();
    }
}

impl Write for Target {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let count = self.file.write(data)?;
        self.bar.inc(count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

pub(super) fn cannot_write(path: &Path, error: &io::Error) -> CommandError {
    let hint = match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Some("--overwrite replaces it, --continue goes on with it".to_owned())
        }
        io::ErrorKind::StorageFull => Some("make room, then --continue goes on".to_owned()),
        _ => None,
    };
    CommandError::not_measured(format!("cannot write {}: {error}", path.display())).hint_if(hint)
}

/// Devices and pipes hold nothing that could be lost.
fn is_plain(path: &Path) -> bool {
    std::fs::metadata(path).map_or(true, |about| about.is_file())
}

/// The first byte and the size of the whole, as `Content-Range` has them: of
/// `bytes */SIZE` the first is 0.
fn range(response: &Response) -> Option<(u64, Option<u64>)> {
    let value = response.header("content-range")?;
    let (part, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let start = if part == "*" { 0 } else { part.split('-').next()?.trim().parse().ok()? };
    Some((start, total.trim().parse().ok()))
}

/// What a download that is not complete is remembered in.
fn beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".plumb-download");
    path.with_file_name(name)
}

fn read_begun(path: &Path) -> Option<Begun> {
    let beside = beside(path);
    let small = std::fs::metadata(&beside).ok()?.len() <= FILE_BYTES_MAX;
    serde_json::from_slice(&std::fs::read(beside).ok().filter(|_| small)?).ok()
}

/// Keeps what `If-Range` will want; without it the rest is asked for all the
/// same.
fn remember(path: &Path, response: &Response) {
    let etag = response.header("etag").filter(|etag| !etag.starts_with("W/"));
    let begun = Begun {
        url: response.url.to_string(),
        validator: etag.or_else(|| response.header("last-modified")),
    };
    if begun.validator.is_some()
        && let Ok(text) = serde_json::to_vec(&begun)
    {
        let _ = std::fs::write(beside(path), text);
    }
}

/// A name that nothing has yet.
fn free(name: &str) -> Result<PathBuf, CommandError> {
    let plain = PathBuf::from(name);
    if !plain.exists() {
        return Ok(plain);
    }
    let numbered = (1..=NAMES_MAX).map(|n| PathBuf::from(format!("{name}.{n}")));
    numbered.into_iter().find(|path| !path.exists()).ok_or_else(|| {
        CommandError::not_measured(format!("{name} is there already, {NAMES_MAX} times"))
    })
}

/// The file name that the server or the URL suggests: a name alone, never a
/// path, never hidden.
fn name_of(disposition: Option<&str>, url: &Url) -> String {
    let of_url = || {
        let last =
            url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
        percent_decoded(last)
    };
    let given =
        disposition.and_then(file_name).map(|name| safe(&name)).filter(|name| !name.is_empty());
    let name = given.unwrap_or_else(|| safe(&of_url()));
    if name.is_empty() { "index.html".to_owned() } else { name }
}

fn percent_decoded(text: &str) -> String {
    url::form_urlencoded::parse(format!("n={}", text.replace('+', "%2B")).as_bytes())
        .next()
        .map_or(String::new(), |(_, value)| value.into_owned())
}

/// The name in a `Content-Disposition` (RFC 6266): `filename*` before
/// `filename`.
fn file_name(value: &str) -> Option<String> {
    let mut plain = None;
    let mut rest = value;
    while let Some((_, after)) = rest.split_once(';') {
        let (name, after) = after.split_once('=')?;
        let (value, after) = quoted_or_token(after.trim_start());
        match name.trim().to_ascii_lowercase().as_str() {
            "filename*" => {
                let (charset, encoded) = value.split_once('\'')?;
                let (_, encoded) = encoded.split_once('\'')?;
                if charset.eq_ignore_ascii_case("utf-8") {
                    return Some(percent_decoded(&encoded.replace('&', "%26")));
                }
            }
            "filename" => plain = Some(value),
            _ => {}
        }
        rest = after;
    }
    plain
}

fn quoted_or_token(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

/// The last part of a path without what a shell, a terminal or a file system
/// would act on.
fn safe(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown = plumb_report::sanitize::text(last);
    let clean: String =
        shown.chars().filter(|c| !c.is_control() && !"<>:\"|?*\\".contains(*c)).collect();
    let mut clean =
        clean.trim().trim_start_matches(['.', '-']).trim_end_matches(['.', ' ']).to_owned();
    while clean.len() > NAME_BYTES_MAX {
        clean.pop();
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_s_name_is_a_name_and_no_path() {
        let url: Url = "http://h/dir/a%20b.iso?x".parse().unwrap();
        for (disposition, name) in [
            (None, "a b.iso"),
            (Some("attachment; filename=x.txt"), "x.txt"),
            (Some("attachment; filename=\"../../etc/passwd\""), "passwd"),
            (Some("attachment; filename=\"a\\\"b.txt\"; x=y"), "ab.txt"),
            (
                Some(
                    "attachment; filename=\"fallback\"; filename*=UTF-8''na%C3%AFve%2F..%2F.bashrc",
                ),
                "bashrc",
            ),
            (Some("attachment; filename=\".ssh\""), "ssh"),
            (Some("attachment; filename=\"-rf\""), "rf"),
            (Some("attachment; filename=\"C:\\\\x\\\\y.exe\""), "y.exe"),
            (Some("attachment; filename=\"..\""), "a b.iso"),
            (Some("attachment; filename=\"a\u{202e}b\""), "au{202e}b"),
            (Some("inline"), "a b.iso"),
        ] {
            assert_eq!(name_of(disposition, &url), name, "{disposition:?}");
        }
        assert_eq!(name_of(None, &"http://h/".parse().unwrap()), "index.html");
        for extra in [0, 1] {
            assert_eq!(safe(&"x".repeat(NAME_BYTES_MAX + extra)).len(), NAME_BYTES_MAX);
        }
    }
}
