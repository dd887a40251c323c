//! From YAML's nodes to values: anchors put in, `<<` merged, equal keys refused.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{DEEPEST_KEPT, Entry, Node, SyntaxError, Table, Value, place_of};
use super::parse::{self, Id, Kind, Tree};
use super::resolve::resolve;
use crate::diagnostic::Label;
use crate::span::{Span, Spanned};

pub(super) fn root(tree: &Tree, root: Id, text: &str, errors: &mut Vec<SyntaxError>) -> Table {
    let mut decoder =
        Decoder { tree, text, errors, within: Vec::new(), decoded: 0, decoded_in_aliases: 0, is_excessive: false };
    match (&tree.nodes[root].kind, decoder.value(root, 0)) {
        (_, Value::Table(table)) => table,
        (_, Value::Null) => {
            decoder.error(root, "flyctl crashes over a document that holds nothing\ndelete `---`, or write keys");
            Table::default()
        }
        _ => {
            decoder.error(
                root,
                "the file must be one table\nwrite `key: value` on each line, with a blank behind the `:`",
            );
            Table::default()
        }
    }
}

struct Decoder<'a> {
    tree: &'a Tree,
    text: &'a str,
    errors: &'a mut Vec<SyntaxError>,
    /// The aliases that are being put in.
    within: Vec<Id>,
    decoded: u32,
    decoded_in_aliases: u32,
    is_excessive: bool,
}

impl Decoder<'_> {
    fn error(&mut self, id: Id, message: &str) {
        let span = self.tree.nodes[id].span;
        let first_line = span.of(self.text).lines().next().unwrap_or_default().trim_end();
        let span = Span::new(span.start, span.start + first_line.len());
        self.errors.push(SyntaxError::new(span, message));
    }

    /// `depth` counts the tables and lists around it.
    fn value(&mut self, id: Id, depth: usize) -> Value {
        self.count(id);
        if self.is_excessive {
            return Value::Null;
        }
        let tree = self.tree;
        match &tree.nodes[id].kind {
            Kind::Scalar { text, plain } => self.scalar(id, text, *plain),
            Kind::Alias { .. } | Kind::Sequence(_) | Kind::Mapping(_) if depth >= DEEPEST_KEPT => Value::Null,
            Kind::Alias { target, .. } if self.enter(id, *target) => {
                let value = self.value(*target, depth + 1);
                self.within.pop();
                value
            }
            Kind::Alias { .. } => Value::Null,
            Kind::Sequence(items) => Value::Array(items.iter().map(|item| self.node(*item, None, depth + 1)).collect()),
            Kind::Mapping(_) => {
                let mut out = Merged::default();
                let keys_are_text = depth == 0 || self.has_only_text_keys(id);
                self.table(id, depth, keys_are_text, &mut out);
                Value::Table(Table { entries: out.entries })
            }
        }
    }

    fn node(&mut self, id: Id, key: Option<Span>, depth: usize) -> Node {
        let value = self.value(id, depth);
        let mut node = Node::new(self.tree.nodes[id].span, value);
        node.span = place_of(&node, key, self.text);
        node
    }

    /// yaml.v3 gives up on files that blow up when their anchors are put in.
    fn count(&mut self, id: Id) {
        self.decoded = self.decoded.saturating_add(1);
        if !self.within.is_empty() {
            self.decoded_in_aliases = self.decoded_in_aliases.saturating_add(1);
        }
        let (all, in_aliases) = (f64::from(self.decoded), f64::from(self.decoded_in_aliases));
        let is_large = in_aliases > 100.0 && all > 1000.0;
        if !self.is_excessive && is_large && in_aliases / all > allowed_in_aliases(all) {
            self.is_excessive = true;
            self.error(id, "too much of the file comes from anchors");
        }
    }

    /// Whether what the alias stands for can be put in its place.
    fn enter(&mut self, alias: Id, target: Id) -> bool {
        let is_new = !self.within.contains(&target);
        if is_new {
            self.within.push(target);
        } else {
            self.error(alias, "the anchor stands for something that holds it");
        }
        is_new
    }

    fn scalar(&mut self, id: Id, text: &str, is_plain: bool) -> Value {
        let tag = self.tree.nodes[id].tag.as_deref();
        let (found, value) = match tag {
            Some("!!str") => return Value::Text(text.to_owned()),
            None if !is_plain => return Value::Text(text.to_owned()),
            _ => resolve(text),
        };
        match (tag, value) {
            (None, value) => value,
            (Some("!!float"), Value::Integer(number)) => Value::Float(number as f64),
            (Some("!!binary"), _) => self.binary(id, text),
            (Some(tag), value) if tag == found => value,
            (Some(tag @ ("!!null" | "!!bool" | "!!int" | "!!float" | "!!timestamp")), _) => {
                self.error(id, &format!("the value is not what its tag `{tag}` says"));
                Value::Null
            }
            (Some(_), _) => Value::Text(text.to_owned()),
        }
    }

    fn binary(&mut self, id: Id, text: &str) -> Value {
        match base64(text) {
            Some(bytes) => Value::Text(String::from_utf8_lossy(&bytes).into_owned()),
            None => {
                self.error(id, "the value is not base64, as its tag `!!binary` says");
                Value::Null
            }
        }
    }

    /// Go's `map[string]any` then, into which even a merged `1` goes as text.
    fn has_only_text_keys(&self, id: Id) -> bool {
        let Kind::Mapping(pairs) = &self.tree.nodes[id].kind else { return false };
        pairs.iter().all(|(key, _)| {
            let key = &self.tree.nodes[*key];
            let target = match key.kind {
                Kind::Alias { target, .. } => &self.tree.nodes[target],
                _ => key,
            };
            is_merge(key) || is_text(target)
        })
    }

    /// `keys_are_text`: whatever they are, they become text.
    fn table(&mut self, id: Id, depth: usize, keys_are_text: bool, out: &mut Merged) {
        let tree = self.tree;
        let Kind::Mapping(pairs) = &tree.nodes[id].kind else { return };
        if depth > DEEPEST_KEPT {
            return;
        }
        self.refuse_equal_keys(pairs);
        let (merged, own): (Vec<_>, Vec<_>) = pairs.iter().copied().partition(|(key, _)| is_merge(&tree.nodes[*key]));
        for (key, value) in own {
            let Some(name) = self.key(key, depth, keys_are_text) else { continue };
            if out.known.insert(name.clone()) {
                let span = tree.nodes[key].span;
                let value = self.node(value, Some(span), depth + 1);
                out.entries.push(Entry { key: Spanned::new(name, span), value });
            }
        }
        for (_, merged) in merged {
            self.merge(merged, depth, keys_are_text, out);
        }
    }

    /// Keys that stand in the table itself, or in an earlier merged one, win.
    fn merge(&mut self, id: Id, depth: usize, keys_are_text: bool, out: &mut Merged) {
        let tree = self.tree;
        let each = match &tree.nodes[id].kind {
            Kind::Sequence(items) => items.as_slice(),
            _ => &[id],
        };
        for &item in each {
            match &tree.nodes[item].kind {
                Kind::Mapping(_) => self.table(item, depth + 1, keys_are_text, out),
                Kind::Alias { target, .. } if matches!(tree.nodes[*target].kind, Kind::Mapping(_)) => {
                    if self.enter(item, *target) {
                        self.table(*target, depth + 1, keys_are_text, out);
                        self.within.pop();
                    }
                }
                _ => self.error(item, "`<<` takes a table, or a list of tables"),
            }
        }
    }

    fn refuse_equal_keys(&mut self, pairs: &[(Id, Id)]) {
        let mut seen = BTreeMap::new();
        for (key, _) in pairs {
            let name = match &self.tree.nodes[*key].kind {
                Kind::Scalar { text, .. } => (0, text.as_str()),
                Kind::Alias { name, .. } => (1, name.as_str()),
                Kind::Sequence(_) => (2, ""),
                Kind::Mapping(_) => (3, ""),
            };
            if let Some(first) = seen.insert(name, *key) {
                self.error(*key, "the table has this key already\nkeep one of the two");
                let label = Label { span: self.tree.nodes[first].span, message: "here already".to_owned() };
                self.errors.last_mut().into_iter().for_each(|error| error.label = Some(Box::new(label.clone())));
            }
        }
    }

    /// The text of a key; `None`: flyctl passes over it, or cannot read it.
    fn key(&mut self, key: Id, depth: usize, keys_are_text: bool) -> Option<String> {
        let tree = self.tree;
        let resolved = match &tree.nodes[key].kind {
            Kind::Alias { target, .. } => match &tree.nodes[*target].kind {
                Kind::Scalar { .. } => *target,
                _ => key,
            },
            _ => key,
        };
        let Kind::Scalar { text, .. } = &tree.nodes[resolved].kind else {
            self.error(key, "a key must be text\na placeholder of a template stands in quotes");
            return None;
        };
        match self.value(key, depth + 1) {
            Value::Text(text) => Some(text),
            Value::Null if keys_are_text => None,
            _ if keys_are_text => Some(text.clone()),
            _ => {
                self.error(key, &format!("flyctl crashes over a key that is not text\nwrite `\"{text}\"`"));
                None
            }
        }
    }
}

