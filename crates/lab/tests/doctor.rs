//! What a lab needs of the kernel, tried for real.

#![allow(clippy::unwrap_used)] // a test may panic

use plumb_lab::Lab;
use plumb_lab::doctor::{StepResult, examine};

#[test]
fn the_doctor_agrees_with_the_lab() {
    let examination = examine().unwrap();
    let lab = Lab::builder().start();
    assert_eq!(examination.is_good(), lab.is_ok(), "{examination:#?} {lab:?}");
}

#[test]
fn what_failed_comes_with_a_remedy_and_what_follows_was_not_tried() {
    let examination = examine().unwrap();
    println!("{examination:#?}");
    assert!(examination.steps.len() >= 9);
    let mut failed = false;
    for step in &examination.steps {
        match &step.result {
            StepResult::Ok | StepResult::NotNeeded => assert!(!failed),
            StepResult::Failed { message, .. } => {
                assert!(!failed && !message.is_empty());
                assert!(!step.remedy.as_ref().unwrap().ways.is_empty());
                failed = true;
            }
            StepResult::NotTried => assert!(failed),
        }
    }
}
