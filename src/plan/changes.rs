//! What differs between the machines that go and those that come, by group: the same difference
//! once for all machines that have it. Values as they are; hiding secrets is for whoever shows
//! them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::classify::{self, Placed, settings};
use super::green::Green;
use super::{Change, canonical};

/// Sorted by group and path.
pub(super) fn changes(placed: &[Placed], greens: &[Green], image: &str) -> Vec<Change> {
    // Blues of one group with one config and one image differ from their greens in one way.
    let blue_of = |green: &Green| classify::find(placed, &green.replaces?.id);
    let pairs: Vec<_> = greens.iter().filter_map(|green| Some((blue_of(green)?, green))).collect();
    let mut alike: BTreeMap<Kind, Vec<_>> = BTreeMap::new();
    for pairs in pairs.chunk_by(|one, next| Kind::of(one) == Kind::of(next)) {
        alike.entry(Kind::of(&pairs[0])).or_default().extend(pairs);
    }
    let mut found: BTreeMap<(&str, Difference), Vec<String>> = BTreeMap::new();
    for (kind, pairs) in alike {
        let (blue, green) = pairs[0];
        for difference in differences(blue, green, image) {
            found
                .entry((kind.group, difference))
                .or_default()
                .extend(pairs.iter().map(|(blue, _)| blue.machine.id.clone()));
        }
    }
    let change = |((group, difference), mut machines): ((&str, Difference), Vec<String>)| {
        machines.sort();
        let Difference { path, from, to } = difference;
        let value = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
        Change { group: group.to_owned(), machines, path, from: value(from), to: value(to) }
    };
    found.into_iter().map(change).collect()
}

/// What decides how a blue differs from its green.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kind<'p> {
    group: &'p str,
    config_sha256: &'p str,
    image: &'p str,
}

impl<'p> Kind<'p> {
    fn of((blue, green): &(&'p Placed, &'p Green)) -> Self {
        Self { group: green.group, config_sha256: &blue.observed.config_sha256, image: &blue.observed.image }
    }
}

/// Values in their canonical form: equal texts mean equal values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    path: String,
    from: Option<String>,
    to: Option<String>,
}

fn differences(blue: &Placed, green: &Green, image: &str) -> Vec<Difference> {
    let mut found = Vec::new();
    let before = blue.machine.config.as_deref().map(settings);
    let after = settings(&green.config);
    let runs_already = blue.observed.image == image;
    let images = (!runs_already).then(|| (Value::from(blue.observed.image.as_str()), Value::from(image)));
    if let Some((from, to)) = &images {
        compare(&mut found, "image".to_owned(), Some(from).filter(|from| **from != ""), Some(to));
    }
    if let Some(before) = &before {
        for (key, before, after) in pairs(before, &after) {
            descend(&mut found, key_path("", key), before, after);
        }
    }
    found
}

/// One of the parts of a config: where it is missing on one side, its fields are.
fn descend(found: &mut Vec<Difference>, path: String, before: Option<&Value>, after: Option<&Value>) {
    let empty = Value::Object(Map::new());
    let is_part = |value: Option<&Value>| value.is_none_or(Value::is_object);
    if is_part(before) && is_part(after) {
        compare(found, path, before.or(Some(&empty)), after.or(Some(&empty)));
    } else {
        compare(found, path, before, after);
    }
}

fn compare(found: &mut Vec<Difference>, path: String, before: Option<&Value>, after: Option<&Value>) {
    match (before, after) {
        _ if before == after => {}
        (Some(from @ Value::Object(_)), Some(to @ Value::Object(_))) => {
            for (key, from, to) in pairs(from, to) {
                compare(found, key_path(&path, key), from, to);
            }
        }
        (Some(Value::Array(from)), Some(Value::Array(to))) if from.iter().chain(to).all(Value::is_object) => {
            for at in 0..from.len().max(to.len()) {
                compare(found, format!("{path}[{at}]"), from.get(at), to.get(at));
            }
        }
        _ => found.push(Difference { path, from: before.map(canonical::text), to: after.map(canonical::text) }),
    }
}

/// The fields of both objects, sorted by key.
fn pairs<'v>(before: &'v Value, after: &'v Value) -> Vec<(&'v str, Option<&'v Value>, Option<&'v Value>)> {
    let mut both: BTreeMap<&str, (Option<&Value>, Option<&Value>)> = BTreeMap::new();
    for (key, value) in before.as_object().into_iter().flatten() {
        both.entry(key).or_default().0 = Some(value);
    }
    for (key, value) in after.as_object().into_iter().flatten() {
        both.entry(key).or_default().1 = Some(value);
    }
    both.into_iter().map(|(key, (before, after))| (key, before, after)).collect()
}

/// `env.LOG_LEVEL`; a key that is no plain word stands in brackets and quotes.
fn key_path(path: &str, key: &str) -> String {
    let is_word = !key.is_empty() && key.chars().all(|char| char.is_ascii_alphanumeric() || "_-".contains(char));
    match (path.is_empty(), is_word) {
        (true, true) => key.to_owned(),
        (false, true) => format!("{path}.{key}"),
        _ => format!("{path}[{}]", Value::from(key)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(before: &Value, after: &Value, expected: &[&str]) {
        let mut found = Vec::new();
        descend(&mut found, "c".to_owned(), Some(before), Some(after));
        let line = |one: &Difference| {
            let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            format!("{}: {} -> {}", one.path, side(&one.from), side(&one.to))
        };
        assert_eq!(found.iter().map(line).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_difference_is_named_where_it_is() {
        check(
            &json!({"a": 1, "b": {"x": "1"}}),
            &json!({"a": 1, "b": {"x": "2", "y.z": true}}),
            &["c.b.x: \"1\" -> \"2\"", "c.b[\"y.z\"]: - -> true"],
        );
        check(
            &json!([{"ports": [{"port": 80}]}]),
            &json!([{"ports": [{"port": 81}, {"port": 443}]}]),
            &["c[0].ports[0].port: 80 -> 81", "c[0].ports[1]: - -> {\"port\":443}"],
        );
        check(&json!(["sh", "-c"]), &json!(["sh"]), &["c: [\"sh\",\"-c\"] -> [\"sh\"]"]);
        check(&json!({"a": {"b": 1}}), &json!({}), &["c.a: {\"b\":1} -> -"]);
        check(&json!({"a": 1}), &json!({"a": 1}), &[]);
    }
}
