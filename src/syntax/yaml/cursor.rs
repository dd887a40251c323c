//! Characters of a YAML text, and the tokens that are made of many: scalars, tags, directives.

use super::super::SyntaxError;
use super::scan::{Scanned, Token};
use crate::span::Span;

/// A place while scanning; line and column count from 0, in characters.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mark {
    pub(super) offset: usize,
    pub(super) index: usize,
    pub(super) line: usize,
    pub(super) column: isize,
}

pub(super) struct Cursor<'a> {
    text: &'a str,
    pub(super) mark: Mark,
    /// Where those stand that were passed over.
    pub(super) comments: Vec<Span>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let offset = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
        Self { text, mark: Mark { offset, ..Mark::default() }, comments: Vec::new() }
    }

    /// The byte that stands `ahead`; 0 behind the end.
    pub(super) fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.mark.offset + ahead).copied().unwrap_or(0)
    }

    /// How long the line break is that stands `ahead`; 0: none does.
    pub(super) fn break_len(&self, ahead: usize) -> usize {
        match [self.byte(ahead), self.byte(ahead + 1), self.byte(ahead + 2)] {
            [b'\r', b'\n', _] => 2,
            [b'\r' | b'\n', ..] => 1,
            [0xC2, 0x85, _] => 2,
            [0xE2, 0x80, 0xA8 | 0xA9] => 3,
            _ => 0,
        }
    }

    pub(super) fn is_blank_or_end(&self, ahead: usize) -> bool {
        self.is_blank(ahead) || self.is_line_end(ahead)
    }

    fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.byte(ahead), b' ' | b'\t')
    }

    fn is_line_end(&self, ahead: usize) -> bool {
        self.byte(ahead) == 0 || self.break_len(ahead) > 0
    }

    /// `---` or `...` at the start of a line.
    pub(super) fn is_document_indicator(&self) -> bool {
        let three = [self.byte(0), self.byte(1), self.byte(2)];
        self.mark.column == 0 && matches!(&three, b"---" | b"...") && self.is_blank_or_end(3)
    }

    fn character(&self) -> Option<char> {
        self.text[self.mark.offset..].chars().next()
    }

    pub(super) fn skip(&mut self) {
        self.mark.offset += self.character().map_or(0, char::len_utf8);
        self.mark.index += 1;
        self.mark.column += 1;
    }

    fn read(&mut self, out: &mut String) {
        out.extend(self.character());
        self.skip();
    }

    pub(super) fn skip_line(&mut self) {
        let len = self.break_len(0);
        self.mark = Mark {
            offset: self.mark.offset + len,
            index: self.mark.index + len.min(2),
            line: self.mark.line + 1,
            column: 0,
        };
    }

    /// The text ends as if a line did: no key before it can still get its `:`.
    pub(super) fn end_line(&mut self) {
        if self.mark.column > 0 {
            self.mark = Mark { line: self.mark.line + 1, column: 0, ..self.mark };
        }
    }

    /// Two line breaks of Unicode stay what they are, any other becomes `\n`.
    fn read_line(&mut self, out: &mut String) {
        match self.break_len(0) {
            0 => return,
            3 => out.extend(self.character()),
            _ => out.push('\n'),
        }
        self.skip_line();
    }

    fn skip_blanks(&mut self) {
        while self.is_blank(0) {
            self.skip();
        }
    }

    pub(super) fn skip_comment(&mut self) {
        let start = self.mark.offset;
        while !self.is_line_end(0) {
            self.skip();
        }
        self.comments.push(Span::new(start, self.mark.offset));
    }

    /// Letters, digits, `_` and `-`.
    pub(super) fn word(&mut self) -> String {
        let mut out = String::new();
        while is_word(self.byte(0)) {
            self.read(&mut out);
        }
        out
    }

    pub(super) fn error(&self, message: &str) -> SyntaxError {
        let end = self.mark.offset + self.character().map_or(0, char::len_utf8);
        SyntaxError::new(Span::new(self.mark.offset, end), message)
    }

    /// An error about what began at `start`: told on its first line.
    fn error_from(&self, start: Mark, message: &str) -> SyntaxError {
        let line = self.text[start.offset..self.mark.offset].lines().next().unwrap_or_default();
        SyntaxError::new(Span::new(start.offset, start.offset + line.len()), message)
    }

    pub(super) fn key_without_colon(&self, key: Mark) -> SyntaxError {
        self.error_from(key, "`:` and a value are missing behind this key\nwrite `key: value`, or `- item` in a list, with a blank behind the mark")
    }

    pub(super) fn directive(&mut self) -> Scanned<Token> {
        let start = self.mark;
        self.skip();
        let name = self.word();
        let token = match name.as_str() {
            "YAML" => self.version()?,
            "TAG" => self.tag_directive()?,
            _ => return Err(self.error_from(start, "no such directive: there are `%YAML` and `%TAG`")),
        };
        self.skip_blanks();
        if self.byte(0) == b'#' {
            self.skip_comment();
        }
        if !self.is_line_end(0) {
            return Err(self.error("nothing may follow a directive on its line"));
        }
        self.skip_line();
        Ok(token)
    }

    fn version(&mut self) -> Scanned<Token> {
        self.skip_blanks();
        let major = self.version_number()?;
        if self.byte(0) != b'.' {
            return Err(self.error("a version such as `1.1` is expected"));
        }
        self.skip();
        let minor = self.version_number()?;
        Ok(Token::Version { major, minor })
    }

    fn version_number(&mut self) -> Scanned<u8> {
        let mut digits = String::new();
        while self.byte(0).is_ascii_digit() && digits.len() <= 2 {
            self.read(&mut digits);
        }
        let number = if digits.len() <= 2 { digits.parse().ok() } else { None };
        number.ok_or_else(|| self.error("a version such as `1.1` is expected"))
    }

    fn tag_directive(&mut self) -> Scanned<Token> {
        self.skip_blanks();
        let handle = self.tag_handle()?;
        if handle != "!" && !(handle.len() > 1 && handle.ends_with('!')) || !self.is_blank(0) {
            return Err(self.error("a handle such as `!name!` is expected"));
        }
        self.skip_blanks();
        let prefix = self.tag_uri("")?;
        if !self.is_blank_or_end(0) {
            return Err(self.error("a blank is expected behind the prefix"));
        }
        Ok(Token::TagDirective { handle, prefix })
    }

    /// Handle and suffix of `!handle!suffix`, `!suffix`, `!<suffix>` or `!`.
    pub(super) fn tag(&mut self) -> Scanned<(String, String)> {
        if self.byte(1) == b'<' {
            self.skip();
            self.skip();
            let suffix = self.tag_uri("")?;
            if self.byte(0) != b'>' {
                return Err(self.error("`>` is expected behind the tag"));
            }
            self.skip();
            return Ok((String::new(), suffix));
        }
        let handle = self.tag_handle()?;
        if handle.len() > 1 && handle.ends_with('!') {
            let suffix = self.tag_uri("")?;
            return Ok((handle, suffix));
        }
        let suffix = self.tag_uri(&handle)?;
        Ok(if suffix.is_empty() { (suffix, "!".to_owned()) } else { ("!".to_owned(), suffix) })
    }

    fn tag_handle(&mut self) -> Scanned<String> {
        if self.byte(0) != b'!' {
            return Err(self.error("a tag begins with `!`"));
        }
        let mut handle = String::new();
        self.read(&mut handle);
        handle.push_str(&self.word());
        if self.byte(0) == b'!' {
            self.read(&mut handle);
        }
        Ok(handle)
    }

    /// `head` has been read already, with its `!`.
    fn tag_uri(&mut self, head: &str) -> Scanned<String> {
        let mut uri = head.get(1..).unwrap_or_default().as_bytes().to_vec();
        let start = self.mark;
        while is_word(self.byte(0)) || b";/?:@&=+$,.!~*'()[]%".contains(&self.byte(0)) {
            if self.byte(0) == b'%' {
                let digits = self.text.get(self.mark.offset + 1..self.mark.offset + 3);
                let octet = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
                let Some(octet) = octet.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
                    return Err(self.error("two hexadecimal digits are expected behind `%`"));
                };
                uri.push(octet);
                self.skip();
                self.skip();
            } else {
                uri.push(self.byte(0));
            }
            self.skip();
        }
        if head.is_empty() && self.mark.offset == start.offset {
            return Err(self.error("the tag has no name"));
        }
        String::from_utf8(uri).map_err(|_| self.error_from(start, "the tag is not UTF-8"))
    }

    /// `outer`: the column of the block that it stands in.
    pub(super) fn block_scalar(&mut self, outer: isize) -> Scanned<(Token, usize)> {
        let is_literal = self.byte(0) == b'|';
        self.skip();
        let (chomping, increment) = self.block_scalar_header()?;
        let mut indent = match increment {
            0 => None,
            increment => Some(outer.max(0) + increment),
        };
        let mut end = self.mark.offset;
        let (mut text, mut line_break, mut breaks) = (String::new(), String::new(), String::new());
        let mut after_blank = false;
        let mut column = self.block_scalar_breaks(&mut indent, outer, &mut breaks)?;
        while self.mark.column == column && self.byte(0) != 0 {
            let at_blank = self.is_blank(0);
            let is_folded = !is_literal && !after_blank && !at_blank && line_break.starts_with('\n');
            if !is_folded {
                text.push_str(&line_break);
            } else if breaks.is_empty() {
                text.push(' ');
            }
            text.push_str(&breaks);
            line_break.clear();
            breaks.clear();
            after_blank = at_blank;
            while !self.is_line_end(0) {
                self.read(&mut text);
            }
            end = self.mark.offset;
            self.read_line(&mut line_break);
            column = self.block_scalar_breaks(&mut indent, outer, &mut breaks)?;
        }
        if chomping != Some(b'-') {
            text.push_str(&line_break);
        }
        if chomping == Some(b'+') {
            text.push_str(&breaks);
        }
        Ok((Token::Scalar { text, plain: false }, end))
    }

    /// `+` or `-`, and a digit, in whatever order; then the end of the line.
    fn block_scalar_header(&mut self) -> Scanned<(Option<u8>, isize)> {
        let (mut chomping, mut increment) = (None, 0);
        for _ in 0..2 {
            match self.byte(0) {
                sign @ (b'+' | b'-') if chomping.is_none() => chomping = Some(sign),
                digit @ b'1'..=b'9' if increment == 0 => increment = isize::from(digit - b'0'),
                _ => break,
            }
            self.skip();
        }
        self.skip_blanks();
        if self.byte(0) == b'#' {
            self.skip_comment();
        }
        if !self.is_line_end(0) {
            return Err(self.error("the text begins on the line below"));
        }
        self.skip_line();
        Ok((chomping, increment))
    }

    /// Indentation and empty lines; gives the column of the text, found here if nothing said it.
    fn block_scalar_breaks(&mut self, indent: &mut Option<isize>, outer: isize, breaks: &mut String) -> Scanned<isize> {
        let mut deepest = 0;
        loop {
            let is_left = |column: isize| indent.is_none_or(|indent| column < indent);
            while is_left(self.mark.column) && self.byte(0) == b' ' {
                self.skip();
            }
            deepest = deepest.max(self.mark.column);
            if is_left(self.mark.column) && self.byte(0) == b'\t' {
                return Err(self.error("a tab cannot indent\nwrite spaces: YAML takes nothing else"));
            }
            if self.break_len(0) == 0 {
                return Ok(*indent.get_or_insert(deepest.max(outer + 1).max(1)));
            }
            self.read_line(breaks);
        }
    }

    pub(super) fn quoted(&mut self, is_single: bool) -> Scanned<(Token, usize)> {
        let start = self.mark;
        let quote = if is_single { b'\'' } else { b'"' };
        self.skip();
        let mut text = String::new();
        loop {
            if self.is_document_indicator() || self.byte(0) == 0 {
                return Err(self.error_from(start, "the closing quote is missing\nwrite it where the text ends; a quote within single quotes is written twice"));
            }
            let escaped_break = self.quoted_word(quote, &mut text)?;
            if self.byte(0) == quote {
                break;
            }
            self.fold(escaped_break, None, &mut text)?;
        }
        self.skip();
        Ok((Token::Scalar { text, plain: false }, self.mark.offset))
    }

    /// Up to a blank, the end of the line or the closing quote; whether the line break is escaped.
    fn quoted_word(&mut self, quote: u8, text: &mut String) -> Scanned<bool> {
        while !self.is_blank_or_end(0) {
            match self.byte(0) {
                b'\'' if quote == b'\'' && self.byte(1) == b'\'' => {
                    self.skip();
                    self.read(text);
                }
                end if end == quote => break,
                b'\\' if quote == b'"' && self.break_len(1) > 0 => {
                    self.skip();
                    self.skip_line();
                    return Ok(true);
                }
                b'\\' if quote == b'"' => self.escape(text)?,
                _ => self.read(text),
            }
        }
        Ok(false)
    }

    fn escape(&mut self, text: &mut String) -> Scanned<()> {
        let digits = match self.byte(1) {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            other => {
                let known = ESCAPES.iter().find(|(escape, _)| *escape == other);
                let Some((_, character)) = known else {
                    return Err(self.error(
                        "no such escape\na backslash itself is written `\\\\`; in single quotes it means itself",
                    ));
                };
                text.push(*character);
                self.skip();
                self.skip();
                return Ok(());
            }
        };
        let start = self.mark.offset + 2;
        let written = self.text.get(start..start + digits);
        let written = written.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let code = written.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(character) = code.and_then(char::from_u32) else {
            return Err(self.error(&format!("{digits} hexadecimal digits of a character are expected")));
        };
        text.push(character);
        (0..digits + 2).for_each(|_| self.skip());
        Ok(())
    }

    /// Blanks and line breaks inside a scalar: one break is a space, further ones stay. `indent`:
    /// the column left of which a tab may not stand. Whether there was a break.
    fn fold(&mut self, after_break: bool, indent: Option<isize>, text: &mut String) -> Scanned<bool> {
        let (mut blanks, mut first, mut further) = (String::new(), String::new(), String::new());
        let mut broken = after_break;
        while self.is_blank(0) || self.break_len(0) > 0 {
            if self.break_len(0) > 0 {
                self.read_line(if broken { &mut further } else { &mut first });
                broken = true;
            } else if !broken {
                self.read(&mut blanks);
            } else {
                if self.byte(0) == b'\t' && indent.is_some_and(|indent| self.mark.column < indent) {
                    return Err(self.error("a tab cannot indent\nwrite spaces: YAML takes nothing else"));
                }
                self.skip();
            }
        }
        match (broken, first.starts_with('\n'), further.is_empty()) {
            (false, ..) => text.push_str(&blanks),
            (true, true, true) => text.push(' '),
            (true, true, false) => text.push_str(&further),
            (true, false, _) => {
                text.push_str(&first);
                text.push_str(&further);
            }
        }
        Ok(broken)
    }

    /// Text without quotes; where it ends, and whether a line ended behind it.
    pub(super) fn plain(&mut self, indent: isize, in_flow: bool) -> Scanned<(String, usize, bool)> {
        let (mut text, mut between) = (String::new(), String::new());
        let mut end = self.mark.offset;
        let mut broken = false;
        while !self.is_document_indicator() && self.byte(0) != b'#' {
            while !self.is_blank_or_end(0) && !self.ends_plain(in_flow) {
                text.push_str(&std::mem::take(&mut between));
                broken = false;
                self.read(&mut text);
                end = self.mark.offset;
            }
            if !self.is_blank(0) && self.break_len(0) == 0 {
                break;
            }
            broken = self.fold(false, Some(indent), &mut between)?;
            if !in_flow && self.mark.column < indent {
                break;
            }
        }
        Ok((text, end, broken))
    }

    fn ends_plain(&self, in_flow: bool) -> bool {
        match self.byte(0) {
            b':' => self.is_blank_or_end(1),
            b',' | b'?' | b'[' | b']' | b'{' | b'}' => in_flow,
            _ => false,
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

const ESCAPES: &[(u8, char)] = &[
    (b'0', '\0'),
    (b'a', '\u{7}'),
    (b'b', '\u{8}'),
    (b't', '\t'),
    (b'\t', '\t'),
    (b'n', '\n'),
    (b'v', '\u{b}'),
    (b'f', '\u{c}'),
    (b'r', '\r'),
    (b'e', '\u{1b}'),
    (b' ', ' '),
    (b'"', '"'),
    (b'\'', '\''),
    (b'\\', '\\'),
    (b'N', '\u{85}'),
    (b'_', '\u{a0}'),
    (b'L', '\u{2028}'),
    (b'P', '\u{2029}'),
];

const BYTE_ORDER_MARK: char = '\u{feff}';
