//! JSON Schemas (draft 2020-12): of fly.toml, from the table of its keys; of what `check`, `plan`
//! and `apply` print for programs.
//!
//! Tables of fly.toml are open: flyctl passes over keys that it does not know, and a schema that
//! refused them would refuse files that deploy. `unknown-key` finds them, with what was meant.

use serde_json::{Map, Value, json};

use super::json::pretty;
use crate::schema::{Key, Kind, Older, ROOT, Section};

/// What there is a schema of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    FlyToml,
    Check,
    Plan,
    Events,
}

/// `cutover schema`.
pub fn json_schema(of: Of) -> String {
    let (title, mut schema) = match of {
        Of::FlyToml => ("fly.toml", fly_toml()),
        Of::Check => ("cutover check --format json", check()),
        Of::Plan => ("cutover plan --format json", plan()),
        Of::Events => ("a line of cutover apply --events jsonl", event()),
    };
    schema["$schema"] = DRAFT.into();
    schema["title"] = title.into();
    pretty(&schema)
}

fn fly_toml() -> Value {
    section(&ROOT, true)
}

/// `translated`: flyctl translates older forms in this table.
fn section(section: &Section, translated: bool) -> Value {
    let mut properties = Map::new();
    for key in section.keys {
        let schema = property(key, translated);
        for alias in key.aliases.iter().filter(|_| translated) {
            let mut schema = schema.clone();
            schema["deprecated"] = true.into();
            properties.insert((*alias).to_owned(), schema);
        }
        properties.insert(key.name.to_owned(), schema);
    }
    json!({"type": "object", "properties": properties})
}

fn property(key: &Key, translated: bool) -> Value {
    let translated = translated && key.older != Older::NoneBelow;
    let modern = kind(key, translated);
    let mut schema = match older(key, translated) {
        Some(older) => json!({"anyOf": [modern, older]}),
        None => modern,
    };
    schema["description"] = key.doc.into();
    // Defaults are told in words, which `default` must not hold.
    if let Some(default) = key.default {
        schema["description"] = format!("{} Unset: {default}.", key.doc).into();
    }
    if let Some(instead) = key.deprecated {
        schema["deprecated"] = true.into();
        schema["description"] = format!("{} {instead}", key.doc).into();
    }
    schema
}

fn kind(key: &Key, translated: bool) -> Value {
    let mut schema = match key.kind {
        Kind::Text => json!({"type": "string"}),
        Kind::Integer => json!({"type": "integer"}),
        Kind::Unsigned => json!({"type": "integer", "minimum": 0, "maximum": u32::MAX}),
        Kind::Float => json!({"type": "number"}),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Duration => json!({"anyOf": [{"type": "string", "pattern": DURATION}, {"type": "number"}]}),
        Kind::Autostop => {
            json!({"anyOf": [{"type": "string", "enum": ["off", "stop", "suspend"]}, {"type": "boolean"}]})
        }
        Kind::PersistRootfs => json!({"type": ["string", "integer"]}),
        Kind::TextList => json!({"type": "array", "items": {"type": "string"}}),
        Kind::TextMap => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        Kind::AnyMap => json!({"type": "object"}),
        Kind::Table(of) => section(of, translated),
        Kind::Tables(of) => json!({"type": "array", "items": section(of, translated)}),
        Kind::NamedTables(of) => json!({"type": "object", "additionalProperties": section(of, translated)}),
    };
    // Offered by editors, not asked for: flyctl takes other texts, and what is wrong with them is
    // for rules to say.
    if !key.values.is_empty() && matches!(key.kind, Kind::Text) {
        schema["examples"] = json!(key.values);
    }
    schema
}

/// What flyctl still takes beside the key's own kind.
fn older(key: &Key, translated: bool) -> Option<Value> {
    let table = || key.kind.section().map(|of| section(of, translated));
    if !translated {
        return None;
    }
    match key.older {
        Older::None | Older::NoneBelow => None,
        Older::SingleTable | Older::SingleService => table(),
        Older::NumericText => {
            Some(json!({"anyOf": [{"type": "number"}, {"type": "string", "pattern": "^[+-]?[0-9]+$"}]}))
        }
        Older::AnyAsText => Some(json!(true)),
        Older::Millis | Older::Seconds => Some(json!({"not": {"type": "string", "minLength": 1}})),
        Older::OneText => Some(json!({"type": "string"})),
        Older::LimitPair => Some(json!({"type": "string", "pattern": "^[+-]?[0-9]+,[+-]?[0-9]+$"})),
        Older::HeaderList => Some(json!({"anyOf": [{"type": "object"}, list(named(json!({"type": "object"})))]})),
        Older::CommandList => Some(json!({"type": "array"})),
        Older::NamedList => table().map(|table| list(named(table))),
        Older::AnyValues => Some(json!({"type": ["array", "object"], "items": {"type": ["array", "object"]}})),
    }
}

