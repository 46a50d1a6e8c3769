//! rtnetlink: what is written is read back.

mod laboratory;

use laboratory::*;
use plumb_sys::netlink::{NeighbourState, Netlink, RouteKind, RouteQuery, RouteSpec, VethEnd};

#[test]
fn links_and_addresses_are_read_back() {
    isolated("links_and_addresses_are_read_back", || {
        let _lab = Laboratory::build();
        let mut netlink = Netlink::open().expect("netlink");
        let links = netlink.interfaces().expect("interfaces");
        let lo = links.iter().find(|link| link.name == "lo").expect("lo");
        assert!(lo.loopback && lo.admin_up && lo.carrier);
        let c0 = links.iter().find(|link| link.name == "c0").expect("c0");
        assert_eq!((c0.mtu_bytes, c0.kind.as_deref()), (1500, Some("veth")));
        assert!(c0.admin_up && c0.carrier && c0.mac.is_some() && !c0.loopback);
        let v6 = c0.addresses.iter().find(|a| a.address == ip(CLIENT_V6)).expect("IPv6");
        assert!(v6.global && !v6.tentative && v6.prefix_bits == 64);
        assert!(c0.addresses.iter().any(|a| !a.global), "a link-local address");
        netlink.del_address("c0", "10.9.1.2/24".parse().expect("net")).expect("delete");
        let links = netlink.interfaces().expect("interfaces");
        let c0 = links.iter().find(|link| link.name == "c0").expect("c0");
        assert!(c0.addresses.iter().all(|a| a.address != ip(CLIENT_V4)));
    });
}

#[test]
fn links_are_made_as_told() {
    isolated("links_are_made_as_told", || {
        let mut netlink = Netlink::open().expect("netlink");
        let near =
            VethEnd { name: "near".into(), mac: Some([2, 0, 0, 0, 0, 1]), mtu_bytes: Some(1400) };
        let far = VethEnd { name: "far".into(), ..near.clone() };
        netlink.add_veth_pair(&near, &far, None).expect("veth");
        netlink.add_bridge("br").expect("bridge");
        netlink.set_master("far", Some("br")).expect("master");
        netlink.set_mtu("near", 1300).expect("mtu");
        netlink.set_mac("near", [2, 0, 0, 0, 0, 9]).expect("mac");
        netlink.rename("near", "close").expect("rename");
        netlink.set_up("close").expect("up");
        let links = netlink.interfaces().expect("interfaces");
        let find = |name: &str| links.iter().find(|link| link.name == name).expect("a link");
        let close = find("close");
        assert_eq!((close.mac, close.mtu_bytes), (Some([2, 0, 0, 0, 0, 9]), 1300));
        assert!(close.admin_up && !close.carrier, "the other end is down");
        assert_eq!(find("far").master, Some(find("br").index));
        netlink.set_up("far").expect("up");
        netlink.set_down("close").expect("down");
        netlink.set_master("far", None).expect("no master");
        netlink.del_link("close").expect("delete");
        let links = netlink.interfaces().expect("interfaces");
        assert!(links.iter().all(|link| link.name != "far"), "both ends are gone");
        let error = netlink.set_up("nothing").expect_err("there is no such link");
        assert_eq!(error.errno(), Some(libc::ENODEV));
        assert_eq!(error.to_string().split(':').next(), Some("set up nothing"));
        assert!(netlink.index_of("a-name-that-is-too-long").is_err());
    });
}

