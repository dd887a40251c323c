//! What the table of keys says about the place that the pointer is on. Knows nothing of what is
//! wrong there: findings show themselves.

use crate::render::markdown;
use crate::schema;
use crate::span::Span;
use crate::syntax::{Document, Node, Value};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hover {
    /// Of the key, the part of the header, or the value.
    pub(super) span: Span,
    pub(super) markdown: String,
}

pub(super) fn hover(text: &str, document: &Document, offset: usize) -> Option<Hover> {
    let Pointed { path, span } = pointed(&document.root, &mut Vec::new(), text, offset)?;
    let known = schema::known(&path)?;
    let path = &path[..known.depth];
    let above = path.split_last().and_then(|(_, above)| schema::known(above));
    let section = known.section.or(above.and_then(|above| above.section));
    let source = section.map_or(schema::ROOT.source, |section| section.source);
    Some(Hover { span, markdown: markdown::key(&known, &path.join("."), source)? })
}

struct Pointed<'a> {
    path: Vec<&'a str>,
    span: Span,
}

/// The innermost key or value at `offset`. A table may stand anywhere below its header, so that all
/// of them are looked through.
fn pointed<'a>(node: &'a Node, path: &mut Vec<&'a str>, text: &str, offset: usize) -> Option<Pointed<'a>> {
    let below = match &node.value {
        Value::Table(table) => table.entries.iter().find_map(|entry| {
            path.push(&entry.key.value);
            let span = entry.key.span;
            let here = span.contains(offset).then(|| Pointed { path: path.clone(), span });
            let found = here.or_else(|| pointed(&entry.value, path, text, offset));
            path.pop();
            found
        }),
        Value::Array(items) => items.iter().find_map(|item| pointed(item, path, text, offset)),
        _ => None,
    };
    let here = || (!path.is_empty() && node.span.contains(offset)).then(|| named(node, path, text, offset));
    below.or_else(here)
}

/// The value; or, of a table that stands at its header, the part of the header.
fn named<'a>(node: &Node, path: &[&'a str], text: &str, offset: usize) -> Pointed<'a> {
    let parts = if node.as_table().is_some() { header_parts(node.span, text) } else { Vec::new() };
    let at = parts.iter().position(|part| part.contains(offset)).filter(|_| parts.len() == path.len());
    match at {
        Some(at) => Pointed { path: path[..=at].to_vec(), span: parts[at] },
        None => Pointed { path: path.to_vec(), span: node.span },
    }
}

