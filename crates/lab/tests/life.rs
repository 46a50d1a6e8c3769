//! How labs live and die.

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use plumb_lab::{Client, Lab, LabError, RuntimeDir};
use support::{again_as_an_ordinary_user, internet, own, run, runtime_dir};

#[test]
fn all_of_this_is_so_for_an_ordinary_user() {
    again_as_an_ordinary_user("all_of_this_is_so_for_an_ordinary_user");
}

#[test]
fn two_labs_never_meet() {
    let (one, other) = (internet(), internet());
    run(&one, "h1", &["sh", "-c", "ip link set eth1 down"]);
    run(&other, "h1", &["ping", "-c", "1", "-W", "5", "10.130.1.4"]);
}

#[test]
fn a_name_is_taken_once() {
    let builder = || Lab::builder().runtime_dir(runtime_dir()).name(own("twin"));
    let lab = builder().start().expect("the first");
    match builder().start() {
        Err(LabError::AlreadyRunning { name, pid }) => {
            assert_eq!((name.as_str(), pid), (own("twin").as_str(), lab.pid()));
        }
        other => panic!("the second: {other:?}"),
    }
    drop(lab);
    builder().start().expect("again, after the first is gone");
}

#[test]
fn up_and_down() {
    let path = runtime_dir();
    let name = Lab::builder().runtime_dir(&path).name(own("standing")).up().expect("it comes up");
    let directory = RuntimeDir::open(&path).expect("the directory");
    assert!(directory.list().expect("a list").iter().any(|about| about.name == name));
    let client = Client::connect(&directory, &name).expect("it answers");
    assert_eq!(client.status().expect("a status").machines.len(), 12);
    client.down().expect("it goes");
    assert!(directory.list().expect("a list").iter().all(|about| about.name != name));
}

/// A killed supervisor leaves no process, no namespace and no file.
#[test]
fn a_killed_lab_leaves_nothing() {
    let lab = internet();
    let mut command = lab.command("h1", "sh");
    command.args(["-c", "setsid sleep 1000 & echo $!; exec sleep 1000"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    let daemon = line.trim().to_owned();
    assert!(Path::new("/proc").join(&daemon).exists());
    plumb_sys::process::signal(lab.pid(), 9).expect("kill");
    let status = child.wait().expect("wait");
    assert_eq!(status.code(), Some(128 + 9));
    assert!(!lives(&daemon), "process {daemon} is left");
    let name = lab.name().to_owned();
    // Waits until the kernel is done with it.
    drop(lab);
    let directory = RuntimeDir::open(&runtime_dir()).expect("the directory");
    assert!(directory.list().expect("a list").iter().all(|about| about.name != name));
    assert!(!runtime_dir().join("lab").join(name).exists());
}

#[test]
fn a_directory_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let open = std::env::temp_dir().join(own("plumb-test-open"));
    let link = std::env::temp_dir().join(own("plumb-test-link"));
    std::fs::create_dir(&open).expect("a directory");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o755)).expect("chmod");
    let error = RuntimeDir::open(&open).expect_err("it is open").to_string();
    assert!(error.contains("mode 0755"), "{error}");
    std::os::unix::fs::symlink(&open, &link).expect("a link");
    let error = RuntimeDir::open(&link).expect_err("it is a link").to_string();
    std::fs::remove_file(&link).expect("the link goes");
    std::fs::remove_dir(&open).expect("the directory goes");
    assert!(error.contains("symbolic link"), "{error}");
}

#[test]
fn an_illegal_name_is_refused() {
    for name in ["", "..", "a/b", "a b", ".hidden"] {
        let error = Lab::builder().runtime_dir(runtime_dir()).name(name).start();
        assert!(matches!(error, Err(LabError::BadName { .. })), "{name:?}: {error:?}");
    }
}

