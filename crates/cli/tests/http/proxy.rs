//! Proxies, versions, and what curl sees.

use super::*;

/// A proxy of either kind that notes what it was asked and connects to `to`.
fn proxy(to: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let noted = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut first = [0; 2];
            if stream.read_exact(&mut first).is_err() {
                continue;
            }
            if first[0] == 5 {
                let mut methods = vec![0; usize::from(first[1])];
                stream.read_exact(&mut methods).unwrap();
                stream.write_all(&[5, 0]).unwrap();
                let mut head = [0; 5];
                stream.read_exact(&mut head).unwrap();
                let rest = if head[3] == 1 { 3 + 2 } else { usize::from(head[4]) + 2 };
                let mut name = vec![0; rest];
                stream.read_exact(&mut name).unwrap();
                noted.lock().unwrap().push(format!(
                    "socks type {} {}",
                    head[3],
                    String::from_utf8_lossy(&name[..rest - 2])
                ));
                stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
            } else {
                let mut head = first.to_vec();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    head.extend(byte);
                }
                noted.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
                if !head.starts_with(b"CONNECT") {
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nproxy").unwrap();
                    continue;
                }
                stream.write_all(b"HTTP/1.1 200 Go\r\n\r\nplain text").unwrap();
                continue;
            }
            let mut far = TcpStream::connect(to).unwrap();
            let (mut back, mut near) = (far.try_clone().unwrap(), stream.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut back, &mut near));
            thread::spawn(move || std::io::copy(&mut stream, &mut far));
        }
    });
    (address, asked)
}

