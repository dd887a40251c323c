//! The older forms of fly.toml that flyctl still understands, put into today's. Only keys in lower
//! case are translated, as flyctl does it; what cannot be translated is left for decoding to
//! refuse.

use std::collections::BTreeMap;

use super::print::printed;
use super::{Problem, Rewrite};
use crate::schema::{self, Key, Older};
use crate::span::{Span, Spanned};
use crate::syntax::{Entry, Format, Node, Table, Value};
use crate::units::{Duration, truncated};

/// The top level with every section in its modern place. flyctl makes the lists of `[[vm]]`,
/// `[[mounts]]` and `[[metrics]]` anew, so that one written in another case comes to nothing.
pub(super) fn modern_root(root: &Node, problems: &mut Vec<Problem>) -> Node {
    let Value::Table(table) = &root.value else { return root.clone() };
    let mut table = table.clone();
    for name in ["build", "experimental"] {
        refuse_null_section(&table, name, problems);
    }
    move_out_of_experimental(&mut table, problems);
    for key in schema::ROOT.keys.iter().filter(|key| !key.aliases.is_empty()) {
        gather(&mut table, key, problems);
    }
    rename_build_target(&mut table, problems);
    Node::new(root.span, Value::Table(table))
}

fn refuse_null_section(root: &Table, name: &str, problems: &mut Vec<Problem>) {
    if let Some(Node { span, value: Value::Null }) = root.get(name) {
        let (expected, found) = ("a table".to_owned(), "nothing".to_owned());
        problems.push(Problem::WrongType { span: *span, path: name.to_owned(), expected, found });
    }
}

fn move_out_of_experimental(root: &mut Table, problems: &mut Vec<Problem>) {
    let taken: Vec<(&str, Span)> =
        ["kill_timeout", "metrics"].into_iter().filter_map(|key| Some((key, root.entry(key)?.key.span))).collect();
    let Some(Entry { value: Node { value: Value::Table(experimental), .. }, .. }) =
        root.entries.iter_mut().find(|entry| entry.key.value == "experimental")
    else {
        return;
    };
    let mut moved = Vec::new();
    let mut metrics = Table::default();
    for (old, section, name, modern) in MOVED_OUT_OF_EXPERIMENTAL {
        let Some(mut entry) = experimental.remove(old) else { continue };
        let (span, path) = (entry.key.span, format!("experimental.{old}"));
        problems.push(match taken.iter().find(|(taken, _)| taken == section || section.is_empty() && taken == name) {
            Some((_, by)) => Problem::Shadowed { span, path, by: *by },
            None => Problem::Legacy { span, path, modern: (*modern).to_owned(), rewrite: Rewrite::Elsewhere },
        });
        if holds_infinity(&entry.value) {
            let (path, span) = (format!("experimental.{old}"), entry.value.span);
            let (expected, found) = ("a finite number".to_owned(), printed(&entry.value));
            problems.push(Problem::WrongType { span, path, expected, found });
        }
        entry.key.value = (*name).to_owned();
        match *section {
            "metrics" => metrics.entries.push(entry),
            _ => moved.push(entry),
        }
    }
    if let Some(first) = metrics.entries.first() {
        let span = first.key.span;
        let key = Spanned::new("metrics".to_owned(), span);
        moved.push(Entry { key, value: Node::new(span, Value::Table(metrics)) });
    }
    for entry in moved {
        if root.get(&entry.key.value).is_none() {
            root.entries.push(entry);
        }
    }
}

/// flyctl leaves the older key where it is, and JSON has no such number.
fn holds_infinity(node: &Node) -> bool {
    match &node.value {
        Value::Float(number) => !number.is_finite(),
        Value::Array(items) => items.iter().any(holds_infinity),
        Value::Table(table) => table.entries.iter().any(|entry| holds_infinity(&entry.value)),
        _ => false,
    }
}

