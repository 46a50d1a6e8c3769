//! Entering a user namespace, which wants a process with one thread: so this
//! test has a main function of its own.

#![allow(clippy::print_stdout)] // a skip has to be seen

use plumb_sys::namespace::{self, Kind, capability};

fn main() {
    let (user, group) = (nix::unistd::geteuid(), nix::unistd::getegid());
    if let Err(error) = namespace::enter_user_namespace() {
        println!("SKIP user_namespace: the kernel refuses it at {:?}: {error}", error.stage);
        return;
    }
    assert_eq!((nix::unistd::geteuid(), nix::unistd::getegid()), (user, group), "ids are kept");
    for (path, id) in
        [("/proc/self/uid_map", user.as_raw()), ("/proc/self/gid_map", group.as_raw())]
    {
        let map = std::fs::read_to_string(path).expect("a map");
        let fields: Vec<u32> =
            map.split_ascii_whitespace().map(|field| field.parse().expect("a number")).collect();
        assert_eq!(fields, [id, id, 1], "{path}");
    }
    assert!(!namespace::needs_user_namespace(), "every capability is held");
    capability::raise_ambient_all().expect("raise");
    let status = std::process::Command::new("cat").arg("/proc/self/status").output().expect("cat");
    let text = String::from_utf8_lossy(&status.stdout).into_owned();
    let ambient = text.lines().find_map(|line| line.strip_prefix("CapAmb:\t")).expect("CapAmb");
    assert_ne!(u64::from_str_radix(ambient, 16), Ok(0), "a program that is started holds them");
    namespace::unshare_mounts().expect("mounts");
    namespace::unshare(Kind::Uts).expect("uts");
    namespace::set_hostname("inside").expect("host name");
    namespace::new_network_namespace().expect("a network namespace");
    capability::drop_all().expect("drop");
    assert!(!capability::holds_any());
    println!("user_namespace: ok");
}
