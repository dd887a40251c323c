//! JSON as Go's `encoding/json` reads it into a map: every number is a 64-bit float, of equal keys
//! the last one counts, and what half a surrogate pair stands for is lost. Nothing beyond the
//! standard is understood, but read past, so that every fault is told.

use std::collections::BTreeMap;

use super::{DEEPEST_KEPT, Document, Entry, Format, Lost, Node, SyntaxError, Table, Value, place_of};
use crate::span::{Span, Spanned};

pub(super) fn parse(text: &str) -> Document {
    let mut reader = Reader {
        tokens: Tokens { text, at: 0, errors: Vec::new(), is_torn: false },
        open: Vec::new(),
        last_comma: Span::at(0),
        lost: Vec::new(),
        root: None,
    };
    reader.read();
    let whole = Span::new(0, text.len());
    let root = match reader.root {
        Some(node) if matches!(node.value, Value::Table(_)) => Node::new(whole, node.value),
        Some(node) => {
            if reader.tokens.errors.is_empty() {
                reader
                    .tokens
                    .error(node.span, "the file must be one object\nwrite `{`, the keys with their values, and `}`");
            }
            Node::new(whole, Value::Table(Table::default()))
        }
        None => Node::new(whole, Value::Table(Table::default())),
    };
    reader.lost.sort_by_key(|lost| lost.span);
    Document { format: Format::Json, root, errors: reader.tokens.errors, lost: reader.lost }
}

/// Reads values without recursion: how deep they nest is the file's choice.
struct Reader<'a> {
    tokens: Tokens<'a>,
    open: Vec<Container>,
    last_comma: Span,
    lost: Vec<Lost>,
    root: Option<Node>,
}

/// An object or array whose end is yet to come.
struct Container {
    start: usize,
    /// The key that waits for its value; objects only.
    key: Option<Spanned<String>>,
    inside: Inside,
}

enum Inside {
    Object(Vec<Entry>),
    Array(Vec<Node>),
}

/// What may come next.
#[derive(Clone, Copy, PartialEq)]
enum Expect {
    /// A key or a value, whichever the container holds; `first`: or its end.
    Item {
        first: bool,
    },
    Colon,
    /// The value behind a colon, or the whole text.
    Value,
    CommaOrEnd,
    EndOfText,
}

