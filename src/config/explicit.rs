//! Writing the implicit process group out, as edits to the text: `[processes]`, and `processes` on
//! every service, since flyctl refuses services without it once there are groups.

use std::collections::BTreeMap;

use super::Reading;
use crate::diagnostic::Edit;
use crate::span::Span;
use crate::syntax::{self, Format, Node, Value};

/// The edits, in order, after which flyctl makes the same Machine configs of groups that the file
/// names itself. `None` when it names them already, cannot be read, or defines `processes` in a
/// way that leaves no place for them.
pub fn explicit_groups(text: &str, reading: &Reading) -> Option<Vec<Edit>> {
    let config = &reading.config;
    let has_groups = config.processes.as_ref().is_some_and(|processes| !processes.groups.is_empty());
    if has_groups || reading.problems.iter().any(super::Problem::is_fatal) {
        return None;
    }
    let document = syntax::parse(text, Format::Toml);
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let file = File { text, line_end, indent: indent(text) };
    let http = config.http_service.iter().map(|service| (service.span, service.processes.is_empty()));
    let others = config.services.iter().map(|service| (service.span, service.processes.is_empty()));
    let services: Vec<(Span, bool)> = http.chain(others).collect();

    let mut edits = vec![file.processes_section(&document.root, services.first().map(|(span, _)| *span))?];
    let lists = empty_lists(&document.root);
    for (service, _) in services.iter().filter(|(_, lacks_processes)| *lacks_processes) {
        edits.push(match lists.get(service) {
            Some(list) => Edit { span: *list, text: LIST.to_owned() },
            None => file.processes_of_service(*service),
        });
    }
    edits.sort_by_key(|edit| edit.span);
    edits.dedup_by(|later, earlier| {
        let same = later.span == earlier.span;
        if same {
            earlier.text.push_str(&later.text);
        }
        same
    });
    Some(edits)
}

/// Where a service has `processes` that name nothing, by where the service stands.
fn empty_lists(root: &Node) -> BTreeMap<Span, Span> {
    let sections = root.as_table().into_iter().flat_map(|table| &table.entries);
    let tables = sections.flat_map(|entry| entry.value.as_array().unwrap_or(std::slice::from_ref(&entry.value)));
    let list = |table: &Node| {
        let entries = &table.as_table()?.entries;
        let entry = entries.iter().find(|entry| entry.key.value.eq_ignore_ascii_case("processes"))?;
        Some((table.span, entry.value.span))
    };
    tables.filter_map(list).collect()
}

struct File<'a> {
    text: &'a str,
    line_end: &'static str,
    /// Of its first indented key.
    indent: &'a str,
}

/// How a table is written.
enum Form<'a> {
    /// `[name]` or `[[name]]`
    Header,
    /// Only by the header of a table in it: `[name.inner]`
    ImpliedBy { name: &'a str },
    /// `{ ... }`
    Inline,
    /// `name.key = ...`
    Dotted,
}

impl<'a> File<'a> {
    fn processes_section(&self, root: &Node, first_service: Option<Span>) -> Option<Edit> {
        let end = self.line_end;
        let table = root.as_table()?;
        let written = table.entries.iter().find(|entry| entry.key.value.eq_ignore_ascii_case("processes"));
        if let Some(written) = written {
            return self.group_in(&written.value);
        }
        let is_header = |span: &Span| matches!(self.form(*span), Form::Header | Form::ImpliedBy { .. });
        let section = format!("[processes]{end}{}{GROUP}{end}", self.indent);
        let mut headers = table.entries.iter().map(|entry| entry.value.span).filter(is_header);
        match first_service.filter(is_header).or_else(|| headers.next()) {
            Some(header) => Some(self.at(self.start_with_comments(header), format!("{section}{end}"))),
            None => {
                let gap = if self.text.is_empty() || self.text.ends_with('\n') { "" } else { end };
                Some(self.at(self.text.len(), format!("{gap}{end}{section}")))
            }
        }
    }

