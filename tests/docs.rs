//! The pages under `docs` say what the tables and the help say. `UPDATE_DOCS=1` writes them anew.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads files and may fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cutover::render::markdown;
use cutover::rules::RULES;

#[test]
fn the_pages_are_fresh() {
    let pages = pages();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        write(&pages);
    }
    let stale: Vec<&String> = pages
        .iter()
        .filter(|(path, text)| fs::read_to_string(docs().join(path)).ok().as_ref() != Some(text))
        .map(|(path, _)| path)
        .collect();
    assert!(stale.is_empty(), "stale, write them with UPDATE_DOCS=1: {stale:?}");
    let there: BTreeSet<String> = names(&docs().join("rules")).map(|name| format!("rules/{name}")).collect();
    let expected = pages.keys().filter(|path| path.starts_with("rules/")).cloned().collect();
    assert_eq!(there, expected, "a page without a rule");
}

fn write(pages: &BTreeMap<String, String>) {
    let _ = fs::remove_dir_all(docs().join("rules"));
    fs::create_dir_all(docs().join("rules")).unwrap();
    for (path, text) in pages {
        fs::write(docs().join(path), text).unwrap();
    }
}

/// By path under `docs`.
fn pages() -> BTreeMap<String, String> {
    let rules = RULES.iter().map(|rule| (format!("rules/{}.md", rule.id), markdown::rule(rule)));
    let others = [
        ("rules/README.md".to_owned(), markdown::rules()),
        ("fly-toml.md".to_owned(), markdown::fly_toml()),
        ("plans.md".to_owned(), markdown::plans()),
        ("cli.md".to_owned(), cli()),
    ];
    rules.chain(others).collect()
}

/// The help of every command, as the program prints it.
fn cli() -> String {
    let mut out = "<!-- Generated: UPDATE_DOCS=1 cargo test --test docs -->\n# The command line\n".to_owned();
    help(&[], &mut out);
    out
}

fn help(command: &[String], out: &mut String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cutover")).args(command).arg("--help").env_clear().output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let name = ["cutover".to_owned()].iter().chain(command).cloned().collect::<Vec<_>>().join(" ");
    let trimmed: Vec<&str> = text.lines().map(str::trim_end).collect();
    out.push_str(&format!("\n## {name}\n\n```text\n{}\n```\n", trimmed.join("\n")));
    let commands = text.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for line in commands.filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
        let below: Vec<String> =
            command.iter().cloned().chain(line.split_whitespace().next().map(str::to_owned)).collect();
        help(&below, out);
    }
}

fn names(folder: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap())
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}
