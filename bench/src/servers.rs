//! Servers beside the ones that people use today.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};

use crate::load::{idle, message, round_trips_per_second};
use crate::process::{Server, free_address};
use crate::table::{Row, median};

/// Rounds in which each server has its turn.
const ROUNDS: usize = 5;
/// Of one load.
const LOAD: Duration = Duration::from_secs(2);
const CONNECTIONS: usize = 64;
/// Rounds of echo: many short ones, so that what else the machine does falls
/// upon every server alike.
const ECHO_ROUNDS: usize = 15;
const ECHO_LOAD: Duration = Duration::from_secs(1);

pub(crate) fn rows(plumb: &Path) -> io::Result<Vec<Row>> {
    let mut rows = echo(plumb)?;
    rows.push(idle_plain(plumb)?);
    rows.push(idle_tls(plumb)?);
    rows.extend(files(plumb)?);
    Ok(rows)
}

/// A server that does nothing else, see [`crate::bare`]: how fast this machine
/// lets one be.
const BARE: &str = "bare loop";

const PYTHON_THREADS: &str = "
import socket, sys, threading
def serve(connection):
    with connection:
        while data := connection.recv(4096):
            connection.sendall(data)
listener = socket.create_server(('127.0.0.1', int(sys.argv[1])), backlog=1024)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
";

fn echo_peer(name: &str) -> io::Result<Server> {
    let address = free_address()?;
    let port = address.port().to_string();
    let mut command = match name {
        "Python threads" => Command::new("python3"),
        BARE => Command::new(std::env::current_exe()?),
        name => Command::new(name),
    };
    match name {
        BARE => command.args(["bare-echo", &address.to_string()]),
        "Python threads" => command.args(["-c", PYTHON_THREADS, &port]),
        "socat" => {
            command.args([&format!("TCP-LISTEN:{port},bind=127.0.0.1,fork,backlog=1024"), "PIPE"])
        }
        _ => command.args(["-l", "127.0.0.1", &port, "-k", "-m", "200", "-e", "/bin/cat"]),
    };
    Server::peer(command, address)
}

/// 64 connections that play ping-pong with lines of 64 bytes. The bare loop runs
/// in the same rounds: no server of one thread gets above its ratio.
fn echo(plumb: &Path) -> io::Result<Vec<Row>> {
    let peers = [("Python threads", 2.0), ("socat", 2.0), ("ncat", 3.0), (BARE, 0.0)];
    let ours = Server::plumb(plumb, &["echo"])?;
    let theirs = peers.iter().map(|(name, _)| echo_peer(name)).collect::<io::Result<Vec<_>>>()?;
    let mut rounds = Vec::with_capacity(ECHO_ROUNDS);
    for round in 0..=ECHO_ROUNDS {
        let servers = std::iter::once(&ours).chain(&theirs);
        let rates = servers
            .map(|server| round_trips_per_second(server.address, CONNECTIONS, ECHO_LOAD))
            .collect::<io::Result<Vec<f64>>>()?;
        // The first one warms up.
        if round > 0 {
            rounds.push(rates);
        }
    }
    let figure = |figure: &dyn Fn(&Vec<f64>) -> f64| middle(rounds.iter().map(figure).collect());
    let rate = figure(&|rates| rates[0]);
    let bare = peers.len();
    let row = |(at, (name, least)): (usize, &(&str, f64))| {
        let peer = figure(&|rates| rates[at + 1]);
        let most = figure(&|rates| rates[bare] / rates[at + 1]);
        // Of the two in one round: what both shared the machine with was alike.
        let ratio = figure(&|rates| rates[0] / rates[at + 1]);
        Row {
            job: format!("`serve echo`, {CONNECTIONS} connections, 64-byte lines"),
            figure: format!("{:.0}k round trips/s", rate / 1e3),
            peer: format!("{name} {:.0}k, ratio {ratio:.1} (of a {BARE} {most:.1})", peer / 1e3),
            target: format!("at least {least} times {name}"),
            reached: ratio >= *least,
        }
    };
    Ok(peers[..bare - 1].iter().enumerate().map(row).collect())
}