    /// The group put into a `processes` that names none yet.
    fn group_in(&self, processes: &Node) -> Option<Edit> {
        let (span, indent) = (processes.span, self.indent);
        let inline = || Edit { span, text: format!("{{ {GROUP} }}") };
        match &processes.value {
            Value::Table(_) if matches!(self.form(span), Form::Inline) => Some(inline()),
            Value::Table(_) => Some(self.line_after(span, &format!("{indent}{GROUP}"))),
            Value::Array(items) => {
                let has_header = |item: &Node| item.span.of(self.text).starts_with("[[");
                let is_empty = |item: &Node| item.as_table().is_some_and(|table| table.entries.is_empty());
                match items.as_slice() {
                    [only] if has_header(only) && is_empty(only) => Some(self.single_header_with_group(only.span)),
                    items if items.iter().all(|item| is_empty(item) && !has_header(item)) => Some(inline()),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn single_header_with_group(&self, header: Span) -> Edit {
        let behind = self.line_after(header, &format!("{}{GROUP}", self.indent));
        let rest = &self.text[header.end..behind.span.start];
        Edit { span: header.to(behind.span), text: format!("[processes]{rest}{}", behind.text) }
    }

    fn processes_of_service(&self, span: Span) -> Edit {
        let (end, indent) = (self.line_end, self.indent);
        match self.form(span) {
            Form::Header => self.line_after(span, &format!("{indent}{PROCESSES}")),
            Form::ImpliedBy { name } => {
                let header = if name == "services" { format!("[[{name}]]") } else { format!("[{name}]") };
                let text = format!("{header}{end}{indent}{PROCESSES}{end}{end}");
                self.at(self.start_with_comments(span), text)
            }
            Form::Inline => {
                let inner = &self.text[span.start + 1..];
                let comma = if inner.trim_start().starts_with('}') { "" } else { "," };
                self.at(span.start + 1, format!(" {PROCESSES}{comma}"))
            }
            Form::Dotted => {
                let start = self.line_start(span.start);
                let name = span.of(self.text);
                self.at(start, format!("{name}.{PROCESSES}{end}"))
            }
        }
    }

    fn form(&self, span: Span) -> Form<'a> {
        let written = span.of(self.text);
        if written.starts_with('{') {
            return Form::Inline;
        }
        let line = self.text[self.line_start(span.start)..].trim_start();
        match (line.starts_with('['), written.starts_with('[')) {
            (true, true) => Form::Header,
            (true, false) => Form::ImpliedBy { name: written },
            (false, _) => Form::Dotted,
        }
    }

    fn at(&self, offset: usize, text: String) -> Edit {
        Edit { span: Span::at(offset), text }
    }

    /// A line of its own behind the line that `span` ends in.
    fn line_after(&self, span: Span, line: &str) -> Edit {
        let rest = &self.text[span.end..];
        let line_len = rest.find('\n').unwrap_or(rest.len());
        let line_len = rest[..line_len].trim_end_matches('\r').len();
        self.at(span.end + line_len, format!("{}{line}", self.line_end))
    }

    fn line_start(&self, offset: usize) -> usize {
        self.text[..offset].rfind('\n').map_or(0, |at| at + 1)
    }

    /// Where the line of `span` begins, and the comments right above it.
    fn start_with_comments(&self, span: Span) -> usize {
        let mut start = self.line_start(span.start);
        while start > 0 {
            let above = self.line_start(start - 1);
            if !self.text[above..start].trim_start().starts_with('#') {
                break;
            }
            start = above;
        }
        start
    }
}

fn indent(text: &str) -> &str {
    let key_lines = text.lines().filter(|line| line.contains('=') && !line.trim_start().starts_with('#'));
    let indents = key_lines.map(|line| &line[..line.len() - line.trim_start().len()]);
    indents.into_iter().find(|indent| !indent.is_empty()).unwrap_or("")
}

/// Both name [`super::IMPLICIT_GROUP`].
const GROUP: &str = "app = \"\"";
const PROCESSES: &str = "processes = [\"app\"]";
const LIST: &str = "[\"app\"]";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::diagnostic::{Fix, Safety, apply_fixes};

    fn explicit(text: &str) -> Option<String> {
        let reading = config::read(&syntax::parse(text, Format::Toml));
        let edits = explicit_groups(text, &reading)?;
        let fix = Fix { safety: Safety::Safe, title: String::new(), edits };
        let (out, applied) = apply_fixes(text, [&fix]);
        assert_eq!(applied, 1);
        let again = config::read(&syntax::parse(&out, Format::Toml));
        assert!(!again.problems.iter().any(config::Problem::is_fatal), "{out}\n{:?}", again.problems);
        Some(out)
    }

    #[test]
    fn the_group_is_named_in_the_file_s_own_style() {
        insta::assert_snapshot!(
            explicit("app = 'a'\n\n# web\n[http_service] # main\n  internal_port = 80\n\n[[services]]\n  processes = ['app']\n").unwrap(),
            @r#"
        app = 'a'

        [processes]
          app = ""

        # web
        [http_service] # main
          processes = ["app"]
          internal_port = 80

        [[services]]
          processes = ['app']
        "#);
    }

    #[test]
    fn every_way_to_write_a_service_is_understood() {
        for (text, expected) in [
            ("", "\n[processes]\napp = \"\"\n"),
            ("app = 'a'", "app = 'a'\n\n[processes]\napp = \"\"\n"),
            (
                "http_service = { internal_port = 1 }\n",
                "http_service = { processes = [\"app\"], internal_port = 1 }\n\n[processes]\napp = \"\"\n",
            ),
            (
                "http_service.internal_port = 1\n",
                "http_service.processes = [\"app\"]\nhttp_service.internal_port = 1\n\n[processes]\napp = \"\"\n",
            ),
            (
                "[http_service.concurrency]\ntype = 'requests'\n",
                "[processes]\napp = \"\"\n\n[http_service]\nprocesses = [\"app\"]\n\n[http_service.concurrency]\ntype = 'requests'\n",
            ),
            (
                "[processes]\n[[services]]\r\ninternal_port = 1\r\n",
                "[processes]\r\napp = \"\"\n[[services]]\r\nprocesses = [\"app\"]\r\ninternal_port = 1\r\n",
            ),
            ("processes = {}\n", "processes = { app = \"\" }\n"),
            ("processes = []\n", "processes = { app = \"\" }\n"),
            ("[[processes]] # none\n", "[processes] # none\napp = \"\"\n"),
        ] {
            assert_eq!(explicit(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_file_that_names_its_groups_or_cannot_be_read_is_left_alone() {
        for text in ["[processes]\nweb = ''\n", "a =", "app = 5", "processes = [1]"] {
            assert_eq!(explicit(text), None, "{text}");
        }
    }

    #[test]
    fn lists_that_name_nothing_are_filled() {
        let service = explicit("[[services]]\ninternal_port = 1\nprocesses = []\n").unwrap();
        assert_eq!(service, "[processes]\napp = \"\"\n\n[[services]]\ninternal_port = 1\nprocesses = [\"app\"]\n");
        assert_eq!(explicit("processes = [{}]\n").unwrap(), "processes = { app = \"\" }\n");
    }
}