fn named(mut table: Value) -> Value {
    table["required"] = json!(["name"]);
    table
}

fn check() -> Value {
    let severity = json!({"enum": ["error", "warning", "hint"]});
    let diagnostic = object(
        &[
            ("rule", text()),
            ("severity", severity),
            ("flyctl", json!({"enum": ["rejects", "fails-deploy", "warns", "silent"]})),
            ("message", text()),
            ("url", text()),
            ("start", json!({"$ref": "#/$defs/position"})),
            ("end", json!({"$ref": "#/$defs/position"})),
            ("labels", list(object(&[("message", text()), ("start", position()), ("end", position())], &[]))),
        ],
        &[("help", text()), ("fix", fix()), ("reason", text())],
    );
    let file = object(
        &[
            ("path", text()),
            ("flyctl", json!({"enum": ["accepts", "rejects"]})),
            ("diagnostics", list(json!({"$ref": "#/$defs/diagnostic"}))),
        ],
        &[("suppressed", list(json!({"$ref": "#/$defs/diagnostic"}))), ("omitted", json!({"type": "integer"}))],
    );
    let mut schema = object(&[("version", json!({"const": 1})), ("files", list(file))], &[]);
    schema["$defs"] = json!({"diagnostic": diagnostic, "position": position()});
    schema
}

fn position() -> Value {
    object(&[("offset", number(0)), ("line", number(1)), ("column", number(1))], &[])
}

fn fix() -> Value {
    let edit = object(&[("start", number(0)), ("end", number(0)), ("text", text())], &[]);
    object(&[("safety", json!({"enum": ["safe", "unsafe"]})), ("title", text()), ("edits", list(edit))], &[])
}

fn plan() -> Value {
    let warning = object(&[("code", text()), ("message", text())], &[]);
    let plan = object(
        &[
            ("version", json!({"const": 1})),
            ("app", text()),
            ("image", text()),
            ("policy", policy()),
            ("source", object(&[("path", text()), ("sha256", text())], &[])),
            ("definition", any_table()),
            ("digest", digest()),
            ("fleet", digest()),
            ("machines", list(planned_machine())),
            ("steps", list(step())),
            ("operations", json!({"type": "object", "additionalProperties": operation()})),
            ("floors", list(object(&[("group", text()), ("region", text()), ("serving", number(0))], &[]))),
            ("changes", list(change())),
            ("estimate", estimate()),
            ("capacity", list(capacity())),
            ("warnings", list(warning)),
        ],
        &[("point_of_no_return", nullable())],
    );
    let refusal =
        object(&[("code", text()), ("message", text()), ("machines", list(text())), ("fix", list(text()))], &[]);
    let refused = object(&[("version", json!({"const": 1})), ("refused", list(refusal))], &[]);
    json!({"anyOf": [plan, refused]})
}

fn policy() -> Value {
    let (switch, floor) = (json!({"type": "boolean"}), json!({"type": "integer", "minimum": 0}));
    let floor = json!({"anyOf": [object(&[("machines", floor.clone())], &[]), object(&[("percent", floor)], &[])]});
    object(
        &[
            ("settle_ms", number(0)),
            ("wait_timeout_ms", number(0)),
            ("stability_ms", number(0)),
            ("hold", switch.clone()),
            ("drain", json!({"enum": ["fixed", "until-idle"]})),
            ("drain_timeout_ms", number(0)),
            ("bake_ms", number(0)),
            ("keep_blue", switch.clone()),
            ("concurrency", number(1)),
            ("group_order", list(text())),
            ("verify_stopped", switch.clone()),
            ("groups", list(text())),
            ("exclude_machines", list(text())),
            ("first_deploy", switch.clone()),
            ("allow_unchecked", switch.clone()),
            ("high_availability", switch.clone()),
            ("cleanup", switch),
        ],
        &[
            ("idle_command", text()),
            ("floor", floor),
            ("secrets_version", number(1)),
            ("surge", number(1)),
            ("verify_url", text()),
        ],
    )
}