const MOVED_OUT_OF_EXPERIMENTAL: &[(&str, &str, &str, &str)] = &[
    ("kill_timeout", "", "kill_timeout", "`kill_timeout` at the top"),
    ("metrics_port", "metrics", "port", "`port` in `[[metrics]]`"),
    ("metrics_path", "metrics", "path", "`path` in `[[metrics]]`"),
];

/// One list of what stands under the key and its aliases: aliases first.
fn gather(root: &mut Table, key: &Key, problems: &mut Vec<Problem>) {
    let mut items = Vec::new();
    let mut place = None;
    for name in key.aliases.iter().chain([&key.name]) {
        let Some(entry) = root.remove(name) else { continue };
        if *name != key.name {
            let modern = format!("`[[{}]]`", key.name);
            let is_one_place =
                entry.value.as_array().is_none_or(|items| items.len() == 1) && root.get(key.name).is_none();
            let rewrite = if is_one_place { Rewrite::Key(key.name) } else { Rewrite::Elsewhere };
            problems.push(Problem::Legacy { span: entry.key.span, path: (*name).to_owned(), modern, rewrite });
        }
        place = Some((entry.key.span, entry.value.span));
        match entry.value.value {
            Value::Array(list) => items.extend(list),
            value => items.push(Node::new(entry.value.span, value)),
        }
    }
    let (key_span, span) = place.unwrap_or_default();
    let value = Node::new(span, Value::Array(items));
    root.entries.push(Entry { key: Spanned::new(key.name.to_owned(), key_span), value });
}

fn rename_build_target(root: &mut Table, problems: &mut Vec<Problem>) {
    let Some(build) = root.entries.iter_mut().find(|entry| entry.key.value == "build") else { return };
    let Value::Table(table) = &mut build.value.value else { return };
    if let Some(mut entry) = table.remove("build_target") {
        let span = entry.key.span;
        let (path, modern) = ("build.build_target".to_owned(), "`build-target`".to_owned());
        problems.push(match table.remove("build-target") {
            Some(shadowed) => {
                Problem::Shadowed { span: shadowed.key.span, path: "build.build-target".into(), by: span }
            }
            None => Problem::Legacy { span, path, modern, rewrite: Rewrite::Key("build-target") },
        });
        entry.key.value = "build-target".into();
        table.entries.push(entry);
    }
}

/// A value in today's form.
pub(super) struct Modern {
    pub(super) value: Value,
    /// How that is written; `None` when the older form is as good.
    pub(super) written: Option<Written>,
}

/// Today's form in words and as a change of the text.
pub(super) struct Written {
    pub(super) words: String,
    pub(super) rewrite: Rewrite,
}

impl Modern {
    fn silent(value: Value) -> Self {
        Self { value, written: None }
    }

    fn as_value(value: Value, toml: String) -> Self {
        Self::written(value, &format!("`{toml}`"), Rewrite::Value(toml))
    }

    fn elsewhere(value: Value, words: &str) -> Self {
        Self::written(value, words, Rewrite::Elsewhere)
    }

    /// Tables below it that stand above its header would belong to another item.
    fn header(value: Value, name: &str, header: Span, table: &Table) -> Self {
        let is_first = table.entries.iter().all(|entry| entry.key.span.start >= header.start);
        Self::written(value, &format!("`[[{name}]]`"), if is_first { Rewrite::Header } else { Rewrite::Elsewhere })
    }

    fn written(value: Value, words: &str, rewrite: Rewrite) -> Self {
        Self { value, written: Some(Written { words: words.to_owned(), rewrite }) }
    }
}