#[test]
fn routes_are_looked_up_and_refused() {
    isolated("routes_are_looked_up_and_refused", || {
        let _lab = Laboratory::build();
        let mut netlink = Netlink::open().expect("netlink");
        for (to, via, from) in
            [(SERVER_V4, ROUTER_V4, CLIENT_V4), (SERVER_V6, ROUTER_V6, CLIENT_V6)]
        {
            let route = netlink.route_to(ip(to), RouteQuery::default()).expect("a route");
            assert_eq!(route.interface, "c0");
            assert_eq!((route.gateway, route.source), (Some(ip(via)), Some(ip(from))));
            assert!(!route.local);
        }
        let own = netlink.route_to(ip(CLIENT_V4), RouteQuery::default()).expect("a route");
        assert!(own.local);
        for (net, host) in [("10.77.0.0/16", "10.77.0.1"), ("2001:db8:77::/48", "2001:db8:77::1")] {
            for (kind, errno) in [
                (RouteKind::Unreachable, libc::EHOSTUNREACH),
                (RouteKind::Prohibit, libc::EACCES),
                (RouteKind::Blackhole, libc::EINVAL),
            ] {
                let mut route = RouteSpec::to(net.parse().expect("a prefix"));
                route.kind = kind;
                netlink.add_route(&route).expect("a route");
                let read = netlink.routes().expect("routes");
                assert!(read.iter().any(|r| r.kind == kind && r.destination == route.destination));
                let error = netlink.route_to(ip(host), RouteQuery::default()).expect_err("refused");
                assert_eq!(error.errno(), Some(errno), "{kind:?} {net}");
                netlink.del_route(&route).expect("delete");
            }
        }
        let defaults: Vec<RouteSpec> = netlink
            .routes()
            .expect("routes")
            .into_iter()
            .filter(|route| route.destination.prefix_len() == 0)
            .collect();
        assert_eq!(defaults.len(), 2, "{defaults:?}");
        for route in &defaults {
            netlink.del_route(route).expect("delete");
        }
        for host in [SERVER_V4, SERVER_V6] {
            let error = netlink.route_to(ip(host), RouteQuery::default()).expect_err("no route");
            assert_eq!(error.errno(), Some(libc::ENETUNREACH));
        }
        for route in &defaults {
            netlink.add_route(route).expect("what was read can be written");
        }
        netlink.route_to(ip(SERVER_V4), RouteQuery::default()).expect("a route again");
    });
}

#[test]
fn an_unnumbered_link_carries_gateway_routes() {
    isolated("an_unnumbered_link_carries_gateway_routes", || {
        let mut netlink = Netlink::open().expect("netlink");
        netlink.add_veth("a", "b", None).expect("veth");
        netlink.set_up("a").expect("up");
        netlink.set_up("b").expect("up");
        netlink.add_address("a", "10.25.1.1/32".parse().expect("net")).expect("address");
        let mut host = RouteSpec::to("10.1.1.1/32".parse().expect("net"));
        host.device = Some("a".into());
        netlink.add_route(&host).expect("connected route");
        let mut all = RouteSpec::to("0.0.0.0/0".parse().expect("net"));
        all.via = Some(ip("10.1.1.1"));
        all.mtu_bytes = Some(1400);
        all.metric = Some(7);
        netlink.add_route(&all).expect("the next router is known to be on the link");
        let route = netlink.route_to(ip("192.0.2.1"), RouteQuery::default()).expect("a route");
        assert_eq!(route.mtu_bytes, Some(1400));
        let error = netlink.add_route(&all).expect_err("it is there");
        assert_eq!(error.errno(), Some(libc::EEXIST));
        all.mtu_bytes = None;
        netlink.replace_route(&all).expect("replace");
        assert!(netlink.routes().expect("routes").iter().any(|route| route.metric == Some(7)));
    });
}

#[test]
fn neighbours_are_read_and_set() {
    isolated("neighbours_are_read_and_set", || {
        let lab = Laboratory::build();
        let listeners = lab.listen(80);
        let mut netlink = Netlink::open().expect("netlink");
        assert_eq!(netlink.neighbour(ip(ROUTER_V4)).expect("table"), None);
        std::net::TcpStream::connect(at(SERVER_V4, 80)).expect("connect");
        let router = netlink.neighbour(ip(ROUTER_V4)).expect("table").expect("an entry");
        assert_eq!(router.interface, "c0");
        assert!(router.mac.is_some() && router.state != NeighbourState::Failed);
        let mac = [2, 0, 0, 0, 0, 7];
        netlink.add_neighbour("c0", ip("10.9.1.77"), mac).expect("add");
        let entry = netlink.neighbour(ip("10.9.1.77")).expect("table").expect("an entry");
        assert_eq!((entry.state, entry.mac), (NeighbourState::Permanent, Some(mac)));
        netlink.del_neighbour("c0", ip("10.9.1.77")).expect("delete");
        drop(listeners);
    });
}
