//! What differs between the blues and their greens, group by group, without secrets.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::words::{count, cut, short_digests};
use crate::plan::{Change, Disposition, Plan};
use crate::render::mask;

/// The differences of one group.
#[derive(Debug, Serialize)]
pub(in crate::render) struct Changed<'a> {
    pub(in crate::render) group: &'a str,
    pub(in crate::render) lines: Vec<Line>,
    /// How many more there are than are told.
    pub(in crate::render) more: usize,
}

#[derive(Debug, Serialize)]
pub(in crate::render) struct Line {
    pub(in crate::render) kind: Kind,
    pub(in crate::render) path: String,
    /// `old → new`, or the one that there is.
    pub(in crate::render) value: String,
    /// Of how many machines, when not of all that are replaced.
    pub(in crate::render) note: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::render) enum Kind {
    Added,
    Changed,
    Removed,
}

pub(in crate::render) fn changes(plan: &Plan) -> Vec<Changed<'_>> {
    let mut groups: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for change in &plan.changes {
        groups.entry(&change.group).or_default().push(change);
    }
    let changed = |(group, changes): (&'_ str, Vec<&Change>)| {
        let replaced = plan.machines.iter().filter(|machine| machine.disposition == Disposition::Replace);
        let all = replaced.filter(|machine| machine.group == group).count();
        let lines = changes.iter().take(MOST_LINES).map(|change| line(change, all)).collect();
        (lines, changes.len().saturating_sub(MOST_LINES))
    };
    let told = groups.into_iter().map(|(group, found)| {
        let (lines, more) = changed((group, found));
        Changed { group, lines, more }
    });
    told.collect()
}

fn line(change: &Change, all: usize) -> Line {
    let shown = |value: &Option<Value>| value.as_ref().map(|value| shown(&mask::at(&change.path, value.clone())));
    let (kind, value) = match (shown(&change.from), shown(&change.to)) {
        (Some(from), Some(to)) => (Kind::Changed, format!("{from} → {to}")),
        (None, Some(to)) => (Kind::Added, to),
        (Some(from), None) => (Kind::Removed, from),
        (None, None) => (Kind::Changed, String::new()),
    };
    let here = change.machines.len();
    let note = if here < all { format!("on {here} of {}", count(all, "machine")) } else { String::new() };
    Line { kind, path: change.path.clone(), value, note }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) if !text.contains(char::is_control) => short_digests(text),
        other => other.to_string(),
    };
    cut(&text, LONGEST_VALUE)
}

impl Kind {
    pub(in crate::render) fn mark(self) -> &'static str {
        match self {
            Self::Added => "+",
            Self::Changed => "~",
            Self::Removed => "-",
        }
    }
}

/// Of one group; the JSON has all of them.
const MOST_LINES: usize = 15;

const LONGEST_VALUE: usize = 80;