/// `None` when the value is in today's form, or none can be made of it.
pub(super) fn modern_value(node: &Node, key: &Key, format: Format) -> Option<Modern> {
    let span = node.span;
    match (key.older, &node.value) {
        (Older::SingleTable, Value::Table(table)) if !key.aliases.is_empty() => {
            Some(Modern::silent(one_item(span, table)))
        }
        (Older::SingleTable, Value::Table(table)) => Some(Modern::header(one_item(span, table), key.name, span, table)),
        (Older::SingleService, Value::Table(table)) if table.entries.is_empty() => Some(Modern::silent(Value::Null)),
        (Older::SingleService, Value::Table(table)) => {
            Some(Modern::header(without_empty_tables(std::slice::from_ref(node)), "services", span, table))
        }
        (Older::SingleService, Value::Array(items)) => Some(Modern::silent(without_empty_tables(items))),
        (Older::NumericText, value) => numeric(value),
        (Older::AnyAsText, value) if !is_text(value) => Some(Modern::silent(Value::Text(printed(node)))),
        (Older::Millis, value) => duration(value, 1_000_000, format),
        (Older::Seconds, value) => duration(value, 1_000_000_000, format),
        (Older::OneText, Value::Text(_)) => {
            Some(Modern::written(Value::Array(vec![node.clone()]), "a list", Rewrite::Item))
        }
        (Older::LimitPair, Value::Text(text)) => limit_pair(text, span),
        (Older::HeaderList | Older::AnyValues, Value::Table(table)) if !is_all_text(table) => {
            Some(Modern::silent(all_text(table)))
        }
        (Older::HeaderList, Value::Array(items)) => {
            Some(Modern::elsewhere(named_texts(items, "value", true)?, "a table of headers"))
        }
        (Older::AnyValues, Value::Array(items)) => Some(Modern::elsewhere(merged(items)?, "one table `[env]`")),
        (Older::CommandList, Value::Array(items)) if items.is_empty() => {
            Some(Modern::written(Value::Null, "nothing at all", Rewrite::Nothing))
        }
        (Older::CommandList, Value::Array(items)) => {
            Some(Modern::elsewhere(named_texts(items, "command", false)?, "`[processes]`"))
        }
        (Older::NamedList, Value::Array(items)) => Some(Modern::elsewhere(named_tables(items)?, "`[checks.NAME]`")),
        _ => None,
    }
}

/// Whether flyctl, when it translates older forms, stumbles over a null that it would decode.
pub(super) fn refuses_null(node: &Node, older: Older) -> bool {
    let is_null = |node: &Node| node.value == Value::Null;
    match older {
        Older::None | Older::NoneBelow | Older::AnyAsText | Older::Millis | Older::Seconds => false,
        Older::OneText => holds_null(node),
        Older::SingleTable | Older::SingleService => is_null(node) || holds_null(node),
        Older::NumericText
        | Older::LimitPair
        | Older::HeaderList
        | Older::AnyValues
        | Older::CommandList
        | Older::NamedList => is_null(node),
    }
}

/// Whether it is a list with a null in it.
pub(super) fn holds_null(node: &Node) -> bool {
    node.as_array().is_some_and(|items| items.iter().any(|item| item.value == Value::Null))
}

fn is_text(value: &Value) -> bool {
    matches!(value, Value::Text(_))
}

fn one_item(span: Span, table: &Table) -> Value {
    Value::Array(vec![Node::new(span, Value::Table(table.clone()))])
}

fn without_empty_tables(items: &[Node]) -> Value {
    let is_empty =
        |node: &&Node| node.as_table().is_some_and(|table| table.entries.iter().all(is_empty_list_of_checks));
    Value::Array(items.iter().filter(|item| !is_empty(item)).cloned().collect())
}

/// flyctl drops these before it looks whether the service is empty.
fn is_empty_list_of_checks(entry: &Entry) -> bool {
    matches!(entry.key.value.as_str(), "tcp_checks" | "http_checks")
        && entry.value.as_array().is_some_and(<[_]>::is_empty)
}

fn numeric(value: &Value) -> Option<Modern> {
    match value {
        Value::Text(text) => {
            let number: i64 = text.parse().ok()?;
            Some(Modern::as_value(Value::Integer(number), number.to_string()))
        }
        Value::Float(number) => Some(Modern::silent(Value::Integer(truncated(*number)))),
        _ => None,
    }
}

