//! YAML as `gopkg.in/yaml.v3` decodes it into Go's maps: the first document of a file, with anchors
//! put in, `<<` merged and scalars resolved.
//!
//! The grammar is read here and not by a library: what flyctl accepts is what yaml.v3 accepts, and
//! that is neither YAML 1.1 nor 1.2. The libraries for 1.2 refuse files that flyctl takes
//! (`key:<tab>value`, lists in brackets that end at the left) and take ones that it refuses
//! (`"\/"`, `%YAML 1.2`).

mod cursor;
mod decode;
mod parse;
mod resolve;
mod scan;

use super::{Comment, Document, Format, Node, SyntaxError, Table, Value};
use crate::span::Span;

pub(super) fn parse(text: &str) -> Document {
    let mut errors = control_characters(text);
    let (tree, root, stopped_at) = parse::parse(text);
    let is_cut = stopped_at.is_some();
    if errors.is_empty() {
        errors.extend(stopped_at);
    }
    let root = match root {
        // What could be read before the error may be the text of a first key alone.
        Some(root) if is_cut && !matches!(tree.nodes[root].kind, parse::Kind::Mapping(_)) => Table::default(),
        Some(root) => decode::root(&tree, root, text, &mut errors),
        None => Table::default(),
    };
    errors.sort_by_key(|error| error.span);
    Document {
        format: Format::Yaml,
        root: Node::new(Span::new(0, text.len()), Value::Table(root)),
        errors,
        lost: Vec::new(),
    }
}

/// The comments up to the first error, in order.
pub(super) fn comments(text: &str) -> Vec<Comment> {
    let mut scanner = scan::Scanner::new(text);
    while let Ok((token, _)) = scanner.take() {
        if token == scan::Token::StreamEnd {
            break;
        }
    }
    let is_alone = |start: usize| text[..start].rsplit('\n').next().is_some_and(|before| before.trim().is_empty());
    let comments = scanner.cursor.comments.iter();
    comments.map(|span| Comment { span: *span, is_alone: is_alone(span.start) }).collect()
}

fn control_characters(text: &str) -> Vec<SyntaxError> {
    let refused = text.char_indices().filter(|(_, character)| !is_printable(*character));
    let refused = refused.map(|(at, character)| {
        let span = Span::new(at, at + character.len_utf8());
        let code = u32::from(character);
        SyntaxError::new(span, format!("the control character U+{code:04X} cannot stand in YAML\nremove it, or write `\\x{code:02x}` within double quotes"))
    });
    refused.take(MOST_CONTROL_CHARACTERS).collect()
}

fn is_printable(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' | '\u{85}' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        other => !other.is_control(),
    }
}

/// A binary file has no end of them.
const MOST_CONTROL_CHARACTERS: usize = 20;
