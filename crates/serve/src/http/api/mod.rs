//! The API of `serve http --api`: the inspection endpoints, a store of users,
//! and sessions.

mod index;
mod problem;
mod sessions;
mod users;

use std::sync::Arc;

use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
pub use sessions::{Login, LoginCheck, Sessions};
pub use users::{Store, StoreError};

use super::asked::Asked;
use super::inspect;
use super::message::{About, BodyError, Handler, LetsIn, RequestBody, ResponseBody};
use super::reply::Reply;
use super::route::{self, READ, Route, Shelf};

/// The largest body of a request: it is shown again, so it stands in memory.
pub const BODY_BYTES_MAX: u64 = 1024 * 1024;

/// What stands at the root where no directory does.
const INDEX: Route = Route { path: "/", methods: READ, handler: |_, _, _| index::page() };

/// The API as a handler.
#[derive(Debug)]
pub struct Api {
    users: Arc<Store>,
    sessions: Sessions,
    shelf: Shelf,
}

impl Api {
    /// The API over this store.
    pub fn new(users: Store, login: Option<LoginCheck>) -> Self {
        Api { users: Arc::new(users), sessions: Sessions::new(login), shelf: Shelf::default() }
    }

    /// Whether a path belongs to the API, whatever the method.
    pub fn owns(&self, path: &str) -> bool {
        users::owns(path) || sessions::owns(path) || route::find(inspect::TABLES, path).is_some()
    }

    async fn answer(&self, asked: Asked) -> Reply {
        let path = asked.path();
        if users::owns(path) {
            let users = Arc::clone(&self.users);
            // The store waits for the disk.
            let answering = tokio::task::spawn_blocking(move || users::answer(&users, &asked));
            return answering.await.unwrap_or_else(|_| {
                problem::problem(StatusCode::INTERNAL_SERVER_ERROR, "The store failed.")
            });
        }
        if sessions::owns(path) {
            return self.sessions.answer(&asked).await;
        }
        match route::find(inspect::TABLES, path) {
            Some((route, parameter)) => route.answer(&asked, &self.shelf, parameter),
            None if path == "/" => INDEX.answer(&asked, &self.shelf, ""),
            None => problem::problem(StatusCode::NOT_FOUND, "There is no such endpoint."),
        }
    }
}

impl Handler for Api {
    fn lets_in(&self, request: &Parts) -> LetsIn {
        self.sessions.lets_in(request)
    }

    async fn handle(&self, request: Request<RequestBody>, about: &About) -> Response<ResponseBody> {
        let (parts, body) = request.into_parts();
        let reply = match body.collect_up_to(BODY_BYTES_MAX).await {
            Ok(body) => self.answer(Asked::new(parts, body, about)).await,
            Err(error @ BodyError::TooLarge { .. }) => {
                problem::problem(StatusCode::PAYLOAD_TOO_LARGE, &error.to_string())
            }
            Err(error) => problem::problem(StatusCode::BAD_REQUEST, &error.to_string()),
        };
        if !reply.delay.is_zero() {
            // A server that stops does not wait for what was only slow on demand.
            about.stop.run_until_cancelled(tokio::time::sleep(reply.delay)).await;
        }
        let response = reply.into_response();
        response.map(|body| ResponseBody::stream(body.map_err(|never| match never {})))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_its_paths() {
        let api = Api::new(Store::in_memory().unwrap(), None);
        for path in ["/users", "/users/1", "/login", "/get", "/status/404", "/range/5"] {
            assert!(api.owns(path), "{path}");
        }
        for path in ["/", "/usersx", "/index.html", "/getx"] {
            assert!(!api.owns(path), "{path}");
        }
    }
}
