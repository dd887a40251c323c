//! What is wrong with a statement that is not TOML: in words, with the cure, and what was probably
//! meant. Knows one statement, and nothing around it.

use toml::de::Error;
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

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
        let is_in_text = |at: usize| self.pieces.iter().any(|piece| piece.is_text() && piece.span.contains(at));
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
        let value = Value { statement: self, pieces, first, span: self.from(first) };
        value.fault(place)
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

/// Everything behind the `=`.
struct Value<'a> {
    statement: &'a Statement<'a>,
    pieces: &'a [Piece],
    first: &'a Piece,
    span: Span,
}

impl Value<'_> {
    fn fault(&self, place: Span) -> Option<Fault> {
        self.typographic_quote()
            .or_else(|| self.placeholder())
            .or_else(|| self.unclosed_text())
            .or_else(|| self.escape())
            .or_else(|| self.unclosed_bracket())
            .or_else(|| self.is_container().then(|| self.item(place)).flatten())
            .or_else(|| (!self.is_container()).then(|| self.behind_text().or_else(|| self.word())).flatten())
    }

    fn text(&self) -> &str {
        self.span.of(self.statement.text)
    }

    fn is_container(&self) -> bool {
        matches!(self.first.kind, TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket)
    }

    fn typographic_quote(&self) -> Option<Fault> {
        let text = self.statement.text;
        let outside = self.pieces.iter().filter(|piece| piece.kind == TokenKind::Atom);
        let mut places = outside.flat_map(|piece| {
            let offset = |(at, c): (usize, char)| (piece.span.start + at, c);
            piece.span.of(text).char_indices().map(offset).filter(|(_, c)| plain_quote(*c).is_some())
        });
        let (at, quote) = places.next()?;
        let span = Span::new(at, at + quote.len_utf8());
        let meant: String = self.text().chars().map(|c| plain_quote(c).unwrap_or(c)).collect();
        let message = format!("`{quote}` is a typographic quote, which means nothing in TOML");
        Fault::new(span, message, "write plain quotes: `\"` or `'`").repaired(self.statement.with(self.span, &meant))
    }

    fn placeholder(&self) -> Option<Fault> {
        let text = self.text();
        if !["{{", "{%", "${", "<%", "$"].iter().any(|start| text.starts_with(start)) {
            return None;
        }
        let help = "put it in quotes, or check the file that is made of the template";
        let fault = Fault::new(self.span, format!("`{text}` is a placeholder, and no value"), help);
        if text.contains(['"', '\\', '\n']) {
            return Some(fault);
        }
        fault.repaired(self.statement.with(self.span, &format!("\"{text}\"")))
    }

    fn unclosed_text(&self) -> Option<Fault> {
        let at = self.pieces.iter().position(|piece| !self.statement.is_closed(piece))?;
        let piece = &self.pieces[at];
        let written = self.statement.of(piece);
        let quote = if written.starts_with('"') { "\"" } else { "'" };
        if matches!(piece.kind, TokenKind::MlBasicString | TokenKind::MlLiteralString) {
            let quotes = quote.repeat(3);
            let opening = Span::new(piece.span.start, piece.span.start + quotes.len());
            let help = format!("write {quotes} behind its end; all that follows counts as text until then");
            return Some(Fault::new(opening, format!("the text that begins with {quotes} here is never closed"), help));
        }
        if at > 0 && !self.is_container() && written == quote {
            let words = self.text().trim_end_matches(quote);
            if words.contains(quote) {
                return self.behind_text();
            }
            let fault =
                Fault::new(self.span, "the text has no opening quote", format!("write `{quote}{words}{quote}`"));
            return fault.repaired(self.statement.with(Span::at(self.span.start), quote));
        }
        if at > 0 && !self.is_container() {
            return self.behind_text();
        }
        let help = format!("write `{quote}` where the text ends; a text of more lines stands in `{}`", quote.repeat(3));
        let fault = Fault::new(piece.span, "the text has no closing quote on its line", help);
        let end = written.trim_end_matches([',', ']', '}', ' ']).len();
        let end = piece.span.start + if self.is_container() { end } else { written.trim_end().len() };
        let fault = Fault { opens: quote.chars().next(), ..fault };
        fault.repaired(self.statement.with(Span::at(end), quote))
    }

    fn escape(&self) -> Option<Fault> {
        let is_basic = |piece: &&Piece| matches!(piece.kind, TokenKind::BasicString | TokenKind::MlBasicString);
        let places: Vec<usize> =
            self.pieces.iter().filter(is_basic).flat_map(|piece| self.wrong_escapes(piece)).collect();
        let first = *places.first()?;
        let text = self.statement.text;
        let escaped = text[first + 1..].chars().next().unwrap_or_default();
        let span = Span::new(first, first + 1 + escaped.len_utf8());
        let starts = [0].into_iter().chain(places.iter().copied());
        let ends = places.iter().copied().chain([text.len()]);
        let meant = starts.zip(ends).map(|(start, end)| &text[start..end]).collect::<Vec<_>>().join("\\");
        let help = "write `\\\\` for a backslash, or put the text in single quotes, where it means itself";
        Fault::new(span, format!("`{}` is no escape that TOML knows", span.of(text)), help).repaired(meant)
    }

    /// Where the backslashes are that begin no escape.
    fn wrong_escapes(&self, piece: &Piece) -> Vec<usize> {
        let text = self.statement.of(piece);
        let mut wrong = Vec::new();
        let mut characters = text.char_indices();
        while let Some((at, c)) = characters.next() {
            if c != '\\' {
                continue;
            }
            let behind = &text[at + 1..];
            let digits = match characters.next().map(|(_, escaped)| escaped) {
                Some('x') => 2,
                Some('u') => 4,
                Some('U') => 8,
                Some('b' | 't' | 'n' | 'f' | 'r' | 'e' | '"' | '\\') => 0,
                Some(c) if c.is_whitespace() && piece.kind == TokenKind::MlBasicString => 0,
                _ => usize::MAX,
            };
            let written = behind.bytes().skip(1).take(8).take_while(u8::is_ascii_hexdigit).count();
            if written < digits {
                wrong.push(piece.span.start + at);
            }
        }
        wrong
    }

    fn unclosed_bracket(&self) -> Option<Fault> {
        let mut open: Vec<&Piece> = Vec::new();
        for piece in self.pieces {
            match piece.kind {
                TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => open.push(piece),
                TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                    open.pop();
                }
                _ => {}
            }
        }
        let closing = |piece: &&Piece| if piece.kind == TokenKind::LeftSquareBracket { ']' } else { '}' };
        let innermost = open.last()?;
        let (bracket, closed) = (self.statement.of(innermost), closing(innermost));
        let what = if closed == ']' { "list" } else { "table" };
        let message = format!("the {what} that begins with `{bracket}` here is never closed");
        let ends: String = open.iter().rev().map(closing).collect();
        let help = format!("write `{closed}` behind the last of its items");
        Fault::new(innermost.span, message, help).repaired(format!("{}{ends}", self.statement.text))
    }

    /// A fault within a list or a table, or behind it.
    fn item(&self, place: Span) -> Option<Fault> {
        let texts = self.pieces.windows(2);
        let is_value = |piece: &Piece| piece.is_word();
        let apart = texts
            .filter(|pair| is_value(&pair[0]) && is_value(&pair[1]))
            .find(|pair| pair[0].is_text() || pair[1].is_text());
        if let Some([_, second]) = apart {
            let fault = Fault::new(second.span, "a comma is missing before this item", "write `,` between two items");
            return fault.repaired(self.statement.with(Span::at(second.span.start), ", "));
        }
        let bare = self.pieces.iter().enumerate().find(|(at, piece)| {
            let is_key =
                self.pieces.get(at + 1).is_some_and(|next| matches!(next.kind, TokenKind::Equals | TokenKind::Dot));
            piece.kind == TokenKind::Atom
                && !is_key
                && piece.span.contains(place.start)
                && begins_text(self.statement.of(piece))
        });
        bare.and_then(|(_, piece)| self.unquoted(piece.span))
    }

    fn behind_text(&self) -> Option<Fault> {
        let statement = self.statement;
        let behind = self.pieces.get(1)?;
        let span = statement.from(behind);
        let written = span.of(statement.text);
        if COMMENT_STARTS.iter().any(|start| written.starts_with(start)) {
            return statement.foreign_comment(span.start);
        }
        if written.chars().all(|c| matches!(c, ',' | ';')) {
            return self.trailing(span);
        }
        if let Some(equals) = self.pieces.iter().position(|piece| piece.kind == TokenKind::Equals).filter(|at| *at > 1)
        {
            let key = &self.pieces[equals - 1];
            let fault =
                Fault::new(statement.from(key), "a second entry stands on this line", "begin a new line for it");
            return fault.repaired(statement.with(Span::at(key.span.start), "\n"));
        }
        if !self.first.is_text() {
            return None;
        }
        let help = "a quote within a text is written `\\\"`, or the whole text stands in single quotes";
        Some(Fault::new(span, "the text has ended before this", help))
    }

    fn trailing(&self, span: Span) -> Option<Fault> {
        let message = format!("`{}` cannot end a line of TOML", span.of(self.statement.text));
        Fault::new(span, message, "remove it").repaired(self.statement.with(span, ""))
    }

    fn word(&self) -> Option<Fault> {
        let text = self.text();
        let bare = text.trim_end_matches([',', ';']);
        if bare.len() < text.len() && !bare.is_empty() {
            return self.trailing(Span::new(self.span.start + bare.len(), self.span.end));
        }
        let digits = text.trim_start_matches('0');
        let meant = match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => "true",
            "false" | "no" | "off" => "false",
            "null" | "nil" | "none" | "undefined" => {
                return Some(Fault::new(
                    self.span,
                    format!("TOML has no `{text}`"),
                    format!("remove the line: {UNSET}"),
                ));
            }
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                let meant = if digits.is_empty() { "0" } else { digits };
                let fault = Fault::new(self.span, "a number cannot begin with `0`", format!("write `{meant}`"));
                return fault.repaired(self.statement.with(self.span, meant));
            }
            _ => return self.unquoted(self.span),
        };
        let fault = Fault::new(self.span, format!("`{text}` is no value in TOML"), format!("write `{meant}`"));
        fault.repaired(self.statement.with(self.span, meant))
    }

    fn unquoted(&self, span: Span) -> Option<Fault> {
        let text = span.of(self.statement.text);
        if let Some((words, quote)) = text.char_indices().next_back().map(|(at, c)| (&text[..at], c))
            && matches!(quote, '"' | '\'')
            && !words.contains(quote)
        {
            let fault = Fault::new(span, "the text has no opening quote", format!("write `{quote}{text}`"));
            return fault.repaired(self.statement.with(Span::at(span.start), &quote.to_string()));
        }
        let meant = match text.parse::<f64>() {
            Ok(number) if number.is_finite() => number.to_string(),
            _ if text.contains(['"', '\\', '\n']) => return None,
            _ => format!("\"{}\"", text.trim_matches('`')),
        };
        let is_number = !meant.starts_with('"');
        let message =
            if is_number { format!("`{text}` is no number in TOML") } else { "this text has no quotes".to_owned() };
        Fault::new(span, message, format!("write `{meant}`")).repaired(self.statement.with(span, &meant))
    }
}

fn begins_text(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '/' | '.' | '@' | '`'))
        && word.parse::<bool>().is_err()
}

fn plain_quote(c: char) -> Option<char> {
    match c {
        '“' | '”' | '„' | '‟' | '«' | '»' => Some('"'),
        '‘' | '’' | '‚' | '‛' => Some('\''),
        _ => None,
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