/// A table with what was merged into it.
#[derive(Default)]
struct Merged {
    entries: Vec<Entry>,
    known: BTreeSet<String>,
}

/// `<<`, unless it is quoted.
fn is_merge(key: &parse::Node) -> bool {
    match (&key.kind, key.tag.as_deref()) {
        (Kind::Scalar { text, plain }, None) => text == "<<" && *plain,
        (Kind::Scalar { text, .. }, Some("!!merge")) => text == "<<",
        _ => false,
    }
}

fn is_text(node: &parse::Node) -> bool {
    match (&node.kind, node.tag.as_deref()) {
        (Kind::Scalar { text, plain: true }, None) => resolve(text).0 == "!!str",
        (Kind::Scalar { .. }, tag) => tag.is_none_or(|tag| tag == "!!str"),
        _ => false,
    }
}

/// Nearly all of a small file, and a tenth of a huge one.
fn allowed_in_aliases(decoded: f64) -> f64 {
    const SMALL: f64 = 400_000.0;
    const HUGE: f64 = 4_000_000.0;
    0.99 - 0.89 * ((decoded - SMALL) / (HUGE - SMALL)).clamp(0.0, 1.0)
}

/// The bytes of base64 with padding; line breaks may stand anywhere.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let mut bytes = Vec::new();
    if !digits.len().is_multiple_of(4) {
        return None;
    }
    for (at, group) in digits.chunks(4).enumerate() {
        let is_last = (at + 1) * 4 == digits.len();
        let padding = group.iter().rev().take_while(|digit| **digit == b'=').count();
        if padding > 2 || padding > 0 && !is_last {
            return None;
        }
        let mut bits = 0_u32;
        for digit in group {
            bits = bits << 6 | if *digit == b'=' { 0 } else { base64_digit(*digit)? };
        }
        bytes.extend(&bits.to_be_bytes()[1..4 - padding]);
    }
    Some(bytes)
}

fn base64_digit(digit: u8) -> Option<u32> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    DIGITS.iter().position(|known| *known == digit).and_then(|at| u32::try_from(at).ok())
}
