//! Every rule on every example: it fires where it should, nowhere else, and its fixes mend.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files and may fail"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use cutover::config;
use cutover::diagnostic::{Diagnostic, Fix, Severity, apply_fixes};
use cutover::fleet;
use cutover::lint::{self, Input, Settings};
use cutover::rules::{Given, RULES};
use cutover::syntax::{self, Format};

#[test]
fn every_rule_fires_on_its_bad_example() {
    for rule in RULES {
        let found = ids(rule.bad, rule.given);
        assert!(found.contains(&rule.id), "{}: silent on its bad example; found {found:?}", rule.id);
    }
}

#[test]
fn no_rule_fires_on_a_good_example() {
    for rule in RULES {
        assert_eq!(ids(rule.good, rule.given.of_good()), Vec::<&str>::new(), "{}: its good example is not", rule.id);
    }
}

/// Which rules fire on which bad example: an unexpected pair is seen in review.
#[test]
fn the_matrix_of_rules_and_bad_examples() {
    let mut matrix = String::new();
    for rule in RULES {
        let mut others: Vec<&str> = ids(rule.bad, rule.given).into_iter().filter(|id| *id != rule.id).collect();
        others.dedup();
        if !others.is_empty() {
            writeln!(matrix, "{}: also {}", rule.id, others.join(", ")).unwrap();
        }
    }
    insta::assert_snapshot!(matrix, @"");
}

#[test]
fn rules_are_sorted_and_their_ids_are_their_file_names() {
    let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert!(ids.is_sorted(), "sort the table by id");
    let mut files: Vec<String> = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/rules"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "mod.rs")
        .map(|name| name.trim_end_matches(".rs").replace('_', "-"))
        .collect();
    files.sort();
    assert_eq!(ids, files);
}

#[test]
fn what_is_said_of_a_rule_is_whole() {
    for rule in RULES {
        for text in [rule.summary, rule.why, rule.source] {
            assert!(!text.trim().is_empty(), "{}", rule.id);
        }
        assert!(rule.why.ends_with('.'), "{}: full sentences", rule.id);
        assert!(!rule.summary.ends_with('.'), "{}: one line, no full stop", rule.id);
    }
}

/// What is wrong with a text or a type is said by what was expected there.
#[test]
fn every_finding_names_a_cure() {
    let mut without = String::new();
    for (name, text, given) in examples() {
        let found =
            check(&text, given).into_iter().filter(|found| !matches!(found.rule, "syntax-error" | "wrong-type"));
        for found in found.filter(|found| found.help.is_none() && found.fix.is_none()) {
            writeln!(without, "{name}: {}: {}", found.rule, found.message).unwrap();
        }
    }
    assert!(without.is_empty(), "\n{without}");
}

/// Each fix by itself takes its finding away. By itself or with others, it makes none that was not
/// there before.
#[test]
fn fixes_mend_what_they_are_for_and_make_nothing_new() {
    let (mut texts, mut fixes) = (0, 0);
    let mut wrong = BTreeMap::new();
    for (name, text, given) in examples().into_iter().chain(changed_files()) {
        let before = check(&text, given);
        let offered: Vec<(&Diagnostic, &Fix)> =
            before.iter().filter_map(|found| Some((found, found.fix.as_ref()?))).collect();
        texts += 1;
        fixes += offered.len();
        for (found, fix) in &offered {
            let (mended, applied) = apply_fixes(&text, [*fix]);
            assert_eq!(applied, 1, "{name}");
            let after = check(&mended, given);
            let count = |list: &[Diagnostic]| list.iter().filter(|one| one.rule == found.rule).count();
            if count(&after) >= count(&before) {
                wrong.entry(format!("{} is still there", found.rule)).or_insert((name.clone(), mended.clone()));
            }
            for new in new_findings(&before, &after, &[found.rule]) {
                wrong.entry(format!("{} makes {new}", found.rule)).or_insert((name.clone(), mended.clone()));
            }
        }
        for with_unsafe in [false, true] {
            let mended = mend(&text, given, with_unsafe);
            let after = check(&mended, given);
            // One fix may have made room for another.
            let is_gone = |found: &&Diagnostic| !after.iter().any(|left| left.message == found.message);
            let gone: Vec<&str> = before.iter().filter(is_gone).map(|found| found.rule).collect();
            for new in new_findings(&before, &after, &gone) {
                wrong.entry(format!("all together make {new}")).or_insert((name.clone(), mended.clone()));
            }
        }
    }
    println!("{fixes} fixes in {texts} texts");
    let told = wrong.iter().map(|(what, (name, mended))| format!("{what}\n  in {name}:\n{mended}"));
    assert!(wrong.is_empty(), "{} kinds:\n{}", wrong.len(), told.collect::<Vec<_>>().join("\n"));
}

