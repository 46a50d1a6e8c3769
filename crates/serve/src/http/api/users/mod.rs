//! `/users`: a small store on which the methods mean what they mean.

mod model;
mod store;

use http::header::{
    ALLOW, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, LINK, LOCATION,
};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

pub use store::{Store, StoreError};

use model::{User, Wrong};
use store::{Condition, Idempotency, Refused};

use super::problem::{problem, with_members};
use crate::http::asked::Asked;
use crate::http::reply::Reply;

const COLLECTION_METHODS: &str = "GET, HEAD, POST, OPTIONS";
const USER_METHODS: &str = "GET, HEAD, PUT, PATCH, DELETE, OPTIONS";
/// RFC 5789 section 3.1.
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest idempotency key: four times a UUID.
const KEY_BYTES_MAX: usize = 255;
/// The largest page, and what a page has unless said.
const LIMIT_MAX: u64 = 100;
const LIMIT_DEFAULT: u64 = 20;

/// Whether the path belongs to the store.
pub(super) fn owns(path: &str) -> bool {
    path == "/users" || path.starts_with("/users/")
}

/// The answer to a request. Blocks while the store writes.
pub(super) fn answer(store: &Store, asked: &Asked) -> Reply {
    let rest = asked.path().trim_start_matches("/users").trim_start_matches('/');
    let answered = match (rest.is_empty(), rest.parse::<u64>()) {
        (true, _) => collection(store, asked),
        (false, Ok(id)) if id > 0 && id.to_string() == rest => one(store, asked, id),
        _ => Ok(missing()),
    };
    answered.unwrap_or_else(|error| problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()))
}

type Answered = Result<Reply, StoreError>;

fn missing() -> Reply {
    problem(StatusCode::NOT_FOUND, "There is no such user.")
}

fn options(allow: &'static str) -> Reply {
    let reply = Reply::new(StatusCode::NO_CONTENT).with(ALLOW, HeaderValue::from_static(allow));
    reply.with(ACCEPT_PATCH, HeaderValue::from_static(MERGE_PATCH))
}

fn not_allowed(allow: &'static str) -> Reply {
    let detail = format!("Here is {allow}.");
    problem(StatusCode::METHOD_NOT_ALLOWED, &detail).with(ALLOW, HeaderValue::from_static(allow))
}

fn collection(store: &Store, asked: &Asked) -> Answered {
    match asked.method {
        Method::GET | Method::HEAD => list(store, asked),
        Method::POST => add(store, asked),
        Method::OPTIONS => Ok(options(COLLECTION_METHODS)),
        _ => Ok(not_allowed(COLLECTION_METHODS)),
    }
}

fn one(store: &Store, asked: &Asked, id: u64) -> Answered {
    match asked.method {
        Method::GET | Method::HEAD => show(store, asked, id),
        Method::PUT => replace(store, asked, id),
        Method::PATCH => patch(store, asked, id),
        Method::DELETE => remove(store, asked, id),
        Method::OPTIONS => Ok(options(USER_METHODS)),
        _ => Ok(not_allowed(USER_METHODS)),
    }
}

/// Whole numbers of the query, within bounds.
fn number(asked: &Asked, names: &[&str], default: u64, max: u64) -> Result<u64, Reply> {
    let Some(text) = names.iter().find_map(|name| asked.query_value(name)) else {
        return Ok(default);
    };
    match text.parse() {
        Ok(number) if (1..=max).contains(&number) => Ok(number),
        _ => {
            let detail = format!("{} is a whole number from 1 to {max}.", names[0]);
            Err(problem(StatusCode::BAD_REQUEST, &detail))
        }
    }
}

fn list(store: &Store, asked: &Asked) -> Answered {
    let limit = match number(asked, &["limit", "per_page"], LIMIT_DEFAULT, LIMIT_MAX) {
        Ok(limit) => limit,
        Err(reply) => return Ok(reply),
    };
    let page = match number(asked, &["page"], 1, u64::from(u32::MAX)) {
        Ok(page) => page,
        Err(reply) => return Ok(reply),
    };
    let query = asked.query_value("q").filter(|query| !query.is_empty());
    let found = store.list(query.as_deref(), (page - 1) * limit, limit)?;
    let shown = Value::Array(found.users.iter().map(User::to_json).collect());
    let total = found.total;
    let reply = Reply::json(&shown)
        .with(HeaderName::from_static("x-total-count"), HeaderValue::from(total));
    Ok(match HeaderValue::from_str(&links(query.as_deref(), page, limit, total)) {
        Ok(links) => reply.with(LINK, links),
        Err(_) => reply,
    })
}

