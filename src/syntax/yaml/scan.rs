//! Cuts YAML into tokens, by the rules that `gopkg.in/yaml.v3` has from libyaml: YAML 1.1 with most
//! of what 1.2 allows. Only the scanner knows of columns: it marks where blocks begin and end.

use std::collections::VecDeque;

use super::super::SyntaxError;
use super::cursor::{Cursor, Mark};
use crate::span::Span;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// `%YAML`
    Version {
        major: u8,
        minor: u8,
    },
    /// `%TAG`
    TagDirective {
        handle: String,
        prefix: String,
    },
    DocumentStart,
    DocumentEnd,
    StreamEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    /// `-`
    BlockEntry,
    /// `,`
    FlowEntry,
    /// `?`, or what turned out to stand before a `:`.
    Key,
    /// `:`
    Value,
    Alias(String),
    Anchor(String),
    Tag {
        handle: String,
        suffix: String,
    },
    Scalar {
        text: String,
        plain: bool,
    },
}

pub(super) type Scanned<T> = Result<T, SyntaxError>;

pub(super) struct Scanner<'a> {
    pub(super) cursor: Cursor<'a>,
    queue: VecDeque<(Token, Span)>,
    /// How many tokens have left the queue.
    taken: usize,
    /// One for each level of flow collections, and one for the block around them.
    simple_keys: Vec<SimpleKey>,
    simple_key_allowed: bool,
    /// The column of the innermost block; -1 outside all.
    indent: isize,
    outer_indents: Vec<isize>,
    /// Found while looking ahead: told when what stands before it has been taken.
    failed: Option<SyntaxError>,
}

