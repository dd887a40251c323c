//! How far reading fly.toml agrees with flyctl: the verdict on a file, and the Machine config of
//! each of its groups, alone and over existing ones. The recordings lie beside the project; where
//! they are not, the tests say so.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files and tells what it counted"
)]

use std::path::{Path, PathBuf};

use cutover::config::{self, Config};
use cutover::fleet::MachineConfig;
use cutover::lint::{self, Input, Settings, Verdict};
use cutover::machine;
use cutover::syntax::{self, Format};
use serde_json::{Map, Value};

/// Agreement so far. May only rise.
const CORPUS: Agreement =
    Agreement { verdicts: 246, new_machines: 272, merged: 816, release_commands: 38, unknown_sections: 230 };
const MUTATED: Agreement =
    Agreement { verdicts: 1500, new_machines: 1097, merged: 0, release_commands: 138, unknown_sections: 880 };

#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Agreement {
    verdicts: usize,
    new_machines: usize,
    merged: usize,
    release_commands: usize,
    unknown_sections: usize,
}

#[test]
fn agrees_with_flyctl_on_real_files() {
    compare("corpus.jsonl", CORPUS);
}

#[test]
fn agrees_with_flyctl_on_changed_files() {
    compare("mutated.jsonl", MUTATED);
}

fn compare(name: &str, at_least: Agreement) {
    let Some(rows) = rows(name) else { return };
    let sources: Map<String, Value> =
        serde_json::from_str(&std::fs::read_to_string(shared("oracle/sources.json")).unwrap()).unwrap();
    let mut agreed = Agreement::default();
    let mut asked = Agreement::default();
    for (line, row) in rows.iter().enumerate() {
        let text = text_of(row);
        let label = format!("{name}:{} {}", line + 1, row["mutations"].as_str().unwrap_or_default());
        let reading = config::read(&syntax::parse(&text, Format::Toml));
        let verdict = lint::check(&Input::new("fly.toml", &text), &Settings::default()).flyctl;
        let config = without_files(&reading.config);
        let expected = flyctl_rejects(row);
        count(&mut asked.verdicts, &mut agreed.verdicts, verdict == Verdict::Rejects, expected, || {
            format!("{label} verdict")
        });
        if row["valid"] == Value::Bool(true) {
            let theirs = texts(&row["unrecognized_sections"]);
            let ours = unknown_sections(&reading);
            count(&mut asked.unknown_sections, &mut agreed.unknown_sections, ours, theirs, || {
                format!("{label} unknown sections")
            });
        }
        for (group, recorded) in row["machines"].as_object().into_iter().flatten() {
            if recorded.get("config").is_some() {
                let ours = machine_config(&config, group, None);
                let theirs = comparable(&recorded["config"]);
                count(&mut asked.new_machines, &mut agreed.new_machines, ours, theirs, || format!("{label} {group}"));
            }
            for (source, recorded) in recorded["merged"].as_object().into_iter().flatten() {
                let existing: MachineConfig = serde_json::from_value(sources[source].clone()).unwrap();
                let ours = machine_config(&config, group, Some(&existing));
                let theirs = comparable(recorded);
                count(&mut asked.merged, &mut agreed.merged, ours, theirs, || format!("{label} {group} over {source}"));
            }
        }
        if let Some(recorded) = row.get("release_command").filter(|recorded| !recorded.is_null()) {
            let ours = machine::release_command_config(&config, None)
                .map(|made| comparable(&serde_json::to_value(made).unwrap()));
            let theirs = Ok(comparable(recorded));
            count(&mut asked.release_commands, &mut agreed.release_commands, ours, theirs, || {
                format!("{label} release")
            });
        }
    }
    println!("{name}: agreed {agreed:?} of {asked:?}");
    assert!(agreed.verdicts >= at_least.verdicts, "verdicts fell below {at_least:?}");
    assert!(agreed.new_machines >= at_least.new_machines, "Machine configs fell below {at_least:?}");
    assert!(agreed.merged >= at_least.merged, "merged Machine configs fell below {at_least:?}");
    assert!(agreed.unknown_sections >= at_least.unknown_sections, "unknown sections fell below {at_least:?}");
    assert!(agreed.release_commands >= at_least.release_commands, "release commands fell below {at_least:?}");
}