/// Where the other pages are, RFC 8288.
fn links(query: Option<&str>, page: u64, limit: u64, total: u64) -> String {
    let last = total.div_ceil(limit).max(1);
    let link = |page: u64, relation: &str| {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        pairs.append_pair("page", &page.to_string()).append_pair("limit", &limit.to_string());
        if let Some(query) = query {
            pairs.append_pair("q", query);
        }
        format!("</users?{}>; rel=\"{relation}\"", pairs.finish())
    };
    let mut links = vec![link(1, "first"), link(last, "last")];
    if page > 1 {
        links.push(link((page - 1).min(last), "prev"));
    }
    if page < last {
        links.push(link(page + 1, "next"));
    }
    links.join(", ")
}

/// The user with its validator.
fn shown(status: StatusCode, user: &User) -> Reply {
    let mut reply = Reply::json(&user.to_json());
    reply.status = status;
    with_etag(reply, user)
}

fn with_etag(reply: Reply, user: &User) -> Reply {
    match HeaderValue::from_str(&user.etag()) {
        Ok(etag) => reply.with(ETAG, etag),
        Err(_) => reply,
    }
}

fn made(user: &User) -> Reply {
    let reply = shown(StatusCode::CREATED, user);
    match HeaderValue::from_str(&format!("/users/{}", user.id)) {
        Ok(location) => reply.with(LOCATION, location),
        Err(_) => reply,
    }
}

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// The body as JSON, if it says that it is.
fn json_of(asked: &Asked, kinds: &[&str]) -> Result<Value, Reply> {
    let kind = asked.header(CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    if !kinds.iter().any(|known| known.eq_ignore_ascii_case(kind)) {
        let detail = format!("The Content-Type is to be {}.", kinds.join(" or "));
        let reply = problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, &detail);
        return Err(match kinds.contains(&MERGE_PATCH) {
            true => reply.with(ACCEPT_PATCH, HeaderValue::from_static(MERGE_PATCH)),
            false => reply,
        });
    }
    serde_json::from_slice(&asked.body)
        .map_err(|error| problem(StatusCode::BAD_REQUEST, &format!("This is no JSON: {error}.")))
}

fn unprocessable(wrong: &[Wrong]) -> Reply {
    let detail = "The JSON is well-formed, but it is not a user.";
    with_members(StatusCode::UNPROCESSABLE_ENTITY, detail, json!({ "errors": wrong }))
}

fn refused(refused: &Refused) -> Reply {
    match refused {
        Refused::Missing => missing(),
        Refused::EmailTaken { by } => {
            let more = json!({ "conflict": format!("/users/{by}") });
            with_members(StatusCode::CONFLICT, "Another user has this email address.", more)
        }
        Refused::Changed { etag } => {
            let detail = "The precondition does not hold: the user is not in the state you named.";
            let reply = problem(StatusCode::PRECONDITION_FAILED, detail);
            match etag.as_deref().map(HeaderValue::from_str) {
                Some(Ok(etag)) => reply.with(ETAG, etag),
                _ => reply,
            }
        }
        Refused::Full => problem(StatusCode::INSUFFICIENT_STORAGE, "There is no room for more."),
        Refused::KeyReused => problem(
            StatusCode::UNPROCESSABLE_ENTITY,
            "This Idempotency-Key was used for another request.",
        ),
    }
}

fn add(store: &Store, asked: &Asked) -> Answered {
    let value = match json_of(asked, &[JSON]) {
        Ok(value) => value,
        Err(reply) => return Ok(reply),
    };
    let idempotency = match idempotency(asked) {
        Ok(idempotency) => idempotency,
        Err(reply) => return Ok(reply),
    };
    let user = match User::from_json(&without_id(value.clone())) {
        _ if value.get("id").is_some() => {
            let detail = "the server gives the id; to choose it, PUT to /users/ID".to_owned();
            return Ok(unprocessable(&[Wrong { pointer: "/id", detail }]));
        }
        Ok(user) => user,
        Err(wrong) => return Ok(unprocessable(&wrong)),
    };
    Ok(match store.add(user, idempotency.as_ref())? {
        Ok((user, false)) => made(&user),
        Ok((user, true)) => made(&user)
            .with(HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true")),
        Err(why) => refused(&why),
    })
}

/// The key that prevents the double, with what distinguishes this request.
fn idempotency(asked: &Asked) -> Result<Option<Idempotency>, Reply> {
    let Some(key) = asked.headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = key.to_str().ok().map(|key| key.trim().trim_matches('"'));
    match key.filter(|key| !key.is_empty() && key.len() <= KEY_BYTES_MAX) {
        Some(key) => {
            let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &asked.body);
            let fingerprint = plumb_wire::hexadecimal(hash.as_ref());
            Ok(Some(Idempotency { key: key.to_owned(), fingerprint }))
        }
        None => {
            let detail = format!("An Idempotency-Key has from 1 to {KEY_BYTES_MAX} characters.");
            Err(problem(StatusCode::BAD_REQUEST, &detail))
        }
    }
}

