//! TOML, version 1.1, by the `toml` crate. What that cannot read is mended first, statement by
//! statement, so that a fault is told once and the rest is read.

mod fault;
mod mend;
mod slot;
mod twice;

use toml::Spanned as TomlSpanned;
use toml::de::{DeArray, DeTable, DeValue};
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use self::mend::{Changes, Mended};
use self::twice::Places;
use super::{Document, Entry, Format, Node, SyntaxError, Table, Value};
use crate::diagnostic::Edit;
use crate::span::{Span, Spanned};

pub(super) use slot::draft;

pub(super) fn parse(text: &str) -> Document {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { text, mended: text, changes: Changes::default(), errors: Vec::new() };
    let root = if errors.is_empty() { reader.table(table.into_inner()) } else { reader.broken(&errors) };
    if text.starts_with(BYTE_ORDER_MARK) {
        let span = Span::new(0, BYTE_ORDER_MARK.len_utf8());
        let error = SyntaxError::new(
            span,
            "a byte-order mark: flyctl takes it for part of the first key\nsave the file as UTF-8 without one",
        );
        reader.errors.push(SyntaxError { cure: Some(Box::new(Edit { span, text: String::new() })), ..error });
    }
    reader.errors.sort_by_key(|error| error.span);
    Document {
        format: Format::Toml,
        root: Node::new(Span::new(0, text.len()), Value::Table(root)),
        errors: reader.errors,
        lost: Vec::new(),
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// A token of the language, and what is asked of it.
struct Piece {
    kind: TokenKind,
    span: Span,
    /// As the name of a table does, and no number.
    begins_a_word: bool,
}

fn pieces(source: Source<'_>) -> Vec<Piece> {
    let tokens = source.lex().filter(|token| token.kind() != TokenKind::Eof);
    let piece = |token: toml_parser::lexer::Token| {
        let span = Span::new(token.span().start(), token.span().end());
        let begins_a_word = span.of(source.input()).starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        Piece { kind: token.kind(), span, begins_a_word }
    };
    tokens.map(piece).collect()
}

impl Piece {
    fn is_space(&self) -> bool {
        matches!(self.kind, TokenKind::Whitespace | TokenKind::Newline | TokenKind::Comment)
    }

    fn is_text(&self) -> bool {
        use TokenKind::{BasicString, LiteralString, MlBasicString, MlLiteralString};
        matches!(self.kind, BasicString | LiteralString | MlBasicString | MlLiteralString)
    }

    /// Part of a key, or a value.
    fn is_word(&self) -> bool {
        self.kind == TokenKind::Atom || self.is_text()
    }
}

/// Turns parsed values into nodes, and gathers what the parser leaves to its users to refuse.
struct Reader<'a> {
    text: &'a str,
    /// What was parsed, if not `text` itself, and where it differs.
    mended: &'a str,
    changes: Changes,
    errors: Vec<SyntaxError>,
}

impl Reader<'_> {
    fn error(&mut self, span: Span, said: &str) {
        self.errors.push(SyntaxError::new(span, said));
    }

    /// The table of a text with `errors`: of as much of it as can be mended.
    fn broken(&mut self, errors: &[toml::de::Error]) -> Table {
        let Mended { text: mended, errors: told, changes } = mend::mend(self.text);
        let (table, left) = DeTable::parse_recoverable(&mended);
        let mut reader = Reader { text: self.text, mended: &mended, changes, errors: told };
        let places = Places::new(&mended);
        for error in &left {
            let told = match error.span() {
                Some(span) if error.message() == twice::DUPLICATE => places.error(span.into()),
                _ => fault::between_statements(&mended, error),
            };
            reader.errors.push(told.moved(|span| reader.changes.written(span)));
        }
        let root = reader.table(table.into_inner());
        self.errors = reader.errors;
        if self.errors.is_empty() {
            self.errors = errors.iter().map(|error| fault::between_statements(self.text, error)).collect();
        }
        self.errors.dedup_by(|next, last| next.message == last.message && next.message == fault::LONE_RETURN);
        root
    }

    fn table(&mut self, table: DeTable<'_>) -> Table {
        let mut entries: Vec<Entry> = Vec::with_capacity(table.len());
        for (key, value) in table {
            let span = self.changes.written(key.span().into());
            let key = Spanned::new(key.get_ref().clone().into_owned(), span);
            entries.push(Entry { key, value: self.node(value) });
        }
        entries.sort_by_key(|entry| entry.key.span);
        Table { entries }
    }

    fn array(&mut self, array: DeArray<'_>) -> Vec<Node> {
        array.into_iter().map(|item| self.node(item)).collect()
    }

    fn node(&mut self, value: TomlSpanned<DeValue<'_>>) -> Node {
        let parsed: Span = value.span().into();
        let span = self.changes.written(parsed);
        let value = match value.into_inner() {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Boolean(on) => Value::Bool(on),
            DeValue::Datetime(_) => Value::Date(parsed.of(self.mended).to_owned()),
            DeValue::Array(array) => Value::Array(self.array(array)),
            DeValue::Table(table) => Value::Table(self.table(table)),
            DeValue::Integer(digits) => match i64::from_str_radix(digits.as_str(), digits.radix()) {
                Ok(number) => Value::Integer(number),
                Err(_) => self.unreadable(span, "a whole number must fit into 64 bits, with its sign"),
            },
            DeValue::Float(digits) => match digits.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() || digits.as_str().contains(['i', 'n']) => Value::Float(number),
                _ => self.unreadable(span, "the number is too large"),
            },
        };
        Node::new(span, value)
    }

    fn unreadable(&mut self, span: Span, message: &str) -> Value {
        self.error(span, message);
        Value::Null
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every entry as `path=what stands there`, in order.
    fn outline(text: &str) -> String {
        fn walk(node: &Node, path: &str, text: &str, out: &mut Vec<String>) {
            match &node.value {
                Value::Table(table) => {
                    for Entry { key, value } in &table.entries {
                        let path = format!("{path}/{}", key.value);
                        assert!(key.span.of(text).contains(key.value.as_str()), "{path}");
                        out.push(format!("{path} {}", value.span.of(text)));
                        walk(value, &path, text, out);
                    }
                }
                Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| {
                    out.push(format!("{path}/{at} {}", item.span.of(text)));
                    walk(item, &format!("{path}/{at}"), text, out);
                }),
                _ => {}
            }
        }
        let document = super::super::parse(text, Format::Toml);
        assert_eq!(document.errors, []);
        let mut out = Vec::new();
        walk(&document.root, "", text, &mut out);
        out.join("\n")
    }

    fn errors(text: &str) -> Vec<(usize, String)> {
        let document = super::super::parse(text, Format::Toml);
        document.errors.into_iter().map(|error| (error.span.start, error.message)).collect()
    }

    #[test]
    fn a_value_stands_where_it_is_written_and_a_table_at_its_header() {
        let text = "[[s]]\nz=1\na='q'\n[s.p]\n[[s]]\n[h]\nk.l = {m=1}\ni=[1,\n2]\n";
        insta::assert_snapshot!(outline(text), @r"
        /s [[s]]
        /s/0 [[s]]
        /s/0/z 1
        /s/0/a 'q'
        /s/0/p [s.p]
        /s/1 [[s]]
        /h [h]
        /h/k k
        /h/k/l {m=1}
        /h/k/l/m 1
        /h/i [1,
        2]
        /h/i/0 1
        /h/i/1 2
        ");
    }

    #[test]
    fn every_error_is_told_and_the_rest_is_read() {
        let text = "a = 1\na = 2\n[b]\nc =\nd = 99999999999999999999\ne = 1e999\nf = 'x\ng = 5\n";
        let places: Vec<usize> = errors(text).into_iter().map(|(at, _)| at).collect();
        assert_eq!(places.len(), 5, "{:?}", errors(text));
        let document = super::super::parse(text, Format::Toml);
        let table = document.root.as_table().and_then(|root| root.get("b")).and_then(Node::as_table);
        assert_eq!(table.and_then(|table| table.get("g")).map(|node| &node.value), Some(&Value::Integer(5)));
    }

    /// Each broken text with what is told of it, the cure, and what it is read as.
    #[test]
    fn a_fault_is_told_once_and_what_was_meant_is_read() {
        let mut told = Vec::new();
        for text in [
            "app =\nb = 1\n",
            "app = \"shop\nb = 1\n",
            "app = shop\"\n",
            "app = \"one\ntwo\"\nb = 1\n",
            "app = \"\"\"one\nb = 1\n",
            "app = my shop # c\n",
            "app = “my shop”\n",
            "app = 5s\nb = 08\nc = .5\nd = True\ne = nil\n",
            "app = ${APP}\n",
            "app = \"C:\\dir\"\n",
            "app: shop\nhttp:\n  port: 80\n",
            "app == \"shop\"\nb := 1\nc => 1\nd = = 1\n",
            "app \"shop\"\nb\n",
            "app = \"shop\";\nb = 1,\n",
            "app = \"a\" b = \"c\"\n",
            "app = \"a \"b\" c\"\n",
            "MY KEY = 1\nü = 1\n\"k = 1\n",
            "// a\napp = \"a\" // b\n",
            "[http\nport = 80\n",
            "[[http]\nport = 80\n[a b]\nlost = 1\n[c]\nd = 1\n",
            "[a] b = 1\n[]\n[\"c]\n",
            "a = [\"b\", \"c\"\nd = 1\n[e]\n",
            "a = { b = [1\n[c]\n",
            "a = [\"b\" \"c\", d]\n",
            "<<<<<<< HEAD\na = 1\n=======\na = 2\n>>>>>>> other\nb = 1\n",
            "a = \"b\0\"\nc\u{a0}= 1\n",
            "{\n  \"a\": 1\n}\n",
            "a = 1\rb = 2\r",
            "a = 1\na = 2\n[t]\n[t]\n[[l]]\n[l]\n",
        ] {
            let document = super::super::parse(text, Format::Toml);
            assert_ne!(document.errors, [], "{text}");
            told.push(format!("{text:?} -> {}", written(&document.root.value)));
            told.extend(document.errors.iter().map(|SyntaxError { span, message, help, .. }| {
                format!("  {:?}: {message} | {}", span.of(text), help.as_deref().unwrap_or_default())
            }));
        }
        insta::assert_snapshot!(told.join("\n"), @r#"
        "app =\nb = 1\n" -> {b=1}
          "app =": `app` has no value | write one behind the `=`, text in double quotes, or remove the line: what is not there is unset
        "app = \"shop\nb = 1\n" -> {app="shop" b=1}
          "\"shop": the text has no closing quote on its line | write `"` where the text ends; a text of more lines stands in `"""`
        "app = shop\"\n" -> {app="shop"}
          "shop\"": the text has no opening quote | write `"shop"`
        "app = \"one\ntwo\"\nb = 1\n" -> {app="one" b=1}
          "\"one": the text has no closing quote on its line | write `"` where the text ends; a text of more lines stands in `"""`
        "app = \"\"\"one\nb = 1\n" -> {}
          "\"\"\"": the text that begins with """ here is never closed | write """ behind its end; all that follows counts as text until then
        "app = my shop # c\n" -> {app="my shop"}
          "my shop": this text has no quotes | write `"my shop"`
        "app = “my shop”\n" -> {app="my shop"}
          "“": `“` is a typographic quote, which means nothing in TOML | write plain quotes: `"` or `'`
        "app = 5s\nb = 08\nc = .5\nd = True\ne = nil\n" -> {app="5s" b=8 c=Float(0.5) d=Bool(true)}
          "5s": this text has no quotes | write `"5s"`
          "08": a number cannot begin with `0` | write `8`
          ".5": `.5` is no number in TOML | write `0.5`
          "True": `True` is no value in TOML | write `true`
          "nil": TOML has no `nil` | remove the line: what is not there is unset
        "app = ${APP}\n" -> {app="${APP}"}
          "${APP}": `${APP}` is a placeholder, and no value | put it in quotes, or check the file that is made of the template
        "app = \"C:\\dir\"\n" -> {app="C:\\dir"}
          "\\d": `\d` is no escape that TOML knows | write `\\` for a backslash, or put the text in single quotes, where it means itself
        "app: shop\nhttp:\n  port: 80\n" -> {app="shop" http={port=80}}
          ":": `:` stands where TOML writes `=` | write `app = ...`
          ":": `:` begins no table in TOML | write `[http]`; YAML belongs into a file whose name ends in `.yaml`
          ":": `:` stands where TOML writes `=` | write `port = ...`
        "app == \"shop\"\nb := 1\nc => 1\nd = = 1\n" -> {app="shop" b=1 c=1 d=1}
          "==": one `=` stands between a key and its value | remove the second sign: `=`
          ":=": `=` alone stands between a key and its value | remove the `:`
          "=>": one `=` stands between a key and its value | remove the second sign: `>`
          "= =": one `=` stands between a key and its value | remove the second sign: `=`
        "app \"shop\"\nb\n" -> {app="shop"}
          "app": `=` is missing behind `app` | write `app = ...`
          "b": `b` has no value | write `b = ...`, or remove the line
        "app = \"shop\";\nb = 1,\n" -> {app="shop" b=1}
          ";": `;` cannot end a line of TOML | remove it
          ",": `,` cannot end a line of TOML | remove it
        "app = \"a\" b = \"c\"\n" -> {app="a" b="c"}
          "b = \"c\"": a second entry stands on this line | begin a new line for it
        "app = \"a \"b\" c\"\n" -> {}
          "b\" c\"": the text has ended before this | a quote within a text is written `\"`, or the whole text stands in single quotes
        "MY KEY = 1\nü = 1\n\"k = 1\n" -> {MY KEY=1 ü=1}
          "MY KEY": a key without quotes has only letters, digits, `_` and `-` | other keys stand in quotes
          "ü": a key without quotes has only letters, digits, `_` and `-` | other keys stand in quotes
          "\"k = 1": the key has no closing quote | put the quote behind the key
        "// a\napp = \"a\" // b\n" -> {app="a"}
          "//": `//` begins no comment in TOML | a comment begins with `#`
          "//": `//` begins no comment in TOML | a comment begins with `#`
        "[http\nport = 80\n" -> {http={port=80}}
          "[http": `[http` has no closing `]` | write `[http]`
        "[[http]\nport = 80\n[a b]\nlost = 1\n[c]\nd = 1\n" -> {http=[{port=80}] c={d=1}}
          "[[http]": `[[http]` opens with two and closes with one bracket | write `[[http]]` for one of a list, `[http]` for a table that there is once
          "[a b]": the name of a table has no blank in it | write `_` for the blank, or put the name in quotes
        "[a] b = 1\n[]\n[\"c]\n" -> {a={b=1}}
          "b = 1": only a comment may follow a header on its line | begin a new line behind `[a]`
          "[]": this header names no table | write its name between the brackets
          "[\"c]": the name of the table has no closing quote | put the quote before the `]`
        "a = [\"b\", \"c\"\nd = 1\n[e]\n" -> {a=["b" "c"] d=1 e={}}
          "[": the list that begins with `[` here is never closed | write `]` behind the last of its items
        "a = { b = [1\n[c]\n" -> {a={b=[1]} c={}}
          "[": the list that begins with `[` here is never closed | write `]` behind the last of its items
        "a = [\"b\" \"c\", d]\n" -> {a=["b" "c" "d"]}
          "\"c\"": a comma is missing before this item | write `,` between two items
        "<<<<<<< HEAD\na = 1\n=======\na = 2\n>>>>>>> other\nb = 1\n" -> {a=1 b=1}
          "<<<<<<< HEAD": a conflict of a merge is left in the file | keep one of the two sides, and remove the lines of `<`, `=` and `>`
        "a = \"b\0\"\nc\u{a0}= 1\n" -> {a="b" c=1}
          "\0": the control character U+0000 cannot stand in TOML | remove it, or write `\u0000` within double quotes
          "\u{a0}": the invisible character U+00A0 stands here | write a plain blank, or nothing
        "{\n  \"a\": 1\n}\n" -> {}
          "{": this is JSON, or text without quotes, and no TOML | flyctl reads JSON from a file whose name ends in `.json`
        "a = 1\rb = 2\r" -> {a=1 b=2}
          "": a carriage return alone ends no line | end the lines with `\n` or `\r\n`
        "a = 1\na = 2\n[t]\n[t]\n[[l]]\n[l]\n" -> {a=1 t={} l={}}
          "a": `a` is there already | keep one of the two
          "[t]": the table `t` is there already | put all its keys into one, below one header
          "[l]": `l` cannot be both a table and a list of tables | write each of them as `[[l]]`, or put all their keys into one `[l]`
        "#);
    }

    fn written(value: &Value) -> String {
        match value {
            Value::Table(table) => {
                let entries =
                    table.entries.iter().map(|entry| format!("{}={}", entry.key.value, written(&entry.value.value)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(" "))
            }
            Value::Array(items) => {
                format!("[{}]", items.iter().map(|item| written(&item.value)).collect::<Vec<_>>().join(" "))
            }
            Value::Text(text) => format!("{text:?}"),
            Value::Integer(number) => number.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn toml_1_1_is_accepted_and_a_byte_order_mark_is_not() {
        assert_eq!(errors("a = { b = 1,\n c = \"\\e\", }\nd = 07:32\ne = inf\nf = -nan\n"), []);
        assert_eq!(errors("\u{feff}a = 1\n").len(), 1);
    }
}