#[test]
fn proxies_are_handed_the_request_or_asked_for_a_way() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nserver");
    let (address, asked) = proxy(server.address);
    let last = || asked.lock().unwrap().last().cloned().unwrap_or_default();
    let output = run(&["--proxy", &format!("http://me:pw@{address}"), "http://nowhere.invalid/x"]);
    assert_eq!(text(&output.stdout), "proxy");
    assert!(
        last().starts_with("GET http://nowhere.invalid/x HTTP/1.1\r\nHost: nowhere.invalid\r\n"),
        "{}",
        last()
    );
    assert!(last().contains("Proxy-Authorization: Basic bWU6cHc="));
    let output = run(&["--proxy", &format!("socks5h://{address}"), "http://nowhere.invalid/x"]);
    assert_eq!(
        (text(&output.stdout).as_str(), last().as_str()),
        ("server", "socks type 3 nowhere.invalid")
    );
    let output = run(&["--proxy", &format!("socks5://{address}"), &server.url("/")]);
    assert_eq!(text(&output.stdout), "server");
    assert!(last().starts_with("socks type 1"));
    let named = plumb()
        .env("http_proxy", format!("http://{address}"))
        .arg("http://other.invalid/")
        .output()
        .unwrap();
    assert_eq!(text(&named.stdout), "proxy");
    let past = plumb()
        .env("http_proxy", format!("http://{address}"))
        .env("no_proxy", "127.0.0.0/8")
        .arg(server.url("/"))
        .output()
        .unwrap();
    assert_eq!(text(&past.stdout), "server");
    // Over TLS a tunnel is asked for; what is behind it speaks no TLS here.
    let output = run(&["--proxy", &format!("http://{address}"), "https://secure.invalid/"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(last().starts_with("CONNECT secure.invalid:443 HTTP/1.1\r\n"), "{}", last());
    assert!(text(&output.stderr).contains("not TLS"), "{}", text(&output.stderr));
}

#[test]
fn a_redirect_chain_and_a_body_are_those_that_curl_sees() {
    if !has("curl") {
        return;
    }
    let server = Server::new(|request| {
        match request.split(' ').nth(1).unwrap() {
        "/a" => b"HTTP/1.1 301 M\r\nLocation: b/../c?x=1#f\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/c?x=1" => b"HTTP/1.1 307 T\r\nLocation: //LOCALHOST-IS-NOT-USED.invalid/\r\nContent-Length: 0\r\n\r\n".to_vec(),
        _ => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n".to_vec(),
    }
    });
    let resolve = format!("localhost-is-not-used.invalid:80:{}", server.address.ip());
    let curl = Command::new("curl").args(["-s", &server.url("/plain")]).output().unwrap();
    assert_eq!(run(&[&server.url("/plain")]).stdout, curl.stdout);
    run(&["-L", "--resolve", &resolve, "--max-redirects", "1", "-d", "data", &server.url("/a")]);
    let own = server.heard();
    let curl = Command::new("curl")
        .args(["-sL", "--max-redirs", "1", "-d", "data", &server.url("/a")])
        .status()
        .unwrap();
    assert_eq!(curl.code(), Some(47));
    let both = server.heard();
    let lines = |all: &[String]| {
        all.iter().map(|heard| heard.lines().next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(lines(&own[own.len() - 2..]), lines(&both[both.len() - 2..]));
}

#[test]
fn the_version_is_the_one_that_was_asked_for() {
    if !has("nginx") || !has("openssl") {
        return;
    }
    let scratch = Scratch::new("nginx");
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-keyout", &scratch.path("key"), "-out", &scratch.path("cert")])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success());
    scratch.file("page.txt", "to be or not to be\n".repeat(500).as_bytes());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let dir = scratch.0.to_str().unwrap();
    let temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {dir}/{kind};"))
        .concat();
    let config = scratch.file("conf", format!(
        "daemon off; master_process off; pid {dir}/pid; error_log {dir}/error; events {{}}\n\
         http {{ access_log off; {temp} server {{ listen 127.0.0.1:{port} ssl http2; root {dir};\n\
         ssl_certificate {dir}/cert; ssl_certificate_key {dir}/key; gzip on; gzip_types text/plain; types {{ text/plain txt; }} }} }}"
    ).as_bytes());
    let mut nginx =
        Command::new("nginx").args(["-c", &config]).stderr(Stdio::null()).spawn().unwrap();
    // It is there once it takes a connection; each attempt is a system call.
    let up = (0..200_000).any(|_| {
        TcpStream::connect(("127.0.0.1", port)).is_ok() || {
            thread::yield_now();
            false
        }
    });
    let url = format!("https://localhost:{port}/page.txt");
    let cert = scratch.path("cert");
    let own = |arguments: &[&str]| run(&[&["--cacert", &cert, &url][..], arguments].concat());
    let page = std::fs::read(scratch.path("page.txt")).unwrap();
    let any = own(&["--print", "h"]);
    let first = own(&["--http1.1", "--print", "h"]);
    let body = own(&[]);
    let untrusted = run(&[&url]);
    let insecure = run(&["-k", &url]);
    let frames = own(&["--raw"]);
    let curl = Command::new("curl").args(["-s", "--cacert", &cert, &url]).output();
    nginx.kill().unwrap();
    nginx.wait().unwrap();
    assert!(up);
    assert!(text(&any.stdout).starts_with("HTTP/2 200"), "{}", text(&any.stderr));
    assert!(text(&any.stdout).contains("content-encoding: gzip"));
    assert!(text(&first.stdout).starts_with("HTTP/1.1 200 OK\r\n"), "{}", text(&first.stderr));
    assert_eq!(body.stdout, page);
    assert_eq!(curl.unwrap().stdout, page);
    assert_eq!((untrusted.status.code(), insecure.status.code()), (Some(1), Some(0)));
    assert!(text(&untrusted.stderr).contains("certificate does not verify"));
    assert!(text(&insecure.stderr).contains("certificate does not verify"));
    let frames = text(&frames.stdout);
    assert!(
        frames.contains("> HEADERS END_STREAM END_HEADERS stream 1") && frames.contains("< DATA"),
        "{frames}"
    );
}
