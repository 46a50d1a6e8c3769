//! Namespaces, capabilities, packet sockets and offloads.

#![allow(clippy::print_stdout)] // a skip has to be seen

mod laboratory;

use std::os::fd::{AsFd, OwnedFd};
use std::process::Command;
use std::sync::Arc;

use laboratory::*;
use plumb_sys::ethtool::Ethtool;
use plumb_sys::namespace::{self, Entry, Kind, Stage, capability, mount};
use plumb_sys::netlink::Netlink;
use plumb_sys::packet::{Direction, PacketOptions, PacketSocket};
use plumb_sys::process::{self, Protocol};
use plumb_sys::{sysctl, tcp};

#[test]
fn a_socket_stays_in_its_namespace() {
    isolated("a_socket_stays_in_its_namespace", || {
        let lab = Laboratory::build();
        let _listeners = lab.listen(80);
        let bound = process::addresses_bound(Protocol::Tcp, 80);
        assert!(bound.is_empty(), "the client's own namespace has no listener: {bound:?}");
        let bound = lab.in_server(|| process::addresses_bound(Protocol::Tcp, 80));
        assert_eq!(bound.len(), 2);
        let holder = lab.in_server(|| process::holder_of_port(Protocol::Tcp, 80));
        assert_eq!(holder.map(|holder| holder.pid), Some(std::process::id()));
        std::net::TcpStream::connect(at(SERVER_V4, 80)).expect("the listener still serves");
        let again = lab.in_server(|| tcp::listen(at("0.0.0.0", 80), 1).map(drop));
        let error = again.expect_err("the address is in use");
        assert_eq!(plumb_sys::socket::errno_of(&error), Some(libc::EADDRINUSE));
    });
}

#[test]
fn a_program_starts_where_it_is_told() {
    isolated("a_program_starts_where_it_is_told", || {
        let lab = Laboratory::build();
        let server = Arc::new(lab.server.try_clone().expect("clone"));
        let mut command = Command::new("cat");
        command.arg("/proc/self/net/dev");
        Entry::new().join(Kind::Network, server).apply_to(&mut command);
        let output = command.output().expect("cat");
        assert!(String::from_utf8_lossy(&output.stdout).contains("s0:"));
        let wrong: Arc<OwnedFd> = Arc::new(std::fs::File::open("/").expect("open").into());
        let mut command = Command::new("true");
        Entry::new().join(Kind::Network, wrong).apply_to(&mut command);
        let error = command.status().expect_err("not a namespace");
        assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    });
}

/// The five capability sets of a child that was started so.
fn capability_sets(entry: Entry) -> Vec<(String, u64)> {
    let mut command = Command::new("cat");
    command.arg("/proc/self/status");
    entry.apply_to(&mut command);
    let output = command.output().expect("cat");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .filter_map(|line| line.split_once(":\t"))
        .filter(|(name, _)| name.starts_with("Cap") || *name == "NoNewPrivs")
        .map(|(name, set)| (name.to_owned(), u64::from_str_radix(set, 16).expect("a number")))
        .collect()
}

#[test]
fn capabilities_are_passed_on_or_put_down() {
    isolated("capabilities_are_passed_on_or_put_down", || {
        assert!(capability::holds(capability::SYS_ADMIN) && !namespace::needs_user_namespace());
        let kept = capability_sets(Entry::new().with_capabilities());
        for (name, set) in &kept {
            assert!(name == "NoNewPrivs" || *set != 0, "{name} is empty");
        }
        let dropped = capability_sets(Entry::new().without_capabilities());
        for (name, set) in &dropped {
            assert_eq!(*set, u64::from(name == "NoNewPrivs"), "{name}");
        }
        assert_eq!((kept.len(), dropped.len()), (6, 6));
        // For this thread too, and then a namespace is refused.
        std::thread::spawn(|| {
            capability::drop_all().expect("drop");
            assert!(!capability::holds_any() && namespace::needs_user_namespace());
            let error = namespace::unshare(Kind::Network).expect_err("refused");
            assert_eq!((error.stage, error.errno()), (Stage::NetworkNamespace, Some(libc::EPERM)));
            let error = sysctl::write("net/ipv4/ip_forward", "1").expect_err("refused");
            assert_eq!(error.stage, Stage::Sysctl);
            assert!(error.to_string().starts_with("write /proc/sys/net/ipv4/ip_forward: "));
        })
        .join()
        .expect("the thread");
    });
}

#[test]
fn a_user_namespace_wants_a_single_thread() {
    isolated("a_user_namespace_wants_a_single_thread", || {
        std::thread::spawn(|| {
            let error = namespace::enter_user_namespace().expect_err("there are two threads");
            assert_eq!((error.stage, error.errno()), (Stage::UserNamespace, Some(libc::EINVAL)));
        })
        .join()
        .expect("the thread");
    });
}

#[test]
fn mounts_stay_inside() {
    isolated("mounts_stay_inside", || {
        mount::make_private("/").expect("private");
        mount::tmpfs("/tmp", 1 << 20, 0o755).expect("tmpfs");
        for name in ["lower", "upper", "work", "merged", "bound"] {
            std::fs::create_dir(format!("/tmp/{name}")).expect("mkdir");
        }
        std::fs::write("/tmp/lower/file", "below").expect("write");
        mount::overlay("/tmp/lower", "/tmp/upper", "/tmp/work", "/tmp/merged").expect("overlay");
        std::fs::write("/tmp/merged/file", "above").expect("write");
        assert_eq!(std::fs::read_to_string("/tmp/lower/file").expect("read"), "below");
        mount::bind("/tmp/merged", "/tmp/bound").expect("bind");
        assert_eq!(std::fs::read_to_string("/tmp/bound/file").expect("read"), "above");
        mount::detach("/tmp/bound").expect("unmount");
        assert!(std::fs::read_to_string("/tmp/bound/file").is_err());
        mount::sysfs("/tmp/bound").expect("sysfs");
        let names: Vec<_> = std::fs::read_dir("/tmp/bound/class/net").expect("read").collect();
        assert_eq!(names.len(), 1, "only lo");
        let error = mount::detach("/tmp/nowhere").expect_err("not there");
        assert_eq!((error.stage, error.errno()), (Stage::Mount, Some(libc::ENOENT)));
        namespace::unshare(Kind::Uts).expect("uts");
        namespace::set_hostname("h1").expect("host name");
        assert_eq!(plumb_sys::names::hostname().expect("host name"), "h1");
    });
}