impl Reader<'_> {
    fn read(&mut self) {
        let mut expect = Expect::Value;
        loop {
            let token = self.tokens.next();
            if token.kind == Kind::EndOfText || self.tokens.errors.len() >= MOST_ERRORS {
                return self.finish(token.span, expect);
            }
            if expect == Expect::Value && self.open.is_empty() && token.kind == Kind::Word {
                let help = "flyctl reads TOML from a file whose name ends in `.toml`";
                return self.tokens.error(token.span, &format!("this is no JSON: that begins with `{{`\n{help}"));
            }
            if self.open.len() >= DEEPEST && matches!(token.kind, Kind::Open(_)) {
                return self.tokens.error(token.span, "nested more than 10000 levels deep");
            }
            expect = self.step(expect, token);
        }
    }

    fn step(&mut self, expect: Expect, token: Token) -> Expect {
        let Token { span, kind } = token;
        match (expect, kind) {
            (Expect::EndOfText, _) => {
                self.tokens.error(
                    span,
                    "the object has ended: nothing may follow\nremove the rest, or the bracket that closes too early",
                );
                self.tokens.at = self.tokens.text.len();
                Expect::EndOfText
            }
            (Expect::Colon, Kind::Mark(':')) => Expect::Value,
            (Expect::Colon, Kind::Word) if matches!(span.of(self.tokens.text), "=" | "=>" | ":=") => {
                self.tokens.error(span, "JSON has `:` between a key and its value\nwrite `:`");
                Expect::Value
            }
            (Expect::Colon, kind) => {
                self.tokens.error(span, "`:` and a value are expected behind the key\nwrite `\"key\": value`");
                match kind {
                    Kind::Close(_) | Kind::Mark(_) => {
                        self.put(Node::new(Span::at(span.start), Value::Null));
                        self.step(Expect::CommaOrEnd, Token { span, kind })
                    }
                    _ => self.step(Expect::Value, Token { span, kind }),
                }
            }
            (Expect::CommaOrEnd, Kind::Mark(',')) => {
                self.last_comma = span;
                Expect::Item { first: false }
            }
            (Expect::CommaOrEnd, Kind::Close(end)) => self.close(span, end),
            (Expect::CommaOrEnd, kind) => {
                if !std::mem::take(&mut self.tokens.is_torn) {
                    let end = self.end_expected();
                    self.tokens.error(span, &format!("`,` or `{end}` is expected\nwrite `,` between two items"));
                }
                self.step(Expect::Item { first: false }, Token { span, kind })
            }
            (Expect::Item { first }, Kind::Close(end)) => {
                if !first {
                    self.tokens.error(self.last_comma, "no comma may stand behind the last item\nremove it");
                }
                self.close(span, end)
            }
            (Expect::Item { .. }, kind) if self.waits_for_key() => self.key(span, kind),
            (Expect::Item { .. } | Expect::Value, kind) => self.value(span, kind),
        }
    }

    fn waits_for_key(&self) -> bool {
        self.open.last().is_some_and(|open| matches!(open.inside, Inside::Object(_)))
    }

    fn key(&mut self, span: Span, kind: Kind) -> Expect {
        let key = match kind {
            Kind::Value(Value::Text(text)) => text,
            Kind::Value(_) | Kind::Word => {
                let bare = span.of(self.tokens.text).trim_matches(FOREIGN_QUOTES).to_owned();
                self.tokens.error(span, &format!("a key must be text in double quotes\nwrite `\"{bare}\"`"));
                bare
            }
            Kind::Open(_) | Kind::Close(_) | Kind::Mark(_) | Kind::EndOfText => {
                self.tokens.error(
                    span,
                    "a key in double quotes is expected\nremove what stands here, or write a key before it",
                );
                return Expect::Item { first: true };
            }
        };
        if let Some(open) = self.open.last_mut() {
            open.key = Some(Spanned::new(key, span));
        }
        Expect::Colon
    }

    fn value(&mut self, span: Span, kind: Kind) -> Expect {
        match kind {
            Kind::Value(value) => self.put(Node::new(span, value)),
            Kind::Open(start) => {
                let inside = if start == '{' { Inside::Object(Vec::new()) } else { Inside::Array(Vec::new()) };
                self.open.push(Container { start: span.start, key: None, inside });
                Expect::Item { first: true }
            }
            Kind::Word => {
                let value = self.foreign_value(span);
                self.put(Node::new(span, value))
            }
            Kind::Close(end) if !self.open.is_empty() => {
                self.tokens.error(span, "a value is expected\nwrite one, or leave the key out");
                self.put(Node::new(Span::at(span.start), Value::Null));
                self.close(span, end)
            }
            Kind::Mark(',') if !self.open.is_empty() => {
                self.tokens.error(span, "a value is expected\nwrite one, or leave the key out");
                self.put(Node::new(Span::at(span.start), Value::Null));
                Expect::Item { first: false }
            }
            Kind::Close(_) | Kind::Mark(_) | Kind::EndOfText => {
                self.tokens.error(span, "a value is expected\nwrite one, or leave the key out");
                Expect::Value
            }
        }
    }

    /// What other languages write, as far as it is clear what it means.
    fn foreign_value(&mut self, span: Span) -> Value {
        let word = span.of(self.tokens.text);
        let bare = word.trim_matches(FOREIGN_QUOTES);
        let (value, cure) = match word.to_ascii_lowercase().as_str() {
            "true" => (Value::Bool(true), "write `true`".to_owned()),
            "false" => (Value::Bool(false), "write `false`".to_owned()),
            "none" | "nil" | "null" | "undefined" | "nan" => {
                (Value::Null, "write `null`, or leave the key out".to_owned())
            }
            _ if word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-')) => {
                let cure = "a number has plain digits, none of them a leading `0`; text stands in double quotes";
                (Value::Null, cure.to_owned())
            }
            _ => (Value::Text(bare.to_owned()), format!("text stands in double quotes: `\"{bare}\"`")),
        };
        self.tokens.error(span, &format!("this is no value in JSON\n{cure}"));
        value
    }

    fn close(&mut self, span: Span, end: char) -> Expect {
        let expected = self.end_expected();
        if end != expected {
            self.tokens.error(span, &format!("`{expected}` is expected\nclose first what was opened last"));
        }
        let Some(container) = self.open.pop() else { return Expect::EndOfText };
        let value = match container.inside {
            _ if self.open.len() >= DEEPEST_KEPT => Value::Null,
            Inside::Object(entries) => Value::Table(Table { entries: last_of_each_key(entries, &mut self.lost) }),
            Inside::Array(items) => Value::Array(items),
        };
        self.put(Node::new(Span::new(container.start, span.end), value))
    }

    /// Puts a value where it belongs.
    fn put(&mut self, mut node: Node) -> Expect {
        let text = self.tokens.text;
        let Some(Container { key, inside, .. }) = self.open.last_mut() else {
            self.root = Some(node);
            return Expect::EndOfText;
        };
        node.span = place_of(&node, key.as_ref().map(|key| key.span), text);
        match inside {
            Inside::Object(entries) => entries.extend(key.take().map(|key| Entry { key, value: node })),
            Inside::Array(items) => items.push(node),
        }
        Expect::CommaOrEnd
    }

    fn end_expected(&self) -> char {
        if self.waits_for_key() { '}' } else { ']' }
    }

    /// At the end of the text: whatever is open is told once, and counts as closed.
    fn finish(&mut self, end: Span, expect: Expect) {
        match (expect, self.open.last()) {
            (Expect::EndOfText, _) => {}
            _ if self.tokens.errors.len() >= MOST_ERRORS => {}
            (_, Some(open)) => {
                let start = Span::new(open.start, open.start + 1);
                if !self.tokens.is_torn {
                    let end = self.end_expected();
                    let said =
                        format!("this is never closed: `{end}` is missing\nwrite `{end}` behind the last of its items");
                    self.tokens.error(start, &said);
                }
            }
            _ => self.tokens.error(end, "the file is empty, which is no JSON\nwrite `{}` at least"),
        }
        while !self.open.is_empty() {
            let expected = self.end_expected();
            self.close(end, expected);
        }
        self.tokens.errors.sort_by_key(|error| error.span);
    }
}

