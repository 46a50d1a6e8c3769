//! The tiny Internet, tried with programs that nobody here wrote.

mod support;

use support::{again_as_an_ordinary_user, installed, internet, output, run};

#[test]
fn all_of_this_works_for_an_ordinary_user() {
    again_as_an_ordinary_user("all_of_this_works_for_an_ordinary_user");
}

#[test]
fn the_path_to_www_has_five_hops() {
    if !installed("traceroute") {
        return;
    }
    let lab = internet();
    let text = run(&lab, "h1", &["traceroute", "-n", "10.130.1.4"]);
    let hops: Vec<_> =
        text.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1)).collect();
    let expected = ["192.168.1.1", "10.25.1.1", "10.1.1.1", "10.130.1.1", "10.130.1.4"];
    assert_eq!(hops, expected, "{text}");
    let text = run(&lab, "h4", &["traceroute", "-6", "-n", "2001:db8:130::4"]);
    let hops: Vec<_> =
        text.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1)).collect();
    let expected = [
        "2001:db8:25:b::1",
        "2001:db8:25::1",
        "2001:db8:1::1",
        "2001:db8:130::1",
        "2001:db8:130::4",
    ];
    assert_eq!(hops, expected, "{text}");
}

#[test]
fn every_machine_resolves_and_trusts_www() {
    if !installed("curl") {
        return;
    }
    let lab = internet();
    for machine in lab.map().expect("a map").machines {
        for family in ["-4", "-6"] {
            let url = "https://www.example.com/";
            let line = ["curl", family, "-sS", "-o", "/dev/null", "-w", "%{http_code}", url];
            assert_eq!(run(&lab, &machine.name, &line), "200", "{} {family}", machine.name);
        }
    }
}

#[test]
fn python_and_openssl_trust_www() {
    let lab = internet();
    if installed("python3") {
        let script =
            "import urllib.request as u; print(u.urlopen('https://www.example.com/').status)";
        for machine in ["h1", "isp", "ftp"] {
            assert_eq!(run(&lab, machine, &["python3", "-c", script]).trim(), "200");
        }
    }
    if installed("openssl") {
        let line = "openssl s_client -connect www.example.com:443 -servername www.example.com -brief </dev/null 2>&1";
        for machine in ["h4", "backbone", "mail"] {
            let text = run(&lab, machine, &["sh", "-c", line]);
            assert!(text.contains("Verification: OK"), "{machine}: {text}");
        }
    }
}

#[test]
fn dig_walks_from_the_root_down() {
    if !installed("dig") {
        return;
    }
    let lab = internet();
    let text = run(&lab, "h1", &["dig", "+trace", "+nodnssec", "www.example.com", "A"]);
    for expected in ["a.root-servers.net", "a.gtld-servers.net", "ns1.example.com", "10.130.1.4"] {
        assert!(text.contains(expected), "{expected} is missing in\n{text}");
    }
    let short = |name: &[&str]| {
        let mut line = vec!["dig", "+short"];
        line.extend(name);
        run(&lab, "h2", &line).trim().to_owned()
    };
    assert_eq!(short(&["-x", "8.8.8.8"]), "dns.google.");
    assert_eq!(short(&["-x", "10.130.1.4"]), "www.example.com.");
    assert_eq!(short(&["-x", "2001:db8:130::4"]), "www.example.com.");
    assert_eq!(short(&["example.com", "MX"]), "10 mail.example.com.");
    assert_eq!(short(&["maps.google.com"]), "10.130.1.4");
    assert_eq!(short(&["www.example.com", "AAAA"]), "2001:db8:130::4");
}

