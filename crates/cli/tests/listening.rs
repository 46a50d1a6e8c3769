//! Where `plumb listen` listens: at every address of a name, and on the sockets
//! that a service manager passes on.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod ground;

use std::io::Write;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::process::Command;

use ground::{Serving, installed};

/// Says something to each address, and gives what arrived in all.
fn told(served: Serving, addresses: &[SocketAddr]) -> String {
    let mut served = served;
    let mut heard = String::new();
    for address in addresses {
        let mut stream = TcpStream::connect(address).unwrap();
        writeln!(stream, "to {address}").unwrap();
        drop(stream);
        heard += &served.stdout_line().unwrap();
        heard.push('\n');
    }
    served.stop();
    heard
}

#[test]
fn a_name_is_listened_on_at_all_its_addresses() {
    let mut addresses: Vec<SocketAddr> = ("localhost", 0).to_socket_addrs().unwrap().collect();
    addresses.sort();
    addresses.dedup();
    let mut command = ground::command();
    command.args(["listen", "localhost:0", "--keep-open"]);
    let served = Serving::spawn(command, addresses.len());
    let port = served.port();
    for address in &mut addresses {
        address.set_port(port);
        let line = format!("tcp://{address}");
        assert!(served.sockets.contains(&line), "{line}: {:?}", served.sockets);
    }
    let heard = told(served, &addresses);
    for address in addresses {
        assert!(heard.contains(&format!("to {address}")), "{heard}");
    }
}

#[test]
fn a_service_manager_passes_the_sockets_on() {
    if !installed("python3") {
        println!("SKIP: python3 is not installed");
        return;
    }
    // What systemd does, in a few lines: descriptors from 3 on, and the process
    // that they are for.
    let activate = r#"
import os, socket, sys
both = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
for number, one in enumerate(both, 100): os.dup2(one.fileno(), number)
for number in (0, 1): os.dup2(100 + number, 3 + number)
for number in (3, 4): os.set_inheritable(number, True)
os.environ["LISTEN_FDS"] = "2"; os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[1], sys.argv[1:])
"#;
    let mut command = Command::new("python3");
    command.args(["-c", activate, ground::PLUMB, "listen", "systemd", "--keep-open"]);
    let served = Serving::spawn(command, 2);
    let address = |name: &String| name.strip_prefix("tcp://").unwrap().parse().unwrap();
    let addresses: Vec<SocketAddr> = served.sockets.iter().map(address).collect();
    let heard = told(served, &addresses);
    assert_eq!(heard.lines().count(), 2, "{heard}");

    let output = ground::plumb(["listen", "systemd"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("LISTEN_FDS"));
}