fn last_of_each_key(entries: Vec<Entry>, lost: &mut Vec<Lost>) -> Vec<Entry> {
    let mut last = BTreeMap::new();
    for entry in &entries {
        if let Some(span) = last.insert(entry.key.value.clone(), entry.key.span) {
            lost.push(Lost { span, by: entry.key.span });
        }
    }
    let is_last = |entry: &Entry| last.get(&entry.key.value) == Some(&entry.key.span);
    entries.into_iter().filter(is_last).collect()
}

/// Cuts the text into tokens; what is none is told and passed over.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
    errors: Vec<SyntaxError>,
    /// The last text had no end: no wonder if a comma is missing behind it.
    is_torn: bool,
}

struct Token {
    span: Span,
    kind: Kind,
}

#[derive(PartialEq)]
enum Kind {
    /// `{` or `[`
    Open(char),
    /// `}` or `]`
    Close(char),
    /// `:` or `,`
    Mark(char),
    Value(Value),
    /// Characters that mean nothing in JSON.
    Word,
    EndOfText,
}

impl Tokens<'_> {
    fn error(&mut self, span: Span, message: &str) {
        self.errors.push(SyntaxError::new(span, message));
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn next(&mut self) -> Token {
        self.skip_space_and_comments();
        let start = self.at;
        let Some(first) = self.rest().chars().next() else {
            return Token { span: Span::at(start), kind: Kind::EndOfText };
        };
        let kind = match first {
            '{' | '[' => self.mark(Kind::Open(first)),
            '}' | ']' => self.mark(Kind::Close(first)),
            ':' | ',' => self.mark(Kind::Mark(first)),
            '"' => Kind::Value(Value::Text(self.string())),
            _ => self.word(),
        };
        Token { span: Span::new(start, self.at), kind }
    }

    fn mark(&mut self, kind: Kind) -> Kind {
        self.at += 1;
        kind
    }

    fn skip_space_and_comments(&mut self) {
        loop {
            let rest = self.rest();
            let start = self.at;
            let (len, why) = match rest.as_bytes() {
                [b' ' | b'\t' | b'\r' | b'\n', ..] => (rest.len() - rest.trim_start_matches(SPACE).len(), None),
                [b'/', b'/', ..] | [b'#', ..] => (rest.find('\n').unwrap_or(rest.len()), Some(NO_COMMENTS)),
                [b'/', b'*', ..] => (rest.find("*/").map_or(rest.len(), |end| end + 2), Some(NO_COMMENTS)),
                _ if start == 0 && rest.starts_with(BYTE_ORDER_MARK) => (
                    BYTE_ORDER_MARK.len_utf8(),
                    Some("a byte-order mark: flyctl cannot read it\nsave the file as UTF-8 without one"),
                ),
                _ => return,
            };
            self.at += len;
            if let Some(why) = why {
                self.error(Span::new(start, self.at), why);
            }
        }
    }

    /// A number, `true`, `false`, `null`, or something that is none of them.
    fn word(&mut self) -> Kind {
        let start = self.at;
        let rest = self.rest();
        let ends_word = |c: char| SPACE.contains(&c) || matches!(c, '{' | '}' | '[' | ']' | ':' | ',' | '"');
        let len = if rest.starts_with(FOREIGN_QUOTES) {
            foreign_quoted(rest)
        } else {
            rest.find(ends_word).unwrap_or(rest.len())
        };
        let word = &rest[..len];
        let value = match word {
            "null" => Some(Value::Null),
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ if is_number(word) => word.parse().ok().map(Value::Float),
            _ => None,
        };
        self.at += len;
        match value {
            Some(Value::Float(number)) if number.is_infinite() => {
                self.error(Span::new(start, self.at), "the number is too large");
                Kind::Value(Value::Null)
            }
            Some(value) => Kind::Value(value),
            None => Kind::Word,
        }
    }

    /// The text up to the closing quote; without one, up to the end of the line.
    fn string(&mut self) -> String {
        let start = self.at;
        self.at += 1;
        let mut out = String::new();
        loop {
            let plain = self.rest().find(|c: char| c == '"' || c == '\\' || c < ' ').unwrap_or(self.rest().len());
            out.push_str(&self.rest()[..plain]);
            self.at += plain;
            match self.rest().bytes().next() {
                Some(b'"') => {
                    self.at += 1;
                    return out;
                }
                Some(b'\\') => self.escape(&mut out),
                Some(control) if control != b'\n' => {
                    let message =
                        format!("the control character U+{control:04X} cannot stand in text\nwrite `\\u{control:04x}`");
                    self.error(Span::new(self.at, self.at + 1), &message);
                    self.at += 1;
                }
                _ => {
                    let cure = "write `\"` where the text ends; a line break in it is written `\\n`";
                    self.error(
                        Span::new(start, self.at),
                        &format!("the closing quote is missing on this line\n{cure}"),
                    );
                    self.is_torn = true;
                    if !self.rest().trim_start().starts_with(['"', '}', ']']) {
                        self.at = self.text.len(); // The text goes on: nothing behind it can be made out.
                    }
                    return out;
                }
            }
        }
    }

    fn escape(&mut self, out: &mut String) {
        let escaped = match self.rest().as_bytes().get(1) {
            Some(b'u') => return self.unicode_escape(out),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(literal @ (b'"' | b'\\' | b'/')) => char::from(*literal),
            _ => {
                self.error(Span::new(self.at, self.at + 1), "no such escape\na backslash itself is written `\\\\`");
                self.at += 1;
                return;
            }
        };
        out.push(escaped);
        self.at += 2;
    }

    /// Halves of a surrogate pair that stand alone become U+FFFD.
    fn unicode_escape(&mut self, out: &mut String) {
        let Some(unit) = code_unit(self.rest()) else {
            self.error(Span::new(self.at, self.at + 2), "`\\u` takes four hexadecimal digits");
            self.at += 2;
            return;
        };
        self.at += ESCAPE_LEN;
        let pair = code_unit(self.rest()).and_then(|low| char::decode_utf16([unit, low]).next()?.ok());
        match (char::from_u32(u32::from(unit)), pair) {
            (Some(character), _) => out.push(character),
            (None, Some(character)) => {
                out.push(character);
                self.at += ESCAPE_LEN;
            }
            (None, None) => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
}

/// The number behind `\u`.
fn code_unit(rest: &str) -> Option<u16> {
    let digits = rest.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

/// The length of a text in quotes that are none in JSON, on one line.
fn foreign_quoted(rest: &str) -> usize {
    let opening = rest.chars().next().map_or(0, char::len_utf8);
    let behind = &rest[opening..];
    let end = behind.find(|c| c == '\n' || FOREIGN_QUOTES.contains(&c)).unwrap_or(behind.len());
    let closing = behind[end..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
    opening + end + closing
}

/// JSON's own numbers; Rust and Go parse more.
fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match word.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (word, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

/// As deep as flyctl reads.
const DEEPEST: usize = 10_000;

/// Behind so many errors a text is hardly JSON.
const MOST_ERRORS: usize = 20;

const SPACE: &[char] = &[' ', '\t', '\r', '\n'];
const ESCAPE_LEN: usize = "\\u0000".len();
const BYTE_ORDER_MARK: char = '\u{feff}';
const NO_COMMENTS: &str = "JSON has no comments\nremove it; fly.toml and fly.yaml may have comments";
const FOREIGN_QUOTES: &[char] = &['\'', '`', '“', '”', '„', '‘', '’', '‚'];
