//! Normalising changes how a file is written and nothing that Fly receives, for every real file
//! and every changed one that lies beside the project.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files and tells what it counted"
)]

use std::path::Path;

use cutover::config::{self, Problem, Reading, normalize};
use cutover::diagnostic::Flyctl;
use cutover::lint::{self, Input, Settings};
use cutover::machine::{machine_config, release_command_config};
use cutover::syntax::{self, Format};
use serde_json::Value;

#[test]
fn the_machine_configs_stay_and_twice_is_once() {
    let texts = texts();
    let (mut changed, mut rejected) = (0, 0);
    for (name, text) in &texts {
        let before = read(text);
        let normal = normalize(text);
        let after = read(&normal);
        let is_fatal = before.problems.iter().any(Problem::is_fatal);
        if is_fatal {
            rejected += 1;
            assert_eq!(&normal, text, "{name}");
            continue;
        }
        changed += usize::from(&normal != text);
        assert_eq!(received(&before), received(&after), "{name}\n{normal}");
        assert_eq!(normalize(&normal), normal, "{name}");
        assert!(
            after.config.processes.is_some() || has_list_of_processes(&normal),
            "{name} still leaves its group implicit\n{normal}"
        );
        assert_eq!(refusals(&normal), refusals(text), "{name}\n{normal}");
        assert_eq!(comments(text), comments(&normal), "{name}\n{normal}");
    }
    println!("{} files: {changed} changed, {rejected} left alone since flyctl cannot read them", texts.len());
}

/// The rules that say that flyctl rejects the file.
fn refusals(text: &str) -> Vec<&'static str> {
    let found = lint::check(&Input::new("fly.toml", text), &Settings::default()).diagnostics.into_iter();
    let mut ids: Vec<_> = found.filter(|found| found.flyctl == Flyctl::Rejects).map(|found| found.rule).collect();
    ids.sort_unstable();
    ids
}

/// What Fly would get: of every group, and for the release command.
fn received(reading: &Reading) -> Vec<String> {
    let config = &reading.config;
    let groups = config.group_names().into_iter();
    let machines = groups.map(|group| match machine_config(config, group, Some("image"), None) {
        Ok(made) => format!("{group}: {}", serde_json::to_string(&made).unwrap()),
        Err(error) => format!("{group}: {}", error.message),
    });
    let release = match release_command_config(config, None) {
        Ok(made) => serde_json::to_string(&made).unwrap(),
        Err(error) => error.message,
    };
    machines.chain([release]).collect()
}

/// The comments that have a line of their own, in order of the alphabet.
fn comments(text: &str) -> Vec<&str> {
    let mut comments: Vec<&str> = text.lines().map(str::trim).filter(|line| line.starts_with('#')).collect();
    comments.sort_unstable();
    comments
}

/// `processes = ["app"]` at the top says nothing to flyctl, and leaves no place for the group.
fn has_list_of_processes(text: &str) -> bool {
    let document = syntax::parse(text, Format::Toml);
    let processes = document.root.as_table().and_then(|root| root.get("processes"));
    processes.and_then(|node| node.as_array()).is_some_and(|items| !items.is_empty())
}

fn read(text: &str) -> Reading {
    config::read(&syntax::parse(text, Format::Toml))
}

fn texts() -> Vec<(String, String)> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let mut texts = Vec::new();
    if let Ok(corpus) = std::fs::read_dir(shared.join("corpus")) {
        let files =
            corpus.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|it| it == "toml"));
        texts.extend(files.map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap())));
    }
    if let Ok(rows) = std::fs::read_to_string(shared.join("oracle/mutated.jsonl")) {
        texts.extend(rows.lines().enumerate().map(|(at, row)| {
            let row: Value = serde_json::from_str(row).unwrap();
            (format!("mutated.jsonl:{}", at + 1), row["toml"].as_str().unwrap().to_owned())
        }));
    }
    texts.sort();
    texts
}
