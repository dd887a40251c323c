//! What is wrong behind the `=` of an entry.

use toml_parser::lexer::TokenKind;

use super::super::Piece;
use super::{COMMENT_STARTS, Fault, Statement, UNSET};
use crate::span::Span;

/// Everything behind the `=`.
pub(super) struct Value<'a> {
    statement: &'a Statement<'a>,
    pieces: &'a [Piece],
    first: &'a Piece,
    span: Span,
}

impl<'a> Value<'a> {
    pub(super) fn new(statement: &'a Statement<'a>, pieces: &'a [Piece], first: &'a Piece) -> Self {
        Self { statement, pieces, first, span: statement.from(first) }
    }

    pub(super) fn fault(&self, place: Span) -> Option<Fault> {
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