/// What may turn out to be a key when a `:` follows on the same line.
#[derive(Debug, Clone, Copy)]
struct SimpleKey {
    possible: bool,
    /// Nothing but a key can stand there.
    required: bool,
    token: usize,
    mark: Mark,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let cursor = Cursor::new(text);
        let key = SimpleKey { possible: false, required: false, token: 0, mark: cursor.mark };
        Self {
            cursor,
            queue: VecDeque::new(),
            taken: 0,
            simple_keys: vec![key],
            simple_key_allowed: true,
            indent: -1,
            outer_indents: Vec::new(),
            failed: None,
        }
    }

    pub(super) fn peek(&mut self) -> Scanned<&(Token, Span)> {
        while self.failed.is_none() {
            match self.needs_more() {
                Ok(false) => break,
                Ok(true) => self.failed = self.fetch().err(),
                Err(error) => self.failed = Some(error),
            }
        }
        match (self.queue.front(), &self.failed) {
            (Some(next), _) => Ok(next),
            (None, Some(error)) => Err(error.clone()),
            (None, None) => unreachable!("tokens are fetched until there is one, or an error"),
        }
    }

    /// Looks behind the end of a document, as far as yaml.v3 does.
    pub(super) fn finish(&mut self) -> Scanned<()> {
        self.peek()?;
        self.failed.take().map_or(Ok(()), Err)
    }

    pub(super) fn take(&mut self) -> Scanned<(Token, Span)> {
        let next = self.peek()?.clone();
        self.queue.pop_front();
        self.taken += 1;
        Ok(next)
    }

    /// What the scanner stumbled over, when that is nearer to the cause than the grammar's `error`.
    pub(super) fn or_own(&mut self, error: SyntaxError) -> SyntaxError {
        self.failed.take().filter(|own| own.span.start <= error.span.start).unwrap_or(error)
    }

    /// yaml.v3 looks two tokens ahead, for the sake of comments.
    fn needs_more(&mut self) -> Scanned<bool> {
        if self.queue.len() <= LOOKAHEAD {
            return Ok(true);
        }
        let at = self.simple_keys.partition_point(|key| key.token < self.taken);
        match self.simple_keys.get(at) {
            Some(key) if key.token == self.taken => self.is_still_possible(at),
            _ => Ok(false),
        }
    }

    fn fetch(&mut self) -> Scanned<()> {
        self.skip_to_next_token();
        self.close_blocks_right_of(self.cursor.mark.column);
        let cursor = &self.cursor;
        let in_flow = self.in_flow();
        let before_blank = cursor.is_blank_or_end(1);
        if cursor.mark.column == 0 {
            match cursor.byte(0) {
                b'%' => return self.fetch_directive(),
                b'-' if cursor.is_document_indicator() => return self.fetch_document_indicator(Token::DocumentStart),
                b'.' if cursor.is_document_indicator() => return self.fetch_document_indicator(Token::DocumentEnd),
                _ => {}
            }
        }
        match cursor.byte(0) {
            0 => self.fetch_stream_end(),
            b'[' => self.fetch_flow_start(Token::FlowSequenceStart),
            b'{' => self.fetch_flow_start(Token::FlowMappingStart),
            b']' => self.fetch_flow_end(Token::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(Token::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if before_blank => self.fetch_block_entry(),
            b'?' if in_flow || before_blank => self.fetch_key(),
            b':' if in_flow || before_blank => self.fetch_value(),
            b'*' | b'&' => self.fetch_anchor(),
            b'!' => self.fetch_simple(Self::scan_tag),
            b'|' | b'>' if !in_flow => self.fetch_block_scalar(),
            b'\'' => self.fetch_simple(|scanner| scanner.cursor.quoted(true)),
            b'"' => self.fetch_simple(|scanner| scanner.cursor.quoted(false)),
            b'#' | b'|' | b'>' | b'%' | b'@' | b'`' | b'\t' => Err(self.cannot_start()),
            _ => self.fetch_simple(Self::scan_plain),
        }
    }

    fn in_flow(&self) -> bool {
        self.simple_keys.len() > 1
    }

    fn cannot_start(&self) -> SyntaxError {
        let here = self.cursor.mark;
        let message = match self.cursor.byte(0) {
            b'\t' => "a tab cannot indent\nwrite spaces: YAML takes nothing else".to_owned(),
            other => format!("`{}` cannot start a value\nput the text in quotes", char::from(other)),
        };
        SyntaxError::new(Span::new(here.offset, here.offset + 1), message)
    }

    fn push(&mut self, token: Token, start: Mark) {
        self.queue.push_back((token, Span::new(start.offset, self.cursor.mark.offset)));
    }

    /// A token of one character.
    fn push_mark(&mut self, token: Token) {
        let start = self.cursor.mark;
        self.cursor.skip();
        self.push(token, start);
    }

    fn skip_to_next_token(&mut self) {
        let cursor = &mut self.cursor;
        loop {
            let tabs_allowed = self.simple_keys.len() > 1 || !self.simple_key_allowed;
            while cursor.byte(0) == b' ' || tabs_allowed && cursor.byte(0) == b'\t' {
                cursor.skip();
            }
            if cursor.byte(0) == b'#' {
                cursor.skip_comment();
            }
            if cursor.break_len(0) == 0 {
                return;
            }
            cursor.skip_line();
            if self.simple_keys.len() == 1 {
                self.simple_key_allowed = true;
            }
        }
    }

    /// Whether a `:` can still make a key of it: they must be close together, on one line.
    fn is_still_possible(&mut self, at: usize) -> Scanned<bool> {
        let key = &mut self.simple_keys[at];
        let here = self.cursor.mark;
        if key.possible && (key.mark.line < here.line || key.mark.index + LONGEST_SIMPLE_KEY < here.index) {
            if key.required {
                return Err(self.cursor.key_without_colon(key.mark));
            }
            key.possible = false;
        }
        Ok(key.possible)
    }

    fn save_simple_key(&mut self) -> Scanned<()> {
        if !self.simple_key_allowed {
            return Ok(());
        }
        self.drop_simple_key()?;
        let mark = self.cursor.mark;
        let required = !self.in_flow() && self.indent == mark.column;
        let key = SimpleKey { possible: true, required, token: self.taken + self.queue.len(), mark };
        if let Some(last) = self.simple_keys.last_mut() {
            *last = key;
        }
        Ok(())
    }

    fn drop_simple_key(&mut self) -> Scanned<()> {
        match self.simple_keys.last_mut() {
            Some(key) if key.possible && key.required => Err(self.cursor.key_without_colon(key.mark)),
            Some(key) => {
                key.possible = false;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Begins a block at `column`, unless it is in one already; `before`: the token that is the
    /// first in it.
    fn open_block(&mut self, column: isize, before: Option<usize>, token: Token, mark: Mark) -> Scanned<()> {
        if self.in_flow() || self.indent >= column {
            return Ok(());
        }
        self.outer_indents.push(self.indent);
        self.indent = column;
        if self.outer_indents.len() > DEEPEST {
            return Err(self.cursor.error("nested more than 10000 levels deep"));
        }
        let at = before.map_or(self.queue.len(), |before| before - self.taken);
        self.queue.insert(at, (token, Span::at(mark.offset)));
        Ok(())
    }

    fn close_blocks_right_of(&mut self, column: isize) {
        while !self.in_flow() && self.indent > column {
            self.push(Token::BlockEnd, self.cursor.mark);
            self.indent = self.outer_indents.pop().unwrap_or(-1);
        }
    }

    fn fetch_stream_end(&mut self) -> Scanned<()> {
        self.cursor.end_line();
        self.close_blocks_right_of(-1);
        self.drop_simple_key()?;
        self.simple_key_allowed = false;
        self.push(Token::StreamEnd, self.cursor.mark);
        Ok(())
    }

    fn fetch_document_indicator(&mut self, token: Token) -> Scanned<()> {
        self.close_blocks_right_of(-1);
        self.drop_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.cursor.mark;
        (0..3).for_each(|_| self.cursor.skip());
        self.push(token, start);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Scanned<()> {
        self.close_blocks_right_of(-1);
        self.drop_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.cursor.mark;
        let token = self.cursor.directive()?;
        self.push(token, start);
        Ok(())
    }

    fn fetch_flow_start(&mut self, token: Token) -> Scanned<()> {
        self.save_simple_key()?;
        if self.simple_keys.len() > DEEPEST {
            return Err(self.cursor.error("nested more than 10000 levels deep"));
        }
        let token_number = self.taken + self.queue.len();
        let key = SimpleKey { possible: false, required: false, token: token_number, mark: self.cursor.mark };
        self.simple_keys.push(key);
        self.simple_key_allowed = true;
        self.push_mark(token);
        Ok(())
    }

    fn fetch_flow_end(&mut self, token: Token) -> Scanned<()> {
        self.drop_simple_key()?;
        if self.in_flow() {
            self.simple_keys.pop();
        }
        self.simple_key_allowed = false;
        self.push_mark(token);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Scanned<()> {
        self.drop_simple_key()?;
        self.simple_key_allowed = true;
        self.push_mark(Token::FlowEntry);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Scanned<()> {
        let mark = self.cursor.mark;
        if !self.in_flow() {
            if !self.simple_key_allowed {
                return Err(self.cursor.error("a list cannot begin here\nits first `- ` stands on a line of its own"));
            }
            self.open_block(mark.column, None, Token::BlockSequenceStart, mark)?;
        }
        self.drop_simple_key()?;
        self.simple_key_allowed = true;
        self.push_mark(Token::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Scanned<()> {
        let mark = self.cursor.mark;
        if !self.in_flow() {
            if !self.simple_key_allowed {
                return Err(self.cursor.error("a key cannot stand here\nbegin the keys of a table in one column"));
            }
            self.open_block(mark.column, None, Token::BlockMappingStart, mark)?;
        }
        self.drop_simple_key()?;
        self.simple_key_allowed = !self.in_flow();
        self.push_mark(Token::Key);
        Ok(())
    }

    fn fetch_value(&mut self) -> Scanned<()> {
        let last = self.simple_keys.len() - 1;
        if self.is_still_possible(last)? {
            let key = self.simple_keys[last];
            self.queue.insert(key.token - self.taken, (Token::Key, Span::at(key.mark.offset)));
            self.open_block(key.mark.column, Some(key.token), Token::BlockMappingStart, key.mark)?;
            self.simple_keys[last].possible = false;
            self.simple_key_allowed = false;
        } else {
            let mark = self.cursor.mark;
            if !self.in_flow() {
                if !self.simple_key_allowed {
                    return Err(self.cursor.error("`:` cannot make a key here\nput text that holds `: ` in quotes, and begin the keys of a table in one column"));
                }
                self.open_block(mark.column, None, Token::BlockMappingStart, mark)?;
            }
            self.simple_key_allowed = !self.in_flow();
        }
        self.push_mark(Token::Value);
        Ok(())
    }

    /// A token that may be a key itself.
    fn fetch_simple(&mut self, scan: impl FnOnce(&mut Self) -> Scanned<(Token, usize)>) -> Scanned<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.cursor.mark.offset;
        let (token, end) = scan(self)?;
        self.queue.push_back((token, Span::new(start, end)));
        Ok(())
    }

    fn fetch_block_scalar(&mut self) -> Scanned<()> {
        self.drop_simple_key()?;
        self.simple_key_allowed = true;
        let start = self.cursor.mark.offset;
        let (token, end) = self.cursor.block_scalar(self.indent)?;
        self.queue.push_back((token, Span::new(start, end)));
        Ok(())
    }

    fn fetch_anchor(&mut self) -> Scanned<()> {
        self.fetch_simple(|Self { cursor, .. }| {
            let is_alias = cursor.byte(0) == b'*';
            cursor.skip();
            let name = cursor.word();
            let ends = cursor.is_blank_or_end(0) || b"?:,]}%@`".contains(&cursor.byte(0));
            if name.is_empty() || !ends {
                return Err(cursor.error("the name of an anchor has only letters, digits, `_` and `-`\nput text that begins with `*` or `&` in quotes"));
            }
            Ok((if is_alias { Token::Alias(name) } else { Token::Anchor(name) }, cursor.mark.offset))
        })
    }

    fn scan_tag(&mut self) -> Scanned<(Token, usize)> {
        let cursor = &mut self.cursor;
        let (handle, suffix) = cursor.tag()?;
        if !cursor.is_blank_or_end(0) {
            return Err(cursor.error("a blank is expected behind the tag"));
        }
        Ok((Token::Tag { handle, suffix }, cursor.mark.offset))
    }

    fn scan_plain(&mut self) -> Scanned<(Token, usize)> {
        let (text, end, ended_line) = self.cursor.plain(self.indent + 1, self.in_flow())?;
        if ended_line {
            self.simple_key_allowed = true;
        }
        Ok((Token::Scalar { text, plain: true }, end))
    }
}

/// Behind so many characters no `:` makes a key any more.
const LONGEST_SIMPLE_KEY: usize = 1024;

/// As deep as flyctl reads.
const DEEPEST: usize = 10_000;

const LOOKAHEAD: usize = 2;