/// Sum of 16-bit words with the carries folded in, RFC 1071.
fn internet_sum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u32;
    for part in parts {
        for pair in part.chunks(2) {
            sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[test]
fn captured_checksums_are_true_without_offloads() {
    isolated("captured_checksums_are_true_without_offloads", || {
        let lab = Laboratory::build();
        let _listeners = lab.listen(80);
        Ethtool::open().expect("ethtool").offloads_off("c0").expect("offloads off");
        let error = Ethtool::open().expect("ethtool").offloads_off("none").expect_err("no such");
        assert_eq!(plumb_sys::socket::errno_of(&error), Some(libc::ENODEV));
        let index = Netlink::open().expect("netlink").index_of("c0").expect("index");
        let options = PacketOptions { interface_index: Some(index), ..Default::default() };
        let capture = PacketSocket::open(options).expect("packet socket");
        // As it comes from another process: a bare descriptor.
        let capture = PacketSocket::from(OwnedFd::from(capture));
        let deaf = PacketSocket::open(PacketOptions { ignore_outgoing: true, ..options })
            .expect("packet socket");
        runtime().block_on(async {
            let capture = capture.into_async().expect("tokio");
            tokio::net::TcpStream::connect(at(SERVER_V4, 80)).await.expect("connect");
            let mut buffer = [0; 2048];
            let syn = loop {
                let frame = capture.receive(&mut buffer).await.expect("a frame");
                if frame.direction == Direction::Out && buffer[12..14] == [8, 0] {
                    break frame;
                }
            };
            assert_eq!((syn.interface_index, syn.captured_bytes), (index, syn.original_bytes));
            assert!(syn.unix_ns > 0);
            let packet = &buffer[14..syn.captured_bytes];
            let (header, segment) = packet.split_at(20);
            assert_eq!(internet_sum(&[header]), 0xffff, "IPv4 header");
            let pseudo = [0, 6, 0, segment.len() as u8];
            assert_eq!(internet_sum(&[&header[12..20], &pseudo, segment]), 0xffff, "TCP");
            let mut small = [0; 10];
            let cut = capture.receive(&mut small).await.expect("a frame");
            assert!(cut.captured_bytes == 10 && cut.original_bytes > 10);
            assert_eq!(capture.get_ref().statistics().expect("statistics").drops, 0);
        });
        let mut buffer = [0; 2048];
        while let Ok(frame) = deaf.try_receive(&mut buffer) {
            assert_ne!(frame.direction, Direction::Out);
        }
    });
}

#[test]
fn frames_can_be_sent() {
    isolated("frames_can_be_sent", || {
        let mut netlink = Netlink::open().expect("netlink");
        netlink.add_veth("a", "b", None).expect("veth");
        netlink.set_up("a").expect("up");
        netlink.set_up("b").expect("up");
        let open = |name: &str| {
            let interface_index = Some(netlink.index_of(name).expect("index"));
            let options =
                PacketOptions { interface_index, ignore_outgoing: true, promiscuous: true };
            PacketSocket::open(options).expect("packet socket")
        };
        let (a, b) = (open("a"), open("b"));
        let mut frame = vec![0x02, 0, 0, 0, 0, 9, 0x02, 0, 0, 0, 0, 8, 0x88, 0xb5];
        frame.extend([7; 50]);
        runtime().block_on(async {
            let (a, b) = (a.into_async().expect("tokio"), b.into_async().expect("tokio"));
            // From the end that came up last: the other may learn of its carrier
            // later, and drops what it is given before.
            assert_eq!(b.send(&frame).await.expect("send"), frame.len());
            let mut buffer = [0; 2048];
            loop {
                let got = a.receive(&mut buffer).await.expect("a frame");
                if buffer[..got.captured_bytes] == frame[..] {
                    assert_eq!(got.direction, Direction::Other);
                    break;
                }
            }
        });
    });
}

#[test]
fn a_namespace_is_entered_by_descriptor() {
    isolated("a_namespace_is_entered_by_descriptor", || {
        let here = namespace::current(Kind::Network).expect("current");
        let same = namespace::of_process(std::process::id(), Kind::Network).expect("of process");
        let inode = |fd: &OwnedFd| nix::sys::stat::fstat(fd.as_fd()).expect("stat").st_ino;
        assert_eq!(inode(&here), inode(&same));
        let other = namespace::new_network_namespace().expect("a namespace");
        assert_ne!(inode(&here), inode(&other));
        let inside = namespace::in_network_namespace(&other, || namespace::current(Kind::Network))
            .expect("enter")
            .expect("current");
        assert_eq!(inode(&inside), inode(&other));
        assert_eq!(inode(&namespace::current(Kind::Network).expect("current")), inode(&here));
        let error = namespace::of_process(u32::MAX, Kind::Network).expect_err("no such process");
        assert_eq!(error.stage, Stage::Enter);
    });
}
