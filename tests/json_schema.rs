//! The JSON Schemas against flyctl's verdicts and against what cutover prints; the forms of others
//! against theirs.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files and tells what it counted"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cutover::config::{self, Contents, Problem};
use cutover::diagnostic::Flyctl;
use cutover::fleet::{self, Fleet};
use cutover::lint::{self, Input, Report, Settings};
use cutover::plan::{Drain, Floor, Op, Plan, Policy};
use cutover::propose::{self, Proposal, Unplanned};
use cutover::render::{self, Checked, Of};
use cutover::sim::{Fault, Options, Run};
use cutover::syntax::{self, Document, Format, Node};
use jsonschema::Validator;
use serde_json::{Value, json};

fn validator(of: Of) -> Validator {
    let schema: Value = serde_json::from_str(&render::json_schema(of)).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

/// Against what flyctl was recorded to do: whatever it accepts, and nothing that it cannot decode.
/// A file that it decodes and then refuses has a fault of value, which types do not show; those are
/// counted by the rules that find them.
#[test]
fn the_schema_of_fly_toml_agrees_with_flyctl() {
    let schema = validator(Of::FlyToml);
    let (mut accepted, mut undecodable, mut wrong) = (0, 0, Vec::new());
    let (mut unfit, mut faults_of_value) = (BTreeMap::<&str, usize>::new(), BTreeMap::<&str, usize>::new());
    for (name, text, row) in rows() {
        let document = syntax::parse(&text, Format::Toml);
        if let Some(why) = unfit_for_a_schema(&document) {
            *unfit.entry(why).or_default() += 1;
            continue;
        }
        let errors: Vec<String> = schema.iter_errors(&json(&document)).map(|error| error.to_string()).collect();
        match (flyctl_says(&row), errors.is_empty()) {
            (Said::Accepted, true) => accepted += 1,
            (Said::Undecodable(_), false) => undecodable += 1,
            (Said::Accepted, false) => wrong.push(format!("{name}: flyctl accepts it; the schema: {errors:?}")),
            (Said::Undecodable(why), true) => wrong.push(format!("{name}: the schema accepts it; flyctl: {why}")),
            (Said::Refused, _) => {
                let rules = rejecting_rules(&text).into_iter();
                rules.for_each(|rule| *faults_of_value.entry(rule).or_default() += 1);
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    if accepted == 0 {
        return;
    }
    println!("{accepted} accepted and {undecodable} refused as by flyctl; not for a schema: {unfit:?}");
    let classes: Vec<String> = faults_of_value.iter().map(|(class, count)| format!("{count} {class}")).collect();
    insta::assert_snapshot!(classes.join("\n"), @r#"
    8 check-duration-out-of-range
    8 impossible-machine
    14 incomplete-check
    58 service-without-process-group
    2 unknown-compression
    32 unknown-process-group
    7 unknown-restart-policy
    16 unknown-strategy
    12 unsplittable-command
    5 volume-setting-out-of-range
    "#);
}

enum Said {
    Accepted,
    /// Not even decoded, with flyctl's reason.
    Undecodable(String),
    /// Decoded, and refused for what it says.
    Refused,
}

fn flyctl_says(row: &Value) -> Said {
    let machines = row["machines"].as_object().into_iter().flatten();
    let is_fault = |error: &str| !error.contains("no such file or directory");
    // Validation, which comes after decoding, always has something to tell.
    let undecodable = row.get("load_error").or(row.get("error").filter(|_| row.get("info").is_none()));
    if let Some(error) = undecodable {
        Said::Undecodable(error.to_string())
    } else if row["valid"] == false || machines.filter_map(|(_, made)| made["error"].as_str()).any(is_fault) {
        Said::Refused
    } else {
        Said::Accepted
    }
}

/// What is not TOML, or writes keys in another case than the table, no schema can judge; and JSON
/// has no infinity.
fn unfit_for_a_schema(document: &Document) -> Option<&'static str> {
    let problems = config::read(document).problems;
    let any = |is: fn(&Problem) -> bool| problems.iter().any(is);
    if any(|problem| matches!(problem, Problem::Syntax { .. })) {
        Some("no TOML")
    } else if any(|problem| matches!(problem, Problem::CaseVariant { .. })) {
        Some("keys in another case")
    } else {
        has_infinity(&document.root).then_some("infinity")
    }
}

fn rejecting_rules(text: &str) -> BTreeSet<&'static str> {
    let report = lint::check(&Input::new("fly.toml", text), &Settings::pedantic());
    report.all().filter(|found| found.flyctl == Flyctl::Rejects).map(|found| found.rule).collect()
}

#[test]
fn wrong_types_are_refused_and_unknown_keys_are_not() {
    let schema = validator(Of::FlyToml);
    for (text, is_valid) in [
        ("app = 'shop'\nunknown = 1\n[http_service]\nother = []", true),
        ("app = 5", false),
        ("[http_service]\ninternal_port = '80'", false),
        ("[[services]]\ninternal_port = '80'", true),
        ("[[services]]\ninternal_port = 'x'", false),
        ("[mounts]\nsource = 'data'", true),
        ("[mount]\nsource = 5", false),
        ("[deploy]\nwait_timeout = '5 minutes'", false),
        ("[deploy]\nwait_timeout = '1h30m'", true),
        ("[http_service]\nauto_stop_machines = 'on'", false),
    ] {
        assert_eq!(schema.is_valid(&json(&syntax::parse(text, Format::Toml))), is_valid, "{text}");
    }
}

#[test]
fn what_check_prints_is_as_its_schema_says() {
    let schema = validator(Of::Check);
    let texts = texts();
    for (name, text) in &texts {
        let report = lint::check(&Input::new("fly.toml", text), &Settings::pedantic());
        let printed = render::json::check(&[Checked { path: "fly.toml", text, report: &report }]);
        is_valid(&schema, &serde_json::from_str(&printed).unwrap(), name);
    }
    println!("{} reports", texts.len());
    assert!(!schema.is_valid(&json!({"version": 2, "files": []})));
    assert!(!schema.is_valid(&json!({"version": 1, "files": [{"path": "fly.toml"}]})));
}

/// The schema itself comes with the package that makes Rust types of it.
#[test]
fn sarif_is_as_its_schema_says() {
    let mut schema: Value = serde_json::from_str(&std::fs::read_to_string(sarif_schema()).unwrap()).unwrap();
    // A stray bracket makes it no regular expression; the log names no language.
    for place in ["run", "toolComponent"] {
        schema["definitions"][place]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
    }
    let schema = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let texts = texts();
    let reports = reports(&texts);
    let mut log: Value = serde_json::from_str(&render::sarif::check(&checked(&texts, &reports))).unwrap();
    is_valid(&schema, &log, "the log");
    let results = log["runs"][0]["results"].as_array().unwrap();
    let with = |key: &str| results.iter().filter(|result| result.get(key).is_some()).count();
    println!("{} results, {} with fixes, {} suppressed", results.len(), with("fixes"), with("suppressions"));
    assert!(with("fixes") > 0 && with("suppressions") > 0 && with("relatedLocations") > 0);
    for result in results {
        let rule = &log["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
    }
    log["runs"][0]["results"][0]["severity"] = "error".into();
    assert!(!schema.is_valid(&log), "the schema closes every object");
}

/// Counted as the suites say, whatever characters there are in what is said.
#[test]
fn junit_is_well_formed() {
    let texts = texts();
    let reports = reports(&texts);
    let printed = render::junit::check(&checked(&texts, &reports));
    let document = roxmltree::Document::parse(&printed).unwrap();
    let root = document.root_element();
    let all = |name: &str| root.descendants().filter(|node| node.has_tag_name(name)).count().to_string();
    assert_eq!(root.attribute("tests"), Some(all("testcase").as_str()));
    assert_eq!(root.attribute("failures"), Some(all("failure").as_str()));
    assert_eq!(root.children().filter(|node| node.has_tag_name("testsuite")).count(), texts.len());
}

/// Each finding is one command, whatever lines there are in what is said.
#[test]
fn github_and_gitlab_are_told_each_finding_once() {
    let texts = texts();
    let reports = reports(&texts);
    let findings: usize = reports.iter().map(|report| report.diagnostics.len()).sum();
    let printed = render::github::check(&checked(&texts, &reports));
    assert_eq!(printed.lines().count(), findings);
    let is_command = |line: &str| ["::error ", "::warning ", "::notice "].iter().any(|head| line.starts_with(head));
    assert!(printed.lines().all(is_command));
    let entries: Vec<Value> = serde_json::from_str(&render::gitlab::check(&checked(&texts, &reports))).unwrap();
    let prints: BTreeSet<&str> = entries.iter().map(|entry| entry["fingerprint"].as_str().unwrap()).collect();
    assert_eq!((entries.len(), prints.len()), (findings, findings));
}

fn reports(texts: &[(String, String)]) -> Vec<Report> {
    let check = |text| lint::check(&Input::new("fly.toml", text), &Settings::pedantic());
    texts.iter().map(|(_, text)| check(text)).collect()
}

fn checked<'a>(texts: &'a [(String, String)], reports: &'a [Report]) -> Vec<Checked<'a>> {
    texts.iter().zip(reports).map(|((path, text), report)| Checked { path, text, report }).collect()
}

/// Beside the types that are made from it. What other platforms depend on is perhaps not there.
fn sarif_schema() -> PathBuf {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = String::from_utf8(std::process::Command::new(rustc).arg("-vV").output().unwrap().stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "serde-sarif").unwrap();
    Path::new(package["manifest_path"].as_str().unwrap()).with_file_name("src/schema.json")
}

#[test]
fn what_plan_prints_is_as_its_schema_says() {
    let schema = validator(Of::Plan);
    let (text, fleet) = (example("fly.toml"), fleet::parse(&example("machines.json")).unwrap());
    let everything = Policy {
        idle_command: Some("true".into()),
        drain: Drain::UntilIdle,
        drain_timeout_ms: 60_000,
        floor: Some(Floor::Percent(50)),
        surge: Some(2),
        verify_url: Some("https://shop.example".into()),
        ..Policy::default()
    };
    for policy in [Policy::default(), everything] {
        let plan = propose(&text, &fleet, &policy).unwrap();
        for printed in [plan.to_json(), render::json::plan(&plan), refused()] {
            let mut value: Value = serde_json::from_str(&printed).unwrap();
            assert!(schema.is_valid(&value), "{:?}", schema.validate(&value));
            value["version"] = 2.into();
            assert!(!schema.is_valid(&value));
        }
        let schema: Value = serde_json::from_str(&render::json_schema(Of::Plan)).unwrap();
        let mut unknown = Vec::new();
        unknown_fields(&serde_json::to_value(&plan).unwrap(), &schema["anyOf"][0], "plan", &mut unknown);
        assert!(unknown.is_empty(), "the schema does not know {unknown:?}");
    }
}

/// Schemas are open; what is printed must be in them all the same.
fn unknown_fields(value: &Value, schema: &Value, path: &str, unknown: &mut Vec<String>) {
    for item in value.as_array().into_iter().flatten() {
        unknown_fields(item, &schema["items"], path, unknown);
    }
    let Some(properties) = schema["properties"].as_object() else { return };
    for (key, inner) in value.as_object().into_iter().flatten() {
        match properties.get(key) {
            Some(known) => unknown_fields(inner, known, &format!("{path}.{key}"), unknown),
            None => unknown.push(format!("{path}.{key}")),
        }
    }
}

/// What `apply --events jsonl` prints, of runs that end in every way there is.
#[test]
fn what_apply_prints_is_as_its_schema_says() {
    let schema = validator(Of::Events);
    let (plan, fleet) = plan();
    let mut seen = BTreeSet::new();
    for fault in [
        "",
        "machine@app-1=never-healthy",
        "machine@app-2=never-starts",
        "create#1=no-capacity",
        "create#2=lost-after",
        "list=unauthorized",
        "list#1=lost-before",
        "record=refused",
        "stop=refused",
        "destroy=refused",
        "*#5=lost-before",
        "machine@app-1=dies:3000",
    ] {
        let faults = Some(fault).filter(|fault| !fault.is_empty()).map(|fault| fault.parse::<Fault>().unwrap());
        for abort in [false, true] {
            let options = Options { faults: faults.iter().cloned().collect(), ..Options::default() };
            let mut run = Run::new(&plan, &fleet, options);
            if abort {
                (0..20).for_each(|_| drop(run.next()));
                run.abort();
            }
            for (t_ms, event) in run.finish() {
                let line: Value = serde_json::from_str(&render::json::event(t_ms, &event)).unwrap();
                is_valid(&schema, &line, &format!("{fault}: {line}"));
                seen.extend(["event", "phase", "outcome"].map(|key| format!("{key} {}", line[key])));
                if line["event"] == "step" {
                    seen.insert(format!("step {}", line["state"]));
                }
                let mut without = line.clone();
                without.as_object_mut().unwrap().remove("t_ms");
                assert!(!schema.is_valid(&without));
            }
        }
    }
    let mut held = plan.clone();
    held.steps.iter_mut().rfind(|step| step.op == Op::Gate).unwrap().op = Op::Hold;
    for (name, plan, fleet) in
        [("another fleet", &plan, &fleet::parse("[]").unwrap()), ("a hold in the place of a gate", &held, &fleet)]
    {
        for (t_ms, event) in Run::new(plan, fleet, Options::default()).finish() {
            let line: Value = serde_json::from_str(&render::json::event(t_ms, &event)).unwrap();
            is_valid(&schema, &line, &format!("{name}: {line}"));
            seen.extend(["event", "outcome"].map(|key| format!("{key} {}", line[key])));
        }
    }
    let seen: Vec<String> = seen.into_iter().filter(|one| !one.ends_with("null")).collect();
    insta::assert_snapshot!(seen.join("\n"), @r#"
    event "call"
    event "change"
    event "done"
    event "phase"
    event "reply"
    event "state"
    event "step"
    event "wait"
    event "warning"
    outcome "completed"
    outcome "held"
    outcome "needs-attention"
    outcome "refused"
    outcome "restored"
    outcome "stale"
    phase "back"
    phase "check"
    phase "finish"
    phase "forward"
    step "done"
    step "failed"
    step "running"
    step "taken-back"
    "#);
}

#[track_caller]
fn is_valid(schema: &Validator, value: &Value, name: &str) {
    let errors: Vec<String> = schema.iter_errors(value).take(3).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{name}: {errors:?}");
}

/// That of the example app, and the machines it is for.
fn plan() -> (Plan, Fleet) {
    let fleet = fleet::parse(&example("machines.json")).unwrap();
    let plan = propose(&example("fly.toml"), &fleet, &Policy::default())
        .unwrap_or_else(|_| panic!("the example can be planned"));
    (plan, fleet)
}

/// Its app has a volume, which a blue-green deploy cannot do with.
fn refused() -> String {
    let text = example("fly.toml") + "\n[[mounts]]\nsource = \"data\"\ndestination = \"/data\"\n";
    let fleet = fleet::parse(&example("machines.json")).unwrap();
    match propose(&text, &fleet, &Policy::default()) {
        Err(Unplanned::Refused(refused)) => render::json::refusals(&refused),
        _ => panic!("a blue-green deploy with a volume"),
    }
}

fn propose(text: &str, fleet: &Fleet, policy: &Policy) -> Result<Plan, Unplanned> {
    let (image, contents) = (Some("registry.fly.io/shop:v2"), Contents::default());
    let proposal = Proposal { path: "fly.toml", text, app: None, image, contents: &contents };
    propose::propose(&proposal, fleet, policy)
}

fn example(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop").join(name)).unwrap()
}

/// The examples of the rules, and the recorded files where they are there.
fn texts() -> Vec<(String, String)> {
    let rules = cutover::rules::RULES.iter();
    let mut texts: Vec<(String, String)> = rules
        .flat_map(|rule| {
            [("bad", rule.bad), ("good", rule.good)]
                .map(|(name, text)| (format!("{}-{name}", rule.id), text.to_owned()))
        })
        .collect();
    let suppressed = "app = 5 # cutover: ignore[wrong-type] \u{1}]]>%\r\nkil_signal = 1 # cutover: ignore\n";
    texts.push(("suppressed".to_owned(), suppressed.to_owned()));
    let hostile = "'a]]>\\u0001<&\"%::\u{85}' = 1\n\"\\r\\n::error::\\u001b[2J\\uFFFF\" = 2\n[\"]]>\"]\n";
    texts.push(("a,b: %0A\n<]]>\u{1}".to_owned(), hostile.to_owned()));
    texts.extend(rows().into_iter().map(|(name, text, _)| (name, text)));
    texts
}

/// The recorded files with what flyctl said of each; none where the recordings are not there.
fn rows() -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for name in ["corpus", "mutated"] {
        let Ok(rows) = std::fs::read_to_string(shared(&format!("oracle/{name}.jsonl"))) else {
            println!("{name}.jsonl is not here: nothing compared");
            continue;
        };
        for (line, row) in rows.lines().enumerate() {
            let row: Value = serde_json::from_str(row).unwrap();
            let text = match row["toml"].as_str() {
                Some(text) => text.to_owned(),
                None => std::fs::read_to_string(shared(&format!("corpus/{}", row["file"].as_str().unwrap()))).unwrap(),
            };
            all.push((format!("{name}:{}", line + 1), text, row));
        }
    }
    all
}

/// As a validator for TOML sees the document: dates as text.
fn json(document: &Document) -> Value {
    value(&document.root)
}

fn value(node: &Node) -> Value {
    match &node.value {
        syntax::Value::Null => Value::Null,
        syntax::Value::Bool(on) => (*on).into(),
        syntax::Value::Integer(number) => (*number).into(),
        syntax::Value::Float(number) => (*number).into(),
        syntax::Value::Text(text) | syntax::Value::Date(text) => text.as_str().into(),
        syntax::Value::Array(items) => items.iter().map(value).collect(),
        syntax::Value::Table(table) => {
            Value::Object(table.entries.iter().map(|entry| (entry.key.value.clone(), value(&entry.value))).collect())
        }
    }
}

fn has_infinity(node: &Node) -> bool {
    match &node.value {
        syntax::Value::Float(number) => !number.is_finite(),
        syntax::Value::Array(items) => items.iter().any(has_infinity),
        syntax::Value::Table(table) => table.entries.iter().any(|entry| has_infinity(&entry.value)),
        _ => false,
    }
}

fn shared(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path)
}
