//! Reads a pasted JSON list. Whatever is pasted instead is recognised and named, so that the
//! message can say what to paste.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::{Map, Value};

use crate::span::LineIndex;

/// The text is no list of what was asked for.
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

/// What a list is to be of.
pub(super) struct Kind {
    /// One of them.
    pub(super) one: &'static str,
    /// Prints the list.
    pub(super) command: &'static str,
    /// A field that only these have, to tell a list of something else.
    pub(super) own_field: &'static str,
    pub(super) other: &'static str,
}

/// The objects of the list in `text`, each with an id that no other has, in the order of the list.
pub(super) fn list(text: &str, kind: &Kind) -> Result<Vec<Map<String, Value>>, Unreadable> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > MOST_BYTES {
        let (megabytes, most) = (text.len() / MEGABYTE, MOST_BYTES / MEGABYTE);
        return Err(kind.unreadable(format_args!("these are {megabytes} MB, and no list is longer than {most} MB")));
    }
    let value = serde_json::from_str(text).map_err(|error| kind.unreadable(not_json(text, kind, &error)))?;
    let items = match value {
        Value::Array(items) => items,
        // Go prints an empty list so.
        Value::Null => Vec::new(),
        other => return Err(not_a_list(&other, kind)),
    };
    let has = |item: &Value, field: &str| item.get(field).is_some();
    if items.first().is_some_and(|item| has(item, kind.other_field()) && !has(item, kind.own_field)) {
        return Err(kind.unreadable(format_args!("this is a list of {}s", kind.other)));
    }
    let mut seen = BTreeSet::new();
    items.into_iter().enumerate().map(|(index, item)| object(text, kind, index, item, &mut seen)).collect()
}

/// One object of the list as what it is to be.
pub(super) fn read<T: DeserializeOwned>(text: &str, kind: &Kind, fields: Map<String, Value>) -> Result<T, Unreadable> {
    let id = fields.get("id").and_then(Value::as_str).unwrap_or("").to_owned();
    serde_json::from_value(Value::Object(fields)).map_err(|error| wrong(text, kind, &id, &error))
}

/// What is wrong with the object that has this id.
pub(super) fn wrong(text: &str, kind: &Kind, id: &str, what: &dyn fmt::Display) -> Unreadable {
    kind.unreadable(format_args!("{} {id}{}: {what}", kind.one, place_of(text, id, 0)))
}

/// As messages name the type of a value.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl Kind {
    fn unreadable(&self, found: impl fmt::Display) -> Unreadable {
        Unreadable { message: format!("{found}; paste what `{}` prints, from `[` to `]`", self.command) }
    }

    fn other_field(&self) -> &'static str {
        if self.one == MACHINES.one { VOLUMES.own_field } else { MACHINES.own_field }
    }
}

pub(super) const MACHINES: Kind =
    Kind { one: "machine", command: "fly machine list --json", own_field: "config", other: "volume" };

pub(super) const VOLUMES: Kind =
    Kind { one: "volume", command: "fly volumes list --json", own_field: "size_gb", other: "machine" };

fn object(
    text: &str,
    kind: &Kind,
    index: usize,
    item: Value,
    seen: &mut BTreeSet<String>,
) -> Result<Map<String, Value>, Unreadable> {
    let entry = |what: String| kind.unreadable(format_args!("entry {} of the list: {what}", index + 1));
    let fields = match item {
        Value::Object(fields) => fields,
        other => return Err(entry(format!("it is {}, not a {}", type_of(&other), kind.one))),
    };
    let Some(id) = fields.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()) else {
        return Err(entry("it has no `id`".to_owned()));
    };
    if !id.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter)) {
        return Err(entry(format!("its `id` is {id:?}, which none is")));
    }
    if !seen.insert(id.to_owned()) {
        let place = place_of(text, id, 1);
        return Err(Unreadable { message: format!("{} {id} is listed twice{place}: paste one list only", kind.one) });
    }
    Ok(fields)
}

fn not_json(text: &str, kind: &Kind, error: &serde_json::Error) -> String {
    let start = text.trim_start();
    let place = format!("line {}, column {}", error.line(), error.column());
    let says = |what: &str| error.to_string().starts_with(what);
    match error.classify() {
        _ if start.is_empty() => "there is nothing in it".to_owned(),
        _ if start.starts_with('<') => "this is an HTML page, perhaps of a login or an error".to_owned(),
        _ if is_table(start) => {
            format!("this is the table that `{}` prints for people", kind.command.trim_end_matches(" --json"))
        }
        Category::Eof => format!("the text ends in the middle of the list, at {place}"),
        _ if says("control character") => {
            format!("there is a line break inside a text, at {place}: perhaps a terminal wrapped the lines")
        }
        _ if says("trailing characters") && start.starts_with('{') => {
            format!("these are {}s one after the other, not a list (`jq -s .` makes one)", kind.one)
        }
        _ if says("trailing characters") => format!("there is more behind the list, at {place}"),
        _ if !start.starts_with(['[', '{']) => format!("this is not JSON: it begins with `{}`", beginning(start)),
        _ => format!("this is not JSON: {error}"),
    }
}

/// Of the first line, what is enough to know it again.
fn beginning(text: &str) -> String {
    let line = text.lines().next().unwrap_or("").trim_end();
    let is_long = line.chars().count() > SHOWN;
    let shown: String = line.chars().take(SHOWN).collect();
    if is_long { format!("{shown}...") } else { shown }
}

/// What flyctl prints for people.
fn is_table(text: &str) -> bool {
    let is_head = |line: &str| line.starts_with("ID") && line.contains("STATE") && line.contains("REGION");
    text.contains("machines have been retrieved") || text.contains("View them in the UI") || text.lines().any(is_head)
}

fn not_a_list(value: &Value, kind: &Kind) -> Unreadable {
    let list = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(Value::is_object));
    let wrapped = value.as_object().and_then(|object| object.iter().find(|(_, inner)| list(inner)));
    let one = kind.one;
    match (value.get("error").and_then(Value::as_str), wrapped) {
        (Some(error), _) => kind.unreadable(format_args!("this is an error answer (`{error}`), not a list of {one}s")),
        _ if value.get("id").is_some() && value.get("state").is_some() => {
            kind.unreadable(format_args!("this is one {one}, not the list of all"))
        }
        (None, Some((key, _))) => {
            Unreadable { message: format!("this is an object, not a list: paste only the list under its key `{key}`") }
        }
        (None, None) => kind.unreadable(format_args!("this is {}, not a list of {one}s", type_of(value))),
    }
}

/// Where the `"id"` stands for the time after the first `skip`.
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

/// Characters of a line that is not what was asked for.
const SHOWN: usize = 24;

/// A machine with its events takes some 5 KB: ten thousand of them fit twice.
const MOST_BYTES: usize = 128 * MEGABYTE;
const MEGABYTE: usize = 1024 * 1024;
