//! The tokens of JSON, and what is wrong within one. Knows nothing of what may follow what.

use super::super::{SyntaxError, Value};
use crate::span::Span;

/// Cuts the text into tokens; what is none is told and passed over.
pub(super) struct Tokens<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) errors: Vec<SyntaxError>,
    /// The last text had no end: no wonder if a comma is missing behind it.
    pub(super) is_torn: bool,
}

pub(super) struct Token {
    pub(super) span: Span,
    pub(super) kind: Kind,
}

#[derive(PartialEq)]
pub(super) enum Kind {
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

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, errors: Vec::new(), is_torn: false }
    }

    pub(super) fn error(&mut self, span: Span, message: &str) {
        self.errors.push(SyntaxError::new(span, message));
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    pub(super) fn next(&mut self) -> Token {
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

const SPACE: &[char] = &[' ', '\t', '\r', '\n'];
const ESCAPE_LEN: usize = "\\u0000".len();
const BYTE_ORDER_MARK: char = '\u{feff}';
const NO_COMMENTS: &str = "JSON has no comments\nremove it; fly.toml and fly.yaml may have comments";
pub(super) const FOREIGN_QUOTES: &[char] = &['\'', '`', '“', '”', '„', '‘', '’', '‚'];
