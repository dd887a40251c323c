//! Reads a pasted list of machines. Whatever is pasted instead is recognised and named, so that
//! the message can say what to paste.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;
use serde_json::error::Category;

use super::{Fleet, Machine};
use crate::span::LineIndex;

/// The text is no list of machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// What was found, where, and what to paste instead.
    pub message: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Unreadable {}

/// The machines in `text`: what `fly machine list --json` or `GET /v1/apps/APP/machines` gives.
///
/// # Errors
/// When it is something else, is cut off, names a machine twice, or a machine lacks its id or
/// state or has a field of another type.
pub fn parse(text: &str) -> Result<Fleet, Unreadable> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value = serde_json::from_str(text).map_err(|error| not_json(text, &error))?;
    let items = match value {
        Value::Array(items) => items,
        // Go prints an empty list so.
        Value::Null => Vec::new(),
        other => return Err(not_a_list(&other)),
    };
    let mut machines = Vec::with_capacity(items.len());
    let mut seen = BTreeSet::new();
    for (index, item) in items.into_iter().enumerate() {
        let machine = machine(text, index, item)?;
        if !seen.insert(machine.id.clone()) {
            let place = place_of(text, &machine.id, 1);
            return Err(unreadable(format!("machine {} is listed twice{place}: paste one list only", machine.id)));
        }
        machines.push(machine);
    }
    machines.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(Fleet { machines })
}

fn machine(text: &str, index: usize, item: Value) -> Result<Machine, Unreadable> {
    let id = item.get("id").and_then(Value::as_str).unwrap_or("").to_owned();
    let wrong = |what: String| {
        let name = match id.as_str() {
            "" => format!("entry {} of the list", index + 1),
            id => format!("machine {id}{}", place_of(text, id, 0)),
        };
        unreadable(format!("{name}: {what}; {WHAT_TO_PASTE}"))
    };
    if !item.is_object() {
        return Err(wrong(format!("it is {}, not a machine", kind(&item))));
    }
    if id.is_empty() {
        return Err(wrong("it has no `id`".into()));
    }
    if let Some(config) = item.get("config").filter(|config| !config.is_object() && !config.is_null()) {
        return Err(wrong(format!("its `config` is {}, not an object", kind(config))));
    }
    serde_json::from_value(item).map_err(|error| wrong(error.to_string()))
}

fn not_json(text: &str, error: &serde_json::Error) -> Unreadable {
    let start = text.trim_start();
    let found = match error.classify() {
        _ if start.is_empty() => "there is nothing in it".to_owned(),
        _ if start.starts_with('<') => "this is an HTML page, perhaps of a login or an error".to_owned(),
        _ if start.contains("machines have been retrieved") || start.contains("View them in the UI") => {
            "this is the table that `fly machine list` prints for people".to_owned()
        }
        Category::Eof => {
            format!("the text ends in the middle of the list, at line {}, column {}", error.line(), error.column())
        }
        _ => format!("this is not JSON: {error}"),
    };
    unreadable(format!("{found}; {WHAT_TO_PASTE}"))
}

fn not_a_list(value: &Value) -> Unreadable {
    let list = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(Value::is_object));
    let wrapped = value.as_object().and_then(|object| object.iter().find(|(_, inner)| list(inner)));
    unreadable(match (value.get("error").and_then(Value::as_str), wrapped) {
        (Some(error), _) => format!("this is an error answer (`{error}`), not a list of machines; {WHAT_TO_PASTE}"),
        _ if value.get("id").is_some() && value.get("state").is_some() => {
            format!("this is one machine, not the list of all; {WHAT_TO_PASTE}")
        }
        (None, Some((key, _))) => format!("this is an object, not a list: paste only the list under its key `{key}`"),
        (None, None) => format!("this is {}, not a list of machines; {WHAT_TO_PASTE}", kind(value)),
    })
}

