//! `check` for other programs: JSON lines, SARIF, GitHub, GitLab, JUnit.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::test::Test;

/// An error, a warning with a fix, and a suppressed finding; names and messages that must be escaped.
const TEXT: &str = "app = \"shop\"\n'a<&,:%\"b' = 1\nkil_signal = 'SIGINT' # cutover: ignore[unknown-key] \"why\"\n\n[deploy]\nstrategy = \"Rolling\"\n";

fn shown(format: &str) -> String {
    Test::new()
        .file("a,b: c/fly.toml", TEXT)
        .args(["check", "a,b: c/fly.toml", "--format", format])
        .status(1)
        .run()
        .stdout
}

#[test]
fn github_gets_annotations() {
    insta::assert_snapshot!(shown("github"), @r#"
    ::warning file=a%2Cb%3A c/fly.toml,line=2,col=1,endColumn=11,title=unknown-key::flyctl knows no `a<&,:%25"b` at the top level, and ignores it%0Ahelp: remove it, or find the key that is meant: `cutover schema` has all of them
    ::error file=a%2Cb%3A c/fly.toml,line=6,col=12,endColumn=21,title=unknown-strategy::there is no strategy `Rolling`%0Ahelp: did you mean `rolling`?
    "#);
}

#[test]
fn gitlab_gets_a_code_quality_report() {
    let report: Value = serde_json::from_str(&shown("gitlab")).unwrap();
    let entries = report.as_array().unwrap();
    let places: Vec<String> = entries
        .iter()
        .map(|entry| {
            let Value::Object(location) = &entry["location"] else { panic!("{entry}") };
            format!("{} {} {} {}", entry["check_name"], entry["severity"], location["path"], location["lines"])
        })
        .collect();
    insta::assert_snapshot!(places.join("\n"), @r#"
    "unknown-key" "minor" "a,b: c/fly.toml" {"begin":2,"end":2}
    "unknown-strategy" "critical" "a,b: c/fly.toml" {"begin":6,"end":6}
    "#);
    assert!(entries.iter().all(|entry| entry["description"].is_string()));
}

#[test]
fn a_finding_keeps_its_fingerprint_when_it_moves() {
    let prints = |text: &str| -> Vec<String> {
        let ran = Test::new().file("fly.toml", text).args(["check", "--format", "gitlab"]).run();
        let report = ran.json();
        report.as_array().unwrap().iter().map(|entry| entry["fingerprint"].as_str().unwrap().to_owned()).collect()
    };
    let before = prints("x1 = 1\n[http_service]\ninternal_port = 1\nx1 = 1\nx2 = 1\n");
    let after = prints("\n\n# moved\nx1 = 1\n[http_service]\ninternal_port = 1\nx2 = 1\n\nx1 = 1\n");
    assert_eq!(before.iter().collect::<BTreeSet<_>>().len(), before.len(), "{before:?}");
    assert_eq!(before.iter().collect::<BTreeSet<_>>(), after.iter().collect::<BTreeSet<_>>());
}

#[test]
fn junit_gets_a_failed_test_for_each_finding() {
    insta::assert_snapshot!(shown("junit"), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="cutover" tests="2" failures="2" errors="0">
      <testsuite name="a,b: c/fly.toml" tests="2" failures="2" errors="0">
        <testcase name="unknown-key at 2:1" classname="cutover.unknown-key" file="a,b: c/fly.toml" line="2">
          <failure type="warning" message="flyctl knows no `a&lt;&amp;,:%&quot;b` at the top level, and ignores it">a,b: c/fly.toml:2:1: flyctl knows no `a&lt;&amp;,:%&quot;b` at the top level, and ignores it&#10;help: remove it, or find the key that is meant: `cutover schema` has all of them</failure>
        </testcase>
        <testcase name="unknown-strategy at 6:12" classname="cutover.unknown-strategy" file="a,b: c/fly.toml" line="6">
          <failure type="error" message="there is no strategy `Rolling`">a,b: c/fly.toml:6:12: there is no strategy `Rolling`&#10;help: did you mean `rolling`?</failure>
        </testcase>
      </testsuite>
    </testsuites>
    "#);
    let clean = Test::new().file("fly.toml", "app = \"shop\"\n").args(["check", "--format", "junit"]).run();
    assert!(clean.stdout.contains("tests=\"1\" failures=\"0\""), "{}", clean.stdout);
}

#[test]
fn jsonl_is_a_line_for_each_finding() {
    let lines: Vec<Value> = shown("jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let places: Vec<String> =
        lines.iter().map(|line| format!("{} {} {}", line["path"], line["rule"], line["start"]["line"])).collect();
    insta::assert_snapshot!(places.join("\n"), @r#"
    "a,b: c/fly.toml" "unknown-key" 2
    "a,b: c/fly.toml" "unknown-strategy" 6
    "#);
}

#[test]
fn json_tells_what_is_suppressed_and_why() {
    let file: Value = serde_json::from_str::<Value>(&shown("json")).unwrap()["files"][0].clone();
    let suppressed = file["suppressed"].as_array().unwrap();
    assert_eq!(suppressed.len(), 1);
    assert_eq!((&suppressed[0]["rule"], &suppressed[0]["reason"]), (&json!("unknown-key"), &json!("\"why\"")));
}

/// `tests/json_schema.rs` holds the whole of it against its schema.
#[test]
fn sarif_tells_places_suppressions_and_fixes() {
    let log: Value = serde_json::from_str(&shown("sarif")).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let told = results.iter().map(|result| {
        let place = &result["locations"][0]["physicalLocation"];
        let region = &place["region"];
        format!(
            "{} {} {}:{} {} fixes {}, suppressed {}",
            result["ruleId"],
            place["artifactLocation"]["uri"],
            region["startLine"],
            region["startColumn"],
            result["level"],
            result["fixes"].as_array().map_or(0, Vec::len),
            result["suppressions"]
        )
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r#"
    "unknown-key" "a%2Cb%3A%20c/fly.toml" 2:1 "warning" fixes 0, suppressed null
    "unknown-strategy" "a%2Cb%3A%20c/fly.toml" 6:12 "error" fixes 1, suppressed null
    "unknown-key" "a%2Cb%3A%20c/fly.toml" 3:1 "warning" fixes 1, suppressed [{"justification":"\"why\"","kind":"inSource"}]
    "#);
}
