//! What users see when they ask for help, and that the examples in it are true.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

/// The definition with everything passed down to each command.
fn command() -> clap::Command {
    let mut command = plumb::command();
    command.build();
    command
}

/// Every command below `command`, with its full name.
fn walk(command: &clap::Command, name: &str, visit: &mut impl FnMut(&str, &clap::Command)) {
    visit(name, command);
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        walk(sub, &format!("{name} {}", sub.get_name()), visit);
    }
}

#[test]
fn short_help_of_every_command() {
    let mut text = String::new();
    walk(&command(), "plumb", &mut |name, command| {
        text.push_str(&format!("==== {name} -h\n{}\n", command.clone().render_help()));
    });
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "too wide: {line}");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn long_help_of_every_command() {
    let mut text = String::new();
    walk(&command(), "plumb", &mut |name, command| {
        text.push_str(&format!("==== {name} --help\n{}\n", command.clone().render_long_help()));
    });
    insta::assert_snapshot!(text);
}

#[test]
fn help_begins_with_one_imperative_line_and_then_examples() {
    walk(&command(), "plumb", &mut |name, command| {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(
            !about.is_empty() && !about.ends_with('.') && !about.contains('\n'),
            "{name}: {about:?}"
        );
        if name != "plumb" {
            let help = command.clone().render_long_help().to_string();
            assert!(
                help.starts_with(&format!("{about}\n\nExamples:\n  plumb ")),
                "{name}:\n{help}"
            );
        }
    });
}

#[test]
fn every_example_is_a_command_line_that_plumb_takes() {
    for (name, example) in plumb::commands::examples() {
        let line = example.split(" # ").next().unwrap_or_default();
        let line = line.split(" > ").next().unwrap_or_default().trim();
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words.first(), Some(&"plumb"), "{name}: {example}");
        if let Err(error) = plumb::command().try_get_matches_from(words) {
            panic!("{name}: {example}\n{error}");
        }
        // `lab faults` stands among the examples of `lab break`, and so on: but
        // each command has at least one of its own.
        let own = plumb::commands::examples();
        assert!(
            own.iter().any(|(n, e)| *n == name && e.starts_with(&format!("plumb {name}"))),
            "{name}"
        );
    }
}

#[test]
fn an_option_means_the_same_everywhere() {
    let mut known: BTreeMap<String, (String, String)> = BTreeMap::new();
    walk(&command(), "plumb", &mut |name, command| {
        for option in command.get_arguments().filter(|argument| !argument.is_positional()) {
            let long = option.get_long().unwrap_or_default().to_owned();
            let Some(short) = option.get_short() else { continue };
            let meaning =
                known.entry(short.to_string()).or_insert_with(|| (long.clone(), name.to_owned()));
            assert_eq!(meaning.0, long, "-{short} in {name} and in {}", meaning.1);
        }
    });
}

#[test]
fn the_definition_is_sound() {
    plumb::command().debug_assert();
}
