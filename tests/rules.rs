//! Every rule on every example: it fires where it should, nowhere else, and its fixes mend.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files and may fail"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use cutover::config;
use cutover::diagnostic::{Diagnostic, Fix, Safety, Severity, apply_fixes};
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

#[test]
fn fixes_mend_what_they_are_for_and_converge() {
    for (name, text, given) in examples() {
        let before = check(&text, given);
        // In a file that is not TOML nobody can tell what a change changes.
        let is_toml = before.iter().all(|found| found.rule != "syntax-error");
        for found in before.iter().filter(|_| is_toml) {
            let Some(fix) = &found.fix else { continue };
            let (mended, applied) = apply_fixes(&text, [fix]);
            assert_eq!(applied, 1, "{name}");
            let after = check(&mended, given);
            let count = |list: &[Diagnostic], rule: &str| list.iter().filter(|d| d.rule == rule).count();
            assert!(
                count(&after, found.rule) < count(&before, found.rule),
                "{name}: {} is still there:\n{mended}",
                found.rule
            );
            let syntax = "syntax-error";
            assert!(count(&after, syntax) <= count(&before, syntax), "{name}: the fix breaks the file:\n{mended}");
            if fix.safety == Safety::Safe {
                for other in &after {
                    assert!(
                        count(&after, other.rule) <= count(&before, other.rule),
                        "{name}: a safe fix of {} makes a new {}:\n{mended}",
                        found.rule,
                        other.rule
                    );
                }
            }
        }
    }
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
        let mut asked = lint::paths_beside("fly.toml", rule.bad);
        asked.extend(lint::paths_beside("fly.toml", rule.good));
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
    let fleet = given.fleet.map(|list| fleet::parse(list).unwrap());
    let files: Option<BTreeMap<String, String>> =
        given.files.map(|files| files.iter().map(|(path, content)| ((*path).into(), (*content).into())).collect());
    let input = Input { fleet: fleet.as_ref(), files: files.as_ref(), ..Input::new("fly.toml", text) };
    lint::check(&input, &Settings::pedantic()).diagnostics
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
