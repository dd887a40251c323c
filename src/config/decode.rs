//! Decoding along the schema, by the rules of Go's `encoding/json`: keys in any case, unknown ones
//! passed over, hardly any conversion. Gives the same tree with the schema's own key names, and
//! with every value of the type that the schema states; what is not is left out and told.

use std::collections::BTreeMap;

use super::legacy::{Written, holds_null, modern_value, refuses_null};
use super::print::json_date;
use super::{Problem, Rewrite};
use crate::schema::{self, Key, Kind, Older, ROOT, Section};
use crate::span::Spanned;
use crate::syntax::{Entry, Format, Node, Table, Value};
use crate::units::{Duration, truncated};

/// `root` has been through [`super::legacy::modern_root`].
pub(super) fn decode(root: &Node, format: Format, problems: &mut Vec<Problem>) -> Table {
    let mut decoder = Decoder { format, problems };
    decoder.section(root, &ROOT, true, &Path::Root).unwrap_or_default()
}

struct Decoder<'a> {
    format: Format,
    problems: &'a mut Vec<Problem>,
}

/// Where a value stands, put into words only when something is wrong with it.
enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl std::fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Path::Root, key) => f.write_str(key),
            Self::Key(parent, key) => write!(f, "{parent}.{key}"),
            Self::Item(parent, at) => write!(f, "{parent}[{at}]"),
        }
    }
}

