//! The decoded tree as the JSON that flyctl stores with a release.

use serde_json::{Map, Value as Json};

use crate::schema::{Key, Kind, ROOT, Section, Zero};
use crate::syntax::{Node, Table, Value};

/// What flyctl's own structs would print of `root`: unset fields left out, and those fields whose
/// zero it cannot tell from unset.
pub(super) fn definition(root: &Table) -> Map<String, Json> {
    section(root, &ROOT)
}

/// A value as plain JSON, for settings that flyctl passes on as they are.
pub(super) fn json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(on) => (*on).into(),
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => whole_or_float(*number),
        Value::Text(text) => text.clone().into(),
        Value::Date(date) => super::print::json_date(date).into(),
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Table(table) => {
            table.entries.iter().map(|entry| (entry.key.value.clone(), json(&entry.value))).collect()
        }
    }
}

/// Go writes a whole float without a point, in the shortest digits that mean the same.
fn whole_or_float(number: f64) -> Json {
    let digits = number.to_string();
    let signed = digits.parse().map(|number: i64| number.into());
    signed.or_else(|_| digits.parse().map(|number: u64| number.into())).unwrap_or(number.into())
}

fn section(table: &Table, section: &Section) -> Map<String, Json> {
    let mut out = Map::new();
    for entry in &table.entries {
        if let Some(key) = section.key(&entry.key.value)
            && let Some(value) = field(&entry.value, key)
        {
            out.insert(key.name.to_owned(), value);
        }
    }
    for key in section.keys.iter().filter(|key| key.zero == Zero::Written) {
        out.entry(key.name).or_insert_with(|| zero(key.kind));
    }
    out
}

fn field(node: &Node, key: &Key) -> Option<Json> {
    let value = match (&node.value, key.kind) {
        (Value::Table(table), Kind::Table(inner)) => return Some(section(table, inner).into()),
        (Value::Array(items), Kind::Tables(inner)) => {
            items.iter().filter_map(Node::as_table).map(|table| section(table, inner)).collect()
        }
        (Value::Table(table), Kind::NamedTables(inner)) => {
            let named = table.entries.iter().filter_map(|entry| Some((&entry.key.value, entry.value.as_table()?)));
            Json::Object(named.map(|(name, table)| (name.clone(), section(table, inner).into())).collect())
        }
        _ => json(node),
    };
    (!is_left_out(&value, key.zero)).then_some(value)
}

fn is_left_out(value: &Json, zero: Zero) -> bool {
    match value {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(map) => map.is_empty(),
        Json::Bool(on) => zero == Zero::Unset && !on,
        Json::String(text) => zero == Zero::Unset && text.is_empty(),
        Json::Number(number) => zero == Zero::Unset && number.as_f64() == Some(0.0),
    }
}

fn zero(kind: Kind) -> Json {
    match kind {
        Kind::Table(inner) => section(&Table::default(), inner).into(),
        Kind::Integer => 0.into(),
        _ => "".into(),
    }
}
