//! Captures at one place, at several and everywhere, read by plumb and by a
//! program that nobody here wrote.

#![allow(clippy::unwrap_used)] // a test may panic

use std::collections::BTreeMap;
use std::process::Command;

use plumb_lab::Lab;
use plumb_lab::capture::{Limits, Recorded, record_blocking};
use plumb_wire::capture::pcapng::{Block, Reader};

/// Captures at these places while h1 fetches a page; the file and its summary.
fn fetch_and_capture(places: &[&str], limits: Limits) -> (Vec<u8>, Recorded) {
    let lab = Lab::builder().start().unwrap();
    let places: Vec<String> = places.iter().map(|place| (*place).to_owned()).collect();
    let sockets = lab.capture(&places).unwrap();
    let mut file = Vec::new();
    let fetched = async {
        let done = tokio::task::spawn_blocking(move || {
            lab.command("h1", "curl").args(["-s4o/dev/null", "https://www.example.com/"]).status()
        });
        assert!(done.await.unwrap().unwrap().success());
    };
    let recorded = record_blocking(sockets, &mut file, limits, fetched).unwrap();
    (file, recorded)
}

/// The time, the interface and the frame of a packet.
type Seen = (u64, u32, Vec<u8>);

/// The names of the interfaces, and every packet.
fn packets(file: &[u8]) -> (Vec<String>, Vec<Seen>) {
    let mut reader = Reader::new(file);
    let mut packets = Vec::new();
    while let Some(block) = reader.next().unwrap() {
        if let Block::Packet(packet) = block {
            packets.push((packet.unix_ns.unwrap(), packet.interface, packet.frame));
        }
    }
    let names = reader.interfaces().iter().map(|i| i.name.clone().unwrap_or_default()).collect();
    (names, packets)
}

#[test]
fn everywhere_each_packet_is_seen_once_on_each_link_in_the_order_of_time() {
    let (file, recorded) = fetch_and_capture(&[], Limits::default());
    let (names, packets) = packets(&file);
    assert_eq!(packets.len() as u64, recorded.packets);
    assert!(packets.is_sorted_by_key(|(unix_ns, ..)| *unix_ns));
    // Of the one connection: the SYN to port 443 of www, by the link it was on.
    let mut syns: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, interface, frame) in &packets {
        let (ip, tcp) = (&frame[14..], &frame[34..]);
        let is_syn = frame[12..14] == [8, 0] && ip[9] == 6 && tcp[2..4] == [1, 187] && tcp[13] == 2;
        if is_syn {
            *syns.entry(&names[*interface as usize]).or_default() += 1;
        }
    }
    let path = ["backbone-example", "backbone-isp", "exampleCOM", "homeA", "isp-modemA"];
    assert_eq!(syns, path.map(|link| (link, 1)).into_iter().collect());
}

#[test]
fn tshark_reads_the_file_and_finds_true_checksums() {
    let (file, recorded) = fetch_and_capture(&["www", "isp-modemA"], Limits::default());
    let path = std::env::temp_dir().join(format!("plumb-capture-{}.pcapng", std::process::id()));
    std::fs::write(&path, &file).unwrap();
    let shark = Command::new("tshark")
        .args(["-n", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"])
        .args(["-T", "fields", "-e", "frame.interface_name", "-e", "tcp.checksum.status"])
        .args(["-e", "ip.checksum.status", "-r"])
        .arg(&path)
        .output();
    std::fs::remove_file(&path).unwrap();
    let Ok(shark) = shark else {
        println!("SKIP: tshark is not installed");
        return;
    };
    let text = String::from_utf8_lossy(&shark.stdout).into_owned();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines.len() as u64, recorded.packets, "{}", String::from_utf8_lossy(&shark.stderr));
    for name in ["www:eth0", "isp-modemA"] {
        assert!(lines.iter().any(|line| line[0] == name), "{text}");
    }
    assert!(lines.iter().any(|line| line[1] == "1"), "{text}");
    assert!(lines.iter().all(|line| line[1] != "0" && line[2] != "0"), "{text}");
}

#[test]
fn a_limit_ends_a_capture_exactly() {
    let (file, recorded) =
        fetch_and_capture(&["h1:eth1"], Limits { packets: Some(3), bytes: None });
    assert_eq!((packets(&file).1.len(), recorded.packets), (3, 3));
}

#[test]
fn an_unknown_place_is_refused() {
    let lab = Lab::builder().start().unwrap();
    let error = lab.capture(&["homeC".to_owned()]).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("did you mean"), "{error}");
}
