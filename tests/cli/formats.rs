//! `check` for other programs: JSON lines, SARIF, GitHub, GitLab, JUnit.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::test::Test;

/// An error, a warning with a fix, and a suppressed finding; names and messages that must be escaped.
const TEXT: &str = "app = \"shop\"\n'a<&,:%\"b' = 1\nkil_signal = 1 # cutover: ignore[unknown-key] \"why\"\n\n[deploy]\nstrategy = \"Rolling\"\n";

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

/// What the SARIF 2.1.0 schema asks of the objects that are used here: which properties there may
/// be, which there must be, and what they hold.
#[test]
fn sarif_is_as_its_schema_asks() {
    let text =
        format!("{TEXT}\n[[services]]\ninternal_port = 1\nprotocol = \"tcp\"\n[[services.ports]]\nport = \"x\"\n");
    let ran = Test::new()
        .file("fly.toml", &text)
        .file("b/fly.toml", "app = \n")
        .args(["check", "fly.toml", "b", "--format", "sarif"])
        .status(1)
        .run();
    let log = ran.json();
    object(&log, &["version", "runs"], &["$schema"]);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    object(run, &["tool"], &["results", "columnKind"]);
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    object(&run["tool"], &["driver"], &[]);
    let driver = &run["tool"]["driver"];
    object(driver, &["name"], &["semanticVersion", "informationUri", "rules"]);
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        object(
            rule,
            &["id"],
            &["shortDescription", "fullDescription", "help", "helpUri", "defaultConfiguration", "properties"],
        );
        assert!(rule["helpUri"].as_str().unwrap().starts_with("https://"));
        object(&rule["defaultConfiguration"], &[], &["level", "enabled"]);
        is_level(&rule["defaultConfiguration"]["level"]);
        ["shortDescription", "fullDescription", "help"].into_iter().for_each(|key| is_message(&rule[key]));
    }
    let results = run["results"].as_array().unwrap();
    for result in results {
        sarif_result(result, rules);
    }
    let count = |key: &str| results.iter().filter(|result| result.get(key).is_some()).count();
    assert_eq!(count("suppressions"), 1);
    assert!(count("fixes") > 0 && results.len() > 4, "{results:#?}");
}

fn sarif_result(result: &Value, rules: &[Value]) {
    object(
        result,
        &["message"],
        &[
            "ruleId",
            "ruleIndex",
            "level",
            "locations",
            "relatedLocations",
            "fixes",
            "suppressions",
            "partialFingerprints",
        ],
    );
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(rules[index]["id"], result["ruleId"]);
    is_level(&result["level"]);
    is_message(&result["message"]);
    assert!(result["partialFingerprints"].as_object().unwrap().values().all(Value::is_string));
    let related = result["relatedLocations"].as_array().into_iter().flatten();
    for location in result["locations"].as_array().unwrap().iter().chain(related) {
        object(location, &[], &["physicalLocation", "message"]);
        object(&location["physicalLocation"], &["artifactLocation"], &["region"]);
        is_artifact(&location["physicalLocation"]["artifactLocation"]);
        is_region(&location["physicalLocation"]["region"]);
    }
    for fix in result["fixes"].as_array().into_iter().flatten() {
        object(fix, &["artifactChanges"], &["description"]);
        is_message(&fix["description"]);
        for change in fix["artifactChanges"].as_array().unwrap() {
            object(change, &["artifactLocation", "replacements"], &[]);
            is_artifact(&change["artifactLocation"]);
            for replacement in change["replacements"].as_array().unwrap() {
                object(replacement, &["deletedRegion"], &["insertedContent"]);
                is_region(&replacement["deletedRegion"]);
            }
        }
    }
    for suppression in result["suppressions"].as_array().into_iter().flatten() {
        object(suppression, &["kind"], &["justification"]);
        assert_eq!(suppression["kind"], "inSource");
        assert!(suppression["justification"].is_string());
    }
}

/// The schema closes every object.
#[track_caller]
fn object(value: &Value, required: &[&str], optional: &[&str]) {
    let fields = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    assert!(required.iter().all(|key| fields.contains_key(*key)), "{value} lacks one of {required:?}");
    for key in fields.keys() {
        assert!(required.contains(&key.as_str()) || optional.contains(&key.as_str()), "`{key}` in {value}");
    }
}

#[track_caller]
fn is_message(value: &Value) {
    object(value, &["text"], &[]);
    assert!(value["text"].as_str().is_some_and(|text| !text.is_empty()), "{value}");
}

#[track_caller]
fn is_level(value: &Value) {
    assert!(["none", "note", "warning", "error"].contains(&value.as_str().unwrap()), "{value}");
}

#[track_caller]
fn is_artifact(value: &Value) {
    object(value, &["uri"], &[]);
    let is_uri = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte);
    assert!(value["uri"].as_str().unwrap().bytes().all(is_uri), "{value}");
}

#[track_caller]
fn is_region(value: &Value) {
    object(value, &["startLine", "startColumn", "endLine", "endColumn", "byteOffset", "byteLength"], &[]);
    let number = |key: &str| value[key].as_u64().unwrap();
    assert!(["startLine", "startColumn", "endLine", "endColumn"].iter().all(|key| number(key) >= 1), "{value}");
    assert!((number("startLine"), number("startColumn")) <= (number("endLine"), number("endColumn")), "{value}");
}
