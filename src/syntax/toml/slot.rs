//! Whether a header, a key or a value is being written at a place of TOML, by the tokens before it.

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use super::super::SlotKind;
use super::super::slot::Draft;
use super::{Piece, pieces};
use crate::span::Span;

pub(in crate::syntax) fn draft(text: &str, offset: usize) -> Option<Draft> {
    let pieces = pieces(Source::new(text));
    let mut walk = Walk::default();
    let mut at = 0;
    while let Some(piece) = pieces.get(at).filter(|piece| piece.span.end <= offset) {
        let is_touched = piece.span.end == offset && (piece.is_word() || piece.kind == TokenKind::Comment);
        if is_touched {
            break;
        }
        walk.pass(piece, &pieces[at + 1..]);
        at += 1;
    }
    let touched = pieces.get(at).filter(|piece| piece.span.start <= offset && piece.kind != TokenKind::Newline);
    if touched.is_some_and(|piece| piece.kind == TokenKind::Comment && piece.span.start < offset) {
        return None;
    }
    let word = touched.filter(|piece| piece.is_word());
    let span = word.map_or(Span::at(offset), |word| written(word, text, offset));
    let closing = walk.open.iter().rev().map(|open| if *open == Open::List { ']' } else { '}' }).collect();
    match walk.phase {
        Phase::Header { start } => header(text, start, offset),
        Phase::Key { begins_line } => {
            let mut behind = pieces[at..].iter().filter(|piece| piece.span.start >= span.end);
            let next = behind.find(|piece| piece.kind != TokenKind::Whitespace);
            let has_value = next.is_some_and(|next| matches!(next.kind, TokenKind::Equals | TokenKind::Dot));
            Some(Draft { kind: SlotKind::Key { has_value, begins_line }, span, closing })
        }
        Phase::Value if !span.of(text).contains('\n') => {
            Some(Draft { kind: SlotKind::Value { in_list: walk.open.last() == Some(&Open::List) }, span, closing })
        }
        Phase::Value | Phase::BehindKey | Phase::Done => None,
    }
}

/// A text without its closing quote ends where it is being written: what follows on the line is
/// something else.
fn written(word: &Piece, text: &str, offset: usize) -> Span {
    let written = word.span.of(text);
    let quote = written.chars().next().filter(|first| matches!(first, '"' | '\''));
    let is_open = quote.is_some_and(|quote| written.len() == 1 || !written.ends_with(quote));
    if is_open { Span::new(word.span.start, offset) } else { word.span }
}

/// From its first bracket to the end of its last, or of its name.
fn header(text: &str, start: usize, offset: usize) -> Option<Draft> {
    if text[start..offset].contains(']') {
        return None;
    }
    let line = text[start..].lines().next().unwrap_or_default();
    let name = line.find([']', '#', '=']).unwrap_or(line.len());
    let closing = line[name..].bytes().take_while(|byte| *byte == b']').count();
    let end = if closing > 0 { name + closing } else { line[..name].trim_end().len() };
    let is_double = line.starts_with("[[");
    let span = Span::new(start, offset.max(start + end));
    Some(Draft { kind: SlotKind::Header { is_double }, span, closing: String::new() })
}

/// What is open at a place.
#[derive(Default)]
struct Walk {
    open: Vec<Open>,
    phase: Phase,
    /// The last token that is no blank.
    last: Option<TokenKind>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    List,
    Table,
}

#[derive(Clone, Copy)]
enum Phase {
    Header {
        start: usize,
    },
    Key {
        begins_line: bool,
    },
    /// Behind a part of a key.
    BehindKey,
    Value,
    /// Behind a value.
    Done,
}

impl Default for Phase {
    fn default() -> Self {
        Self::Key { begins_line: true }
    }
}

impl Walk {
    fn pass(&mut self, piece: &Piece, next: &[Piece]) {
        match (piece.kind, self.phase) {
            (TokenKind::Newline, _) => {
                if self.is_over(next) {
                    *self = Self::default();
                }
                return;
            }
            (TokenKind::Whitespace | TokenKind::Comment, _) | (_, Phase::Header { .. }) => return,
            (TokenKind::LeftSquareBracket, Phase::Key { begins_line: true }) => {
                self.phase = Phase::Header { start: piece.span.start };
            }
            (TokenKind::LeftSquareBracket, _) => self.begin(Open::List, Phase::Value),
            (TokenKind::LeftCurlyBracket, _) => self.begin(Open::Table, Phase::Key { begins_line: false }),
            (TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket, _) => {
                self.open.pop();
                self.phase = Phase::Done;
            }
            (TokenKind::Equals, _) => self.phase = Phase::Value,
            (TokenKind::Comma, _) => {
                self.phase = match self.open.last() {
                    Some(Open::List) => Phase::Value,
                    Some(Open::Table) => Phase::Key { begins_line: false },
                    None => Phase::Done,
                }
            }
            (TokenKind::Dot, Phase::BehindKey) => self.phase = Phase::Key { begins_line: false },
            (_, Phase::Key { .. }) => self.phase = Phase::BehindKey,
            _ => self.phase = Phase::Done,
        }
        self.last = Some(piece.kind);
    }

    fn begin(&mut self, open: Open, phase: Phase) {
        self.open.push(open);
        self.phase = phase;
    }

    /// Whether the line that has ended was the statement's last: also where a bracket is missing.
    fn is_over(&self, next: &[Piece]) -> bool {
        let mut next = next.iter().filter(|piece| piece.kind != TokenKind::Whitespace);
        let (first, second) = (next.next(), next.next());
        let is = |piece: Option<&Piece>, kind| piece.is_some_and(|piece| piece.kind == kind);
        match self.open.last() {
            None => true,
            Some(Open::List) => {
                let begins_header = is(first, TokenKind::LeftSquareBracket)
                    && (second.is_some_and(|piece| piece.begins_a_word) || is(second, TokenKind::LeftSquareBracket));
                is(second, TokenKind::Equals) || begins_header
            }
            Some(Open::Table) => !matches!(self.last, Some(TokenKind::Comma | TokenKind::LeftCurlyBracket)),
        }
    }
}
