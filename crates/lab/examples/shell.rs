//! Runs a command line on a machine of a fresh Internet: `shell h1 curl ...`.

#![allow(clippy::print_stderr)] // it talks to a person

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let machine = arguments.next().unwrap_or_else(|| "h1".to_owned());
    let program = arguments.next().unwrap_or_else(|| "sh".to_owned());
    let began = std::time::Instant::now();
    let lab = plumb_lab::Lab::builder().start()?;
    let up = began.elapsed();
    let status = lab.command(&machine, program).args(arguments).status()?;
    eprintln!("up after {up:?}, program {:?}: {status}", began.elapsed() - up);
    Ok(())
}
