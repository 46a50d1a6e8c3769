//! Servers' sockets: the steps, who holds an address, what is left behind.
//!
//! In a program of its own, for a test that starts a program would share the
//! sockets with it for a moment.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use plumb_sys::listen::{Bound, BoundSocket, ListenAt, Step, bind};
use plumb_sys::options::SocketOptions;
use plumb_sys::{errno, socket};
use std::io::Read;
use std::net::TcpStream;
use std::os::fd::IntoRawFd;
use std::os::unix::fs::PermissionsExt;

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn none() -> SocketOptions {
    SocketOptions::default()
}

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let name = format!("plumb-listen-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a directory");
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn each_step_is_told() {
    let bound = bind(&ListenAt::Tcp(at("127.0.0.1:0")), &none(), Some(5)).expect("bound");
    let calls: Vec<String> = bound.steps.iter().map(Step::call).collect();
    let address = bound.socket.address().expect("address");
    assert_eq!(
        calls,
        [
            "socket(AF_INET, SOCK_STREAM)".to_owned(),
            "setsockopt(SO_REUSEADDR, on)".to_owned(),
            format!("bind({address})"),
            "listen(5)".to_owned(),
        ]
    );
    assert_eq!(bound.steps[3].meaning(), "5 connections may wait for accept()");
    assert_eq!(bound.socket.to_string(), format!("tcp://{address}"));
    let most = Some(u32::try_from(i32::MAX).expect("fits"));
    let bound = bind(&ListenAt::Tcp(at("127.0.0.1:0")), &none(), most).expect("bound");
    let Some(Step::Listen { somaxconn, effective, .. }) = bound.steps.last() else {
        panic!("{:?}", bound.steps)
    };
    assert_eq!(effective, somaxconn, "the kernel caps the backlog");
}

#[test]
fn the_holder_of_a_port_is_named() {
    let first = bind(&ListenAt::Tcp(at("127.0.0.1:0")), &none(), None).expect("bound");
    let address = first.socket.address().expect("address");
    let error = bind(&ListenAt::Tcp(address), &none(), None).expect_err("taken");
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert_eq!(socket::errno_of(&error), Some(errno::EADDRINUSE));
    let text = error.to_string();
    let process = format!("(process {})", std::process::id());
    assert!(text.starts_with("bind to tcp://127.0.0.1:") && text.ends_with(&process), "{text}");
}

#[test]
fn the_wildcard_of_ipv6_takes_both_families_unless_told_otherwise() {
    for (only_v6, reached) in [(None, true), (Some(true), false)] {
        let options = SocketOptions { only_v6, ..none() };
        let bound = bind(&ListenAt::Tcp(at("[::]:0")), &options, None).expect("bound");
        let port = bound.socket.address().expect("address").port();
        assert_eq!(TcpStream::connect(("127.0.0.1", port)).is_ok(), reached);
    }
}

#[test]
fn a_listener_binds_beside_time_wait_if_both_asked_for_it() {
    for (first, second) in [(false, true), (true, false), (false, false), (true, true)] {
        let options = |reuse| SocketOptions { reuse_address: Some(reuse), ..none() };
        let old = bind(&ListenAt::Tcp(at("127.0.0.1:0")), &options(first), None).expect("old");
        let address = old.socket.address().expect("address");
        let mut client = TcpStream::connect(address).expect("connect");
        let BoundSocket::Tcp(listener) = &old.socket else { panic!("{old:?}") };
        listener.set_nonblocking(false).expect("blocking");
        drop(listener.accept().expect("accept")); // the server closes first
        assert_eq!(client.read(&mut [0]).expect("the end"), 0);
        drop(client);
        drop(old);
        let again = bind(&ListenAt::Tcp(address), &options(second), None);
        assert_eq!(again.is_ok(), first && second, "{first} {second} {again:?}");
        if let Err(error) = again {
            assert!(error.to_string().contains("TIME-WAIT"), "{error}");
        }
    }
}

