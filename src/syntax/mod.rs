//! From the text of a config file to a tree of values that know where they stand, with every
//! syntax error. Knows no key of fly.toml and never fails.

mod comments;
mod json;
mod toml;
mod yaml;

use crate::span::{Span, Spanned};

pub use comments::{Comment, comments};

/// How a config file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Toml,
    Json,
    Yaml,
}

impl Format {
    /// By the end of the name, as flyctl decides: whatever is not `.json` or `.yaml` is TOML.
    pub fn of_path(path: &str) -> Self {
        match path {
            path if path.ends_with(".json") => Self::Json,
            path if path.ends_with(".yaml") => Self::Yaml,
            _ => Self::Toml,
        }
    }
}

/// What a text says, as far as it could be understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub format: Format,
    /// Always a table.
    pub root: Node,
    /// In the order of the text. flyctl reads nothing from a file that has one.
    pub errors: Vec<SyntaxError>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    pub span: Span,
    pub message: String,
}

/// A value and where it stands. A table that has a header stands at its header.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub span: Span,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    /// Every number of JSON.
    Float(f64),
    Text(String),
    /// A date, a time or both: as written in TOML, with offset in YAML.
    Date(String),
    Array(Vec<Node>),
    Table(Table),
}

/// Keys and values in the order of the text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    pub entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: Spanned<String>,
    pub value: Node,
}

/// Reads what can be read; what cannot is among the document's errors.
pub fn parse(text: &str, format: Format) -> Document {
    match format {
        Format::Toml => toml::parse(text),
        Format::Json => json::parse(text),
        Format::Yaml => yaml::parse(text),
    }
}

/// Where a JSON or YAML value stands: a list or table of several lines at its key, or where it
/// begins, as a TOML table stands at its header.
fn place_of(node: &Node, key: Option<Span>, text: &str) -> Span {
    let first_line = node.span.of(text).lines().next().unwrap_or_default();
    let is_container = matches!(node.value, Value::Array(_) | Value::Table(_));
    if !is_container || first_line.len() == node.span.end - node.span.start {
        return node.span;
    }
    let start = node.span.start;
    key.unwrap_or(Span::new(start, start + first_line.trim_end().len()))
}

/// Lists and tables in JSON and YAML that lie deeper than this count as null: no key of fly.toml
/// lies half as deep, and what works on a tree may use recursion.
const DEEPEST_KEPT: usize = 128;

impl Node {
    pub fn new(span: Span, value: Value) -> Self {
        Self { span, value }
    }

    pub fn as_table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    pub fn as_array(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Table {
    /// The value of exactly this key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.value == key)
    }

    /// Takes the entry out.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.key.value == key)?;
        Some(self.entries.remove(at))
    }
}