/// Where the machine's `"id"` stands for the time after the first `skip`.
fn place_of(text: &str, id: &str, skip: usize) -> String {
    let quoted = format!("\"{id}\"");
    let is_id = |at: &usize| {
        let before = text[..*at].trim_end();
        before.strip_suffix(':').is_some_and(|before| before.trim_end().ends_with("\"id\""))
    };
    let Some(offset) = text.match_indices(&quoted).map(|(at, _)| at).filter(is_id).nth(skip) else {
        return String::new();
    };
    let place = LineIndex::new(text).position(text, offset);
    format!(" (line {}, column {})", place.line, place.column)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn unreadable(message: String) -> Unreadable {
    Unreadable { message }
}

const WHAT_TO_PASTE: &str = "paste what `fly machine list --json` prints, from `[` to `]`";
#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::HostStatus;

    #[track_caller]
    fn check(text: &str, message: &str) {
        let found = parse(text).map_err(|unreadable| unreadable.message);
        assert_eq!(found.map_err(|message| message.replace(WHAT_TO_PASTE, "PASTE")), Err(message.to_owned()));
    }

    #[test]
    fn what_is_missing_or_null_is_tolerated_and_the_unknown_kept() {
        let text = r#"[
            {"id": "b", "state": "napping", "config": null, "checks": null, "image_ref": null, "region": null, "name": null,
             "host_status": null, "cordoned": null, "lease": null, "instance_id": null, "nonce": null, "new_field": {"a": [1]}},
            {"id": "a", "state": "started", "host_status": "confused", "image_ref": {"tag": null, "labels": null},
             "checks": [{"name": null, "status": "passing"}]}
        ]"#;
        let fleet = parse(text).unwrap();
        let [a, b] = fleet.machines.as_slice() else { panic!("{fleet:?}") };
        assert_eq!((a.id.as_str(), b.id.as_str()), ("a", "b"), "sorted by id");
        assert_eq!((a.host_status, b.host_status), (HostStatus::Unknown, HostStatus::Ok));
        assert_eq!((b.state.as_str(), &b.config), ("napping", &None));
        let again = serde_json::to_value(b).unwrap();
        assert_eq!((&again["new_field"]["a"][0], &again["nonce"]), (&1.into(), &Value::Null));
        assert_eq!(parse(&serde_json::to_string(&fleet.machines).unwrap()).unwrap(), fleet);
    }

    #[test]
    fn an_empty_list_may_be_printed_as_null() {
        assert_eq!(parse("null"), Ok(Fleet::default()));
        assert_eq!(parse("\u{feff}[]\n"), Ok(Fleet::default()));
    }

    #[test]
    fn what_was_pasted_instead_is_named() {
        check(" \n", "there is nothing in it; PASTE");
        check("<!DOCTYPE html><title>Sign in</title>", "this is an HTML page, perhaps of a login or an error; PASTE");
        check(
            "2 machines have been retrieved from app shop.\n",
            "this is the table that `fly machine list` prints for people; PASTE",
        );
        check(
            "[{\"id\": \"a\",\n \"state\": \"star",
            "the text ends in the middle of the list, at line 2, column 15; PASTE",
        );
        check("[\n  {id: 1}]", "this is not JSON: key must be a string at line 2 column 4; PASTE");
        check(
            "{\"machines\": [{\"id\": \"a\"}]}",
            "this is an object, not a list: paste only the list under its key `machines`",
        );
        check(
            "{\"id\": \"a\", \"state\": \"started\", \"checks\": []}",
            "this is one machine, not the list of all; PASTE",
        );
        check(
            "{\"error\": \"unauthorized\"}",
            "this is an error answer (`unauthorized`), not a list of machines; PASTE",
        );
        check("\"a\"", "this is a text, not a list of machines; PASTE");
    }

    #[test]
    fn a_machine_that_is_none_is_named_with_its_place() {
        check("[7]", "entry 1 of the list: it is a number, not a machine; PASTE");
        check("[{\"state\": \"started\"}]", "entry 1 of the list: it has no `id`; PASTE");
        check("[{\"id\": \"a\"}]", "machine a (line 1, column 9): missing field `state`; PASTE");
        check(
            "[\n {\"id\": \"a\", \"state\": \"started\", \"config\": []}]",
            "machine a (line 2, column 9): its `config` is a list, not an object; PASTE",
        );
        check(
            "[{\"id\": \"a\", \"state\": \"started\"},\n {\"id\": \"a\", \"state\": \"started\"}]",
            "machine a is listed twice (line 2, column 9): paste one list only",
        );
    }

    #[test]
    fn serving_is_what_the_proxy_would_use() {
        let serving = |fields: &str| {
            let text = format!("[{{\"id\": \"a\", {fields}}}]");
            parse(&text).unwrap().machines[0].is_serving()
        };
        let stopped = r#""state": "stopped", "config": {"services": [{"autostop": "suspend", "autostart": true}]}"#;
        assert!(serving(r#""state": "started""#));
        assert!(serving(r#""state": "started", "checks": [{"name": "bg_deployments_compat", "status": "critical"}]"#));
        assert!(serving(stopped), "the proxy starts it");
        assert!(!serving(r#""state": "started", "checks": [{"name": "a", "status": "warning"}]"#));
        assert!(!serving(r#""state": "started", "cordoned": true"#));
        assert!(!serving(r#""state": "started", "host_status": "unreachable""#));
        assert!(!serving(r#""state": "stopped", "config": {"services": [{"autostart": true}]}"#));
        let crashed = r#""events": [{"type": "exit", "request": {"exit_event": {"requested_stop": false}}}]"#;
        assert!(!serving(&format!("{stopped}, {crashed}")), "it stopped by itself");
    }
}
