//! A text that is not TOML, made into TOML as far as one can tell what was meant: each statement
//! that cannot be read by itself is told once, and mended, or left out with what it rules over.

use toml::de::DeTable;
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use super::super::SyntaxError;
use super::fault::{self, Fault};
use super::{Piece, pieces};
use crate::diagnostic::Edit;
use crate::span::Span;

pub(super) struct Mended {
    pub(super) text: String,
    /// One for each statement, in order.
    pub(super) errors: Vec<SyntaxError>,
    pub(super) changes: Changes,
}

pub(super) fn mend(text: &str) -> Mended {
    let mut mended =
        Mended { text: String::with_capacity(text.len()), errors: Vec::new(), changes: Changes::default() };
    let mut at = 0;
    let (mut is_lost, mut in_conflict, mut open_quote) = (false, false, None);
    for statement in statements(text) {
        mended.text.push_str(&text[at..statement.start]);
        at = statement.end;
        let written = statement.of(text);
        if in_conflict {
            in_conflict = !written.starts_with(fault::CONFLICT_END);
            mended.replace(statement, written, "");
            continue;
        }
        is_lost &= !written.starts_with('[');
        let found = error_in(written).map(|error| fault::of_statement(written, &error));
        let meant = match &found {
            _ if is_lost => Some(String::new()),
            Some(_) => repaired(written),
            None => None,
        };
        is_lost |= found.is_some() && meant.is_none() && written.starts_with('[');
        in_conflict = written.starts_with(fault::CONFLICT_MIDDLE);
        match (&found, &meant) {
            (None, None) => mended.text.push_str(written),
            (None, Some(_)) | (Some(_), None) => mended.replace(statement, written, ""),
            (Some(_), Some(meant)) => mended.replace(statement, written, meant),
        }
        // The rest of a text of many lines is no fault of its own.
        let is_rest = found.is_some() && open_quote.is_some() && !written.contains('=');
        open_quote = match &found {
            Some(fault) if !is_rest => fault.opens,
            Some(_) => open_quote.filter(|quote| !written.contains(*quote)),
            None => None,
        };
        let is_told = |fault: &Fault| !is_rest && (!fault.is_conflict || written.starts_with(fault::CONFLICT_START));
        if let Some(fault) = found.filter(is_told) {
            let cure = meant.filter(|meant| !meant.is_empty()).map(|meant| change(statement, written, &meant));
            let span = Span::new(statement.start + fault.at.start, statement.start + fault.at.end);
            let cure = cure.map(Box::new);
            mended.errors.push(SyntaxError { cure, ..SyntaxError::new(span, fault.message).help(fault.help) });
        }
    }
    mended.text.push_str(&text[at..]);
    mended
}

impl Mended {
    /// `written` has just been passed over.
    fn replace(&mut self, place: Span, written: &str, meant: &str) {
        let edit = change(place, written, meant);
        let before = edit.span.start - place.start;
        let start = self.text.len() + before;
        self.changes.0.push((edit.span, Span::new(start, start + edit.text.len())));
        self.text.push_str(meant);
    }
}

/// Where the mended text differs from the one written: the place in that, and in this.
#[derive(Default)]
pub(super) struct Changes(Vec<(Span, Span)>);

impl Changes {
    /// Where that stands in the text as written which stands at `span` in the mended one.
    pub(super) fn written(&self, span: Span) -> Span {
        let start = self.offset(span.start, |written| written.start);
        let end = self.offset(span.end, |written| written.end);
        Span::new(start, end.max(start))
    }

    fn offset(&self, offset: usize, inside: impl Fn(Span) -> usize) -> usize {
        let next = self.0.partition_point(|(_, mended)| mended.start <= offset);
        match next.checked_sub(1).map(|last| self.0[last]) {
            None => offset,
            Some((written, mended)) if offset == mended.start => written.start,
            Some((written, mended)) if offset < mended.end => inside(written),
            Some((written, mended)) => written.end + (offset - mended.end),
        }
    }
}

/// The least edit that makes the one of the other.
fn change(place: Span, written: &str, meant: &str) -> Edit {
    let alike = |(a, b): &(char, char)| a == b;
    let width = |(c, _): (char, char)| c.len_utf8();
    let before: usize = written.chars().zip(meant.chars()).take_while(alike).map(width).sum();
    let (left, right) = (&written[before..], &meant[before..]);
    let behind: usize = left.chars().rev().zip(right.chars().rev()).take_while(alike).map(width).sum();
    let span = Span::new(place.start + before, place.end - behind);
    Edit { span, text: right[..right.len() - behind].to_owned() }
}

/// What was meant, if after a few steps it can be read.
fn repaired(written: &str) -> Option<String> {
    let mut text = written.to_owned();
    for _ in 0..MOST_REPAIRS {
        let Some(error) = error_in(&text) else { return Some(text) };
        text = fault::of_statement(&text, &error).repaired?;
    }
    error_in(&text).is_none().then_some(text)
}

fn error_in(statement: &str) -> Option<toml::de::Error> {
    DeTable::parse_recoverable(statement).1.into_iter().next()
}

/// Where each header and each entry stands. A list that is not closed ends before the line that
/// begins another statement.
pub(super) fn statements(text: &str) -> Vec<Span> {
    let pieces = pieces(Source::new(text));
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = pieces.get(at) {
        if first.is_space() {
            at += 1;
            continue;
        }
        let end = statement_end(&pieces, at);
        let last = pieces[at..end].iter().rposition(|piece| !piece.is_space()).unwrap_or(0);
        found.push(first.span.to(pieces[at + last].span));
        at = end;
    }
    found
}

fn statement_end(pieces: &[Piece], start: usize) -> usize {
    let is_header = pieces[start].kind == TokenKind::LeftSquareBracket;
    let mut open = Vec::new();
    for (at, piece) in pieces.iter().enumerate().skip(start) {
        match piece.kind {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket if !is_header => open.push(piece.kind),
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                open.pop();
            }
            TokenKind::Newline => match open.last() {
                None => return at,
                Some(innermost) if begins_another(&pieces[at..], *innermost) => return at,
                Some(_) => {}
            },
            _ => {}
        }
    }
    pieces.len()
}

/// Whether the next line can only be a statement of its own, inside what is still `open`.
fn begins_another(pieces: &[Piece], open: TokenKind) -> bool {
    let line = pieces[1..].split(|piece| piece.kind == TokenKind::Newline).next().unwrap_or_default();
    let kinds: Vec<TokenKind> = line.iter().filter(|piece| !piece.is_space()).map(|piece| piece.kind).collect();
    let bare = |kind: &TokenKind| matches!(kind, TokenKind::Atom | TokenKind::Dot);
    let is_name = |kinds: &[TokenKind]| kinds.first() == Some(&TokenKind::Atom) && kinds.iter().all(bare);
    match kinds.as_slice() {
        [
            TokenKind::LeftSquareBracket,
            TokenKind::LeftSquareBracket,
            name @ ..,
            TokenKind::RightSquareBracket,
            TokenKind::RightSquareBracket,
        ]
        | [TokenKind::LeftSquareBracket, name @ .., TokenKind::RightSquareBracket] => {
            let first = line.iter().find(|piece| piece.kind == TokenKind::Atom);
            is_name(name) && first.is_some_and(|piece| piece.begins_a_word)
        }
        [TokenKind::Atom, rest @ ..] if open == TokenKind::LeftSquareBracket => {
            rest.iter().find(|kind| !bare(kind)) == Some(&TokenKind::Equals)
        }
        _ => false,
    }
}

/// A line may have some faults at once; each repair leads to the next.
const MOST_REPAIRS: usize = 4;
