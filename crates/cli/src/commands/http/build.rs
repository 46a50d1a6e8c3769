//! From the command line to requests.

use std::path::Path;

use plumb_probe::http::{Auth, Payload, Request};
use url::Url;

use super::item::{Item, Source};
use super::json::{self, Json};
use super::multipart::{self, Part};
use super::netrc::Netrc;
use super::words::{self, Target, Words};
use super::{AuthType, BodyKind, Http, stdin};
use crate::args::request::{FILE_BYTES_MAX, header, is_token_char, method_token, read_file};
use crate::environment;
use crate::error::CommandError;
use crate::output;

/// One request with whom it is from.
pub(super) struct Job {
    pub(super) request: Request,
    pub(super) auth: Option<Auth>,
}

/// The body and what it says of itself.
struct Body {
    payload: Payload,
    content_type: Option<String>,
    is_json: bool,
}

/// Every request of the command line, one for each URL.
pub(super) fn jobs(http: &Http) -> Result<Vec<Job>, CommandError> {
    let words = words::sort(&http.words)?;
    let explicit = match &http.request.method {
        Some(_) if words.method.is_some() => {
            return Err(CommandError::usage(
                "the method stands there twice: -X and the first word",
            ));
        }
        Some(method) => Some(method_token(method)?),
        None => words.method.clone(),
    };
    let body = body(http, &words, explicit.as_deref())?;
    let guessed = if body.is_some() { "POST" } else { "GET" };
    let method = explicit.unwrap_or_else(|| guessed.to_owned());
    if words.urls.len() > 1 && body.as_ref().is_some_and(|body| !body.payload.is_repeatable()) {
        return Err(CommandError::usage(
            "stdin is the body of one request, and there are several URLs",
        ));
    }
    let mut first = Request::new(method, words.urls[0].url.clone());
    headers(http, &words, &mut first)?;
    if let Some(body) = body {
        if let Some(content_type) = body.content_type.filter(|_| !is_unset(&first, "content-type"))
        {
            first.headers.or_default("Content-Type", content_type);
        }
        if body.is_json && !is_unset(&first, "accept") {
            first.headers.or_default("Accept", "application/json, */*;q=0.5");
        }
        first.body = body.payload;
    }
    if http.downloads() && !first.headers.contains("accept-encoding") {
        // What is saved is the file itself, and parts of it can be asked for.
        first.headers.append("Accept-Encoding", "identity");
    }
    (first.bare, first.chunked) = (http.message.bare, http.message.chunked);
    first.expect = http.message.expect;
    let netrc = netrc(http)?;
    let jobs = words.urls.iter().map(|target| {
        let mut request = first.clone();
        request.url = target.url.clone();
        query(&words, &mut request.url)?;
        let auth = auth(http, target, netrc.as_ref())?;
        Ok(Job { request, auth })
    });
    jobs.collect()
}

fn is_unset(request: &Request, name: &str) -> bool {
    request.without.iter().any(|unset| unset.eq_ignore_ascii_case(name))
}

