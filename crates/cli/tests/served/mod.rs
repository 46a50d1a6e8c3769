//! A server of plumb's as a program of its own, for the tests of servers.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};

/// A server that listens; it is ended, gently, when the test is done with it.
pub(crate) struct Served {
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// What it said before and while it became ready.
    pub(crate) said: Vec<String>,
}

/// What a server left behind.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program, in an environment that tests know.
pub(crate) fn plumb() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plumb"));
    command.env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8").env("TZ", "UTC").stdin(Stdio::null());
    command
}

impl Served {
    /// Starts `plumb serve ...` and waits until it has said that it listens on
    /// `sockets` sockets.
    pub(crate) fn start(arguments: &[&str], sockets: usize) -> Served {
        let mut command = plumb();
        command.arg("serve").args(arguments);
        Served::of(command, sockets)
    }

    /// The same of any command.
    pub(crate) fn of(mut command: Command, sockets: usize) -> Served {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
        let stderr = BufReader::new(child.stderr.take().expect("stderr"));
        let mut served = Served { child, stderr, said: Vec::new() };
        while served.addresses().count() < sockets {
            let line = served.next_line();
            assert!(!line.is_empty(), "{command:?} ended: {:?}", served.said);
            served.said.push(line.trim_end().to_owned());
        }
        served
    }

    fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).expect("stderr");
        line
    }

    /// Waits for a line on stderr that begins so; gives what follows.
    pub(crate) fn says(&mut self, start: &str) -> String {
        loop {
            if let Some(rest) = self.said.iter().find_map(|line| line.strip_prefix(start)) {
                return rest.to_owned();
            }
            let line = self.next_line();
            assert!(!line.is_empty(), "never said {start:?}: {:?}", self.said);
            self.said.push(line.trim_end().to_owned());
        }
    }

    /// `tcp://127.0.0.1:8080` of each socket.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.said.iter().filter_map(|line| line.strip_prefix("listening on "))
    }

    /// The port of the first socket that has one.
    pub(crate) fn port(&self) -> u16 {
        let port = self.addresses().find_map(|address| address.rsplit_once(':')?.1.parse().ok());
        port.expect("a port")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name: `TERM`, `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().expect("kill");
        assert!(sent.success());
    }

    /// Reads a line of stdout; empty at its end.
    pub(crate) fn stdout_line(&mut self) -> String {
        // One byte at a time: what follows is for whoever reads next.
        let stdout = self.child.stdout.as_mut().expect("stdout");
        let mut line = Vec::new();
        let mut byte = [0];
        while stdout.read(&mut byte).expect("stdout") > 0 {
            line.push(byte[0]);
            if byte == *b"\n" {
                break;
            }
        }
        String::from_utf8(line).expect("UTF-8")
    }

    /// Ends it as a service manager does, and gives what it had to say.
    pub(crate) fn end(self) -> Ended {
        self.signal("TERM");
        self.wait()
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(mut self) -> Ended {
        let mut stdout = String::new();
        let mut stderr = self.said.join("\n");
        self.child.stdout.take().expect("stdout").read_to_string(&mut stdout).expect("stdout");
        self.stderr.read_to_string(&mut stderr).expect("stderr");
        Ended { status: self.child.wait().expect("ended"), stdout, stderr }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Only where a test failed half-way.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A directory of a test's own, gone when it ends.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Scratch {
        let name = format!("plumb-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a directory");
        Scratch(path)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whether the program is there; says SKIP where it is not.
pub(crate) fn installed(program: &str) -> bool {
    let found = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
    });
    if !found {
        println!("SKIP: {program} is not installed");
    }
    found
}
