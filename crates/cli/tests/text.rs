//! `plumb text` beside Python's codecs.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod ground;

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Encodings of one byte by their names in both.
const SINGLE: &[(&str, &str)] = &[
    ("ibm866", "cp866"),
    ("iso-8859-2", "iso8859-2"),
    ("iso-8859-3", "iso8859-3"),
    ("iso-8859-4", "iso8859-4"),
    ("iso-8859-5", "iso8859-5"),
    ("iso-8859-6", "iso8859-6"),
    ("iso-8859-7", "iso8859-7"),
    ("iso-8859-8", "iso8859-8"),
    ("iso-8859-10", "iso8859-10"),
    ("iso-8859-13", "iso8859-13"),
    ("iso-8859-14", "iso8859-14"),
    ("iso-8859-15", "iso8859-15"),
    ("iso-8859-16", "iso8859-16"),
    ("koi8-r", "koi8-r"),
    ("koi8-u", "koi8-u"),
    ("macintosh", "mac-roman"),
    ("windows-874", "cp874"),
    ("windows-1250", "cp1250"),
    ("windows-1251", "cp1251"),
    ("windows-1252", "cp1252"),
    ("windows-1253", "cp1253"),
    ("windows-1254", "cp1254"),
    ("windows-1255", "cp1255"),
    ("windows-1256", "cp1256"),
    ("windows-1257", "cp1257"),
    ("windows-1258", "cp1258"),
];

/// Where one byte is another character, and why.
const DIFFERENT: &[(&str, &[u8], &str)] = &[
    ("koi8-u", &[0xae, 0xbe], "the standard takes the Belarusian letter of KOI8-RU"),
    ("windows-1255", &[0xca], "the standard has a point of Hebrew that Microsoft added later"),
];

/// Texts in encodings of several bytes, by the names in both.
const MULTIPLE: &[(&str, &str, &str)] = &[
    ("utf-8", "utf-8", "naïve € 例え 🦀"),
    ("utf-16le", "utf-16-le", "naïve € 例え 🦀"),
    ("utf-16be", "utf-16-be", "naïve € 例え 🦀"),
    ("utf-16", "utf-16", "naïve € 例え 🦀"),
    ("shift_jis", "cp932", "日本語のテキスト、ｶﾅ"),
    ("euc-jp", "euc-jp", "日本語のテキスト"),
    ("iso-2022-jp", "iso2022-jp", "日本語 and ASCII テキスト"),
    ("gbk", "gbk", "简体中文，测试"),
    ("gb18030", "gb18030", "简体中文 🦀 ñ"),
    ("big5", "big5", "繁體中文測試"),
    ("euc-kr", "cp949", "한국어 텍스트 똠방각하"),
];

/// What Python makes of `lines` with `script`, a JSON value a line.
fn python(script: &str, lines: &[String]) -> Vec<Value> {
    let mut child = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = lines.join("\n") + "\n";
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The records of `plumb text ARGUMENTS --json` of one kind.
fn records(arguments: &[&str], kind: &str) -> Vec<Value> {
    let output = ground::plumb(["text"].iter().chain(arguments).chain(&["--json"]));
    let text = String::from_utf8(output.stdout).unwrap();
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|record| record["type"] == kind).map(|record| record["data"].clone()).collect()
}

