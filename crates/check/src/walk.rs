//! What a good client does to reach the target, each step recorded.

use std::net::{IpAddr, SocketAddr};

use http::Method;
use http::header::{LOCATION, PROXY_AUTHORIZATION};
use plumb_evidence::evidence::Scheme;
use plumb_evidence::observation::{RouteResult, SystemResult, TlsOutcome};
use plumb_evidence::{Observation, Purpose};
use plumb_probe::handshake::TlsOptions;
use plumb_probe::http::{redirect, retry};
use plumb_probe::local::ResolverConfig;
use plumb_probe::resolve::SystemResolver;
use plumb_probe::trust::LazyStore;
use plumb_probe::way::ProxyChoice;
use plumb_probe::{
    Connection, Deadline, Retry, Scope, credentials, dial, exchange, handshake, local, proxy,
    resolve, udp,
};
use url::Url;

use crate::beside::Beside;
use crate::hop::Hop;
use crate::request::Request;

/// All that a walk needs, shared by its hops.
pub(crate) struct Walker {
    pub(crate) request: Request,
    pub(crate) scope: Scope,
    pub(crate) store: LazyStore,
    /// What goes on beside the walk.
    pub(crate) beside: Beside,
}

/// How a hop ended.
enum End {
    Arrived,
    Redirected(Box<Hop>),
    /// It did not arrive; whether trying again could help.
    Failed {
        may_pass: bool,
    },
}

impl Walker {
    /// Walks every hop, retrying as asked.
    pub(crate) async fn walk(&self) {
        let retry = Retry::walk(self.request.retries, self.request.seed);
        let mut hop = Hop::first(&self.request);
        let mut visited = Vec::new();
        for number in 0..=self.request.redirects_max {
            let scope = self.scope.hop(number);
            visited.extend(hop.url.clone().map(|url| (hop.method.clone(), url)));
            match self.hop_with_retries(&scope, &hop, retry, &visited).await {
                End::Redirected(next) => hop = *next,
                End::Arrived | End::Failed { .. } => return,
            }
        }
    }

    async fn hop_with_retries(
        &self,
        scope: &Scope,
        hop: &Hop,
        retry: Retry,
        visited: &[(Method, Url)],
    ) -> End {
        let mut attempt = 1;
        loop {
            let end = self.hop(scope, hop, visited).await;
            let again = matches!(end, End::Failed { may_pass: true })
                && attempt < retry.tries
                && hop.method.is_idempotent()
                && !scope.stop.is_asked();
            if !again {
                return end;
            }
            let wait = retry.wait(attempt);
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            scope.record(Observation::Retry { attempt, wait_ms });
            tokio::select! {
                () = tokio::time::sleep(wait) => attempt += 1,
                () = scope.stop.asked() => return end,
            }
        }
    }

    async fn hop(&self, scope: &Scope, hop: &Hop, visited: &[(Method, Url)]) -> End {
        scope.record(Observation::HopBegins {
            scheme: hop.scheme,
            host: hop.host.clone(),
            port: hop.port,
            url: hop.url.as_ref().map(credentials::hidden),
        });
        if scope.network.map.is_empty() {
            // What this host cannot tell about itself is missing from the evidence.
            let _ = local::interfaces(scope);
        } else {
            scope.record(Observation::NotLookedAt {
                what: "interfaces, routes and neighbours".to_owned(),
                why: "the lab on loopback addresses has none".to_owned(),
            });
        }
        let proxy = self.request.proxies.choose(hop.scheme, &hop.host);
        if let Some(choice) = proxy {
            let url = credentials::hidden(&choice.url);
            scope.record(Observation::Proxy { from: choice.from.clone(), url });
        }
        let (host, port) = match proxy {
            Some(choice) => authority_of(&choice.url),
            None => (hop.host.clone(), hop.port),
        };
        let Some(addresses) = self.addresses(scope, &host, port).await else {
            return End::Failed { may_pass: true };
        };
        self.routes(scope, &addresses);
        if hop.scheme == Scheme::Udp {
            return udp_hop(scope, &addresses, self.deadline()).await;
        }
        let opened = dial::connect(scope, &addresses, self.deadline()).await;
        self.beside.push(opened.aside);
        let Some(connection) = opened.connection else {
            return End::Failed { may_pass: true };
        };
        self.gateway(scope, connection.address.ip());
        let connection = match proxy {
            Some(choice) if hop.scheme.is_tls() => {
                self.tunnel(scope, connection, choice, hop).await
            }
            _ => Some(connection),
        };
        let Some(connection) = connection else { return End::Failed { may_pass: false } };
        self.above_tcp(scope, hop, connection, proxy, visited).await
    }

