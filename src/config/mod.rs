//! fly.toml as types: every field with the place it was read from, legacy forms already
//! translated, and which process groups there are. Knows nothing of machines or rules.
//!
//! Serialising a [`Config`] gives what flyctl stores as a release's `definition`: the same key
//! names, unset fields left out.
//!
//! Reading goes flyctl's way: whole sections are moved to their modern places ([`legacy`]), each
//! key is decoded along the schema ([`decode`]), and what came out is put into types
//! ([`extract`]). flyctl stops at the first fault; here all are gathered.

mod decode;
mod definition;
mod extract;
mod groups;
mod legacy;
mod print;
mod types;
pub mod words;

use crate::span::Span;
use crate::syntax::Document;

pub use groups::IMPLICIT_GROUP;
pub use types::*;

/// A config and what was wrong with the file that it was read from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    pub config: Config,
    /// In the order of the file.
    pub problems: Vec<Problem>,
}

/// What reading a fly.toml can stumble over. A rule turns each kind into findings.
#[derive(Debug, Clone, PartialEq)]
pub enum Problem {
    /// Not TOML (or JSON, YAML): the parser's words.
    Syntax { span: Span, message: String },
    /// flyctl has no such key and ignores it. `path` is that of the table (`""`: the top); `meant`
    /// is a similar key that the table does not have yet; `value` is where the value stands.
    UnknownKey { span: Span, path: String, key: String, meant: Option<&'static str>, value: Span },
    /// The whole file is rejected over it.
    WrongType { span: Span, path: String, expected: String, found: String },
    /// A key in another case than flyctl's own: decoded, but passed over by the translation of
    /// legacy forms.
    CaseVariant { span: Span, path: String, key: String, known: &'static str },
    /// A bare number where flyctl reads a duration and knows no unit but its own.
    Nanoseconds { span: Span, path: String, nanos: i64 },
    /// A key without effect, since the one at `by` is read in its place.
    Shadowed { span: Span, path: String, by: Span },
    /// An older form that flyctl still understands; `modern` says today's, and `rewrite` how to
    /// come to it.
    Legacy { span: Span, path: String, modern: String, rewrite: Rewrite },
}

/// How to write an older form in today's way, as far as one place tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rewrite {
    /// This value, in TOML, in place of the one at the span.
    Value(String),
    /// The value at the span as the only item of a list.
    Item,
    /// The header at the span with double brackets.
    Header,
    /// This key in place of the one at the span.
    Key(&'static str),
    /// Without the entry whose value is at the span: it says nothing.
    Nothing,
    /// Not in one place: something has to move.
    Elsewhere,
}

/// Reads a document as flyctl reads it. Never fails: a field that flyctl would refuse is left
/// unset, and is among the problems.
pub fn read(document: &Document) -> Reading {
    let syntax = document.errors.iter();
    let mut problems: Vec<Problem> =
        syntax.map(|error| Problem::Syntax { span: error.span, message: error.message.clone() }).collect();
    let root = legacy::modern_root(&document.root, &mut problems);
    let root = decode::decode(&root, &mut problems);
    problems.sort_by_key(|problem| problem.span().start);
    Reading { config: extract::config(&root), problems }
}

impl Problem {
    pub fn span(&self) -> Span {
        match self {
            Self::Syntax { span, .. }
            | Self::UnknownKey { span, .. }
            | Self::WrongType { span, .. }
            | Self::CaseVariant { span, .. }
            | Self::Nanoseconds { span, .. }
            | Self::Shadowed { span, .. }
            | Self::Legacy { span, .. } => *span,
        }
    }
}
