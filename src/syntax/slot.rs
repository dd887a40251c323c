//! What can be written at a place of a text that is being written: a mark is put there and the text
//! parsed, so that a text broken at that place, or elsewhere, is read as any other. Knows no key of
//! fly.toml.

use super::{Document, Format, Node, Table, Value, parse, toml};
use crate::span::Span;

/// A place where something can be written.
#[derive(Debug, Clone)]
pub struct Slot {
    pub kind: SlotKind,
    /// What stands there already, as far as it is to be replaced; within one line.
    pub span: Span,
    /// The keys that lead to it from the top: to the table of a key, to a value. Empty for headers.
    pub path: Vec<String>,
    /// The other keys of the table, the other texts of the list.
    pub present: Vec<String>,
    /// The text with the mark in place of `span`.
    pub document: Document,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotKind {
    /// A header of TOML, with its brackets; `is_double`: two of them are there.
    Header {
        is_double: bool,
    },
    /// `has_value`: one follows. `begins_line`: a header could stand here as well.
    Key {
        has_value: bool,
        begins_line: bool,
    },
    Value {
        in_list: bool,
    },
}

/// What can be written at `offset`; nothing in comments, and behind a value.
pub fn slot(text: &str, offset: usize, format: Format) -> Option<Slot> {
    let draft = match format {
        Format::Toml => toml::draft(text, offset),
        Format::Json => draft_of_json(text, offset),
        Format::Yaml => draft_of_yaml(text, offset),
    }?;
    read(text, &draft, format, "", draft.span.end).or_else(|| {
        let line = text[draft.span.end..].lines().next().unwrap_or_default();
        read(text, &draft, format, &draft.closing, draft.span.end + line.len())
    })
}

/// With the mark and `closing` in place of all from the draft's start to `end`.
fn read(text: &str, draft: &Draft, format: Format, closing: &str, end: usize) -> Option<Slot> {
    let (kind, span) = (draft.kind, draft.span);
    let marked = [&text[..span.start], &mark(kind, format), closing, &text[end..]].concat();
    let document = parse(&marked, format);
    let found = match kind {
        SlotKind::Header { .. } => Found::default(),
        _ => find(&document.root, &mut Vec::new())?,
    };
    Some(Slot { kind, span, path: found.path, present: found.present, document })
}

/// A slot of which only the text around it is known.
pub(super) struct Draft {
    pub(super) kind: SlotKind,
    pub(super) span: Span,
    /// The brackets that are open before it, closed: for a text in which nothing else closes them.
    pub(super) closing: String,
}

fn mark(kind: SlotKind, format: Format) -> String {
    let quoted = format!("\"{MARK}\"");
    match (kind, format) {
        (SlotKind::Header { .. }, _) => format!("[{MARK}]"),
        (SlotKind::Value { .. }, _) | (SlotKind::Key { has_value: true, .. }, _) => quoted,
        (SlotKind::Key { .. }, Format::Toml) => format!("{MARK} = 0"),
        (SlotKind::Key { .. }, Format::Json) => format!("{quoted}: 0"),
        (SlotKind::Key { .. }, Format::Yaml) => format!("{MARK}: 0"),
    }
}

#[derive(Default)]
struct Found {
    path: Vec<String>,
    present: Vec<String>,
}

fn find(node: &Node, path: &mut Vec<String>) -> Option<Found> {
    match &node.value {
        Value::Table(table) if table.get(MARK).is_some() => {
            let keys = table.entries.iter().map(|entry| &entry.key.value).filter(|key| *key != MARK);
            Some(Found { path: path.clone(), present: keys.cloned().collect() })
        }
        Value::Table(Table { entries }) => entries.iter().find_map(|entry| {
            path.push(entry.key.value.clone());
            let found = find(&entry.value, path);
            path.pop();
            found
        }),
        Value::Array(items) if items.iter().any(|item| item.as_text() == Some(MARK)) => {
            let texts = items.iter().filter_map(Node::as_text).filter(|text| *text != MARK);
            Some(Found { path: path.clone(), present: texts.map(str::to_owned).collect() })
        }
        Value::Array(items) => items.iter().find_map(|item| find(item, path)),
        Value::Text(text) if text == MARK => Some(Found { path: path.clone(), present: Vec::new() }),
        _ => None,
    }
}

/// By the bracket that is open at `offset` and by what stands before.
fn draft_of_json(text: &str, offset: usize) -> Option<Draft> {
    let (mut open, mut before, mut at) = (Vec::new(), ' ', 0);
    let word = loop {
        let word = Span::new(at, at + word_length(&text[at..]));
        if at >= offset || word.start < word.end && word.contains(offset) {
            break if word.contains(offset) { word } else { Span::at(offset) };
        }
        let next = text[at..].chars().next()?;
        match next {
            '{' | '[' => open.push(next),
            '}' | ']' => drop(open.pop()),
            _ => {}
        }
        if !next.is_whitespace() {
            before = if word.start < word.end { '"' } else { next };
        }
        at = word.end.max(at + next.len_utf8());
    };
    let has_value = text[word.end..].trim_start().starts_with(':');
    let kind = match (before, open.last()?) {
        ('{' | ',', '{') => SlotKind::Key { has_value, begins_line: false },
        ('[' | ',', '[') => SlotKind::Value { in_list: true },
        (':', '{') => SlotKind::Value { in_list: false },
        _ => return None,
    };
    let closing = open.iter().rev().map(|open| if *open == '{' { '}' } else { ']' }).collect();
    Some(Draft { kind, span: word, closing })
}

/// Of the text in quotes, closed on its line or not, or the bare word that `text` begins with.
fn word_length(text: &str) -> usize {
    if !text.starts_with('"') {
        return text.find(|c: char| !is_bare(c)).unwrap_or(text.len());
    }
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            '\n' | '\r' => return at,
            '"' if !is_escaped => return at + 1,
            _ => is_escaped = character == '\\' && !is_escaped,
        }
    }
    text.len()
}

/// A key alone on its line, or the value behind one.
fn draft_of_yaml(text: &str, offset: usize) -> Option<Draft> {
    let line = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let start = text[line..offset].trim_end_matches(|c| is_bare(c) || c == '"').len() + line;
    let end = offset + text[offset..].find(|c| !is_bare(c) && c != '"').unwrap_or(text.len() - offset);
    let before = text[line..start].trim_start_matches([' ', '-']);
    let kind = if before.is_empty() {
        SlotKind::Key { has_value: text[end..].trim_start_matches(' ').starts_with(':'), begins_line: false }
    } else {
        let key = before.trim_end().strip_suffix(':')?;
        (before.ends_with(' ') && key.chars().all(is_bare)).then_some(SlotKind::Value { in_list: false })?
    };
    Some(Draft { kind, span: Span::new(start, end), closing: String::new() })
}

fn is_bare(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-')
}

/// No key of anybody's.
const MARK: &str = "cutover-slot";