fn planned_machine() -> Value {
    let observed = object(
        &[
            ("state", text()),
            ("instance_id", text()),
            ("image", text()),
            ("config_sha256", text()),
            ("cordoned", json!({"type": "boolean"})),
            ("host_status", text()),
        ],
        &[],
    );
    object(
        &[
            ("id", text()),
            ("group", text()),
            ("region", text()),
            ("disposition", text()),
            ("why", text()),
            ("observed", observed),
        ],
        &[],
    )
}

fn step() -> Value {
    let switch = json!({"type": "boolean"});
    let request = object(
        &[("config", any_table()), ("skip_launch", switch.clone()), ("skip_service_registration", switch)],
        &[("region", text()), ("min_secrets_version", number(1))],
    );
    object(
        &[("id", text()), ("op", text()), ("needs", list(text())), ("undo", nullable()), ("why", text())],
        &[
            ("machine", nullable()),
            ("slot", nullable()),
            ("replaces", nullable()),
            ("checks", nullable()),
            ("standby_for", list(text())),
            ("group", nullable()),
            ("region", nullable()),
            ("timeout_ms", number(0)),
            ("request", request),
        ],
    )
}

fn operation() -> Value {
    object(&[("precondition", text()), ("postcondition", text()), ("calls", list(text()))], &[])
}

fn change() -> Value {
    object(
        &[("group", text()), ("machines", list(text())), ("path", text())],
        &[("from", json!(true)), ("to", json!(true))],
    )
}

fn estimate() -> Value {
    object(
        &[("expected_ms", number(0)), ("worst_ms", number(0)), ("peak_machines", number(0)), ("calls", number(0))],
        &[],
    )
}

fn capacity() -> Value {
    object(&[("after", nullable()), ("group", text()), ("region", text()), ("serving", number(0))], &[])
}

fn digest() -> Value {
    json!({"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"})
}

fn nullable() -> Value {
    json!({"type": ["string", "null"]})
}

fn any_table() -> Value {
    json!({"type": "object"})
}

fn event() -> Value {
    let id = || ("id", number(0));
    let step = || ("step", text());
    let left = object(&[("machine", text()), ("why", text()), ("command", text())], &[]);
    let outcomes = json!({"enum": ["completed", "held", "restored", "needs-attention", "stale", "refused"]});
    let kinds = [
        one_event("phase", &[("phase", json!({"enum": ["check", "forward", "back", "finish"]}))], &[]),
        one_event(
            "step",
            &[step(), ("state", json!({"enum": ["running", "done", "failed", "taken-back"]}))],
            &[("message", text()), ("by_earlier_run", json!({"type": "boolean"}))],
        ),
        one_event("call", &[id(), step(), ("call", text())], &[]),
        one_event("reply", &[id(), step(), ("reply", text())], &[]),
        one_event("warning", &[("message", text())], &[]),
        one_event(
            "change",
            &[("machine", text()), ("what", text()), ("matters", json!({"type": "boolean"})), ("why", text())],
            &[],
        ),
        one_event("wait", &[step(), ("until_ms", number(0))], &[]),
        one_event(
            "state",
            &[
                ("id", text()),
                ("slot", json!({"type": ["string", "null"]})),
                ("state", text()),
                ("checks_passing", number(0)),
                ("checks_total", number(0)),
            ],
            &[],
        ),
        one_event("done", &[("outcome", outcomes), ("left", list(left)), ("message", text())], &[]),
    ];
    json!({"oneOf": kinds})
}

fn one_event(name: &str, required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let common = [("t_ms", number(0)), ("event", json!({"const": name}))];
    object(&[&common, required].concat(), optional)
}

/// Open, since later versions may add fields.
fn object(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        required.iter().chain(optional).map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let names: Vec<&str> = required.iter().map(|(name, _)| *name).collect();
    json!({"type": "object", "required": names, "properties": properties})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn number(least: u32) -> Value {
    json!({"type": "integer", "minimum": least})
}

fn list(of: Value) -> Value {
    json!({"type": "array", "items": of})
}

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// As Go reads durations: `0`, or numbers with units.
const DURATION: &str = "^[+-]?(0|(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$";