fn count<T: PartialEq + std::fmt::Debug>(
    asked: &mut usize,
    agreed: &mut usize,
    ours: T,
    theirs: T,
    label: impl Fn() -> String,
) {
    *asked += 1;
    if ours == theirs {
        *agreed += 1;
    } else {
        println!("{}\n  ours   {ours:?}\n  flyctl {theirs:?}", label());
    }
}

/// What strict validation calls unknown at the top; it matches no key in another case.
fn unknown_sections(reading: &config::Reading) -> Vec<String> {
    let unknown = reading.problems.iter().filter_map(|problem| match problem {
        config::Problem::UnknownKey { path, key, .. } if path.is_empty() => Some(key.clone()),
        config::Problem::CaseVariant { path, key, .. } if !path.contains(['.', '[']) => Some(key.clone()),
        _ => None,
    });
    let mut unknown: Vec<String> = unknown.collect();
    unknown.sort();
    unknown
}

fn texts(list: &Value) -> Vec<String> {
    let mut texts: Vec<String> = serde_json::from_value(list.clone()).unwrap_or_default();
    texts.sort();
    texts
}

fn flyctl_rejects(row: &Value) -> bool {
    let machine_errors =
        row["machines"].as_object().into_iter().flatten().filter_map(|(_, made)| made["error"].as_str());
    let is_about_a_file = |error: &str| error.contains("no such file or directory");
    row.get("load_error").is_some()
        || row["valid"] == Value::Bool(false)
        || machine_errors.into_iter().any(|error| !is_about_a_file(error))
}

/// The recordings were made without the step of a deploy that puts `[[files]]` in.
fn without_files(config: &Config) -> Config {
    Config { files: Vec::new(), ..config.clone() }
}

fn machine_config(config: &Config, group: &str, existing: Option<&MachineConfig>) -> Value {
    match machine::machine_config(config, group, None, existing) {
        Ok(made) => comparable(&serde_json::to_value(made).unwrap()),
        Err(error) => Value::String(error.message),
    }
}

/// Without what is missing in other words, and what only a run knows; the headers of a check by
/// name, since flyctl writes them in an order of chance.
fn comparable(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, _)| !VOLATILE.contains(&key.as_str()));
            let kept = kept
                .map(|(key, value)| (key.clone(), if key == "headers" { by_name(value) } else { comparable(value) }));
            Value::Object(kept.filter(|(_, value)| !is_missing(value)).collect())
        }
        Value::Array(items) => items.iter().map(comparable).collect(),
        other => other.clone(),
    }
}

fn by_name(headers: &Value) -> Value {
    let Value::Array(headers) = headers else { return comparable(headers) };
    let mut headers = headers.clone();
    headers.sort_by_key(|header| header["name"].as_str().map(str::to_owned));
    Value::Array(headers)
}

fn is_missing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

const VOLATILE: [&str; 5] = [
    "fly_flyctl_version",
    "fly_release_id",
    "fly_release_version",
    "fly_bluegreen_deployment_tag",
    "fly_flyctl_bluegreen_launch_id",
];

fn rows(name: &str) -> Option<Vec<Value>> {
    let Ok(text) = std::fs::read_to_string(shared(&format!("oracle/{name}"))) else {
        println!("{name} is not here: nothing compared");
        return None;
    };
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn text_of(row: &Value) -> String {
    match row["toml"].as_str() {
        Some(text) => text.to_owned(),
        None => std::fs::read_to_string(shared(&format!("corpus/{}", row["file"].as_str().unwrap()))).unwrap(),
    }
}

fn shared(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path)
}