/// A number of units in Go's words; whatever is neither number nor text counts as unset. So does a
/// whole number of YAML: there it is an `int`, and flyctl asks only for `int64` and `float64`.
fn duration(value: &Value, unit_nanos: i64, format: Format) -> Option<Modern> {
    let number = match value {
        Value::Text(text) if !text.is_empty() => return None,
        Value::Integer(number) if format != Format::Yaml => *number,
        Value::Float(number) => truncated(*number),
        _ => return Some(Modern::silent(Value::Null)),
    };
    let text = Duration::from_nanos(number.wrapping_mul(unit_nanos)).to_string();
    let written = format!("\"{text}\"");
    Some(Modern::as_value(Value::Text(text), written))
}

fn limit_pair(text: &str, span: Span) -> Option<Modern> {
    let (soft, hard) = text.split_once(',')?;
    let (soft, hard): (i64, i64) = (soft.parse().ok()?, hard.parse().ok()?);
    let entry = |name: &str, value| Entry { key: Spanned::new(name.to_owned(), span), value: Node::new(span, value) };
    let entries = vec![
        entry("type", Value::Text("requests".into())),
        entry("hard_limit", Value::Integer(hard)),
        entry("soft_limit", Value::Integer(soft)),
    ];
    let written = format!("{{ type = \"requests\", soft_limit = {soft}, hard_limit = {hard} }}");
    Some(Modern::as_value(Value::Table(Table { entries }), written))
}

fn all_text(table: &Table) -> Value {
    let entries = table.entries.iter().map(|Entry { key, value }| Entry { key: key.clone(), value: as_text(value) });
    Value::Table(Table { entries: entries.collect() })
}

fn as_text(node: &Node) -> Node {
    Node::new(node.span, Value::Text(printed(node)))
}

fn is_all_text(table: &Table) -> bool {
    table.entries.iter().all(|entry| is_text(&entry.value.value))
}

/// `[[env]]` and lists in it: a later table wins.
fn merged(items: &[Node]) -> Option<Value> {
    let mut out = Vec::new();
    for item in items {
        let table = match &item.value {
            Value::Table(table) => all_text(table),
            Value::Array(items) => merged(items)?,
            _ => return None,
        };
        if let Value::Table(table) = table {
            out.extend(table.entries);
        }
    }
    Some(last_of_each(out))
}

/// Tables of `name` and another key as one table; strictly, each must have a name.
fn named_texts(items: &[Node], value_key: &str, strict: bool) -> Option<Value> {
    let mut out = Vec::new();
    for item in items {
        let name = item.as_table().and_then(|table| Some((table, table.get("name")?)));
        let Some((table, name)) = name else { if strict { return None } else { continue } };
        let value = table.get(value_key).map_or(Node::new(item.span, Value::Text(String::new())), as_text);
        out.push(Entry { key: Spanned::new(printed(name), name.span), value });
    }
    Some(if out.is_empty() { Value::Null } else { last_of_each(out) })
}

fn named_tables(items: &[Node]) -> Option<Value> {
    let mut out = Vec::new();
    for item in items {
        let mut table = item.as_table()?.clone();
        let name = table.remove("name")?;
        let key = Spanned::new(name.value.as_text()?.to_owned(), name.value.span);
        out.push(Entry { key, value: Node::new(item.span, Value::Table(table)) });
    }
    Some(if out.is_empty() { Value::Null } else { last_of_each(out) })
}

/// The table that comes of writing these one after the other.
fn last_of_each(entries: Vec<Entry>) -> Value {
    let by_name: BTreeMap<String, Entry> = entries.into_iter().map(|entry| (entry.key.value.clone(), entry)).collect();
    Value::Table(Table { entries: by_name.into_values().collect() })
}
