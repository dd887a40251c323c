//! What is wrong with a statement that is not TOML: in words, with the cure, and what was probably
//! meant. Knows one statement, and nothing around it.

mod value;

use toml::de::Error;
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use self::value::Value;
use super::super::SyntaxError;
use super::{Piece, pieces};
use crate::span::Span;

pub(super) struct Fault {
    /// In the statement.
    pub(super) at: Span,
    pub(super) message: String,
    pub(super) help: String,
    /// The statement, mended.
    pub(super) repaired: Option<String>,
    /// A line that a merge left behind.
    pub(super) is_conflict: bool,
    /// The quote that begins a text, if that may go on below.
    pub(super) opens: Option<char>,
}

/// `error`: what the parser says of it, for what nothing here knows better.
pub(super) fn of_statement(text: &str, error: &Error) -> Fault {
    let pieces: Vec<Piece> = pieces(Source::new(text)).into_iter().filter(|piece| !piece.is_space()).collect();
    let statement = Statement { text, pieces: &pieces };
    let place: Span = error.span().unwrap_or(0..text.len()).into();
    let found = statement.stray_character().or_else(|| match pieces.first().map(|piece| piece.kind) {
        Some(TokenKind::LeftSquareBracket) => statement.header(),
        _ => statement.entry(place),
    });
    found.unwrap_or_else(|| {
        let help = "`key = value`, `[table]` and `[[list]]` are what a line can be";
        Fault::new(place, format!("this cannot be read: {}", error.message()), help)
    })
}

/// An error of the parser that no statement accounts for.
pub(super) fn between_statements(text: &str, error: &Error) -> SyntaxError {
    let span: Span = error.span().unwrap_or(text.len()..text.len()).into();
    let before = text[..span.start].chars().next_back();
    if before == Some('\r') || span.of(text).starts_with('\r') {
        let help = "end the lines with `\\n` or `\\r\\n`".to_owned();
        return SyntaxError::new(span, LONE_RETURN).help(help);
    }
    let stray = span.of(text).chars().chain(text[span.start..].chars().next()).find(|c| c.is_control() && *c != '\n');
    match stray {
        Some(stray) => {
            let code = u32::from(stray);
            SyntaxError::new(span, format!("the control character U+{code:04X} cannot stand in TOML\nremove it"))
        }
        None => SyntaxError::new(span, error.message()),
    }
}

impl Fault {
    fn new(at: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: help.into(), repaired: None, is_conflict: false, opens: None }
    }

    fn repaired(self, text: impl Into<String>) -> Option<Self> {
        Some(Self { repaired: Some(text.into()), ..self })
    }
}

struct Statement<'a> {
    text: &'a str,
    /// Without blanks, line ends and comments.
    pieces: &'a [Piece],
}