#[test]
fn a_stale_socket_file_is_removed_and_a_live_one_is_not() {
    let scratch = Scratch::new("stale");
    for datagram in [false, true] {
        let path = scratch.0.join(format!("socket-{datagram}"));
        let at = if datagram {
            ListenAt::UnixDatagram(path.clone())
        } else {
            ListenAt::Unix(path.clone())
        };
        let options = SocketOptions { mode: Some(0o600), ..none() };
        let first = bind(&at, &options, None).expect("bound");
        let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let error = bind(&at, &none(), None).expect_err("taken");
        let process = format!("(process {})", std::process::id());
        assert!(error.to_string().ends_with(&process), "{error}");
        let Bound { socket, file, .. } = first;
        drop(socket);
        std::mem::forget(file); // as if the server had been killed
        let again = bind(&at, &none(), None).expect("the file was stale");
        assert!(again.steps.contains(&Step::StaleFileRemoved(path.clone())));
        drop(again);
        assert!(!path.exists(), "the file goes with the server");
    }
    let file = scratch.0.join("text");
    std::fs::write(&file, "text").expect("written");
    assert!(bind(&ListenAt::Unix(file.clone()), &none(), None).is_err());
    assert!(file.exists(), "what is no socket is never removed");
}

#[test]
fn an_abstract_name_has_no_file() {
    let name = PathBuf::from(format!("@plumb-test-{}", std::process::id()));
    let bound = bind(&ListenAt::Unix(name.clone()), &none(), None).expect("bound");
    assert_eq!(bound.socket.path(), Some(name.clone()));
    assert!(bound.file.is_none());
    let error = bind(&ListenAt::Unix(name), &none(), None).expect_err("taken");
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}

#[test]
fn a_descriptor_that_was_handed_over_is_recognised() {
    let tcp = TcpListener::bind("127.0.0.1:0").expect("bind");
    let address = tcp.local_addr().expect("address");
    let descriptor = tcp.into_raw_fd();
    let bound = bind(&ListenAt::Inherited(descriptor), &none(), None).expect("bound");
    assert_eq!(bound.socket.address(), Some(address));
    assert!(bind(&ListenAt::Inherited(descriptor), &none(), None).is_err(), "only once");
    assert!(bind(&ListenAt::Inherited(1), &none(), None).is_err());
    assert!(bind(&ListenAt::Inherited(99_999), &none(), None).is_err());
    let file = std::fs::File::open("/dev/null").expect("opened").into_raw_fd();
    let error = bind(&ListenAt::Inherited(file), &none(), None).expect_err("no socket");
    assert!(error.to_string().contains("not a socket"), "{error}");
}

#[test]
fn a_group_is_joined_by_listening_on_it() {
    let options = SocketOptions { interface: Some("lo".into()), ..none() };
    let bound = bind(&ListenAt::Udp(at("224.0.0.251:0")), &options, None).expect("bound");
    let joined = bound
        .steps
        .iter()
        .any(|step| matches!(step, Step::Option(option) if option.value == "224.0.0.251 on lo"));
    assert!(joined, "{:?}", bound.steps);
}

#[test]
fn a_client_of_a_unix_socket_has_a_name_to_answer_to() {
    use plumb_sys::unix;
    use std::os::linux::net::SocketAddrExt;
    let scratch = Scratch::new("client");
    let path = scratch.0.join("datagrams");
    let bound = bind(&ListenAt::UnixDatagram(path.clone()), &none(), None).expect("bound");
    let BoundSocket::UnixDatagram(server) = &bound.socket else { panic!("{bound:?}") };
    let client = unix::datagram(&path, &none()).expect("connected");
    client.send(b"ping").expect("sent");
    let mut buffer = [0; 8];
    let (size, from) = server.recv_from(&mut buffer).expect("received");
    assert_eq!(&buffer[..size], b"ping");
    assert!(from.as_abstract_name().is_some(), "{from:?}");
    let error = unix::stream(&path, &none()).expect_err("datagrams are spoken there");
    assert_eq!(error.raw_os_error(), Some(errno::EPROTOTYPE));
    drop(bound);
    let error = unix::datagram(&path, &none()).expect_err("the file is gone");
    assert_eq!(error.raw_os_error(), Some(errno::ENOENT));
}

#[test]
fn a_client_s_socket_has_the_options_that_were_asked_for() {
    use plumb_sys::udp::ProbeSocket;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let options = SocketOptions {
            ttl: Some(5),
            source: Some(at("127.0.0.9:0")),
            interface: Some("lo".into()),
            ..none()
        };
        let probe = ProbeSocket::connect_with(at("127.0.0.1:9"), &options).expect("connected");
        let local = probe.local_address().expect("an address");
        assert_eq!(local.ip(), at("127.0.0.9:0").ip());
        let effective = probe.effective(&options);
        let value =
            |name| effective.iter().find(|one| one.name == name).expect("there").value.clone();
        assert_eq!((value("IP_TTL").as_str(), value("SO_BINDTODEVICE").as_str()), ("5", "lo"));
    });
}
