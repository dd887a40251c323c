//! The JSON Schemas against flyctl's verdicts, and against what cutover prints.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files and tells what it counted"
)]

use std::path::{Path, PathBuf};

use cutover::config::{self, Contents, Problem};
use cutover::fleet;
use cutover::lint::{self, Input, Settings};
use cutover::plan::{Drain, Floor, Policy};
use cutover::propose::{self, Proposal};
use cutover::render::{self, Checked, Of};
use cutover::syntax::{self, Document, Format, Node};
use jsonschema::Validator;
use serde_json::{Value, json};

fn validator(of: Of) -> Validator {
    let schema: Value = serde_json::from_str(&render::json_schema(of)).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

/// Shape is what can be known from types alone: `WrongType` is what flyctl refuses for it.
#[test]
fn the_schema_of_fly_toml_agrees_with_flyctl_on_shape() {
    let schema = validator(Of::FlyToml);
    let (mut accepted, mut refused, mut wrong) = (0, 0, Vec::new());
    for (name, text) in texts() {
        let document = syntax::parse(&text, Format::Toml);
        // What is not TOML, or writes keys in another case than the table, no schema can judge.
        let reading = config::read(&document);
        let is_unfit = |problem: &Problem| matches!(problem, Problem::Syntax { .. } | Problem::CaseVariant { .. });
        if reading.problems.iter().any(is_unfit) || has_infinity(&document.root) {
            continue;
        }
        let types: Vec<_> =
            reading.problems.iter().filter(|problem| matches!(problem, Problem::WrongType { .. })).collect();
        let value = json(&document);
        let errors: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
        if types.is_empty() != errors.is_empty() {
            wrong.push(format!("{name}: flyctl {types:?}, schema {errors:?}"));
        }
        if types.is_empty() { accepted += 1 } else { refused += 1 }
    }
    println!("{accepted} accepted and {refused} refused alike, {} not", wrong.len());
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
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
    for (name, text) in texts() {
        let report = lint::check(&Input::new("fly.toml", &text), &Settings::pedantic());
        let printed = render::json::check(&[Checked { path: "fly.toml", text: &text, report: &report }]);
        let value: Value = serde_json::from_str(&printed).unwrap();
        assert!(schema.is_valid(&value), "{name}: {:?}", schema.validate(&value));
    }
    assert!(!schema.is_valid(&json!({"version": 2, "files": []})));
    assert!(!schema.is_valid(&json!({"version": 1, "files": [{"path": "fly.toml"}]})));
}

#[test]
fn what_plan_prints_is_as_its_schema_says() {
    let schema = validator(Of::Plan);
    let read =
        |name| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop").join(name)).unwrap();
    let (text, fleet) = (read("fly.toml"), fleet::parse(&read("machines.json")).unwrap());
    let (image, contents) = (Some("registry.fly.io/shop:v2"), Contents::default());
    let proposal = Proposal { path: "fly.toml", text: &text, app: None, image, contents: &contents };
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
        let plan = propose::propose(&proposal, &fleet, &policy).unwrap();
        for printed in [plan.to_json(), render::json::plan(&plan), render::json::refusals(&[])] {
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

/// The examples of the rules, and the recorded files where they are there.
fn texts() -> Vec<(String, String)> {
    let rules = cutover::rules::RULES.iter();
    let mut texts: Vec<(String, String)> =
        rules.flat_map(|rule| [rule.bad, rule.good].map(|text| (rule.id.to_owned(), text.to_owned()))).collect();
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
            texts.push((format!("{name}:{}", line + 1), text));
        }
    }
    texts
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