fn headers(http: &Http, words: &Words, request: &mut Request) -> Result<(), CommandError> {
    for (name, value) in http.request.given_headers()? {
        request.headers.append(name, value);
    }
    for item in &words.items {
        match item {
            Item::Header(name, source) => {
                check_name(name)?;
                let value = text(source)?;
                let (name, value) = match value.trim() {
                    "" => (name.clone(), String::new()),
                    value => header(&format!("{name}:{value}"))?,
                };
                request.headers.append(name, value);
            }
            Item::Without(name) => {
                check_name(name)?;
                request.without.push(name.clone());
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), CommandError> {
    match name.find(|c| !is_token_char(c)) {
        None => Ok(()),
        Some(at) => {
            let end = at + name[at..].chars().next().map_or(0, char::len_utf8);
            Err(CommandError::usage("this cannot stand in a header's name").at(name, at..end))
        }
    }
}

fn query(words: &Words, url: &mut Url) -> Result<(), CommandError> {
    for item in &words.items {
        if let Item::Query(name, source) = item {
            url.query_pairs_mut().append_pair(name, text(source)?.trim_end_matches(['\r', '\n']));
        }
    }
    Ok(())
}

/// The text of a value, of a file's content where it says so.
fn text(source: &Source) -> Result<String, CommandError> {
    match source {
        Source::Text(text) => Ok(text.clone()),
        Source::File(path) => {
            let bytes = read_file(Path::new(path), FILE_BYTES_MAX)?;
            String::from_utf8(bytes).map_err(|_| CommandError::file("use", path, "it is no UTF-8"))
        }
    }
}

fn body(http: &Http, words: &Words, method: Option<&str>) -> Result<Option<Body>, CommandError> {
    let is_data =
        |item: &&Item| matches!(item, Item::Field(..) | Item::Json(..) | Item::File { .. });
    let items: Vec<&Item> = words.items.iter().filter(is_data).collect();
    let given = [!items.is_empty(), words.raw_body.is_some(), !http.request.data.is_empty()];
    if given.iter().filter(|&&given| given).count() > 1 {
        return Err(CommandError::usage("there is more than one body: items, @FILE or -, --data"));
    }
    if !items.is_empty() {
        return of_items(http, &items).map(Some);
    }
    if let Some(raw) = &words.raw_body {
        return of_word(http, raw).map(Some);
    }
    if !http.request.data.is_empty() {
        return of_data(http).map(Some);
    }
    if http.message.ignore_stdin {
        return Ok(None);
    }
    let waits = matches!(method, Some("POST" | "PUT" | "PATCH"));
    // A method without a body leaves stdin to whom it belongs.
    if matches!(method, Some("GET" | "HEAD" | "OPTIONS" | "DELETE" | "TRACE")) {
        return Ok(None);
    }
    Ok(match stdin::find(false, waits, http.message.chunked)? {
        stdin::Found::Body(payload) => Some(raw(http, payload, None)),
        stdin::Found::Nothing => None,
        stdin::Found::Silent => {
            output::note(
                "nothing came on stdin: no body is sent (- waits for one, --ignore-stdin never)",
            );
            None
        }
    })
}

/// A body as it is; what has no type of its own is taken for JSON, or a form.
fn raw(http: &Http, payload: Payload, content_type: Option<String>) -> Body {
    let form = http.body_kind() == Some(BodyKind::Form);
    let default = if form { FORM_TYPE } else { "application/json" };
    let content_type = content_type.unwrap_or_else(|| default.to_owned());
    let is_json = content_type == "application/json";
    Body { payload, content_type: Some(content_type), is_json }
}

const FORM_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

fn of_word(http: &Http, word: &str) -> Result<Body, CommandError> {
    let Some(path) = word.strip_prefix('@').filter(|path| *path != "-") else {
        return asked_stdin(http).map(|payload| raw(http, payload, None));
    };
    let (path, media_type) = path.split_once(";type=").unwrap_or((path, ""));
    let payload = Payload::file(path).map_err(|error| CommandError::file("send", path, error))?;
    let media_type = if media_type.is_empty() { multipart::guess(path) } else { media_type };
    Ok(raw(http, payload, Some(media_type.to_owned())))
}

fn asked_stdin(http: &Http) -> Result<Payload, CommandError> {
    match stdin::find(true, true, http.message.chunked)? {
        stdin::Found::Body(payload) => Ok(payload),
        stdin::Found::Nothing | stdin::Found::Silent => Ok(Payload::empty()),
    }
}

/// `--data`, as curl takes it: all joined with `&`, a form unless said
/// otherwise.
fn of_data(http: &Http) -> Result<Body, CommandError> {
    let content_type = match http.body_kind() {
        Some(BodyKind::Json) => "application/json".to_owned(),
        _ => "application/x-www-form-urlencoded".to_owned(),
    };
    let payload = match http.request.data.as_slice() {
        [only] if only == "@-" => asked_stdin(http)?,
        [only] if only.starts_with('@') => {
            let path = &only[1..];
            Payload::file(path).map_err(|error| CommandError::file("send", path, error))?
        }
        _ => Payload::bytes(http.request.body()?),
    };
    Ok(raw(http, payload, Some(content_type)))
}

fn of_items(http: &Http, items: &[&Item]) -> Result<Body, CommandError> {
    let has_file = items.iter().any(|item| matches!(item, Item::File { .. }));
    match http.body_kind() {
        Some(BodyKind::Multipart) => as_multipart(http, items),
        None | Some(BodyKind::Form) if has_file => as_multipart(http, items),
        Some(BodyKind::Json) if has_file => Err(CommandError::usage(
            "a file is a part of a form: --body multipart, or name:=@file for JSON",
        )),
        Some(BodyKind::Form) => as_form(items),
        None | Some(BodyKind::Json) => as_json(items),
    }
}

fn as_json(items: &[&Item]) -> Result<Body, CommandError> {
    let mut root = None;
    for item in items {
        let (key, value) = match item {
            Item::Field(key, source) => (key, Json::String(text(source)?)),
            Item::Json(key, source) => {
                let text = text(source)?;
                let value =
                    serde_json::from_str(&text).map_err(|error| not_json(key, &text, &error))?;
                (key, value)
            }
            _ => continue,
        };
        let steps = json::path(key)
            .map_err(|error| CommandError::usage(error.message).at(key, error.at))?;
        json::put(&mut root, &steps, value)
            .map_err(|message| CommandError::usage(message).at(key, 0..key.len()))?;
    }
    let text = root.unwrap_or(Json::Null).text();
    let content_type = Some("application/json".to_owned());
    Ok(Body { payload: Payload::bytes(text), content_type, is_json: true })
}

fn not_json(key: &str, text: &str, error: &serde_json::Error) -> CommandError {
    // serde_json counts columns from 1, of a text that has one line as a rule.
    let mut at = error.column().saturating_sub(1).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let end = (at + 1..=text.len()).find(|&end| text.is_char_boundary(end)).unwrap_or(at);
    CommandError::usage(format!("{key}:= takes JSON: {error}"))
        .at(text, at..end)
        .hint(format!("a string is {key}=..."))
}

fn as_form(items: &[&Item]) -> Result<Body, CommandError> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields(items)? {
        form.append_pair(&name, &value);
    }
    let payload = Payload::bytes(form.finish());
    Ok(Body { payload, content_type: Some(FORM_TYPE.to_owned()), is_json: false })
}

fn fields(items: &[&Item]) -> Result<Vec<(String, String)>, CommandError> {
    let mut all = Vec::new();
    for item in items {
        match item {
            Item::Field(name, source) => all.push((name.clone(), text(source)?)),
            Item::Json(name, source) => {
                let text = text(source)?;
                let value: Json =
                    serde_json::from_str(&text).map_err(|error| not_json(name, &text, &error))?;
                // A form has text alone: a number is its digits.
                let value = if let Json::String(text) = value { text } else { value.text() };
                all.push((name.clone(), value));
            }
            _ => {}
        }
    }
    Ok(all)
}

fn as_multipart(http: &Http, items: &[&Item]) -> Result<Body, CommandError> {
    let boundary = match &http.message.boundary {
        Some(boundary) => boundary.clone(),
        None => format!("plumb-{:016x}{:08x}", plumb_sys::clock::unix_s(), std::process::id()),
    };
    let bad = |c: char| !(c.is_ascii_alphanumeric() || "'()+_,-./:=? ".contains(c));
    if let Some(at) =
        boundary.find(bad).or((boundary.is_empty() || boundary.len() > 70).then_some(0))
    {
        return Err(
            CommandError::usage("this cannot be a boundary").at(&boundary, at..boundary.len())
        );
    }
    let mut parts = Vec::new();
    for item in items {
        if let Item::File { name, path, media_type } = item {
            let (name, path, media_type) = (name.clone(), path.clone(), media_type.clone());
            parts.push(Part::File { name, path, media_type });
        } else {
            let one = fields(&[*item])?.into_iter();
            parts.extend(one.map(|(name, value)| Part::Field { name, value }));
        }
    }
    Ok(Body {
        payload: multipart::payload(&parts, &boundary)?,
        content_type: Some(format!("multipart/form-data; boundary={boundary}")),
        is_json: false,
    })
}

/// Who asks: the file or variable that was named, the URL, netrc.
fn auth(http: &Http, target: &Target, netrc: Option<&Netrc>) -> Result<Option<Auth>, CommandError> {
    let file = http.request.secret_line()?;
    let kind = http.way.auth_type;
    let token = (file.is_none() && kind.is_none_or(|kind| kind == AuthType::Bearer))
        .then(environment::token)
        .flatten();
    if let Some(token) = token {
        return bearer(&token).map(Some);
    }
    if kind == Some(AuthType::Bearer) {
        let missing =
            || CommandError::usage("a bearer token comes from --user-file or PLUMB_TOKEN");
        return bearer(&file.ok_or_else(missing)?).map(Some);
    }
    if let Some(line) = file.as_ref().filter(|line| !line.contains(':')) {
        let _ = line;
        let path = http.request.user_file.clone().unwrap_or_default();
        return Err(CommandError::file("use", path, "its first line is not USER:PASSWORD")
            .hint("--auth-type bearer takes a token"));
    }
    let host = target.url.host_str().unwrap_or_default();
    let pair = file
        .or_else(environment::user)
        .or_else(|| target.credentials.clone())
        .or_else(|| netrc.and_then(|netrc| netrc.pair(host)));
    Ok(match (pair, kind) {
        (Some(pair), Some(AuthType::Digest)) => Some(Auth::Digest(pair)),
        (Some(pair), _) => Some(Auth::Basic(pair)),
        (None, Some(_)) => {
            return Err(CommandError::usage("there are no credentials")
                .hint("--user-file FILE, PLUMB_USER, ~/.netrc"));
        }
        (None, None) => None,
    })
}

/// RFC 6750 section 2.1: a token has no blanks.
fn bearer(token: &str) -> Result<Auth, CommandError> {
    let token = token.trim();
    let bad = token.is_empty() || token.chars().any(|c| !c.is_ascii_graphic());
    if bad {
        Err(CommandError::usage("this is no bearer token: it is empty, or has blanks"))
    } else {
        Ok(Auth::Bearer(token.to_owned()))
    }
}

fn netrc(http: &Http) -> Result<Option<Netrc>, CommandError> {
    if http.way.no_netrc {
        return Ok(None);
    }
    match &http.way.netrc_file {
        Some(path) => Netrc::read(path).map(Some),
        None => {
            let found = environment::netrc_file().filter(|path| path.is_file());
            Ok(found.and_then(|path| Netrc::read(&path).ok()))
        }
    }
}