fn middle(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

fn memory_row(job: &str, bytes: f64, most_kib: f64) -> Row {
    Row {
        job: job.to_owned(),
        figure: format!("{:.2} KiB each", bytes / 1024.0),
        peer: String::new(),
        target: format!("below {most_kib} KiB"),
        reached: bytes < most_kib * 1024.0,
    }
}

fn idle_plain(plumb: &Path) -> io::Result<Row> {
    const IDLE: usize = 15_000;
    let server = Server::plumb(plumb, &["echo"])?;
    drop(idle(server.address, 1)?);
    let before = server.memory_bytes()?;
    let open = idle(server.address, IDLE)?;
    let each = (server.memory_bytes()? - before) as f64 / IDLE as f64;
    drop(open);
    Ok(memory_row("memory of an idle connection, 15,000 of them", each, 1.5))
}

fn idle_tls(plumb: &Path) -> io::Result<Row> {
    const IDLE: usize = 2000;
    let directory = scratch()?;
    let certificate = directory.join("certificate.pem");
    let save = certificate.to_str().unwrap_or_default().to_owned();
    let server = Server::plumb(plumb, &["echo", "--tls", "self", "--tls-save", &save])?;
    let mut roots = rustls::RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(&certificate).map_err(io::Error::other)? {
        let root = root.map_err(io::Error::other)?;
        roots.add(root).map_err(io::Error::other)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let connect = || -> io::Result<_> {
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let tls = rustls::ClientConnection::new(Arc::clone(&config), name);
        let socket = TcpStream::connect(server.address)?;
        let mut stream = rustls::StreamOwned::new(tls.map_err(io::Error::other)?, socket);
        stream.write_all(&message())?;
        stream.read_exact(&mut [0; 64])?;
        Ok(stream)
    };
    drop(connect()?);
    let before = server.memory_bytes()?;
    let open = (0..IDLE).map(|_| connect()).collect::<io::Result<Vec<_>>>()?;
    let each = (server.memory_bytes()? - before) as f64 / IDLE as f64;
    drop(open);
    std::fs::remove_dir_all(directory)?;
    Ok(memory_row("memory of an idle TLS connection, 2,000 of them", each, 14.0))
}

/// A directory that the ordinary user may read and write, too.
fn scratch() -> io::Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = std::env::temp_dir().join(format!("plumb-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o777))?;
    Ok(directory)
}

/// nginx as its package starts it: a worker for each core, sendfile, its log on.
pub(crate) fn nginx(directory: &Path) -> io::Result<Server> {
    let address = free_address()?;
    let root = directory.display();
    let configuration = format!(
        "daemon off; worker_processes 2; pid {root}/pid; error_log {root}/error.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{ access_log {root}/access.log combined; sendfile on; tcp_nopush on; \
         keepalive_requests 100000000;\n\
         client_body_temp_path {root}/b; proxy_temp_path {root}/p; fastcgi_temp_path {root}/f; \
         uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;\n\
         server {{ listen {address}; root {root}/files; }} }}\n"
    );
    let file = directory.join("nginx.conf");
    std::fs::write(&file, configuration)?;
    let mut command = Command::new("/usr/sbin/nginx");
    command.arg("-c").arg(&file).arg("-p").arg(directory);
    Server::peer(command, address)
}

/// A small file, and one of a gibibyte.
pub(crate) fn files_to_serve(directory: &Path) -> io::Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let files = directory.join("files");
    std::fs::create_dir_all(&files)?;
    std::fs::set_permissions(&files, std::fs::Permissions::from_mode(0o755))?;
    std::fs::write(files.join("small.bin"), [b'x'; 1024])?;
    let mut large = std::fs::File::create(files.join("large.bin"))?;
    let mebibyte: Vec<u8> =
        (0..1 << 20).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for _ in 0..1024 {
        large.write_all(&mebibyte)?;
    }
    Ok(files)
}

/// The server of plumb that stands beside nginx.
pub(crate) fn file_server(plumb: &Path, files: &Path, directory: &Path) -> io::Result<Server> {
    let log = directory.join("plumb.log");
    let (files, log) = (files.to_string_lossy(), log.to_string_lossy());
    let metrics = format!("127.0.0.1:{}", free_address()?.port());
    let arguments = [
        "http",
        &files,
        "--log",
        "combined",
        "--log-file",
        &log,
        "--metrics",
        &metrics,
        "--max-requests",
        "100000000",
    ];
    Server::plumb(plumb, &arguments)
}

fn files(plumb: &Path) -> io::Result<Vec<Row>> {
    let directory = scratch()?;
    let files = files_to_serve(&directory)?;
    let ours = file_server(plumb, &files, &directory)?;
    let theirs = nginx(&directory)?;
    let rows = vec![small_file(&ours, &theirs)?, large_file(&ours, &theirs)?];
    drop((ours, theirs));
    std::fs::remove_dir_all(directory)?;
    Ok(rows)
}

/// Processor time per request, in microseconds, and requests in a second.
fn small_file(ours: &Server, theirs: &Server) -> io::Result<Row> {
    let mut figures = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for round in 0..=ROUNDS {
        for ((cost, rate), server) in figures.iter_mut().zip([ours, theirs]) {
            let before = server.processor_time()?;
            let (requests, per_second) = wrk(server.address)?;
            let used = server.processor_time()? - before;
            if round > 0 {
                cost.push(used.as_secs_f64() * 1e6 / requests);
                rate.push(per_second);
            }
        }
    }
    let [(our_cost, our_rate), (their_cost, their_rate)] =
        figures.map(|(cost, rate)| (middle(cost), middle(rate)));
    Ok(Row {
        job: format!("`serve http`, file of 1 KiB, {CONNECTIONS} connections"),
        figure: format!("{our_cost:.1} us of processor each, {:.0}k/s", our_rate / 1e3),
        peer: format!(
            "nginx {their_cost:.1} us, {:.0}k/s, ratio {:.2}",
            their_rate / 1e3,
            our_cost / their_cost
        ),
        target: "at most nginx's processor time".to_owned(),
        reached: our_cost <= their_cost,
    })
}

fn wrk(address: SocketAddr) -> io::Result<(f64, f64)> {
    let url = format!("http://{address}/small.bin");
    let connections = format!("-c{CONNECTIONS}");
    let time = format!("-d{}s", LOAD.as_secs());
    let output = Command::new("wrk").args(["-t1", &connections, &time, &url]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let number = |line: &str, at: usize| line.split_whitespace().nth(at)?.parse::<f64>().ok();
    let requests = text.lines().find(|line| line.contains("requests in"));
    let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
    if text.contains("Non-2xx") || text.contains("Socket errors") {
        return Err(io::Error::other(format!("wrk saw errors: {text}")));
    }
    match (requests.and_then(|line| number(line, 0)), rate.and_then(|line| number(line, 0))) {
        (Some(requests), Some(rate)) => Ok((requests, rate)),
        _ => Err(io::Error::other(format!("wrk said: {text}"))),
    }
}

/// A gibibyte to curl, which throws it away.
fn large_file(ours: &Server, theirs: &Server) -> io::Result<Row> {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for (times, server) in times.iter_mut().zip([ours, theirs]) {
            let took = curl(server.address)?;
            if round > 0 {
                times.push(took);
            }
        }
    }
    let [ours, theirs] = times.map(|times| 1.0 / median(times).as_secs_f64());
    Ok(Row {
        job: "`serve http`, file of 1 GiB to curl".to_owned(),
        figure: format!("{ours:.2} GiB/s"),
        peer: format!("nginx {theirs:.2} GiB/s, ratio {:.2}", ours / theirs),
        // Below that, two runs of nginx differ from each other.
        target: "nginx's throughput (ratio at least 0.95)".to_owned(),
        reached: ours / theirs >= 0.95,
    })
}

/// How long curl takes for the large file.
pub(crate) fn curl(address: SocketAddr) -> io::Result<Duration> {
    let begin = Instant::now();
    let status = Command::new("curl")
        .args(["-s", "-f", "--noproxy", "*", "-o", "/dev/null"])
        .arg(format!("http://{address}/large.bin"))
        .stdin(Stdio::null())
        .status()?;
    match status.success() {
        true => Ok(begin.elapsed()),
        false => Err(io::Error::other(format!("curl ended with {status}"))),
    }
}

/// The directory that the clients' benchmarks share.
pub(crate) fn large_file_server() -> io::Result<(Server, PathBuf)> {
    let directory = scratch()?;
    files_to_serve(&directory)?;
    Ok((nginx(&directory)?, directory))
}