impl<'a> Statement<'a> {
    fn of(&self, piece: &Piece) -> &'a str {
        piece.span.of(self.text)
    }

    /// The text with something else at `span`.
    fn with(&self, span: Span, meant: &str) -> String {
        format!("{}{meant}{}", &self.text[..span.start], &self.text[span.end..])
    }

    fn from(&self, piece: &Piece) -> Span {
        Span::new(piece.span.start, self.text.len())
    }

    /// What nobody sees: control characters anywhere, others outside of texts.
    fn stray_character(&self) -> Option<Fault> {
        let is_in_text = |at: usize| {
            let before = self.pieces.partition_point(|piece| piece.span.start <= at);
            let piece = before.checked_sub(1).map(|last| &self.pieces[last]);
            piece.is_some_and(|piece| piece.is_text() && piece.span.contains(at))
        };
        let is_stray = |(at, c): &(usize, char)| {
            c.is_control() && !matches!(c, '\t' | '\n' | '\r') || UNSEEN.contains(c) && !is_in_text(*at)
        };
        let (at, character) = self.text.char_indices().find(is_stray)?;
        let span = Span::new(at, at + character.len_utf8());
        let code = format!("U+{:04X}", u32::from(character));
        let (message, help) = if character.is_control() {
            let help = format!("remove it, or write `\\u{:04X}` within double quotes", u32::from(character));
            (format!("the control character {code} cannot stand in TOML"), help)
        } else {
            let help = "write a plain blank, or nothing".to_owned();
            (format!("the invisible character {code} stands here"), help)
        };
        let meant = if character.is_whitespace() && !character.is_control() { " " } else { "" };
        Fault::new(span, message, help).repaired(self.with(span, meant))
    }

    fn header(&self) -> Option<Fault> {
        let is_open = |piece: &&Piece| piece.kind == TokenKind::LeftSquareBracket;
        let is_close = |piece: &Piece| piece.kind == TokenKind::RightSquareBracket;
        let opened = self.pieces.iter().take_while(is_open).count();
        let closing = self.pieces.iter().position(is_close);
        let name = &self.pieces[opened..closing.unwrap_or(self.pieces.len())];
        let all = Span::new(0, self.text.len());
        if name.iter().any(|piece| !self.is_closed(piece)) {
            return Some(Fault::new(all, "the name of the table has no closing quote", "put the quote before the `]`"));
        }
        let Some(closing) = closing else {
            let whole = format!("{}{}", self.text, "]".repeat(opened));
            let help = format!("write `{whole}`");
            return Fault::new(all, format!("`{}` has no closing `]`", self.text), help).repaired(whole);
        };
        let closed = self.pieces[closing..].iter().take_while(|piece| is_close(piece)).count();
        let last = &self.pieces[closing + closed - 1];
        let header = Span::new(0, last.span.end);
        if opened != closed && opened.max(closed) == 2 {
            let name = self.text[self.pieces[opened - 1].span.end..self.pieces[closing].span.start].trim();
            let number = |count| if count == 1 { "one bracket" } else { "two" };
            let message =
                format!("`{}` opens with {} and closes with {}", header.of(self.text), number(opened), number(closed));
            let help = format!("write `[[{name}]]` for one of a list, `[{name}]` for a table that there is once");
            return Fault::new(header, message, help).repaired(self.with(header, &format!("[[{name}]]")));
        }
        if name.is_empty() {
            return Some(Fault::new(header, "this header names no table", "write its name between the brackets"));
        }
        if let Some(behind) = self.pieces.get(closing + closed) {
            let help = format!("begin a new line behind `{}`", header.of(self.text));
            let fault = Fault::new(self.from(behind), "only a comment may follow a header on its line", help);
            return fault.repaired(self.with(Span::at(behind.span.start), "\n"));
        }
        let are_apart = |pair: &[Piece]| pair[0].is_word() && pair[1].is_word();
        name.windows(2).any(are_apart).then(|| {
            Fault::new(
                header,
                "the name of a table has no blank in it",
                "write `_` for the blank, or put the name in quotes",
            )
        })
    }

    fn entry(&self, place: Span) -> Option<Fault> {
        let first = self.pieces.first()?;
        let word = self.of(first);
        if COMMENT_STARTS.iter().any(|start| word.starts_with(start)) {
            return self.foreign_comment(first.span.start);
        }
        if [CONFLICT_START, CONFLICT_MIDDLE, CONFLICT_END].iter().any(|mark| self.text.starts_with(mark)) {
            let help = "keep one of the two sides, and remove the lines of `<`, `=` and `>`";
            let fault = Fault::new(Span::new(0, self.text.len()), "a conflict of a merge is left in the file", help);
            return Some(Fault { is_conflict: true, ..fault });
        }
        if first.kind == TokenKind::LeftCurlyBracket {
            let help = "flyctl reads JSON from a file whose name ends in `.json`";
            return Some(Fault::new(first.span, "this is JSON, or text without quotes, and no TOML", help));
        }
        let equals = self.pieces.iter().position(|piece| piece.kind == TokenKind::Equals);
        match equals {
            Some(at) if at > 0 => self.key(at, place).or_else(|| self.after_equals(at, place)),
            Some(_) => Some(Fault::new(first.span, "no key stands before this `=`", "write `key = value`")),
            None => self.without_equals(first),
        }
    }

    fn foreign_comment(&self, start: usize) -> Option<Fault> {
        let span = Span::new(start, start + 2);
        Fault::new(span, format!("`{}` begins no comment in TOML", span.of(self.text)), "a comment begins with `#`")
            .repaired(self.with(span, "#"))
    }

    fn without_equals(&self, first: &Piece) -> Option<Fault> {
        let word = self.of(first);
        if !self.is_closed(first) {
            return Some(Fault::new(first.span, "the key has no closing quote", "put the quote behind the key"));
        }
        if word.contains(['"', '\'']) && !first.is_text() {
            return Some(Fault::new(
                first.span,
                "a quote stands here alone",
                "this may be the end of a text that began above",
            ));
        }
        let colon = match self.pieces.get(1) {
            _ if !first.is_text() && word.contains(':') => first.span.start + word.find(':')?,
            Some(next) if self.of(next).starts_with(':') => next.span.start,
            Some(next) if first.is_word() => {
                let help = format!("write `{word} = ...`");
                let fault = Fault::new(first.span, format!("`=` is missing behind `{word}`"), help);
                return fault.repaired(self.with(Span::at(next.span.start), "= "));
            }
            _ if first.is_word() && first.span.of(self.text) == self.text => {
                let help = format!("write `{word} = ...`, or remove the line");
                return Some(Fault::new(first.span, format!("`{word}` has no value"), help));
            }
            _ => return None,
        };
        let span = Span::new(colon, colon + 1);
        let key = self.text[..colon].trim();
        let behind = self.text[colon + 1..].trim();
        if behind.is_empty() {
            let help = format!("write `[{key}]`; YAML belongs into a file whose name ends in `.yaml`");
            let fault = Fault::new(span, "`:` begins no table in TOML", help);
            return fault.repaired(format!("[{key}]"));
        }
        let help = format!("write `{key} = ...`");
        Fault::new(span, "`:` stands where TOML writes `=`", help)
            .repaired(self.with(Span::new(key.len(), colon + 1), " ="))
    }

    /// Everything before the `=`, which is the piece `equals`.
    fn key(&self, equals: usize, place: Span) -> Option<Fault> {
        let pieces = &self.pieces[..equals];
        let last = pieces.last()?;
        let sign = self.pieces[equals].span;
        if let Some(word) = self.of(last).strip_suffix(':').filter(|_| !last.is_text()) {
            let colon = Span::new(last.span.start + word.len(), last.span.end);
            let fault = Fault::new(colon.to(sign), "`=` alone stands between a key and its value", "remove the `:`");
            return fault.repaired(self.with(colon, ""));
        }
        let behind = &self.text[sign.end..];
        let blanks = behind.len() - behind.trim_start_matches([' ', '\t']).len();
        if behind[blanks..].starts_with(['=', '>']) {
            let extra = Span::new(sign.end + blanks, sign.end + blanks + 1);
            let help = format!("remove the second sign: `{}`", extra.of(self.text));
            let fault = Fault::new(sign.to(extra), "one `=` stands between a key and its value", help);
            return fault.repaired(self.with(extra, ""));
        }
        let key = Span::new(pieces[0].span.start, last.span.end);
        if pieces.iter().any(|piece| piece.is_text() && !self.is_closed(piece)) {
            return Some(Fault::new(key, "the key has no closing quote", "put the quote behind the key"));
        }
        if place.start >= sign.start {
            return None;
        }
        let written = key.of(self.text);
        let quoted = format!("\"{written}\"");
        let help = "other keys stand in quotes";
        let fault = Fault::new(key, "a key without quotes has only letters, digits, `_` and `-`", help);
        if written.contains(['"', '\\']) { Some(fault) } else { fault.repaired(self.with(key, &quoted)) }
    }

    fn after_equals(&self, equals: usize, place: Span) -> Option<Fault> {
        let key = self.text[..self.pieces[equals].span.start].trim();
        let pieces = &self.pieces[equals + 1..];
        let Some(first) = pieces.first() else {
            let help = format!("write one behind the `=`, text in double quotes, or remove the line: {UNSET}");
            return Some(Fault::new(Span::new(0, self.text.len()), format!("`{key}` has no value"), help));
        };
        Value::new(self, pieces, first).fault(place)
    }

    fn is_closed(&self, piece: &Piece) -> bool {
        let text = self.of(piece);
        let marks = match piece.kind {
            TokenKind::BasicString => "\"",
            TokenKind::LiteralString => "'",
            TokenKind::MlBasicString => "\"\"\"",
            TokenKind::MlLiteralString => "'''",
            _ => return true,
        };
        text.len() >= 2 * marks.len() && text.ends_with(marks)
    }
}

const COMMENT_STARTS: [&str; 2] = ["//", "/*"];

pub(super) const CONFLICT_START: &str = "<<<<<<<";
pub(super) const CONFLICT_MIDDLE: &str = "=======";
pub(super) const CONFLICT_END: &str = ">>>>>>>";

/// Blanks that are none to TOML, and what has no width.
const UNSEEN: [char; 8] =
    ['\u{a0}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{202f}', '\u{2060}', '\u{3000}', '\u{feff}'];

pub(super) const LONE_RETURN: &str = "a carriage return alone ends no line";

const UNSET: &str = "what is not there is unset";
