//! Three machines in namespaces of the test's own: a client, a router, a
//! server. Each test runs again as a child process in a fresh user and network
//! namespace, so nothing leaves the machine and no privilege is needed.

#![allow(dead_code, unreachable_pub)] // each test file uses its part
#![allow(clippy::print_stdout)] // a skip has to be seen

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Command;

use plumb_sys::namespace::{self, Entry, Kind};
use plumb_sys::netlink::{Netlink, RouteSpec};
use plumb_sys::{sysctl, tcp};

const INSIDE: &str = "PLUMB_SYS_TEST_INSIDE";

pub const CLIENT_V4: &str = "10.9.1.2";
pub const CLIENT_V6: &str = "2001:db8:1::2";
pub const ROUTER_V4: &str = "10.9.1.1";
pub const ROUTER_V6: &str = "2001:db8:1::1";
pub const SERVER_V4: &str = "10.9.2.2";
pub const SERVER_V6: &str = "2001:db8:2::2";

/// Runs `body` in a child process inside a user and a network namespace of
/// its own. `name` is the test's own name.
pub fn isolated(name: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        body();
        return;
    }
    let mut command = Command::new(std::env::current_exe().expect("the test's own path"));
    command.args([name, "--exact", "--nocapture", "--test-threads=1"]).env(INSIDE, "1");
    Entry::new()
        .new_user_namespace()
        .new_namespace(Kind::Network)
        .new_namespace(Kind::Mount)
        .with_capabilities()
        .apply_to(&mut command);
    match command.output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "inside the namespaces:\n{text}");
            assert!(text.contains("1 passed"), "no test is called {name}:\n{text}");
            println!("{text}");
        }
        Err(error) => println!("SKIP {name}: the kernel refuses namespaces: {error}"),
    }
}

pub fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

pub fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(ip(address), port)
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// The machines other than the client, which is the test's own namespace.
pub struct Laboratory {
    pub router: OwnedFd,
    pub server: OwnedFd,
}

impl Laboratory {
    pub fn build() -> Self {
        let router = namespace::new_network_namespace().expect("a namespace");
        let server = namespace::new_network_namespace().expect("a namespace");
        let lab = Laboratory { router, server };
        prepare();
        let mut client = Netlink::open().expect("netlink");
        client.add_veth("c0", "r0", Some(lab.router.as_fd())).expect("veth");
        configure(&mut client, "c0", &[CLIENT_V4, CLIENT_V6], &[ROUTER_V4, ROUTER_V6]);
        lab.in_router(|| {
            prepare();
            for name in ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"] {
                sysctl::write(name, "1").expect("forwarding");
            }
            // Tests ask more often than the six times that a burst allows.
            sysctl::write("net/ipv4/icmp_ratelimit", "0").expect("rate limit");
            sysctl::write("net/ipv6/icmp/ratelimit", "0").expect("rate limit");
            let mut router = Netlink::open().expect("netlink");
            router.add_veth("r1", "s0", Some(lab.server.as_fd())).expect("veth");
            configure(&mut router, "r0", &[ROUTER_V4, ROUTER_V6], &[]);
            configure(&mut router, "r1", &["10.9.2.1", "2001:db8:2::1"], &[]);
        });
        lab.in_server(|| {
            prepare();
            let mut server = Netlink::open().expect("netlink");
            configure(&mut server, "s0", &[SERVER_V4, SERVER_V6], &["10.9.2.1", "2001:db8:2::1"]);
        });
        lab
    }

    pub fn in_router<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        namespace::in_network_namespace(&self.router, work).expect("enter the router")
    }

    pub fn in_server<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        namespace::in_network_namespace(&self.server, work).expect("enter the server")
    }

    /// A listener on every address of the server.
    pub fn listen(&self, port: u16) -> [std::net::TcpListener; 2] {
        self.in_server(|| {
            ["0.0.0.0", "::"].map(|any| tcp::listen(at(any, port), 16).expect("listen"))
        })
    }
}

fn prepare() {
    for name in ["all", "default"] {
        sysctl::write(&format!("net/ipv6/conf/{name}/accept_dad"), "0").expect("accept_dad");
    }
    Netlink::open().expect("netlink").set_up("lo").expect("lo up");
}

fn configure(netlink: &mut Netlink, interface: &str, addresses: &[&str], gateways: &[&str]) {
    netlink.set_up(interface).expect("up");
    for address in addresses {
        let bits = if ip(address).is_ipv4() { 24 } else { 64 };
        let net = ipnet::IpNet::new(ip(address), bits).expect("a prefix");
        netlink.add_address(interface, net).expect("address");
    }
    for gateway in gateways {
        let default = if ip(gateway).is_ipv4() { "0.0.0.0/0" } else { "::/0" };
        let mut route = RouteSpec::to(default.parse().expect("a prefix"));
        route.via = Some(ip(gateway));
        netlink.add_route(&route).expect("default route");
    }
}