fn stdout_of(arguments: &[&str]) -> (String, Option<i32>) {
    let output = ground::plumb(["text"].iter().chain(arguments));
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

fn stderr_of(arguments: &[&str]) -> String {
    String::from_utf8(ground::plumb(["text"].iter().chain(arguments)).stderr).unwrap()
}

#[test]
fn every_byte_is_the_character_that_python_has() {
    if !ground::installed("python3") {
        return;
    }
    let script = "import sys, json\n\
        for name in sys.stdin.read().split():\n\
        \x20   print(json.dumps([bytes([b]).decode(name, 'replace') for b in range(256)]))";
    let names: Vec<String> = SINGLE.iter().map(|(_, theirs)| (*theirs).to_owned()).collect();
    for ((name, _), theirs) in SINGLE.iter().zip(python(script, &names)) {
        let hex: Vec<String> = (0..=255u8).map(|byte| format!("{byte:02x}")).collect();
        let arguments: Vec<&str> =
            ["decode", "--as", name].into_iter().chain(hex.iter().map(String::as_str)).collect();
        let ours = records(&arguments, "decoded_text");
        for (byte, (ours, theirs)) in (0..=255u8).zip(ours.iter().zip(theirs.as_array().unwrap())) {
            let known = DIFFERENT.iter().any(|(n, bytes, _)| n == name && bytes.contains(&byte));
            let ours = ours["text"].as_str().unwrap();
            // Where Python has nothing, the standard keeps the control of that
            // number, as Windows does, or has nothing either.
            let control =
                theirs == "\u{fffd}" && ours.chars().all(|c| u32::from(c) == u32::from(byte));
            if known {
                assert_ne!(ours, theirs, "{name} {byte:02x} is alike now");
            } else if !control {
                assert_eq!(ours, theirs, "{name} {byte:02x}");
            }
        }
    }
}

#[test]
fn texts_become_the_bytes_that_python_makes() {
    if !ground::installed("python3") {
        return;
    }
    let script = "import sys, json\n\
        for line in sys.stdin:\n\
        \x20   name, text = json.loads(line)\n\
        \x20   print(json.dumps(text.encode(name).hex()))";
    let lines: Vec<String> = MULTIPLE
        .iter()
        .map(|(_, theirs, text)| serde_json::to_string(&(theirs, text)).unwrap())
        .collect();
    for ((name, _, text), theirs) in MULTIPLE.iter().zip(python(script, &lines)) {
        let hex = theirs.as_str().unwrap();
        let ours = records(&["encode", "--as", name, text], "encoded_text");
        assert_eq!(ours[0]["hex"], hex, "{name}");
        assert_eq!(stdout_of(&["decode", "--as", name, hex]), (format!("{text}\n"), Some(0)));
    }
}

#[test]
fn broken_utf_8_is_replaced_as_python_does() {
    if !ground::installed("python3") {
        return;
    }
    let script = "import sys, json\n\
        for line in sys.stdin:\n\
        \x20   print(json.dumps(bytes.fromhex(line).decode('utf-8', 'replace')))";
    // A seeded walk through bytes that are mostly the interesting ones.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let interesting = [
        0x41, 0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xe2, 0x82, 0xac, 0xed, 0xa0, 0xf0, 0x9f, 0xf4, 0x90,
        0xff,
    ];
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let lines: Vec<String> = (0..400)
        .map(|_| {
            let length = 1 + next() % 9;
            (0..length).map(|_| format!("{:02x}", interesting[(next() % 16) as usize])).collect()
        })
        .collect();
    let arguments: Vec<&str> =
        ["decode", "--as", "utf-8"].into_iter().chain(lines.iter().map(String::as_str)).collect();
    let ours = records(&arguments, "decoded_text");
    let theirs = python(script, &lines);
    assert_eq!((ours.len(), theirs.len()), (400, 400));
    for ((hex, ours), theirs) in lines.iter().zip(&ours).zip(&theirs) {
        let mark = hex.starts_with("efbbbf");
        assert!(mark || ours["text"] == *theirs, "{hex}: {ours} {theirs}");
        let places = ours["invalid"].as_array().unwrap().len();
        assert_eq!(places, theirs.as_str().unwrap().matches('\u{fffd}').count(), "{hex}");
    }
}

#[test]
fn what_the_book_shows() {
    let utf_16 = "ff fe 34 00 31 00 33 00 20 00 69 00 73 00 20 00 69 00 6e 00 2e 00";
    assert_eq!(stdout_of(&["decode", utf_16]), ("413 is in.\n".to_owned(), Some(0)));
    assert_eq!(stdout_of(&["decode", "--as", "utf-16", utf_16]).0, "413 is in.\n");
    let (eagle, _) = stdout_of(&["encode", "We copy you down, Eagle.\n"]);
    assert!(eagle.starts_with("25 bytes of UTF-8, 25 characters\n57 65 20 63 "), "{eagle}");
    assert!(eagle.contains(" 2e  0a "), "{eagle}");
    let paragraph = records(&["encode", "<p>café</p>"], "encoded_text");
    assert_eq!(
        (&paragraph[0]["characters"], &paragraph[0]["size_bytes"]),
        (&11.into(), &12.into())
    );
}