fn without_id(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.remove("id");
    }
    value
}

/// The preconditions of a request.
fn condition(headers: &HeaderMap) -> Condition {
    let tags = |name: HeaderName| {
        let values: Vec<&str> =
            headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        // The store's tags have no comma in them.
        let split = |value: &&str| value.split(',').map(|tag| tag.trim().to_owned()).collect();
        let tags: Vec<Vec<String>> = values.iter().map(split).collect();
        (!tags.is_empty()).then(|| tags.concat())
    };
    Condition { if_match: tags(IF_MATCH), if_none_match: tags(IF_NONE_MATCH) }
}

fn show(store: &Store, asked: &Asked, id: u64) -> Answered {
    let Some(user) = store.get(id)? else { return Ok(missing()) };
    let Condition { if_match, if_none_match } = condition(&asked.headers);
    let etag = user.etag();
    let names = |tags: &[String], weak: bool| {
        tags.iter().any(|tag| {
            let tag = if weak { tag.strip_prefix("W/").unwrap_or(tag) } else { tag };
            tag == "*" || tag == etag
        })
    };
    if if_match.is_some_and(|tags| !names(&tags, false)) {
        return Ok(refused(&Refused::Changed { etag: Some(etag) }));
    }
    if if_none_match.is_some_and(|tags| names(&tags, true)) {
        return Ok(with_etag(Reply::new(StatusCode::NOT_MODIFIED), &user));
    }
    Ok(shown(StatusCode::OK, &user))
}

fn replace(store: &Store, asked: &Asked, id: u64) -> Answered {
    let value = match json_of(asked, &[JSON]) {
        Ok(value) => value,
        Err(reply) => return Ok(reply),
    };
    if value.get("id").is_some_and(|given| given.as_u64() != Some(id)) {
        let detail = format!("the id of this user is {id}");
        return Ok(unprocessable(&[Wrong { pointer: "/id", detail }]));
    }
    let user = match User::from_json(&without_id(value)) {
        Ok(user) => user,
        Err(wrong) => return Ok(unprocessable(&wrong)),
    };
    let changed =
        store.change(id, &condition(&asked.headers), |_| Ok::<_, Vec<Wrong>>(Some(user)))?;
    Ok(changed_to(changed))
}

fn changed_to(changed: Result<Result<(User, bool), Vec<Wrong>>, Refused>) -> Reply {
    match changed {
        Ok(Ok((user, true))) => made(&user),
        Ok(Ok((user, false))) => shown(StatusCode::OK, &user),
        Ok(Err(wrong)) => unprocessable(&wrong),
        Err(why) => refused(&why),
    }
}

fn patch(store: &Store, asked: &Asked, id: u64) -> Answered {
    let value = match json_of(asked, &[MERGE_PATCH, JSON]) {
        Ok(value) => value,
        Err(reply) => return Ok(reply),
    };
    if value.get("id").is_some_and(|given| given.as_u64() != Some(id)) {
        let detail = "the id of a user never changes".to_owned();
        return Ok(unprocessable(&[Wrong { pointer: "/id", detail }]));
    }
    let value = without_id(value);
    let changed = store.change(id, &condition(&asked.headers), |present| {
        present.map(|user| user.patched(&value)).transpose()
    })?;
    Ok(changed_to(changed))
}

fn remove(store: &Store, asked: &Asked, id: u64) -> Answered {
    Ok(match store.remove(id, &condition(&asked.headers))? {
        Ok(()) => Reply::new(StatusCode::NO_CONTENT),
        Err(why) => refused(&why),
    })
}
