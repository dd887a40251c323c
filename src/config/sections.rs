//! Older sections in today's place, as edits to the text. What cannot be moved without losing
//! something is left as it is: flyctl understands it.

use crate::diagnostic::Edit;
use crate::schema;
use crate::span::Span;
use crate::syntax::{Document, Entry, Node, Table, Value};
use crate::units::Duration;

/// `[compute]` becomes `[vm]`, where there is no other section of the kind.
pub(super) fn rename_sections(text: &str, document: &Document) -> Vec<Edit> {
    let Some(root) = document.root.as_table() else { return Vec::new() };
    let mut edits = Vec::new();
    for key in schema::ROOT.keys {
        let written: Vec<&Entry> = names(key).filter_map(|name| root.entry(name)).collect();
        if let [entry] = written.as_slice()
            && entry.key.value != key.name
        {
            edits.extend(rename(text, entry, key.name));
        }
    }
    edits
}

fn names(key: &schema::Key) -> impl Iterator<Item = &'static str> {
    key.aliases.iter().copied().chain([key.name])
}

fn rename(text: &str, entry: &Entry, name: &str) -> Vec<Edit> {
    let in_headers: Option<Vec<Edit>> = match &entry.value.value {
        Value::Array(items) => {
            items.iter().map(|item| rename_in_header(text, item.span, &entry.key.value, name)).collect()
        }
        _ => rename_in_header(text, entry.value.span, &entry.key.value, name).map(|edit| vec![edit]),
    };
    match in_headers {
        Some(edits) if !edits.is_empty() => edits,
        _ if is_dotted(text, entry) => Vec::new(),
        _ => vec![Edit { span: entry.key.span, text: name.to_owned() }],
    }
}

fn rename_in_header(text: &str, header: Span, old: &str, name: &str) -> Option<Edit> {
    let written = header.of(text);
    let is_header = written.starts_with('[') && written.trim_matches(['[', ']', ' ', '\t']) == old;
    is_header.then(|| Edit { span: header, text: written.replacen(old, name, 1) })
}

/// Written as `name.key = ...`, in as many places as there are keys.
fn is_dotted(text: &str, entry: &Entry) -> bool {
    let written = entry.value.span.of(text);
    matches!(entry.value.value, Value::Table(_)) && !written.starts_with(['{', '['])
}

/// Sections that are put together differently today.
pub(super) fn modern_sections(text: &str, document: &Document) -> Vec<Edit> {
    let Some(root) = document.root.as_table() else { return Vec::new() };
    let mut edits = one_table_of_processes(text, root).unwrap_or_default();
    edits.extend(named_checks(text, root).unwrap_or_default());
    edits.extend(out_of_experimental(text, root).unwrap_or_default());
    edits
}

/// `[[processes]]` with `name` and `command` becomes `[processes]`.
fn one_table_of_processes(text: &str, root: &Table) -> Option<Vec<Edit>> {
    let tables = tables_with_headers(text, root, "processes")?;
    let mut edits = Vec::new();
    let mut seen = Vec::new();
    for (at, (header, table)) in tables.iter().enumerate() {
        let name = table.entry("name")?;
        let group = name.value.as_text()?;
        let command = table.entry("command");
        if seen.contains(&group) || table.entries.len() != 1 + usize::from(command.is_some()) {
            return None;
        }
        seen.push(group);
        let command_text =
            command.map_or(Some("\"\""), |command| command.value.as_text().map(|_| command.value.span.of(text)))?;
        let line = format!("{} = {command_text}", toml_edit::Key::new(group));
        edits.push(match at {
            0 => Edit { span: *header, text: "[processes]".into() },
            _ => Edit { span: whole_line(text, *header)?, text: String::new() },
        });
        edits.push(Edit { span: name.key.span.to(name.value.span), text: line });
        if let Some(command) = command {
            edits.push(Edit { span: whole_line(text, command.key.span.to(command.value.span))?, text: String::new() });
        }
    }
    let (first, last) = (tables.first()?.0, tables.last()?.0);
    let is_between = |span: Span| first.start < span.start && span.start < last.start;
    let others = root.entries.iter().filter(|entry| entry.key.value != "processes");
    (!others.into_iter().any(|entry| any_header(&entry.value, &is_between))).then_some(edits)
}

fn any_header(node: &Node, is_between: &impl Fn(Span) -> bool) -> bool {
    is_between(node.span)
        || match &node.value {
            Value::Array(items) => items.iter().any(|item| any_header(item, is_between)),
            Value::Table(table) => table.entries.iter().any(|entry| any_header(&entry.value, is_between)),
            _ => false,
        }
}

/// `[[checks]]` with `name` becomes `[checks.NAME]`.
fn named_checks(text: &str, root: &Table) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    let mut seen = Vec::new();
    for (header, table) in tables_with_headers(text, root, "checks")? {
        let name = table.entry("name")?;
        let check = name.value.as_text()?;
        if seen.contains(&check) || table.entries.iter().any(|entry| has_own_header(text, entry)) {
            return None;
        }
        seen.push(check);
        edits.push(Edit { span: header, text: format!("[checks.{}]", toml_edit::Key::new(check)) });
        edits.push(Edit { span: whole_line(text, name.key.span.to(name.value.span))?, text: String::new() });
    }
    Some(edits)
}

