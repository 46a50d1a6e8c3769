//! Responses that say that it did not work.

use plumb_evidence::observation::HttpResponse;
use plumb_evidence::{Finding, FindingId, Severity, Where};

use super::answerer;
use super::response::answers_tls;
use crate::facts::{Facts, Hop, Seen};
use crate::walk::{Trouble, trouble};

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    if trouble(facts) != Some(Trouble::Http) {
        return Vec::new();
    }
    let hop = facts.hop();
    let Some(seen) = facts.response(hop.number) else { return Vec::new() };
    if let Some(seen) = unasked_switch(facts, hop) {
        return vec![switched(seen)];
    }
    let status = seen.what.status;
    // A proxy's own refusal, and TLS where plain HTTP was spoken, have their
    // own rules.
    if status < 400 || status == 407 && facts.proxy_of(hop.number).is_some() {
        return Vec::new();
    }
    if status == 400 && answers_tls(facts).is_some() {
        return Vec::new();
    }
    let said = format!("{status} {}", reason(status)).trim_end().to_owned();
    let url = hop.url.as_deref().unwrap_or(&facts.target.text);
    let finding = match status {
        400..500 => client(url, &said, seen),
        502 | 504 => gateway(&said, seen),
        _ => {
            let claim = format!("the server answers {said}: it failed itself");
            Finding::new(FindingId::HttpStatusServerError, Severity::Error, Where::Service, claim)
                .because(format!("status {said}"), [seen.seq])
                .try_next("on the server: see the log of the application at this time")
        }
    };
    let mut finding = with_retry_after(finding, seen);
    let (_, place) = answerer(facts, hop);
    if place != Where::Service {
        finding.place = place;
        finding.not_looked_at.push("whether the proxy or the server behind it says so".to_owned());
    }
    vec![finding]
}

/// The response that switches to another protocol, which nobody asked for
/// (RFC 9110 section 15.2.2).
pub(crate) fn unasked_switch<'e>(facts: &Facts<'e>, hop: &Hop) -> Option<Seen<&'e HttpResponse>> {
    let seen = facts.response(hop.number).filter(|seen| seen.what.status == 101)?;
    let asked = facts.request(hop.number).is_some_and(|request| {
        request.what.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("upgrade"))
    });
    (!asked).then_some(seen)
}

fn switched(seen: Seen<&HttpResponse>) -> Finding {
    let claim = "the server switches to another protocol (101), which nobody asked for";
    Finding::new(FindingId::HttpProtocolError, Severity::Error, Where::Service, claim)
        .because("status 101 Switching Protocols to a request without Upgrade", [seen.seq])
        .try_next("on the server: see why it treats the request as one for a WebSocket or another protocol")
}

fn client(url: &str, said: &str, seen: Seen<&HttpResponse>) -> Finding {
    let remedy = match seen.what.status {
        401 => {
            let scheme = seen.what.header("www-authenticate").unwrap_or("the scheme it names");
            format!("log in: the server wants credentials ({scheme})")
        }
        403 => "ask for access, or see what the server or its firewall has against this request"
            .to_owned(),
        404 | 410 => format!("check the path of {url}; on the server, see that the page is there"),
        405 => format!(
            "use another method; this one allows {}",
            seen.what.header("allow").unwrap_or("others")
        ),
        421 => "connect anew for this name: the connection belongs to another site".to_owned(),
        429 => "ask less often".to_owned(),
        _ => "see what the response says of the request".to_owned(),
    };
    let claim = format!("the server answers {said}: it does not give out what was asked for");
    Finding::new(FindingId::HttpStatusClientError, Severity::Error, Where::Service, claim)
        .because(format!("status {said} for {url}"), [seen.seq])
        .try_next(remedy)
}

/// 502 and 504 come from something in front of the server.
fn gateway(said: &str, seen: Seen<&HttpResponse>) -> Finding {
    let server = seen.what.header("server").map_or(String::new(), |name| format!(" ({name})"));
    let claim = format!(
        "the gateway in front of the server{server} answers {said}: what is behind it failed"
    );
    Finding::new(FindingId::HttpStatusGatewayError, Severity::Error, Where::Service, claim)
        .because(format!("status {said}"), [seen.seq])
        .try_next("on the gateway: see its error log for the address of the backend, and whether that runs")
        .not_looked_at("what lies behind the gateway")
}

fn with_retry_after(finding: Finding, seen: Seen<&HttpResponse>) -> Finding {
    match seen.what.header("retry-after") {
        Some(when) => finding
            .because(format!("it says when to come back: Retry-After: {when}"), [seen.seq])
            .try_next(format!("wait as Retry-After says ({when}), then ask again")),
        None => finding,
    }
}

/// Reason phrases of the statuses that people meet (RFC 9110 section 15).
const fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        421 => "Misdirected Request",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