/// The names in `[[services.ports]]`; none where no header stands.
fn header_parts(span: Span, text: &str) -> Vec<Span> {
    let written = span.of(text);
    let name = written.trim_matches(['[', ']']);
    if !written.starts_with('[') || name.contains(['\n', '{']) {
        return Vec::new();
    }
    let mut quote = None;
    let is_dot = |character: char| {
        match quote {
            Some(open) if open == character => quote = None,
            None if matches!(character, '"' | '\'') => quote = Some(character),
            _ => {}
        }
        quote.is_none() && character == '.'
    };
    let mut start = span.start + written.find(name).unwrap_or_default();
    let mut part = |name: &str| {
        let before = start;
        start += name.len() + 1;
        Span::new(before, before + name.len())
    };
    name.split(is_dot).map(&mut part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{Format, parse};

    /// What is shown at the `|`, below what it is shown for.
    fn shown(marked: &str, format: Format) -> String {
        let offset = marked.find('|').unwrap();
        let text = marked.replacen('|', "", 1);
        match hover(&text, &parse(&text, format), offset) {
            Some(Hover { span, markdown }) => format!("{:?} {}", span.of(&text), markdown.trim_end()),
            None => "nothing".into(),
        }
    }

    #[test]
    fn all_that_the_table_knows_of_a_key() {
        insta::assert_snapshot!(shown("[deploy]\nstra|tegy = 'canary'\n", Format::Toml), @r#"
        "strategy" `deploy.strategy`: text

        How old machines give way to new ones. One of `rolling`, `immediate`, `canary`, `bluegreen`.

        Unset: rolling.

        <https://fly.io/docs/reference/configuration/#the-deploy-section>
        "#);
        insta::assert_snapshot!(shown("kill_timeout = |5\n", Format::Toml), @r#"
        "5" `kill_timeout`: duration

        How long a process may take to stop before it is killed, at most 300s. A bare number is seconds.

        Unset: 5s.

        flyctl also reads an older form: a bare number of seconds.

        <https://fly.io/docs/reference/configuration/>
        "#);
        insta::assert_snapshot!(shown("{\"mount\": [|{\"source\": \"a\"}]}", Format::Json), @r#"
        "{\"source\": \"a\"}" `mount`: list of tables

        A volume for each machine of the groups. Also `mount`.

        flyctl also reads an older form: one table for a list with one.

        <https://fly.io/docs/reference/configuration/#the-mounts-section>
        "#);
    }

    #[test]
    fn any_place_of_any_text_can_be_pointed_at() {
        for text in ["[a.é]\n'ü' = \"🦀\" # 🦀\r\n", "[[\"", "{\"é\": [{\"🦀\": 1", "é:\n - ü: 🦀\n"] {
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                for format in [Format::Toml, Format::Json, Format::Yaml] {
                    let hover = hover(text, &parse(text, format), offset);
                    assert_eq!(hover, None, "no key is known here: {text}");
                }
            }
        }
    }

    /// Only what it is shown for, and which key it is about.
    #[test]
    fn a_key_a_header_or_a_value_is_pointed_at() {
        let mut told = Vec::new();
        for (text, format) in [
            ("[[services]]\n[[ser|vices.ports]]\nport = 80\n", Format::Toml),
            ("[[services]]\n[[services.po|rts]]\nport = 80\n", Format::Toml),
            ("[[services]]\n[[services.ports]]\n[[services]]\n[[ services . po|rts ]]\nport = 80\n", Format::Toml),
            ("[|[services]]\n", Format::Toml),
            ("[checks.\"a.b\"]\nport = 80\n[checks.'c.d'.hea|ders]\nA = 'b'\n", Format::Toml),
            ("[checks.\"a.|b\"]\nport = 80\n", Format::Toml),
            ("[http_service]\nconcurrency = { hard_limit = 2|5 }\n", Format::Toml),
            ("[http_service]\nconcurrency = { |  hard_limit = 25 }\n", Format::Toml),
            ("http_service.Concurrency.ty|pe = 'requests'\n", Format::Toml),
            ("[http_service]\nprocesses = [\n  'web',\n  'wor|ker',\n]\n", Format::Toml),
            ("[http_service.checks]\ninter|val = '1s'\n", Format::Toml),
            ("[env]\nRAILS_E|NV = 'x'\n", Format::Toml),
            ("[deploy]\nstrat = 'x|'\n", Format::Toml),
            ("[deploy]\n|\nstrategy = 'x'\n", Format::Toml),
            ("[deploy]\nstrategy = |\n[env]\nA = 1", Format::Toml),
            ("{\n  \"http_service\": {\n    \"internal_|port\": 80\n  }\n}", Format::Json),
            ("vm:\n  - memory: 1gb\n    cp|us: 2\n", Format::Yaml),
        ] {
            let shown = shown(text, format);
            told.push(format!("{text:?}\n  {}", shown.lines().next().unwrap()));
        }
        insta::assert_snapshot!(told.join("\n"), @r#"
        "[[services]]\n[[ser|vices.ports]]\nport = 80\n"
          "services" `services`: list of tables
        "[[services]]\n[[services.po|rts]]\nport = 80\n"
          "ports" `services.ports`: list of tables
        "[[services]]\n[[services.ports]]\n[[services]]\n[[ services . po|rts ]]\nport = 80\n"
          "ports" `services.ports`: list of tables
        "[|[services]]\n"
          "[[services]]" `services`: list of tables
        "[checks.\"a.b\"]\nport = 80\n[checks.'c.d'.hea|ders]\nA = 'b'\n"
          "headers" `checks.c.d.headers`: table of texts
        "[checks.\"a.|b\"]\nport = 80\n"
          "\"a.b\"" `checks`: table of tables
        "[http_service]\nconcurrency = { hard_limit = 2|5 }\n"
          "25" `http_service.concurrency.hard_limit`: integer
        "[http_service]\nconcurrency = { |  hard_limit = 25 }\n"
          "{   hard_limit = 25 }" `http_service.concurrency`: table
        "http_service.Concurrency.ty|pe = 'requests'\n"
          "type" `http_service.Concurrency.type`: text
        "[http_service]\nprocesses = [\n  'web',\n  'wor|ker',\n]\n"
          "'worker'" `http_service.processes`: list of texts
        "[http_service.checks]\ninter|val = '1s'\n"
          "interval" `http_service.checks.interval`: duration
        "[env]\nRAILS_E|NV = 'x'\n"
          "RAILS_ENV" `env`: table of texts
        "[deploy]\nstrat = 'x|'\n"
          nothing
        "[deploy]\n|\nstrategy = 'x'\n"
          nothing
        "[deploy]\nstrategy = |\n[env]\nA = 1"
          nothing
        "{\n  \"http_service\": {\n    \"internal_|port\": 80\n  }\n}"
          "\"internal_port\"" `http_service.internal_port`: integer
        "vm:\n  - memory: 1gb\n    cp|us: 2\n"
          "cpus" `vm.cpus`: integer
        "#);
    }
}