#[test]
fn a_program_looks_like_one_of_its_machine() {
    let lab = internet();
    assert_eq!(run(&lab, "h3", &["hostname"]).trim(), "h3");
    let interfaces = run(&lab, "isp", &["ls", "/sys/class/net"]);
    assert_eq!(interfaces.split_whitespace().collect::<Vec<_>>(), ["eth0", "eth1", "eth2", "lo"]);
    let here = std::env::current_dir().expect("a directory");
    assert_eq!(run(&lab, "h1", &["pwd"]).trim(), here.to_string_lossy());
    assert_eq!(run(&lab, "h1", &["id", "-u"]), run_here("id", "-u"));
    assert_eq!(run(&lab, "h1", &["ls", "/run"]), "");
    assert!(run(&lab, "h1", &["cat", "/etc/resolv.conf"]).contains("nameserver 10.1.1.1"));
}

fn run_here(program: &str, argument: &str) -> String {
    let output = std::process::Command::new(program).arg(argument).output().expect("it starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn exit_statuses_are_passed_on() {
    let lab = internet();
    let code = |line: &[&str]| output(&lab, "h1", line).status.code();
    assert_eq!(code(&["sh", "-c", "exit 7"]), Some(7));
    assert_eq!(code(&["sh", "-c", "kill -9 $$"]), Some(128 + 9));
    assert_eq!(code(&["/nonexistent/program"]), Some(127));
    assert_eq!(code(&["/etc/passwd"]), Some(126));
    assert_eq!(output(&lab, "nowhere", &["true"]).status.code(), Some(125));
}

#[test]
fn capabilities_are_there_unless_they_are_not_wanted() {
    let lab = internet();
    let effective = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("CapEff:")).expect("CapEff");
        u64::from_str_radix(line.trim_start_matches("CapEff:").trim(), 16).expect("a number")
    };
    let status = ["cat", "/proc/self/status"];
    const NET_ADMIN: u64 = 1 << 12;
    assert_ne!(effective(&run(&lab, "h1", &status)) & NET_ADMIN, 0);
    let mut command = lab.unprivileged_command("h1", "cat");
    let output = command.arg("/proc/self/status").output().expect("it starts");
    assert_eq!(effective(&String::from_utf8_lossy(&output.stdout)), 0);
}

/// The modem hides the home's IPv4 addresses, and lets no IPv6 connection in.
#[test]
fn the_modem_masquerades_and_filters() {
    let lab = internet();
    for (family, seen) in [("-4", "10.25.1.65"), ("-6", "2001:db8:25:a::11")] {
        let line = ["curl", family, "-sS", "http://httpbin.org/ip"];
        let text = run(&lab, "h1", &line);
        assert!(text.contains(seen), "{family}: {text}");
    }
    let connect = |from: &str, to: &str| {
        let script = format!(
            "import socket; s = socket.create_connection((\"{to}\", 7), 1); s.send(b\"x\"); print(s.recv(1))"
        );
        output(&lab, from, &["python3", "-c", &script]).status.success()
    };
    assert!(connect("h2", "2001:db8:25:a::11"), "from the same home");
    assert!(!connect("www", "2001:db8:25:a::11"), "from outside");
    run(&lab, "www", &["ping", "-c", "1", "-W", "5", "2001:db8:25:a::11"]);
}

#[test]
fn the_well_known_ports_greet() {
    let lab = internet();
    let greeting = |machine: &str, port: u16| {
        let script = format!(
            "import socket; s = socket.create_connection((\"{machine}\", {port}), 5); print(s.recv(80).decode().strip())"
        );
        run(&lab, "h1", &["python3", "-c", &script])
    };
    for (machine, port, expected) in [
        ("ftp", 21, "220 ftp.example.com"),
        ("ftp", 22, "SSH-2.0-"),
        ("ftp", 23, "ftp.example.com login:"),
        ("mail", 25, "220 mail.example.com"),
        ("mail", 110, "+OK mail.example.com"),
        ("mail", 143, "* OK"),
    ] {
        let text = greeting(machine, port);
        assert!(text.starts_with(expected), "{machine}:{port}: {text}");
    }
    if installed("openssl") {
        let line = "echo QUIT | openssl s_client -quiet -verify_return_error -connect mail.example.com:995";
        assert!(run(&lab, "h4", &["sh", "-c", line]).starts_with("+OK mail.example.com"));
    }
}
