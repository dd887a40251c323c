//! A key or a table that is there twice: where the first one stands.

use std::collections::BTreeMap;

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use super::super::SyntaxError;
use super::mend::statements;
use super::pieces;
use crate::diagnostic::Label;
use crate::span::Span;

/// Where each table and each key of one is first written.
pub(super) struct Places<'a> {
    text: &'a str,
    statements: Vec<Statement<'a>>,
    first: BTreeMap<(usize, &'a str), Span>,
}

struct Statement<'a> {
    span: Span,
    /// A header without its brackets, or what stands before the `=`.
    name: &'a str,
    is_header: bool,
    /// The number of the table that the key is in; [`TABLES`]: it is a table itself.
    within: usize,
}

impl<'a> Places<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut places = Self { text, statements: Vec::new(), first: BTreeMap::new() };
        let mut table = 0;
        for span in statements(text) {
            let written = span.of(text);
            let is_header = written.starts_with('[');
            let name = if is_header { written.trim_matches(['[', ']', ' ', '\t']) } else { key_of(written) };
            table += usize::from(is_header);
            let within = if is_header { TABLES } else { table };
            places.first.entry((within, name)).or_insert(span);
            places.statements.push(Statement { span, name, is_header, within });
        }
        places
    }

    /// The key at `span` is there twice, itself or as the table of a header.
    pub(super) fn error(&self, span: Span) -> SyntaxError {
        let next = self.statements.partition_point(|statement| statement.span.start <= span.start);
        let Some(statement) = next.checked_sub(1).map(|at| &self.statements[at]) else {
            return SyntaxError::new(span, DUPLICATE);
        };
        let (name, written) = (statement.name, statement.span.of(self.text));
        let key = (statement.within, name);
        let of_top = (0, name);
        let first = self.first.get(&key).filter(|first| first.start < statement.span.start);
        let first = first.or_else(|| self.first.get(&of_top).filter(|_| statement.is_header));
        let earlier = first.map(|first| first.of(self.text)).filter(|earlier| earlier.starts_with('['));
        let said = match earlier {
            Some(earlier) if earlier != written && statement.is_header => {
                format!(
                    "`{name}` cannot be both a table and a list of tables\nwrite each of them as `[[{name}]]`, or put all their keys into one `[{name}]`"
                )
            }
            _ if statement.is_header => {
                format!("the table `{name}` is there already\nput all its keys into one, below one header")
            }
            _ => format!("`{}` is there already\nkeep one of the two", span.of(self.text)),
        };
        let label = first.map(|first| Box::new(Label { span: *first, message: "here for the first time".to_owned() }));
        let span = if statement.is_header { statement.span } else { span };
        SyntaxError { label, ..SyntaxError::new(span, said) }
    }
}

fn key_of(entry: &str) -> &str {
    let equals = pieces(Source::new(entry)).into_iter().find(|piece| piece.kind == TokenKind::Equals);
    entry[..equals.map_or(entry.len(), |piece| piece.span.start)].trim()
}

const TABLES: usize = usize::MAX;

/// What the parser calls it.
pub(super) const DUPLICATE: &str = "duplicate key";
