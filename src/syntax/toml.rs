//! TOML, version 1.1, by the `toml` crate, which goes on behind an error.

use toml::Spanned as TomlSpanned;
use toml::de::{DeArray, DeTable, DeValue, Error};

use super::{Document, Entry, Format, Node, SyntaxError, Table, Value};
use crate::span::{Span, Spanned};

pub(super) fn parse(text: &str) -> Document {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { text, errors: errors.iter().map(|error| syntax_error(error, text)).collect() };
    if text.starts_with(BYTE_ORDER_MARK) {
        reader.error(
            Span::new(0, BYTE_ORDER_MARK.len_utf8()),
            "a byte-order mark: flyctl takes it for part of the first key",
        );
    }
    let root = reader.table(table.into_inner());
    reader.errors.sort_by_key(|error| error.span);
    Document {
        format: Format::Toml,
        root: Node::new(Span::new(0, text.len()), Value::Table(root)),
        errors: reader.errors,
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

fn syntax_error(error: &Error, text: &str) -> SyntaxError {
    let span = error.span().unwrap_or(text.len()..text.len());
    SyntaxError { span: span.into(), message: error.message().to_owned() }
}

/// Turns parsed values into nodes, and gathers what the parser leaves to its users to refuse.
struct Reader<'a> {
    text: &'a str,
    errors: Vec<SyntaxError>,
}

impl Reader<'_> {
    fn error(&mut self, span: Span, message: &str) {
        self.errors.push(SyntaxError { span, message: message.to_owned() });
    }

    fn table(&mut self, table: DeTable<'_>) -> Table {
        let mut entries: Vec<Entry> = Vec::with_capacity(table.len());
        for (key, value) in table {
            let key = Spanned::new(key.get_ref().clone().into_owned(), key.span().into());
            entries.push(Entry { key, value: self.node(value) });
        }
        entries.sort_by_key(|entry| entry.key.span);
        Table { entries }
    }

    fn array(&mut self, array: DeArray<'_>) -> Vec<Node> {
        array.into_iter().map(|item| self.node(item)).collect()
    }

    fn node(&mut self, value: TomlSpanned<DeValue<'_>>) -> Node {
        let span: Span = value.span().into();
        let value = match value.into_inner() {
            // Missing, and told as an error.
            DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_)
                if span.start == span.end =>
            {
                Value::Null
            }
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Boolean(on) => Value::Bool(on),
            DeValue::Datetime(_) => Value::Date(span.of(self.text).to_owned()),
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

    #[test]
    fn a_value_that_is_not_there_is_nothing_of_its_own() {
        for value in ["", "= 1", "= 1.5", "= true", "= 'a'"] {
            let document = super::super::parse(&format!("a = {value}\n"), Format::Toml);
            let read = document.root.as_table().and_then(|root| root.get("a")).map(|node| &node.value);
            assert!(matches!(read, None | Some(Value::Null)), "{value}: {read:?}");
            assert_ne!(document.errors, [], "{value}");
        }
    }

    #[test]
    fn toml_1_1_is_accepted_and_a_byte_order_mark_is_not() {
        assert_eq!(errors("a = { b = 1,\n c = \"\\e\", }\nd = 07:32\ne = inf\nf = -nan\n"), []);
        assert_eq!(errors("\u{feff}a = 1\n").len(), 1);
    }
}
