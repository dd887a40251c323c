//! From tokens to the nodes of the first document, by YAML's grammar. Works with a stack of its
//! own: how deep a file nests is the file's choice.

use std::collections::BTreeMap;

use super::super::SyntaxError;
use super::scan::{Scanned, Scanner, Token};
use crate::span::Span;

/// The nodes of a document, in the order in which they begin.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
}

pub(super) struct Node {
    pub(super) span: Span,
    /// As written in full, or with `!!` for YAML's own; `None`: none, or just `!`.
    pub(super) tag: Option<String>,
    pub(super) kind: Kind,
}

/// Nodes are known by their place in the tree.
pub(super) type Id = usize;

pub(super) enum Kind {
    Scalar { text: String, plain: bool },
    Sequence(Vec<Id>),
    Mapping(Vec<(Id, Id)>),
    Alias { name: String, target: Id },
}

/// What is expected next.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    BlockItem,
    /// A list that stands no further right than the key it belongs to.
    IndentlessItem,
    BlockKey,
    BlockValue,
    FlowItem {
        first: bool,
    },
    FlowKey {
        first: bool,
    },
    FlowValue,
    /// The value of a key without `?` or `:` behind it.
    NoValue,
    /// One `key: value` in a flow list.
    PairKey,
    PairValue,
    PairEnd,
}

/// A collection whose end is yet to come.
struct Open {
    id: Id,
    state: State,
    start: usize,
    /// The key that waits for its value.
    key: Option<Id>,
}

pub(super) struct Parser<'a> {
    scanner: Scanner<'a>,
    tree: Tree,
    open: Vec<Open>,
    anchors: BTreeMap<String, Id>,
    /// `%TAG` handles and what they stand for.
    handles: Vec<(String, String)>,
    root: Option<Id>,
}

/// The first document and what is wrong with it; `None`: there is none, not even an empty one.
/// Behind a fault in the grammar nothing is read.
pub(super) fn parse(text: &str) -> (Tree, Option<Id>, Option<SyntaxError>) {
    let mut parser = Parser {
        scanner: Scanner::new(text),
        tree: Tree::default(),
        open: Vec::new(),
        anchors: BTreeMap::new(),
        handles: Vec::new(),
        root: None,
    };
    let error = parser.document().err().map(|error| parser.scanner.or_own(error));
    parser.close_all();
    (parser.tree, parser.root, error)
}