fn has_own_header(text: &str, entry: &Entry) -> bool {
    matches!(entry.value.value, Value::Table(_) | Value::Array(_)) && starts_line_with_bracket(text, entry.value.span)
}

/// `[experimental] kill_timeout` and `metrics_*` go to where they count today; behind what stands
/// there already they never counted, and go away.
fn out_of_experimental(text: &str, root: &Table) -> Option<Vec<Edit>> {
    let experimental = root.entry("experimental")?.value.as_table()?;
    let mut edits = Vec::new();
    let mut take = |name: &str| -> Option<&Node> {
        let entry = experimental.entry(name)?;
        let span = whole_line(text, entry.key.span.to(entry.value.span))?;
        edits.push(Edit { span, text: String::new() });
        Some(&entry.value)
    };
    let kill_timeout = take("kill_timeout");
    let metrics = [("port", take("metrics_port")), ("path", take("metrics_path"))];
    if let Some(value) = kill_timeout.filter(|_| root.get("kill_timeout").is_none()) {
        let seconds = match &value.value {
            Value::Integer(seconds) => format!("\"{}\"", Duration::from_secs(*seconds)),
            _ => value.span.of(text).to_owned(),
        };
        edits.push(at_the_top(text, root, &format!("kill_timeout = {seconds}\n")));
    }
    let lines: String = metrics
        .iter()
        .filter_map(|(name, value)| Some(format!("  {name} = {}\n", value.as_ref()?.span.of(text))))
        .collect();
    if !lines.is_empty() && root.get("metrics").is_none() {
        let gap = if text.ends_with('\n') { "\n" } else { "\n\n" };
        edits.push(Edit { span: Span::at(text.len()), text: format!("{gap}[[metrics]]\n{lines}") });
    }
    Some(edits)
}

/// Behind the last key that stands before every header.
fn at_the_top(text: &str, root: &Table, line: &str) -> Edit {
    let headers = root.entries.iter().filter(|entry| starts_line_with_bracket(text, entry.key.span));
    let first_header = headers.map(|entry| entry.key.span.start).min().unwrap_or(text.len());
    let keys = root.entries.iter().filter(|entry| entry.key.span.start < first_header);
    let end = keys.map(|entry| entry.value.span.end).max();
    let Some(end) = end else { return Edit { span: Span::at(0), text: line.to_owned() } };
    match text[end..].find('\n') {
        Some(rest) => Edit { span: Span::at(end + rest + 1), text: line.to_owned() },
        None => Edit { span: Span::at(text.len()), text: format!("\n{line}") },
    }
}

fn starts_line_with_bracket(text: &str, span: Span) -> bool {
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    text[start..].trim_start().starts_with('[')
}

/// The tables of `[[name]]`, each with its header.
fn tables_with_headers<'a>(text: &str, root: &'a Table, name: &str) -> Option<Vec<(Span, &'a Table)>> {
    let items = root.get(name)?.as_array()?;
    let has_header = |item: &Node| item.span.of(text).starts_with("[[");
    items.iter().map(|item| Some((item.span, item.as_table().filter(|_| has_header(item))?))).collect()
}

/// The line of `span` with its end, when nothing else stands on it.
fn whole_line(text: &str, span: Span) -> Option<Span> {
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at + 1);
    let alone = text[start..span.start].trim().is_empty() && text[span.end..end].trim().is_empty();
    alone.then(|| Span::new(start, end))
}

#[cfg(test)]
mod tests {
    use super::super::normalize;

    #[test]
    fn older_forms_are_rewritten_and_comments_stay() {
        let text = r#"app = "a" # the app
kill_timeout = 30

# two commands
[[processes]]
name = "web" # front
command = "serve"

[[processes]]
name = "worker"
command = 'work "all"'

[build]
  build_target = "final"

[experimental]
  cmd = "run it"
  metrics_port = 9090
  metrics_path = "/metrics"

[[compute]] # size
  memory = 512

[mount]
source = "data"

[[services]]
  internal_port = "8080"
  processes = ["web"]
  auto_stop_machines = true
  concurrency = "20,25"
  [[services.tcp_checks]]
    interval = 10000 # ms

[[checks]]
name = "alive"
type = "tcp"
port = 80
interval = 15000
"#;
        insta::assert_snapshot!(normalize(text), @r#"
        app = "a" # the app
        kill_timeout = "30s"

        # two commands
        [processes]
        web = "serve" # front

        worker = 'work "all"'

        [build]
          build-target = "final"

        [experimental]
          cmd = ["run it"]

        [[vm]] # size
          memory = 512

        [mounts]
        source = "data"

        [[services]]
          internal_port = 8080
          processes = ["web"]
          auto_stop_machines = "stop"
          concurrency = { type = "requests", soft_limit = 20, hard_limit = 25 }
          [[services.tcp_checks]]
            interval = "10s" # ms

        [checks.alive]
        type = "tcp"
        port = 80
        interval = "15s"

        [[metrics]]
          port = 9090
          path = "/metrics"
        "#);
    }

    #[test]
    fn a_file_that_flyctl_refuses_is_left_alone() {
        for text in ["a =", "kill_timeout = 30\napp = 5\n"] {
            assert_eq!(normalize(text), text);
        }
    }
}