    async fn above_tcp(
        &self,
        scope: &Scope,
        hop: &Hop,
        mut connection: Connection,
        proxy: Option<&ProxyChoice>,
        visited: &[(Method, Url)],
    ) -> End {
        if hop.scheme.is_tls() {
            match self.tls(scope, hop, connection).await {
                Ok(secured) => connection = secured,
                Err(end) => return end,
            }
        }
        let (true, Some(url)) = (hop.scheme.is_http(), hop.url.as_ref()) else {
            return End::Arrived;
        };
        let mut headers = hop.headers.clone();
        if let Some(value) = proxy
            .filter(|_| !hop.scheme.is_tls())
            .and_then(|choice| proxy::Proxy::new(choice.url.clone()).authorization())
        {
            headers.insert(PROXY_AUTHORIZATION, value);
        }
        let request = exchange::Request {
            method: hop.method.clone(),
            url: url.clone(),
            headers,
            body: hop.body.clone(),
            absolute_form: proxy.is_some() && !hop.scheme.is_tls(),
        };
        match exchange::exchange(scope, connection, &request, self.deadline()).await {
            Some(response) => self.follow(scope, hop, url, &response, visited),
            None => End::Failed { may_pass: true },
        }
    }

    async fn tls(
        &self,
        scope: &Scope,
        hop: &Hop,
        connection: Connection,
    ) -> Result<Connection, End> {
        let alpn: &[&str] = if hop.scheme.is_http() { &["h2", "http/1.1"] } else { &[] };
        let options = TlsOptions {
            server_name: hop.host.clone(),
            store: self.store.clone(),
            insecure: self.request.target.insecure,
            // The certificate was meant for the target, not for wherever it sends us.
            identity: self.request.identity.clone().filter(|_| self.is_first_origin(hop)),
            alpn: alpn.iter().map(|&name| name.to_owned()).collect(),
            tap: None,
        };
        let done = handshake::handshake(scope, connection, &options, self.deadline()).await;
        let may_pass = matches!(
            done.seen.outcome,
            TlsOutcome::Closed | TlsOutcome::Reset | TlsOutcome::TimedOut
        );
        done.connection.ok_or(End::Failed { may_pass })
    }

    async fn tunnel(
        &self,
        scope: &Scope,
        connection: Connection,
        choice: &ProxyChoice,
        hop: &Hop,
    ) -> Option<Connection> {
        let through = proxy::Proxy::new(choice.url.clone());
        let authority = format!("{}:{}", bracketed(&hop.host), hop.port);
        proxy::connect(scope, connection, &through, &authority, self.deadline()).await
    }

