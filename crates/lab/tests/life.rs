//! How labs live and die.

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use plumb_lab::{Client, Lab, LabError, RuntimeDir};
use support::{internet, run, runtime_dir};

#[test]
fn two_labs_never_meet() {
    let (one, other) = (internet(), internet());
    run(&one, "h1", &["sh", "-c", "ip link set eth1 down"]);
    run(&other, "h1", &["ping", "-c", "1", "-W", "5", "10.130.1.4"]);
}

#[test]
fn a_name_is_taken_once() {
    let runtime_dir = runtime_dir().join("once");
    std::fs::create_dir_all(runtime_dir.parent().expect("a parent")).expect("a directory");
    let builder = || Lab::builder().runtime_dir(&runtime_dir).name("twin");
    let lab = builder().start().expect("the first");
    match builder().start() {
        Err(LabError::AlreadyRunning { name, pid }) => {
            assert_eq!((name.as_str(), pid), ("twin", lab.pid()));
        }
        other => panic!("the second: {other:?}"),
    }
    drop(lab);
    builder().start().expect("again, after the first is gone");
}

#[test]
fn up_and_down() {
    let path = runtime_dir();
    let name = Lab::builder().runtime_dir(&path).name("standing").up().expect("it comes up");
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
    assert!(!Path::new("/proc").join(&daemon).exists(), "process {daemon} is left");
    let directory = RuntimeDir::open(&runtime_dir()).expect("the directory");
    assert!(directory.list().expect("a list").iter().all(|about| about.name != lab.name()));
    assert!(!runtime_dir().join("lab").join(lab.name()).exists());
}

#[test]
fn a_directory_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let base = runtime_dir();
    std::fs::create_dir_all(&base).expect("a directory");
    std::fs::set_permissions(&base, std::fs::Permissions::from_mode(0o700)).expect("chmod");
    let open = base.join("open");
    std::fs::create_dir_all(&open).expect("a directory");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o755)).expect("chmod");
    let error = RuntimeDir::open(&open).expect_err("it is open").to_string();
    assert!(error.contains("mode 0755"), "{error}");
    let link = base.join("link");
    let _ = std::fs::remove_file(&link);
    std::os::unix::fs::symlink(&open, &link).expect("a link");
    let error = RuntimeDir::open(&link).expect_err("it is a link").to_string();
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
    let text = "
        [lan.office]
        [machine.a]
        lan.office = \"10.0.0.1/24\"
        [machine.b]
        lan.office = \"10.0.0.2/24\"
        services = [\"http\"]
    ";
    let lab = Lab::builder().runtime_dir(runtime_dir()).topology("office.toml", text).start();
    let lab = lab.expect("it comes up");
    run(&lab, "a", &["curl", "-sS", "-o", "/dev/null", "http://10.0.0.2/"]);
}