/// What is found after the fixes of `applied` and was not before. What a fix lets Fly read for the
/// first time may be wrong in itself; that it cannot be read, or is of no use, is never new.
fn new_findings(before: &[Diagnostic], after: &[Diagnostic], applied: &[&str]) -> Vec<String> {
    let uncovers = UNCOVERING.iter().any(|(rule, _)| applied.contains(rule));
    let is_excused = |found: &Diagnostic| uncovers && !NEVER_NEW.contains(&found.rule);
    let known: BTreeSet<(&str, &str)> = before.iter().map(|found| (found.rule, found.message.as_str())).collect();
    let is_known = |found: &Diagnostic| known.contains(&(found.rule, found.message.as_str()));
    let new = after.iter().filter(|found| !is_known(found) && !is_excused(found));
    new.map(|found| format!("{}: {}", found.rule, found.message)).collect()
}

/// Rules whose fixes let something be read that could not be before, and what is judged then.
const UNCOVERING: &[(&str, &str)] = &[
    ("check-on-public-port", "a check that could never pass: who heeds it, when it can"),
    ("duration-in-nanoseconds", "a number of an unknown unit: whether it is long enough, when the unit is there"),
    ("syntax-error", "a statement that could not be parsed: what it says"),
    ("unknown-handler", "a word that meant nothing: whether it fits the port"),
    ("unknown-key", "a setting that had no effect: whether its value and what it is combined with are right"),
    ("unknown-strategy", "a word that meant nothing: whether the strategy can work here"),
    ("wrong-type", "a value that could not be decoded: whether it is right"),
];

const NEVER_NEW: &[&str] =
    &["dead-key", "key-in-other-case", "syntax-error", "unknown-key", "unused-suppression", "wrong-type"];

fn mend(text: &str, given: Given, with_unsafe: bool) -> String {
    let fleet = given.fleet.map(|list| fleet::parse(list).unwrap());
    let files = files(given);
    let input = Input { fleet: fleet.as_ref(), files: files.as_ref(), ..Input::new("fly.toml", text) };
    lint::mend(&input, &Settings::pedantic(), with_unsafe).text
}

/// Real files with faults seeded, where they are there.
fn changed_files() -> Vec<(String, String, Given)> {
    let Ok(rows) = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/oracle/mutated.jsonl")) else {
        println!("mutated.jsonl is not here: its texts are not mended");
        return Vec::new();
    };
    let rows = rows.lines().enumerate().map(|(at, row)| {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        (format!("mutated.jsonl:{}", at + 1), row["toml"].as_str().unwrap().to_owned(), Given::NOTHING)
    });
    rows.collect()
}

/// One by one, and all at once.
#[test]
fn what_is_written_in_todays_form_means_the_same() {
    let mut fixes = 0;
    for (name, text, _) in examples() {
        let found = check(&text, Given::NOTHING);
        let legacy: Vec<&Fix> =
            found.iter().filter(|found| found.rule == "legacy-form").filter_map(|found| found.fix.as_ref()).collect();
        fixes += legacy.len();
        for some in legacy.iter().map(|fix| vec![*fix]).chain([legacy.clone()]) {
            let (mended, _) = apply_fixes(&text, some);
            assert_eq!(definition(&mended), definition(&text), "{name}:\n{mended}");
        }
    }
    println!("{fixes} fixes");
    assert!(fixes > 0);
}

fn definition(text: &str) -> config::Config {
    let config = config::read(&syntax::parse(text, Format::Toml)).config;
    config::Config { definition: config.definition, ..config::Config::default() }
}

