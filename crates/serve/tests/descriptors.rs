//! Alone in its process: it takes all the file descriptors away.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use plumb_serve::core::{EventKind, Limits, Rule, Server, ServerEvent};
use plumb_serve::echo::Echo;
use tokio::sync::mpsc;

/// EMFILE of Linux.
const TOO_MANY_OPEN_FILES: i32 = 24;
/// Enough for the test harness and the runtime.
const DESCRIPTORS: u64 = 64;

#[tokio::test(flavor = "multi_thread")]
async fn without_descriptors_clients_are_told_and_service_comes_back() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, DESCRIPTORS, hard).unwrap();
    let (sender, mut events) = mpsc::unbounded_channel();
    let sink = move |event: ServerEvent| {
        let _ = sender.send(event.kind);
    };
    let server = Server::new("echo", Limits::default(), sink);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.tcp(listener, Echo::default()).unwrap();

    // The client's end of the connection is the last descriptor there is.
    let mut hoard = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        hoard.push(file);
    }
    hoard.pop();
    let turned_away = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.read(&mut [0; 1]).unwrap_or(0)
    });
    loop {
        match events.recv().await.unwrap() {
            EventKind::AcceptFailed { errno, .. } => {
                assert_eq!(errno, Some(TOO_MANY_OPEN_FILES));
                break;
            }
            kind => assert!(matches!(kind, EventKind::Listening { .. }), "{kind:?}"),
        }
    }
    assert_eq!(turned_away.await.unwrap(), 0, "closed at once, not left to hang");

    hoard.clear();
    let served = tokio::task::spawn_blocking(move || {
        // The server may be turning others away for one moment more.
        (0..100).any(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            let _ = stream.write_all(b"a");
            stream.read(&mut [0; 1]).unwrap_or(0) == 1
        })
    });
    assert!(served.await.unwrap());

    // One word about it, however long it lasted.
    let mut told = 0;
    while let Ok(kind) = events.try_recv() {
        match kind {
            EventKind::AcceptFailed { .. } => panic!("told twice"),
            EventKind::Security { rule, .. } => {
                assert_eq!(rule, Rule::Descriptors);
                told += 1;
            }
            _ => {}
        }
    }
    assert_eq!(told, 1);
}
