//! Every fault: made, seen by a program that nobody here wrote, healed, gone.

use std::process::Output;

use plumb_lab::Lab;

/// Longer than a healthy page takes by far; shorter than the kernel's patience
/// with a neighbour that does not answer (some 3 s) plus a second.
const PATIENCE_S: &str = "5";

fn lab() -> Lab {
    Lab::builder().start().unwrap()
}

/// Runs a program on a machine; what it printed, and its exit code.
fn run(lab: &Lab, machine: &str, program: &str, args: &[&str]) -> (i32, String) {
    let Output { status, stdout, stderr } =
        lab.command(machine, program).args(args).output().unwrap();
    let text = [stdout, stderr].concat();
    (status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

/// curl's exit code and the HTTP status for a URL, as h1 gets it.
fn fetch(lab: &Lab, args: &[&str]) -> (i32, String) {
    let common = ["-sS", "-o", "/dev/null", "-w", "%{http_code}", "--compressed", "--max-time"];
    let args: Vec<&str> = common.into_iter().chain([PATIENCE_S]).chain(args.iter().copied()).collect();
    run(lab, "h1", "curl", &args)
}

const PAGE: &str = "https://www.example.com/";

fn assert_healthy(lab: &Lab, when: &str) {
    for family in ["-4", "-6"] {
        let (code, text) = fetch(lab, &[family, PAGE]);
        assert_eq!((code, text.as_str()), (0, "200"), "{when}, {family}");
    }
}

/// Makes a fault, holds `seen` against what h1 meets, heals, and expects health.
fn check(fault: &str, seen: impl Fn(&Lab)) {
    let lab = lab();
    lab.break_fault(fault).unwrap();
    assert_eq!(lab.map().unwrap().faults, [fault]);
    seen(&lab);
    assert_eq!(lab.heal(Some(fault)).unwrap(), [fault]);
    assert!(lab.map().unwrap().faults.is_empty());
    assert_healthy(&lab, fault);
}

/// curl meets this exit code over each family.
fn curl_meets(fault: &str, code: i32) {
    check(fault, |lab| {
        for family in ["-4", "-6"] {
            let (met, text) = fetch(lab, &[family, PAGE]);
            assert_eq!(met, code, "{fault} {family}: {text}");
        }
    });
}

#[test]
fn the_lab_is_healthy_without_a_fault() {
    assert_healthy(&lab(), "at the start");
}
