//! From the text of a config file to a tree of values that know where they stand, with every
//! syntax error. Knows no key of fly.toml and never fails.

mod comments;
mod json;
mod slot;
mod toml;
mod yaml;

use crate::diagnostic::{Edit, Label};
use crate::span::{Span, Spanned};

pub use comments::{Comment, comments};
pub use slot::{Slot, SlotKind, slot};

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
    /// What is silently passed over, in order.
    pub lost: Vec<Lost>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Another place that it has to do with.
    pub label: Option<Box<Label>>,
    /// What was probably meant.
    pub cure: Option<Box<Edit>>,
}

/// A key of JSON, and where the later one of the same name stands that is read; or where the first
/// document of YAML has ended, and more follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    pub span: Span,
    pub by: Option<Span>,
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

/// Reads what can be read; what cannot is among the document's errors, of which it has
/// [`MOST_ERRORS`]: the last says that there are more.
pub fn parse(text: &str, format: Format) -> Document {
    let mut document = match format {
        Format::Toml => toml::parse(text),
        Format::Json => json::parse(text),
        Format::Yaml => yaml::parse(text),
    };
    if document.errors.len() > MOST_ERRORS {
        document.errors.truncate(MOST_ERRORS);
        if let Some(last) = document.errors.last_mut() {
            *last = SyntaxError::new(last.span, "there are more errors from here on\nmend those above first");
        }
    }
    document.errors.shrink_to_fit();
    document
}

/// What is no config at all has an error in every line, and each becomes a finding.
const MOST_ERRORS: usize = 500;

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

impl SyntaxError {
    /// `said`: what is wrong and, on a second line, what to do.
    fn new(span: Span, said: impl Into<String>) -> Self {
        let mut message = said.into();
        let help = message.find('\n').map(|at| message.split_off(at)[1..].to_owned());
        Self { span, message, help, label: None, cure: None }
    }

    fn help(self, help: String) -> Self {
        Self { help: Some(help), ..self }
    }

