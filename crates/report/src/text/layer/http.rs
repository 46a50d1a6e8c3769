//! The request, the response, and how its body ended.

use plumb_evidence::Layer;
use plumb_evidence::observation::{HttpBody, HttpResponse, Observation, PhaseName};

use super::{Mark, Row};
use crate::text::hop::HopView;
use crate::text::words;
use crate::units;

pub(super) fn row(hop: &HopView<'_>) -> Option<Row> {
    let mut failure = None;
    let mut response: Option<&HttpResponse> = None;
    let mut body: Option<&HttpBody> = None;
    let mut redirect = None;
    for what in hop.walk() {
        match what {
            Observation::HttpFailure { error, .. } => failure = Some(words::http_error(error)),
            Observation::ProxyConnect { proxy, status, error, .. } => {
                let refused = status.filter(|status| !(200..300).contains(status));
                failure = match (refused, error) {
                    (Some(status), _) => Some(format!("the proxy {proxy} answered {status}")),
                    (None, Some(error)) => Some(format!("the proxy {proxy} failed: {error}")),
                    (None, None) => failure,
                };
            }
            Observation::HttpResponse(head) => response = Some(head),
            Observation::HttpBody(part) => body = Some(part),
            Observation::Redirect { to, why_not, .. } => redirect = Some((to, why_not)),
            _ => {}
        }
    }
    let took = exchange_ns(hop);
    let Some(response) = response else {
        return failure.map(|text| Row::new(Layer::Http, Mark::Bad, text).took(took));
    };
    let mut mark = if response.status >= 400 { Mark::Bad } else { Mark::Good };
    let mut text = format!("{} over {}", response.status, response.version);
    let trouble = failure.or_else(|| body.and_then(trouble));
    if let Some(trouble) = trouble {
        mark = Mark::Bad;
        text.push_str(&format!(", {trouble}"));
    } else if let Some((to, why_not)) = redirect {
        text.push_str(&format!(", leads to {to}"));
        if let Some(why_not) = why_not {
            mark = Mark::Bad;
            text = format!("{} not followed: {why_not}", response.status);
        }
    } else if let Some(body) = body {
        text.push_str(&format!(", {}", units::size(body.received_bytes)));
    }
    Some(Row::new(Layer::Http, mark, text).took(took))
}

fn trouble(body: &HttpBody) -> Option<String> {
    if let Some(error) = &body.encoding_error {
        let encoding = body.encoding.as_deref().unwrap_or("its encoding");
        return Some(format!("the body is not {encoding}: {error}"));
    }
    let ended = words::body_trouble(&body.ended)?;
    Some(match body.declared_bytes {
        Some(declared) => format!("the body {ended}: {} of {declared} bytes", body.received_bytes),
        None => format!("the body {ended} after {}", units::size(body.received_bytes)),
    })
}

/// From the request's first byte to the body's last, as far as it got.
fn exchange_ns(hop: &HopView<'_>) -> Option<u64> {
    let phases = [PhaseName::Request, PhaseName::Wait, PhaseName::Response];
    phases.into_iter().filter_map(|phase| hop.phase_ns(phase)).reduce(|a, b| a + b)
}
