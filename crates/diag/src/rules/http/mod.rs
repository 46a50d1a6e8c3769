//! Requests, responses, redirects, proxies.

pub(crate) mod body;
pub(crate) mod proxy;
pub(crate) mod redirect;
pub(crate) mod response;
pub(crate) mod status;