impl Decoder<'_> {
    /// `translated`: flyctl translates older forms in this table.
    fn section(&mut self, node: &Node, section: &Section, translated: bool, path: &Path) -> Option<Table> {
        let Value::Table(table) = &node.value else {
            return self.wrong(node, "a table", path);
        };
        let mut out = Table::default();
        let entries = in_the_order_of_go(table);
        // Looked for once: a file may have a hundred thousand unknown keys.
        let is_free = |key: &&Key| entries.binary_search_by(|entry| entry.key.value.as_str().cmp(key.name)).is_err();
        let free: Vec<&'static str> = section.keys.iter().filter(is_free).map(|key| key.name).collect();
        for &entry in &entries {
            let Some(key) = section.key(&entry.key.value) else {
                self.unknown(entry, section, &free, path);
                continue;
            };
            let path = Path::Key(path, key.name);
            let translated = translated && entry.key.value == key.name;
            if entry.key.value != key.name {
                let (span, key_text) = (entry.key.span, entry.key.value.clone());
                let is_alone =
                    entries.iter().filter(|other| other.key.value.eq_ignore_ascii_case(key.name)).count() == 1;
                let fits = is_alone && self.fits(&entry.value, key, &path);
                let path = path.to_string();
                self.problems.push(Problem::CaseVariant { span, path, key: key_text, known: key.name, fits });
            }
            if let Some(value) = self.field(&entry.value, key, translated, &path) {
                let entry = Entry { key: Spanned::new(key.name.to_owned(), entry.key.span), value };
                self.put(&mut out, entry, &path);
            }
        }
        Some(out)
    }

    /// Whether nothing at all is wrong with a value under this key.
    fn fits(&self, node: &Node, key: &Key, path: &Path) -> bool {
        let mut problems = Vec::new();
        let mut decoder = Decoder { format: self.format, problems: &mut problems };
        decoder.field(node, key, true, path).is_some() && problems.is_empty()
    }

    fn field(&mut self, node: &Node, key: &Key, translated: bool, path: &Path) -> Option<Node> {
        let translated = translated && key.older != Older::NoneBelow;
        let crashes = CRASH_OVER_NULL.contains(&key.name) && holds_null(node);
        if crashes || translated && refuses_null(node, key.older) {
            return self.wrong_as(node, "a value", "null", path);
        }
        let Some(modern) = translated.then(|| modern_value(node, key, self.format)).flatten() else {
            return self.value(node, key.kind, translated, path);
        };
        let is_unset = matches!(&node.value, Value::Null) || node.as_text() == Some("");
        if matches!(key.older, Older::Millis | Older::Seconds) && modern.value == Value::Null && !is_unset {
            let found = found(&node.value);
            self.problems.push(Problem::Dropped { span: node.span, path: path.to_string(), found });
        }
        if let Some(Written { words, rewrite }) = modern.written {
            self.legacy(node, words, rewrite, path);
        }
        self.value(&Node::new(node.span, modern.value), key.kind, translated, path)
    }

    fn value(&mut self, node: &Node, kind: Kind, translated: bool, path: &Path) -> Option<Node> {
        if node.value == Value::Null {
            return Some(node.clone());
        }
        let value = match kind {
            Kind::Text => self.text(node, path)?,
            Kind::Integer => Value::Integer(self.integer(node, i64::MIN, i64::MAX, path)?),
            Kind::Unsigned => Value::Integer(self.integer(node, 0, i64::from(u32::MAX), path)?),
            Kind::Float => self.float(node, path)?,
            Kind::Boolean => match &node.value {
                Value::Bool(on) => Value::Bool(*on),
                _ => return self.wrong(node, "`true` or `false`", path),
            },
            Kind::Duration => self.duration(node, path)?,
            Kind::Autostop => self.autostop(node, path)?,
            Kind::PersistRootfs => self.persist_rootfs(node, path)?,
            Kind::TextList => self.text_list(node, path)?,
            Kind::TextMap => self.text_map(node, path)?,
            Kind::AnyMap => self.any_map(node, path)?,
            Kind::Table(section) => Value::Table(self.section(node, section, translated, path)?),
            Kind::Tables(section) => self.tables(node, section, translated, path)?,
            Kind::NamedTables(section) => self.named_tables(node, section, translated, path)?,
        };
        Some(Node::new(node.span, value))
    }

    fn text(&mut self, node: &Node, path: &Path) -> Option<Value> {
        match &node.value {
            Value::Text(text) => Some(Value::Text(text.clone())),
            Value::Date(date) => Some(Value::Text(json_date(date))),
            _ => self.wrong(node, "text", path),
        }
    }

    /// In lists and tables, null is the empty text.
    fn text_or_empty(&mut self, node: &Node, path: &Path) -> Option<Value> {
        match node.value {
            Value::Null => Some(Value::Text(String::new())),
            _ => self.text(node, path),
        }
    }

    fn integer(&mut self, node: &Node, min: i64, max: i64, path: &Path) -> Option<i64> {
        let number = match node.value {
            Value::Integer(number) => Some(number),
            // Go writes the shortest digits that mean the same float, and reads them as an integer.
            Value::Float(number) => number.to_string().parse().ok(),
            _ => None,
        };
        let Some(number) = number else { return self.wrong(node, "a whole number", path) };
        if (min..=max).contains(&number) {
            return Some(number);
        }
        self.wrong(node, &format!("a whole number from {min} to {max}"), path)
    }

    fn float(&mut self, node: &Node, path: &Path) -> Option<Value> {
        match node.value {
            Value::Integer(number) => Some(Value::Float(number as f64)),
            Value::Float(number) if number.is_finite() => Some(Value::Float(number)),
            _ => self.wrong(node, "a number", path),
        }
    }

    fn duration(&mut self, node: &Node, path: &Path) -> Option<Value> {
        const EXPECTED: &str = "a duration such as `10s` or `1m30s`";
        let duration = match &node.value {
            Value::Text(text) => match Duration::parse(text) {
                Ok(duration) => duration,
                Err(why) => return self.wrong_as(node, EXPECTED, &format!("{}: {why}", found(&node.value)), path),
            },
            Value::Integer(number) => self.nanoseconds(node, truncated(*number as f64), path),
            Value::Float(number) if number.is_finite() => self.nanoseconds(node, truncated(*number), path),
            _ => return self.wrong(node, EXPECTED, path),
        };
        Some(Value::Text(duration.to_string()))
    }

    fn nanoseconds(&mut self, node: &Node, nanos: i64, path: &Path) -> Duration {
        self.problems.push(Problem::Nanoseconds { span: node.span, path: path.to_string(), nanos });
        Duration::from_nanos(nanos)
    }

    /// In flyctl's own JSON: booleans for what older clients know.
    fn autostop(&mut self, node: &Node, path: &Path) -> Option<Value> {
        match &node.value {
            Value::Bool(on) => {
                let mode = if *on { "\"stop\"" } else { "\"off\"" };
                self.legacy(node, format!("`{mode}`"), Rewrite::Value(mode.into()), path);
                Some(Value::Bool(*on))
            }
            Value::Text(mode) if mode == "off" => Some(Value::Bool(false)),
            Value::Text(mode) if mode == "stop" => Some(Value::Bool(true)),
            Value::Text(mode) if mode == "suspend" => Some(node.value.clone()),
            _ => self.wrong(node, "`\"off\"`, `\"stop\"` or `\"suspend\"`", path),
        }
    }

    fn persist_rootfs(&mut self, node: &Node, path: &Path) -> Option<Value> {
        const MODES: [&str; 4] = ["", "never", "restart", "always"];
        let mode = match &node.value {
            Value::Text(text) if text == "none" => Some(""),
            Value::Text(text) => MODES.into_iter().find(|mode| mode == text),
            Value::Integer(number) => usize::try_from(*number).ok().and_then(|at| MODES.get(at).copied()),
            Value::Float(number) => {
                MODES.into_iter().zip([0.0, 1.0, 2.0, 3.0]).find(|(_, at)| at == number).map(|(mode, _)| mode)
            }
            _ => None,
        };
        match mode {
            Some(mode) => Some(Value::Text(mode.to_owned())),
            None => self.wrong(node, "`\"never\"`, `\"restart\"` or `\"always\"`", path),
        }
    }

    fn text_list(&mut self, node: &Node, path: &Path) -> Option<Value> {
        let Value::Array(items) = &node.value else { return self.wrong(node, "a list of texts", path) };
        let mut out = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let text = self.text_or_empty(item, &Path::Item(path, at));
            out.extend(text.map(|text| Node::new(item.span, text)));
        }
        Some(Value::Array(out))
    }

    fn text_map(&mut self, node: &Node, path: &Path) -> Option<Value> {
        let Value::Table(table) = &node.value else { return self.wrong(node, "a table of texts", path) };
        let mut out = Table::default();
        for Entry { key, value } in &table.entries {
            let text = self.text_or_empty(value, &Path::Key(path, &key.value));
            out.entries.extend(text.map(|text| Entry { key: key.clone(), value: Node::new(value.span, text) }));
        }
        Some(Value::Table(out))
    }

    fn any_map(&mut self, node: &Node, path: &Path) -> Option<Value> {
        let Value::Table(_) = &node.value else { return self.wrong(node, "a table", path) };
        self.refuse_infinities(node, path);
        Some(with_floats(&node.value))
    }

    fn tables(&mut self, node: &Node, section: &Section, translated: bool, path: &Path) -> Option<Value> {
        let Value::Array(items) = &node.value else {
            return self.wrong(node, &format!("a list of tables: `[[{path}]]`"), path);
        };
        let mut out = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let empty = Node::new(item.span, Value::Table(Table::default()));
            let item = if item.value == Value::Null { &empty } else { item };
            let table = self.section(item, section, translated, &Path::Item(path, at));
            out.extend(table.map(|table| Node::new(item.span, Value::Table(table))));
        }
        Some(Value::Array(out))
    }

    fn named_tables(&mut self, node: &Node, section: &Section, translated: bool, path: &Path) -> Option<Value> {
        let Value::Table(table) = &node.value else {
            return self.wrong(node, &format!("tables with names: `[{path}.NAME]`"), path);
        };
        let mut out = Table::default();
        for Entry { key, value } in &table.entries {
            let table = self.section(value, section, translated, &Path::Key(path, &key.value));
            let node = table.map(|table| Node::new(value.span, Value::Table(table)));
            out.entries.extend(node.map(|value| Entry { key: key.clone(), value }));
        }
        Some(Value::Table(out))
    }

    /// `free`: the keys that could have been meant.
    fn unknown(&mut self, entry: &Entry, section: &Section, free: &[&'static str], path: &Path) {
        let (span, key) = (entry.key.span, entry.key.value.clone());
        let meant = schema::closest(free.iter().copied(), &key);
        let fits = meant
            .and_then(|meant| section.key(meant))
            .is_some_and(|meant| self.fits(&entry.value, meant, &Path::Key(path, meant.name)));
        let value = entry.value.span;
        self.problems.push(Problem::UnknownKey { span, path: path.to_string(), key, meant, fits, value });
        self.refuse_infinities(&entry.value, &Path::Key(path, &entry.key.value));
    }

    /// JSON, through which flyctl passes everything, has no infinite number: flyctl refuses one
    /// even where it reads nothing.
    fn refuse_infinities(&mut self, node: &Node, path: &Path) {
        match &node.value {
            Value::Float(number) if !number.is_finite() => {
                self.wrong::<()>(node, "a finite number", path);
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, item)| self.refuse_infinities(item, &Path::Item(path, at)));
            }
            Value::Table(table) => table
                .entries
                .iter()
                .for_each(|entry| self.refuse_infinities(&entry.value, &Path::Key(path, &entry.key.value))),
            _ => {}
        }
    }

    fn legacy(&mut self, node: &Node, modern: String, rewrite: Rewrite, path: &Path) {
        self.problems.push(Problem::Legacy { span: node.span, path: path.to_string(), modern, rewrite });
    }

    /// Two spellings of one key: tables are decoded over each other, also those in lists; anything
    /// else anew.
    fn put(&mut self, table: &mut Table, entry: Entry, path: &Path) {
        match table.entries.iter_mut().find(|old| old.key.value == entry.key.value) {
            Some(old) => self.put_over(old, entry, path),
            None => table.entries.push(entry),
        }
    }

    fn put_over(&mut self, old: &mut Entry, new: Entry, path: &Path) {
        if !matches!((&old.value.value, &new.value.value), (Value::Table(_), Value::Table(_))) {
            let (span, path) = (old.key.span, path.to_string());
            self.problems.push(Problem::Shadowed { span, path, by: new.key.span });
        }
        old.key = new.key;
        self.decode_over(&mut old.value, new.value, path);
    }

    fn decode_over(&mut self, old: &mut Node, new: Node, path: &Path) {
        old.span = new.span;
        match (&mut old.value, new.value) {
            (Value::Table(old), Value::Table(new)) => {
                // Looked for once: tables of names may have a hundred thousand.
                let mut places = BTreeMap::new();
                for (at, entry) in old.entries.iter().enumerate() {
                    places.entry(entry.key.value.clone()).or_insert(at);
                }
                for entry in new.entries {
                    let key = entry.key.value.clone();
                    match places.get(&key) {
                        Some(&at) => self.put_over(&mut old.entries[at], entry, &Path::Key(path, &key)),
                        None => {
                            places.insert(key, old.entries.len());
                            old.entries.push(entry);
                        }
                    }
                }
            }
            (Value::Array(old), Value::Array(new)) => {
                old.truncate(new.len());
                for (at, item) in new.into_iter().enumerate() {
                    match old.get_mut(at) {
                        Some(old) => self.decode_over(old, item, &Path::Item(path, at)),
                        None => old.push(item),
                    }
                }
            }
            (old, new) => *old = new,
        }
    }

    fn wrong<T>(&mut self, node: &Node, expected: &str, path: &Path) -> Option<T> {
        let found = found(&node.value);
        self.wrong_as(node, expected, &found, path)
    }

    fn wrong_as<T>(&mut self, node: &Node, expected: &str, found: &str, path: &Path) -> Option<T> {
        self.problems.push(Problem::WrongType {
            span: node.span,
            path: path.to_string(),
            expected: expected.to_owned(),
            found: found.to_owned(),
        });
        None
    }
}