    fn moved(self, place: impl Fn(Span) -> Span) -> Self {
        let label = self.label.map(|label| Box::new(Label { span: place(label.span), ..*label }));
        Self { span: place(self.span), label, ..self }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every entry as `path: what stands there`, in order.
    fn outline(text: &str, format: Format) -> String {
        fn walk(node: &Node, path: &str, text: &str, out: &mut Vec<String>) {
            let children: Vec<(&str, &Node)> = match &node.value {
                Value::Table(table) => {
                    table.entries.iter().map(|entry| (entry.key.span.of(text), &entry.value)).collect()
                }
                Value::Array(items) => items.iter().map(|item| ("-", item)).collect(),
                _ => return,
            };
            for (name, child) in children {
                let path = format!("{path}/{name}");
                out.push(format!("{path}: {}", child.span.of(text)));
                walk(child, &path, text, out);
            }
        }
        let document = parse(text, format);
        assert_eq!(document.errors, []);
        let mut out = Vec::new();
        walk(&document.root, "", text, &mut out);
        out.join("\n")
    }

    /// Every error as `line:column where: what`.
    fn errors(text: &str, format: Format) -> String {
        let index = crate::span::LineIndex::new(text);
        let errors = parse(text, format).errors.into_iter().map(|error| {
            let place = index.position(text, error.span.start);
            let help = error.help.map(|help| format!(" | {help}")).unwrap_or_default();
            format!("{}:{} {:?}: {}{help}", place.line, place.column, error.span.of(text), error.message)
        });
        errors.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_takes_several_lines_stands_at_its_key() {
        let json = "{\n  \"a\": {\n    \"b\": [1, {\"c\": \"d\"}],\n    \"e\": [\n      {\n        \"f\": null\n      }\n    ]\n  }\n}\n";
        insta::assert_snapshot!(outline(json, Format::Json), @r##"
        /"a": "a"
        /"a"/"b": [1, {"c": "d"}]
        /"a"/"b"/-: 1
        /"a"/"b"/-: {"c": "d"}
        /"a"/"b"/-/"c": "d"
        /"a"/"e": "e"
        /"a"/"e"/-: {
        /"a"/"e"/-/"f": null
        "##);
        let yaml = "a:\n  b: [1, {c: 'd'}]\n  e:\n  - f: ~\n    g: |\n      text\n  - h\nx: &x {y: z}\nw: *x\n";
        insta::assert_snapshot!(outline(yaml, Format::Yaml), @r##"
        /a: a
        /a/b: [1, {c: 'd'}]
        /a/b/-: 1
        /a/b/-: {c: 'd'}
        /a/b/-/c: 'd'
        /a/e: e
        /a/e/-: f: ~
        /a/e/-/f: ~
        /a/e/-/g: |
              text
        /a/e/-: h
        /x: {y: z}
        /x/y: z
        /w: *x
        /w/y: z
        "##);
    }

    #[test]
    fn json_is_read_past_its_errors() {
        let text = "{\n  // why\n  app: 'a',\n  \"env\": {\"A\": 1 \"B\": 2,},\n  \"x\": tru,\n  \"y\": \"\\q\"\n  \"z\": [1, 2}\n} more\n";
        insta::assert_snapshot!(errors(text, Format::Json), @r#"
        2:3 "// why": JSON has no comments | remove it; fly.toml and fly.yaml may have comments
        3:3 "app": a key must be text in double quotes | write `"app"`
        3:8 "'a'": this is no value in JSON | text stands in double quotes: `"a"`
        4:18 "\"B\"": `,` or `}` is expected | write `,` between two items
        4:24 ",": no comma may stand behind the last item | remove it
        5:8 "tru": this is no value in JSON | text stands in double quotes: `"tru"`
        6:9 "\\": no such escape | a backslash itself is written `\\`
        7:3 "\"z\"": `,` or `}` is expected | write `,` between two items
        7:13 "}": `]` is expected | close first what was opened last
        8:3 "more": the object has ended: nothing may follow | remove the rest, or the bracket that closes too early
        "#);
        insta::assert_snapshot!(errors("{\"a\": [1,\n", Format::Json), @r#"1:7 "[": this is never closed: `]` is missing | write `]` behind the last of its items"#);
        let document = parse(text, Format::Json);
        let keys = document.root.as_table().map(|root| root.entries.iter().map(|entry| entry.key.value.as_str()));
        assert_eq!(keys.map(Iterator::collect), Some(vec!["app", "env", "x", "y", "z"]));
    }

    #[test]
    fn yaml_is_read_up_to_its_first_error() {
        let mut told = Vec::new();
        for text in [
            "app: a\nenv\nmore: b\n",
            "env:\n\tA: 1\n",
            "app: it: is\n",
            "env: {A: 1\nB: 2\n",
            "app: \"a\nb: c\n",
            "app: @a\n",
            "a:\n  b: 1\n c: 2\n",
            "app: *a\n",
            "a: 1\na: 2\nb: {1: x}\n",
        ] {
            told.push(errors(text, Format::Yaml));
        }
        insta::assert_snapshot!(told.join("\n"), @r#"
        2:1 "env": `:` and a value are missing behind this key | write `key: value`, or `- item` in a list, with a blank behind the mark
        2:1 "\t": a tab cannot indent | write spaces: YAML takes nothing else
        1:8 ":": `:` cannot make a key here | put text that holds `: ` in quotes, and begin the keys of a table in one column
        2:2 ":": `,` or `}` is expected
        1:6 "\"a": the closing quote is missing | write it where the text ends; a quote within single quotes is written twice
        1:6 "@": `@` cannot start a value | put the text in quotes
        3:2 "": a key is expected | the keys of a table begin in one column; a quote within single quotes is written twice
        1:6 "*a": there is no anchor `&a` above | put text that begins with `*` in quotes
        2:1 "a": the table has this key already | keep one of the two
        3:5 "1": flyctl crashes over a key that is not text | write `"1"`
        "#);
        let document = parse("app: a\nenv\nmore: b\n", Format::Yaml);
        assert_eq!(document.root.as_table().and_then(|root| root.get("app")).and_then(Node::as_text), Some("a"));
    }

    #[test]
    fn nesting_is_bounded_as_in_flyctl_and_what_lies_deep_is_dropped() {
        let nested = |depth: usize| format!("{{\"a\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
        for format in [Format::Json, Format::Yaml] {
            assert_eq!(errors(&nested(9_000), format), "");
            assert!(errors(&nested(10_001), format).contains("10000 levels"));
            assert!(!errors(&"[".repeat(200_000), format).is_empty());
        }
    }
}