#[test]
fn a_topology_of_ones_own() {
    let file = std::env::temp_dir().join(own("plumb-test-own.toml"));
    let text = "
        [lan.office]
        [machine.a]
        lan.office = \"10.0.0.1/24\"
        [machine.b]
        lan.office = \"10.0.0.2/24\"
        services = [\"http\"]
    ";
    std::fs::write(&file, text).expect("a file");
    let builder = Lab::builder().runtime_dir(runtime_dir()).topology_named(&file.to_string_lossy());
    std::fs::remove_file(&file).expect("the file goes");
    let lab = builder.expect("the file is read").start().expect("it comes up");
    run(&lab, "a", &["curl", "-sS", "-o", "/dev/null", "http://10.0.0.2/"]);
}

#[test]
fn the_office_reaches_its_server() {
    let builder = Lab::builder().runtime_dir(runtime_dir()).topology_named("office");
    let lab = builder.expect("it is built in").start().expect("it comes up");
    for family in ["-4", "-6"] {
        for url in ["http://www/", "https://server.example/"] {
            run(&lab, "pc", &["curl", family, "-sS", "-o", "/dev/null", url]);
        }
    }
    assert_eq!(run(&lab, "pc", &["dig", "+short", "-x", "10.0.0.2"]).trim(), "pc.example.");
    assert!(run(&lab, "router", &["ip", "link", "show", "outside"]).contains("mtu 1492"));
    match Lab::builder().topology_named("nowhere.toml") {
        Err(LabError::NoTopology { builtin, .. }) => assert_eq!(builtin, ["internet", "office"]),
        other => panic!("{other:?}"),
    }
}

/// What is started in the background lives as long as the lab, and no longer.
#[test]
fn a_daemon_lives_until_the_lab_goes() {
    let lab = internet();
    let script = "setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo $!";
    let daemon = run(&lab, "www", &["sh", "-c", script]).trim().to_owned();
    assert!(lives(&daemon), "it went with the program that started it");
    drop(lab);
    assert!(!lives(&daemon), "process {daemon} is left");
}

/// Whether a process is still somewhere: one that has ended is in no namespace,
/// although its parent may not have noticed yet.
fn lives(pid: &str) -> bool {
    std::fs::read_link(Path::new("/proc").join(pid).join("ns/net")).is_ok()
}

/// Not a test by itself: the owner that the next test kills.
#[test]
#[ignore = "run by an_orphaned_lab_ends"]
fn owner() {
    let lab = internet();
    println!("supervisor {}", lab.pid());
    std::thread::park();
}

#[test]
fn an_orphaned_lab_ends() {
    let mut owner = std::process::Command::new(std::env::current_exe().expect("this binary"))
        .args(["--ignored", "--exact", "owner", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let lines = BufReader::new(owner.stdout.take().expect("a pipe")).lines();
    let supervisor = lines
        .map_while(Result::ok)
        .find_map(|line| line.split_once("supervisor ")?.1.trim().parse::<u32>().ok())
        .expect("a supervisor");
    let directory = RuntimeDir::open(&runtime_dir()).expect("a directory");
    let labs = directory.list().expect("a list");
    let lab = labs.iter().find(|about| about.pid == supervisor).expect("the lab is listed");
    let client = Client::connect(&directory, &lab.name).expect("it answers");
    owner.kill().expect("kill");
    owner.wait().expect("wait");
    client.wait_until_gone();
}

/// One client more than there is room for is told so; the others stay.
#[test]
fn clients_have_a_limit() {
    const CLIENTS_MAX: usize = 512;
    let lab = internet();
    let clients: Vec<_> = (0..CLIENTS_MAX).map(|_| lab.client().expect("there is room")).collect();
    clients[CLIENTS_MAX - 1].status().expect("the last one is answered");
    let error = lab.client().and_then(|client| client.status()).expect_err("there is no room");
    assert!(error.to_string().contains("512 clients"), "{error}");
    clients[0].status().expect("the first one is still answered");
}

/// Orphans of a program that still runs are buried.
#[test]
fn no_zombies_gather() {
    let lab = internet();
    let script = "p=$( (true & echo $!) ); while [ -e /proc/$p ]; do :; done";
    run(&lab, "h1", &["timeout", "20", "sh", "-c", script]);
}