#[test]
fn notations_are_found_and_combined() {
    assert_eq!(stdout_of(&["decode", "caf%C3%A9"]).0, "café\n");
    assert_eq!(stdout_of(&["decode", "xn--bcher-kva.example"]).0, "bücher.example\n");
    assert_eq!(stdout_of(&["decode", "aGVsbG8="]).0, "hello\n");
    assert_eq!(
        stdout_of(&["encode", "--as", "utf-16", "--as", "base64", "dir"]).0,
        "//5kAGkAcgA=\n"
    );
    assert_eq!(
        stdout_of(&["decode", "--as", "utf-16", "--as", "base64", "//5kAGkAcgA="]).0,
        "dir\n"
    );
    assert_eq!(stdout_of(&["encode", "-q", "é"]).0, "c3a9\n");
    assert_eq!(stdout_of(&["encode", "--bom", "-q", "é"]).0, "efbbbfc3a9\n");
    assert_eq!(stdout_of(&["encode", "--as", "form", "a b&c"]).0, "a+b%26c\n");
}

#[test]
fn what_is_wrong_is_pointed_at() {
    let lines = |arguments: &[&str]| {
        let text = stderr_of(arguments);
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let hex = lines(&["decode", "--as", "utf-8", "ff fg"]);
    assert_eq!(
        hex[..3],
        ["error: no hex: a byte has two hexadecimal digits", "  ff fg", "      ^"]
    );
    let lacks = lines(&["encode", "--as", "koi8-r", "né"]);
    assert_eq!(lacks[..3], ["error: KOI8-R has no U+00E9 é", "  né", "   ^"]);
    assert!(lines(&["decode", "--as", "iso-2022-kr", "ff"])[0].contains("never decoded"));
    assert!(lines(&["decode", "--as", "koi9-r", "ff"])[1].contains("did you mean KOI8-R"));
    let (text, code) = stdout_of(&["decode", "--as", "utf-8", "61 e2 82"]);
    assert_eq!((text.as_str(), code), ("a\u{fffd}\n", Some(1)));
    let pointed = lines(&["decode", "--as", "utf-8", "61 e2 82"]);
    assert_eq!(
        pointed[1..],
        [
            "  byte 2     61 e2 82 ".trim_end().to_owned(),
            "                ^^^^^ the text ends within a character".to_owned(),
        ]
        .map(String::from)
    );
}

#[test]
fn files_pass_exactly() {
    let scratch = ground::Scratch::new("text");
    let path = scratch.path("old.txt");
    let old: Vec<u8> = b"caf\xe9 ol\xe9\r\nno end".to_vec();
    std::fs::write(&path, &old).unwrap();
    let (text, code) = stdout_of(&["decode", "--as", "windows-1252", "--file", &path]);
    assert_eq!((text.as_str(), code), ("café olé\r\nno end", Some(0)));
    let new = scratch.path("new.txt");
    std::fs::write(&new, &text).unwrap();
    let raw = ground::plumb(["text", "encode", "--as", "windows-1252", "--raw", "--file", &new]);
    assert_eq!(raw.stdout, old);
    // So they do from stdin where no text is given.
    let mut command = ground::command();
    command.args(["text", "decode", "--as", "windows-1252", "-q"]);
    command.stdin(std::fs::File::open(&path).unwrap());
    assert_eq!(String::from_utf8(command.output().unwrap().stdout).unwrap(), text);
}

#[test]
fn a_label_that_means_another_encoding_is_told_in_one_line() {
    for label in ["ascii", "latin1"] {
        let said = stderr_of(&["encode", "--as", label, "x"]);
        assert_eq!((said.lines().count(), said.contains("\\n")), (1, false), "{said}");
    }
}