/// A widely copied article on blue-green deploys shows all of these in one file.
#[test]
fn the_sample_with_every_popular_mistake_lights_up() {
    let sample = r#"app = "shop"

[deploy]
  strategy = "bluegreen"

[experimental]
  auto_rollback_on_error = true

[services.concurrency]
  type = "requests"
  soft_limit = 200
  hard_limit = 250

[[services.tcp_checks]]
  interval = 10000
  timeout = 2000
  method = "get"
  path = "/health"
  port = 8080
"#;
    insta::assert_snapshot!(summary(sample), @r#"
    7:3 warning[dead-key] `auto_rollback_on_error` does nothing: there is no automatic rollback, and no such key
    9:2 error[service-without-internal-port] this service has no `internal_port`: flyctl sets none, and Fly requires one
    9:2 warning[service-without-port] this service has no `[[services.ports]]`: nothing outside can reach it
    14:1 hint[check-without-grace-period] checks begin before the app can be up: there is no `grace_period`
    15:14 hint[legacy-form] this is an older form of `interval`
    16:13 hint[legacy-form] this is an older form of `timeout`
    17:3 warning[http-key-in-tcp-check] a TCP check has no `method`: flyctl ignores it and only connects to the port
    18:3 warning[http-key-in-tcp-check] a TCP check has no `path`: flyctl ignores it and only connects to the port
    19:3 warning[http-key-in-tcp-check] a TCP check has no `port`: flyctl ignores it and only connects to the port
    "#);
}

/// What a rule looks for beside the file is asked for beforehand: an edge reads nothing else.
#[test]
fn files_beside_the_file_are_asked_for() {
    for rule in RULES.iter().filter(|rule| rule.given.files.is_some()) {
        let mut asked = BTreeSet::new();
        for text in [rule.bad, rule.good] {
            lint::check_beside(&Input::new("fly.toml", text), &Settings::default(), |names| {
                asked.extend(names);
                BTreeMap::new()
            });
        }
        for (path, _) in rule.given.files.unwrap_or_default() {
            assert!(asked.contains(*path), "{}: nobody asks for {path}, only for {asked:?}", rule.id);
        }
    }
}

#[test]
fn the_corpus_is_checked_without_a_panic() {
    let Ok(folder) = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus")) else {
        println!("the corpus is not here: nothing was checked");
        return;
    };
    let mut files = 0;
    let mut by_rule: BTreeMap<(Severity, &str), usize> = BTreeMap::new();
    for entry in folder {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        files += 1;
        for found in check(&text, Given::NOTHING) {
            *by_rule.entry((found.severity, found.rule)).or_default() += 1;
        }
    }
    println!("{files} files");
    for ((severity, rule), count) in by_rule {
        println!("{count:5} {severity:?} {rule}");
    }
    assert!(files > 200, "only {files} files were found");
}

/// The findings in a file that stands beside what is given.
fn check(text: &str, given: Given) -> Vec<Diagnostic> {
    lint::example(text, given).diagnostics
}

fn files(given: Given) -> Option<BTreeMap<String, String>> {
    let files = given.files?;
    Some(files.iter().map(|(path, content)| ((*path).into(), (*content).into())).collect())
}

fn ids(text: &str, given: Given) -> Vec<&'static str> {
    check(text, given).into_iter().map(|found| found.rule).collect()
}

/// `line:column severity[rule] message`, a line each.
fn summary(text: &str) -> String {
    let index = cutover::span::LineIndex::new(text);
    let mut out = String::new();
    for found in check(text, Given::NOTHING) {
        let at = index.position(text, found.span.start);
        let severity = format!("{:?}", found.severity).to_lowercase();
        writeln!(out, "{}:{} {severity}[{}] {}", at.line, at.column, found.rule, found.message).unwrap();
    }
    out
}

/// The examples of the rules, and the corpus where it is there.
fn examples() -> Vec<(String, String, Given)> {
    let of_rules =
        RULES.iter().map(|rule| (format!("the bad example of {}", rule.id), rule.bad.to_owned(), rule.given));
    let mut texts: Vec<(String, String, Given)> = of_rules.collect();
    if let Ok(folder) = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus")) {
        let files =
            folder.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "toml"));
        let text = |path: &PathBuf| fs::read_to_string(path).unwrap();
        texts.extend(files.map(|path| (path.display().to_string(), text(&path), Given::NOTHING)));
    }
    texts
}