    /// The addresses of `host` in the order in which they are tried.
    async fn addresses(&self, scope: &Scope, host: &str, port: u16) -> Option<Vec<SocketAddr>> {
        let found = if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            vec![address]
        } else if let Some(given) = self.request.given(host, port) {
            let (name, addresses) = (host.to_owned(), given.to_vec());
            scope.record(Observation::AddressesGiven { name, addresses });
            given.to_vec()
        } else {
            self.look_up(scope, host).await?
        };
        Some(dial::order(&found, port, scope.network.family))
    }

    async fn look_up(&self, scope: &Scope, host: &str) -> Option<Vec<IpAddr>> {
        let (config, resolver) = self.resolver(scope, host);
        let (aside, name, wait) = (scope.purpose(Purpose::Aside), host.to_owned(), self.deadline());
        self.beside.spawn(async move {
            resolve::beside(&aside, &config, &name, wait).await;
        });
        match resolve::system(scope, &resolver, host, self.deadline()).await {
            SystemResult::Addresses { addresses } => Some(addresses),
            SystemResult::Failed { .. } | SystemResult::TimedOut | SystemResult::Abandoned => None,
        }
    }

    /// How names are resolved: as this host does, or by the stub alone, so that
    /// nothing of a loopback lab is asked outside.
    fn resolver(&self, scope: &Scope, host: &str) -> (ResolverConfig, SystemResolver) {
        match self.system_resolver() {
            SystemResolver::Stub(config) => {
                local::record_config(scope, &config);
                (config.clone(), SystemResolver::Stub(config))
            }
            SystemResolver::Library => {
                let config = local::resolver_config(scope, &local::Files::default(), host);
                for server in &config.servers {
                    let _ = local::route(scope, server.ip());
                }
                (config, SystemResolver::Library)
            }
        }
    }

    /// Who stands for the system's resolver.
    pub(crate) fn system_resolver(&self) -> SystemResolver {
        match self.request.stub_resolver {
            Some(server) => SystemResolver::Stub(local::stub_config(server)),
            None => SystemResolver::Library,
        }
    }

    /// What the kernel would do with the first address of each family. Mapped
    /// addresses are not this host's to route.
    fn routes(&self, scope: &Scope, addresses: &[SocketAddr]) {
        if !scope.network.map.is_empty() {
            return;
        }
        let first = |v4: bool| addresses.iter().find(|a| a.is_ipv4() == v4);
        for address in [first(true), first(false)].into_iter().flatten() {
            let _ = local::route(scope, address.ip());
        }
    }

    /// What the neighbour table says of the first router on the way.
    fn gateway(&self, scope: &Scope, destination: IpAddr) {
        if !scope.network.map.is_empty() {
            return;
        }
        let route = scope.recorder.events().into_iter().rev().find_map(|event| match event.what {
            Observation::Route { destination: to, result } if to == destination => Some(result),
            _ => None,
        });
        if let Some(RouteResult::Found { gateway: Some(gateway), .. }) = route {
            let _ = local::neighbour_entry(scope, gateway);
        }
    }

    fn follow(
        &self,
        scope: &Scope,
        hop: &Hop,
        url: &Url,
        response: &exchange::Response,
        visited: &[(Method, Url)],
    ) -> End {
        let status = response.status;
        if !redirect::leads_on(status.as_u16()) {
            let may_pass = retry::may_pass(status.as_u16());
            return if may_pass { End::Failed { may_pass } } else { End::Arrived };
        }
        let place = response.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let next = place.map(|place| url.join(place).map(|next| hop.redirected(status, next)));
        let (to, next, why_not) = match (place, next) {
            (_, Some(Ok(Some(next)))) => {
                let seen = next.url.clone().map(|url| (next.method.clone(), url));
                let why_not = if seen.as_ref().is_some_and(|seen| visited.contains(seen)) {
                    Some("loop")
                } else if visited.len() > usize::from(self.request.redirects_max) {
                    Some("too many")
                } else {
                    None
                };
                (next.url.as_ref().map(credentials::hidden), Some(next), why_not)
            }
            (place, Some(Ok(None))) => (place.map(str::to_owned), None, Some("not http")),
            (place, Some(Err(_))) => (place.map(str::to_owned), None, Some("no URL")),
            (_, None) => (None, None, Some("no Location")),
        };
        scope.record(Observation::Redirect {
            from: credentials::hidden(url),
            to: to.unwrap_or_default(),
            status: status.as_u16(),
            followed: why_not.is_none(),
            why_not: why_not.map(str::to_owned),
        });
        match next {
            Some(next) if why_not.is_none() => End::Redirected(Box::new(next)),
            _ => End::Failed { may_pass: false },
        }
    }

    fn is_first_origin(&self, hop: &Hop) -> bool {
        let target = &self.request.target;
        (hop.scheme, hop.host.as_str(), hop.port)
            == (target.scheme, target.host.as_str(), target.port)
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(self.request.timeout)
    }
}

/// Speaks to the first address by datagram.
async fn udp_hop(scope: &Scope, addresses: &[SocketAddr], deadline: Deadline) -> End {
    let Some(&address) = addresses.first() else { return End::Failed { may_pass: false } };
    udp::exchange(scope, address, deadline).await;
    End::Arrived
}

fn authority_of(url: &Url) -> (String, u16) {
    // curl's default port for a proxy without one.
    const PROXY_PORT: u16 = 1080;
    (
        url.host_str().unwrap_or_default().to_owned(),
        url.port_or_known_default().unwrap_or(PROXY_PORT),
    )
}

fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() }
}