/// What has no type of its own in flyctl has the numbers of JSON: floats.
fn with_floats(value: &Value) -> Value {
    let node = |node: &Node| Node::new(node.span, with_floats(&node.value));
    match value {
        Value::Integer(number) => Value::Float(*number as f64),
        Value::Array(items) => Value::Array(items.iter().map(node).collect()),
        Value::Table(table) => {
            let entries = table.entries.iter();
            let entries = entries.map(|entry| Entry { key: entry.key.clone(), value: node(&entry.value) });
            Value::Table(Table { entries: entries.collect() })
        }
        other => other.clone(),
    }
}

/// Go sorts the keys of a map when it writes JSON, and the last of several spellings wins.
fn in_the_order_of_go(table: &Table) -> Vec<&Entry> {
    let mut entries: Vec<&Entry> = table.entries.iter().collect();
    entries.sort_by(|a, b| a.key.value.cmp(&b.key.value));
    entries
}

fn found(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(on) => format!("`{on}`"),
        Value::Integer(number) => format!("the number {number}"),
        Value::Float(number) => format!("the number {number}"),
        Value::Text(text) if text.chars().count() <= SHORT && !text.contains('\n') => format!("the text {text:?}"),
        Value::Text(_) => "text".into(),
        Value::Date(_) => "a date".into(),
        Value::Array(_) => "a list".into(),
        Value::Table(_) => "a table".into(),
    }
}

/// Lists whose items flyctl looks into without asking whether there is one.
const CRASH_OVER_NULL: [&str; 3] = ["checks", "tcp_checks", "http_checks"];

/// Texts up to this many characters are quoted in messages.
const SHORT: usize = 40;