impl Parser<'_> {
    fn document(&mut self) -> Scanned<()> {
        let has_directives = self.directives()?;
        match self.scanner.peek()? {
            (Token::DocumentStart, _) => {
                let (_, span) = self.scanner.take()?;
                if self.at_document_end()? {
                    self.root = Some(self.empty(span.end));
                }
            }
            (_, span) if has_directives => return Err(error(*span, "`---` is expected behind a directive")),
            (Token::StreamEnd, _) => return Ok(()),
            _ => {}
        }
        if self.root.is_none() {
            self.node(true, false)?;
            while let Some(open) = self.open.last() {
                self.step(open.state)?;
            }
        }
        self.scanner.finish()
    }

    fn directives(&mut self) -> Scanned<bool> {
        let mut version_seen = false;
        loop {
            match self.scanner.peek()? {
                (Token::Version { major: 1, minor: 1 }, span) if version_seen => {
                    return Err(error(*span, "a second `%YAML`"));
                }
                (Token::Version { major: 1, minor: 1 }, _) => version_seen = true,
                (Token::Version { .. }, span) => return Err(error(*span, "flyctl takes no version but `%YAML 1.1`")),
                (Token::TagDirective { handle, prefix }, span) => {
                    if self.handles.iter().any(|(known, _)| known == handle) {
                        return Err(error(*span, "a second `%TAG` for the same handle"));
                    }
                    self.handles.push((handle.clone(), prefix.clone()));
                }
                _ => break,
            }
            self.scanner.take()?;
        }
        let found = version_seen || !self.handles.is_empty();
        for (handle, prefix) in [("!", "!"), ("!!", YAML_TAGS)] {
            if !self.handles.iter().any(|(known, _)| known == handle) {
                self.handles.push((handle.to_owned(), prefix.to_owned()));
            }
        }
        Ok(found)
    }

    fn at(&mut self, tokens: &[Token]) -> Scanned<bool> {
        Ok(tokens.contains(&self.scanner.peek()?.0))
    }

    fn at_document_end(&mut self) -> Scanned<bool> {
        Ok(matches!(
            self.scanner.peek()?.0,
            Token::DocumentStart
                | Token::DocumentEnd
                | Token::StreamEnd
                | Token::Version { .. }
                | Token::TagDirective { .. }
        ))
    }

    fn step(&mut self, state: State) -> Scanned<()> {
        match state {
            State::BlockItem => self.block_item(),
            State::IndentlessItem => self.indentless_item(),
            State::BlockKey => self.block_key(),
            State::BlockValue => self.block_value(),
            State::FlowItem { first } => self.flow_item(first),
            State::FlowKey { first } => self.flow_key(first),
            State::FlowValue => {
                self.flow_value(State::FlowKey { first: false }, &[Token::FlowEntry, Token::FlowMappingEnd])
            }
            State::NoValue => self.no_value(State::FlowKey { first: false }),
            State::PairKey => self.pair_key(),
            State::PairValue => self.flow_value(State::PairEnd, &[Token::FlowEntry, Token::FlowSequenceEnd]),
            State::PairEnd => {
                self.close(None);
                Ok(())
            }
        }
    }

    /// What the innermost collection expects after the node that comes now.
    fn expect(&mut self, state: State) {
        if let Some(open) = self.open.last_mut() {
            open.state = state;
        }
    }

    fn block_item(&mut self) -> Scanned<()> {
        match self.scanner.take()? {
            (Token::BlockEntry, span) => {
                if self.at(&[Token::BlockEntry, Token::BlockEnd])? {
                    return self.put_empty(span.end);
                }
                self.node(true, false)
            }
            (Token::BlockEnd, _) => {
                self.close(None);
                Ok(())
            }
            (_, span) => Err(error(span, "`- ` is expected\nthe items of a list begin in one column")),
        }
    }

    fn indentless_item(&mut self) -> Scanned<()> {
        if !self.at(&[Token::BlockEntry])? {
            self.close(None);
            return Ok(());
        }
        let (_, span) = self.scanner.take()?;
        if self.at(&[Token::BlockEntry, Token::Key, Token::Value, Token::BlockEnd])? {
            return self.put_empty(span.end);
        }
        self.node(true, false)
    }

    fn block_key(&mut self) -> Scanned<()> {
        match self.scanner.take()? {
            (Token::Key, span) => {
                self.expect(State::BlockValue);
                if self.at(&BLOCK_PAIR_ENDS)? {
                    return self.put_empty(span.end);
                }
                self.node(true, true)
            }
            (Token::BlockEnd, _) => {
                self.close(None);
                Ok(())
            }
            (_, span) => Err(error(
                span,
                "a key is expected\nthe keys of a table begin in one column; a quote within single quotes is written twice",
            )),
        }
    }

    fn block_value(&mut self) -> Scanned<()> {
        self.expect(State::BlockKey);
        let (is_value, place) = self.value_mark()?;
        if !is_value || self.at(&BLOCK_PAIR_ENDS)? {
            return self.put_empty(place);
        }
        self.node(true, true)
    }

    /// Takes a `:`, if there is one; and where an empty value would stand.
    fn value_mark(&mut self) -> Scanned<(bool, usize)> {
        if self.at(&[Token::Value])? {
            return Ok((true, self.scanner.take()?.1.end));
        }
        Ok((false, self.scanner.peek()?.1.start))
    }

    fn flow_item(&mut self, first: bool) -> Scanned<()> {
        if !first && !self.at(&[Token::FlowSequenceEnd])? {
            self.comma("`,` or `]` is expected")?;
        }
        if self.at(&[Token::FlowSequenceEnd])? {
            return self.close_flow();
        }
        self.expect(State::FlowItem { first: false });
        if self.at(&[Token::Key])? {
            let (_, span) = self.scanner.take()?;
            self.open(span, None, None, Kind::Mapping(Vec::new()), State::PairKey);
            return Ok(());
        }
        self.node(false, false)
    }

    fn comma(&mut self, otherwise: &str) -> Scanned<()> {
        match self.scanner.take()? {
            (Token::FlowEntry, _) => Ok(()),
            (_, span) => Err(error(span, otherwise)),
        }
    }

    fn close_flow(&mut self) -> Scanned<()> {
        let (_, span) = self.scanner.take()?;
        self.close(Some(span.end));
        Ok(())
    }

    fn flow_key(&mut self, first: bool) -> Scanned<()> {
        if !first && !self.at(&[Token::FlowMappingEnd])? {
            self.comma("`,` or `}` is expected")?;
        }
        if self.at(&[Token::FlowMappingEnd])? {
            return self.close_flow();
        }
        if !self.at(&[Token::Key])? {
            self.expect(State::NoValue);
            return self.node(false, false);
        }
        let (_, span) = self.scanner.take()?;
        self.expect(State::FlowValue);
        if self.at(&[Token::Value, Token::FlowEntry, Token::FlowMappingEnd])? {
            return self.put_empty(span.end);
        }
        self.node(false, false)
    }

    fn flow_value(&mut self, then: State, ends: &[Token]) -> Scanned<()> {
        self.expect(then);
        let (is_value, place) = self.value_mark()?;
        if !is_value || self.at(ends)? {
            return self.put_empty(place);
        }
        self.node(false, false)
    }

    fn no_value(&mut self, then: State) -> Scanned<()> {
        self.expect(then);
        let place = self.scanner.peek()?.1.start;
        self.put_empty(place)
    }

    fn pair_key(&mut self) -> Scanned<()> {
        self.expect(State::PairValue);
        if self.at(&[Token::Value, Token::FlowEntry, Token::FlowSequenceEnd])? {
            // yaml.v3 takes the token away with the empty key.
            let (_, span) = self.scanner.take()?;
            return self.put_empty(span.end);
        }
        self.node(false, false)
    }

    /// A whole scalar or alias, or the beginning of a collection. `in_block`: it may be a block;
    /// `after_key`: also one that is not indented.
    fn node(&mut self, in_block: bool, after_key: bool) -> Scanned<()> {
        let (mut anchor, mut tag) = (None, None);
        let begin = self.scanner.peek()?.1;
        loop {
            match self.scanner.peek()? {
                (Token::Anchor(_), _) if anchor.is_none() => {
                    if let (Token::Anchor(name), _) = self.scanner.take()? {
                        anchor = Some(name);
                    }
                }
                (Token::Tag { .. }, _) if tag.is_none() => {
                    if let (Token::Tag { handle, suffix }, span) = self.scanner.take()? {
                        tag = Some(self.full_tag(&handle, &suffix, span)?);
                    }
                }
                _ => break,
            }
        }
        let has_properties = anchor.is_some() || tag.is_some();
        let tag = tag.filter(|tag| tag != "!");
        let (token, span) = self.scanner.peek()?;
        let span = *span;
        let (kind, state) = match token {
            Token::Alias(_) if !has_properties => return self.alias(),
            Token::Scalar { .. } => {
                if let (Token::Scalar { text, plain }, _) = self.scanner.take()? {
                    let id = self.add(Node { span, tag, kind: Kind::Scalar { text, plain } }, anchor);
                    self.put(id);
                }
                return Ok(());
            }
            Token::BlockEntry if after_key => {
                self.open(span, tag, anchor, Kind::Sequence(Vec::new()), State::IndentlessItem);
                return Ok(());
            }
            Token::FlowSequenceStart => (Kind::Sequence(Vec::new()), State::FlowItem { first: true }),
            Token::FlowMappingStart => (Kind::Mapping(Vec::new()), State::FlowKey { first: true }),
            Token::BlockSequenceStart if in_block => (Kind::Sequence(Vec::new()), State::BlockItem),
            Token::BlockMappingStart if in_block => (Kind::Mapping(Vec::new()), State::BlockKey),
            _ if has_properties => {
                let node = Node { span: begin, tag, kind: Kind::Scalar { text: String::new(), plain: true } };
                let id = self.add(node, anchor);
                self.put(id);
                return Ok(());
            }
            _ => return Err(error(span, "a value is expected\nwrite one, or put the text in quotes")),
        };
        self.scanner.take()?;
        self.open(span, tag, anchor, kind, state);
        Ok(())
    }

    fn full_tag(&self, handle: &str, suffix: &str, span: Span) -> Scanned<String> {
        let prefix = match handle {
            "" => "",
            _ => match self.handles.iter().find(|(known, _)| known == handle) {
                Some((_, prefix)) => prefix,
                None => return Err(error(span, "no `%TAG` says what this handle stands for")),
            },
        };
        let tag = format!("{prefix}{suffix}");
        Ok(tag.strip_prefix(YAML_TAGS).map_or(tag.clone(), |own| format!("!!{own}")))
    }

    fn alias(&mut self) -> Scanned<()> {
        if let (Token::Alias(name), span) = self.scanner.take()? {
            let Some(&target) = self.anchors.get(&name) else {
                return Err(error(
                    span,
                    &format!("there is no anchor `&{name}` above\nput text that begins with `*` in quotes"),
                ));
            };
            let id = self.add(Node { span, tag: None, kind: Kind::Alias { name, target } }, None);
            self.put(id);
        }
        Ok(())
    }

    fn add(&mut self, node: Node, anchor: Option<String>) -> Id {
        let id = self.tree.nodes.len();
        self.tree.nodes.push(node);
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, id);
        }
        id
    }

    fn empty(&mut self, place: usize) -> Id {
        let kind = Kind::Scalar { text: String::new(), plain: true };
        self.add(Node { span: Span::at(place), tag: None, kind }, None)
    }

    fn put_empty(&mut self, place: usize) -> Scanned<()> {
        let id = self.empty(place);
        self.put(id);
        Ok(())
    }

    fn open(&mut self, first: Span, tag: Option<String>, anchor: Option<String>, kind: Kind, state: State) {
        let id = self.add(Node { span: first, tag, kind }, anchor);
        self.open.push(Open { id, state, start: first.start, key: None });
    }

    /// Ends the innermost collection, at `end`, or where its last node does.
    fn close(&mut self, end: Option<usize>) {
        let Some(Open { id, start, key, .. }) = self.open.pop() else { return };
        if let Some(key) = key {
            let value = self.empty(self.tree.nodes[key].span.end);
            self.add_pair(id, key, value);
        }
        let last = match &self.tree.nodes[id].kind {
            Kind::Sequence(items) => items.last(),
            Kind::Mapping(pairs) => pairs.last().map(|(key, value)| key.max(value)),
            Kind::Scalar { .. } | Kind::Alias { .. } => None,
        };
        let last = last.map_or(start, |last| self.tree.nodes[*last].span.end);
        self.tree.nodes[id].span = Span::new(start, end.unwrap_or(last).max(start));
        self.put(id);
    }

    /// What an error left open ends where its last node does.
    fn close_all(&mut self) {
        while !self.open.is_empty() {
            self.close(None);
        }
    }

    /// Puts a finished node where it belongs.
    fn put(&mut self, id: Id) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(id);
            return;
        };
        let parent = open.id;
        match (&mut self.tree.nodes[parent].kind, open.key.take()) {
            (Kind::Sequence(items), _) => items.push(id),
            (_, None) => open.key = Some(id),
            (_, Some(key)) => self.add_pair(parent, key, id),
        }
    }

    fn add_pair(&mut self, mapping: Id, key: Id, value: Id) {
        if let Kind::Mapping(pairs) = &mut self.tree.nodes[mapping].kind {
            pairs.push((key, value));
        }
    }
}

fn error(span: Span, message: &str) -> SyntaxError {
    SyntaxError::new(span, message)
}

const YAML_TAGS: &str = "tag:yaml.org,2002:";
const BLOCK_PAIR_ENDS: [Token; 3] = [Token::Key, Token::Value, Token::BlockEnd];
